"""A look at some samples: are the inputs mostly padding?"""

from __future__ import annotations

import logging
import statistics
from collections.abc import Sequence

from mmengine.dist import is_main_process

from mmremix.datasets import MultimodalDataset
from mmremix.datasets.remix_index import RemixIndex, sample_seed
from mmremix.datasets.transforms.lengths import Length, watch_lengths

_LOOK_AT = 8  # samples
_MUCH = 0.5  # of an input, from which padding is warned of
_LITTLE = 0.25  # of a clip, below which it is noted that only this is used


def note_lengths(dataset: MultimodalDataset, logger: logging.Logger) -> None:
    """Warn of inputs that are mostly padding, from a look at 8 samples.

    A recipe for clips of 10 s takes one of 1 s without an error, and most of
    what the encoder sees is padding then. That only a small part of long
    clips is used is noted too. The samples lie evenly over the data set;
    those that cannot be loaded are left to the training.

    Args:
        dataset: The training set.
        logger: Where to say it.
    """
    if not is_main_process():
        return
    count = min(_LOOK_AT, len(dataset))
    found: dict[tuple[str, str, float], list[Length]] = {}
    for i in range(count):
        index = i * len(dataset) // count
        seed = sample_seed(0, 0, index)
        with watch_lengths() as lengths:
            try:
                dataset[RemixIndex(index, None, seed)]
            except Exception as error:
                logger.debug(f'No look at sample {index}: {error}')
                continue
        for length in lengths:
            found.setdefault(length[:3], []).append(length)
    for lengths in found.values():
        _judge(lengths, logger)


def _judge(lengths: Sequence[Length], logger: logging.Logger) -> None:
    transform, argument, wanted, _, unit, filled = lengths[0]
    has = statistics.median(length.found for length in lengths)
    missing = statistics.mean(
        max(0.0, 1 - length.found / wanted) for length in lengths
    )
    asked = f'{transform}({argument}={wanted:g})'
    where = f'the {len(lengths)} training samples looked at'
    if missing >= _MUCH:
        fitting = f'{has:.2f}' if unit == 1.0 else f'{max(1, round(has))}'
        logger.warning(
            f'{missing:.0%} of what {asked} makes is {filled}: it asks for '
            f'{_amount(wanted, unit)}, and {where} have '
            f'{_amount(has, unit)} (median). The recipe is for longer '
            'clips. Write in the pipelines of all data sets:\n'
            f"    dict(type='{transform}', {argument}={fitting}, ...)"
        )
    elif has * _LITTLE > wanted:
        logger.info(
            f'{asked} uses {_amount(wanted, unit)} of a clip, and {where} '
            f'have {_amount(has, unit)} (median): the rest is not seen.'
        )


def _amount(value: float, unit: float | None) -> str:
    if unit is None:
        return f'{value:g} frames'
    return f'{value * unit:.2f} s'
