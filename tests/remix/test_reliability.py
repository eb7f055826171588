from __future__ import annotations

import pytest
import torch

from mmremix.remix import (
    deal_shares,
    group_interval,
    reliable_shares,
    wilson_interval,
)


def test_wilson_interval_of_a_known_case():
    # 8 of 10: 0.490 to 0.943, as in tables.
    low, high = wilson_interval(torch.tensor([0.8]), 10)
    assert low.item() == pytest.approx(0.490, abs=1e-3)
    assert high.item() == pytest.approx(0.943, abs=1e-3)
    ends = wilson_interval(torch.tensor([0.0, 1.0]), 10)
    assert ends[0, 0] == 0 and ends[1, 1] == 1


def test_group_interval_knows_that_speakers_differ():
    # All samples of two of four speakers are right.
    hits = torch.tensor([1.0, 1.0, 0.0, 0.0]).repeat_interleave(50)[:, None]
    groups = [f's{i // 50}' for i in range(200)]
    low, high = group_interval(hits, groups)
    narrow = wilson_interval(hits.mean(dim=0), 200)
    assert low < narrow[0] - 0.2 and high > narrow[1] + 0.2
    assert torch.equal(group_interval(hits, groups), torch.stack([low, high]))


def test_shares_follow_usefulness_and_close_what_is_at_chance():
    accuracy = torch.tensor([0.85, 0.45, 0.05])
    upper = torch.tensor([0.9, 0.5, 0.09])
    shares = reliable_shares(accuracy, upper, 0.1)
    torch.testing.assert_close(shares, torch.tensor([1.0, 0.35 / 0.75, 0.0]))
    closed = reliable_shares(accuracy, upper, 0.1, close=0.6)
    assert closed.tolist() == [1, 0, 0]
    unknown = reliable_shares(torch.full((2,), 0.1), upper[:2], 0.1)
    assert unknown.tolist() == [1, 1]


def test_deals_so_many_samples():
    draw = torch.Generator().manual_seed(0)
    shares = torch.tensor([1.0, 0.3, 0.001, 0.0])
    assert deal_shares(shares, 10, draw).sum(dim=0).tolist() == [10, 3, 1, 0]
