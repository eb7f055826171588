"""Watch whether the modalities pull the weights in the same direction."""

from __future__ import annotations

import copy
import time
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.datasets import MultimodalDataset, multimodal_collate
from mmremix.datasets.stand_ins import replaced_by
from mmremix.engine.unwrap import unwrap
from mmremix.engine.watch.gradient_conflict import compare_gradients
from mmremix.models import AVRecognizer
from mmremix.models.multi_label import batch_labels
from mmremix.registry import HOOKS


@HOOKS.register_module()
class GradientConflictHook(Hook):
    """Log cosines and angles between gradients on a fixed probe batch.

    For each encoder: the gradient of the modality's own loss against that of
    the fused loss. For the fusion head: each modality alone against all
    together, and the modalities against each other. What is computed says
    :func:`~mmremix.engine.compare_gradients`. Scalars, in degrees for
    angles, at the number of the epoch from 1 (by iterations: of the
    iteration): ``gradient/cos_<name>``, ``gradient/angle_<name>``,
    ``gradient/norm_own_<name>``, ``gradient/norm_fused_<name>``,
    ``gradient/head_cos_<name>``, ``gradient/head_angle_<name>``,
    ``gradient/head_cos_<one>-<other>`` and
    ``gradient/head_angle_<one>-<other>``.

    Example::

        default_hooks = dict(
            gradient_conflict=dict(type='GradientConflictHook', interval=5))

    The probe is drawn once from the training samples, by ``seed``, and goes
    through the evaluation transforms; samples that cannot be loaded are
    passed over. The run itself does not change: it ends with the same bits
    as without the hook. Where there is nothing to measure (another model
    than :class:`~mmremix.models.AVRecognizer`, other data sets, no
    evaluation transforms) a warning says so, and the run goes on. In a
    distributed run the main process measures, with the unwrapped model and
    without talking to the others, which wait.

    A probe costs one forward and two backward passes over its samples, as
    much as training on 5/3 of them with all modalities (8/3 for a fusion
    between the stages of the encoders: MMTM, CentralNet). What was measured
    is in docs/imbalance.md: under 1 % of an epoch of 750 samples.

    Args:
        interval: Epochs (or iterations) from one probe to the next; 0 to
            measure nothing.
        by_epoch: Whether ``interval`` counts epochs.
        batch_size: Samples of the probe, or all if there are fewer. They are
            decoded at the first probe and stay in main memory. Defaults to
            those of a training batch, at most 32.
        seed: Which samples are drawn.

    Raises:
        ValueError: If ``interval`` is negative or ``batch_size`` is not
            positive, or, at the first probe, if no training sample can be
            loaded.

    Attributes:
        found: What was measured last, without the prefix ``gradient/``; on
            the main process.
    """

    takes_multi_label = False

    # After the epoch's timers and log.
    priority = 'LOW'

    def __init__(
        self,
        interval: int = 5,
        by_epoch: bool = True,
        batch_size: int | None = None,
        seed: int = 0,
    ) -> None:
        for name, value, least in (
            ('interval', interval, 0),
            ('batch_size', 1 if batch_size is None else batch_size, 1),
        ):
            if value < least:
                raise ValueError(
                    f'GradientConflictHook: {name} must be at least {least}, '
                    f"got {value}. Write: dict(type='GradientConflictHook', "
                    'interval=5, batch_size=32)'
                )
        self.interval = interval
        self.by_epoch = by_epoch
        self.batch_size = batch_size
        self.seed = seed
        self.found: dict[str, float] = {}
        self._dataset: MultimodalDataset | None = None
        self._batch: dict[str, Any] | None = None

    def before_train(self, runner: Runner) -> None:
        """Find samples and transforms."""
        self._batch = None
        if self.interval == 0:
            return
        self._dataset, obstacle = _find(runner)
        if obstacle:
            runner.logger.warning(
                f'GradientConflictHook: nothing will be logged: {obstacle}'
            )

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Measure, if iterations count."""
        if not self.by_epoch and self.every_n_train_iters(
            runner, self.interval
        ):
            self._measure(runner, runner.iter + 1)

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure, if epochs count."""
        if self.by_epoch and self.every_n_epochs(runner, self.interval):
            self._measure(runner, runner.epoch + 1)

    def _measure(self, runner: Runner, step: int) -> None:
        if self._dataset is None or not is_main_process():
            return
        start = time.perf_counter()
        found, samples = self.compare(runner)
        runner.visualizer.add_scalars(
            {f'gradient/{name}': value for name, value in found.items()},
            step=step,
        )
        unit = 'epoch' if self.by_epoch else 'iteration'
        seconds = time.perf_counter() - start
        runner.logger.info(
            f'Gradients, {unit} {step}: {_angles(found)} ({samples} '
            f'samples in {seconds:.1f} s)'
        )

    def compare(self, runner: Runner) -> tuple[dict[str, float], int]:
        """Measure, after :meth:`before_train`.

        Returns:
            See :func:`~mmremix.engine.compare_gradients`, and of how many
            samples; nothing where there is nothing to measure.
        """
        if self._dataset is None:
            return {}, 0
        if self._batch is None:
            # No more than a training step is known to have room for.
            largest = runner.train_dataloader.batch_sampler.batch_size
            self._batch = self._draw(self.batch_size or min(32, largest))
        model: AVRecognizer = unwrap(runner.model)
        data = model.data_preprocessor(self._batch, False)
        device = next(model.parameters()).device
        labels = batch_labels(data['data_samples'])
        self.found = compare_gradients(
            model, data['inputs'], labels.to(device)
        )
        return self.found, len(labels)

    def _draw(self, size: int) -> dict[str, Any]:
        """Load the probe, collated."""
        dataset = self._dataset
        assert dataset is not None, 'before_train has not run'
        generator = torch.Generator().manual_seed(self.seed)
        order = torch.randperm(len(dataset), generator=generator).tolist()
        # Directions are of samples that have everything.
        presence = dataset.presence()
        if presence is not None:
            order = [i for i in order if presence[i].all()]
        samples = []
        for index in order:
            # Seeded by the index, in test mode.
            sample = dataset[index]
            if replaced_by(sample['data_samples']) is None:
                samples.append(sample)
            if len(samples) == size:
                break
        if not samples:
            raise ValueError(
                f'GradientConflictHook: none of the {len(order)} training '
                'samples with all modalities could be loaded. Check '
                'data_root, or leave the hook out.'
            )
        return multimodal_collate(samples)


def _find(runner: Runner) -> tuple[MultimodalDataset | None, str]:
    """The training samples with evaluation transforms, or why not."""
    model = unwrap(runner.model)
    if not isinstance(model, AVRecognizer):
        return (
            None,
            f'the model is no AVRecognizer, but {type(model).__name__}',
        )
    train = runner.train_dataloader.dataset
    # Not the test set's: it need not be on this machine.
    loop = runner.val_loop
    if loop is None:
        return None, (
            'it takes the transforms of val_dataloader, and there is none'
        )
    other = loop.dataloader.dataset
    for dataset in (train, other):
        if not isinstance(dataset, MultimodalDataset):
            return None, (
                'it needs data sets that derive from MultimodalDataset, as '
                f'AVDataset does, not {type(dataset).__name__}'
            )
    dataset = copy.copy(train)
    dataset.pipeline = other.pipeline
    dataset.test_mode = True
    return dataset, ''


def _angles(found: dict[str, float]) -> str:
    """What the log says."""
    parts = []
    for prefix, title in (
        ('angle_', 'own against fused loss'),
        ('head_angle_', 'in the fusion head, alone against together'),
    ):
        angles = [
            f'{name.removeprefix(prefix).replace("-", " against ")} '
            f'{value:.0f}°'
            for name, value in found.items()
            if name.startswith(prefix)
        ]
        if angles:
            parts.append(f'{title}, {", ".join(angles)}')
    return '; '.join(parts) or 'none to compare'
