"""Training samples with their pictures and their history."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np

from mmremix.records import Records
from mmremix.records.records import SEVERAL
from mmremix.report.picture import Mark, Path, Picture, Rect
from mmremix.report.render import svg
from mmremix.report.run_data import RunData, kinds
from mmremix.report.sample_choice import choose_samples
from mmremix.report.sample_pictures import (
    SamplePictures,
    load_pictures,
)


def sample_cards(
    run: RunData, number: int, data_root: str | None = None
) -> str:
    """Cards of the samples that stand out.

    Args:
        run: The run.
        number: How many of each kind.
        data_root: See
            :func:`~mmremix.report.sample_pictures.load_pictures`.
    """
    if run.records is None or not number:
        return ''
    choices = choose_samples(run.records, number)
    colours = kinds(run)
    wanted = sorted({i for choice in choices for i in choice.indices})
    pictures, problem = load_pictures(run, wanted, data_root)
    parts = [f'<p class="note">{escape(problem)}</p>'] if problem else []
    for choice in choices:
        cards = ''.join(
            _card(run.records, colours, index, pictures.get(index))
            for index in choice.indices
        )
        parts.append(
            f'<h3>{escape(choice.title)}</h3>'
            f'<p class="lead">{escape(choice.note)}</p>'
            f'<ul class="cards">{cards}</ul>'
        )
    return ''.join(parts)


def _card(
    records: Records,
    colours: Mapping[str, str],
    index: int,
    pictures: SamplePictures | None,
) -> str:
    sample = records.samples[index]
    label = int(sample['label'])
    classes = records.classes
    name = classes[label] if 0 <= label < len(classes) else 'no label'
    if label == SEVERAL:
        name = 'several labels'
    clip = str(sample['clip'])
    when = ''
    if not np.isnan(sample['start']):
        when = f' · {sample["start"]:.2f} to {sample["end"]:.2f} s'
    return (
        f'<li><h4>{escape(name)} <span class="where">#{index} · '
        f'{escape(clip)}{when}</span></h4>'
        f'{_pictures(index, pictures)}{_history(records, index, colours)}'
        '</li>'
    )


def _pictures(index: int, pictures: SamplePictures | None) -> str:
    if pictures is None:
        return '<p class="absent">no picture: clip not loaded</p>'
    parts = [
        f'<img src="{address}" alt="{escape(modality)} frames of sample '
        f'{index}">'
        for modality, address in pictures.frames.items()
    ]
    if pictures.spectrogram:
        parts.append(
            f'<img class="sound" src="{pictures.spectrogram}" '
            f'alt="spectrogram of sample {index}, low tones at the bottom">'
        )
    elif pictures.waveform is not None:
        parts.append(_waveform(index, *pictures.waveform))
    return ''.join(parts)


def _waveform(
    index: int, lows: np.ndarray, highs: np.ndarray, seconds: float
) -> str:
    peak = float(max(np.abs(lows).max(), np.abs(highs).max())) or 1.0
    there = [(i, 30 - 28 * float(v) / peak) for i, v in enumerate(highs)]
    back = [(i, 30 - 28 * float(v) / peak) for i, v in enumerate(lows)]
    return svg(
        Picture(
            *(f'waveform of sample {index}, {seconds:.2f} s', len(lows), 60),
            [Path('wave', there + back[::-1], closed=True)],
        )
    )


def _history(records: Records, index: int, colours: Mapping[str, str]) -> str:
    """A cell an epoch, in the colour of who got the sample."""
    given = records.assignments[:, index]
    cells: list[Mark] = [
        Rect(f'bar {colours[records.modalities[k]]}', i, 0, 0.9, 6)
        for i, k in enumerate(given)
        if k >= 0
    ]
    counts = ', '.join(
        f'{name} {int((given == k).sum())}'
        for k, name in enumerate(records.modalities)
    )
    seen = given[given >= 0]
    flips = int((seen[1:] != seen[:-1]).sum())
    last = ', '.join(
        f'{name} {value:.2f}'
        for name, value in zip(
            records.modalities, records.scores[-1, index], strict=True
        )
    )
    picture = svg(
        Picture(f'given to, by epoch: {counts}', len(given), 6, cells),
        'preserveAspectRatio="none" class="history" ',
    )
    return (
        f'{picture}<p class="facts">Given to: {escape(counts)} '
        f'({flips} {"flip" if flips == 1 else "flips"}). '
        f'Last KL: {escape(last)}.</p>'
    )
