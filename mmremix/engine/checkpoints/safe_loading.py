"""Load checkpoint files without ever running code from them."""

from __future__ import annotations

import os
import pickle
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from numpy._core import multiarray

from mmremix.engine.checkpoints.files import (
    DamagedCheckpointError,
    damage,
    intact_beside,
)
from mmremix.utils.errors import MmremixError

_OPT_IN = 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'


class MissingCheckpointError(MmremixError, FileNotFoundError):
    """A checkpoint file that is not there."""


class RefusedCheckpointError(MmremixError, pickle.UnpicklingError):
    """A checkpoint file that asks for more than plain data."""


def load_checkpoint_file(filename: str, map_location: Any = None) -> Any:
    """Load a local checkpoint in torch's weights-only mode.

    Besides tensors and plain containers it reads what mmengine 0.10 puts
    into its checkpoints: log histories and numpy scalars. Importing
    :mod:`mmremix.engine` makes it mmengine's loader for local files, hence
    for ``--resume``, ``load_from`` and testing.

    Args:
        filename: Path.
        map_location: See ``torch.load``.

    Returns:
        The checkpoint.

    Raises:
        MissingCheckpointError: If there is no such file.
        DamagedCheckpointError: If the file is cut off or does not match its
            checksums; names those beside it that are intact.
        RefusedCheckpointError: If the file asks for anything else; the
            message names what. Whoever made the file and trusts it sets
            torch's own environment variable
            ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1``.
    """
    filename = os.path.expanduser(filename)
    if not os.path.isfile(filename):
        raise MissingCheckpointError(
            f'There is no checkpoint {filename}.{_others(filename)}'
        )
    reason = damage(filename)
    if reason is not None:
        raise DamagedCheckpointError(
            f'{filename} is damaged: {reason}.{_others(filename)}'
        )
    try:
        with torch.serialization.safe_globals(_allowed()):
            checkpoint = torch.load(filename, map_location=map_location)
    except pickle.UnpicklingError as error:
        raise RefusedCheckpointError(
            f'{filename} was not loaded, and no code from it was run: '
            f'{_rejected(filename) or error}. If you made this file '
            f'yourself and trust it, set {_OPT_IN}=1 in the environment.'
        ) from error
    except RuntimeError as error:
        raise DamagedCheckpointError(
            f'{filename} is no checkpoint: {str(error)[:200]}'
        ) from error
    drop_code(checkpoint)
    return checkpoint


def drop_code(checkpoint: Any) -> None:
    """Take out the text that mmengine would run as Python.

    On resuming, mmengine 0.10 executes ``checkpoint['meta']['config']`` as a
    config file, to look for a number of GPUs that nothing sets any more. It
    is plain text, so it passes the weights-only mode.
    """
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    if isinstance(meta, dict):
        meta.pop('config', None)


def _others(filename: str) -> str:
    """Say which checkpoints in the same folder are intact, or in this one."""
    where = 'Intact beside it'
    if os.path.isdir(filename):
        where = 'It is a folder; in it are'
        filename = os.path.join(filename, 'any.pth')
    names = [str(path) for path in intact_beside(filename)]
    return f' {where}: {", ".join(names)}.' if names else ''


def _rejected(filename: str) -> str:
    """Name the globals that the file asks for and may not have."""
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(filename)
    except Exception:
        return ''
    allowed = {
        item[1] if isinstance(item, tuple) else _full_name(item)
        for item in _allowed()
    }
    refused = sorted(set(names) - allowed)
    return f'it asks for {", ".join(refused)}' if refused else ''


def _allowed() -> list[Any]:
    """What a checkpoint of mmengine 0.10 holds beyond plain data."""
    dtypes = [
        type(np.dtype(kind))
        for kind in ('f2', 'f4', 'f8', 'i1', 'i4', 'i8', 'u1', '?')
    ]
    return [
        HistoryBuffer,
        # A HistoryBuffer holds four of its own methods, pickled as
        # getattr(HistoryBuffer, name). The real getattr would open every
        # attribute of every allowed object to the file.
        (_history_method, 'builtins.getattr'),
        np.ndarray,
        np.dtype,
        *dtypes,
        # numpy 2 and numpy 1 call their module differently.
        (_empty_array, 'numpy._core.multiarray._reconstruct'),
        (_empty_array, 'numpy.core.multiarray._reconstruct'),
        (multiarray.scalar, 'numpy._core.multiarray.scalar'),
        (multiarray.scalar, 'numpy.core.multiarray.scalar'),
    ]


def _empty_array(kind: Any, shape: Any, dtype: Any) -> Any:
    """What numpy pickles: an empty array, which its bytes fill then.

    With another shape it would take any amount of memory for nothing.
    """
    if kind is not np.ndarray or tuple(shape) != (0,):
        raise pickle.UnpicklingError(f'it asks for an array of shape {shape}')
    return multiarray._reconstruct(kind, shape, dtype)


def _history_method(owner: Any, name: str) -> Any:
    if owner is HistoryBuffer and name in ('mean', 'max', 'min', 'current'):
        return getattr(owner, name)
    raise pickle.UnpicklingError(f'it asks for attribute {name} of {owner}')


def _full_name(item: Any) -> str:
    return f'{item.__module__}.{item.__qualname__}'


CheckpointLoader.register_scheme(
    prefixes='', loader=load_checkpoint_file, force=True
)
