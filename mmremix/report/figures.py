"""The charts of the page as files, for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmremix.report.render import draw
from mmremix.report.run_group import RunGroup
from mmremix.report.sections_epochs import (
    accuracy_charts,
    flip_charts,
    rho_charts,
    sample_charts,
)
from mmremix.report.sections_losses import loss_charts
from mmremix.report.sections_methods import method_charts
from mmremix.report.sections_missing import missing_charts
from mmremix.report.sections_other import contribution_charts, gradient_charts
from mmremix.report.sections_run import certainty_charts, confusion_charts
from mmremix.report.sections_together import together_charts

SUFFIXES = ('png', 'pdf', 'svg')


def save_figures(groups: Sequence[RunGroup], folder: str | Path) -> list[Path]:
    """Write every chart that the page has of these groups.

    Args:
        groups: Of runs.
        folder: Made if it is not there. The files are
            ``<group>_<chart>.png`` (300 dots per inch), ``.pdf`` and
            ``.svg``, a column of a paper wide; those of all groups begin
            with ``all_``.

    Returns:
        The files.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    charts = [
        *accuracy_charts(groups),
        *together_charts(groups),
        *loss_charts(groups),
        *missing_charts(groups),
        *sample_charts(groups),
        *flip_charts(groups),
        *rho_charts(groups),
        *method_charts(groups),
        *gradient_charts(groups),
        *contribution_charts(groups),
    ]
    for group in groups:
        charts += [*certainty_charts(group), *confusion_charts(group)]
    written = []
    for chart in charts:
        figure = draw(chart.picture)
        for suffix in SUFFIXES:
            path = target / f'{chart.stem}.{suffix}'
            figure.savefig(path, dpi=300)
            written.append(path)
    return written
