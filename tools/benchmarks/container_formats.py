"""Three containers of the same arrays, for ``packed_container.py``.

Each writes the arrays of packed clips, with the header's facts, and reads the
sound or some frames of one clip. safetensors and LMDB are optional:
``pip install safetensors lmdb``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmremix.datasets.media.packed_file import PackedFile

Arrays = Mapping[str, np.ndarray]
TIMES = (0.3, 0.7)
"""Where frames are read, as shares of a clip."""


class Container(NamedTuple):
    """How clips are written and read.

    Attributes:
        write: Writes all clips, by name, into a folder; packed files are
            given by their paths.
        open: From the folder to a reader of one clip: arrays by name that
            cost nothing until they are used, and facts.
        file_of: The file in which a clip lies.
    """

    write: Callable[[Mapping[str, str], Path], None]
    open: Callable[[Path], Callable[[str], tuple[Any, dict[str, Any]]]]
    file_of: Callable[[Path, str], Path]


def read_audio(reader: Callable[[str], Any], name: str) -> np.ndarray:
    """All of the sound, as float32."""
    get, facts = reader(name)
    scale = np.float32(facts['audio']['scale'])
    waveform: np.ndarray = get('samples').astype(np.float32) * scale
    return waveform


def read_video(reader: Callable[[str], Any], name: str) -> np.ndarray:
    """Two frames."""
    get, facts = reader(name)
    first, last = facts['video']['span']
    times = [first + share * (last - first) for share in TIMES]
    places = np.searchsorted(get('times'), times, 'right') - 1
    frames = get('frames')
    return np.stack([frames[int(i)] for i in np.maximum(places, 0)])


def _write_ours(clips: Mapping[str, str], folder: Path) -> None:
    for name, path in clips.items():
        (folder / f'{name}.mmpk').write_bytes(Path(path).read_bytes())


def _open_ours(folder: Path) -> Callable[[str], tuple[Any, dict[str, Any]]]:
    def reader(name: str) -> tuple[Any, dict[str, Any]]:
        file = PackedFile(str(folder / f'{name}.mmpk'))
        return file.__getitem__, file.header

    return reader


def _write_safetensors(clips: Mapping[str, str], folder: Path) -> None:
    from safetensors.numpy import save_file

    for name, path in clips.items():
        arrays, facts = _content(path)
        target = folder / f'{name}.safetensors'
        save_file(arrays, target, {'facts': json.dumps(facts)})


def _open_safetensors(
    folder: Path,
) -> Callable[[str], tuple[Any, dict[str, Any]]]:
    from safetensors import safe_open

    def reader(name: str) -> tuple[Any, dict[str, Any]]:
        # Without type hints.
        file: Any = safe_open(str(folder / f'{name}.safetensors'), 'numpy')
        facts = json.loads(file.metadata()['facts'])

        def get(key: str) -> Any:
            # A slice reads what is asked for only.
            if key == 'frames':
                return file.get_slice(key)
            return file.get_tensor(key)

        return get, facts

    return reader


def _write_lmdb(clips: Mapping[str, str], folder: Path) -> None:
    import lmdb

    with (
        lmdb.open(str(folder), map_size=1 << 36) as env,
        env.begin(write=True) as transaction,
    ):
        for name, path in clips.items():
            arrays, facts = _content(path)
            facts['layout'] = {
                key: [array.dtype.str, list(array.shape)]
                for key, array in arrays.items()
            }
            transaction.put(f'{name}/'.encode(), json.dumps(facts).encode())
            for key, array in arrays.items():
                transaction.put(f'{name}/{key}'.encode(), array.tobytes())


def _open_lmdb(folder: Path) -> Callable[[str], tuple[Any, dict[str, Any]]]:
    import lmdb

    env = lmdb.open(str(folder), readonly=True, lock=False, readahead=False)

    def reader(name: str) -> tuple[Any, dict[str, Any]]:
        # With buffers it gives memory views, or None.
        transaction: Any = env.begin(buffers=True)
        facts = json.loads(bytes(transaction.get(f'{name}/'.encode())))

        def get(key: str) -> np.ndarray:
            dtype, shape = facts['layout'][key]
            data = transaction.get(f'{name}/{key}'.encode())
            array: np.ndarray = np.frombuffer(data, dtype).reshape(shape)
            return array

        return get, facts

    return reader


def _content(path: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    file = PackedFile(path)
    arrays = {key: np.array(file[key]) for key in file.header['arrays']}
    facts = {
        key: value
        for key, value in file.header.items()
        if key not in ('arrays', 'data_size')
    }
    return arrays, facts


CONTAINERS = {
    'mmpk': Container(
        _write_ours, _open_ours, lambda top, name: top / f'{name}.mmpk'
    ),
    'safetensors': Container(
        _write_safetensors,
        _open_safetensors,
        lambda top, name: top / f'{name}.safetensors',
    ),
    'lmdb': Container(
        _write_lmdb, _open_lmdb, lambda top, name: top / 'data.mdb'
    ),
}
