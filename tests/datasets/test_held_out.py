"""Held-out parts: complete, disjoint, by whole groups and by class."""

from __future__ import annotations

import numpy as np
import pytest

from mmremix.datasets import ArrayDataset, AVDataset, Part, split_held_out
from mmremix.datasets.held_out import HeldOutError, fold_numbers
from mmremix.utils.errors import ConfigError


def made(seed):
    """Labels and groups of a random data set, groups of unequal size."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(30, 200))
    labels = rng.integers(0, int(rng.integers(2, 7)), size).tolist()
    groups = rng.integers(0, int(rng.integers(6, 15)), size).astype(str)
    return labels, groups


@pytest.mark.parametrize('seed', range(20))
@pytest.mark.parametrize('grouped', [False, True])
def test_every_sample_is_held_out_once(seed, grouped):
    labels, groups = made(seed)
    groups = groups if grouped else None
    times = np.zeros(len(labels), dtype=int)
    for fold in range(4):
        part = Part.of({'folds': 4, 'fold': fold, 'seed': seed})
        split = split_held_out(labels, groups, part)
        train, held_out = split.rows('train'), split.rows('held_out')
        assert len(train) and len(held_out)
        assert not set(train) & set(held_out)
        assert len(train) + len(held_out) == len(labels)
        if grouped:
            assert not set(groups[train]) & set(groups[held_out])
        again = split_held_out(labels, groups, part)
        assert np.array_equal(again.held_out, split.held_out)
        times += split.held_out
    assert (times == 1).all()


@pytest.mark.parametrize('seed', range(20))
def test_folds_have_the_classes_alike(seed):
    labels, _ = made(seed)
    counts = np.zeros((max(labels) + 1, 4), dtype=int)
    fold = fold_numbers(labels, None, Part.of({'folds': 4, 'seed': seed}))
    np.add.at(counts, (labels, fold), 1)
    assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()
    sizes = counts.sum(axis=0)
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize('share', [0.1, 0.2, 0.5])
@pytest.mark.parametrize('seed', range(10))
def test_a_share_of_each_class(share, seed):
    labels, _ = made(seed)
    part = Part.of({'share': share, 'seed': seed})
    held_out = split_held_out(labels, None, part).held_out
    assert held_out.sum() == round(share * len(labels))
    for label in set(labels):
        mine = np.array(labels) == label
        assert abs((held_out & mine).sum() - share * mine.sum()) < 1


@pytest.mark.parametrize('seed', range(10))
def test_a_share_of_the_groups(seed):
    labels, groups = made(seed)
    part = Part.of({'share': 0.3, 'by': 'g', 'seed': seed})
    held_out = split_held_out(labels, groups, part).held_out
    largest = np.unique(groups, return_counts=True)[1].max()
    assert abs(held_out.sum() - 0.3 * len(labels)) <= largest
    assert not set(groups[held_out]) & set(groups[~held_out])


def test_the_split_is_the_same_for_ever():
    labels = [0, 1, 2] * 4
    fold = fold_numbers(labels, None, Part.of({'folds': 3, 'seed': 1}))
    assert fold.tolist() == [0, 1, 2, 2, 0, 1, 1, 1, 0, 0, 2, 2]
    other = fold_numbers(labels, None, Part.of({'folds': 3, 'seed': 2}))
    assert fold.tolist() != other.tolist()


@pytest.mark.parametrize(
    'options',
    [
        {'keep': 'test'},
        {'folds': 1},
        {'folds': 3, 'fold': 3},
        {'fold': -1},
        {'share': 0.2, 'folds': 5},
        {'share': 1.0},
        {'share': True},
        {'seed': 0.5},
        {'by': 3},
        {'column': 'subject'},
        'train',
    ],
)
def test_other_options_are_refused_with_the_line_to_write(options):
    with pytest.raises(HeldOutError, match=r"part=dict\(keep='train'"):
        Part.of(options)


def test_too_few_groups_and_lost_classes_are_refused():
    part = Part.of({'by': 'subject', 'folds': 3})
    with pytest.raises(HeldOutError, match="2 values of 'subject' cannot"):
        split_held_out([0, 1, 0, 1], ['a', 'a', 'b', 'b'], part)
    with pytest.raises(HeldOutError, match=r"classes \['clap'\].*none is"):
        split_held_out(
            [0, 1, 1, 1],
            ['a', 'b', 'c', 'd'],
            Part.of({'by': 'subject', 'folds': 2, 'fold': fold_of_first()}),
            ['clap', 'shout'],
        )
    with pytest.raises(HeldOutError, match=r"empty 'subject'.*sample 1"):
        split_held_out([0, 1, 1], ['a', ' ', 'b'], part)


def fold_of_first():
    part = Part.of({'by': 'subject', 'folds': 2})
    return int(fold_numbers([0, 1, 1, 1], ['a', 'b', 'c', 'd'], part)[0])


@pytest.fixture
def root(tmp_path):
    lines = ['clip,label,subject,split']
    for n in range(24):
        name = f'{n:02d}.mp4'
        (tmp_path / name).touch()
        split = 'a' if n < 20 else 'b'
        lines.append(f'{name},{["no", "yes"][n % 2]},s{n // 4},{split}')
    (tmp_path / 'train.csv').write_text('\n'.join(lines) + '\n')
    return tmp_path


def dataset(root, **kwargs):
    return AVDataset(
        'train.csv', data_root=str(root), classes=['no', 'yes'], **kwargs
    )


def clips(data):
    return [data.row(i).clip for i in range(len(data))]


@pytest.mark.parametrize('serialize', [True, False])
@pytest.mark.parametrize(
    ('options', 'of'),
    [
        ({}, range(24)),
        ({'filter_cfg': {'split': 'a'}}, range(20)),
        ({'indices': 16}, range(16)),
        ({'indices': -12}, range(12, 24)),
        ({'indices': [*range(3, 23)]}, range(3, 23)),
    ],
)
def test_parts_of_a_data_set(root, options, of, serialize):
    options = {**options, 'serialize_data': serialize}
    whole = dataset(root, **options)
    assert clips(whole) == [f'{n:02d}.mp4' for n in of]
    split = {'by': 'subject', 'folds': 3, 'fold': 1}
    train, held_out = (
        dataset(root, part={'keep': keep, **split}, **options)
        for keep in ('train', 'held_out')
    )
    assert sorted(clips(train) + clips(held_out)) == clips(whole)
    assert not set(train.column('subject')) & set(held_out.column('subject'))
    assert train.fingerprint() != whole.fingerprint()
    # The rows by which others choose of the whole.
    options = {**options, 'indices': train.source_rows.tolist()}
    assert clips(dataset(root, **options)) == clips(train)


def test_columns_of_an_annotation(root):
    data = dataset(root, keep_columns=['subject', 'label'])
    assert data.column('subject').tolist()[:5] == ['s0'] * 4 + ['s1']
    assert data.column('label').tolist()[:2] == ['no', 'yes']
    assert dataset(root).column('label').tolist()[:2] == [0, 1]
    with pytest.raises(ConfigError, match="no column 'speaker'"):
        data.column('speaker')
    with pytest.raises(ConfigError, match=r"no column \['speaker'\]"):
        dataset(root, part={'by': 'speaker'})


def test_another_part_is_other_data(root):
    first, second = (
        dataset(root, part={'by': 'subject', 'folds': 3, 'fold': fold})
        for fold in (0, 1)
    )
    found = first.identity().differences(second.identity(), 'a', 'b')
    assert any('held out' in line for line in found)


def test_parts_of_arrays(tmp_path):
    file = tmp_path / 'arrays.npz'
    np.savez(
        file,
        a=np.zeros((24, 2), dtype=np.float32),
        label=np.arange(24) % 2,
        subject=np.arange(24) // 4,
    )
    train, held_out = (
        ArrayDataset(
            str(file),
            modalities=['a'],
            part={'keep': keep, 'by': 'subject', 'folds': 3},
            indices=20,
        )
        for keep in ('train', 'held_out')
    )
    assert len(train) + len(held_out) == 20
    assert not set(train.column('subject')) & set(held_out.column('subject'))
    assert train.fingerprint() != held_out.fingerprint()
    with pytest.raises(ConfigError, match="no column 'speaker'"):
        ArrayDataset(str(file), modalities=['a'], part={'by': 'speaker'})


@pytest.mark.parametrize('by', ['subject', None])
def test_more_folds_than_groups_get_as_many_as_there_are(by):
    labels, groups = [0, 1, 0, 1], ['a', 'b', 'c', 'a']
    part = Part.of({'by': by, 'folds': 5, 'fold': 4, 'seed': 7})
    with pytest.raises(HeldOutError) as error:
        split_held_out(labels, groups if by else None, part)
    text = str(error.value)
    assert f'by={by!r}, folds={3 if by else 4}, ' in text
    assert 'folds=5' not in text
    line = text.split('held_out = ')[1].split('),')[0] + ')'
    split_held_out(labels, groups if by else None, Part.of(eval(line)))


def test_one_group_makes_no_two_parts():
    part = Part.of({'by': 'subject', 'folds': 2})
    with pytest.raises(HeldOutError, match='take another column'):
        split_held_out([0, 1], ['a', 'a'], part)
