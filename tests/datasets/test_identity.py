"""Whether two data sets are the same, and what sets them apart."""

from __future__ import annotations

import csv
import shutil

import pytest

from mmremix.datasets import AVDataset
from mmremix.datasets.identity import DataIdentity, check_same_data


@pytest.fixture
def data(demo_root, tmp_path):
    """A copy of the demo data, to be changed."""
    return shutil.copytree(demo_root, tmp_path / 'data')


def dataset(root, **kwargs):
    return AVDataset(
        data_root=str(root),
        ann_file='train.csv',
        classes='classes.txt',
        **kwargs,
    )


def edit(root, change):
    path = root / 'train.csv'
    with path.open(newline='') as stream:
        rows = list(csv.DictReader(stream))
    change(rows)
    with path.open('w', newline='') as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def swap_labels(rows):
    first = rows[0]['label']
    other = next(r for r in rows if r['label'] != first)
    rows[0]['label'], other['label'] = other['label'], first


def refused(stored, changed, message):
    with pytest.raises(ValueError, match=message):
        check_same_data(stored, changed)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda rows: rows.reverse(), r'the same, but in another order'),
        (
            lambda rows: rows.pop(),
            r'samples: 26 in the check.*, 25 in train_data',
        ),
        (lambda rows: rows[0].update(rows[1]), r'other files \(column clip\)'),
        (swap_labels, r'the same rows have other labels'),
    ],
)
def test_other_rows(data, change, message):
    stored = dataset(data).identity()
    check_same_data(stored, dataset(data))
    edit(data, change)
    refused(stored, dataset(data), message)


def test_other_classes(data):
    stored = dataset(data).identity()
    names = (data / 'classes.txt').read_text().split()
    (data / 'classes.txt').write_text('\n'.join(names[1:] + names[:1]))
    refused(stored, dataset(data), r'classes: .* in the checkpoint')


def test_a_moved_data_set_is_the_same(data, demo_root):
    check_same_data(dataset(data).identity(), dataset(data))
    stored = dataset(demo_root).identity()
    check_same_data(stored, dataset(data))


def test_another_sound_file_is_another_data_set(data):
    for name in ('one.wav', 'two.wav'):
        (data / name).touch()
    edit(data, lambda rows: [r.update(audio='one.wav') for r in rows])
    before = dataset(data)
    edit(data, lambda rows: rows[3].update(audio='two.wav'))
    after = dataset(data)
    assert before.fingerprint() != after.fingerprint()
    refused(before.identity(), after, r'other files \(column audio\)')
    edit(data, lambda rows: [r.pop('audio') for r in rows])
    assert dataset(data).fingerprint() != before.fingerprint()


def test_other_segments(data):
    edit(data, lambda rows: [r.update(start='0', end='1') for r in rows])
    before = dataset(data)
    edit(data, lambda rows: rows[3].update(end='1.1'))
    refused(before.identity(), dataset(data), r'other segments')


def test_files_that_data_prefix_names_count(demo_root):
    class WithDepth(AVDataset):
        depth = 'a.png'

        def load_data_list(self):
            rows = super().load_data_list()
            return [{**row, 'depth': self.depth} for row in rows]

    class Other(WithDepth):
        depth = 'b.png'

    options = {
        'data_root': str(demo_root),
        'ann_file': 'train.csv',
        'data_prefix': {'clip': '', 'audio': '', 'depth': ''},
    }
    assert WithDepth(**options).row(0).media.keys() == {'clip', 'depth'}
    first, second = WithDepth(**options), Other(**options)
    assert first.fingerprint() != second.fingerprint()


def test_what_is_not_known_is_not_compared(demo_root):
    """A state that keeps the fingerprint alone."""
    whole = dataset(demo_root).identity()
    part = DataIdentity(whole.modalities, whole.num_samples, whole.fingerprint)
    assert not part.differences(whole, 'here', 'there')
    part = DataIdentity(whole.modalities, whole.num_samples, 'f00d')
    (text,) = part.differences(whole, 'here', 'there')
    assert f'fingerprint f00d here, {whole.fingerprint} there' in text


def test_state_dict(demo_root):
    facts = dataset(demo_root).identity()
    state = facts.state_dict()
    assert DataIdentity.from_state_dict(state) == facts
    with pytest.raises(ValueError, match='version 9'):
        DataIdentity.from_state_dict({**state, 'version': 9})
