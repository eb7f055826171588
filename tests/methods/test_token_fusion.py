"""What methods do to features they do to tokens, or they are refused."""

from __future__ import annotations

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.methods import Method
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded
from tests.methods import kit

FUSION = {'type': 'TransformerFusionHead', 'width': 8, 'depth': 1}


def model_with(methods, **model):
    case = {
        'methods': methods,
        'fusion': FUSION,
        'encoder': 'TinyTokens',
        'model': model,
    }
    made = kit.make_model(case)
    for method in made.methods.values():
        method.set_clock(kit.Clock(0, 3, 0, seed=5))
    return made


def batch():
    torch.manual_seed(1)
    inputs = {name: torch.randn(64, kit.SIZE) for name in kit.NAMES[:2]}
    return inputs, torch.arange(64) % kit.CLASSES


@pytest.fixture
def seen(monkeypatch):
    """What goes into the fusion, call by call."""
    calls = []
    fuse = MODELS.get(FUSION['type']).fuse

    def note(self, tokens):
        calls.append(dict(tokens))
        return fuse(self, tokens)

    monkeypatch.setattr(MODELS.get(FUSION['type']), 'fuse', note)
    return calls


@pytest.mark.parametrize(
    'method',
    [
        {'type': 'OPM', 'p_exe': 1.0, 'q_base': 0.5},
        {'type': 'ModalityDropout'},
    ],
    ids=lambda cfg: cfg['type'],
)
def test_dropped_is_masked_and_scores_as_absent(method, seen):
    model = model_with({'mine': method})
    inputs, labels = batch()
    output = model.run(inputs, labels=labels)
    dropped = {n: ~t.mask.any(dim=1) for n, t in seen[-1].items()}
    assert not (dropped['video'] & dropped['audio']).any()
    assert sum(int(rows.sum()) for rows in dropped.values()) > 5
    for name, rows in dropped.items():
        (other,) = set(inputs) - {name}
        if rows.any():
            alone = model.eval().run({other: inputs[other][rows]})
            torch.testing.assert_close(
                output.scores['fusion'][rows], alone.scores['fusion']
            )
    # The modalities' own heads see everything, and nothing is rescaled.
    plain = model.eval().run(inputs)
    kept = ~dropped['video'] & ~dropped['audio']
    for name, rows in (*dict.fromkeys(inputs, ...).items(), ('fusion', kept)):
        torch.testing.assert_close(
            output.scores[name][rows], plain.scores[name][rows]
        )


def gradients(model, key):
    model.zero_grad()
    inputs, labels = batch()
    model.run(inputs, labels=labels).scores[key].square().sum().backward()
    return {n: p.grad for n, p in model.named_parameters()}


@pytest.mark.parametrize('key', ['fusion', 'video', 'audio'])
def test_ogm_slows_what_comes_through_tokens_and_through_vectors(key):
    plain = gradients(model_with({}), key)
    model = model_with({'ogm': {'type': 'OGM', 'alpha': 1.0}})
    slowed = gradients(model, key)
    records = model.methods['ogm'].take_records()
    factors = {n: records[f'k_{n}'] for n in ('video', 'audio')}
    assert min(factors.values()) < 0.5 and max(factors.values()) == 1
    for name, gradient in plain.items():
        part, modality, *_ = name.split('.')
        if gradient is not None:
            k = factors[modality] if part == 'encoders' else 1
            torch.testing.assert_close(slowed[name], k * gradient, msg=name)


def test_dgl_lets_no_gradient_through_tokens():
    found = gradients(model_with({'dgl': {'type': 'DGL'}}), 'fusion')
    for name, gradient in found.items():
        assert (gradient is None) == (not name.startswith('fusion.')), name
    found = gradients(model_with({'dgl': {'type': 'DGL'}}), 'video')
    assert found['encoders.video.backbone.layers.0.weight'].any()


@pytest.mark.parametrize('absent', ['feature', 'input'])
def test_agm_asks_the_fusion_with_tokens(absent, seen):
    model = model_with({'agm': {'type': 'AGM', 'absent': absent}})
    inputs, labels = batch()
    model.losses(model.run(inputs, labels=labels))
    assert len(seen) == 3
    for tokens in seen:
        assert all(t.shape == (64, 2, 5) for t in tokens.values())
    video_alone = seen[1]
    if absent == 'feature':
        assert set(video_alone) == {'video'}
    else:
        zero = model.eval().encode({'audio': torch.zeros(1, kit.SIZE)})
        torch.testing.assert_close(
            video_alone['audio'].values[7:8], zero.tokens['audio'].values
        )


def test_vectors_are_refused():
    model = model_with({})
    output = model.encode(batch()[0])
    with pytest.raises(TypeError, match='fusion_inputs in place of'):
        model.fuse(output.features)
    assert model.fuse(output.fusion_inputs).shape == (64, kit.CLASSES)


@MODELS.register_module(force=True)
class DoublesVectors(Method):
    def into_fusion(self, model, output, features):
        return {name: 2 * x for name, x in features.items()}


@MODELS.register_module(force=True)
class DoublesTokens(Method):
    takes_tokens = True

    def into_fusion(self, model, output, features):
        return {
            name: Padded(2 * x.values, x.mask) for name, x in features.items()
        }


def test_method_that_would_be_ignored_is_refused(tiny_config):
    cfg = tiny_config('joint_demo_transformer', epochs=1)
    cfg.method_mine = {'step': {'type': 'DoublesVectors'}}
    runner = build_runner(cfg)
    with pytest.raises(ConfigError, match='takes_tokens = True') as error:
        runner.train()
    assert 'DoublesVectors changes the feature vectors (into_fusion)' in str(
        error.value
    )


def test_all_methods_at_once_train_the_demo(tiny_config):
    cfg = tiny_config('joint_demo_transformer', epochs=1)
    for name, kind in (
        ('mine', 'DoublesTokens'),
        ('opm', 'OPM'),
        ('ogm', 'OGM'),
        ('agm', 'AGM'),
        ('modality_dropout', 'ModalityDropout'),
    ):
        cfg[f'method_{name}'] = {'step': {'type': kind}}
    runner = build_runner(cfg)
    runner.train()
    logged = runner.message_hub.log_scalars
    assert {'train/opm/rho_video', 'train/ogm/k_audio'} <= set(logged)
    assert all(p.isfinite().all() for p in runner.model.parameters())
