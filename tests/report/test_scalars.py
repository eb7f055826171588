"""Parts of a run, put together as they happened."""

from __future__ import annotations

import pytest

from mmremix.report import load_run
from tests.report.made_run import training, write_scalars


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


def test_other_runs_of_the_directory(tmp_path):
    """An earlier run that was not resumed, and a test run."""
    for name, value in (('a', 0.1), ('b', 0.2)):
        rows = [training(e) for e in (1, 2)]
        write_scalars(tmp_path / name, [*rows, validated(2, value)])
    write_scalars(tmp_path / 'c', [{'acc/fusion_top1': 0.7, 'step': 0}])
    assert load_run(tmp_path).series['acc/fusion_top1'] == {2: 0.2}


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
