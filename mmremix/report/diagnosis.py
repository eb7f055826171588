"""What balancing may do, as joint runs have said at their end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from mmremix.evaluation.diagnosis import (
    Evidence,
    diagnose,
    over_runs,
    sentence,
)
from mmremix.report.markup import section, table
from mmremix.report.run_data import RunData, called
from mmremix.report.run_group import RunGroup

FILE = 'diagnosis.json'


def diagnosis_section(groups: Sequence[RunGroup]) -> str:
    """A table and sentences for each group of joint runs.

    Runs of several seeds speak together, with intervals over both.
    """
    parts = [part for group in groups for part in _of_group(group)]
    if not parts:
        return ''
    return section(
        'diagnosis',
        'Would balancing help?',
        'From the last validation of joint training: each head alone, their '
        'sum and the fused prediction, in per cent, with 95 % intervals. How '
        'often such a verdict was right says docs/diagnose.md.',
        ''.join(parts),
    )


def _of_group(group: RunGroup) -> list[str]:
    found, unread = [], []
    for run in group.runs:
        file = Path(run.work_dir, FILE)
        try:
            content = json.loads(file.read_text(encoding='utf-8'))
            # Of an earlier run in this folder otherwise.
            if content['epoch'] == run.epochs:
                found.append((run, Evidence.of_plain(content['evidence'])))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            unread.append(f'<p>{escape(str(file))} cannot be read.</p>')
    if not found:
        return unread
    parts = {_part(run) for run, _ in found}
    evidence = over_runs([e for _, e in found], len(parts) == 1)
    said = sentence(diagnose(evidence), evidence)
    return [_table(group.title, evidence), f'<p>{escape(said)}</p>', *unread]


def _part(run: RunData) -> str:
    """Which samples a run has validated on."""
    dataset = (run.config.get('val_dataloader') or {}).get('dataset') or {}
    return repr(dataset.get('part'))


def _table(title: str, evidence: Evidence) -> str:
    header = ['', 'validation', '95 %']
    if evidence.train:
        header += ['training', 'gap']
    if evidence.angle:
        header.append('own against fused gradient')
    rows = []
    for name in evidence.names:
        low, high = evidence.interval[name]
        row = [
            called(name),
            f'{100 * evidence.accuracy[name]:.1f}',
            f'[{100 * low:.1f}, {100 * high:.1f}]',
        ]
        if evidence.train:
            gap = evidence.gap(name)
            row += (
                ['-', '-']
                if gap is None
                else [f'{100 * evidence.train[name]:.1f}', f'{100 * gap:+.1f}']
            )
        if evidence.angle:
            angle = evidence.angle.get(name)
            row.append('-' if angle is None else f'{angle:.0f}°')
        rows.append(row)
    return table(header, rows, title)
