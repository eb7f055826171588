"""Purity of clusters, and what follows from it."""

from __future__ import annotations

import math

import pytest
import torch

from mmremix.methods.dnr import (
    cluster_purity,
    purity,
    relearn_weight,
    scale_to_unit,
)


def test_each_dimension_is_scaled_and_a_constant_one_is_zero():
    features = torch.tensor([[0.0, 5, 7], [1, 5, -1], [4, 5, 3]])
    expected = torch.tensor([[-1.0, 0, 1], [-0.5, 0, -1], [1, 0, 0]])
    torch.testing.assert_close(scale_to_unit(features), expected)


def test_purity_by_hand():
    """Three of four, two of two and, of one of each, one."""
    clusters = torch.tensor([0, 0, 0, 0, 3, 3, 1, 1])
    labels = torch.tensor([2, 2, 2, 0, 1, 1, 0, 2])
    assert purity(clusters, labels) == 6 / 8


@pytest.mark.parametrize('scale', [1.0, 1e-3])
def test_clusters_of_classes_apart_are_pure(scale):
    """The second dimension is noise, large before it is scaled."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    centres = torch.tensor([[0.0, 0], [10, 0], [0, 10]])
    features = centres[labels] + 0.1 * torch.randn(60, 2, generator=generator)
    features = features * torch.tensor([1.0, scale])
    assert cluster_purity(features, labels, 3, seed=0) == 1.0
    shuffled = labels[torch.randperm(60, generator=generator)]
    low = cluster_purity(features, shuffled, 3, seed=0)
    assert 1 / 3 <= low < 0.6
    assert low == cluster_purity(features, shuffled, 3, seed=0)


def test_weight():
    assert relearn_weight(0.2) == pytest.approx(math.tanh(0.6))
    assert relearn_weight(0.2, strength=1.0) == pytest.approx(math.tanh(0.2))
    assert relearn_weight(0.0) == relearn_weight(-0.3) == 0.0
