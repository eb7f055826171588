"""Samples with several labels: what differs, and what does not work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmaction.structures import ActionDataSample
from torch import Tensor

from mmremix.utils.errors import ConfigError
from mmremix.utils.sample_batch import SampleBatch

THRESHOLD = 0.5
"""Probability from which on a class counts as predicted."""

_BCE = "model = dict(loss=dict(type='BinaryCrossEntropy'))"


def is_multi_label(model: Any) -> bool:
    """Whether a model gives each sample any number of labels.

    Its ``loss`` says so: :class:`BinaryCrossEntropy`, or one of your own with
    ``multi_label = True``.
    """
    return bool(getattr(getattr(model, 'criterion', None), 'multi_label', 0))


def batch_labels(samples: Sequence[ActionDataSample]) -> Tensor:
    """Labels of a batch.

    Returns:
        Classes, int64 ``(B,)``; or 0 and 1, float32 ``(B, M)``, where
        samples may have several.
    """
    if isinstance(samples, SampleBatch):
        return samples.labels
    labels = [sample.gt_label for sample in samples]
    if labels[0].is_floating_point():
        return torch.stack(labels)
    return torch.cat(labels)


def check_labels(model: Any, several: bool) -> None:
    """Refuse labels of the other kind than the loss is for.

    Args:
        model: A recognizer.
        several: Whether the data set has several labels a sample.

    Raises:
        ConfigError: With the lines to write.
    """
    wanted = is_multi_label(model)
    if wanted == several:
        return
    kind = type(model.criterion).__name__
    if several:
        raise ConfigError(
            f'The samples have several labels each (0 or 1 for every class), '
            f'but the loss {kind} is for one. Write:\n    {_BCE}\n'
            'If exactly one is 1 in each row, write class indices instead: '
            'label.argmax(axis=1)'
        )
    raise ConfigError(
        f'The loss {kind} is for several labels a sample, but the samples '
        'have one class each. Write: model = dict(loss=dict(type='
        "'CrossEntropy')), or give the data set its labels as lists: "
        "label_separator=';' (CSV), a label array (N, M) of 0 and 1 (npz)"
    )


def refuse_multi_label(what: str, write: str) -> ConfigError:
    """The error of what is defined for one class a sample only.

    Args:
        what: What it is.
        write: The config lines that do without it.
    """
    return ConfigError(
        f'{what} needs one class a sample, and the samples have several '
        f'labels each. Write: {write}'
    )
