"""Every sample to all: once with each modality alone."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from mmengine.runner import Runner
from torch import Tensor

from mmremix.engine.plan.plan_hook import PlanHook
from mmremix.engine.scoring.part import epoch_generator
from mmremix.registry import HOOKS
from mmremix.remix import Items
from mmremix.utils.errors import ConfigError


@HOOKS.register_module()
class EveryModalityHook(PlanHook):
    """Every sample once with each modality alone, in every epoch.

    With ``order='alternate'`` the same batch comes once a modality, in turn
    (alternating training, as MLA wants it). Nothing is scored. An epoch has
    K times the steps of a joint one, and runs each encoder once on every
    sample, as a joint one does.

    Example::

        method_every_modality = dict(
            plan=dict(type='EveryModalityHook', warmup_epochs=10))

    Args:
        warmup_epochs: See :class:`PlanHook`.
        joint_share: Share of the samples, drawn anew for each epoch, that
            come once with all modalities instead; 0.5 is "half joint, half
            to all". Each encoder still sees every sample once.

    Raises:
        ConfigError: If ``joint_share`` is not in [0, 1).
    """

    title = 'every modality'
    changes_size = True

    def __init__(
        self, warmup_epochs: int = 0, joint_share: float = 0.0
    ) -> None:
        super().__init__(warmup_epochs)
        if isinstance(joint_share, bool) or not 0 <= joint_share < 1:
            raise ConfigError(
                'EveryModalityHook: joint_share must be in [0, 1), got '
                f'{joint_share!r}. Write: method_every_modality = dict('
                "plan=dict(type='EveryModalityHook', joint_share=0.5))"
            )
        self.joint_share = joint_share

    def pure_from(self, runner: Runner) -> int | None:
        """``None`` with a share of joint samples."""
        return None if self.joint_share else super().pure_from(runner)

    def decide(self, runner: Runner) -> dict[str, Tensor]:
        if not self.joint_share:
            return {}
        size = len(runner.train_dataloader.dataset)
        order = torch.randperm(size, generator=epoch_generator(runner))
        joint = torch.zeros(size, dtype=torch.bool)
        joint[order[: round(self.joint_share * size)]] = True
        return {'joint': joint}

    def items(self, decision: Mapping[str, Tensor], runner: Runner) -> Items:
        dataset = runner.train_dataloader.dataset
        size, number = len(dataset), len(dataset.modalities)
        if 'joint' not in decision:
            return Items.every_modality(size, number)
        joint = decision['joint']
        whole = Items.pure(
            joint.nonzero().flatten(),
            torch.ones(int(joint.sum()), number, dtype=torch.bool),
        )
        alone = (~joint).long()[:, None].expand(-1, number)
        return whole.join(Items.copies(alone))
