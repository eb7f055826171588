"""Diagnosing & Re-learning: encoders that memorise go back some way."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import broadcast, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.datasets import MultimodalDataset
from mmremix.datasets.stand_ins import record_broken
from mmremix.engine.scoring.loader import build_score_dataloader
from mmremix.engine.unwrap import recognizer
from mmremix.evaluation.dataset_rows import collect_rows
from mmremix.methods.dnr import cluster_purity, relearn_weight
from mmremix.models import AVRecognizer
from mmremix.registry import HOOKS

_VERSION = 1


@HOOKS.register_module()
class RelearnHook(Hook):
    """Diagnosing & Re-learning, ECCV 2024 (arXiv 2407.09705).

    Every ``interval`` epochs, at most ``times`` times, before the next epoch:
    k-means on each modality's features of the training samples and of held-out
    ones, with a cluster a class. How much purer the training samples' clusters
    are is the gap; the parameters of the modality's encoder become ``w *
    initial + (1 - w) * now`` with ``w = tanh(strength * gap)``. Buffers (batch
    norm's statistics), heads and the optimiser's state stay.

    Purities, gaps and weights go to the log and to the visualizer's backends
    (``dnr/...``). Every checkpoint holds the initial weights of the encoders
    (in ``dnr``), and grows by as much.

    Example::

        method_dnr = dict(
            hook=dict(type='RelearnHook', interval=20, times=3))

    Args:
        interval: Epochs between two diagnoses.
        times: How many diagnoses there are at most.
        strength: See :func:`~mmremix.methods.dnr.relearn_weight`.
        dataloader: Of the training samples, see
            :class:`~mmremix.engine.ScoringPlanHook`.
        held_out: Config of the loader of held-out samples. Defaults to
            ``val_dataloader``. Where this is the test set, as in many
            configs, the method looks at it.

    Raises:
        ValueError: If a number is out of range, or, before training, if there
            are no held-out samples, or fewer than classes.
    """

    takes_multi_label = False

    # Before a plan is made with the weights.
    priority = 'HIGH'

    def __init__(
        self,
        interval: int = 20,
        times: int = 3,
        strength: float = 3.0,
        dataloader: Mapping[str, Any] | None = None,
        held_out: Mapping[str, Any] | None = None,
    ) -> None:
        for name, value, valid in (
            ('interval', interval, interval >= 1),
            ('times', times, times >= 1),
            ('strength', strength, strength >= 0),
        ):
            if not valid:
                raise ValueError(
                    f'RelearnHook: {name} is out of range, got {value}. '
                    "Write: hook=dict(type='RelearnHook', interval=20, "
                    'times=3, strength=3.0)'
                )
        self.interval = interval
        self.times = times
        self.strength = strength
        self._dataloader_cfg = dataloader
        self._held_out_cfg = held_out
        self._loaders: dict[str, DataLoader[Any]] = {}
        self._initial: dict[str, Tensor] = {}
        self._done: list[int] = []
        self._loaded: Mapping[str, Any] | None = None

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Keep the stored state; whether it counts is known later."""
        self._loaded = checkpoint.get('dnr')

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Store the initial weights, and when they were used."""
        checkpoint['dnr'] = {
            'version': _VERSION,
            'initial': dict(self._initial),
            'done': list(self._done),
        }

    def before_train(self, runner: Runner) -> None:
        """Note the initial weights, or those of the resumed run."""
        model = recognizer(runner, 'RelearnHook')
        self._initial = {
            name: parameter.detach().cpu().clone()
            for name, parameter in model.encoders.named_parameters()
        }
        self._done = []
        # resume=True without a checkpoint starts anew.
        if runner._resume and runner.iter > 0:
            self._take_over()
        self._loaders = {
            'train': build_score_dataloader(
                runner, self._dataloader_cfg, asked_by='RelearnHook'
            ),
            'held-out': self._held_out(runner),
        }
        for part, loader in self._loaders.items():
            dataset: Any = loader.dataset
            if len(dataset) < model.num_classes:
                raise ValueError(
                    f'RelearnHook: {len(dataset)} {part} samples '
                    f'cannot have {model.num_classes} clusters, one a class. '
                    'Give it more: hook=dict(held_out=dict(...)), or turn it '
                    'off: method_dnr = None'
                )
        if runner.train_loop.max_epochs <= self.interval:
            runner.logger.warning(
                f'RelearnHook: the run has {runner.train_loop.max_epochs} '
                f'epochs, and nothing happens before {self.interval} have '
                "passed. Write: hook=dict(type='RelearnHook', interval="
                f'{max(runner.train_loop.max_epochs // 4, 1)})'
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Diagnose and re-learn if it is time."""
        epoch = runner.epoch
        due = epoch > 0 and epoch % self.interval == 0
        if not due or epoch in self._done or len(self._done) >= self.times:
            return
        start = time.perf_counter()
        model = recognizer(runner, 'RelearnHook')
        purities = self._diagnose(model, runner)
        weights = torch.tensor(
            [
                relearn_weight(train - held_out, self.strength)
                for train, held_out in purities.tolist()
            ],
            dtype=torch.float64,
        )
        self._relearn(model, weights)
        self._done.append(epoch)
        self._report(runner, purities, weights, time.perf_counter() - start)

    def _diagnose(self, model: AVRecognizer, runner: Runner) -> Tensor:
        """Purities on training and on held-out samples, ``(K, 2)``."""
        found = torch.zeros(len(model.modalities), 2, dtype=torch.float64)
        for column, (part, loader) in enumerate(self._loaders.items()):
            # An iterator of the loader draws a number for its workers.
            with torch.random.fork_rng(devices=[]):
                features, labels = _features(model, loader)
            if len(labels) < model.num_classes:
                raise RuntimeError(
                    f'RelearnHook: only {len(labels)} {part} samples could '
                    'be loaded with all modalities, for '
                    f'{model.num_classes} clusters. Check data_root.'
                )
            if not is_main_process():
                continue
            for row, name in enumerate(model.modalities):
                found[row, column] = cluster_purity(
                    features[name], labels, model.num_classes, runner.epoch
                )
        # One rank decides: k-means may differ in the last bit of a sum.
        on_device = found.to(next(model.parameters()).device)
        broadcast(on_device, src=0)
        return on_device.cpu()

    @torch.no_grad()
    def _relearn(self, model: AVRecognizer, weights: Tensor) -> None:
        for name, weight in zip(
            model.modalities, weights.tolist(), strict=True
        ):
            for key, parameter in model.encoders[name].named_parameters():
                initial = self._initial[f'{name}.{key}'].to(parameter)
                parameter.lerp_(initial, weight)

    def _take_over(self) -> None:
        stored = self._loaded
        if stored is None or stored.get('version') != _VERSION:
            found = 'none' if stored is None else stored.get('version')
            raise ValueError(
                'Cannot resume: RelearnHook needs the initial weights in the '
                f'checkpoint (version {_VERSION}, found {found}). Resume '
                'a run that had the hook from its start, or start a new one '
                'from its weights: load_from=..., resume=False'
            )
        if stored['initial'].keys() != self._initial.keys():
            raise ValueError(
                'Cannot resume: the initial weights in the checkpoint are '
                'those of other encoders. Resume with the encoders of that '
                'run.'
            )
        self._initial = dict(stored['initial'])
        self._done = [int(epoch) for epoch in stored['done']]

    def _held_out(self, runner: Runner) -> DataLoader[Any]:
        loader: DataLoader[Any]
        if self._held_out_cfg is not None:
            loader = runner.build_dataloader(
                dict(self._held_out_cfg), seed=runner.seed
            )
        elif runner.val_loop is not None:
            loader = runner.val_loop.dataloader
        else:
            raise ValueError(
                'RelearnHook compares training samples with held-out ones, '
                'and there are none. Write val_dataloader, or: '
                "hook=dict(type='RelearnHook', held_out=dict(...))"
            )
        if not isinstance(loader.dataset, MultimodalDataset):
            # Others may number their samples in another way.
            raise ValueError(
                'RelearnHook needs held-out samples of a data set that '
                'derives from MultimodalDataset, as AVDataset does, not '
                f'{type(loader.dataset).__name__}.'
            )
        return loader

    def _report(
        self, runner: Runner, purities: Tensor, weights: Tensor, seconds: float
    ) -> None:
        names = recognizer(runner, 'RelearnHook').modalities
        scalars, parts = {'dnr/seconds': seconds}, []
        for name, (train, held_out), weight in zip(
            names, purities.tolist(), weights.tolist(), strict=True
        ):
            scalars[f'dnr/purity_train_{name}'] = train
            scalars[f'dnr/purity_held_out_{name}'] = held_out
            scalars[f'dnr/weight_{name}'] = weight
            parts.append(
                f'{name} purity {train:.3f}, held-out {held_out:.3f}: '
                f'{weight:.3f} of the initial weights'
            )
        runner.visualizer.add_scalars(scalars, step=runner.epoch + 1)
        runner.logger.info(
            f'Re-learning epoch {runner.epoch + 1}: {"; ".join(parts)} '
            f'({seconds:.1f} s)'
        )


def _features(
    model: AVRecognizer, dataloader: DataLoader[Any]
) -> tuple[dict[str, Tensor], Tensor]:
    """``(N, d)`` a modality, and labels, of the complete samples."""
    names = model.modalities

    def compute(
        inputs: Mapping[str, Tensor], active: tuple[str, ...], labels: Tensor
    ) -> Tensor | None:
        if set(active) != set(names):
            return None
        features = model.encode(inputs).features
        columns = [features[name].float() for name in names]
        return torch.cat([*columns, labels[:, None].float()], dim=1)

    sizes = [model.encoders[name].out_channels for name in names]
    found = collect_rows(model, dataloader, compute, sum(sizes) + 1)
    record_broken(found.broken)
    parts = torch.split(found.values[found.seen], [*sizes, 1], dim=1)
    labels = parts[-1][:, 0].round().long()
    return dict(zip(names, parts, strict=False)), labels
