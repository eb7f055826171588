"""Methods in whole runs: refused before training, served, resumed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.methods import Method
from mmremix.registry import MODELS
from tests.engine.checkpoints.test_resume import Stop, tensors
from tests.engine.method_run import method_config, run
from tests.methods import toys  # noqa: F401  (registers them)


@MODELS.register_module(force=True)
class Comparing(Method):
    compares_modalities = True
    needs_late_fusion = True
    max_modalities = 2

    def losses(self, model, output, losses):
        self.record('epoch', float(self.clock.epoch))
        return losses


def with_method(cfg, kind, name='mine'):
    cfg[f'method_{name}'] = {'step': {'type': kind}}
    return cfg


def final(cfg, epoch):
    path = Path(cfg.work_dir, f'epoch_{epoch}.pth')
    return torch.load(path, weights_only=True)


@pytest.mark.parametrize('name', ['joint_demo_concat', 'remix_demo_concat'])
def test_nothing_done_is_bit_identical(tiny_config, name):
    plain, other = tiny_config(name, epochs=2), tiny_config(name, epochs=2)
    other.work_dir += '_other'
    build_runner(plain).train()
    build_runner(with_method(other, 'DoNothing')).train()
    one, two = (final(cfg, 2)['state_dict'] for cfg in (plain, other))
    assert one.keys() == two.keys()
    for key, value in one.items():
        assert torch.equal(value, two[key]), key


def test_state_survives_a_stop_in_mid_epoch(tiny_config):
    def config(place, **kwargs):
        cfg = tiny_config('remix_demo_concat', epochs=3, **kwargs)
        cfg.work_dir += place
        return with_method(cfg, 'RunningMean')

    build_runner(config('a')).train()
    stopped = build_runner(config('b'))
    stopped.register_hook(Stop(1))
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    build_runner(config('b', resume=True)).train()
    whole, resumed = final(config('a'), 3), final(config('b'), 3)
    for part in ('state_dict', 'optimizer', 'plan'):
        one, other = tensors(whole[part]), tensors(resumed[part])
        assert one.keys() == other.keys()
        for key, value in one.items():
            assert torch.equal(value, other[key]), part + key
    assert 'methods.mine.mean' in whole['state_dict']
    assert whole['state_dict']['methods.mine.mean'] != 1


def test_statistics_are_in_the_log(tiny_config):
    cfg = with_method(tiny_config('joint_demo_concat', epochs=2), 'Comparing')
    build_runner(cfg).train()
    (file,) = Path(cfg.work_dir).glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    found = [line['mine/epoch'] for line in lines if 'mine/epoch' in line]
    assert found[0] == 0 and found[-1] == 1


def refused(cfg, match):
    with pytest.raises(ValueError, match=match):
        build_runner(cfg).train()
    assert not list(Path(cfg.work_dir).glob('*.pth'))


def test_fusion_between_the_stages(tiny_config):
    cfg = with_method(tiny_config('joint_demo_concat'), 'Comparing')
    cfg.model.fusion = {'type': 'MMTM'}
    refused(cfg, r'(?s)Comparing acts on one encoder.*MMTM.*ConcatFusionHead')


def test_a_single_modality(tiny_config):
    cfg = with_method(tiny_config('joint_demo_concat'), 'Comparing')
    cfg.model.encoders.video = None
    for loader in ('train', 'val', 'test'):
        cfg[f'{loader}_dataloader'].dataset.modalities = ['audio']
    refused(cfg, r"(?s)only \('audio',\).*method_mine = None")


def test_too_many_modalities(tiny_config, monkeypatch):
    monkeypatch.setattr(Comparing, 'max_modalities', 1)
    cfg = with_method(tiny_config('joint_demo_concat'), 'Comparing')
    refused(cfg, 'at most 1 modalities, the model has 2')


def test_pure_batches_from_the_start(tiny_config):
    cfg = with_method(tiny_config(warmup=0), 'Comparing')
    refused(cfg, r'(?s)KLScoreHook every batch holds one.*joint_share=0\.3')


def test_pure_batches_after_a_warm_up_are_said(tiny_config):
    cfg = with_method(tiny_config(epochs=2, warmup=1), 'Comparing')
    build_runner(cfg).train()
    (log,) = Path(cfg.work_dir).glob('*/*.log')
    assert 'it acts in the first 1 epochs only' in log.read_text()


def test_a_wrapper_without_a_place_for_gradients(tiny_config):
    cfg = with_method(tiny_config('joint_demo_concat'), 'RunningMean')
    cfg.optim_wrapper.type = 'mmengine.OptimWrapper'
    refused(cfg, r"(?s)\['mine'\] act on gradients.*mmremix\.OptimWrapper")


@pytest.mark.parametrize(
    ('name', 'said'),
    [('remix', 'KLScoreHook'), ('dgl', 'DGL'), ('mla', 'MLA')],
)
def test_one_modality_trains_alone_and_the_log_says_so(
    tiny_config, name, said
):
    cfg = method_config(tiny_config, name, epochs=2)
    plan = name == 'remix'
    if plan:
        cfg.method_remix.plan.warmup_epochs = 1
    cfg.model.encoders.video = None
    for part in ('train', 'val', 'test'):
        cfg[f'{part}_dataloader'].dataset.modalities = ['audio']
    runner = run(cfg)
    (log,) = Path(runner.work_dir).glob('*/*.log')
    text = log.read_text()
    assert text.count(f"{said}: the model has one modality, ('audio',)") == 1
    assert ('method_<name>' if plan else f'method_{name}') + ' = None' in text
