"""Records are read as they were written, whatever happened in between."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmremix.engine.hooks.remix_state import RemixState

from mmremix.datasets import MultimodalDataset
from mmremix.engine.record_file import RecordFile, epoch_record
from mmremix.engine.records import (
    discrepancy_ratios,
    iterate_blocks,
    read_records,
)
from mmremix.engine.scoring import ScoreTable

LABELS = np.array([0, 1, 2, 1])


class Clips:
    """What the records need of a data set."""

    modalities = ('video', 'audio')
    metainfo = {'classes': ('a', 'b', 'ü')}  # noqa: RUF012
    data_prefix = {'clip': '/data/clips'}  # noqa: RUF012
    row = MultimodalDataset.row

    def __len__(self):
        return 4

    def get_data_info(self, index):
        info = {'clip': f'/data/clips/{index}.mp4', 'label': LABELS[index]}
        if index:
            info |= {'start': index / 2, 'end': index / 2 + 1}
        return info


def record(epoch, assignments=(0, 1, 0, -1), size=4):
    """Scores that tell their epoch; the last sample could not be loaded."""
    scores = torch.arange(size * 2.0).reshape(size, 2) + 100 * epoch
    scores[-1] = torch.nan
    state = RemixState(
        epoch=epoch - 1,
        modalities=('video', 'audio'),
        scores=scores,
        assignments=torch.tensor(assignments, dtype=torch.int8),
        fingerprint='f00d',
    )
    table = ScoreTable(
        scores=scores,
        accuracy={'fusion': 0.75, 'video': 0.5, 'audio': 0.25},
        true_probability={'fusion': 0.9, 'video': 0.2, 'audio': 0.4},
    )
    return epoch_record(state, table, epoch, 1.5, LABELS, 3)


@pytest.fixture
def file(tmp_path):
    return RecordFile(tmp_path / 'remix_records.npy')


def test_round_trip(file, tmp_path):
    file.append(Clips(), record(3))
    file.append(Clips(), record(4, (1, 1, 0, 0)))
    found = read_records(tmp_path)
    assert found.samples['clip'].tolist() == [f'{i}.mp4' for i in range(4)]
    assert found.samples['label'].tolist() == LABELS.tolist()
    assert found.samples['start'][1:].tolist() == [0.5, 1.0, 1.5]
    assert np.isnan(found.samples['end'][0])
    assert found.classes == ['a', 'b', 'ü']
    assert found.modalities == ('video', 'audio')
    assert found.fingerprint == 'f00d'
    assert found.epochs.tolist() == found.flips.tolist() == [3, 4]
    assert found.seconds.tolist() == [1.5, 1.5]
    assert list(found.accuracy) == ['fusion', 'video', 'audio']
    assert found.accuracy['audio'].tolist() == [0.25, 0.25]
    assert found.scores.shape == (2, 4, 2)
    assert found.scores[1, 2].tolist() == [404, 405]
    assert np.isnan(found.scores[:, 3]).all()
    # Mean of the three that were scored.
    assert found.mean_kl.tolist() == [[302, 303], [402, 403]]
    assert found.rho.tolist() == [[0.5, 2.0], [0.5, 2.0]]
    assert found.count.tolist() == [[2, 1], [2, 2]]
    assert found.class_count[0].tolist() == [[1, 0, 1], [0, 1, 0]]
    assert found.assignments[1].tolist() == [1, 1, 0, 0]


def test_tables_for_pandas(file):
    file.append(Clips(), record(3))
    file.append(Clips(), record(4, (1, 1, 0, 0)))
    found = read_records(file.path)
    epochs = found.epoch_table()
    assert epochs['count_video'].tolist() == [2, 2]
    assert {len(column) for column in epochs.values()} == {2}
    samples = found.sample_table()
    assert samples['given_video'].tolist() == [1, 0, 2, 1]
    assert samples['given_audio'].tolist() == [1, 2, 0, 0]
    # The last one was not scored at first: no change that anyone saw.
    assert samples['flips'].tolist() == [1, 0, 0, 0]
    assert samples['mean_kl_video'][:3].tolist() == [350, 352, 354]
    assert np.isnan(samples['mean_kl_video'][3])
    assert {len(column) for column in samples.values()} == {4}


def test_plain_numpy_reads_it(file):
    file.append(Clips(), record(3))
    with file.path.open('rb') as stream:
        samples, classes, epoch = (np.load(stream) for _ in range(3))
    assert len(samples) == 4 and classes[2] == 'ü'
    assert epoch['scores']['audio'][0] == 301


def test_torn_at_every_byte(file):
    """A prefix of the file gives all epochs that are complete in it."""
    sizes = []
    for epoch in (1, 2, 3):
        file.append(Clips(), record(epoch))
        sizes.append(file.path.stat().st_size)
    whole = file.path.read_bytes()
    for size in range(sizes[0], len(whole)):
        file.path.write_bytes(whole[:size])
        complete = sum(size >= s for s in sizes)
        assert read_records(file.path).epochs.tolist() == [1, 2, 3][:complete]


@pytest.mark.parametrize('missing', [1, 40, 300])
def test_append_after_a_torn_block(file, missing):
    for epoch in (1, 2):
        file.append(Clips(), record(epoch))
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[:-missing])
    file.append(Clips(), record(2))
    assert file.path.read_bytes() == whole


def test_torn_head(file):
    """Killed while the very first epoch was written."""
    file.append(Clips(), record(1))
    whole = file.path.read_bytes()
    with io.BytesIO(whole) as stream:
        ends = [end for end, _ in iterate_blocks(stream)]
    for size in (1, ends[0] - 1, ends[0], ends[1] - 1, ends[1], len(whole)):
        file.path.write_bytes(whole[:size])
        if size < len(whole):
            with pytest.raises(ValueError, match='no complete scoring epoch'):
                read_records(file.path)
        file.append(Clips(), record(1))
        assert file.path.read_bytes() == whole


def test_later_epochs_are_dropped(file):
    for epoch in (1, 2, 3):
        file.append(Clips(), record(epoch))
    file.cut(3)
    assert read_records(file.path).epochs.tolist() == [1, 2]
    file.append(Clips(), record(2, (1, 1, 1, 1)))
    found = read_records(file.path)
    assert found.epochs.tolist() == [1, 2]
    assert found.assignments[1].tolist() == [1, 1, 1, 1]


def test_earlier_runs_are_kept(file, tmp_path):
    assert file.set_aside() is None
    for epoch in (1, 2):
        file.append(Clips(), record(epoch))
        assert file.set_aside() == tmp_path / f'remix_records.{epoch}.npy'
    found = [read_records(p).epochs[0] for p in sorted(tmp_path.iterdir())]
    assert found == [1, 2]


def test_records_of_other_samples(file):
    file.append(Clips(), record(1))
    other = epoch_record(
        *(RemixState(1, ('video',), torch.ones(2, 1), torch.zeros(2), ''),),
        ScoreTable(torch.ones(2, 1), {'fusion': 1.0}),
        *(0, 1.0, LABELS[:2], 3),
    )
    with pytest.raises(ValueError, match=r'(?s)of 4 training.*run has 2'):
        file.append(SimpleNamespace(), other)


def test_nothing_to_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="type='RemixRecordHook'"):
        read_records(tmp_path)


def test_ratios():
    assert discrepancy_ratios({'video': 0.2, 'audio': 0.5}) == {
        'video': 0.4,
        'audio': 2.5,
    }
    three = discrepancy_ratios({'a': 0.6, 'b': 0.2, 'c': 0.4})
    assert three == pytest.approx({'a': 2.0, 'b': 0.4, 'c': 1.0})
    assert discrepancy_ratios({'a': 0.6}) == {}
