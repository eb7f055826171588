"""Cheaper scoring passes give the same scores and leave no trace."""

from __future__ import annotations

import pytest
import torch
from mmaction.structures import ActionDataSample
from torch import nn

from mmremix.engine.scoring.fold_batch_norm import fold_batch_norm
from mmremix.engine.scoring.forward import ScoringForward
from mmremix.engine.scoring.options import ScoringOptions
from mmremix.models import AVRecognizer

FUSIONS = ['ConcatFusionHead', 'MMTM', 'CentralNet']


def trained_recognizer(fusion='ConcatFusionHead'):
    torch.manual_seed(0)
    backbone = {'type': 'ResNet', 'base_channels': 8}
    model = AVRecognizer(
        encoders={'video': backbone, 'audio': {**backbone, 'in_channels': 1}},
        fusion={'type': fusion},
        num_classes=5,
    )
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.2)
            layer.running_var.uniform_(0.5, 2)
    return model


def batch(size=3):
    generator = torch.Generator().manual_seed(1)

    def random(*shape):
        return [torch.randn(*shape, generator=generator) for _ in range(size)]

    samples = [ActionDataSample().set_gt_label(i) for i in range(size)]
    return {
        'inputs': {'video': random(2, 3, 32, 32), 'audio': random(1, 33, 40)},
        'data_samples': samples,
    }


@pytest.mark.parametrize('fusion', FUSIONS)
@pytest.mark.parametrize(
    'options', [{'channels_last': True}, {'fold_bn': True}]
)
def test_exact_options(fusion, options):
    model = trained_recognizer(fusion)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    _, plain = ScoringForward(model, ScoringOptions())(batch())
    _, cheap = ScoringForward(model, ScoringOptions(**options))(batch())
    assert list(cheap) == ['fusion', 'video', 'audio']
    for name, value in plain.items():
        torch.testing.assert_close(cheap[name], value, rtol=1e-4, atol=1e-5)
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
        assert value.is_contiguous()


def test_bfloat16_is_used_and_close():
    model = trained_recognizer()
    _, plain = ScoringForward(model, ScoringOptions())(batch())
    _, cheap = ScoringForward(model, ScoringOptions(amp='bfloat16'))(batch())
    for name, value in plain.items():
        assert cheap[name].dtype == torch.float32
        assert not torch.equal(cheap[name], value)
        torch.testing.assert_close(cheap[name], value, rtol=0.1, atol=0.1)


def test_heads_only_does_not_call_the_fusion():
    model = trained_recognizer()
    called = []
    model.fusion.register_forward_hook(lambda *args: called.append(1))
    _, scores = ScoringForward(model, ScoringOptions(heads_only=True))(batch())
    assert list(scores) == ['video', 'audio'] and not called


def test_every_batch_norm_of_a_resnet_folds():
    model = trained_recognizer().eval()
    backbone = model.encoders['video'].backbone
    fold_batch_norm(backbone)
    kinds = [type(m) for m in backbone.modules()]
    assert nn.BatchNorm2d not in kinds and nn.Identity in kinds


def test_fold_leaves_what_it_must_not_change():
    """A map that is used beside its batch norm, and a shared convolution."""

    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
            self.twice, self.last = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

        def forward(self, x):
            x = self.conv(x)
            x = self.norm(x) + x
            return self.last(self.twice(self.twice(x)))

    module = Odd().eval()
    fold_batch_norm(module)
    assert isinstance(module.norm, nn.BatchNorm2d)
    assert isinstance(module.last, nn.BatchNorm2d)


def test_untraceable_encoder_is_refused():
    class Branches(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(ValueError, match=r'fold_bn=False'):
        fold_batch_norm(Branches())


def test_bad_options():
    with pytest.raises(ValueError, match='at least 0, got -1'):
        ScoringOptions(recheck=-1)
    with pytest.raises(ValueError, match=r"amp='bfloat16'"):
        ScoringOptions(amp='int8')
    with pytest.raises(ValueError, match='needs a GPU'):
        ScoringForward(trained_recognizer(), ScoringOptions(amp='float16'))
