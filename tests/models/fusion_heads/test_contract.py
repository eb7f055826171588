"""What every registered fusion head keeps to."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch

from mmremix.models import ModalityEncoder, ResNet
from mmremix.models.fusion_heads import BaseFusionHead, StagedFusionHead
from mmremix.registry import MODELS

PAIR = {'video': 8, 'audio': 16}
TRIPLE = {'video': 8, 'audio': 16, 'depth': 12}
# One size for a head of one layer.
EQUAL = {'video': 8, 'audio': 8, 'depth': 8}
ONLY_TWO = ('FiLMFusionHead', 'GatedFusionHead')
REGISTERED = sorted(
    name
    for name, cls in MODELS.module_dict.items()
    if isinstance(cls, type)
    and issubclass(cls, BaseFusionHead)
    and cls.__module__.startswith('mmremix.')
)
CASES = [
    *({'type': name} for name in REGISTERED),
    {'type': 'DecisionFusionHead', 'weights': 'learned'},
    {'type': 'DecisionFusionHead', 'absent': 'skip'},
    {'type': 'DecisionFusionHead', 'weights': 'learned', 'absent': 'skip'},
    {'type': 'SharedHeadFusion', 'weights': 'entropy'},
    {
        'type': 'SharedHeadFusion',
        'weights': {'video': 1.0, 'audio': 2.0, 'depth': 3.0},
    },
    {'type': 'FiLMFusionHead', 'conditioned': 'audio'},
    {'type': 'GatedFusionHead', 'gated': 'audio', 'width': 10},
    {'type': 'MMTM', 'absent': 'mean'},
    {'type': 'MMTM', 'head': {'type': 'SumFusionHead'}, 'stages': (1, 3)},
    {'type': 'CentralNet', 'stages': (2, 3, 4), 'width': 10},
]
STAGED = [c for c in CASES if c['type'] in ('MMTM', 'CentralNet')]
# Those whose docstring says that an absent modality is zeros.
ZERO = [
    c
    for c in CASES
    if c.get('absent', 'zero') == 'zero' and c['type'] != 'SharedHeadFusion'
]


def _sizes(cfg):
    if cfg['type'] == 'SharedHeadFusion':
        return EQUAL
    return PAIR if cfg['type'] in ONLY_TWO else TRIPLE


def _build(cfg, sizes, seed=0):
    torch.manual_seed(seed)
    cfg = {**cfg, 'in_channels': sizes, 'num_classes': 5}
    if issubclass(MODELS.get(cfg['type']), StagedFusionHead):
        cfg['stage_channels'] = {n: (4, 6, 8, s) for n, s in sizes.items()}
    return MODELS.build(cfg)


def _vectors(sizes, dtype=torch.float32):
    """Per stage, and last the features."""
    torch.manual_seed(1)
    return [
        {n: torch.rand(6, size, dtype=dtype) for n, size in channels.items()}
        for channels in (*(dict.fromkeys(sizes, c) for c in (4, 6, 8)), sizes)
    ]


def _run(head, vectors, names):
    """Fuse the modalities of these names, gates acting on what follows."""
    scale, state = dict.fromkeys(names, 1.0), None
    if not isinstance(head, StagedFusionHead):
        return head({n: vectors[-1][n] for n in names})
    for stage in head.stages:
        pooled = {n: vectors[stage - 1][n] * scale[n] for n in names}
        gates, state = head.between(stage, pooled, state)
        assert set(gates) <= set(names)
        for n, gate in gates.items():
            assert gate.shape == pooled[n].shape
            scale[n] = scale[n] * gate.mean(dim=1, keepdim=True)
    return head.fuse({n: vectors[-1][n] * scale[n] for n in names}, state)


def _subsets(names):
    for count in range(1, len(names) + 1):
        yield from combinations(names, count)


def test_all_heads_are_covered():
    assert len(REGISTERED) >= 7
    staged = {
        name
        for name in REGISTERED
        if issubclass(MODELS.get(name), StagedFusionHead)
    }
    assert staged == {cfg['type'] for cfg in STAGED}


@pytest.mark.parametrize('cfg', CASES, ids=str)
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16], ids=str)
def test_every_subset_gives_finite_scores_and_gradients(cfg, dtype):
    head = _build(cfg, _sizes(cfg)).to(dtype)
    vectors = _vectors(_sizes(cfg), dtype)
    for names in _subsets(_sizes(cfg)):
        scores = _run(head, vectors, names)
        assert scores.shape == (6, 5) and scores.dtype == dtype
        assert scores.isfinite().all()
        scores.square().sum().backward()
    gradients = [p.grad for p in head.parameters()]
    assert all(g.isfinite().all() and g.any() for g in gradients)


@pytest.mark.parametrize('cfg', CASES, ids=str)
def test_autocast_works(cfg):
    head, vectors = _build(cfg, _sizes(cfg)).eval(), _vectors(_sizes(cfg))
    for names in _subsets(_sizes(cfg)):
        expected = _run(head, vectors, names)
        with torch.autocast('cpu', torch.bfloat16):
            scores = _run(head, vectors, names)
        torch.testing.assert_close(scores.float(), expected, atol=0.1, rtol=0)


@pytest.mark.parametrize('cfg', CASES, ids=str)
def test_order_of_the_features_does_not_matter(cfg):
    head, vectors = _build(cfg, _sizes(cfg)).eval(), _vectors(_sizes(cfg))
    for names in _subsets(_sizes(cfg)):
        scores = _run(head, vectors, names)
        assert torch.equal(_run(head, vectors, names[::-1]), scores)


@pytest.mark.parametrize('cfg', ZERO, ids=str)
def test_absent_modality_is_zeros(cfg):
    head, vectors = _build(cfg, _sizes(cfg)), _vectors(_sizes(cfg))
    for names in _subsets(_sizes(cfg)):
        filled = [
            {n: v if n in names else v * 0 for n, v in at.items()}
            for at in vectors
        ]
        torch.testing.assert_close(
            _run(head, vectors, names), _run(head, filled, _sizes(cfg))
        )


def _idle(head, absent):
    """Where a modality's absence leaves a zero gradient, and where none.

    Names and indices of parts of parameters, and a piece of the names of
    parameters.
    """
    sizes, kind = head.in_channels, type(head).__name__
    rest = slice(None)

    def columns(channels):
        start = sum(channels[n] for n in list(sizes)[: [*sizes].index(absent)])
        return (rest, slice(start, start + channels[absent]))

    zero, none = {}, []
    if kind == 'ConcatFusionHead':
        zero['fc.weight'] = columns(sizes)
    elif kind == 'DecisionFusionHead' and head.absent == 'skip':
        none = [f'fcs.{absent}.', f'weight_logits.{absent}']
    elif kind == 'SharedHeadFusion':
        pass
    elif kind in ('SumFusionHead', 'DecisionFusionHead'):
        zero[f'fcs.{absent}.weight'] = rest
    elif kind == 'FiLMFusionHead' and head.condition == absent:
        zero['film.weight'] = rest
    elif kind == 'FiLMFusionHead':
        gamma = slice(sizes[absent])
        zero.update({'film.weight': gamma, 'film.bias': gamma})
    elif kind == 'GatedFusionHead':
        gating = head.gating == absent
        zero['fc_gate.weight' if gating else 'fc_gated.weight'] = rest
    elif kind == 'MMTM':
        none = [f'excite.{s}.{absent}.' for s in head.stages]
        late, _ = _idle(head.head, absent)
        zero = {f'head.{name}': index for name, index in late.items()}
        for s in head.stages if head.absent == 'zero' else ():
            channels = {n: c[s - 1] for n, c in head.stage_channels.items()}
            zero[f'squeeze.{s}.weight'] = columns(channels)
    elif kind == 'CentralNet':
        none = [
            f'{part}.{key}.{absent}'
            for part in ('projections', 'scalars')
            for key in (*head.stages, 'last')
        ]
    else:
        raise NotImplementedError(f'Say here what {kind} leaves idle.')
    return zero, none


@pytest.mark.parametrize('cfg', CASES, ids=str)
def test_gradients_of_what_only_the_absent_modality_uses(cfg):
    sizes = _sizes(cfg)
    for absent in sizes:
        head, vectors = _build(cfg, sizes), _vectors(sizes)
        _run(head, vectors, sizes)  # For the running means.
        names = [n for n in sizes if n != absent]
        _run(head, vectors, names).square().sum().backward()
        zero, none = _idle(head, absent)
        assert set(zero) <= {n for n, _ in head.named_parameters()}
        for name, parameter in head.named_parameters():
            if any(name.startswith(piece) for piece in none):
                assert parameter.grad is None, name
                continue
            busy = torch.ones_like(parameter)
            if name in zero:
                busy[zero[name]] = 0
                assert not parameter.grad[busy == 0].any(), name
            assert parameter.grad.any() or not busy.any(), name


@pytest.mark.parametrize('cfg', CASES, ids=str)
def test_state_dict_round_trip(cfg):
    sizes = _sizes(cfg)
    head, vectors = _build(cfg, sizes), _vectors(sizes)
    _run(head, vectors, sizes)
    other = _build(cfg, sizes, seed=2)
    other.load_state_dict(head.state_dict())
    head.eval(), other.eval()
    for names in _subsets(sizes):
        scores = _run(head, vectors, names)
        assert torch.equal(_run(other, vectors, names), scores)


@pytest.mark.parametrize('kind', ONLY_TWO)
@pytest.mark.parametrize('sizes', [TRIPLE, {'audio': 16}])
def test_heads_for_two_refuse_other_numbers(kind, sizes):
    with pytest.raises(ValueError, match='fuses two modalities') as error:
        _build({'type': kind}, sizes)
    assert f'the model has {len(sizes)}' in str(error.value)
    assert "fusion=dict(type='ConcatFusionHead')" in str(error.value)


def _encode_and_fuse(encoders, head, inputs):
    """As StagedFusionHead describes it."""
    maps = {n: encoders[n].stem(x) for n, x in inputs.items()}
    state = None
    for stage in range(1, 5):
        maps = {n: encoders[n].stage(stage - 1, m) for n, m in maps.items()}
        if stage not in head.stages:
            continue
        pooled = {n: encoders[n].pool(m, 2) for n, m in maps.items()}
        gates, state = head.between(stage, pooled, state)
        for n, gate in gates.items():
            gate = gate.repeat_interleave(len(maps[n]) // 2, dim=0)
            maps[n] = maps[n] * gate[:, :, None, None]
    features = {n: encoders[n].pool(m, 2) for n, m in maps.items()}
    return head.fuse(features, state), features


@pytest.fixture
def encoders():
    torch.manual_seed(0)
    return {
        'video': ModalityEncoder(ResNet(in_channels=3, base_channels=4)),
        'audio': ModalityEncoder(ResNet(in_channels=1, base_channels=4)),
    }


@pytest.fixture
def inputs():
    torch.manual_seed(1)
    return {
        'video': torch.randn(2, 3, 3, 48, 32),
        'audio': torch.randn(2, 1, 64, 48),
    }


def _build_for(encoders, cfg):
    return MODELS.build(
        {
            **cfg,
            'in_channels': {n: e.out_channels for n, e in encoders.items()},
            'stage_channels': {
                n: e.stage_channels for n, e in encoders.items()
            },
            'num_classes': 5,
        }
    )


@pytest.mark.parametrize('cfg', STAGED, ids=str)
@pytest.mark.parametrize('active', list(_subsets(tuple(PAIR))), ids=str)
def test_staged_head_with_encoders(encoders, inputs, cfg, active):
    head = _build_for(encoders, cfg)
    some = {n: encoders[n] for n in active}
    scores, _ = _encode_and_fuse(some, head, {n: inputs[n] for n in active})
    assert scores.shape == (2, 5)
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor([0, 3]))
    loss.backward()
    for name, encoder in encoders.items():
        gradients = [p.grad for p in encoder.parameters()]
        if name in active:
            assert all(g.isfinite().all() for g in gradients)
            assert all(g.any() for g in gradients if g.dim() == 4)
        else:
            assert gradients == [None] * len(gradients)


@pytest.mark.parametrize('cfg', STAGED, ids=str)
def test_only_gates_join_the_encoders(encoders, inputs, cfg):
    head = _build_for(encoders, cfg)
    inputs['video'].requires_grad_()
    _, features = _encode_and_fuse(encoders, head, inputs)
    if cfg['type'] == 'MMTM':
        features['audio'].sum().backward()
        assert inputs['video'].grad.any()
        # Gates of 1 change nothing.
        with torch.no_grad():
            for parameter in head.excite.parameters():
                parameter.zero_()
    scores, features = _encode_and_fuse(encoders, head, inputs)
    plain = {n: encoders[n](x) for n, x in inputs.items()}
    torch.testing.assert_close(features, plain)
    if cfg['type'] == 'MMTM':
        torch.testing.assert_close(scores, head.head(plain))
