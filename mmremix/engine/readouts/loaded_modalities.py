"""A test loads what its answers are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.datasets import MultimodalDataset
from mmremix.engine.unwrap import unwrap
from mmremix.evaluation.readouts import shown_subsets
from mmremix.models import AVRecognizer
from mmremix.registry import HOOKS


@HOOKS.register_module()
class LoadedModalitiesHook(Hook):
    """Restrict a test to the modalities that the read-out listens to.

    ``mmremix.apis.test`` registers it. The others are neither decoded nor
    encoded.

    Example::

        custom_hooks = [dict(type='LoadedModalitiesHook', subsets=True)]

    Args:
        subsets: Load all instead, and let the model predict with every set
            of modalities too.
    """

    def __init__(self, subsets: bool = False) -> None:
        self.subsets = subsets

    def before_test(self, runner: Runner) -> None:
        """Tell the data sets, or the model."""
        model = unwrap(runner.model)
        if not isinstance(model, AVRecognizer):
            return
        keeps = None if self.subsets else model.read_modalities
        model.subsets = shown_subsets(model.modalities) * self.subsets
        for dataset in inner_datasets(runner.test_dataloader.dataset):
            dataset.keeps = keeps
        left = [n for n in model.modalities if keeps and n not in keeps]
        if left:
            runner.logger.info(
                f'The read-out {model.readout.weights} leaves out {left}: '
                'not loaded.'
            )

    def after_test(self, runner: Runner) -> None:
        """As it was."""
        model = unwrap(runner.model)
        if isinstance(model, AVRecognizer):
            model.subsets = ()
            for dataset in inner_datasets(runner.test_dataloader.dataset):
                dataset.keeps = None


def inner_datasets(dataset: Any) -> Iterator[MultimodalDataset]:
    """The data sets within wrappers that load single modalities."""
    if isinstance(dataset, MultimodalDataset):
        yield dataset
        return
    inner = [getattr(dataset, 'dataset', None)]
    for part in (*inner, *(getattr(dataset, 'datasets', None) or ())):
        if part is not None:
            yield from inner_datasets(part)
