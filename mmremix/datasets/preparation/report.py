"""What was found in a data set, as text."""

from __future__ import annotations

import re
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
    kinds = Counter(reason_kind(row['reason']) for row in broken)
    lines += [f'  {reason}: {n}' for reason, n in sorted(kinds.items())]
    lines += _lengths('duration', [r['facts']['duration'] for r in rows])
    lines += _lengths(
        'segments',
        [
            float(r['end']) - float(r.get('start') or 0)
            for r in rows
            if r.get('end')
        ],
    )
    for title, keys in FACTS.items():
        lines.append(f'{title}:')
        lines += [f'  {k}: {n}' for k, n in count_facts(rows, keys)]
    lines.append('clips of each class: ' + ', '.join(splits))
    counts = {n: Counter(r['label'] for r in p) for n, p in splits.items()}
    for label in classes:
        numbers = ' '.join(str(counts[name][label]) for name in splits)
        lines.append(f'  {label}: {numbers}')
    for name in splits:
        absent = [label for label in classes if not counts[name][label]]
        if absent:
            lines.append(f'no clip in {name} of: {", ".join(absent)}')
    lines += notes
    if broken:
        lines.append('broken or missing clips:')
        lines += [f'  {row["clip"]}: {row["reason"]}' for row in broken]
    return '\n'.join(lines) + '\n'


FACTS = {
    'resolution (width, height)': ('width', 'height'),
    'frames per second': ('frame_rate',),
    'sample rate, channels': ('sample_rate', 'channels'),
}
"""Titles of what is counted, and the facts of a clip that it is about."""


def reason_kind(reason: str) -> str:
    """A reason without details and numbers, which differ between clips."""
    sentence = re.split(r'\. | \(', reason)[0].rstrip('.')
    return re.sub(r'\d+([.,]\d+)*', 'N', sentence)


def _lengths(title: str, values: Sequence[float | None]) -> list[str]:
    known = sorted(value for value in values if value)
    if not known:
        return []
    return [
        f'{title}: {known[0]:.2f} to {known[-1]:.2f} s, median '
        f'{known[len(known) // 2]:.2f} s'
    ]


def count_facts(
    rows: Sequence[Row], keys: tuple[str, ...]
) -> list[tuple[str, int]]:
    """How many clips have which values of some facts, most first."""
    counts = Counter(
        ' x '.join(str(r['facts'].get(k) or 'unknown') for k in keys)
        for r in rows
    )
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
