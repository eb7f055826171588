"""Records are read as they were written, whatever happened in between."""

from __future__ import annotations

import io

import numpy as np
import pytest
from mmengine.config import Config

from mmremix.datasets import MultimodalDataset
from mmremix.engine import RemixRecordHook
from mmremix.records import (
    RecordFile,
    discrepancy_ratios,
    epoch_record,
    read_records,
    record_file,
)
from mmremix.records.blocks import iterate_blocks
from mmremix.records.record_file import shorten
from mmremix.report.run_data import RunData
from mmremix.report.run_group import RunGroup
from mmremix.report.sample_choice import choose_samples
from mmremix.report.sections_run import certainty_charts
from mmremix.utils.errors import ConfigError

LABELS = np.array([0, 1, 2, 1])


class Clips:
    """What the records need of a data set."""

    row_blocks = MultimodalDataset.row_blocks

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


def record(epoch, assignments=(0, 1, 0, -1)):
    """Scores that tell their epoch; the last sample could not be loaded."""
    size = len(assignments)
    scores = np.arange(size * 2.0).reshape(size, 2) + 100 * epoch
    scores[-1] = np.nan
    return epoch_record(
        epoch=epoch,
        modalities=('video', 'audio'),
        scores=scores,
        assignments=np.array(assignments),
        fingerprint='f00d',
        accuracy={'fusion': 0.75, 'video': 0.5, 'audio': 0.25},
        true_probability={'fusion': 0.9, 'video': 0.2, 'audio': 0.4},
        flips=epoch,
        seconds=1.5,
        labels=LABELS[:size],
        num_classes=3,
    )


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
        # Before each block, its length and its checksums.
        _, samples, _, classes, _, epoch = (np.load(stream) for _ in range(6))
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
    with pytest.raises(ValueError, match=r'(?s)of 4 training.*run has 2'):
        RecordFile(file.path).append(Clips(), record(2, (0, 1)))


@pytest.fixture
def whole(file):
    """Three scoring epochs, and where each block ends."""
    for epoch in (1, 2, 3):
        file.append(Clips(), record(epoch))
    data = file.path.read_bytes()
    with io.BytesIO(data) as stream:
        ends = [end for end, _ in iterate_blocks(stream)]
    assert ends[-1] == len(data)
    return data, ends


def positions(length):
    """Some 60 bits, all over the file; the same each time."""
    generator = np.random.default_rng(0)
    return [(12, 2), (40, 2), (130, 0), (143, 7)] + [
        (int(at), int(bit))
        for at, bit in zip(
            generator.integers(0, length, 56),
            generator.integers(0, 8, 56),
            strict=True,
        )
    ]


def test_one_bit_costs_what_is_behind_it(file, whole, capsys):
    """Reading gives what stands before; a resume sets the file aside."""
    data, ends = whole
    for number, (at, bit) in enumerate(positions(len(data)), 1):
        damaged = bytearray(data)
        damaged[at] ^= 1 << bit
        file.path.write_bytes(damaged)
        intact = sum(end <= at for end in ends)
        if intact < 3:
            with pytest.raises(
                ValueError, match=r'remix_records\.npy: .*byte'
            ):
                read_records(file.path)
        else:
            with pytest.warns(RuntimeWarning, match=r's\.npy: '):
                found = read_records(file.path)
            assert found.epochs.tolist() == [1, 2][: intact - 2]
            assert 'damaged' in found.damage
        kept = file.path.with_name(f'remix_records.damaged.{number}.npy')
        again = RecordFile(file.path)
        assert again.cut(4) == kept
        assert kept.name in capsys.readouterr().out
        assert kept.read_bytes() == bytes(damaged)
        again.append(Clips(), record(4))
        expected = [1, 2, 3][: max(intact - 2, 0)]
        assert read_records(file.path).epochs.tolist() == [*expected, 4]


def test_cut_short_is_no_damage(file, whole, monkeypatch):
    said = []
    monkeypatch.setattr(
        record_file, 'print_log', lambda text, *_: said.append(text)
    )
    data, ends = whole
    for size in range(0, len(data), 37):
        file.path.write_bytes(data[:size])
        complete = sum(end <= size for end in ends)
        if complete >= 3:
            found = read_records(file.path)
            assert found.epochs.tolist() == [1, 2, 3][: complete - 2]
        else:
            with pytest.raises(ValueError, match=r'remix_records\.npy'):
                read_records(file.path)
        said.clear()
        assert RecordFile(file.path).cut(4) is None
        torn = size not in (0, *ends)
        assert ['no whole record' in text for text in said] == [True] * torn
        left = ends[complete - 1] if complete > 1 else 0
        assert file.path.stat().st_size == left


def test_epochs_before_the_damage_are_kept(file, whole):
    data, ends = whole
    file.path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert RecordFile(file.path).cut(3) == (
        file.path.with_name('remix_records.damaged.1.npy')
    )
    assert file.path.stat().st_size == ends[-2]


@pytest.mark.parametrize(
    'data', [b'x', b'\0' * 4096, b'\x93NUMPY\x01\x00\xff\xff{' * 30]
)
def test_no_file_of_ours(file, data):
    """Nothing of it is evaluated, whatever it is."""
    file.path.write_bytes(data)
    with pytest.raises(ValueError, match=r'remix_records\.npy: .*byte 0'):
        read_records(file.path)
    kept = file.cut(1)
    assert kept.read_bytes() == data and not file.path.exists()


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


def written(path, limit, epochs):
    file = RecordFile(path / 'remix_records.npy', limit)
    for epoch in epochs:
        file.append(Clips(), record(epoch))
    return file


def test_beyond_the_limit_only_the_newest_stays_in_full(tmp_path):
    limit = 2 * record(3).nbytes
    file = written(tmp_path, limit, [3, 4, 5])
    size = file.path.stat().st_size
    assert file.shortened == 5
    for epoch in (6, 7):
        file.append(Clips(), record(epoch))
    found = read_records(tmp_path)
    assert found.epochs.tolist() == found.flips.tolist() == [3, 4, 5, 6, 7]
    assert found.count.shape == (5, 2)
    assert found.kept.tolist() == [0, 1, 4]
    assert found.scores[:, 0, 0].tolist() == [300, 400, 700]
    assert found.assignments.shape == (3, 4)
    assert found.sample_table()['given_video'].tolist() == [3, 0, 3, 0]
    assert found.epoch_table()['flips'].tolist() == [3, 4, 5, 6, 7]
    # What stays of an epoch does not depend on the samples.
    assert file.path.stat().st_size > size
    assert shorten(record(3)).nbytes == shorten(record(3, (0,) * 3)).nbytes


@pytest.mark.parametrize('again', [5, 6, 7])
def test_a_run_that_resumes_beyond_the_limit(tmp_path, again):
    """The same file as without an interruption."""
    limit = 2 * record(3).nbytes
    (tmp_path / 'a').mkdir()
    whole = written(tmp_path / 'a', limit, range(3, 9)).path.read_bytes()
    written(tmp_path, limit, range(3, 8))
    file = RecordFile(tmp_path / 'remix_records.npy', limit)
    file.cut(again)
    for epoch in range(again, 9):
        file.append(Clips(), record(epoch))
    assert file.path.read_bytes() == whole


def test_torn_beyond_the_limit(tmp_path):
    """Whatever is cut off, what is before it is read."""
    file = written(tmp_path, 0, [3, 4])
    whole = file.path.read_bytes()
    with file.path.open('rb') as stream:
        ends = [end for end, _ in iterate_blocks(stream)]
    # Samples, classes, 3 in short, 4 in short, 4 in full.
    file.path.write_bytes(whole[: ends[3]])
    with pytest.raises(ValueError, match='no complete scoring epoch'):
        read_records(tmp_path)
    again = RecordFile(file.path, 0)
    again.cut(4)
    again.append(Clips(), record(4))
    assert file.path.read_bytes() == whole
    assert read_records(tmp_path).kept.tolist() == [1]


def test_a_report_of_records_beyond_the_limit(tmp_path):
    written(tmp_path, 0, [3, 4])
    run = RunData(tmp_path, {}, Config({}), 'run')
    run.records = read_records(tmp_path)
    run.classes = run.records.classes
    charts = certainty_charts(RunGroup('run', [run]))
    assert 'epoch 4' in charts[0].data and 'epoch 3' not in charts[0].data
    choices = choose_samples(run.records, 2)
    assert '1 scoring epochs that are kept, of 2.' in choices[0].note


def test_a_limit_is_checked():
    with pytest.raises(ConfigError, match='limit_mb must be at least 0'):
        RemixRecordHook(limit_mb=-1)
