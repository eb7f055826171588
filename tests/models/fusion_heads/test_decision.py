from __future__ import annotations

import pytest
import torch
from mmengine.config import ConfigDict

from mmremix.models import DecisionFusionHead

SIZES = {'video': 3, 'audio': 2, 'depth': 4}


@pytest.fixture
def features() -> dict[str, torch.Tensor]:
    return {name: torch.randn(5, size) for name, size in SIZES.items()}


def _scores(head, features):
    return {name: head.fcs[name](z) for name, z in features.items()}


def test_mean(features):
    head = DecisionFusionHead(SIZES, 6)
    scores = torch.stack(list(_scores(head, features).values()))
    torch.testing.assert_close(head(features), scores.mean(dim=0))


def test_given_weights_are_divided_by_their_sum(features):
    weights = ConfigDict(depth=1, video=2, audio=5.0)
    head = DecisionFusionHead(SIZES, 6, weights=weights)
    scores = _scores(head, features)
    expected = (
        0.25 * scores['video'] + 0.625 * scores['audio'] + scores['depth'] / 8
    )
    torch.testing.assert_close(head(features), expected)
    assert weights == {'depth': 1, 'video': 2, 'audio': 5.0}


def test_learned_weights_start_equal_and_learn(features):
    head = DecisionFusionHead(SIZES, 6, weights='learned')
    scores = torch.stack(list(_scores(head, features).values()))
    torch.testing.assert_close(head(features), scores.mean(dim=0))
    labels = torch.full((5,), 3)
    with torch.no_grad():
        for name, fc in head.fcs.items():
            fc.weight.zero_()
            # Only the audio knows.
            fc.bias.copy_(torch.eye(6)[3 if name == 'audio' else 0] * 5)
    optimizer = torch.optim.SGD(head.weight_logits.parameters(), lr=1.0)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head(features), labels).backward()
        optimizer.step()
    assert (head(features).argmax(dim=1) == 3).all()
    logits = head.weight_logits
    assert logits['audio'] > 1 > -0.5 > logits['video']


def test_absent_zero_leaves_the_weighted_bias(features):
    head = DecisionFusionHead(
        SIZES, 6, weights={'video': 1.0, 'audio': 2.0, 'depth': 1.0}
    )
    del features['audio'], features['depth']
    expected = (
        head.fcs['video'](features['video'])
        + 2 * head.fcs['audio'].bias
        + head.fcs['depth'].bias
    ) / 4
    torch.testing.assert_close(head(features), expected)


def test_absent_skip_renormalises(features):
    head = DecisionFusionHead(
        SIZES,
        6,
        weights={'video': 1.0, 'audio': 2.0, 'depth': 1.0},
        absent='skip',
    )
    scores = _scores(head, features)
    del features['depth']
    expected = (scores['video'] + 2 * scores['audio']) / 3
    torch.testing.assert_close(head(features), expected)
    del features['video']
    torch.testing.assert_close(head(features), scores['audio'])


def test_absent_skip_renormalises_learned_weights(features):
    head = DecisionFusionHead(SIZES, 6, weights='learned', absent='skip')
    with torch.no_grad():
        head.weight_logits['video'].fill_(2.0)
        head.weight_logits['audio'].fill_(1.0)
    scores = _scores(head, features)
    del features['audio']
    share = torch.tensor(2.0).sigmoid()
    expected = share * scores['video'] + (1 - share) * scores['depth']
    torch.testing.assert_close(head(features), expected)


@pytest.mark.parametrize(
    'weights',
    [
        'max',
        {'video': 1.0, 'audio': 1.0},
        {'video': 1.0, 'audio': 1.0, 'depth': 1.0, 'text': 1.0},
        {'video': 1.0, 'audio': 0.0, 'depth': 1.0},
        {'video': 1.0, 'audio': float('nan'), 'depth': 1.0},
        {'video': 1.0, 'audio': '1', 'depth': 1.0},
        [0.2, 0.3, 0.5],
    ],
)
def test_wrong_weights(weights):
    with pytest.raises(ValueError, match='positive number for each') as error:
        DecisionFusionHead(SIZES, 6, weights=weights)
    fix = 'weights=dict(video=1.0, audio=1.0, depth=1.0)'
    assert str(error.value).endswith(fix)


def test_wrong_absent():
    with pytest.raises(ValueError, match="'zero' or 'skip', got 'mean'"):
        DecisionFusionHead(SIZES, 6, absent='mean')
