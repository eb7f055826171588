from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from torch.utils.data import DataLoader, Dataset

from mmremix.datasets import RemixIndex, RemixSampler
from mmremix.remix import Items


class Echo(Dataset):
    """Gives back the index it was asked for, from whatever worker."""

    modalities = ('video', 'audio')

    def __init__(self, size=20):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, key):
        assert isinstance(key, RemixIndex)
        return key


def sampler(size=20, batch_size=4, seed=3, shuffle=True, **kwargs):
    return RemixSampler(
        DefaultSampler(Echo(size), shuffle=shuffle, seed=seed),
        batch_size=batch_size,
        **kwargs,
    )


def test_warm_up_keeps_all_modalities():
    batches = list(sampler())
    assert sorted(key.index for b in batches for key in b) == list(range(20))
    assert all(
        key.active_modalities == ('video', 'audio')
        for b in batches
        for key in b
    )


def test_assignments_make_pure_batches():
    batch_sampler = sampler()
    batch_sampler.items = Items.one_each(
        torch.tensor([0] * 7 + [1] * 12 + [-1]), 2
    )
    batches = list(batch_sampler)
    assert len(batches) == len(batch_sampler) == 2 + 3
    for batch in batches:
        assert len({key.active_modalities for key in batch}) == 1
    by_index = {key.index: key.active_modalities for b in batches for key in b}
    assert by_index == {
        **dict.fromkeys(range(7), ('video',)),
        **dict.fromkeys(range(7, 19), ('audio',)),
    }
    batch_sampler.items = None
    assert len(list(batch_sampler)) == 5


def test_epoch_changes_order_and_seeds_and_repeats_exactly():
    batch_sampler = sampler()
    first = list(batch_sampler)
    assert list(batch_sampler) == first
    batch_sampler.sampler.set_epoch(1)
    second = list(batch_sampler)
    assert [k.index for b in first for k in b] != [
        k.index for b in second for k in b
    ]
    seeds = [{k.index: k.seed for b in e for k in b} for e in (first, second)]
    assert all(seeds[0][i] != seeds[1][i] for i in range(20))
    assert len(set(seeds[0].values())) == 20


def test_seed_of_a_sample_does_not_depend_on_its_batch():
    joint, remixed = sampler(), sampler(batch_size=3, order='shuffled')
    remixed.items = Items.one_each(torch.arange(20) % 2, 2)
    seeds = [{k.index: k.seed for b in s for k in b} for s in (joint, remixed)]
    assert seeds[0] == seeds[1]


def test_without_shuffling():
    batches = list(sampler(size=5, shuffle=False))
    assert [[k.index for k in b] for b in batches] == [[0, 1, 2, 3], [4]]


@pytest.mark.parametrize('persistent', [True, False])
def test_workers_see_fresh_assignments(persistent):
    batch_sampler = sampler()
    loader = DataLoader(
        batch_sampler.sampler.dataset,
        batch_sampler=batch_sampler,
        num_workers=2,
        persistent_workers=persistent,
        collate_fn=list,
    )
    for epoch in range(4):
        batch_sampler.sampler.set_epoch(epoch)
        assignments = (torch.arange(20) + epoch) % 2
        batch_sampler.items = Items.one_each(assignments, 2)
        for batch in loader:
            for key in batch:
                modality = ('video', 'audio')[assignments[key.index]]
                assert key.active_modalities == (modality,)


def test_ranks_of_mmengine(monkeypatch):
    keys = []
    for rank in range(3):
        monkeypatch.setattr(
            'mmengine.dataset.sampler.get_dist_info', lambda r=rank: (r, 3)
        )
        batch_sampler = sampler()
        batch_sampler.items = Items.one_each(torch.tensor([0, 1] * 10), 2)
        keys.append(list(batch_sampler))
    for steps in zip(*keys, strict=True):
        assert len({k.active_modalities for b in steps for k in b}) == 1
    found = {k.index for batches in keys for b in batches for k in b}
    assert found == set(range(20))


def keys_of(batch_sampler):
    return [key for batch in batch_sampler for key in batch]


def test_reassemble_alone_masks_nothing():
    batch_sampler = sampler(decouple=False)
    assignments = torch.tensor([0] * 8 + [1] * 12)
    batch_sampler.items = Items.one_each(assignments, 2)
    for batch in batch_sampler:
        assert len({int(assignments[key.index]) for key in batch}) == 1
        assert {k.active_modalities for k in batch} == {('video', 'audio')}


def test_decouple_alone_mixes_batches():
    batch_sampler = sampler(reassemble=False)
    assignments = torch.tensor([0, 1] * 9 + [-1, 1])
    batch_sampler.items = Items.one_each(assignments, 2)
    keys = keys_of(batch_sampler)
    assert sorted(k.index for k in keys) == [i for i in range(20) if i != 18]
    for key in keys:
        modality = ('video', 'audio')[assignments[key.index]]
        assert key.active_modalities == (modality,)
    kinds = [{k.active_modalities for k in b} for b in batch_sampler]
    assert any(len(kind) == 2 for kind in kinds)


def test_joint_share():
    batch_sampler = sampler(joint_share=0.4)
    batch_sampler.items = Items.one_each(torch.tensor([0] * 8 + [1] * 12), 2)
    kinds = [{k.active_modalities for k in b} for b in batch_sampler]
    assert all(len(kind) == 1 for kind in kinds)
    assert sum(kind == {('video', 'audio')} for kind in kinds) == 2


def test_passes_repeat_the_epoch_with_other_augmentation():
    batch_sampler = sampler(passes=2)
    batch_sampler.items = Items.one_each(torch.tensor([0] * 8 + [1] * 12), 2)
    keys = keys_of(batch_sampler)
    assert len(batch_sampler) == 10
    first, second = keys[:20], keys[20:]
    for part in (first, second):
        assert sorted(k.index for k in part) == list(range(20))
    assert not {k.seed for k in first} & {k.seed for k in second}
    assert [k.index for k in first] != [k.index for k in second]
    batch_sampler.items = None
    assert len(batch_sampler) == 5


def test_masked_modalities_are_loaded_on_request():
    batch_sampler = sampler()
    batch_sampler.items = Items.one_each(torch.zeros(20), 2)
    assert {k.loaded_modalities for k in keys_of(batch_sampler)} == {None}
    batch_sampler.load_masked = True
    assert {k.loaded_modalities for k in keys_of(batch_sampler)} == {
        ('video', 'audio')
    }


def test_errors_show_the_lines_to_write():
    with pytest.raises(TypeError, match="sampler=dict\\(type='DefaultSampler"):
        RemixSampler(torch.utils.data.SequentialSampler(Echo()), 4)
    with pytest.raises(TypeError, match='has no `modalities`'):
        RemixSampler(DefaultSampler([1, 2, 3]), 4)
    with pytest.raises(ValueError, match="order='sequential'"):
        sampler(order='video')
    with pytest.raises(ValueError, match="tail='keep'"):
        sampler(tail='cut')
    with pytest.raises(ValueError, match='batch_size must be at least 1'):
        sampler(batch_size=0)
    with pytest.raises(ValueError, match='passes must be at least 1, got 0'):
        sampler(passes=0)
    with pytest.raises(ValueError, match=r'Write: joint_share=0\.0'):
        sampler(joint_share=0.5, reassemble=False)
    with pytest.raises(ValueError, match='up to 20 for a data set of 20'):
        sampler().items = Items.complete(21, 2)
    with pytest.raises(ValueError, match=r"the modalities \('video', 'audio'"):
        sampler().items = Items.complete(20, 3)


def test_copies_differ_in_their_augmentation():
    """Copies with one modality beside the complete samples."""
    batch_sampler = sampler()
    counts = torch.zeros(20, 2, dtype=torch.long)
    counts[3, 1] = 2
    batch_sampler.items = Items.complete(20, 2).join(Items.copies(counts))
    keys = [k for k in keys_of(batch_sampler) if k.index == 3]
    assert [k.active_modalities for k in keys].count(('audio',)) == 2
    assert [k.active_modalities for k in keys].count(('video', 'audio')) == 1
    assert len({k.seed for k in keys}) == 3
    for batch in batch_sampler:
        assert len({k.active_modalities for k in batch}) == 1


def test_the_same_batch_once_a_modality():
    batch_sampler = sampler(order='alternate')
    batch_sampler.items = Items.every_modality(20, 2)
    batches = list(batch_sampler)
    assert len(batches) == 10
    for one, other in zip(batches[::2], batches[1::2], strict=True):
        assert [k.index for k in one] == [k.index for k in other]
        assert {k.active_modalities for k in one} == {('video',)}
        assert {k.active_modalities for k in other} == {('audio',)}


class Three(Echo):
    modalities = ('video', 'audio', 'flow')


GOLDEN = Path(__file__).with_name('plan_golden.json')


def test_epochs_are_those_of_the_first_release():
    """Digests of every rank's indices, noted before items were introduced."""
    draw = torch.Generator().manual_seed(3)
    assignments = torch.randint(-1, 3, (29,), generator=draw)
    for key, digest in json.loads(GOLDEN.read_text()).items():
        world, order, tail, options = json.loads(key)
        content = []
        for rank in range(world):
            with patch(
                'mmengine.dataset.sampler.get_dist_info',
                return_value=(rank, world),
            ):
                inner = DefaultSampler(Three(29), shuffle=True, seed=7)
            batch_sampler = RemixSampler(
                inner, batch_size=4, order=order, tail=tail, **options
            )
            inner.set_epoch(5)
            for items in (None, Items.one_each(assignments, 3)):
                batch_sampler.items = items
                content += [[tuple(i) for i in b] for b in batch_sampler]
        found = hashlib.sha256(repr(content).encode()).hexdigest()[:12]
        assert found == digest, key


class Gaps(Echo):
    """Every third sample lacks audio, every fifth video."""

    def presence(self):
        found = np.ones((self.size, 2), dtype=bool)
        found[::3, 1] = False
        found[::5, 0] = False
        found[0] = True
        return found


GAPS = Gaps(20)


def gapped(**kwargs):
    return RemixSampler(
        DefaultSampler(GAPS, shuffle=True, seed=3), batch_size=4, **kwargs
    )


def has(key):
    return tuple(
        name
        for name, there in zip(
            GAPS.modalities, GAPS.presence()[key.index], strict=True
        )
        if there
    )


@pytest.mark.parametrize('load_masked', [False, True])
def test_joint_epochs_keep_what_is_there(load_masked):
    batch_sampler = gapped()
    batch_sampler.load_masked = load_masked
    batches = list(batch_sampler)
    keys = [key for batch in batches for key in batch]
    there = [i for i, row in enumerate(GAPS.presence()) if row.any()]
    assert sorted(key.index for key in keys) == there
    assert all(key.active_modalities == has(key) for key in keys)
    for batch in batches:
        assert len({key.active_modalities for key in batch}) == 1
    # In random order, not one set after the other.
    sets = [batch[0].active_modalities for batch in batches]
    assert sum(a != b for a, b in itertools.pairwise(sets)) > 2


@pytest.mark.parametrize('decouple', [True, False])
@pytest.mark.parametrize('reassemble', [True, False])
def test_plans_stay_within_what_is_there(decouple, reassemble):
    batch_sampler = gapped(decouple=decouple, reassemble=reassemble)
    batch_sampler.items = Items.every_modality(20, 2)
    for batch in batch_sampler:
        for key in batch:
            assert key.active_modalities
            assert set(key.active_modalities) <= set(has(key))
        if decouple and reassemble:
            assert len({key.active_modalities for key in batch}) == 1


def test_batches_hold_one_set_of_what_is_loaded():
    batch_sampler = gapped()
    batch_sampler.load_masked = True
    batch_sampler.items = Items.every_modality(20, 2)
    for batch in batch_sampler:
        assert len({has(key) for key in batch}) == 1


class Lengths(Gaps):
    """Sequences of two modalities, none as long as another."""

    def lengths(self):
        steps = np.arange(1, self.size + 1)
        return np.stack([steps, steps // 2 + 9], axis=1) * self.presence()


def bucketing(dataset=None, **kwargs):
    return RemixSampler(
        DefaultSampler(dataset or Lengths(40), shuffle=True, seed=3),
        batch_size=4,
        **{'bucket': 10, **kwargs},
    )


@pytest.mark.parametrize('remix', [False, True])
def test_buckets_pad_less_and_lose_nothing(remix):
    data = Lengths(200)
    lengths = data.lengths()
    found = {}
    for bucket in (0, 10):
        batch_sampler = bucketing(data, bucket=bucket)
        if remix:
            batch_sampler.items = Items.one_each(torch.arange(200) % 2, 2)
        batches = list(batch_sampler)
        padded = 0
        for batch in batches:
            assert len({key.active_modalities for key in batch}) == 1
            for place, name in enumerate(('video', 'audio')):
                if name in batch[0].active_modalities:
                    steps = [lengths[key.index, place] for key in batch]
                    padded += sum(max(steps) - n for n in steps)
        found[bucket] = padded, sorted(k.index for b in batches for k in b)
        # The rest of an epoch that is resumed is the rest of it.
        batch_sampler.start = 3
        assert list(batch_sampler) == batches[3:]
    assert found[10][1] == found[0][1]
    assert found[10][0] < 0.6 * found[0][0]


def test_buckets_are_the_same_steps_on_all_ranks(monkeypatch):
    found = []
    for rank in range(3):
        monkeypatch.setattr(
            'mmengine.dataset.sampler.get_dist_info', lambda r=rank: (r, 3)
        )
        batch_sampler = bucketing()
        batch_sampler.items = Items.one_each(torch.arange(40) % 2, 2)
        found.append(list(batch_sampler))
    assert len({len(batches) for batches in found}) == 1
    for step in zip(*found, strict=True):
        assert len({k.active_modalities for b in step for k in b}) == 1


def test_buckets_need_lengths_and_shuffling():
    with pytest.raises(
        ValueError, match=r'length=None\)\), in an .* or bucket=0'
    ):
        bucketing(Echo())
    with pytest.raises(ValueError, match='whole number of steps, got True'):
        bucketing(bucket=True)
    with pytest.raises(ValueError, match='Write: sampler=dict'):
        RemixSampler(DefaultSampler(Lengths(), shuffle=False), 4, bucket=2)
