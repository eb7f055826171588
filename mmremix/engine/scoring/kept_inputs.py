"""Inputs of evaluation pipelines, decoded once a run."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.dist import all_gather_object, barrier, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.datasets import InputCache, MultimodalDataset
from mmremix.datasets.input_cache import why_not_cached
from mmremix.registry import HOOKS


def keep_inputs(
    runner: Runner,
    dataset: MultimodalDataset,
    cache: bool | Mapping[str, Any] | None,
    name: str,
    content: Any,
) -> None:
    """Let a data set keep its inputs: one cache a machine and run.

    Args:
        runner: The runner; all its ranks call this together.
        dataset: In test mode, before its workers start.
        cache: Arguments of :class:`~mmremix.datasets.InputCache`; ``True``
            for its defaults, where the inputs can be kept and loading them
            costs anything; ``False`` or ``None`` for none.
        name: Of the folder in the work directory.
        content: What the inputs are made from.
    """
    if cache is None or cache is False:
        return
    options = {} if cache is True else dict(cache)
    if cache is True:
        reason = why_not_cached(dataset)
        if reason and not dataset.cheap:
            runner.logger.info(f'{name}: nothing is kept, since {reason}.')
        if reason or dataset.cheap:
            return
    place = Path(runner.work_dir, name)
    if options.get('directory'):
        run = hashlib.sha256(os.path.abspath(runner.work_dir).encode())
        place = Path(options['directory'], f'{run.hexdigest()[:12]}_{name}')
    host = socket.gethostname()
    hosts = all_gather_object(host)
    is_first = hosts.index(host) == get_rank()
    settings = {**options, 'directory': Path(place, host)}
    if not is_first:
        barrier()  # the files are there now
    made = InputCache(dataset, content=repr(content), **settings)
    if is_first:
        barrier()
    dataset.cache = made
    runner.logger.info(
        f'{name} keeps the inputs of {made.num_cached} of {len(dataset)} '
        f'samples in {place}, {made.nbytes / 1e9:.2f} GB'
    )


def drop_inputs(dataset: Any) -> None:
    """Give back the disk space of what :func:`keep_inputs` keeps, if any."""
    cache = getattr(dataset, 'cache', None)
    if isinstance(cache, InputCache):
        cache.remove()
        # Other machines may have theirs beside it.
        with contextlib.suppress(OSError):
            cache.directory.parent.rmdir()
        dataset.cache = None


@HOOKS.register_module()
class EvaluationCacheHook(Hook):
    """Keeps the inputs of the validation, so that it decodes them once a run.

    They are the same at every epoch: evaluation transforms are deterministic.
    Files lie in the work directory and are removed when the run ends.

    Example::

        default_hooks = dict(
            evaluation_cache=dict(
                type='EvaluationCacheHook', cache=dict(limit_gb=5)))

    Args:
        cache: See :func:`keep_inputs`. ``False`` turns it off.
    """

    # Before the hooks that look at the validation set.
    priority = 'VERY_HIGH'

    def __init__(self, cache: bool | Mapping[str, Any] | None = True) -> None:
        self.cache = cache
        self._dataset: MultimodalDataset | None = None

    def before_train(self, runner: Runner) -> None:
        """Attach the cache."""
        if runner.val_loop is None or runner.max_epochs < 2:
            return
        dataset = runner.val_loop.dataloader.dataset
        if not isinstance(dataset, MultimodalDataset):
            return
        cfg = runner.cfg.get('val_dataloader') or {}
        keep_inputs(
            runner,
            dataset,
            self.cache,
            'evaluation_cache',
            cfg.get('dataset'),
        )
        self._dataset = dataset

    def after_run(self, runner: Runner) -> None:
        """Give back the disk space, when no hook evaluates any more."""
        drop_inputs(self._dataset)
