"""Read a pickle of plain values and tensors; nothing in it is executed."""

from __future__ import annotations

import collections
import io
import pickle
from pathlib import Path
from typing import Any

import torch
import torch._utils

from mmremix.utils.errors import MmremixError


def _storage(data: bytes) -> Any:
    # torch's own function of this name would unpickle anything.
    return torch.load(io.BytesIO(data), weights_only=True)


def _bytes(text: str, encoding: str) -> bytes:
    """How the second protocol of pickle, mmengine's, writes bytes."""
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f'it encodes as {encoding!r}')
    return text.encode(encoding)


_ALLOWED = {
    ('_codecs', 'encode'): _bytes,
    ('collections', 'OrderedDict'): collections.OrderedDict,
    ('torch._utils', '_rebuild_tensor_v2'): torch._utils._rebuild_tensor_v2,
    ('torch.storage', '_load_from_bytes'): _storage,
}


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f'it names {module}.{name}')
        return _ALLOWED[module, name]


def load_plain(path: str | Path) -> Any:
    """Read what ``tools/test.py --dump`` wrote.

    Raises:
        MmremixError: If the file holds more than numbers, texts, lists,
            dicts and tensors, or is damaged.
    """
    try:
        return _Plain(io.BytesIO(Path(path).read_bytes())).load()
    except FileNotFoundError:
        raise
    except Exception as error:
        # A damaged pickle raises whatever its bytes happen to ask for.
        raise MmremixError(
            f'{path} is no file of predictions (numbers, texts, lists, dicts '
            f'and tensors), and was not read: {error}. Write it anew: '
            'python tools/test.py CONFIG CHECKPOINT --dump OUT.pkl'
        ) from error
