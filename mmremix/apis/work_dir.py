"""One training at a time in a work directory."""

from __future__ import annotations

import errno
import os
import socket
import time
import warnings
from pathlib import Path
from typing import Any, TypeVar

import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.runner import BaseLoop, Runner
from torch import nn

from mmremix.apis.build_errors import build_errors_explained
from mmremix.apis.config_text import config_text
from mmremix.datasets.worker_pool import WorkerPool, with_workers_of
from mmremix.engine import EvaluationCacheHook, ScoringPlanHook
from mmremix.utils.errors import ConfigError
from mmremix.utils.freed_memory import keep_freed_memory
from mmremix.utils.whole_files import write_whole

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FILE_NAME = '.run.lock'
"""In the work directory. It stays; that it is there says nothing."""

_Runner = TypeVar('_Runner', bound=type[Runner])
_BUSY = (errno.EACCES, errno.EAGAIN)
_held: dict[tuple[str, int], int] = {}
"""Open lock files, by path and process: a fork does not inherit a lock."""


class WorkDirInUseError(ConfigError):
    """A work directory in which another run is training."""


def training_runner(runner_type: _Runner) -> _Runner:
    """The class, but it holds its work directory until training has ended.

    Its constructor raises :class:`WorkDirInUseError`, on all ranks, before
    it has written anything, if another run trains there. Epochs are those of
    :class:`~mmremix.engine.EpochBasedTrainLoop`. Training and validation
    share their workers (:class:`~mmremix.datasets.WorkerPool`). Without a GPU
    freed memory is kept for the next step
    (:func:`~mmremix.utils.freed_memory.keep_freed_memory`).
    """

    class TrainingRunner(runner_type):  # type: ignore[misc, valid-type]
        def dump_config(self) -> None:
            _dump(self, self.work_dir)

        def setup_env(self, env_cfg: dict[str, Any]) -> None:
            # The first step that knows the rank; files come after it.
            super().setup_env(env_cfg)
            _hold_together(self.work_dir)

        def build_train_loop(
            self, loop: BaseLoop | dict[str, Any]
        ) -> BaseLoop:
            # mmengine takes its own class without asking the registry.
            if isinstance(loop, dict) and loop.get('by_epoch'):
                options = {k: v for k, v in loop.items() if k != 'by_epoch'}
                kind = 'mmremix.EpochBasedTrainLoop'
                loop = {'type': kind, **options}
            built: BaseLoop = super().build_train_loop(loop)
            built.dataloader = WorkerPool().join(built.dataloader)
            return built

        def build_val_loop(self, loop: BaseLoop | dict[str, Any]) -> BaseLoop:
            built: BaseLoop = super().build_val_loop(loop)
            if isinstance(self._train_loop, BaseLoop):
                built.dataloader = with_workers_of(
                    self._train_loop.dataloader, built.dataloader
                )
            return built

        def train(self) -> nn.Module:
            if not torch.cuda.is_available():
                keep_freed_memory()
            try:
                with build_errors_explained(self.cfg):
                    model: nn.Module = super().train()
            finally:
                for hook in self.hooks:
                    if isinstance(hook, EvaluationCacheHook | ScoringPlanHook):
                        hook.give_back()
                release(self.work_dir)
            return model

    return TrainingRunner  # type: ignore[return-value]


def testing_runner(runner_type: _Runner) -> _Runner:
    """The class, but it writes into its own ``<time>`` folder only.

    mmengine's own would write over the config of the training.
    """

    class TestingRunner(runner_type):  # type: ignore[misc, valid-type]
        def dump_config(self) -> None:
            _dump(self, self.log_dir)

    return TestingRunner  # type: ignore[return-value]


def _dump(runner: Runner, folder: str) -> None:
    """Write a config as one file, with its keys in their order."""
    if not is_main_process():
        return
    cfg = runner.cfg
    name = os.path.basename(cfg.filename or f'{runner.timestamp}.py')
    path = Path(folder, name)
    if path.suffix != '.py':
        cfg.dump(path)
        return
    write_whole(path, config_text(cfg).encode())


def hold(folder: str | os.PathLike[str]) -> None:
    """Lock a work directory for this process, until it ends.

    The operating system holds the lock (``fcntl.lockf``) and lets it go with
    the process, however that ends. Processes that were forked from it, such
    as the loader's workers, have no part in it, even if they live longer.

    Raises:
        WorkDirInUseError: If another process holds it.

    Warns:
        UserWarning: If the file system has no locks.
    """
    if holds(folder):
        return
    os.makedirs(folder, exist_ok=True)
    path = Path(folder, FILE_NAME)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if fcntl is None:
            raise OSError(errno.ENOSYS, 'this system has no fcntl')
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        if error.errno not in _BUSY:
            warnings.warn(
                f'{folder} cannot be locked ({error.strerror}). See that no '
                'other run uses it: they would write over each other.',
                stacklevel=2,
            )
            return
        raise WorkDirInUseError(
            f'Another run is training in the work directory {folder} '
            f'({_holder(path)}); the two would write over each other. Wait '
            'for it or end it, or give this one a folder of its own: '
            '--work-dir FOLDER'
        ) from error
    since = time.strftime('%Y-%m-%d %H:%M:%S')
    owner = f'process {os.getpid()} on {socket.gethostname()}, since {since}'
    os.truncate(file, 0)
    os.write(file, owner.encode())
    _held[_key(folder)] = file


def holds(folder: str | os.PathLike[str]) -> bool:
    """Whether this process holds a folder."""
    return _key(folder) in _held


def release(folder: str | os.PathLike[str]) -> None:
    """Let others train in a folder, if this process holds it."""
    file = _held.pop(_key(folder), None)
    if file is not None:
        os.close(file)


def _hold_together(folder: str) -> None:
    """Rank 0 locks for all, and all end if it cannot."""
    refused: list[Any] = [None]
    if is_main_process():
        try:
            hold(folder)
        except (WorkDirInUseError, OSError) as error:
            refused = [error]
    broadcast_object_list(refused)
    if refused[0] is not None:
        raise refused[0]


def _key(folder: str | os.PathLike[str]) -> tuple[str, int]:
    return os.path.realpath(folder), os.getpid()


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8') or 'unknown'
    except (OSError, UnicodeDecodeError):
        return 'unknown'
