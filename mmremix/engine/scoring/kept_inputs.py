"""Inputs of evaluation pipelines, decoded once a run."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import pickle
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.dist import all_gather_object, barrier, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmremix.datasets import InputCache, MultimodalDataset
from mmremix.datasets.input_cache import check_options
from mmremix.datasets.keepable import NotKeptError
from mmremix.registry import HOOKS
from mmremix.utils.errors import ConfigError

Cache = bool | Mapping[str, Any] | None
"""Arguments of :class:`~mmremix.datasets.InputCache`; ``True`` for its
defaults, where the inputs can be kept and loading them costs anything;
``False`` or ``None`` for none."""


def checked_cache(cache: Cache) -> Cache:
    """What a config says, if it makes sense.

    Raises:
        ConfigError: If not.
    """
    if isinstance(cache, Mapping):
        check_options(cache)
    elif cache is not None and not isinstance(cache, bool):
        raise ConfigError(
            f'cache must be True, False or a dict, got {cache!r}. Write: '
            'cache=True, or cache=dict(limit_gb=5)'
        )
    return cache


def keep_inputs(
    runner: Runner, dataset: MultimodalDataset, cache: Cache, name: str
) -> None:
    """Let a data set keep its inputs: one cache a machine and run.

    The first rank of a machine makes the files, and decides for all of them
    how large they are. By default, where the inputs cannot be kept, the log
    says why, and they are loaded each time.

    Args:
        runner: The runner; all its ranks call this together.
        dataset: In test mode, before its workers start.
        cache: See :data:`Cache`.
        name: Of the folder in the work directory. What it holds, of a run
            that was ended, is deleted.

    Raises:
        NotKeptError: If the inputs cannot be kept, and it was asked for.
        OSError: If the disk is too small, and it was asked for.
    """
    if cache is None:
        return
    dataset.cache = None  # of a run that was ended
    place = Path(runner.work_dir, name)
    if cache is False or (cache is True and dataset.cheap):
        if get_rank() == 0:
            shutil.rmtree(place, ignore_errors=True)
        return
    options = {} if cache is True else dict(cache)
    if options.get('directory'):
        run = hashlib.sha256(os.path.abspath(runner.work_dir).encode())
        folder = Path(options['directory']).expanduser()
        place = folder / f'{run.hexdigest()[:12]}_{name}'
    host = f'{socket.gethostname()}-{_boot()}'
    hosts = all_gather_object(host)
    is_first = hosts.index(host) == get_rank()
    if is_first:
        shutil.rmtree(place, ignore_errors=True)
    barrier()
    options['directory'] = place / host
    made = _make(dataset, options) if is_first else None
    every = all_gather_object(made)
    by_default = (NotKeptError, OSError) if cache is True else ()
    # All ranks end together: the others would wait.
    for error in every:
        if isinstance(error, Exception) and not isinstance(error, by_default):
            raise error
    found = every[hosts.index(host)]
    if isinstance(found, InputCache):
        dataset.cache = found
        if is_first:
            atexit.register(_remove, found, os.getpid())
        runner.logger.info(
            f'{name} keeps the inputs of {found.num_cached} of '
            f'{len(dataset)} samples in {place}, {found.nbytes / 1e9:.2f} GB'
        )
        return
    if isinstance(found, NotKeptError):
        runner.logger.info(f'{name}: nothing is kept, since {found.reason}.')
    else:
        runner.logger.warning(f'{name}: nothing is kept, since {found}.')


def _make(
    dataset: MultimodalDataset, options: Mapping[str, Any]
) -> InputCache | Exception:
    """What went wrong is for all ranks, which wait for it."""
    try:
        return InputCache(dataset, **options)
    except Exception as error:
        with contextlib.suppress(OSError):
            options['directory'].parent.rmdir()
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301  its own
        except Exception:
            return RuntimeError(f'{type(error).__name__}: {error}')
        return error


def _boot() -> str:
    """Sets machines of one name apart."""
    try:
        return Path('/proc/sys/kernel/random/boot_id').read_text()[:8]
    except OSError:
        return ''


def drop_inputs(dataset: Any) -> None:
    """Give back the disk space of what :func:`keep_inputs` keeps, if any."""
    cache = getattr(dataset, 'cache', None)
    if isinstance(cache, InputCache):
        _remove(cache, os.getpid())
        dataset.cache = None


def _remove(cache: InputCache, process: int) -> None:
    """Delete the files, if this is no fork of the process."""
    if process != os.getpid():
        return
    cache.remove()
    # Other machines may have theirs beside it.
    with contextlib.suppress(OSError):
        cache.directory.parent.rmdir()


@HOOKS.register_module()
class EvaluationCacheHook(Hook):
    """Keeps the inputs of the validation, so that it decodes them once a run.

    They are the same at every epoch: evaluation transforms are deterministic.
    Files lie in the work directory and are deleted when training ends, also
    by an error or Ctrl-C. A run that was killed leaves them to the next one
    in the same work directory.

    Example::

        default_hooks = dict(
            evaluation_cache=dict(
                type='EvaluationCacheHook', cache=dict(limit_gb=5)))

    Args:
        cache: See :data:`Cache`.

    Raises:
        ConfigError: On arguments that make no sense.
    """

    # Before the hooks that look at the validation set.
    priority = 'VERY_HIGH'

    def __init__(self, cache: Cache = True) -> None:
        self.cache = checked_cache(cache)
        self._dataset: MultimodalDataset | None = None

    def before_train(self, runner: Runner) -> None:
        """Attach the cache."""
        if runner.val_loop is None or runner.max_epochs < 2:
            return
        dataset = runner.val_loop.dataloader.dataset
        if not isinstance(dataset, MultimodalDataset):
            return
        keep_inputs(runner, dataset, self.cache, 'evaluation_cache')
        self._dataset = dataset

    def after_run(self, runner: Runner) -> None:
        """Give back the disk space."""
        self.give_back()

    def give_back(self) -> None:
        """Give back the disk space; the runner calls it after an error too."""
        drop_inputs(self._dataset)
