"""What each way of masking moves and what it leaves alone."""

from __future__ import annotations

import copy

import pytest
import torch
from mmaction.structures import ActionDataSample
from torch import nn
from torch.nn import functional as F

from mmremix.models import AVRecognizer

LABELS = torch.tensor([0, 3, 1, 4])


def recognizer(**kwargs):
    torch.manual_seed(0)
    return AVRecognizer(
        **{
            'encoders': {
                'video': {'type': 'ResNet', 'base_channels': 4},
                'audio': {
                    'type': 'ResNet',
                    'base_channels': 4,
                    'in_channels': 1,
                },
            },
            'fusion': {'type': 'ConcatFusionHead'},
            'num_classes': 5,
            **kwargs,
        }
    )


def inputs():
    torch.manual_seed(1)
    return {
        'video': torch.randn(4, 2, 3, 32, 32),
        'audio': torch.randn(4, 1, 33, 20),
    }


def samples(*active):
    found = []
    for label, names in zip(LABELS, active, strict=True):
        sample = ActionDataSample()
        sample.set_gt_label(label)
        sample.set_metainfo({'active_modalities': names})
        found.append(sample)
    return found


def published_step(model, active):
    """The published step, written out: a loss, and gradients of it.

    Both encoders run in train mode, the masked feature is set to zero in
    place, and the loss is CE(fused) + CE(own head).
    """
    z = {}
    for name, encoder in model.encoders.items():
        x = inputs()[name]
        maps = encoder.backbone(x.flatten(0, 1) if x.dim() == 5 else x)
        pooled = F.adaptive_avg_pool2d(maps, 1).flatten(1)
        z[name] = pooled.view(4, -1, pooled.shape[1]).mean(1)
    own = z[active].clone()
    for name in z:
        if name != active:
            z[name][:] = 0
    fused = model.fusion.fc(torch.cat([z['video'], z['audio']], 1))
    loss_fusion = F.cross_entropy(fused, LABELS)
    loss_own = F.cross_entropy(model.heads[active](own), LABELS)
    (loss_fusion + loss_own).backward()
    return loss_fusion, loss_own


@pytest.mark.parametrize('active', ['video', 'audio'])
def test_feature_is_the_published_step(active):
    ours = recognizer(mask='feature').train()
    theirs = copy.deepcopy(ours)
    losses = ours.loss(inputs(), samples(*[(active,)] * 4))
    sum(losses.values()).backward()
    loss_fusion, loss_own = published_step(theirs, active)
    torch.testing.assert_close(losses['loss_fusion'], loss_fusion)
    torch.testing.assert_close(losses[f'loss_{active}'], loss_own)
    assert len(losses) == 2
    for (name, p), q in zip(
        ours.named_parameters(), theirs.parameters(), strict=True
    ):
        if q.grad is None:
            assert p.grad is None, name
        else:
            torch.testing.assert_close(p.grad, q.grad, rtol=1e-6, atol=1e-6)
    for (name, a), b in zip(
        ours.named_buffers(), theirs.buffers(), strict=True
    ):
        assert torch.equal(a, b), name


MOVES = {
    # Does Adam move the masked encoder; do its statistics follow?
    'skip': (False, False),
    'feature': (True, True),
    'input': (True, True),
}


@pytest.mark.parametrize('mask', MOVES)
def test_what_moves_in_the_masked_encoder(mask):
    model = recognizer(mask=mask).train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2, weight_decay=0.1)
    both = ('video', 'audio')
    sum(model.loss(inputs(), samples(*[both] * 4)).values()).backward()
    optimizer.step()
    optimizer.zero_grad()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    sum(model.loss(inputs(), samples(*[('audio',)] * 4)).values()).backward()
    masked = model.encoders['video']
    gradients = [p.grad for p in masked.parameters()]
    if mask == 'skip':
        assert all(g is None for g in gradients)
    elif mask == 'feature':
        assert all(g is not None and not g.any() for g in gradients)
    else:
        assert any(g is not None and g.any() for g in gradients)
    optimizer.step()
    state = model.state_dict()
    changed = {k for k in state if not torch.equal(state[k], before[k])}
    weights = {f'encoders.video.{n}' for n, _ in masked.named_parameters()}
    statistics = {f'encoders.video.{n}' for n, _ in masked.named_buffers()}
    moves, follows = MOVES[mask]
    assert bool(changed & weights) == moves
    assert bool(changed & statistics) == follows
    # The idle head gets no gradient in any of them.
    assert not any(name.startswith('heads.video') for name in changed)
    assert 'encoders.audio.backbone.stem.0.weight' in changed


def test_input_mask_encodes_zeros():
    model = recognizer(mask='input').eval()
    zeroed = {**inputs(), 'video': torch.zeros(4, 2, 3, 32, 32)}
    masked = model.run(inputs(), ('audio',)).scores
    torch.testing.assert_close(masked['fusion'], model(zeroed)['fusion'])
    assert list(masked) == ['fusion', 'audio']


def test_evaluation_is_the_same_in_all_of_them():
    logits = [recognizer(mask=mask).eval()(inputs()) for mask in MOVES]
    for other in logits[1:]:
        for name, value in logits[0].items():
            assert torch.equal(value, other[name])


def test_mixed_batch_is_the_sum_of_its_groups():
    """Samples of a batch may keep different modalities."""
    model = recognizer().eval()  # so that batch norm does not couple samples
    active = [('audio',), ('video',), ('video', 'audio'), ('audio',)]
    full = inputs()
    loaded = {
        name: torch.stack(
            [x for x, a in zip(full[name], active, strict=True) if name in a]
        )
        for name in full
    }
    losses = model.loss(loaded, samples(*active))
    expected = {'loss_fusion': 0.0, 'loss_video': 0.0, 'loss_audio': 0.0}
    for i, names in enumerate(active):
        one = {name: full[name][i : i + 1] for name in names}
        sample = samples(*active)[i : i + 1]
        for key, value in model.loss(one, sample).items():
            expected[key] = expected[key] + value / 4
    assert set(losses) == set(expected)
    for key, value in expected.items():
        torch.testing.assert_close(losses[key], value)
    predicted = model.predict(loaded, samples(*active))
    assert [list(s.pred_score) for s in predicted] == [
        ['fusion', 'audio'],
        ['fusion', 'video'],
        ['fusion', 'video', 'audio', 'heads'],
        ['fusion', 'audio'],
    ]
    torch.testing.assert_close(
        predicted[3].pred_score['audio'],
        model({'audio': full['audio'][3:]})['audio'][0].softmax(0),
    )


def test_each_encoder_sees_its_samples_only():
    model = recognizer().train()
    seen = {}
    for name, encoder in model.encoders.items():
        encoder.register_forward_pre_hook(
            lambda _, args, name=name: seen.update({name: len(args[0])})
        )
    active = [('audio',), ('video',), ('audio',), ('audio',)]
    full = inputs()
    model.loss(
        {'video': full['video'][:1], 'audio': full['audio'][:3]},
        samples(*active),
    )
    assert seen == {'video': 1, 'audio': 3}


def test_unimodal_predictions_from_the_fusion_head():
    model = recognizer(unimodal='fusion').eval()
    assert len(model.heads) == 0
    logits = model(inputs())
    alone = model({'audio': inputs()['audio']})
    torch.testing.assert_close(logits['audio'], alone['fusion'])
    both = ('video', 'audio')
    assert list(model.loss(inputs(), samples(*[both] * 4))) == ['loss_fusion']


@pytest.mark.parametrize('kind', ['MMTM', 'CentralNet'])
def test_fusion_between_stages(kind):
    fusion = {'type': kind}
    model = recognizer(fusion=fusion).train()
    both = samples(*[('video', 'audio')] * 4)
    losses = model.loss(inputs(), both)
    assert list(losses) == ['loss_fusion', 'loss_video', 'loss_audio']
    model = recognizer(fusion=fusion).train()
    calls = []
    stem = model.encoders['video'].backbone.stem
    stem.register_forward_hook(lambda *_: calls.append(1))
    only = {'audio': inputs()['audio']}
    sum(model.loss(only, samples(*[('audio',)] * 4)).values()).backward()
    assert calls == []
    assert all(p.grad is None for p in model.encoders['video'].parameters())
    for options in ({'mask': 'feature'}, {'unimodal': 'fusion'}):
        with pytest.raises(ValueError, match="mask='skip', unimodal='heads'"):
            recognizer(fusion=fusion, **options)


def test_fusion_between_stages_needs_stages():
    class Flat(nn.Module):
        out_channels = 4

    with pytest.raises(TypeError, match='stage by stage'):
        recognizer(encoders={'video': {'type': Flat}}, fusion={'type': 'MMTM'})


def test_unknown_options():
    with pytest.raises(ValueError, match=r"model=dict\(mask='skip'\)"):
        recognizer(mask='zero')
    with pytest.raises(ValueError, match=r"model=dict\(unimodal='heads'\)"):
        recognizer(unimodal='none')
