"""What every registered fusion head keeps to."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch

from mmremix.models import ModalityEncoder, ResNet
from mmremix.models.fusion_heads import (
    BaseFusionHead,
    StagedFusionHead,
    TokenFusionHead,
)
from mmremix.models.tokens import all_there
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded

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
    {'type': 'TransformerFusionHead', 'depth': 1, 'num_heads': 2},
    {'type': 'CrossAttentionFusionHead', 'depth': 2},
    {'type': 'BottleneckFusionHead', 'num_tokens': 1},
    {'type': 'AttentionPoolingHead', 'num_queries': 3},
    {'type': 'LowRankFusionHead', 'rank': 1},
]
TOKENS = [
    c for c in CASES if issubclass(MODELS.get(c['type']), TokenFusionHead)
]
STAGED = [c for c in CASES if c['type'] in ('MMTM', 'CentralNet')]
# Those whose docstring says that an absent modality is zeros.
ZERO = [
    c
    for c in CASES
    if c.get('absent', 'zero') == 'zero'
    and c['type'] != 'SharedHeadFusion'
    and c not in TOKENS
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


def _tokens(vectors):
    """Three tokens a sample."""
    values = torch.stack([vectors, vectors.roll(1, 0), 2 * vectors], dim=1)
    return Padded(values, all_there(values))


def _run(head, vectors, names):
    """Fuse the modalities of these names, gates acting on what follows."""
    scale, state = dict.fromkeys(names, 1.0), None
    if isinstance(head, TokenFusionHead):
        return head.fuse({n: _tokens(vectors[-1][n]) for n in names})
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
    assert len(REGISTERED) >= 14
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
    elif kind == 'TensorFusionHead':
        zero[f'projections.{absent}.weight'] = rest
        width = len(head.projections[absent].weight)
        entries = torch.ones(*(width + 1 for _ in sizes), dtype=torch.bool)
        place = [*sizes].index(absent)
        # Left is what takes the absent one's last entry, the 1.
        entries.select(place, width).fill_(False)
        zero['fc.weight'] = (rest, entries.flatten())
    elif kind == 'LowRankFusionHead':
        zero[f'factors.{absent}.weight'] = rest
    elif isinstance(head, TokenFusionHead):
        depth = range(len(getattr(head, 'layers', ())))
        none = [f'embed.layers.{absent}.', f'class_tokens.{absent}']
        none += [f'layers.{i}.{absent}.' for i in depth]
    elif kind == 'CentralNet':
        none = [
            f'{part}.{key}.{absent}'
            for part in ('projections', 'scalars')
            for key in (*head.stages, 'last')
        ]
    else:
        raise NotImplementedError(f'Say here what {kind} leaves idle.')
    return zero, none


def _padded(tokens, mask):
    """More tokens that are not there, with values that must not matter."""
    junk = torch.full_like(tokens.values, 1e3)
    return Padded(
        torch.cat([torch.where(mask[..., None], tokens.values, 1e3), junk], 1),
        torch.cat([mask, torch.zeros_like(mask)], 1),
    )


@pytest.mark.parametrize('cfg', TOKENS, ids=str)
def test_masked_in_a_mixed_batch_is_absent_in_a_pure_one(cfg):
    head, vectors = _build(cfg, TRIPLE).eval(), _vectors(TRIPLE)[-1]
    tokens = {n: _tokens(v) for n, v in vectors.items()}
    sets = [*_subsets(TRIPLE)][:6]  # each of the 6 samples keeps another
    mixed = {
        n: _padded(t, t.mask & torch.tensor([[n in s] for s in sets]))
        for n, t in tokens.items()
    }
    scores = head.fuse(mixed)
    for row, names in enumerate(sets):
        alone = {n: tokens[n][[row]] for n in names}
        torch.testing.assert_close(scores[[row]], head.fuse(alone))


@pytest.mark.parametrize('cfg', TOKENS, ids=str)
def test_padding_changes_nothing(cfg):
    head, vectors = _build(cfg, TRIPLE).eval(), _vectors(TRIPLE)[-1]
    tokens = {n: _tokens(v) for n, v in vectors.items()}
    short = {
        n: Padded(t.values[:, :2], t.mask[:, :2]) for n, t in tokens.items()
    }
    first = torch.tensor([True, True, False])
    padded = {n: _padded(t, t.mask & first) for n, t in tokens.items()}
    torch.testing.assert_close(head.fuse(padded), head.fuse(short))
    assert not torch.allclose(head.fuse(tokens), head.fuse(short))


@pytest.mark.parametrize('cfg', TOKENS, ids=str)
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16], ids=str)
def test_sample_without_any_token_is_finite(cfg, dtype):
    head, vectors = _build(cfg, TRIPLE).to(dtype), _vectors(TRIPLE, dtype)[-1]
    tokens = {n: _tokens(v) for n, v in vectors.items()}
    some = torch.tensor([True] * 3 + [False] * 3)[:, None]
    tokens = {n: Padded(t.values, t.mask & some) for n, t in tokens.items()}
    leaves = {n: t.values.requires_grad_() for n, t in tokens.items()}
    scores = head.fuse(tokens)
    assert scores.isfinite().all()
    assert torch.equal(scores[3], scores[4])  # constants
    scores.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in head.parameters())
    for values in leaves.values():
        assert values.grad[:3].any() and not values.grad[3:].any()


@pytest.mark.parametrize('cfg', TOKENS, ids=str)
def test_vectors_are_one_token_each(cfg):
    head, vectors = _build(cfg, TRIPLE).eval(), _vectors(TRIPLE)[-1]
    single = {
        n: Padded(v[:, None], torch.ones(6, 1, dtype=torch.bool))
        for n, v in vectors.items()
    }
    assert torch.equal(head(vectors), head.fuse(single))


@pytest.mark.parametrize('cfg', TOKENS, ids=str)
def test_impossible_sizes_are_refused(cfg):
    if 'AttentionPooling' not in cfg['type']:
        with pytest.raises(ConfigError, match='depth must be at least 1'):
            _build({**cfg, 'depth': 0}, TRIPLE)
    with pytest.raises(ConfigError, match='no multiple of num_heads=3'):
        _build({**cfg, 'width': 16, 'num_heads': 3}, TRIPLE)


def test_a_tensor_that_is_too_large_is_refused():
    with pytest.raises(ConfigError, match='at most 39, or'):
        _build({'type': 'TensorFusionHead', 'width': 64}, TRIPLE)
    _build({'type': 'TensorFusionHead', 'width': 39}, TRIPLE)


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
