"""Plain-text tables of what a run reached and decided."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmremix.report.beside import beside
from mmremix.report.differences import HEADING, differences, warning
from mmremix.report.run_data import RunData
from mmremix.report.run_group import group_runs
from mmremix.report.run_reader import load_run
from mmremix.report.scalars import Series
from mmremix.report.verdict import named_methods
from mmremix.utils.names import FUSION
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


def subset_accuracies(metrics: Mapping[str, float]) -> list[dict[str, Any]]:
    """Accuracy with every set of modalities, all first.

    Args:
        metrics: What :class:`~mmremix.evaluation.SubsetAccuracy` gives,
            ``{'subset/fusion_video+audio': 0.8, ...}``.

    Returns:
        A dict each: ``modalities``, ``fusion``, ``heads`` and ``samples``.
    """
    start = 'subset/samples_'
    return [
        {
            'modalities': name.split('+'),
            'fusion': float(metrics[f'subset/fusion_{name}']),
            'heads': float(metrics[f'subset/heads_{name}']),
            'samples': int(count),
        }
        for name, count in (
            (key.removeprefix(start), value)
            for key, value in metrics.items()
            if key.startswith(start)
        )
    ]


def subset_table(metrics: Mapping[str, float]) -> str:
    """One row a set of modalities; see :func:`subset_accuracies`."""
    found = subset_accuracies(metrics)
    if not found:
        return (
            'No accuracies with fewer modalities: the model is no '
            'AVRecognizer, or its evaluator none of single samples.'
        )
    return format_table(
        ['only these are there', FUSION, 'sum of heads', 'samples'],
        (
            [
                ' + '.join(row['modalities']),
                f'{row["fusion"]:.4f}',
                f'{row["heads"]:.4f}',
                row['samples'],
            ]
            for row in found
        ),
    )


def run_table(run: RunData) -> str:
    """What a run reached, and what Remix decided in each epoch.

    Two tables: fused and unimodal top-1 at the end of the warm-up and at the
    end; and for each remix epoch the samples that each modality got.

    Args:
        run: As :func:`~mmremix.report.load_run` reads it.
    """
    tested = sorted(run.accuracy(FUSION))
    if not tested:
        return f'{run.work_dir}: no validation has run yet.'
    names = [n for n in run.predictions if tested[-1] in run.accuracy(n)]
    remixed = sorted(run.remix('flips'))
    warm = [e for e in tested if remixed and e < remixed[0]]
    marks = [('end of warm-up', warm[-1])] if warm else []
    marks.append(('end of training', tested[-1]))
    reached = format_table(
        ['top-1 accuracy', 'epoch', *names],
        (
            [what, f'{e:g}', *(_value(run.accuracy(n), e) for n in names)]
            for what, e in marks
        ),
    )
    if not remixed:
        return reached
    decided = format_table(
        [
            'remix epoch',
            *(f'{n} samples' for n in run.modalities),
            *('flips', FUSION),
        ],
        (
            [
                f'{e:g}',
                *(
                    _value(run.remix(f'count_{n}'), e, '.0f')
                    for n in run.modalities
                ),
                _value(run.remix('flips'), e, '.0f'),
                _value(run.accuracy(FUSION), e),
            ]
            for e in remixed
        ),
    )
    return f'{reached}\n\n{decided}'


def runs_table(
    work_dirs: Sequence[str | Path], trust: bool = False, brief: bool = False
) -> str:
    """Methods and tables of several runs, and in what else they differ.

    Several runs are also put side by side, with a sentence on what that says.

    Args:
        work_dirs: Of training runs.
        trust: See :func:`~mmremix.report.load_run`.
        brief: Only side by side.

    Raises:
        FileNotFoundError: If one is not the work directory of a training run.
    """
    runs = [load_run(work_dir, trust) for work_dir in work_dirs]
    groups = group_runs(runs)
    if brief:
        return beside(groups)
    parts = []
    for run in runs:
        parts.append(f'{run.work_dir}\n{named_methods(run)}'.strip())
        parts += [run_table(run), *run.notes]
    if len(runs) > 1:
        parts.append(beside(groups))
    found = differences(groups)
    if found:
        parts += filter(None, [warning(found)])
        parts += [HEADING, *(d.sentence for d in found)]
    return '\n\n'.join(parts)


def _value(series: Series, epoch: float, write: str = '.4f') -> str:
    return format(series[epoch], write) if epoch in series else '-'
