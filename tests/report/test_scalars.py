"""Parts of a run, put together as they happened."""

from __future__ import annotations

import numpy as np
import pytest

from mmremix.records import save_confusion
from mmremix.report import load_run, run_table
from mmremix.report.scalars import find_runs
from tests.report.made_run import (
    EPOCHS,
    make_run,
    remix_scalars,
    training,
    write_scalars,
)


def validated(epoch, value):
    return {'acc/fusion_top1': value, 'step': epoch}


def test_resumed_run(tmp_path):
    """What was trained again counts as it was the last time."""
    first = [training(1), validated(1, 0.1), training(2), validated(2, 0.2)]
    first += [training(3), validated(3, 0.3)]
    write_scalars(tmp_path / '20260101_000000', first)
    again = [training(3, loss=7.0), validated(3, 0.9)]
    write_scalars(tmp_path / '20260102_000000', again, resume=True)
    found = load_run(tmp_path).series
    assert found['acc/fusion_top1'] == {1: 0.1, 2: 0.2, 3: 0.9}
    assert found['loss'] == {1: 1.0, 2: 1.0, 3: 7.0}


def test_stopped_before_what_it_had_reached(tmp_path):
    """No epochs of the first part beyond the second."""
    first = [r for e in (1, 2, 3) for r in (training(e), validated(e, e / 10))]
    write_scalars(tmp_path / 'a', first)
    write_scalars(
        tmp_path / 'b', [training(2), validated(2, 0.9)], resume=True
    )
    assert load_run(tmp_path).series['acc/fusion_top1'] == {1: 0.1, 2: 0.9}


def test_clock_that_goes_back(tmp_path):
    """Epochs tell the order, not the names of the folders."""
    for name, epochs, value in (
        *(('c', (1, 2, 3), 0.1), ('b', (3, 4), 0.2), ('a', (5,), 0.3)),
    ):
        rows = [r for e in epochs for r in (training(e), validated(e, value))]
        write_scalars(tmp_path / name, rows, resume=name != 'c')
    assert load_run(tmp_path).series['acc/fusion_top1'] == {
        **{1: 0.1, 2: 0.1, 3: 0.2, 4: 0.2, 5: 0.3},
    }


def two_runs(root, lengths=(4, 2)):
    """One after the other in a directory; and a test run."""
    for name, length, value in zip('ab', lengths, (0.1, 0.25), strict=True):
        rows = [
            row
            for epoch in range(1, length + 1)
            for row in (training(epoch), validated(epoch, value))
        ]
        write_scalars(root / name, rows)
    write_scalars(root / 'c', [{'acc/fusion_top1': 0.7, 'step': 0}])


def test_unrelated_runs_of_a_directory(tmp_path):
    """Never put together: the one that the kept files are of, and a note."""
    two_runs(tmp_path)
    run = load_run(tmp_path)  # nothing kept: the one that came furthest
    assert run.series['acc/fusion_top1'] == dict.fromkeys((1, 2, 3, 4), 0.1)
    matrix = np.array([[1, 1], [2, 0]])  # a quarter is right
    save_confusion(
        tmp_path / 'val_confusion.npz', {'fusion': matrix}, ('x', 'y'), 2
    )
    run = load_run(tmp_path)
    assert run.series['acc/fusion_top1'] == {1: 0.25, 2: 0.25}
    (note,) = run.notes
    assert note.startswith('2 training runs that do not go on from each other')
    assert note.endswith('began in b; left out: a.')
    assert run.epochs == 2
    said = run_table(run)
    assert '0.2500' in said and '0.1000' not in said


def test_records_tell_runs_apart(tmp_path):
    made = make_run(tmp_path / 'run')
    rows = [training(e) for e in range(1, 9)]
    rows += [
        {**remix_scalars(e), 'remix/flips': 7, 'step': e} for e in range(1, 9)
    ]
    write_scalars(made / '20270101_000000', rows)
    run = load_run(made)
    assert run.epochs == EPOCHS and max(run.remix('flips').values()) == 1
    assert '20270101_000000' in run.notes[-1]


def test_parts_go_to_the_run_that_they_continue(tmp_path):
    """Two runs of other settings, both resumed, the folders mixed up."""
    for name, epochs, width in (
        *(('d', (1, 2), 1), ('b', (1, 2, 3), 2)),
        *(('a', (3, 4), 1), ('c', (4, 5), 2)),
    ):
        resumed = epochs[0] > 1
        rows = [training(epoch, loss=float(width)) for epoch in epochs]
        folder = write_scalars(tmp_path / name, rows, resume=resumed)
        with (folder / 'config.py').open('a') as stream:
            stream.write(f'width = {width}\n')
    names = [[p.folder.name for p in parts] for parts in find_runs(tmp_path)]
    assert names == [['d', 'a'], ['b', 'c']]
    # The second came further; nothing of the first is in it.
    assert load_run(tmp_path).series['loss'] == dict.fromkeys(range(1, 6), 2)


@pytest.mark.parametrize('damage', [b'', b'PK\x03\x04' + b'\0' * 50, b'junk'])
def test_damaged_confusion(tmp_path, damage):
    made = make_run(tmp_path / 'run')
    (made / 'val_confusion.npz').write_bytes(damage)
    run = load_run(made)
    assert not run.confusion and run.records is not None
    assert 'val_confusion.npz is damaged' in run.notes[0]


def test_damaged_records(tmp_path):
    """What stands before the damage is shown, and a note."""
    made = make_run(tmp_path / 'run')
    file = made / 'remix_records.npy'
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    run = load_run(made)
    assert run.records.epochs.tolist() == [3, 4]
    assert 'is damaged' in run.notes[0] and str(file) in run.notes[0]


def test_measured_within_epochs(tmp_path):
    """By iterations; 10 make an epoch."""
    rows = [{'gradient/angle_video': float(s), 'step': s} for s in (5, 10, 15)]
    write_scalars(tmp_path / 'a', [*rows, training(1), training(2)])
    found = load_run(tmp_path).series
    assert found['gradient/angle_video'] == {0.5: 5, 1.0: 10, 1.5: 15}


def test_measured_once_an_epoch(tmp_path):
    rows = [{'contribution/video': float(s), 'step': s} for s in (1, 2)]
    write_scalars(tmp_path / 'a', [*rows, training(1), training(2)])
    assert load_run(tmp_path).series['contribution/video'] == {1: 1, 2: 2}


def test_torn_line(tmp_path):
    folder = write_scalars(tmp_path / 'a', [training(1), validated(1, 0.5)])
    with (folder / 'scalars.json').open('a') as stream:
        stream.write('{"acc/fusion_top1": 0.')
    assert load_run(tmp_path).series['acc/fusion_top1'] == {1: 0.5}


def test_no_run(tmp_path):
    with pytest.raises(FileNotFoundError, match='work directory of a train'):
        load_run(tmp_path)
