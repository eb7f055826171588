from __future__ import annotations

import math

import pytest
import torch

from mmremix.remix import (
    bernoulli_kl,
    kl_to_uniform,
    probability_margin,
    true_class_probability,
)


def test_hand_computed():
    # p = (1/2, 1/4, 1/4): KL to uniform = log 3 - H = log 3 - 1.5 log 2.
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    expected = math.log(3) - 1.5 * math.log(2)
    torch.testing.assert_close(kl_to_uniform(logits), torch.tensor([expected]))


def test_uniform_is_zero_and_one_hot_is_log_m():
    logits = torch.tensor([[7.0] * 25, [0.0] * 24 + [1e4]])
    torch.testing.assert_close(
        kl_to_uniform(logits), torch.tensor([0.0, math.log(25)])
    )


@pytest.mark.parametrize('num_classes', [2, 6, 31, 1000])
def test_equals_torch_kl_div(num_classes):
    generator = torch.Generator().manual_seed(num_classes)
    logits = 5 * torch.randn(64, num_classes, generator=generator)
    log_p = logits.double().log_softmax(1)
    log_u = torch.full_like(log_p, -math.log(num_classes))
    expected = torch.nn.functional.kl_div(
        log_u, log_p, reduction='none', log_target=True
    ).sum(1)
    torch.testing.assert_close(
        kl_to_uniform(logits).double(), expected, atol=1e-5, rtol=1e-4
    )


def test_does_not_depend_on_the_label_order_or_a_shift():
    logits = torch.tensor([[1.0, 2.0, 3.0]])
    moved = torch.tensor([[103.0, 101.0, 102.0]])
    torch.testing.assert_close(kl_to_uniform(logits), kl_to_uniform(moved))


def test_half_precision_scores_in_float32():
    logits = torch.tensor([[0.0, 300.0], [1.0, 1.5]], dtype=torch.bfloat16)
    score = kl_to_uniform(logits)
    assert score.dtype == torch.float32
    torch.testing.assert_close(score, kl_to_uniform(logits.float()))


def test_leading_dimensions_are_kept():
    assert kl_to_uniform(torch.zeros(4, 3, 6)).shape == (4, 3)
    assert kl_to_uniform(torch.zeros(0, 6)).shape == (0,)


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_not_finite_gives_nan_in_its_row_only(bad):
    score = kl_to_uniform(torch.tensor([[bad, 0.0, 1.0], [0.0, 0.0, 0.0]]))
    assert torch.isnan(score[0])
    assert score[1] == 0


@pytest.mark.parametrize('shape', [(), (4, 1), (4, 0)])
def test_too_few_classes(shape):
    with pytest.raises(ValueError, match='at least 2 classes'):
        kl_to_uniform(torch.zeros(shape))


def test_bernoulli_kl():
    torch.testing.assert_close(bernoulli_kl(torch.zeros(2, 3)), torch.zeros(2))
    sure = torch.tensor([[80.0, -80.0]])
    torch.testing.assert_close(bernoulli_kl(sure), torch.tensor([math.log(2)]))
    logits = torch.tensor([[1.0, -2.0, 0.5]])
    p = logits.sigmoid()
    by_hand = p * (2 * p).log() + (1 - p) * (2 * (1 - p)).log()
    torch.testing.assert_close(bernoulli_kl(logits), by_hand.mean(dim=1))
    torch.testing.assert_close(bernoulli_kl(-logits), bernoulli_kl(logits))
    # Of two classes, it is that of a softmax over (z, 0).
    one = torch.tensor([[1.3]])
    pair = torch.tensor([[1.3, 0.0]])
    torch.testing.assert_close(bernoulli_kl(one), kl_to_uniform(pair))
    assert bernoulli_kl(torch.tensor([[math.nan, 1.0]])).isnan().all()
    with pytest.raises(ValueError, match='at least 1 class'):
        bernoulli_kl(torch.zeros(3, 0))


def test_margin_and_true_class():
    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, -1e4]])
    p = logits.softmax(dim=1)
    assert torch.allclose(
        probability_margin(logits), torch.stack([p[0, 0] - p[0, 1], p[1, 2]])
    )
    labels = torch.tensor([1, 0])
    assert torch.allclose(
        true_class_probability(logits, labels), p[[0, 1], labels]
    )
