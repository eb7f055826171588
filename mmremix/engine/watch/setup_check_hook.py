"""Stop before training if data and model do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.dist import get_world_size, is_distributed
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.datasets import MultimodalDataset
from mmremix.datasets.identity import DataIdentity, check_same_data
from mmremix.engine.checkpoints.recipe import RECIPE, describe_recipe
from mmremix.engine.unwrap import unwrap
from mmremix.engine.watch.input_lengths import note_lengths
from mmremix.engine.watch.loaded_check import check_loaded
from mmremix.engine.watch.multi_label_check import (
    check_evaluator,
    check_hooks,
)
from mmremix.models.multi_label import check_labels
from mmremix.registry import HOOKS
from mmremix.utils.errors import ConfigError

_KEY = 'train_data'
ORDER = 'modalities'
"""Key in a checkpoint's ``meta``: the encoders' names, in their order."""


@HOOKS.register_module()
class SetupCheckHook(Hook):
    """Compare classes and modalities of the data sets and the model.

    Every checkpoint says what the training set was, and a run that resumes
    with another one (other classes, modalities, clips, labels, or another
    order) is refused before anything is loaded.

    Example::

        default_hooks = dict(setup_check=dict(type='SetupCheckHook'))

    Every checkpoint also says what decides its predictions besides the
    weights (:mod:`~mmremix.engine.checkpoints.recipe`). Testing, resuming
    and starting from one under another config gives a warning that names
    the differences.

    An epoch without a single step (fewer samples than a batch, incomplete
    batches dropped) is refused too: before training, or else before a
    checkpoint is written of it.

    Raises:
        ConfigError: If there is one class only; if the number of classes or
            the modalities differ from the model's, or the class names from
            the training set's; if an epoch has no step; if the model is
            sharded; or if a checkpoint is of another model.
        ValueError: If the training set is not that of the run that is
            resumed.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._facts: dict[str, Any] | None = None
        self._stepped = False

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Compare model and training set with those of the checkpoint."""
        if not isinstance(checkpoint, Mapping):
            raise ConfigError(
                f'{runner._load_from} is no checkpoint: it holds a '
                f'{type(checkpoint).__name__}, not a dict. Name a file of a '
                "run, such as load_from = 'work_dirs/mine/epoch_10.pth'"
            )
        check_order(unwrap(runner.model), checkpoint.get('meta') or {})
        # It also runs for load_from, where other data are welcome.
        if runner._resume and _KEY in checkpoint:
            train = runner.train_dataloader.dataset
            if isinstance(train, MultimodalDataset):
                check_same_data(
                    DataIdentity.from_state_dict(checkpoint[_KEY]), train
                )
        check_loaded(runner, checkpoint)

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Describe the training set and the model."""
        names = getattr(unwrap(runner.model), ORDER, None)
        if names is not None:
            checkpoint['meta'][ORDER] = list(names)
        if runner.cfg.get('model'):
            checkpoint['meta'][RECIPE] = describe_recipe(runner.cfg)
        if self._facts is not None:
            checkpoint[_KEY] = self._facts

    def before_train(self, runner: Runner) -> None:
        """Check the training and the validation set."""
        train = runner.train_dataloader.dataset
        refuse_sharding(type(runner.model).__name__)
        if isinstance(train, MultimodalDataset):
            self._facts = train.identity().state_dict()
        _check(runner, 'train_dataloader', train)
        check_hooks(runner)
        readout = getattr(unwrap(runner.model), 'readout', None)
        if readout is not None and not readout.fixed:
            readout.set({})  # it was chosen for weights that now change
        if len(runner.train_dataloader) == 0:
            raise ConfigError(f'An epoch has no step. {_no_batch(runner)}')
        if isinstance(train, MultimodalDataset) and runner.iter == 0:
            note_lengths(train, runner.logger)
        if runner.val_loop is None:
            return
        check_evaluator(runner, runner.val_loop, 'val_evaluator')
        val = runner.val_loop.dataloader.dataset
        if not isinstance(val, MultimodalDataset):
            return
        ours, theirs = (d.metainfo.get('classes') for d in (train, val))
        if ours != theirs:
            raise ConfigError(
                'The classes of train_dataloader and val_dataloader differ:\n'
                f'  {ours}\n  {theirs}\n'
                'Name them in both data sets: classes=[...]'
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Look for steps; a run that resumes within an epoch had some."""
        self._stepped = getattr(runner.train_loop, 'done', 0) > 0

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Here is one."""
        self._stepped = True

    def after_train_epoch(self, runner: Runner) -> None:
        """Refuse an epoch that Remix has planned without a step."""
        if not self._stepped:
            raise ConfigError(
                f'Epoch {runner.epoch + 1} had no step. {_no_batch(runner)}'
            )

    def before_val(self, runner: Runner) -> None:
        """Check the validation set."""
        _check(runner, 'val_dataloader', runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Check the test set."""
        _check(runner, 'test_dataloader', runner.test_dataloader.dataset)
        check_evaluator(runner, runner.test_loop, 'test_evaluator')


def refuse_sharding(wrapper: str) -> None:
    """Refuse model wrappers that shard the parameters.

    Raises:
        ConfigError: Naming the wrapper that works.
    """
    if 'FullySharded' in wrapper or 'DeepSpeed' in wrapper:
        raise ConfigError(
            f'{wrapper} shards the parameters. Remix skips the encoder of a '
            'masked modality, and each rank scores samples of its own '
            'without the others, which a sharded model cannot do: it '
            'gathers its parameters from all ranks at every forward pass. '
            'Leave model_wrapper_cfg out, or write:\n'
            "    model_wrapper_cfg = dict(type='MMDistributedDataParallel', "
            'find_unused_parameters=True)'
        )


def check_order(model: Any, meta: Mapping[str, Any]) -> None:
    """Refuse weights of a model whose encoders came in another order.

    Names and shapes of the weights are the same then, but a fusion head
    takes the features in that order.

    Raises:
        ConfigError: Naming the right order.
    """
    names, wanted = list(getattr(model, ORDER, ())), meta.get(ORDER)
    if wanted and names != wanted and sorted(names) == sorted(wanted):
        raise ConfigError(
            f'The checkpoint was trained with encoders in the order {wanted},'
            f' this model has {names}, and the fusion head would take one '
            'for the other. (mmengine sorts the keys of configs it prints.) '
            'Write in the config:\n    model = dict(encoders=dict('
            + ', '.join(f'{name}=...' for name in wanted)
            + '))'
        )


def _check(runner: Runner, where: str, dataset: Any) -> None:
    model = unwrap(runner.model)
    if not isinstance(dataset, MultimodalDataset):
        return
    classes = dataset.metainfo.get('classes') or ()
    num_classes = getattr(model, 'num_classes', len(classes))
    if len(classes) == 1 and where == 'train_dataloader':
        raise ConfigError(
            f'{where} has one class, {list(classes)}: there is nothing to '
            'learn. Name all of them, classes=[...], or add clips of another '
            'one.'
        )
    if len(classes) != num_classes:
        raise ConfigError(
            f'{where} has {len(classes)} classes, {list(classes)}, but the '
            f'model has {num_classes}. Write: '
            f'model=dict(num_classes={len(classes)})'
            + _from_1(dataset, classes)
        )
    modalities = getattr(model, 'modalities', dataset.modalities)
    if set(modalities) != set(dataset.modalities):
        raise ConfigError(
            f'{where} has the modalities {dataset.modalities}, but the model '
            f'has encoders for {tuple(modalities)}. Write in every data set: '
            f'modalities={list(modalities)}'
        )
    if hasattr(model, 'criterion'):
        check_labels(model, dataset.multi_label)


def _from_1(dataset: MultimodalDataset, classes: Sequence[str]) -> str:
    """What to say of classes by number of which the first has no sample."""
    numbers = [str(number) for number in range(len(classes))]
    if dataset.multi_label or list(classes) != numbers:
        return ''
    first = min(dataset.labels(), default=0)
    if first < 1:
        return ''
    return (
        f'\nBut classes count from 0, and the labels here begin at {first}. '
        f'If {first} is the first class, write label - {first} into the file.'
    )


def _no_batch(runner: Runner) -> str:
    loader = runner.train_dataloader
    size = getattr(loader.batch_sampler, 'batch_size', loader.batch_size)
    ranks = f' on each of {get_world_size()} ranks' * is_distributed()
    keep = (
        "batch_sampler=dict(type='RemixSampler', tail='fixed')"
        if hasattr(loader.batch_sampler, 'tail')
        else 'drop_last=False'
    )
    return (
        f'{len(loader.dataset)} samples make no whole batch of {size}{ranks}, '
        'and incomplete ones are dropped. Write a smaller batch, or keep '
        'incomplete ones:\n'
        f'    train_dataloader = dict(batch_size={max(size // 8, 1)})\n'
        f'    train_dataloader = dict({keep})'
    )
