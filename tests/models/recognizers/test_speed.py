"""What the options for speed change: nothing but the speed."""

from __future__ import annotations

import pytest
import torch
from mmaction.structures import ActionDataSample
from torch import nn

from mmremix.models import AVRecognizer
from mmremix.models.recognizers.build import to_channels_last

FUSIONS = ['ConcatFusionHead', 'FiLMFusionHead', 'MMTM', 'CentralNet']


def recognizer(fusion='ConcatFusionHead', **kwargs):
    torch.manual_seed(0)
    # With 4 channels torch 2.14 aborts in the backward pass of channels-last
    # ("corrupted size vs. prev_size") on a CPU without AVX-512.
    backbone = {'type': 'ResNet', 'base_channels': 8}
    return AVRecognizer(
        encoders={'video': backbone, 'audio': {**backbone, 'in_channels': 1}},
        fusion={'type': fusion},
        num_classes=5,
        **kwargs,
    )


def batch(active=('video', 'audio'), device='cpu'):
    generator = torch.Generator().manual_seed(1)
    shapes = {'video': (4, 2, 3, 32, 32), 'audio': (4, 1, 33, 40)}
    inputs = {
        name: torch.randn(shape, generator=generator).to(device)
        for name, shape in shapes.items()
        if name in active
    }
    samples = [
        ActionDataSample(metainfo={'active_modalities': active}).set_gt_label(
            i
        )
        for i in range(4)
    ]
    return inputs, samples


def losses_and_gradients(model, active=('video', 'audio')):
    losses = model(*batch(active), mode='loss')
    sum(losses.values()).backward()
    gradients = {
        n: p.grad for n, p in model.named_parameters() if p.grad is not None
    }
    return losses, gradients


@pytest.mark.parametrize('fusion', FUSIONS)
@pytest.mark.parametrize(
    'options', [{'channels_last': True}, {'compile': {'backend': 'eager'}}]
)
@pytest.mark.parametrize('active', [('video', 'audio'), ('audio',)])
def test_same_losses_and_gradients(fusion, options, active):
    plain = losses_and_gradients(recognizer(fusion), active)
    fast = losses_and_gradients(recognizer(fusion, **options), active)
    for mine, other in zip(plain, fast, strict=True):
        assert mine.keys() == other.keys()
        for name, value in mine.items():
            torch.testing.assert_close(
                other[name], value, rtol=1e-3, atol=1e-4, msg=name
            )


def test_channels_last_survives_loading():
    model = recognizer(channels_last=True)
    model.load_state_dict(recognizer().state_dict())
    weight = model.encoders['video'].backbone.stem[0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not weight.is_contiguous()


@pytest.mark.parametrize(
    ('fusion', 'parts'), [('ConcatFusionHead', 2), ('MMTM', 10)]
)
def test_compiled_once_whatever_is_active(fusion, parts):
    """Changes of the active modality compile nothing anew."""
    compiled = []

    def backend(graph, example_inputs):
        compiled.append(graph)
        return graph.forward

    torch._dynamo.reset()
    model = recognizer(fusion, compile={'backend': backend})
    model(*batch(), mode='loss')
    count = len(compiled)
    # Parts of equal shapes may share their code.
    assert 2 <= count <= parts
    for active in (('audio',), ('video',), ('video', 'audio')):
        model(*batch(active), mode='loss')
    assert len(compiled) == count
    assert model.state_dict().keys() == recognizer(fusion).state_dict().keys()


@pytest.mark.parametrize('mask', ['skip', 'feature', 'input'])
@pytest.mark.parametrize('active', [('video', 'audio'), ('audio',)])
def test_step_never_waits_for_the_device(mask, active):
    """Tensors without data have nothing that a step could read."""
    model = recognizer(mask=mask).to('meta')
    inputs, samples = batch(device='meta')
    if mask == 'skip':
        inputs = {name: inputs[name] for name in active}
    for sample in samples:
        sample.set_metainfo({'active_modalities': active})
    loss, log_vars = model.parse_losses(model(inputs, samples, mode='loss'))
    loss.backward()
    assert log_vars['loss'].device.type == 'meta'
    with pytest.raises(RuntimeError):
        log_vars['loss'].item()


def test_other_weights_than_of_images_keep_their_layout():
    module = nn.Sequential(nn.Conv3d(2, 4, 3), nn.Conv2d(2, 4, 3))
    to_channels_last(module)
    assert module[0].weight.is_contiguous()
    assert module[1].weight.is_contiguous(memory_format=torch.channels_last)
