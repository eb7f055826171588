"""Connect the methods of the model with the run."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import broadcast, is_distributed
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.engine.one_modality import warn_of_one
from mmremix.engine.plan.plan_hook import PlanHook
from mmremix.engine.step.optim_wrappers import GradientPlace
from mmremix.engine.unwrap import unwrap
from mmremix.methods import Clock, Method
from mmremix.models import AVRecognizer, StagedFusionHead, TokenFusionHead
from mmremix.registry import HOOKS
from mmremix.utils.errors import ConfigError


@HOOKS.register_module()
class MethodHook(Hook):
    """Checks the methods of a model before training, and serves them.

    It tells them the epoch, gives them the gradients and logs what they
    record. A combination that cannot work is refused with the reason.

    Example::

        default_hooks = dict(methods=dict(type='MethodHook'))

    Raises:
        ConfigError: If the config has methods that were not applied, if a
            method does not fit the model or the plan of the epochs, or if the
            optimiser wrapper has no place for it.
    """

    # Its values are in the outputs before DeferredInfoHook reads these.
    priority = 'HIGHEST'

    def __init__(self) -> None:
        self._methods: dict[str, Method] = {}
        self._seed = 0

    def before_run(self, runner: Runner) -> None:
        """Refuse methods of the config that nobody put to their places."""
        left = [key for key in runner.cfg if key.startswith('method_')]
        if left:
            raise ConfigError(
                f'The config turns on {left}, but mmengine does not know '
                'such keys. Load and run it with mmremix:\n'
                '    from mmremix.apis import build_runner, load_config\n'
                '    runner = build_runner(load_config(PATH))'
            )

    def before_train(self, runner: Runner) -> None:
        """Check, and connect the gradients."""
        model = unwrap(runner.model)
        self._methods = {}
        if not isinstance(model, AVRecognizer) or not model.methods:
            return
        self._methods = dict(model.methods.items())
        for name, method in self._methods.items():
            _check_model(name, method, model)
            _check_plan(name, method, runner)
            off = f'method_{name} = None'
            warn_of_one(runner, type(method).__name__, model.modalities, off)
        wrapper = runner.optim_wrapper
        if isinstance(wrapper, GradientPlace):
            wrapper.attach(model)
        elif _acts_on_gradients(self._methods):
            raise ConfigError(
                f'{_acts_on_gradients(self._methods)} act on gradients, but '
                f'{type(wrapper).__module__}.{type(wrapper).__name__} has no '
                'place for them. Write:\n    optim_wrapper = dict('
                "type='mmremix.OptimWrapper', ...)"
            )
        # With diff_rank_seed each rank has its own.
        seed = torch.tensor([runner.seed])
        broadcast(seed, src=0)
        self._seed = int(seed)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Set the clock."""
        if self._methods:
            clock = Clock(
                runner.epoch,
                runner.train_loop.max_epochs,
                runner.iter,
                self._seed,
                batch_idx / len(runner.train_dataloader),
            )
            for method in self._methods.values():
                method.set_clock(clock)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Put what the methods recorded beside the losses."""
        for name, method in self._methods.items():
            for key, value in method.take_records().items():
                if outputs is not None:
                    outputs[f'{name}/{key}'] = value


def _acts_on_gradients(methods: dict[str, Method]) -> list[str]:
    return [
        name
        for name, method in methods.items()
        if method.overrides('edit_gradients') or method.overrides('combine')
    ]


def _check_model(name: str, method: Method, model: AVRecognizer) -> None:
    kind = type(method).__name__
    count, most = len(model.modalities), method.max_modalities
    if most is not None and count > most:
        raise ConfigError(
            f'{kind}: its formula is for at most {most} modalities, the '
            f'model has {count}: {model.modalities}. Leave some out: '
            f'encoders=dict({model.modalities[-1]}=None), or the method: '
            f'method_{name} = None'
        )
    if method.compares_modalities and count < 2:
        raise ConfigError(
            f'{kind} compares modalities, and there is only '
            f'{model.modalities}. Write: method_{name} = None'
        )
    staged = isinstance(model.fusion, StagedFusionHead)
    if method.needs_late_fusion and staged:
        raise ConfigError(
            f'{kind} acts on one encoder by its feature, but '
            f'{type(model.fusion).__name__} lets the modalities meet between '
            "the encoders' stages: each encoder's gradient then comes through "
            'the others too. Write: model=dict(fusion=dict(_delete_=True, '
            "type='ConcatFusionHead'))"
        )
    edits = [p for p in ('features', 'into_fusion') if method.overrides(p)]
    if (
        isinstance(model.fusion, TokenFusionHead)
        and edits
        and not method.takes_tokens
    ):
        raise ConfigError(
            f'{kind} changes the feature vectors ({", ".join(edits)}), but '
            f'{type(model.fusion).__name__} fuses tokens and would not see '
            'it. Write: model=dict(fusion=dict(_delete_=True, '
            "type='ConcatFusionHead')), or let the method change "
            'output.tokens and set takes_tokens = True'
        )
    method.check(model)


def _check_plan(name: str, method: Method, runner: Runner) -> None:
    kind = type(method).__name__
    sampler = runner.train_dataloader.batch_sampler
    mixed = not getattr(sampler, 'reassemble', True)
    if mixed and is_distributed():
        raise ConfigError(
            f'{kind} computes over the batches of all ranks, which '
            'reassemble=False fills with other sets of modalities. Write: '
            "batch_sampler=dict(type='RemixSampler', reassemble=True)"
        )
    plans = [h for h in runner.hooks if isinstance(h, PlanHook)]
    if method.needs_pure_batches and not (
        plans and getattr(sampler, 'decouple', True)
    ):
        raise ValueError(
            f'{kind} acts in batches that keep one modality, of which there '
            f'are none. Write:\n    method_{name} = dict('
            "plan=dict(type='EveryModalityHook'))\n    train_dataloader = "
            "dict(batch_sampler=dict(decouple=True, order='alternate'))"
        )
    if not method.compares_modalities or not plans:
        return
    pure_from = plans[0].pure_from(runner)
    if pure_from is None:
        return
    hook = type(plans[0]).__name__
    if pure_from == 0:
        raise ConfigError(
            f'{kind} compares the modalities within a batch, but with {hook} '
            'every batch holds one modality only. Write: '
            f'method_{name} = None, or give it a warm-up '
            '(warmup_epochs=10) or joint batches '
            "(batch_sampler=dict(type='RemixSampler', joint_share=0.3))"
        )
    runner.logger.warning(
        f'{kind} compares the modalities within a batch: with {hook} it acts '
        f'in the first {pure_from} epochs only, on batches with all '
        'modalities.'
    )
