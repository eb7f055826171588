"""Estimate batch-norm statistics anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.model import BaseModel
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from mmremix.engine.scoring.options import ScoringOptions
from mmremix.models.recognizers.groups import split_by_active
from mmremix.utils.errors import ConfigError

GATHER = 'scoring'
"""Of ``bn_recalibration``: in the scoring pass."""


@torch.no_grad()
def recalibrate_batch_norm(
    model: BaseModel, dataloader: DataLoader[Any]
) -> None:
    """Replace running statistics by averages over a data set.

    The encoders run in train mode on all modalities of every sample, and
    each batch counts alike. Parameters do not change. Layers that stay in
    evaluation mode while the model trains (``norm_eval``, frozen stages) keep
    their statistics. On several ranks the statistics are averaged at the end.

    Args:
        model: An unwrapped :class:`~mmremix.models.AVRecognizer`.
        dataloader: Over the training samples with evaluation transforms.
    """
    flags = [(module, module.training) for module in model.modules()]
    with statistics_anew(model) as layers:
        model.train()
        for batch in dataloader if layers else ():
            data = model.data_preprocessor(batch, False)
            for group in split_by_active(data['inputs'], data['data_samples']):
                model.run(group.inputs, group.active)
    for module, training in flags:
        module.training = training


@contextmanager
def statistics_anew(model: nn.Module) -> Iterator[list[_BatchNorm]]:
    """Batch norms inside start anew, and average what they see.

    They gather while they are in training mode, which is up to the caller;
    each batch counts alike. On several ranks the averages over the ranks
    take their place at the end.

    Args:
        model: Its modules' training flags are not changed.

    Yields:
        The layers; without those that stay in evaluation mode while the
        model trains.
    """
    flags = [(module, module.training) for module in model.modules()]
    # As the model trains, so that layers which it keeps frozen show.
    model.train()
    layers = [
        m
        for m in model.modules()
        if isinstance(m, _BatchNorm) and m.training and m.track_running_stats
    ]
    for module, training in flags:
        module.training = training
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a cumulative average
    yield layers
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        for statistic in (layer.running_mean, layer.running_var):
            all_reduce(statistic)
            statistic /= get_world_size()


def check_recalibration(
    given: bool | str, interval: int, subset: int, scoring: ScoringOptions
) -> None:
    """Refuse a ``bn_recalibration`` that is none, or cannot be had.

    Args:
        given: The option of ``KLScoreHook``.
        interval: Another one of its options.
        subset: Another one.
        scoring: Another one.

    Raises:
        ConfigError: With the lines to write.
    """
    if given not in (False, True, GATHER):
        raise ConfigError(
            f'KLScoreHook: bn_recalibration must be False, True or {GATHER!r}'
            f', got {given!r}. Write: method_remix = dict(plan=dict('
            f'bn_recalibration={GATHER!r}))'
        )
    # A part of the samples, or a copy of the model, gathers nothing.
    partial = {
        'interval': interval > 1,
        'subset': subset > 1,
        'scoring.channels_last': scoring.channels_last,
        'scoring.fold_bn': scoring.fold_bn,
    }
    if given == GATHER and any(partial.values()):
        names = [name for name, value in partial.items() if value]
        raise ConfigError(
            f'KLScoreHook: bn_recalibration={GATHER!r} needs a scoring pass '
            'of the model itself over all samples at each epoch, which '
            f'{names} changes. Leave it out, or write: bn_recalibration=True'
        )
