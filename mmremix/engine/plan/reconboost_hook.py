"""ReconBoost's stages: one modality for some epochs, then all."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from mmengine.runner import Runner
from torch import Tensor

from mmremix.engine.plan.plan_hook import PlanHook
from mmremix.engine.unwrap import recognizer
from mmremix.methods.reconboost import ReconBoost
from mmremix.registry import HOOKS
from mmremix.remix import Items


def stage_of(
    epoch: int, num_modalities: int, stage_epochs: int, rectify_epochs: int
) -> int | None:
    """Column of the modality whose turn it is; ``None`` for all of them.

    Args:
        epoch: From 0.
        num_modalities: K.
        stage_epochs: Epochs of one modality.
        rectify_epochs: Epochs of all that follow them.
    """
    stage, within = divmod(epoch, stage_epochs + rectify_epochs)
    return stage % num_modalities if within < stage_epochs else None


@HOOKS.register_module()
class ReconBoostHook(PlanHook):
    """Stages of ReconBoost, ICML 2024 (arXiv 2405.09321).

    Stage s trains modality s mod K alone for ``stage_epochs`` epochs, and
    then all modalities for ``rectify_epochs``. All are loaded throughout, for
    the loss, :class:`~mmremix.methods.ReconBoost`.

    Example::

        method_reconboost = dict(
            plan=dict(type='ReconBoostHook', stage_epochs=4), ...)

    Args:
        stage_epochs: Epochs of one modality.
        rectify_epochs: Epochs of all modalities after each stage.

    Raises:
        ValueError: If a number is out of range, or, before training, if the
            model has no :class:`~mmremix.methods.ReconBoost` or a sample
            lacks a modality.
    """

    takes_multi_label = False

    title = 'boosting'
    loads_masked = True

    def __init__(self, stage_epochs: int = 4, rectify_epochs: int = 4) -> None:
        super().__init__()
        for name, value, least in (
            ('stage_epochs', stage_epochs, 1),
            ('rectify_epochs', rectify_epochs, 0),
        ):
            if not isinstance(value, int) or value < least:
                raise ValueError(
                    f'ReconBoostHook: {name} must be an integer >= {least}, '
                    f"got {value!r}. Write: dict(type='ReconBoostHook', "
                    'stage_epochs=4, rectify_epochs=4)'
                )
        self.stage_epochs = stage_epochs
        self.rectify_epochs = rectify_epochs

    def pure_from(self, runner: Runner) -> int | None:
        """0 if no epochs with all modalities follow the stages."""
        return None if self.rectify_epochs else super().pure_from(runner)

    def before_train(self, runner: Runner) -> None:
        """Check that the loss is there, and that the run is long enough."""
        super().before_train(runner)
        model = recognizer(runner, 'ReconBoostHook', least=2)
        if not any(isinstance(m, ReconBoost) for m in model.methods.values()):
            raise ValueError(
                'ReconBoostHook makes stages for the loss of ReconBoost, '
                'which the model does not have. Write: method_reconboost = '
                "dict(plan=dict(type='ReconBoostHook'), "
                "step=dict(type='ReconBoost'), ...)"
            )
        presence = runner.train_dataloader.dataset.presence()
        if presence is not None and not presence.all():
            raise ValueError(
                f'ReconBoost compares each modality with all others, and '
                f'{int((~presence.all(axis=1)).sum())} of {len(presence)} '
                'training samples lack one. Leave these out, '
                'filter_cfg=dict(...), or the method: method_reconboost = None'
            )
        count = len(model.modalities)
        epochs = runner.train_loop.max_epochs
        turns = {self._stage(epoch, count) for epoch in range(epochs)}
        without = [n for i, n in enumerate(model.modalities) if i not in turns]
        if without:
            each = self.stage_epochs + self.rectify_epochs
            runner.logger.warning(
                f'ReconBoostHook: in {epochs} epochs {", ".join(without)} '
                f'will never have a stage. A round takes {count * each} '
                'epochs: train longer, or write shorter stages: '
                "plan=dict(type='ReconBoostHook', stage_epochs=1, "
                'rectify_epochs=1)'
            )

    def decide(self, runner: Runner) -> dict[str, Tensor]:
        return {}

    def items(self, decision: Mapping[str, Tensor], runner: Runner) -> Items:
        dataset = runner.train_dataloader.dataset
        size, count = len(dataset), len(dataset.modalities)
        turn = self._stage(runner.epoch, count)
        if turn is None:
            return Items.complete(size, count)
        return Items.one_each(torch.full((size,), turn), count)

    def _stage(self, epoch: int, num_modalities: int) -> int | None:
        return stage_of(
            epoch, num_modalities, self.stage_epochs, self.rectify_epochs
        )
