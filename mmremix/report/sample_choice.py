"""Which training samples are worth a look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmremix.records import Records


@dataclass
class Choice:
    """Samples with something in common.

    Attributes:
        title: What that is.
        note: How they were chosen.
        indices: Into the training set, most typical first.
    """

    title: str
    note: str
    indices: list[int]


def choose_samples(records: Records, number: int) -> list[Choice]:
    """Pick the samples given to each modality most often, and the flipped.

    Args:
        records: Of a run.
        number: How many of each at the most.
    """
    table = records.sample_table()
    scored = (records.assignments >= 0).any(axis=0)
    margin = _mean_margins(records)
    epochs, all_epochs = len(records.kept), len(records.epochs)
    kept = '' if epochs == all_epochs else f' that are kept, of {all_epochs}'
    choices = []
    for k, name in enumerate(records.modalities):
        given = table[f'given_{name}']
        indices = _top(given, margin[:, k], scored & (given > 0), number)
        always = int((given == epochs).sum())
        choices.append(
            Choice(
                f'Most often given to {name}',
                f'{always} of {len(given)} samples were given to {name} in '
                f'every one of {epochs} scoring epochs{kept}. Among equals, '
                f'those come first where {name} was furthest behind.',
                indices,
            )
        )
    flips = table['flips']
    indecision = -np.abs(margin).min(axis=1)
    choices.append(
        Choice(
            'Most often flipped',
            f'{int((flips > 0).sum())} of {len(flips)} samples changed their '
            'modality at least once. Among equals, those come first whose '
            'scores were closest together.',
            _top(flips, indecision, flips > 0, number),
        )
    )
    return [choice for choice in choices if choice.indices]


def _mean_margins(records: Records) -> np.ndarray:
    """How far each modality is below the least of the others, on average."""
    scores = np.where(np.isnan(records.scores), 0, records.scores)
    columns = []
    for k in range(scores.shape[2]):
        others = np.delete(scores, k, axis=2)
        lead = others.min(axis=2) - scores[..., k] if others.size else 0
        columns.append(np.mean(lead, axis=0))
    return np.stack(np.broadcast_arrays(*columns), axis=1)


def _top(
    first: np.ndarray, then: np.ndarray, allowed: np.ndarray, number: int
) -> list[int]:
    order = np.lexsort((-then, -first))
    return [int(i) for i in order if allowed[i]][:number]
