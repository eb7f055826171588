"""A page that shows how balanced a model is."""

from mmremix.report.figures import save_figures
from mmremix.report.page import render_page
from mmremix.report.run_data import RunData
from mmremix.report.run_group import RunGroup, group_runs
from mmremix.report.run_reader import load_run
from mmremix.report.tables import (
    accuracy_table,
    run_table,
    runs_table,
    subset_accuracies,
    subset_table,
)

__all__ = [
    'RunData',
    'RunGroup',
    'accuracy_table',
    'group_runs',
    'load_run',
    'render_page',
    'run_table',
    'runs_table',
    'save_figures',
    'subset_accuracies',
    'subset_table',
]
