"""Plain-text tables of what a run reached and decided."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from mmremix.visualization.predictions import format_table


def accuracy_table(metrics: Mapping[str, float]) -> str:
    """One row a prediction, one column a metric.

    Args:
        metrics: What :class:`~mmremix.evaluation.MultimodalAccuracy` gives,
            ``{'acc/fusion_top1': 0.8, ...}``.
    """
    table: dict[str, dict[str, float]] = {}
    for key, value in metrics.items():
        match = re.fullmatch(r'acc/(.+?)_(top1|mean_class|macro_f1)', key)
        if match:
            table.setdefault(match[1], {})[match[2]] = value
    columns = list(dict.fromkeys(c for row in table.values() for c in row))
    return format_table(
        ['prediction', *columns],
        (
            [name, *(f'{row[c]:.4f}' if c in row else '-' for c in columns)]
            for name, row in table.items()
        ),
    )


def read_scalars(work_dir: str | Path) -> dict[int, dict[str, float]]:
    """Per-epoch scalars of a run, resumed runs put together.

    Args:
        work_dir: Work directory with mmengine's ``*/vis_data/scalars.json``.

    Returns:
        For each epoch (from 1) the ``acc/`` and ``remix/`` scalars.

    Raises:
        FileNotFoundError: If the directory holds no scalars.
    """
    files = sorted(Path(work_dir).glob('*/vis_data/scalars.json'))
    if not files:
        raise FileNotFoundError(
            f'No */vis_data/scalars.json in {work_dir}: is it the work '
            'directory of a training run?'
        )
    epochs: dict[int, dict[str, float]] = {}
    for file in files:
        for line in file.read_text(encoding='utf-8').splitlines():
            entry = json.loads(line)
            found = {
                key: value
                for key, value in entry.items()
                if key.startswith(('acc/', 'remix/'))
            }
            if found:
                epochs.setdefault(int(entry['step']), {}).update(found)
    return dict(sorted(epochs.items()))


def run_table(work_dir: str | Path) -> str:
    """What a run reached, and what Remix decided in each epoch.

    Two tables: fused and unimodal top-1 at the end of the warm-up and at the
    end; and for each remix epoch the samples that each modality got.
    """
    epochs = read_scalars(work_dir)
    remixed = [
        e for e, row in epochs.items() if any('remix/' in k for k in row)
    ]
    tested = [e for e, row in epochs.items() if 'acc/fusion_top1' in row]
    if not tested:
        return f'{work_dir}: no validation has run yet.'
    names = [
        key[len('acc/') : -len('_top1')]
        for key in epochs[tested[-1]]
        if key.endswith('_top1')
    ]
    marks = []
    if remixed:
        warm = [e for e in tested if e < remixed[0]]
        marks += [('end of warm-up', warm[-1])] if warm else []
    marks.append(('end of training', tested[-1]))
    reached = format_table(
        ['top-1 accuracy', 'epoch', *names],
        (
            [what, e, *(f'{epochs[e][f"acc/{n}_top1"]:.4f}' for n in names)]
            for what, e in marks
        ),
    )
    if not remixed:
        return reached
    parts = [
        key[len('remix/count_') :]
        for key in epochs[remixed[0]]
        if key.startswith('remix/count_')
    ]
    decided = format_table(
        ['remix epoch', *(f'{p} samples' for p in parts), 'flips', 'fusion'],
        (
            [
                e,
                *(int(epochs[e][f'remix/count_{p}']) for p in parts),
                int(epochs[e]['remix/flips']),
                f'{epochs[e]["acc/fusion_top1"]:.4f}'
                if 'acc/fusion_top1' in epochs[e]
                else '-',
            ]
            for e in remixed
        ),
    )
    return f'{reached}\n\n{decided}'
