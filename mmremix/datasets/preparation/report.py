"""What was found in a data set, as text and as a picture."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def text_report(
    splits: Mapping[str, Sequence[Row]],
    broken: Sequence[Row],
    classes: Sequence[str],
    notes: Sequence[str] = (),
) -> str:
    """Counts, durations, resolutions, rates, broken clips and classes."""
    rows = [row for split in splits.values() for row in split]
    lines = [f'{name}: {len(part)} clips' for name, part in splits.items()]
    lines.append(f'broken or missing: {len(broken)}')
    lengths = sorted(
        r['facts']['duration'] for r in rows if r['facts']['duration']
    )
    if lengths:
        lines.append(
            f'duration: {lengths[0]:.2f} to {lengths[-1]:.2f} s, median '
            f'{lengths[len(lengths) // 2]:.2f} s'
        )
    for title, keys in _FACTS.items():
        lines.append(f'{title}:')
        lines += [f'  {k}: {n}' for k, n in _count(rows, keys)]
    lines.append('clips of each class: ' + ', '.join(splits))
    counts = {n: Counter(r['label'] for r in p) for n, p in splits.items()}
    for label in classes:
        numbers = ' '.join(str(counts[name][label]) for name in splits)
        lines.append(f'  {label}: {numbers}')
    lines += notes
    if broken:
        lines.append('broken or missing clips:')
        lines += [f'  {row["clip"]}: {row["reason"]}' for row in broken]
    return '\n'.join(lines) + '\n'


def picture_report(
    splits: Mapping[str, Sequence[Row]],
    broken: Sequence[Row],
    classes: Sequence[str],
) -> bytes:
    """Six panels as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 9), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 3).ravel()
    rows = [row for split in splits.values() for row in split]
    below = [0] * len(classes)
    for name, part in splits.items():
        counts = Counter(row['label'] for row in part)
        heights = [counts[label] for label in classes]
        axes[0].bar(range(len(classes)), heights, bottom=below, label=name)
        below = [a + b for a, b in zip(below, heights, strict=True)]
    axes[0].set_xticks(range(len(classes)), classes, rotation=90, fontsize=7)
    axes[0].set_title('clips of each class')
    axes[0].legend()
    lengths = [r['facts']['duration'] for r in rows if r['facts']['duration']]
    axes[1].hist(lengths, bins=30)
    axes[1].set_title('duration (s)')
    panels = [(t, _count(rows, k)[:12]) for t, k in _FACTS.items()]
    reasons = Counter(row['reason'][:40] for row in broken)
    panels.append(('broken', sorted(reasons.items())[:12]))
    for axis, (title, pairs) in zip(axes[2:], panels, strict=True):
        axis.barh([name for name, _ in pairs], [n for _, n in pairs])
        axis.set_title(title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=80, metadata={'Software': None})
    return buffer.getvalue()


_FACTS = {
    'resolution (width, height)': ('width', 'height'),
    'frames per second': ('frame_rate',),
    'sample rate, channels': ('sample_rate', 'channels'),
}


def _count(
    rows: Sequence[Row], keys: tuple[str, ...]
) -> list[tuple[str, int]]:
    counts = Counter(
        ' x '.join(str(r['facts'].get(k) or 'unknown') for k in keys)
        for r in rows
    )
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
