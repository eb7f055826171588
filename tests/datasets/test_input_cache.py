"""Cached samples equal loaded ones, and are decoded once."""

from __future__ import annotations

import copy
import shutil

import pytest
import torch

from mmremix.datasets import InputCache, RemixIndex
from mmremix.registry import DATASETS


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


def test_refusals(dataset, tmp_path):
    with pytest.raises(ValueError, match="float_type='float32'"):
        InputCache(dataset, tmp_path, float_type='bfloat16')
    dataset.pipeline.transforms.append(lambda x: x)
    with pytest.raises(ValueError, match='end in PackAVInputs'):
        InputCache(dataset, tmp_path)
