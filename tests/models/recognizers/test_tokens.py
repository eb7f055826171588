"""A recognizer whose fusion takes tokens."""

from __future__ import annotations

import pytest
import torch

from mmremix.models import AVRecognizer
from tests.models.recognizers.test_masks import inputs, samples

HEADS = (
    'TransformerFusionHead',
    'CrossAttentionFusionHead',
    'BottleneckFusionHead',
    'AttentionPoolingHead',
)


def recognizer(kind=HEADS[0], **kwargs):
    torch.manual_seed(0)
    small = {'type': 'ResNet', 'base_channels': 4}
    return AVRecognizer(
        encoders={'video': small, 'audio': {**small, 'in_channels': 1}},
        fusion={'type': kind, 'width': 8},
        num_classes=5,
        **kwargs,
    )


def test_tokens_come_beside_the_features():
    model = recognizer().eval()
    output = model.run(inputs())
    assert output.features['video'].shape == (4, 32)
    # Two frames of a map of one place; a spectrogram of two places.
    assert output.tokens['video'].shape == (4, 2, 32)
    assert output.tokens['audio'].shape == (4, 2, 32)
    assert output.fusion_inputs == output.tokens
    late = AVRecognizer(
        encoders={'audio': {'type': 'ResNet', 'in_channels': 1}},
        fusion={'type': 'ConcatFusionHead'},
        num_classes=5,
    ).run({'audio': inputs()['audio']})
    assert late.tokens == {} and late.fusion_inputs == late.features


@pytest.mark.parametrize('kind', HEADS)
def test_mixed_batch_is_its_pure_parts(kind):
    model = recognizer(kind).eval()
    kept = [('video', 'audio'), ('video',), ('audio',), ('video', 'audio')]
    x = inputs()
    with torch.no_grad():
        there = {n: v[[n in names for names in kept]] for n, v in x.items()}
        found = model.predict(there, samples(*kept))
        for row, names in enumerate(kept):
            alone = model.run({n: x[n][[row]] for n in names})
            torch.testing.assert_close(
                found[row].pred_score['fusion'],
                alone.scores['fusion'].softmax(1)[0],
            )


@pytest.mark.parametrize('kind', HEADS)
@pytest.mark.parametrize('mask', ['skip', 'feature', 'input'])
def test_what_masking_moves(kind, mask):
    model = recognizer(kind, mask=mask).train()
    kept = [('audio',)] * 4
    loss = sum(model.loss(inputs(), samples(*kept)).values())
    loss.backward()
    for name, parameter in model.encoders['video'].named_parameters():
        if mask == 'skip':
            assert parameter.grad is None
        elif mask == 'feature':
            assert not parameter.grad.any(), name
        else:
            assert parameter.grad is not None
    assert any(p.grad.any() for p in model.encoders['audio'].parameters())


@pytest.mark.parametrize('kind', HEADS)
def test_feature_masking_scores_as_absent(kind):
    one, other = recognizer(kind, mask='feature'), recognizer(kind)
    x = inputs()
    one.eval(), other.eval()
    torch.testing.assert_close(
        one.run(x, ('audio',)).scores['fusion'],
        other.run({'audio': x['audio']}).scores['fusion'],
    )


@pytest.mark.parametrize('kind', HEADS)
def test_predictions_of_one_modality_by_the_fusion(kind):
    model = recognizer(kind, unimodal='fusion').eval()
    x = inputs()
    scores = model.run(x).scores
    for name in x:
        alone = model.run({name: x[name]}).scores
        torch.testing.assert_close(scores[name], alone['fusion'])
    assert not torch.allclose(scores['video'], scores['fusion'])
