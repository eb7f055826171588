"""Joint training as one would write it without any framework.

For whole_run.py: the networks, loaders, batches, loss weights and optimiser
are those of a config, the loop is plain PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn import functional

from mmremix.engine import EvaluationCacheHook
from mmremix.models.fusion_heads import ConcatFusionHead
from mmremix.models.multi_label import batch_labels


class PlainModel(nn.Module):
    """The encoders, their heads and a layer over both.

    Raises:
        SystemExit: If the config's model is more than that.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        if not isinstance(model.fusion, ConcatFusionHead) or model.methods:
            raise SystemExit('plain: takes joint configs with concatenation')
        self.encoders = model.encoders
        self.heads = model.heads
        self.fusion = model.fusion.fc

    def forward(self, inputs: dict[str, Tensor]) -> list[Tensor]:
        features = {n: self.encoders[n](x) for n, x in inputs.items()}
        own = [self.heads[name](x) for name, x in features.items()]
        joined = torch.cat(list(features.values()), dim=1)
        return [self.fusion(joined), *own]


def train_plain(runner: Runner, turn: Callable[[], None]) -> None:
    """Train for ever, an epoch whenever ``turn`` returns."""
    source: Any = runner.model
    prepare = source.data_preprocessor.normalize
    model = PlainModel(source)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    optimizer = runner.optim_wrapper.optimizer
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, runner.max_epochs
    )
    weights = list(source.loss_weights['all_active'].values())
    train_loader = runner.build_dataloader(runner._train_dataloader)
    # The same loaders have the same kept inputs.
    cache = next(h for h in runner.hooks if isinstance(h, EvaluationCacheHook))
    runner.val_loop  # noqa: B018  builds its loader
    cache.before_train(runner)
    val_loader = runner.val_dataloader
    best = 0.0

    def load(batch: dict[str, Any]) -> tuple[dict[str, Tensor], Tensor]:
        inputs = {}
        for name, value in batch['inputs'].items():
            if not isinstance(value, Tensor):
                value = torch.stack(value)
            inputs[name] = prepare(name, value)
        return inputs, batch_labels(batch['data_samples'])

    for epoch in range(runner.max_epochs):
        turn()
        train_loader.batch_sampler.sampler.set_epoch(epoch)
        model.train()
        for number, batch in enumerate(train_loader):
            inputs, labels = load(batch)
            loss: Any = sum(
                weight * functional.cross_entropy(scores, labels)
                for weight, scores in zip(weights, model(inputs), strict=True)
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if number % 20 == 0:
                print(epoch, number, loss.item())
        schedule.step()
        state = {'model': model.state_dict(), 'epoch': epoch}
        state['optimizer'] = optimizer.state_dict()
        torch.save(state, Path(runner.work_dir, 'last.pth'))
        model.eval()
        hits = count = 0
        with torch.no_grad():
            for batch in val_loader:
                inputs, labels = load(batch)
                fused = model(inputs)[0]
                hits += int((fused.argmax(1) == labels).sum())
                count += len(labels)
        print(epoch, 'accuracy', hits / count)
        if hits / count > best:
            best = hits / count
            torch.save(state, Path(runner.work_dir, 'best.pth'))
