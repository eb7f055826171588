"""Remix with reliability: shares by accuracy on held-out samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import broadcast
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from mmremix.datasets import MultimodalDataset
from mmremix.engine.plan.plan_hook import PlanHook
from mmremix.engine.scoring.part import epoch_generator
from mmremix.engine.unwrap import recognizer
from mmremix.evaluation.dataset_rows import collect_rows
from mmremix.models import AVRecognizer
from mmremix.registry import HOOKS
from mmremix.remix import Items
from mmremix.remix.reliability import (
    deal_shares,
    group_interval,
    reliable_shares,
    wilson_interval,
)
from mmremix.utils.errors import ConfigError


@HOOKS.register_module()
class ReliabilityHook(PlanHook):
    """Give each modality samples by what it can do on held-out ones (ours).

    Until ``warmup_epochs`` have passed, batches keep all modalities. Then,
    before each epoch (every ``interval``-th), the modalities' own heads
    predict the samples of ``val_dataloader``, each held-out accuracy gets an
    interval (bootstrap over the groups of ``held_out.by``; Wilson's without
    groups), and each modality gets a random share of the training samples in
    batches of its own, see :func:`~mmremix.remix.reliable_shares`: all for
    the most accurate one, none where the interval lies at chance. Nothing of
    the training samples is scored. A modality whose held-out accuracy has not
    risen for ``patience`` decisions is handed back to joint training: its
    samples keep all modalities.

    The validation samples decide, so they must not be the test's::

        held_out = dict(by='subject', folds=5, fold=0)
        method_reliability = dict(
            plan=dict(type='ReliabilityHook', warmup_epochs=10))

    Shares, accuracies and upper ends go to the log and to the visualizer's
    backends (``reliability/...``), and are in every checkpoint (in ``plan``).

    Args:
        warmup_epochs: See :class:`PlanHook`.
        interval: See :class:`PlanHook`.
        close: A modality is closed if even the upper end of its interval is
            no further above chance than this part of the best one's
            accuracy. Defaults to 0, chance.
        patience: Decisions without a new best accuracy; ``None``: never
            handed back.

    Raises:
        ConfigError: On values out of range, or, before training, if there
            are no held-out samples.
    """

    takes_multi_label = False

    title = 'reliability'
    changes_size = True

    def __init__(
        self,
        warmup_epochs: int,
        interval: int = 1,
        close: float = 0.0,
        patience: int | None = 10,
    ) -> None:
        super().__init__(warmup_epochs, interval)
        if patience is not None:
            self._check_integer('patience', patience, 1)
        if isinstance(close, bool) or not 0 <= close < 1:
            raise ConfigError(
                f'ReliabilityHook: close must be in [0, 1), got {close!r}. '
                'Write: method_reliability = dict(plan=dict('
                "type='ReliabilityHook', warmup_epochs=10, close=0.0))"
            )
        self.close = close
        self.patience = patience

    def pure_from(self, runner: Runner) -> int | None:
        """``None`` if modalities may be handed back to joint training."""
        return super().pure_from(runner) if self.patience is None else None

    def before_train(self, runner: Runner) -> None:
        """Look for held-out samples and for heads."""
        super().before_train(runner)
        recognizer(runner, 'ReliabilityHook', least=2)
        if runner.val_loop is None or not isinstance(
            runner.val_loop.dataloader.dataset, MultimodalDataset
        ):
            raise ConfigError(
                'ReliabilityHook decides on held-out samples of a '
                'MultimodalDataset, and val_dataloader has none. Write: '
                "held_out = dict(folds=5, fold=0), with by='subject' where "
                'samples belong to subjects'
            )

    def decide(self, runner: Runner) -> dict[str, Tensor]:
        """Predict the held-out samples, and deal the training samples."""
        model = recognizer(runner, 'ReliabilityHook', least=2)
        loader = runner.val_loop.dataloader
        hits, groups = _held_out_hits(model, loader)
        accuracy = hits.mean(dim=0)
        if groups is None:
            upper = wilson_interval(accuracy, len(hits))[1]
        else:
            upper = group_interval(hits, groups)[1]
        before = None if self._state is None else self._state.tensors
        best = torch.full_like(accuracy, -1.0)
        stalled = torch.zeros(len(accuracy), dtype=torch.long)
        if before is not None:
            best, stalled = before['best'], before['stalled']
        rose = accuracy > best
        shares = reliable_shares(
            accuracy, upper, 1 / model.num_classes, self.close
        )
        decision = {
            'accuracy': accuracy,
            'upper': upper,
            'best': torch.maximum(best, accuracy),
            'stalled': torch.where(rose, 0, stalled + 1),
            'shares': shares,
        }
        # All ranks hold the same table; this makes sure of the last bit.
        device = next(model.parameters()).device
        for key, value in decision.items():
            on_device = value.to(device)
            broadcast(on_device, src=0)
            decision[key] = on_device.cpu()
        size = len(runner.train_dataloader.dataset)
        decision['keeps'] = deal_shares(
            decision['shares'], size, epoch_generator(runner)
        )
        self._report(runner, model.modalities, decision, len(hits))
        return decision

    def items(self, decision: Mapping[str, Tensor], runner: Runner) -> Items:
        keeps, joint = decision['keeps'], self._is_joint(decision)
        alone = Items.copies((keeps & ~joint).long())
        rows = (keeps & joint).any(dim=1).nonzero().flatten()
        active = torch.ones(len(rows), keeps.shape[1], dtype=torch.bool)
        return Items.pure(rows, active).join(alone)

    def _is_joint(self, decision: Mapping[str, Tensor]) -> Tensor:
        """Which modalities are handed back, bool ``(K,)``."""
        stalled = decision['stalled']
        if self.patience is None:
            return torch.zeros_like(stalled, dtype=torch.bool)
        return stalled >= self.patience

    def _report(
        self,
        runner: Runner,
        names: Sequence[str],
        decision: Mapping[str, Tensor],
        total: int,
    ) -> None:
        joint = self._is_joint(decision).tolist()
        scalars, parts = {}, []
        for k, name in enumerate(names):
            share, accuracy, upper = (
                float(decision[key][k])
                for key in ('shares', 'accuracy', 'upper')
            )
            scalars[f'reliability/share_{name}'] = share
            scalars[f'reliability/held_out_acc_{name}'] = accuracy
            scalars[f'reliability/upper_{name}'] = upper
            state = ', joint' if joint[k] else ', closed' * (not share)
            parts.append(
                f'{name} {share:.0%} (accuracy {accuracy:.3f}, at most '
                f'{upper:.3f}{state})'
            )
        epoch = runner.epoch + 1
        runner.visualizer.add_scalars(scalars, step=epoch)
        runner.logger.info(
            f'Reliability epoch {epoch}: {"; ".join(parts)}; on {total} '
            'held-out samples'
        )


def _held_out_hits(
    model: AVRecognizer, loader: DataLoader[Any]
) -> tuple[Tensor, list[str] | None]:
    """What each head gets right, ``(N, K)``, and the samples' groups."""
    names = model.modalities

    def compute(
        inputs: Mapping[str, Tensor], active: tuple[str, ...], labels: Tensor
    ) -> Tensor | None:
        if len(active) < len(names):
            return None
        scores = model.run(inputs).scores
        return torch.stack(
            [(scores[n].argmax(dim=1) == labels).float() for n in names], dim=1
        )

    found = collect_rows(model, loader, compute, len(names))
    if not found.seen.any():
        raise ConfigError(
            'ReliabilityHook: none of the held-out samples could be loaded '
            'with all modalities. Check the data set of val_dataloader.'
        )
    dataset: Any = loader.dataset
    part = dataset.part
    groups = None
    if part is not None and part.by is not None:
        column = dataset.column(part.by)
        groups = [str(x) for x in column[found.seen.numpy()]]
    return found.values[found.seen], groups
