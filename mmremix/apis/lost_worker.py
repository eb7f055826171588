"""What to say when a worker of a data loader was ended from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmremix.utils.errors import MmremixError

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_SAID = ('DataLoader worker', 'Pin memory thread exited')
# A connection to a worker that is not there; the socket file may be gone.
_BROKEN = (ConnectionError, EOFError, FileNotFoundError)


class LostWorkerError(MmremixError, RuntimeError):
    """A worker process of a data loader that was ended from outside."""


@contextmanager
def lost_workers_explained(cfg: Mapping[str, Any]) -> Iterator[None]:
    """Raise what happened, where torch names a process number only.

    Args:
        cfg: The config; the message quotes the loaders.

    Raises:
        LostWorkerError: If a worker of a loader was ended.
    """
    try:
        yield
    except (RuntimeError, OSError, EOFError) as error:
        if not lost_worker(error):
            raise
        raise LostWorkerError(_explanation(error, cfg)) from error


def lost_worker(error: BaseException) -> bool:
    """Whether this is how torch says that a worker is gone."""
    if isinstance(error, RuntimeError):
        return str(error).startswith(_SAID)
    if not isinstance(error, _BROKEN):
        return False
    # What a worker itself raises does not come out of this function.
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_name == '_try_get_data' and 'torch' in code.co_filename:
            return True
        trace = trace.tb_next
    return False


def _explanation(error: BaseException, cfg: Mapping[str, Any]) -> str:
    loaders = [
        f'    {name} = dict(num_workers={loader.get("num_workers", 0)}, '
        f'batch_size={loader.get("batch_size", 1)})'
        for name in LOADERS
        if (loader := cfg.get(name))
    ]
    return (
        'A worker process of a data loader was ended from outside '
        f'({str(error) or type(error).__name__}). '
        'Most likely the machine had no memory left for it, or no shared '
        'memory (/dev/shm; in a container: --shm-size). Then lower these, '
        'num_workers first:\n'
        + '\n'.join(loaders)
        + '\nThe kernel log (dmesg) names processes that were killed for '
        'lack of memory. Checkpoints are whole; go on with --resume.'
    )
