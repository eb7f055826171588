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
    store = RowStore(tmp_path / 'rows', COLUMNS, 4)
    store.write(3, row(7))
    store.write(0, row(0))
    other = pickle.loads(pickle.dumps(store))
    for place, value in ((3, 7), (0, 0)):
        found = other.read(place)
        for name, expected in row(value).items():
            assert found[name].dtype == expected.dtype
            assert np.array_equal(found[name], expected)
    assert other.read(1) is None


def test_any_name_of_a_column(tmp_path):
    """As modalities have them; names are no files."""
    names = ('checks', '0.bin', 'a/b', '..', '')
    column = Column(np.dtype('float32'), (2,))
    store = RowStore(tmp_path / 'rows', dict.fromkeys(names, column), 2)
    rows = {n: np.full(2, i, 'float32') for i, n in enumerate(names)}
    store.write(1, rows)
    found = store.read(1)
    assert all(np.array_equal(found[name], rows[name]) for name in names)
    assert os.listdir(tmp_path) == ['rows']


def test_half_written_row_is_missing(tmp_path):
    store = RowStore(tmp_path / 'rows', COLUMNS, 4)
    store.write(2, row(9))
    late = pickle.loads(pickle.dumps(store))
    file = tmp_path / 'rows' / '1.bin'
    content = bytearray(file.read_bytes())
    content[2 * 6 + 1] ^= 1
    file.write_bytes(content)
    assert late.read(2) is None


def test_rows_of_another_run_do_not_count(tmp_path):
    """Clips or code may have changed since."""
    RowStore(tmp_path / 'rows', COLUMNS, 4).write(0, row(1))
    assert RowStore(tmp_path / 'rows', COLUMNS, 4).read(0) is None


def test_full_disk_is_an_error(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'posix_fallocate', full)
    with pytest.raises(OSError, match='No space left'):
        RowStore(tmp_path / 'rows', COLUMNS, 4)
    # What was begun gives its space back.
    assert not (tmp_path / 'rows').exists()


def test_remove(tmp_path):
    store = RowStore(tmp_path / 'rows', COLUMNS, 4)
    store.remove()
    assert not (tmp_path / 'rows').exists()


def test_files_of_another_run_are_never_read(tmp_path):
    """Opened late, as a worker does, after another run took the folder."""
    store = RowStore(tmp_path / 'rows', COLUMNS, 4)
    store.write(0, row(1))
    late = pickle.loads(pickle.dumps(store))
    other = RowStore(tmp_path / 'rows', COLUMNS, 4)
    other.write(0, row(7))
    with pytest.raises(FileNotFoundError, match='directory='):
        late.read(0)
    other.remove()
    with pytest.raises(FileNotFoundError, match='gone'):
        pickle.loads(pickle.dumps(other)).read(0)


def test_other_files_are_not_deleted(tmp_path):
    (tmp_path / 'thesis.tex').write_text('all')
    with pytest.raises(OSError, match=r'holds other files, such as thesis'):
        RowStore(tmp_path, COLUMNS, 4)
    assert (tmp_path / 'thesis.tex').exists()


def test_files_of_a_later_one_are_not_deleted(tmp_path):
    first = RowStore(tmp_path / 'rows', COLUMNS, 4)
    second = RowStore(tmp_path / 'rows', COLUMNS, 4)
    second.write(1, row(1))
    first.remove()
    assert second.read(1) is not None
