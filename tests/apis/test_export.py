from __future__ import annotations

import functools
import json
import sys

import pytest
import torch
from torch import nn

import mmremix.apis.export as export_module
from mmremix.apis import export_model
from mmremix.apis.example_inputs import example_inputs, random_inputs
from mmremix.apis.export_files import INFO_FILE
from mmremix.registry import MODELS
from tests.apis.trained import CLASSES, save_checkpoint
from tests.datasets.media_files import write_clip

FUSIONS = [
    {'type': 'ConcatFusionHead'},
    {'type': 'SumFusionHead'},
    {'type': 'DecisionFusionHead', 'weights': 'learned'},
    {'type': 'SharedHeadFusion', 'weights': 'entropy'},
    {'type': 'FiLMFusionHead'},
    {'type': 'GatedFusionHead'},
    {'type': 'MMTM', 'stages': (1, 2), 'absent': 'mean'},
    {'type': 'CentralNet', 'stages': (1, 2)},
    {'type': 'TensorFusionHead', 'width': 4},
    {'type': 'LowRankFusionHead'},
    {'type': 'TransformerFusionHead', 'width': 8, 'depth': 1},
    {'type': 'CrossAttentionFusionHead', 'width': 8},
    {'type': 'BottleneckFusionHead', 'width': 8, 'depth': 1},
    {'type': 'AttentionPoolingHead', 'width': 8},
]


@MODELS.register_module()
class ExportTestBackbone(nn.Module):
    """Two stages of one convolution; a ResNet takes seconds to trace."""

    def __init__(self, in_channels):
        super().__init__()
        self.stem = nn.Conv2d(in_channels, 4, 7, 4)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(n, 2 * n, 3, 2), nn.BatchNorm2d(2 * n))
            for n in (4, 8)
        )
        self.stage_channels = (8, 16)
        self.out_channels = 16

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return x


@pytest.fixture
def small(tiny_config):
    def make(fusion=FUSIONS[0], **model):
        cfg = tiny_config()
        for name, channels in (('video', 3), ('audio', 1)):
            cfg.model.encoders[name] = {
                'type': 'ExportTestBackbone',
                'in_channels': channels,
            }
        cfg.model.fusion = dict(fusion)
        cfg.model.update(model)
        return cfg

    return make


# The first one: test_file_stands_by_itself.
@pytest.mark.parametrize('fusion', FUSIONS[1:], ids=lambda f: f['type'])
def test_every_fusion(small, demo_root, tmp_path, fusion):
    cfg = small(fusion)
    checkpoint = save_checkpoint(cfg, tmp_path / 'a.pth')
    # Making a clip takes longer than reading one.
    clip = {'clip': str(demo_root / 'clips' / 'test_00000.mp4')}
    report = export_model(cfg, checkpoint, tmp_path / 'a.pt2', clip=clip)
    assert set(report.differences) == {'before saving', 'after loading'}
    assert max(report.differences.values()) < 1e-6


def test_a_read_out_takes_only_what_it_listens_to(small, tmp_path):
    cfg = small(readout=['audio'])
    checkpoint = save_checkpoint(cfg, tmp_path / 'a.pth')
    cfg.model.pop('readout')  # it is in the checkpoint
    report = export_model(cfg, checkpoint, tmp_path / 'a.pt2')
    assert list(report.info['inputs']) == ['audio']
    assert report.info['outputs'] == ['audio', 'readout']
    assert report.info['readout'] == {'audio': 1.0}
    assert max(report.differences.values()) < 1e-6


def test_file_stands_by_itself(small, tmp_path):
    cfg = small()
    checkpoint = save_checkpoint(cfg, tmp_path / 'a.pth')
    report = export_model(cfg, checkpoint, str(tmp_path / 'new' / 'a.pt2'))
    assert set(report.differences) == {'before saving', 'after loading'}
    assert max(report.differences.values()) < 1e-6
    names = {p.name for p in (tmp_path / 'new').iterdir()}
    assert names == {'a.pt2', 'a_card.md'}
    extra = {INFO_FILE: ''}
    program = torch.export.load(report.path, extra_files=extra)
    info = json.loads(extra[INFO_FILE])
    assert info == report.info
    assert info['classes'] == CLASSES
    assert info['inputs']['video'] == {
        'dtype': 'uint8',
        'shape': ['batch', 2, 3, 56, 56],
    }
    inputs = {
        'audio': torch.randn(7, *info['inputs']['audio']['shape'][1:]),
        'video': torch.full((7, 2, 3, 56, 56), 9, dtype=torch.uint8),
    }
    scores = program.module()(inputs)
    assert sorted(scores) == ['audio', 'fusion', 'heads', 'video']
    for value in scores.values():
        torch.testing.assert_close(value.sum(dim=1), torch.ones(7))
    # The normalisation is inside: raw frames in 0 to 255 are what it takes.
    model = MODELS.build(cfg.model).eval()
    saved = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(saved['state_dict'])
    mean = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
    std = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
    by_hand = {**inputs, 'video': (inputs['video'] - mean) / std}
    with torch.no_grad():
        right = model.run(by_hand).scores['fusion'].softmax(dim=1)
    torch.testing.assert_close(scores['fusion'], right)


def test_other_masks_and_compiled_models(small, tmp_path):
    for options in (
        {'mask': 'feature', 'compile': True},
        {'mask': 'input', 'unimodal': 'fusion', 'channels_last': True},
    ):
        cfg = small(**options)
        checkpoint = save_checkpoint(cfg, tmp_path / 'a.pth')
        report = export_model(cfg, checkpoint, tmp_path / 'a.pt2')
        assert max(report.differences.values()) < 1e-6


def test_a_wrong_export_leaves_no_file(small, tmp_path, monkeypatch):
    cfg = small()
    checkpoint = save_checkpoint(cfg, tmp_path / 'a.pth')
    original = export_module._original
    once = functools.cache(lambda: trace(*given))
    trace, given = export_module._trace, []

    def traced(*arguments):
        given[:] = given or arguments
        return once()

    monkeypatch.setattr(export_module, '_trace', traced)
    for error in (1e-3, float('nan')):

        def other(model, inputs, error=error):
            return {k: v + error for k, v in original(model, inputs).items()}

        monkeypatch.setattr(export_module, '_original', other)
        with pytest.raises(RuntimeError, match=r'differs .* was not written'):
            export_model(cfg, checkpoint, tmp_path / 'a.pt2')
        assert not list(tmp_path.glob('*.pt2'))


def test_onnx_without_its_package(small, tmp_path, monkeypatch):
    monkeypatch.setattr(
        sys.modules['importlib.util'], 'find_spec', lambda name: None
    )
    with pytest.raises(ImportError, match='pip install onnx onnxscript'):
        export_model(small(), 'a.pth', tmp_path / 'a.onnx', 'onnx')


def test_ending_and_model_must_fit(small, tmp_path):
    for fmt, name in (('onnx', 'a.pt2'), ('torch', 'a.onnx'), ('x', 'a.x')):
        with pytest.raises(ValueError, match=r"\.pt2 file with format='torch"):
            export_model(small(), 'a.pth', tmp_path / name, fmt)
    with pytest.raises(TypeError, match='got a Linear'):
        export_module.FusedModel(nn.Linear(1, 1))


def test_inputs_of_a_clip_that_lacks_something(small, tmp_path):
    cfg = small().test_dataloader.dataset
    path = write_clip(tmp_path / 'a.mp4', size=(96, 80), with_audio=False)
    with pytest.raises(ValueError, match=r'a\.mp4: audio: has no audio'):
        example_inputs(cfg, ('video', 'audio'), {'clip': path})


def test_random_inputs_are_like_the_example():
    example = {
        'video': torch.randint(0, 256, (2, 50, 3), dtype=torch.uint8),
        'audio': 3 + 2 * torch.randn(2, 5000),
    }
    made = random_inputs(example, 4, seed=0)
    assert made['video'].shape == (4, 50, 3)
    assert made['video'].dtype == torch.uint8
    assert made['video'].float().mean() == pytest.approx(127, abs=15)
    assert made['audio'].mean() == pytest.approx(3, abs=0.1)
    assert made['audio'].std() == pytest.approx(2, abs=0.1)
    again = random_inputs(example, 4, seed=0)
    assert torch.equal(made['audio'], again['audio'])
