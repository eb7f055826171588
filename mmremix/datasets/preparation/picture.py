"""What was found in a data set, as a picture."""

from __future__ import annotations

import io
import statistics
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mmremix.datasets.preparation.report import (
    FACTS,
    count_facts,
    reason_kind,
)

Row = Mapping[str, Any]

_COLORS = ('#4477aa', '#ddaa33', '#228833', '#aa3377', '#66ccee', '#bbbbbb')
_LOST = '#cc3311'
_NAMED = 60  # more classes than that have no names in the picture
_BARS = 12


def picture_report(
    splits: Mapping[str, Sequence[Row]],
    broken: Sequence[Row],
    classes: Sequence[str],
) -> bytes:
    """Classes and splits, durations, formats and reasons, as PNG.

    Args:
        splits: Usable rows of each split, with ``facts``.
        broken: Rows left out, with ``reason``.
        classes: Class names in index order.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [row for split in splits.values() for row in split]
    lengths = [r['facts']['duration'] for r in rows if r['facts']['duration']]
    panels: list[tuple[str, list[tuple[str, int]], str]] = []
    for title, keys in FACTS.items():
        pairs = count_facts(rows, keys)
        if any('unknown' not in name for name, _ in pairs):
            panels.append((title, _shorten(pairs), _COLORS[0]))
    if broken:
        reasons = Counter(reason_kind(row['reason']) for row in broken)
        pairs = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        panels.append(('clips left out, why', _shorten(pairs), _LOST))
    named = len(classes) <= _NAMED
    lines = sum(1.3 + len(pairs) for _, pairs, _ in panels)
    height = max(1.5 + 0.24 * len(classes) * named, 2.6 + 0.34 * lines, 6.0)
    figure = Figure(figsize=(13, height), layout='constrained')
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        len(panels) + bool(lengths),
        2,
        width_ratios=(1.25, 1),
        height_ratios=[4.0] * bool(lengths)
        + [1.3 + len(pairs) for _, pairs, _ in panels],
    )
    left = figure.add_subplot(grid[:, 0])
    if named:
        _class_bars(left, splits, broken, classes)
    else:
        _class_curve(left, splits, broken, classes)
    if lengths:
        _durations(figure.add_subplot(grid[0, 1]), lengths)
    for place, (title, pairs, color) in enumerate(panels, bool(lengths)):
        axis = figure.add_subplot(grid[place, 1])
        _bars(axis, title, pairs, color)
    parts = [f'{name} {len(part):,}' for name, part in splits.items()]
    left_out = f'{len(broken):,} of {len(rows) + len(broken):,} left out'
    figure.suptitle(
        f'{len(rows):,} clips: {", ".join(parts)}; {left_out}',
        fontsize=13,
        fontweight='bold',
    )
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=90, metadata={'Software': None})
    return buffer.getvalue()


def _stacks(
    splits: Mapping[str, Sequence[Row]], broken: Sequence[Row]
) -> list[tuple[str, Counter[str], str]]:
    """Name, clips of each class and colour of what is drawn on each other."""
    stacks = [
        (name, Counter(row['label'] for row in part), _COLORS[i % 6])
        for i, (name, part) in enumerate(splits.items())
    ]
    if broken:
        lost = Counter(row['label'] for row in broken)
        stacks.append(('left out', lost, _LOST))
    return stacks


def _class_bars(
    axis: Any,
    splits: Mapping[str, Sequence[Row]],
    broken: Sequence[Row],
    classes: Sequence[str],
) -> None:
    places = range(len(classes))
    below = [0] * len(classes)
    for name, counts, color in _stacks(splits, broken):
        widths = [counts[label] for label in classes]
        axis.barh(places, widths, left=below, label=name, color=color)
        below = [a + b for a, b in zip(below, widths, strict=True)]
    used = Counter(row['label'] for part in splits.values() for row in part)
    for place, label in enumerate(classes):
        axis.text(below[place], place, f' {used[label]:,}', va='center')
    names = [textwrap.shorten(c, 30, placeholder='...') for c in classes]
    axis.set_yticks(places, names)
    axis.set_ylim(max(6, len(classes)) - 0.4, -0.6)  # two are no giants
    axis.set_xlim(0, 1.1 * max(below))
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.set_title('clips of each class (number: those that can be used)')
    _tidy(axis)
    # Below the axis, and as high for six classes as for sixty.
    axis.legend(
        loc='upper center',
        ncols=4,
        bbox_to_anchor=(0.5, 0),
        borderaxespad=2.2,
        frameon=False,
    )


def _class_curve(
    axis: Any,
    splits: Mapping[str, Sequence[Row]],
    broken: Sequence[Row],
    classes: Sequence[str],
) -> None:
    used = Counter(row['label'] for part in splits.values() for row in part)
    order = sorted(classes, key=lambda label: (-used[label], label))
    below = [0] * len(order)
    for name, counts, color in _stacks(splits, broken):
        heights = [counts[label] for label in order]
        places = range(1, len(order) + 1)
        axis.bar(places, heights, 1, bottom=below, label=name, color=color)
        below = [a + b for a, b in zip(below, heights, strict=True)]
    axis.set_xlim(0.5, len(order) + 0.5)
    axis.set_xlabel('classes, from the most clips to the fewest')
    axis.set_title(f'clips of each of {len(order)} classes')
    axis.legend(loc='upper right', ncols=4, frameon=False)
    axis.set_ylim(0, 1.45 * max(below))
    lists = []
    for title, names in (('most', order[:8]), ('fewest', order[-8:])):
        listed = [f'{used[n]:>6,} {n[:28]}' for n in names]
        lists.append('\n'.join([f'{title}:', *listed]))
    for x, text in zip((0.02, 0.52), lists, strict=True):
        axis.text(x, 0.93, text, transform=axis.transAxes, va='top')
    _tidy(axis)


def _durations(axis: Any, lengths: Sequence[float]) -> None:
    median = statistics.median(lengths)
    low, high = min(lengths), max(lengths)
    if high - low < 0.5:  # all alike: no thirty bars of rounding
        low, high = median - 0.25, median + 0.25
    axis.hist(lengths, bins=30, range=(low, high), color=_COLORS[0])
    axis.axvline(median, color='black', linewidth=1, linestyle='--')
    axis.set_title(
        f'duration: {min(lengths):.2f} to {max(lengths):.2f} s, '
        f'median {median:.2f} s'
    )
    axis.set_xlabel('seconds')
    axis.set_ylabel('clips')
    _tidy(axis)


def _bars(
    axis: Any, title: str, pairs: Sequence[tuple[str, int]], color: str
) -> None:
    names = [textwrap.shorten(n, 42, placeholder='...') for n, _ in pairs]
    counts = [count for _, count in pairs]
    axis.barh(range(len(pairs)), counts, color=color, height=0.7)
    for place, count in enumerate(counts):
        axis.text(count, place, f' {count:,}', va='center')
    axis.set_yticks(range(len(pairs)), names)
    axis.set_ylim(len(pairs) - 0.4, -0.6)
    axis.set_xlim(0, 1.15 * max(counts))
    axis.set_xticks([])
    axis.set_title(title)
    axis.spines['bottom'].set_visible(False)
    _tidy(axis)


def _tidy(axis: Any) -> None:
    axis.spines[['top', 'right']].set_visible(False)
    axis.tick_params(axis='y', length=0)
    axis.title.set_fontsize(10)


def _shorten(pairs: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """The largest, and the others in one."""
    if len(pairs) <= _BARS:
        return list(pairs)
    rest = pairs[_BARS - 1 :]
    other = f'{len(rest)} others'
    return [*pairs[: _BARS - 1], (other, sum(n for _, n in rest))]
