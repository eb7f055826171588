from __future__ import annotations

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.model import MMDistributedDataParallel
from torch import distributed as dist
from torch import nn

from mmremix.engine.scoring.recalibration import recalibrate_batch_norm
from mmremix.models import AVRecognizer
from mmremix.models.backbones.partition import partition
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError

RESNET = {'type': 'ResNet', 'base_channels': 4}


def build(frozen=False, kind=None):
    return AVRecognizer(
        encoders={
            'video': {**(kind or RESNET), 'frozen': frozen},
            'audio': {**RESNET, 'in_channels': 1},
        },
        fusion={'type': 'ConcatFusionHead'},
        num_classes=3,
    )


def trainable(model):
    backbone = model.encoders['video'].backbone
    return {n for n, p in backbone.named_parameters() if p.requires_grad}


@pytest.mark.parametrize(
    ('kind', 'stages'),
    [
        ({'type': 'ResNet', 'base_channels': 4}, 4),
        ({'type': 'mmaction.ResNet', 'depth': 18}, 4),
        ({'type': 'torchvision.resnet18'}, 4),
        ({'type': 'torchvision.mobilenet_v3_small'}, 12),
        ({'type': 'timm.test_vit'}, 6),
        ({'type': 'timm.test_convnext'}, 4),
    ],
    ids=lambda value: value['type'] if isinstance(value, dict) else '',
)
def test_parts(kind, stages):
    backbone = MODELS.build(dict(kind))
    parts = partition(backbone)
    assert len(parts.stages) == stages
    assert parts.count == stages + 2
    order = [parts.names[name] for name, _ in backbone.named_parameters()]
    assert order == sorted(order)  # from input to output
    assert order[0] == 0 and set(order) >= set(range(stages + 1))


def test_no_stages():
    with pytest.raises(ConfigError, match='frozen=True'):
        partition(nn.Sequential(nn.Linear(2, 2)))


def test_frozen_parts_have_no_gradient_and_stay_in_evaluation_mode():
    everything = trainable(build())
    model = build('stem')
    assert everything - trainable(model) == {
        n for n in everything if n.startswith('stem.')
    }
    model = build(2)
    backbone = model.encoders['video'].backbone
    still = (backbone.stem, backbone.stages[0], backbone.stages[1])
    for mode in (False, True):
        model.train(mode)
        for part in still:
            assert not any(module.training for module in part.modules())
        for part in (backbone.stages[2], model.encoders['audio'].backbone):
            assert all(module.training is mode for module in part.modules())
    assert not trainable(build(True))


@pytest.mark.parametrize('frozen', [5, -1, 'head'])
def test_what_cannot_be_frozen(frozen):
    with pytest.raises(ConfigError, match='frozen=1 to frozen=4'):
        build(frozen)


def inputs():
    generator = torch.Generator().manual_seed(0)
    return {
        'video': torch.rand(4, 3, 32, 32, generator=generator),
        'audio': torch.rand(4, 1, 32, 32, generator=generator),
    }


def state_of(module):
    return {k: v.clone() for k, v in module.state_dict().items()}


def changed(module, before):
    return {
        key
        for key, value in module.state_dict().items()
        if not torch.equal(value, before[key])
    }


@pytest.mark.parametrize('active', [('video',), ('video', 'audio')])
def test_a_step_changes_nothing_that_is_frozen(active):
    """Statistics of frozen parts stay, also where only they are active."""
    model = build(2)
    video = model.encoders['video'].backbone
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.1)
    before, whole = state_of(video), state_of(model)
    given = {name: inputs()[name] for name in active}
    output = model.run(given, labels=torch.tensor([0, 1, 2, 0]))
    sum(model.losses(output).values()).backward()
    optimizer.step()
    moved = changed(video, before)
    assert moved and all(k.startswith(('stages.2', 'stages.3')) for k in moved)
    skipped = any('audio' in key for key in changed(model, whole))
    assert skipped is ('audio' in active)


def test_all_frozen_trains_the_heads():
    model = build(True)
    before = state_of(model)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, weight_decay=0.1)
    output = model.run(
        {'video': inputs()['video']}, labels=torch.tensor([0, 1, 2, 0])
    )
    sum(model.losses(output).values()).backward()
    optimizer.step()
    moved = changed(model, before)
    assert moved and not any(key.startswith('encoders') for key in moved)


def test_recalibration_leaves_frozen_statistics():
    model = build('stem')
    before = state_of(model)

    model.data_preprocessor.forward = lambda batch, _: batch
    given = inputs()
    samples = [ActionDataSample() for _ in given['video']]
    batch = {'inputs': given, 'data_samples': samples}
    recalibrate_batch_norm(model, [batch])
    moved = changed(model, before)
    assert any(
        key.startswith('encoders.video.backbone.stages') for key in moved
    )
    assert not any('video.backbone.stem' in key for key in moved)
    assert any('audio.backbone.stem' in key for key in moved)


@pytest.mark.parametrize('find_unused', [False, True])
def test_frozen_encoder_in_ddp(find_unused, tmp_path):
    """One process; what DDP asks of the parameters is the same."""
    dist.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    try:
        model = build(True)
        wrapped = MMDistributedDataParallel(
            model,
            device_ids=None,
            broadcast_buffers=False,
            find_unused_parameters=find_unused,
        )
        before = state_of(model)
        names = ('video',) if find_unused else ('video', 'audio')
        for _ in range(2):
            scores = wrapped({name: inputs()[name] for name in names})
            sum(value.sum() for value in scores.values()).backward()
        assert not changed(
            model.encoders['video'],
            {k.removeprefix('encoders.video.'): v for k, v in before.items()},
        )
        gradients = {
            n for n, p in model.named_parameters() if p.grad is not None
        }
        assert 'heads.video.weight' in gradients
        assert not any('encoders.video' in name for name in gradients)
    finally:
        dist.destroy_process_group()
