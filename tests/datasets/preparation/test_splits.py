"""Random splits: exact, stratified, grouped, the same in any order."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from mmremix.datasets.preparation.splits import split_samples


def test_plain_split_is_stratified_exact_and_blind_to_order() -> None:
    samples = [(f'{i:03}', 'ab'[i % 4 == 0], f'{i:03}') for i in range(200)]
    shares = {'train': 0.8, 'val': 0.1, 'test': 0.1}
    result = split_samples(samples, shares, seed=3)
    counts = Counter((result[n], label) for n, label, _ in samples)
    assert Counter(result.values()) == {'train': 160, 'val': 20, 'test': 20}
    assert counts['test', 'b'] == 5 and counts['val', 'b'] == 5
    random.Random(0).shuffle(samples)
    assert split_samples(samples, shares, seed=3) == result
    assert split_samples(samples, shares, seed=4) != result


def test_sizes_of_cremad() -> None:
    sizes = dict(ANG=1271, HAP=1271, DIS=1271, FEA=1271, SAD=1271, NEU=1087)
    names = [
        (f'{c}{i}', c, f'{c}{i}') for c, n in sizes.items() for i in range(n)
    ]
    result = split_samples(names, {'train': 6698, 'test': 744})
    assert Counter(result.values()) == {'train': 6698, 'test': 744}


def test_groups_stay_together_and_fill_every_split() -> None:
    samples = [
        (f'{g}-{i}', 'abc'[i % 3], f'g{g}')
        for g in range(20)
        for i in range(3 + g % 4)
    ]
    result = split_samples(samples, {'train': 8, 'val': 1, 'test': 1})
    for group in {g for _, _, g in samples}:
        assert len({result[n] for n, _, g in samples if g == group}) == 1
    assert set(result.values()) == {'train', 'val', 'test'}
    with pytest.raises(ValueError, match='2 groups cannot fill 3'):
        split_samples(samples[:7], {'a': 1, 'b': 1, 'c': 1})


def test_shares_are_positive_numbers() -> None:
    for share in (0.0, -1.0, float('nan'), float('inf')):
        with pytest.raises(ValueError, match='shares must be positive'):
            split_samples([('x', 'a', 'x')], {'train': 1.0, 'test': share})
