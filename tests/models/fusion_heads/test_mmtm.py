from __future__ import annotations

import pytest
import torch

from mmremix.models import MMTM, ConcatFusionHead, SumFusionHead
from mmremix.registry import MODELS

SIZES = {'video': 16, 'audio': 24}
STAGES = {'video': (2, 4, 8, 16), 'audio': (3, 6, 12, 24)}


def _head(**kwargs) -> MMTM:
    return MMTM(SIZES, 5, STAGES, **kwargs)


def _pooled(stage: int, *names: str) -> dict[str, torch.Tensor]:
    return {n: torch.randn(6, STAGES[n][stage - 1]) for n in names or SIZES}


def test_gates_are_the_papers_formula():
    head = _head()
    pooled = _pooled(3)
    gates, state = head.between(3, pooled, None)
    squeezed = torch.cat([pooled['video'], pooled['audio']], dim=1)
    joint = torch.relu(head.squeeze['3'](squeezed))
    assert joint.shape == (6, (8 + 12) // 4)
    for name in SIZES:
        expected = 2 * torch.sigmoid(head.excite['3'][name](joint))
        torch.testing.assert_close(gates[name], expected)
    assert state is None


def test_ratio_and_gate_scale():
    head = _head(ratio=2, gate_scale=1.0)
    assert head.squeeze['2'].out_features == 5
    gates, _ = head.between(2, _pooled(2), None)
    assert all((gate < 1).all() for gate in gates.values())
    assert _head(ratio=100).squeeze['2'].out_features == 1


def test_stages_have_layers_of_their_own():
    head = _head(stages=(4, 1))
    assert head.stages == (1, 4)
    assert list(head.squeeze) == list(head.excite) == ['1', '4']
    assert head.excite['4']['audio'].out_features == 24
    assert len(_head().squeeze) == 3


def test_one_modality_alone_is_squeeze_and_excitation():
    head = _head()
    pooled = _pooled(2, 'audio')
    gates, _ = head.between(2, pooled, None)
    squeeze = head.squeeze['2']
    own = pooled['audio'] @ squeeze.weight[:, 4:].T + squeeze.bias
    expected = 2 * head.excite['2']['audio'](own.relu()).sigmoid()
    assert list(gates) == ['audio']
    torch.testing.assert_close(gates['audio'], expected)


def test_late_head_is_built_and_fuses():
    assert isinstance(_head().head, ConcatFusionHead)
    cfg = {'type': 'SumFusionHead'}
    head = _head(head=cfg)
    assert isinstance(head.head, SumFusionHead)
    assert cfg == {'type': 'SumFusionHead'}
    features = {'audio': torch.randn(6, 24)}
    assert torch.equal(head.fuse(features, None), head.head(features))
    assert torch.equal(head(features), head.head(features))


def test_builds_from_a_config():
    head = MODELS.build(
        {
            'type': 'MMTM',
            'stages': [3],
            'in_channels': SIZES,
            'num_classes': 5,
            'stage_channels': STAGES,
        }
    )
    assert head.stages == (3,)


def test_running_mean_follows_training_steps_with_the_modality():
    head = _head(absent='mean', momentum=0.25)
    first, second = _pooled(2), _pooled(2)
    head.between(2, first, None)
    # The first step counts in full, not mixed with the zeros.
    mean = first['audio'].mean(dim=0)
    torch.testing.assert_close(head.mean_2_audio, mean)
    head.between(2, second, None)
    mean = 0.75 * mean + 0.25 * second['audio'].mean(dim=0)
    torch.testing.assert_close(head.mean_2_audio, mean)
    head.between(2, _pooled(2, 'video'), None)
    head.eval()
    head.between(2, _pooled(2), None)
    torch.testing.assert_close(head.mean_2_audio, mean)
    assert not head.seen_3_audio and not head.mean_3_audio.any()


def test_running_mean_stands_in_for_the_absent():
    head = _head(absent='mean')
    pooled = _pooled(2, 'video')
    plain = _head()
    plain.load_state_dict(head.state_dict(), strict=False)
    before, _ = head.between(2, pooled, None)
    expected, _ = plain.between(2, pooled, None)
    assert torch.equal(before['video'], expected['video'])
    both = _pooled(2)
    head.between(2, both, None)
    mean = both['audio'].mean(dim=0)
    given = {**pooled, 'audio': mean.expand(6, -1)}
    expected, _ = plain.between(2, given, None)
    out, _ = head.between(2, pooled, None)
    torch.testing.assert_close(out['video'], expected['video'])
    assert not torch.allclose(out['video'], before['video'])


def test_running_mean_carries_no_graph():
    head = _head(absent='mean')
    pooled = {n: v.requires_grad_() for n, v in _pooled(2).items()}
    head.between(2, pooled, None)
    assert not head.mean_2_audio.requires_grad
    gates, _ = head.between(2, _pooled(2, 'video'), None)
    gates['video'].sum().backward()
    assert pooled['audio'].grad is None
    # The columns of the absent modality learn from its mean.
    assert head.squeeze['2'].weight.grad[:, 4:].any()


def test_late_stage_is_refused():
    with pytest.raises(ValueError, match='stages 1 to 4, got stages='):
        _head(stages=(5,))


def test_staged_head_inside_is_refused():
    with pytest.raises(ValueError, match="late fusion, got type='CentralNet'"):
        _head(head={'type': 'CentralNet'})


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        ({'absent': 'skip'}, "'zero' or 'mean', got 'skip'"),
        ({'ratio': 0}, 'positive, got 0 and 2.0'),
        ({'gate_scale': -1.0}, 'positive, got 4 and -1.0'),
        ({'momentum': 0.0}, 'above 0 and at most 1, got 0.0'),
    ],
)
def test_wrong_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        _head(**kwargs)
