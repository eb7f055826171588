"""The charts as files, for a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mmremix.visualization.report.names import called
from mmremix.visualization.report.run_group import RunGroup, Spread

_COLOURS = ('#1c1e21', '#0060a8', '#b34700', '#00725a', '#8f3a78', '#6b5b00')
_COLUMN, _HEIGHT = 3.4, 2.3  # inches; a column of a paper


def save_figures(groups: Sequence[RunGroup], folder: str | Path) -> list[Path]:
    """Write accuracy, samples, certainty and confusion of every group.

    Args:
        groups: Of runs.
        folder: Made if it is not there. The files are
            ``<group>_<chart>.png`` (300 dots per inch) and ``.svg``.

    Returns:
        The files.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for group in groups:
        for name, draw in (
            ('accuracy', _draw_accuracy),
            ('samples', _draw_samples),
            ('rho', _draw_rho),
            ('certainty', _draw_certainty),
            ('confusion', _draw_confusion),
        ):
            figure = Figure((_COLUMN, _HEIGHT))
            FigureCanvasAgg(figure)
            figure.set_layout_engine('constrained')
            if not draw(group, figure):
                continue
            for suffix in ('png', 'svg'):
                path = target / f'{group.name}_{name}.{suffix}'
                figure.savefig(path, dpi=300)
                written.append(path)
    return written


def _draw_accuracy(group: RunGroup, figure: Figure) -> bool:
    found = {
        called(n): group.over_epochs(lambda run, n=n: run.accuracy(n))
        for n in group.first.predictions
    }
    axes = figure.subplots()
    _lines(axes, found, 0)
    axes.set(xlabel='epoch', ylabel='accuracy', ylim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    begin = group.first.first_remix_epoch
    if begin is not None:
        axes.axvline(begin - 0.5, color='0.6', linewidth=0.8, linestyle=':')
    return any(found.values())


def _draw_samples(group: RunGroup, figure: Figure) -> bool:
    axes = figure.subplots()
    below: dict[float, float] = {}
    for i, name in enumerate(group.first.modalities):
        points = group.over_epochs(lambda run, n=name: run.remix(f'count_{n}'))
        epochs = list(points)
        heights = [s.mean for s in points.values()]
        axes.bar(
            *(epochs, heights, 0.8, [below.get(e, 0.0) for e in epochs]),
            color=_COLOURS[i % 5 + 1],
            label=name,
        )
        for epoch, height in zip(epochs, heights, strict=True):
            below[epoch] = below.get(epoch, 0.0) + height
    axes.set(xlabel='epoch', ylabel='samples')
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _finish(axes)
    return bool(below)


def _draw_rho(group: RunGroup, figure: Figure) -> bool:
    found = {
        n: group.over_epochs(lambda run, n=n: run.remix(f'rho_{n}'))
        for n in group.first.modalities
    }
    axes = figure.subplots()
    axes.axhline(1, color='0.6', linewidth=0.8, linestyle=':')
    _lines(axes, found, 1)
    axes.set(xlabel='epoch', ylabel='\N{GREEK SMALL LETTER RHO}', yscale='log')
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axis in (
        axes.yaxis.set_major_formatter,
        axes.yaxis.set_minor_formatter,
    ):
        axis(FuncFormatter(lambda value, _: f'{value:g}'))
    return any(found.values())


def _draw_certainty(group: RunGroup, figure: Figure) -> bool:
    records = group.first.records
    if records is None:
        return False
    rows = sorted({0, len(records.epochs) - 1})
    grid = figure.subplots(len(rows), 1, sharex=True, squeeze=False)
    edges = np.linspace(0, np.log(max(group.first.num_classes or 2, 2)), 31)
    for (axes,), row in zip(grid, rows, strict=True):
        for k, name in enumerate(records.modalities):
            values = records.scores[row, :, k]
            axes.hist(
                values[~np.isnan(values)],
                edges,
                color=_COLOURS[k % 5 + 1],
                alpha=0.5,
                label=name,
            )
        axes.set_ylabel(f'epoch {records.epochs[row]}')
        _finish(axes)
    grid[-1][0].set_xlabel('KL(p ‖ uniform), nats', fontsize=8)
    return True


def _draw_confusion(group: RunGroup, figure: Figure) -> bool:
    confusion = group.first.confusion
    if not confusion:
        return False
    figure.set_size_inches(2 * _COLUMN, _HEIGHT)
    row = figure.subplots(1, len(confusion), squeeze=False)[0]
    for axes, (name, matrix) in zip(row, confusion.items(), strict=True):
        shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap='Greys', vmin=0, vmax=1)
        axes.set_title(called(name), fontsize=9)
        axes.set(xticks=[], yticks=[], xlabel='predicted', ylabel='true')
    return True


def _lines(
    axes: Axes, found: Mapping[str, Mapping[float, Spread]], first: int
) -> None:
    for i, (name, points) in enumerate(found.items(), first):
        if not points:
            continue
        colour = _COLOURS[0 if not i else (i - 1) % 5 + 1]
        epochs, values = list(points), list(points.values())
        axes.plot(epochs, [s.mean for s in values], color=colour, label=name)
        if max(s.runs for s in values) > 1:
            axes.fill_between(
                *(epochs, [s.low for s in values], [s.high for s in values]),
                color=colour,
                alpha=0.2,
                linewidth=0,
            )
    _finish(axes)


def _finish(axes: Axes) -> None:
    axes.tick_params(which='both', labelsize=7)
    axes.xaxis.label.set_fontsize(8)
    axes.yaxis.label.set_fontsize(8)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    names = axes.get_legend_handles_labels()[1]
    if names:
        # Above the axes, where it hides nothing.
        axes.legend(
            loc='lower left',
            bbox_to_anchor=(0, 1),
            ncols=3,  # as many as fit
            fontsize=7,
            frameon=False,
        )
