"""Why a read-out was chosen, as tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from mmremix.report.markup import section, table
from mmremix.report.run_group import RunGroup
from mmremix.visualization.predictions import format_table


def readout_table(evidence: Mapping[str, Any]) -> str:
    """One row a candidate, with intervals; the chosen one is marked.

    Args:
        evidence: In plain values, as a checkpoint holds it under
            ``readout``.
    """
    header, *rows = _rows(evidence)
    note = ''
    if evidence.get('fitted_to_these'):
        note = '\nThe pool was fitted to these samples: it looks too good.'
    return f'{format_table(header, rows)}\n{_over(evidence)}{note}'


def readout_section(groups: Sequence[RunGroup]) -> str:
    """What the first run of each group is read out by, and why."""
    parts = []
    for group in groups:
        file = Path(group.first.work_dir, 'readout.json')
        try:
            found = json.loads(file.read_text(encoding='utf-8'))
            # Of a cross-fit's folder it is one for all folds.
            found = {'all folds': found} if 'weights' in found else found
            tables = [_evidence(n, group, e) for n, e in found.items()]
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            text = f'<p>{escape(str(file))} cannot be read.</p>'
            tables = [text]
        parts += tables
    if not parts:
        return ''
    return section(
        'readout',
        'Read-out',
        'Which predictions answer, chosen by held-out samples. Brackets: '
        'bootstrap intervals over the groups, or over the samples.',
        ''.join(parts),
    )


def _evidence(
    checkpoint: str, group: RunGroup, found: Mapping[str, Any]
) -> str:
    weights = ', '.join(f'{n} {w:.3g}' for n, w in found['weights'].items())
    header, *rows = _rows(found)
    return table(
        header,
        rows,
        f'{group.title}, {checkpoint}: {weights}; {_over(found)}',
    )


def _rows(evidence: Mapping[str, Any]) -> list[list[str]]:
    """Header and a row for each candidate."""
    share = f'{evidence["confidence"]:.0%}'
    rows = [['read-out', 'accuracy', share, 'over fused', share]]
    for name, accuracy in evidence['accuracy'].items():
        low, high = evidence['interval'][name]
        gain, least, most = evidence['gain'][name]
        rows.append(
            [
                f'{name} (chosen)' if name == evidence['name'] else name,
                f'{accuracy:.4f}',
                f'[{low:.4f}, {high:.4f}]',
                f'{gain:+.4f}',
                f'[{least:+.4f}, {most:+.4f}]',
            ]
        )
    return rows


def _over(evidence: Mapping[str, Any]) -> str:
    over = f'{evidence["samples"]} held-out samples'
    if evidence.get('groups') is not None:
        over += f', averaged over {evidence["groups"]} of {evidence["by"]!r}'
    return over
