"""A page that shows how balanced a model is."""

from mmremix.visualization.report.figures import save_figures
from mmremix.visualization.report.page import render_page
from mmremix.visualization.report.run_data import RunData, load_run
from mmremix.visualization.report.run_group import RunGroup, group_runs

__all__ = [
    'RunData',
    'RunGroup',
    'group_runs',
    'load_run',
    'render_page',
    'save_figures',
]
