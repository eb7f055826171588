"""Estimate batch-norm statistics anew."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.model import BaseModel
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from mmremix.models.recognizers.groups import split_by_active


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
    # As the model trains, so that layers which it keeps frozen show.
    model.train()
    layers = [
        m
        for m in model.modules()
        if isinstance(m, _BatchNorm) and m.training and m.track_running_stats
    ]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a cumulative average
    for batch in dataloader if layers else ():
        data = model.data_preprocessor(batch, False)
        for group in split_by_active(data['inputs'], data['data_samples']):
            model.run(group.inputs, group.active)
    for module, training in flags:
        module.training = training
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        for statistic in (layer.running_mean, layer.running_var):
            all_reduce(statistic)
            statistic /= get_world_size()
