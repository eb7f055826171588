"""What gradients are compared, and that looking changes nothing."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from mmremix.apis import build_runner
from mmremix.engine import GradientConflictHook, compare_gradients
from mmremix.models import AVRecognizer
from tests.engine.checkpoints.test_resume import tensors

NAMES = ('video', 'audio', 'depth')


def build(fusion='ConcatFusionHead', names=NAMES, **kwargs):
    torch.manual_seed(0)
    model = AVRecognizer(
        encoders={
            name: {'type': 'ResNet', 'in_channels': 1, 'base_channels': 2}
            for name in names
        },
        fusion={'type': fusion},
        num_classes=4,
        **kwargs,
    )
    inputs = {name: torch.randn(6, 1, 16, 16) for name in names}
    return model, inputs, torch.tensor([0, 1, 2, 3, 0, 1])


def gradient(loss, module):
    """Of .backward(), as one vector."""
    module.zero_grad()
    loss.backward()
    return torch.cat(
        [
            (torch.zeros_like(p) if p.grad is None else p.grad).flatten()
            for p in module.parameters()
        ]
    )


def cosine(one, other):
    return F.cosine_similarity(one, other, dim=0).item()


@pytest.mark.parametrize(
    ('fusion', 'options'),
    [
        ('ConcatFusionHead', {}),
        ('SumFusionHead', {'mask': 'feature'}),
        ('DecisionFusionHead', {'unimodal': 'fusion'}),
        ('MMTM', {}),
        ('CentralNet', {}),
    ],
)
def test_directions_are_those_of_backward(fusion, options):
    model, inputs, labels = build(fusion, **options)
    found = compare_gradients(model, inputs, labels)
    model.eval()

    def loss(prediction, names=NAMES):
        scores = model.run({name: inputs[name] for name in names}).scores
        return F.cross_entropy(scores[prediction], labels)

    head = gradient(loss('fusion'), model.fusion)
    alone = {}
    for name in NAMES:
        encoder = model.encoders[name]
        own = gradient(loss(name, (name,)), encoder)
        fused = gradient(loss('fusion'), encoder)
        expected = cosine(own, fused)
        assert found[f'cos_{name}'] == pytest.approx(expected, abs=1e-4)
        assert math.cos(math.radians(found[f'angle_{name}'])) == pytest.approx(
            expected, abs=1e-4
        )
        assert found[f'norm_own_{name}'] == pytest.approx(
            own.norm().item(), rel=1e-4
        )
        assert found[f'norm_fused_{name}'] == pytest.approx(
            fused.norm().item(), rel=1e-4
        )
        alone[name] = gradient(loss('fusion', (name,)), model.fusion)
        assert found[f'head_cos_{name}'] == pytest.approx(
            cosine(alone[name], head * (alone[name] != 0)), abs=1e-4
        )
    for one, other in pairwise(NAMES):
        both = (alone[one] != 0) & (alone[other] != 0)
        assert found[f'head_cos_{one}-{other}'] == pytest.approx(
            cosine(alone[one] * both, alone[other] * both), abs=1e-4
        )


def test_same_and_opposite_direction():
    """Own and fused scores equal; then the fused ones turned around."""
    model, inputs, labels = build(names=('audio',))
    with torch.no_grad():
        model.heads['audio'].weight.copy_(model.fusion.fc.weight)
        model.heads['audio'].bias.copy_(model.fusion.fc.bias)
    found = compare_gradients(model, inputs, labels)
    assert found['angle_audio'] == pytest.approx(0, abs=0.1)
    assert found['norm_own_audio'] == pytest.approx(found['norm_fused_audio'])
    assert found['head_cos_audio'] == pytest.approx(1)
    assert not any('-' in name for name in found)
    with torch.no_grad():
        # Both losses now come from uniform scores.
        for layer in (model.heads['audio'], model.fusion.fc):
            layer.bias.zero_()
            layer.weight.mul_(1e-4)
        model.fusion.fc.weight.neg_()
    found = compare_gradients(model, inputs, labels)
    assert found['angle_audio'] == pytest.approx(180, abs=1)


def test_what_does_not_exist_is_left_out():
    model, inputs, labels = build('DecisionFusionHead', ('video', 'audio'))
    model.encoders['video'].requires_grad_(False)
    found = compare_gradients(model, inputs, labels)
    assert 'cos_audio' in found and 'head_angle_video' in found
    assert not any(
        name.endswith('_video') and not name.startswith('head')
        for name in found
    )
    model.fusion.requires_grad_(False)
    found = compare_gradients(model, inputs, labels)
    assert sorted(found) == [
        'angle_audio',
        'cos_audio',
        'norm_fused_audio',
        'norm_own_audio',
    ]
    with pytest.raises(ValueError, match=r"no input of \['audio'\]"):
        compare_gradients(model, {'video': inputs['video']}, labels)


@pytest.mark.parametrize('fusion', ['ConcatFusionHead', 'MMTM'])
def test_the_model_stays_as_it_is(fusion):
    model, inputs, labels = build(fusion)
    model.train()
    model.encoders['audio'].eval()
    flags = [module.training for module in model.modules()]
    model.run(inputs).scores['fusion'].sum().backward()
    grads = {
        n: None if p.grad is None else p.grad.clone()
        for n, p in model.named_parameters()
    }
    state = {n: t.clone() for n, t in model.state_dict().items()}
    random = torch.get_rng_state()
    with torch.no_grad():
        compare_gradients(model, inputs, labels)
    assert [module.training for module in model.modules()] == flags
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, state[name]), name
    for name, parameter in model.named_parameters():
        before = grads[name]
        same = (
            parameter.grad is None
            if before is None
            else torch.equal(parameter.grad, before)
        )
        assert same, name
    assert torch.equal(torch.get_rng_state(), random)


def lines_of(runner):
    (file,) = Path(runner.work_dir).glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [line for line in lines if 'gradient/cos_audio' in line]


def test_the_run_does_not_change(tiny_config):
    final = []
    for interval, unit in ((0, 'epoch'), (2, 'epoch'), (4, 'iteration')):
        cfg = tiny_config(epochs=3)
        # Without it each epoch would be seeded anew.
        del cfg.default_hooks['epoch_seed']
        cfg.work_dir += unit if interval else ''
        runner = build_runner(cfg)
        runner.register_hook(
            GradientConflictHook(interval, unit == 'epoch', batch_size=5)
        )
        runner.train()
        checkpoint = torch.load(
            Path(runner.work_dir, 'epoch_3.pth'), weights_only=True
        )
        parts = ('state_dict', 'optimizer', 'plan')
        state = tensors({part: checkpoint[part] for part in parts})
        final.append(state | {'random': torch.get_rng_state()})
        lines = lines_of(runner)
        if not interval:
            assert not lines
            continue
        last = runner.epoch if unit == 'epoch' else runner.iter
        steps = list(range(interval, last + 1, interval))
        assert [line['step'] for line in lines] == steps
        for line in lines:
            for name in ('video', 'audio'):
                assert 0 <= line[f'gradient/angle_{name}'] <= 180
                assert line[f'gradient/norm_own_{name}'] > 0
                assert line[f'gradient/norm_fused_{name}'] > 0
            assert -1 <= line['gradient/head_cos_video-audio'] <= 1
        (log,) = Path(runner.work_dir).glob('*/*.log')
        line = rf'Gradients, {unit} {steps[0]}: own against fused loss, video '
        line += r'\d+°, audio \d+°; .*, video against audio \d+° \(5 samples'
        assert re.search(line, log.read_text())
    for other in final[1:]:
        assert final[0].keys() == other.keys()
        changed = [
            n for n, t in final[0].items() if not torch.equal(t, other[n])
        ]
        assert not changed


def test_probe_is_fixed_and_passes_broken_samples_over(tiny_config):
    cfg = tiny_config(
        'joint_demo_concat',
        epochs=1,
        **{'train_dataloader.dataset.on_broken': 'skip'},
    )
    cfg.train_dataloader.dataset.max_refetch = 3
    runner = build_runner(cfg)
    hook = GradientConflictHook(1, batch_size=4)
    runner.register_hook(hook)
    runner.train()
    indices = [s.sample_idx for s in hook._batch['data_samples']]
    order = torch.randperm(26, generator=torch.Generator().manual_seed(0))
    assert indices == order[:4].tolist()
    # Evaluation transforms: every time the same.
    again = hook._draw(hook.batch_size)['inputs']
    for name, values in hook._batch['inputs'].items():
        assert torch.equal(values, again[name])

    class Broken:
        """The first of the probe cannot be loaded."""

        def __call__(self, results):
            if results['sample_idx'] == indices[0]:
                return None
            return pipeline(results)

    pipeline = hook._dataset.pipeline
    hook._dataset.pipeline = Broken()
    found = [s.sample_idx for s in hook._draw(hook.batch_size)['data_samples']]
    assert found == order[1:5].tolist()


def test_no_evaluation_transforms(tiny_config):
    cfg = tiny_config('joint_demo_concat', epochs=1, val_cfg=None)
    for name in ('val', 'test'):
        for part in ('cfg', 'dataloader', 'evaluator'):
            cfg[f'{name}_{part}'] = None
    cfg.default_hooks.checkpoint.save_best = None
    runner = build_runner(cfg)
    runner.register_hook(GradientConflictHook(1))
    runner.train()
    (log,) = Path(runner.work_dir).glob('*/*.log')
    assert 'GradientConflictHook: nothing will be logged' in log.read_text()


@pytest.mark.parametrize('kwargs', [{'interval': -1}, {'batch_size': 0}])
def test_bad_arguments(kwargs):
    with pytest.raises(ValueError, match=r"Write: dict\(type='Gradient"):
        GradientConflictHook(**kwargs)
