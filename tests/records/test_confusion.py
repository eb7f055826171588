"""Confusion matrices are read as written, or named as damaged."""

from __future__ import annotations

import numpy as np
import pytest

from mmremix.records import read_confusion, save_confusion


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'val_confusion.npz'
    matrices = {'fusion': np.eye(2, dtype=int), 'audio': np.ones((2, 2), int)}
    save_confusion(path, matrices, ('a', 'ü'), 7)
    return path


def test_round_trip(file):
    found = read_confusion(file.parent)
    assert list(found.matrices) == ['fusion', 'audio']
    assert found.matrices['fusion'].tolist() == [[1, 0], [0, 1]]
    assert found.classes == ['a', 'ü'] and found.epoch == 7


def test_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="type='RemixRecordHook'"):
        read_confusion(tmp_path)


def test_damage_names_the_file(file):
    """Wherever a bit flips or the file ends: what was written, or an error."""
    data = file.read_bytes()
    cases = [data[:size] for size in range(0, len(data), 40)]
    for at in range(0, len(data), 7):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        cases.append(bytes(flipped))
    damaged = 0
    for case in cases:
        file.write_bytes(case)
        try:
            found = read_confusion(file.parent)
        except ValueError as error:
            assert str(file) in str(error)
            damaged += 1
            continue
        assert found.matrices['audio'].tolist() == [[1, 1], [1, 1]]
        assert found.epoch == 7
    assert damaged > len(cases) / 2
