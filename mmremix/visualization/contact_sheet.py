"""Contact sheets of samples."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmremix.visualization.sample_view import SampleView

_MAX_PICTURES = 8
_GAP = 2  # pixels between pictures
_ROW, _TEXT = 1.7, 2.1  # inches
_TEXT_COLUMNS = 30


def contact_sheet(views: Sequence[SampleView], out: str) -> None:
    """Draw a row for each sample and save the picture as PNG.

    Args:
        views: At least one.
        out: File to write.
    """
    if not views:
        raise ValueError('No samples to draw: name some indices.')
    names = list(dict.fromkeys(n for view in views for n in view.pictures))
    columns = [_pictures_title(views, name) for name in names]
    widths = [_strip_width(views, name) for name in names]
    if any(view.waveform for view in views):
        columns.append('waveform before the spectrogram')
        widths.append(3.2)
    if any(view.spectrogram is not None for view in views):
        columns.append('spectrogram')
        widths.append(3.2)
    figure = Figure((_TEXT + sum(widths) + 0.4, _ROW * len(views) + 0.5))
    FigureCanvasAgg(figure)
    figure.set_layout_engine('constrained')
    grid = figure.subplots(
        len(views),
        1 + len(columns),
        squeeze=False,
        width_ratios=[_TEXT, *widths],
    )
    peak = max(
        (np.abs(v.waveform[0]).max() for v in views if v.waveform),
        default=1.0,
    )
    for axes, title in zip(grid[0], ['', *columns], strict=True):
        axes.set_title(title, fontsize=9)
    for row, view in zip(grid, views, strict=True):
        cells = iter(row)
        _draw_text(next(cells), view.info)
        for name in names:
            _draw_pictures(next(cells), view.pictures.get(name))
        if any(v.waveform for v in views):
            _draw_waveform(next(cells), view.waveform, float(peak) or 1.0)
        for axes in cells:
            _draw_spectrogram(axes, view.spectrogram)
    figure.savefig(out, dpi=110, format='png')


def _pictures_title(views: Sequence[SampleView], name: str) -> str:
    most = max(len(view.pictures.get(name, ())) for view in views)
    if most > _MAX_PICTURES:
        return f'{name} (first {_MAX_PICTURES} of {most})'
    return name


def _draw_text(axes: Axes, lines: Sequence[str]) -> None:
    axes.axis('off')
    wrapped = [
        part
        for line in lines
        for part in textwrap.wrap(line, _TEXT_COLUMNS, subsequent_indent='  ')
    ]
    axes.text(
        *(0.0, 0.95, '\n'.join(wrapped)),
        fontsize=8,
        verticalalignment='top',
        transform=axes.transAxes,
        parse_math=False,  # file names may hold dollar signs
    )


def _draw_pictures(axes: Axes, pictures: Sequence[np.ndarray] | None) -> None:
    axes.axis('off')
    if pictures:
        axes.imshow(_strip(pictures), cmap='gray', vmin=0, vmax=255)
    else:
        _draw_absent(axes)


def _draw_waveform(
    axes: Axes, waveform: tuple[np.ndarray, int] | None, peak: float
) -> None:
    if waveform is None:
        _draw_absent(axes)
        return
    samples, rate = waveform
    times = np.arange(len(samples)) / rate
    axes.plot(times, samples, linewidth=0.4)
    axes.set_xlim(0, len(samples) / rate)
    axes.set_ylim(-1.05 * peak, 1.05 * peak)  # one scale for all
    axes.tick_params(labelsize=7)
    axes.set_xlabel(f'seconds, {rate} Hz', fontsize=7, labelpad=1)


def _draw_spectrogram(axes: Axes, spectrogram: np.ndarray | None) -> None:
    if spectrogram is None:
        _draw_absent(axes)
        return
    axes.imshow(
        spectrogram, origin='lower', aspect='auto', interpolation='nearest'
    )
    bins, frames = spectrogram.shape
    axes.set_ylabel('bin', fontsize=7, labelpad=1)
    axes.set_xlabel(f'{bins} x {frames} frames', fontsize=7, labelpad=1)
    axes.tick_params(labelsize=7)


def _draw_absent(axes: Axes) -> None:
    axes.axis('off')
    axes.text(
        *(0.5, 0.5, 'not loaded'),
        fontsize=8,
        color='0.5',
        horizontalalignment='center',
        transform=axes.transAxes,
    )


def _strip(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """The first pictures side by side, white between them."""
    shown = pictures[:_MAX_PICTURES]
    blank = np.full_like(shown[0][:, :_GAP], 255)
    pieces = [piece for picture in shown for piece in (picture, blank)]
    return np.concatenate(pieces[:-1], axis=1)


def _strip_width(views: Sequence[SampleView], name: str) -> float:
    """Inches for which the pictures of a modality fill the row."""
    shapes = [
        _strip(view.pictures[name]).shape
        for view in views
        if name in view.pictures
    ]
    ratio = max(shape[1] / shape[0] for shape in shapes)
    return float(min(max(ratio * (_ROW - 0.4), 1.6), 8.0))
