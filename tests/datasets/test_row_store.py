"""Rows come back as written, or count as missing."""

from __future__ import annotations

import errno
import os
import pickle

import numpy as np
import pytest

from mmremix.datasets.row_store import Column, RowStore

COLUMNS = {
    'frames': Column(np.dtype('uint8'), (2, 3)),
    'sound': Column(np.dtype('float16'), (5,)),
}


def row(value):
    return {
        'frames': np.full((2, 3), value, 'uint8'),
        'sound': np.full(5, value / 8, 'float16'),
    }


def test_round_trip_in_any_order_and_after_pickling(tmp_path):
    store = RowStore(tmp_path / 'rows', COLUMNS, 4, {'made': 'from'})
    store.write(3, row(7))
    store.write(0, row(0))
    for other in (
        pickle.loads(pickle.dumps(store)),
        RowStore(tmp_path / 'rows', COLUMNS, 4, {'made': 'from'}),
    ):
        for place, value in ((3, 7), (0, 0)):
            found = other.read(place)
            for name, expected in row(value).items():
                assert found[name].dtype == expected.dtype
                assert np.array_equal(found[name], expected)
        assert other.read(1) is None


def test_half_written_row_is_missing(tmp_path):
    store = RowStore(tmp_path / 'rows', COLUMNS, 4, {})
    store.write(2, row(9))
    file = tmp_path / 'rows' / 'frames.bin'
    content = bytearray(file.read_bytes())
    content[2 * 6 + 1] ^= 1
    file.write_bytes(content)
    again = RowStore(tmp_path / 'rows', COLUMNS, 4, {})
    assert again.read(2) is None


def test_other_content_starts_anew(tmp_path):
    RowStore(tmp_path / 'rows', COLUMNS, 4, {'made': 1}).write(0, row(1))
    assert RowStore(tmp_path / 'rows', COLUMNS, 4, {'made': 2}).read(0) is None


def test_full_disk_is_an_error(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'posix_fallocate', full)
    with pytest.raises(OSError, match='No space left'):
        RowStore(tmp_path / 'rows', COLUMNS, 4, {})
    monkeypatch.undo()
    # What was begun does not count as content.
    assert RowStore(tmp_path / 'rows', COLUMNS, 4, {}).read(0) is None


def test_remove(tmp_path):
    store = RowStore(tmp_path / 'rows', COLUMNS, 4, {})
    store.remove()
    assert not (tmp_path / 'rows').exists()


def test_files_of_another_run_are_never_read(tmp_path):
    """Opened late, as a worker does, after another run took the folder."""
    store = RowStore(tmp_path / 'rows', COLUMNS, 4, {'run': 1})
    store.write(0, row(1))
    late = pickle.loads(pickle.dumps(store))
    other = RowStore(tmp_path / 'rows', COLUMNS, 4, {'run': 2})
    other.write(0, row(7))
    with pytest.raises(FileNotFoundError, match='directory='):
        late.read(0)
    other.remove()
    with pytest.raises(FileNotFoundError, match='gone'):
        pickle.loads(pickle.dumps(other)).read(0)
