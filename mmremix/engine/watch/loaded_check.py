"""Whether a checkpoint is one for the model and the data of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.runner import BaseLoop, Runner

from mmremix.datasets import MultimodalDataset
from mmremix.datasets.identity import DataIdentity
from mmremix.engine.checkpoints.recipe import RECIPE, recipe_warning
from mmremix.engine.checkpoints.weights import check_any_fits, check_weights
from mmremix.engine.unwrap import unwrap
from mmremix.utils.errors import ConfigError


def check_loaded(runner: Runner, checkpoint: Mapping[str, Any]) -> None:
    """Compare weights, recipe, classes and data with those of a run.

    Args:
        runner: That tests, resumes or starts from the weights.
        checkpoint: What it has read, before it takes anything from it.

    Raises:
        ConfigError: If weights are missing, unknown or of another shape (of
            ``load_from`` in training: if none fits), or if a test set has
            the classes of the checkpoint in another order.
    """
    training = isinstance(runner._train_loop, BaseLoop)
    name = str(runner._load_from or 'The checkpoint')
    meta = checkpoint.get('meta') or {}
    state = checkpoint.get('state_dict', checkpoint)
    model = unwrap(runner.model)
    if hasattr(model, 'modalities'):
        fresh = training and not runner._resume
        check = check_any_fits if fresh else check_weights
        check(model.state_dict(), state, name)
    stored = meta.get(RECIPE)
    if isinstance(stored, Mapping):
        warning = recipe_warning(name, stored, runner.cfg)
        if warning:
            runner.logger.warning(warning)
    else:
        runner.logger.info(
            f'{name} does not say what it was trained with (an earlier '
            'version, or another program, wrote it): fusion and recipe are '
            'not compared.'
        )
    dataset = _dataset(runner, training)
    if isinstance(dataset, MultimodalDataset) and not runner._resume:
        _compare_classes(runner, name, meta, dataset, training)
        if training:
            _note_other_data(runner, name, checkpoint, dataset)


def _dataset(runner: Runner, training: bool) -> Any:
    """What is trained on, tested or validated; None before any loop."""
    if training:
        return runner.train_dataloader.dataset
    for loop in (runner._test_loop, runner._val_loop):
        if isinstance(loop, BaseLoop):
            return loop.dataloader.dataset
    return None


def _compare_classes(
    runner: Runner,
    name: str,
    meta: Mapping[str, Any],
    dataset: MultimodalDataset,
    training: bool,
) -> None:
    theirs = (meta.get('dataset_meta') or {}).get('classes')
    ours = dataset.metainfo.get('classes')
    if not theirs or not ours:
        return
    theirs, ours = list(map(str, theirs)), list(map(str, ours))
    if theirs == ours:
        return
    if training:
        runner.logger.warning(
            f'{name} was trained with other classes, {theirs}; this run '
            f'has {ours}. What its heads have learnt is of those.'
        )
    elif sorted(theirs) == sorted(ours):
        raise ConfigError(
            f'{name} was trained with the classes in the order {theirs}, '
            f'the data set has {ours}: one would be counted as the other. '
            f'Write in the data set:\n    classes={theirs}'
        )
    elif len(theirs) == len(ours):  # another number is refused anyway
        runner.logger.warning(
            f'{name} was trained with other classes, {theirs}, than those it '
            f'is tested on, {ours}: class by class, one counts as the other. '
            'The accuracies mean nothing unless these are other names of the '
            'same.'
        )


def _note_other_data(
    runner: Runner,
    name: str,
    checkpoint: Mapping[str, Any],
    dataset: MultimodalDataset,
) -> None:
    try:
        stored = DataIdentity.from_state_dict(checkpoint['train_data'])
    except (KeyError, TypeError, ValueError):
        return  # of another version: nothing to compare
    found = stored.differences(
        dataset.identity(), 'in the checkpoint', 'in train_dataloader'
    )
    if found:
        runner.logger.info(
            f'The weights of {name} were trained on other data:\n  '
            + '\n  '.join(found)
        )
