from __future__ import annotations

import math

import pytest
import torch

from mmremix.remix import (
    UNASSIGNED,
    assign_weakest,
    count_flips,
    modality_counts,
)


def test_lowest_score_wins_over_three_modalities():
    scores = torch.tensor([[0.3, 0.2, 0.9], [0.1, 0.2, 0.3], [2.0, 1.0, 0.5]])
    assert assign_weakest(scores).tolist() == [1, 0, 2]


def test_ties_go_to_the_first():
    scores = torch.tensor([[0.5, 0.5, 0.5], [0.9, 0.5, 0.5], [0.5, 0.9, 0.5]])
    assert assign_weakest(scores).tolist() == [0, 1, 0]


def test_unscored_rows():
    scores = torch.tensor([[math.nan, math.nan], [0.1, math.nan], [0.2, 0.1]])
    assert assign_weakest(scores).tolist() == [UNASSIGNED, UNASSIGNED, 1]


def test_one_modality_and_no_sample():
    assert assign_weakest(torch.rand(3, 1)).tolist() == [0, 0, 0]
    assert assign_weakest(torch.rand(0, 2)).tolist() == []


@pytest.mark.parametrize('shape', [(4,), (4, 0), (2, 2, 2)])
def test_wrong_shape(shape):
    with pytest.raises(ValueError, match='samples, modalities'):
        assign_weakest(torch.zeros(shape))


def test_counts_leave_out_the_unassigned():
    assignments = torch.tensor([0, 2, 2, -1], dtype=torch.int8)
    assert modality_counts(assignments, 4).tolist() == [1, 0, 2, 0]
    assert modality_counts(torch.tensor([-1]), 2).tolist() == [0, 0]


def test_flips():
    before = torch.tensor([0, 1, -1, 1])
    after = torch.tensor([1, 1, 0, -1])
    assert count_flips(before, after) == 1
    assert count_flips(None, after) == 0
