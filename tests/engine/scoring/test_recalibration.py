from __future__ import annotations

import torch

from mmremix.apis import build_runner
from mmremix.engine.scoring.recalibration import (
    recalibrate_batch_norm,
    statistics_anew,
)
from mmremix.engine.scoring.scores import score_dataset


def test_statistics_become_those_of_the_data(tiny_config):
    runner = build_runner(tiny_config())
    model = runner.model
    loader = runner.build_dataloader(runner.cfg.test_dataloader)
    first = model.encoders['audio'].backbone.stem[0]
    norm = model.encoders['audio'].backbone.stem[1]
    seen = []
    handle = first.register_forward_hook(lambda _, __, y: seen.append(y))
    weights = {n: p.clone() for n, p in model.named_parameters()}
    model.eval()
    recalibrate_batch_norm(model, loader)
    handle.remove()
    means = torch.stack([y.mean((0, 2, 3)) for y in seen])
    torch.testing.assert_close(norm.running_mean, means.mean(0))
    variances = torch.stack([y.var((0, 2, 3)) for y in seen])
    torch.testing.assert_close(norm.running_var, variances.mean(0))
    assert norm.momentum == 0.1
    assert not model.training
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, weights[name])


def test_frozen_layers_keep_their_statistics(tiny_config):
    """Those that stay in evaluation mode while the model trains."""
    runner = build_runner(tiny_config())
    model = runner.model
    loader = runner.build_dataloader(runner.cfg.test_dataloader)
    frozen, other = [
        m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)
    ][:2]
    frozen.train = lambda mode=True: frozen  # as norm_eval does
    frozen.training = False
    frozen.running_mean.fill_(3.0)
    before = other.running_mean.clone()
    recalibrate_batch_norm(model, loader)
    assert (frozen.running_mean == 3.0).all()
    assert not frozen.training
    assert not torch.equal(other.running_mean, before)


def test_scoring_gathers_the_same_statistics(tiny_config):
    """As in a pass of their own; this model has no dropout."""
    runner = build_runner(tiny_config())
    model = runner.model
    loader = runner.build_dataloader(runner.cfg.test_dataloader)
    recalibrate_batch_norm(model, loader)
    expected = {n: b.clone() for n, b in model.named_buffers()}
    for name, buffer in model.named_buffers():
        if name.endswith('running_mean'):
            buffer.fill_(7.0)
    model.train()
    with statistics_anew(model) as layers:
        table = score_dataset(
            model, loader, ('video', 'audio'), gathering=layers
        )
    assert not torch.isnan(table.scores).any()
    for name, buffer in model.named_buffers():
        torch.testing.assert_close(buffer, expected[name], msg=name)
    assert all(layer.training and layer.momentum == 0.1 for layer in layers)
