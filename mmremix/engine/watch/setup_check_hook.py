"""Stop before training if data and model do not fit."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.datasets import MultimodalDataset
from mmremix.engine.data_facts import DataFacts, check_same_data
from mmremix.engine.unwrap import unwrap
from mmremix.registry import HOOKS

_KEY = 'train_data'


@HOOKS.register_module()
class SetupCheckHook(Hook):
    """Compare classes and modalities of the data sets and the model.

    Every checkpoint says what the training set was, and a run that resumes
    with another one (other classes, modalities, clips, labels, or another
    order) is refused before anything is loaded.

    Example::

        default_hooks = dict(setup_check=dict(type='SetupCheckHook'))

    Raises:
        ValueError: If the number of classes or the modalities differ from
            the model's, or the class names from the training set's; if the
            training set is not that of the run that is resumed; or if the
            model is sharded.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._facts: dict[str, Any] | None = None

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Compare the training set with that of the checkpoint."""
        # It also runs for load_from, where other data are welcome.
        if runner._resume and _KEY in checkpoint:
            check_same_data(checkpoint[_KEY], runner.train_dataloader.dataset)

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Describe the training set."""
        if self._facts is not None:
            checkpoint[_KEY] = self._facts

    def before_train(self, runner: Runner) -> None:
        """Check the training and the validation set."""
        train = runner.train_dataloader.dataset
        refuse_sharding(type(runner.model).__name__)
        if isinstance(train, MultimodalDataset):
            self._facts = DataFacts.of(train).state_dict()
        _check(runner, 'train_dataloader', train)
        if runner.val_loop is None:
            return
        val = runner.val_loop.dataloader.dataset
        if not isinstance(val, MultimodalDataset):
            return
        ours, theirs = (d.metainfo.get('classes') for d in (train, val))
        if ours != theirs:
            raise ValueError(
                'The classes of train_dataloader and val_dataloader differ:\n'
                f'  {ours}\n  {theirs}\n'
                'Name them in both data sets: classes=[...]'
            )

    def before_val(self, runner: Runner) -> None:
        """Check the validation set."""
        _check(runner, 'val_dataloader', runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Check the test set."""
        _check(runner, 'test_dataloader', runner.test_dataloader.dataset)


def refuse_sharding(wrapper: str) -> None:
    """Refuse model wrappers that shard the parameters.

    Raises:
        ValueError: Naming the wrapper that works.
    """
    if 'FullySharded' in wrapper or 'DeepSpeed' in wrapper:
        raise ValueError(
            f'{wrapper} shards the parameters. Remix skips the encoder of a '
            'masked modality, and each rank scores samples of its own '
            'without the others, which a sharded model cannot do: it '
            'gathers its parameters from all ranks at every forward pass. '
            'Leave model_wrapper_cfg out, or write:\n'
            "    model_wrapper_cfg = dict(type='MMDistributedDataParallel', "
            'find_unused_parameters=True)'
        )


def _check(runner: Runner, where: str, dataset: Any) -> None:
    model = unwrap(runner.model)
    if not isinstance(dataset, MultimodalDataset):
        return
    classes = dataset.metainfo.get('classes') or ()
    num_classes = getattr(model, 'num_classes', len(classes))
    if len(classes) != num_classes:
        raise ValueError(
            f'{where} has {len(classes)} classes, {list(classes)}, but the '
            f'model has {num_classes}. Write: '
            f'model=dict(num_classes={len(classes)})'
        )
    modalities = getattr(model, 'modalities', dataset.modalities)
    if tuple(modalities) != dataset.modalities:
        raise ValueError(
            f'{where} has the modalities {dataset.modalities}, but the model '
            f'has encoders for {tuple(modalities)}. Write in every data set, '
            f'in this order: modalities={list(modalities)}'
        )
