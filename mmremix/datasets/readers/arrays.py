"""Arrays of numbers in files: ``.npy``, ``.npz`` and ``.pt``."""

from __future__ import annotations

import zipfile
from typing import Any

import numpy as np
import torch

from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.media.errors import cannot_open, check_is_file
from mmremix.datasets.media.waveform_file import load_npy
from mmremix.datasets.readers.base import Reader, check_numbers
from mmremix.registry import READERS
from mmremix.utils.archives import excess


@READERS.register_module('npy')
class NpyReader(Reader):
    """One array of a ``.npy`` file.

    Example::

        modalities = dict(inertial=dict(reader='npy', length=128))
    """

    def read(self, cell: Any) -> np.ndarray:
        """The array; floating point numbers as float32."""
        return check_numbers(load_npy(cell), cell)

    def length(self, cell: Any) -> int:
        """Read off the header."""
        return len(np.atleast_1d(load_npy(cell)))


@READERS.register_module('npz')
class NpzReader(Reader):
    """One array of a ``.npz`` archive.

    Example::

        modalities = dict(emg=dict(reader='npz', column='file', member='emg'))

    Args:
        member: Its name in the archive. May be left out where there is one
            array only.
    """

    def __init__(self, member: str | None = None) -> None:
        self.member = member

    def read(self, cell: Any) -> np.ndarray:
        """The array; floating point numbers as float32."""
        check_is_file(cell)
        try:
            reason = excess(cell)
            if reason is None:
                with np.load(cell, allow_pickle=False) as archive:
                    name = _one(cell, 'member', self.member, archive.files)
                    return check_numbers(archive[name], f'{cell}, {name}')
        except BrokenMediaError:
            raise
        except Exception as error:
            # numpy parses headers as Python: damage raises almost anything.
            if isinstance(error, ValueError) and 'pickle' in str(error):
                raise BrokenMediaError.of(
                    cell, 'holds Python objects, which are never unpickled'
                ) from error
            if isinstance(error, (AttributeError, zipfile.BadZipFile)):
                raise cannot_open(cell, 'no .npz archive') from error
            raise cannot_open(cell, str(error)) from error
        raise BrokenMediaError.of(cell, reason)


@READERS.register_module('pt')
class TensorReader(Reader):
    """One tensor of a file of ``torch.save``, loaded as weights only.

    Example::

        modalities = dict(words=dict(reader='pt', key='embedding'))

    Args:
        key: Of a dict of tensors. Left out, the file holds the tensor itself
            or a dict with one.
    """

    def __init__(self, key: str | None = None) -> None:
        self.key = key

    def read(self, cell: Any) -> np.ndarray:
        """The tensor; floating point numbers as float32."""
        check_is_file(cell)
        try:
            found = torch.load(cell, map_location='cpu', weights_only=True)
        except Exception as error:
            if 'weights_only' in str(error) or 'Unsupported' in str(error):
                raise BrokenMediaError.of(
                    cell,
                    'holds more than plain tensors, and nothing is unpickled',
                    'Save the tensor alone: torch.save(tensor.detach(), path)',
                ) from error
            raise cannot_open(cell, str(error)) from error
        if isinstance(found, dict):
            names = [str(name) for name in found]
            found = found[_one(cell, 'key', self.key, names)]
        if not isinstance(found, torch.Tensor) or found.is_complex():
            raise BrokenMediaError.of(
                cell,
                f'holds a {type(found).__name__} where a tensor of numbers is '
                'needed',
                'Save the tensor alone, or a dict of tensors and write key=',
            )
        tensor = found.detach()
        if tensor.layout is not torch.strided or tensor.is_quantized:
            tensor = (
                tensor.dequantize()
                if tensor.is_quantized
                else (tensor.to_dense())
            )
        if tensor.is_floating_point():
            tensor = tensor.float()  # numpy knows no bfloat16
        return check_numbers(tensor.numpy(), cell)


def _one(path: str, option: str, wanted: str | None, names: list[str]) -> str:
    """The name of what is wanted, which must be there."""
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names:
        return str(wanted)
    what = 'none is named' if wanted is None else f'{wanted!r} is none of them'
    example = names[0] if names else '...'
    raise BrokenMediaError.of(
        path,
        f'holds {sorted(names)[:20]}, and {what}',
        f'Write in the modality: {option}={example!r}',
    )
