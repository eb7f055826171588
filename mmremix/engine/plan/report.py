"""Tell people what Remix decided."""

from __future__ import annotations

from typing import NamedTuple

from mmengine.runner import Runner
from torch import Tensor

from mmremix.engine.scoring.scores import ScoreTable
from mmremix.records import discrepancy_ratios
from mmremix.remix import modality_counts

_STARVING = 0.05


class Decided(NamedTuple):
    """One decision of Remix, and what it rests on.

    Attributes:
        epoch: The epoch that it is for, from 1 as in the log.
        modalities: Names of the columns.
        assignments: ``(N,)`` int8.
        table: The scoring pass.
        flips: Samples that changed their modality.
        seconds: What scoring and deciding took.
        fingerprint: Of the training set.
    """

    epoch: int
    modalities: tuple[str, ...]
    assignments: Tensor
    table: ScoreTable
    flips: int
    seconds: float
    fingerprint: str


def report(runner: Runner, decided: Decided) -> None:
    """Log one epoch's decision, and send it to the visualizer.

    The scalars, at the number of the epoch from 1: ``remix/count_<name>``,
    ``remix/share_<name>``, ``remix/mean_kl_<name>`` (nats),
    ``remix/train_acc_<name>`` (also of ``fusion``), ``remix/rho_<name>``
    (see :func:`~mmremix.records.discrepancy_ratios`),
    ``remix/flips``, ``remix/unscored`` and ``remix/seconds``.

    Args:
        runner: The runner.
        decided: The decision.
    """
    epoch, names, assignments, table, flips, seconds, _ = decided
    counts = modality_counts(assignments, len(names)).tolist()
    total = max(sum(counts), 1)
    mean_kl = table.scores.nanmean(dim=0).tolist()
    scalars: dict[str, float] = {}
    parts = []
    for name, count, kl in zip(names, counts, mean_kl, strict=True):
        scalars[f'remix/count_{name}'] = count
        scalars[f'remix/share_{name}'] = count / total
        scalars[f'remix/mean_kl_{name}'] = kl
        parts.append(f'{name} {count} ({count / total:.0%}, KL {kl:.3f})')
    for name, value in table.accuracy.items():
        scalars[f'remix/train_acc_{name}'] = value
    probability = {
        name: value
        for name, value in table.true_probability.items()
        if name in names
    }
    for name, value in discrepancy_ratios(probability).items():
        scalars[f'remix/rho_{name}'] = value
    scalars['remix/unscored'] = len(assignments) - sum(counts)
    scalars['remix/flips'] = flips
    scalars['remix/seconds'] = seconds
    runner.visualizer.add_scalars(scalars, step=epoch)
    accuracy = ', '.join(f'{n} {v:.3f}' for n, v in table.accuracy.items())
    runner.logger.info(
        f'Remix epoch {epoch}: {", ".join(parts)}; {flips} flips; '
        f'training accuracy {accuracy}; scored in {seconds:.1f} s'
        + (f', {table.rechecked} twice' if table.rechecked else '')
    )
    for name, count in zip(names, counts, strict=True):
        if count < _STARVING * total:
            runner.logger.warning(
                f'Only {count} of {total} samples keep {name} in this epoch. '
                'A few, small batches can harm its encoder. Leave them out '
                "(batch_sampler=dict(tail='drop')), guarantee it a share "
                '(KLScoreHook with min_share=0.1), or warm up longer.'
            )
