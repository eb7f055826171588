"""Cached samples equal loaded ones, and are decoded once."""

from __future__ import annotations

import copy
import shutil

import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform

from mmremix.datasets import InputCache, MultimodalDataset, RemixIndex
from mmremix.datasets.keepable import NotKeptError
from mmremix.datasets.transforms import PackAVInputs
from mmremix.registry import DATASETS
from mmremix.utils.errors import ConfigError


@pytest.fixture
def dataset(tiny_config):
    cfg = tiny_config()
    built = DATASETS.build(cfg.val_dataloader.dataset)
    built.full_init()
    return built


def count_decoding(dataset, monkeypatch):
    """Count the runs of the pipeline."""
    calls = []
    load = type(dataset)._load

    def counted(self, index, *args):
        calls.append(index)
        return load(self, index, *args)

    monkeypatch.setattr(type(dataset), '_load', counted)
    return calls


def cached(dataset, *args, **options):
    """The same data set with a cache."""
    other = copy.copy(dataset)
    other.cache = InputCache(dataset, *args, **options)
    return other


def test_same_samples_without_decoding(dataset, tmp_path, monkeypatch):
    cache = cached(dataset, tmp_path)
    loaded = [dataset[i] for i in range(3)]
    first = [cache[i] for i in range(3)]
    calls = count_decoding(dataset, monkeypatch)
    again = [cache[i] for i in range(3)]
    assert not calls
    for plain, *others in zip(loaded, first, again, strict=True):
        for other in others:
            assert other['inputs'].keys() == plain['inputs'].keys()
            for name, value in plain['inputs'].items():
                assert other['inputs'][name].dtype == value.dtype
                assert torch.equal(other['inputs'][name], value)
            sample, expected = other['data_samples'], plain['data_samples']
            assert torch.equal(sample.gt_label, expected.gt_label)
            for key in ('sample_idx', 'active_modalities'):
                assert sample.metainfo[key] == expected.metainfo[key]


def test_a_part_of_the_modalities_is_loaded(dataset, tmp_path, monkeypatch):
    """Only what is asked for."""
    cache = cached(dataset, tmp_path)
    cache[0]
    calls = count_decoding(dataset, monkeypatch)
    found = cache[RemixIndex(0, ('audio',), 1)]
    assert calls == [0] and list(found['inputs']) == ['audio']


def test_half_precision_rounds_from_the_first_pass(dataset, tmp_path):
    cache = cached(dataset, tmp_path, float_type='float16')
    first, again = cache[1]['inputs']['audio'], cache[1]['inputs']['audio']
    exact = dataset[1]['inputs']['audio']
    assert torch.equal(first, again) and not torch.equal(first, exact)
    torch.testing.assert_close(first, exact, rtol=1e-3, atol=1e-3)


def test_limit(dataset, tmp_path, monkeypatch):
    whole = InputCache(dataset, tmp_path / 'a')
    size = sum(f.stat().st_size for f in (tmp_path / 'a').glob('*.bin'))
    assert whole.num_cached == len(dataset) == 12
    part = cached(dataset, tmp_path / 'b', limit_gb=size / 2e9)
    assert 5 <= part.cache.num_cached <= 6
    last = len(dataset) - 1
    part[last]
    calls = count_decoding(dataset, monkeypatch)
    part[last]
    assert calls == [last]
    none = cached(dataset, tmp_path / 'c', limit_gb=0)
    assert none.cache.num_cached == 0 and len(none[0]['inputs']) == 2
    assert not (tmp_path / 'c').exists()


def test_default_limit_leaves_half_of_the_disk(dataset, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=200_000)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage)
    found = InputCache(dataset, tmp_path / 'a')
    assert 0 < found.num_cached < len(dataset)
    assert found.nbytes <= 100_000


class Makes(BaseTransform):
    """Inputs, and what else a test says, of the name of a sample."""

    def __init__(self, make):
        self.make = make

    def transform(self, results):
        row = int(results['clip'][1:])
        results['inputs'] = {
            name: torch.full((3,), float(row))
            for name in results['loaded_modalities']
        }
        self.make(results, row)
        return results


class Rows(MultimodalDataset):
    def load_data_list(self):
        return [{'clip': f'c{i}', 'label': i % 2} for i in range(6)]


def rows(make=lambda results, row: None, test_mode=True, **options):
    return Rows(
        metainfo={'classes': ['a', 'b', 'c', 'd']},
        pipeline=[Makes(make), PackAVInputs(**options)],
        test_mode=test_mode,
    )


def both_passes(dataset, folder):
    """All samples without cache, in the first pass with one, and later."""
    plain = [dataset[row] for row in range(6)]
    dataset.cache = InputCache(dataset, folder)
    return [plain, *([dataset[row] for row in range(6)] for _ in range(2))]


@pytest.mark.parametrize('start', [0, 1])
def test_a_label_or_meta_key_of_a_transform(tmp_path, start):
    """Of all samples it is a reason; of some, these are loaded each time."""

    def make(results, row):
        if row >= start:
            results['label'] += 2
            results['snr'] = 5.0

    dataset = rows(make, meta_keys=('clip', 'snr'))
    if not start:
        with pytest.raises(
            NotKeptError, match=r'transform sets .(snr|gt_label).'
        ):
            InputCache(dataset, tmp_path)
        return
    for samples in both_passes(dataset, tmp_path):
        found = [int(s['data_samples'].gt_label) for s in samples]
        assert found == [0, 3, 2, 3, 2, 3]
        assert samples[1]['data_samples'].snr == 5.0


@pytest.mark.parametrize(
    'dtype', ['float16', 'float64', 'bool', 'int64', 'uint8', 'complex64']
)
def test_number_formats_stay_exact(tmp_path, dtype):
    def make(results, row):
        generator = torch.Generator().manual_seed(row)
        exact = torch.randn(3, 4, generator=generator, dtype=torch.float64)
        results['inputs']['audio'] = (9 * exact).to(getattr(torch, dtype))

    plain, *others = both_passes(rows(make), tmp_path)
    assert (tmp_path / '1.bin').exists()
    for samples in others:
        for one, other in zip(plain, samples, strict=True):
            mine, kept = one['inputs']['audio'], other['inputs']['audio']
            assert mine.dtype == kept.dtype and torch.equal(mine, kept)


def test_numbers_that_are_none(tmp_path):
    """Kept as they are; float16 must not make more of them."""

    def make(results, row):
        sound = torch.tensor([float('nan'), -float('inf'), 1e6 * (row == 2)])
        results['inputs']['audio'] = sound

    for float_type, kept in (('float32', 6), ('float16', 5)):
        dataset = rows(make)
        dataset.cache = InputCache(
            dataset, tmp_path / float_type, float_type=float_type
        )
        plain = [rows(make)[row]['inputs']['audio'] for row in range(6)]
        for _ in range(2):
            for row in range(6):
                found = dataset[row]['inputs']['audio']
                assert torch.equal(found.nan_to_num(), plain[row].nan_to_num())
        store = dataset.cache._store
        assert sum(store.read(row) is not None for row in range(6)) == kept


def test_packing_of_ones_own(tmp_path):
    """Nobody knows what else it makes of a sample."""

    class Packs(PackAVInputs):
        def transform(self, results):
            packed = super().transform(results)
            packed['extra'] = results['made']
            return packed

    dataset = rows(lambda results, row: results.update(made=row))
    dataset.pipeline.transforms[-1] = Packs()
    with pytest.raises(NotKeptError, match='ends in Packs'):
        InputCache(dataset, tmp_path)


@pytest.mark.parametrize('first', [False, True])
def test_odd_tensors(tmp_path, first):
    """They are loaded and kept, or loaded each time, and nothing else."""

    def make(results, row):
        if first or row:
            results['inputs']['audio'] = torch.ones(3, requires_grad=True)
            results['half'] = torch.ones(2, dtype=torch.bfloat16)

    dataset = rows(make, meta_keys=('half',))
    if first:
        with pytest.raises(NotKeptError, match='half'):
            InputCache(dataset, tmp_path)
        return
    for samples in both_passes(dataset, tmp_path):
        assert torch.equal(samples[2]['inputs']['audio'], torch.ones(3))


def test_a_number_format_that_the_first_has_not(tmp_path):
    def make(results, row):
        wide = torch.tensor([300, 5], dtype=torch.int32)
        narrow = torch.tensor([30, 5], dtype=torch.uint8)
        results['inputs']['video'] = wide if row == 4 else narrow

    for samples in both_passes(rows(make), tmp_path):
        found = samples[4]['inputs']['video']
        assert found.dtype == torch.int32 and found.tolist() == [300, 5]


def test_from_the_end(tmp_path):
    """Also where the cache ends earlier."""
    dataset = rows()
    dataset.cache = InputCache(dataset, tmp_path, limit_gb=3 * 24 / 1e9)
    assert dataset.cache.num_cached == 3
    for _ in range(2):
        for row in (-1, -6, 2, -4):
            found = dataset[row]
            assert found['inputs']['audio'][0] == row % 6
            assert found['data_samples'].clip == f'c{row % 6}'
            assert found['data_samples'].sample_idx == row % 6


def test_a_part_has_other_rows(tmp_path):
    dataset = rows()
    dataset.cache = InputCache(dataset, tmp_path)
    for row in range(6):
        dataset[row]
    part = dataset.get_subset([5, 3])
    assert part.cache is None and dataset.cache is not None
    assert part[0]['inputs']['audio'][0] == 5
    dataset.get_subset_([4, 2])
    assert dataset.cache is None
    assert dataset[0]['inputs']['audio'][0] == 4


def test_a_new_cache_reads_nothing_of_an_earlier_one(tmp_path):
    """A clip or the code of a transform may have changed."""
    scale = [1]

    def make(results, row):
        results['inputs']['audio'] *= scale[0]

    dataset = rows(make)
    dataset.cache = InputCache(dataset, tmp_path)
    assert dataset[3]['inputs']['audio'][0] == 3
    scale[0] = 10
    dataset.cache = InputCache(dataset, tmp_path)
    assert dataset[3]['inputs']['audio'][0] == 30


def test_a_modality_of_the_name_of_meta_information(tmp_path):
    """What it holds is compared all the same."""
    generator = np.random.default_rng()

    def make(results, row):
        drawn = torch.tensor([generator.random()])
        results['inputs'] = dict.fromkeys(results['inputs'], drawn)

    dataset = rows(make)
    dataset.modalities = ('clip',)
    with pytest.raises(NotKeptError, match="'clip' of sample 0 differs"):
        InputCache(dataset, tmp_path)


def empty(results, row):
    results['inputs']['audio'] = torch.empty(0)


def unheard_of(results, row):
    results['inputs']['audio'] = torch.ones(2, dtype=torch.bfloat16)


def other_each_time():
    generator = np.random.default_rng()

    def make(results, row):
        results['inputs']['audio'][0] = generator.random()

    return make


@pytest.mark.parametrize(
    ('dataset', 'reason'),
    [
        (rows(test_mode=False), 'test_mode=True'),
        (rows(empty), 'inputs of audio are empty'),
        (rows(unheard_of), r'cannot hold torch\.bfloat16'),
        (rows(other_each_time()), "'audio' of sample 0 differs"),
    ],
)
def test_what_cannot_be_kept(tmp_path, dataset, reason):
    with pytest.raises(NotKeptError, match=rf'{reason}(.|\n)*cache=False'):
        InputCache(dataset, tmp_path / 'cache')
    assert not (tmp_path / 'cache').exists()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'float_type': 'bfloat16'}, "float_type='float32'"),
        ({'limit_gb': -1}, r'limit_gb must be gigabytes >= 0, got -1\.'),
        ({'limit_gb': '5'}, "got '5'"),
        ({'limit_gb': float('nan')}, 'got nan'),
        ({'limit_gb': True}, 'got True'),
    ],
)
def test_options(tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        InputCache(rows(), tmp_path, **options)


def test_other_transforms(dataset, tmp_path):
    dataset.pipeline.transforms.append(lambda x: x)
    with pytest.raises(NotKeptError, match='end in PackAVInputs'):
        InputCache(dataset, tmp_path)
