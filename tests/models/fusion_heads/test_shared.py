"""The fusion of what one classifier says of each modality."""

from __future__ import annotations

import math

import pytest
import torch

from mmremix.models import SharedHeadFusion
from mmremix.models.fusion_heads.shared import entropy_weights

SIZES = {'video': 4, 'audio': 4}


def make(**options):
    torch.manual_seed(0)
    head = SharedHeadFusion(SIZES, 3, **options)
    return head, {n: torch.randn(5, 4) for n in SIZES}


def test_one_modality_is_the_classifier():
    head, features = make(weights='entropy')
    for name, z in features.items():
        assert torch.equal(head({name: z}), head.fc(z))


@pytest.mark.parametrize(
    ('weights', 'shares'),
    [('mean', (0.5, 0.5)), ({'video': 1, 'audio': 3}, (0.25, 0.75))],
)
def test_scores_are_averaged(weights, shares):
    head, features = make(weights=weights)
    expected = sum(
        w * head.fc(z) for w, z in zip(shares, features.values(), strict=True)
    )
    torch.testing.assert_close(head(features), expected)


def test_entropy_weights_by_hand():
    """H is log 2 of the first, 0 of the second."""
    scores = torch.tensor([[[0.0, 0.0]], [[50.0, -50.0]]])
    weights = entropy_weights(scores)
    assert weights.shape == (2, 1, 1)
    e = math.exp(-math.log(2))
    assert weights[0].item() == pytest.approx(e / (e + 1), rel=1e-5)


def test_entropy_weighs_each_sample():
    head, features = make(weights='entropy')
    scores = {n: head.fc(z) for n, z in features.items()}
    for row, fused in enumerate(head(features)):
        p = [scores[n][row].softmax(0) for n in SIZES]
        w = torch.stack([(q * q.log()).sum() for q in p]).softmax(0)
        expected = w[0] * scores['video'][row] + w[1] * scores['audio'][row]
        torch.testing.assert_close(fused, expected)


def test_smaller_features_are_brought_to_the_largest_size():
    torch.manual_seed(0)
    head = SharedHeadFusion({'video': 4, 'audio': 8, 'text': 3}, 3)
    assert list(head.fit) == ['video', 'text']
    features = {'audio': torch.randn(5, 8), 'video': torch.randn(5, 4)}
    assert torch.equal(
        head({'audio': features['audio']}), head.fc(features['audio'])
    )
    video = head.fc(head.fit['video'](features['video']))
    assert torch.equal(head({'video': features['video']}), video)
    torch.testing.assert_close(
        head(features), (video + head.fc(features['audio'])) / 2
    )


def test_one_size_needs_no_layer():
    assert not list(make()[0].fit.parameters())


def test_other_weights_are_refused():
    with pytest.raises(ValueError, match="'mean', 'entropy' or a positive"):
        make(weights='learned')
    with pytest.raises(ValueError, match='SharedHeadFusion: weights'):
        make(weights={'video': 1.0})
