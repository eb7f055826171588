"""A read-out that is chosen at the end of training, and what uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mmremix.apis import AVInferencer, build_runner
from mmremix.apis import test as run_test
from mmremix.datasets.transforms import DecodeVideo
from mmremix.engine import held_out_log_probs, load_checkpoint_file
from mmremix.engine.readouts import ReadoutHook
from mmremix.evaluation.readouts import choose
from mmremix.utils.errors import ConfigError

HOOK = {'type': 'ReadoutHook', 'choose': 'subset'}


@pytest.fixture
def config(tiny_config):
    """Joint training with a held-out part; a function of options."""

    def make(hook=HOOK, epochs=2, **options):
        cfg = tiny_config('joint_demo_concat', epochs=epochs, **options)
        cfg.held_out = {'folds': 2, 'fold': 0}
        cfg.custom_hooks = [hook] if hook else []
        return cfg

    return make


def test_chosen_for_each_checkpoint_and_used(config, monkeypatch):
    cfg = config(epochs=3)
    runner = build_runner(cfg)
    runner.train()
    work_dir = Path(cfg.work_dir)
    told = json.loads((work_dir / 'readout.json').read_text())
    files = [p for p in work_dir.glob('*.pth') if p.name in told]
    assert 'epoch_3.pth' in told and len(files) == len(told)
    for file in files:
        content = load_checkpoint_file(str(file))
        evidence = content['readout']
        assert evidence == told[file.name]
        model = runner.model
        model.load_state_dict(content['state_dict'])
        assert model.readout.weights == evidence['weights']
        held = held_out_log_probs(model, runner.val_loop.dataloader)
        wanted = choose(held.log_probs, held.labels)
        assert evidence['accuracy'] == pytest.approx(wanted.accuracy)
        assert evidence['name'] == wanted.readout.name
        assert evidence['samples'] == len(held.rows) == 13
    # The other checkpoints have none, and the optimiser is as it was.
    other = load_checkpoint_file(str(work_dir / 'epoch_2.pth'))
    if 'epoch_2.pth' not in told:
        assert 'readout' not in other
    assert content['optimizer']

    # What leaves the picture out decodes and encodes none.
    path = work_dir / 'sound.pth'
    state = content['state_dict']
    for key in [k for k in state if k.startswith('readout.')]:
        del state[key]
    state['readout.weight_audio'] = torch.tensor(1.0)
    torch.save(content, path)
    decoded = []
    real = DecodeVideo.transform

    def count(self, results):
        decoded.append(results)
        return real(self, results)

    monkeypatch.setattr(DecodeVideo, 'transform', count)
    cfg.load_from, cfg.resume = str(path), False
    plain = run_test(build_runner(cfg.copy(), training=False))
    assert not decoded
    assert plain['acc/readout_top1'] == plain['acc/audio_top1']
    assert not [key for key in plain if 'video' in key or 'fusion' in key]
    whole = run_test(build_runner(cfg.copy(), training=False), subsets=True)
    assert len(decoded) == whole['subset/samples_video+audio'] == 12
    assert whole['acc/readout_top1'] == plain['acc/readout_top1']
    assert whole['subset/fusion_video+audio'] == whole['acc/fusion_top1']
    assert whole['subset/heads_video+audio'] == whole['acc/heads_top1']
    assert whole['subset/heads_audio'] == whole['acc/audio_top1']
    # Nor does inference, unless there is no sound at all.
    decoded.clear()
    inferencer = AVInferencer(cfg, str(path), device='cpu')
    root = Path(cfg.test_dataloader.dataset.data_root)
    clip = next(root.rglob('*.mp4'))
    (entry,) = inferencer(str(clip))['predictions']
    assert entry['modalities'] == ['audio'] and not decoded
    assert entry['answer']['from'] == 'readout'
    assert list(entry['topk']) == ['audio', 'readout']
    silent = {'clip': str(clip), 'audio': str(root / 'classes.txt')}
    (entry,) = inferencer(silent)['predictions']
    assert entry['modalities'] == ['video'] and decoded
    assert entry['answer']['from'] == 'video'


def test_a_pool_and_no_difference_to_the_run(config):
    states = []
    for hook in ({**HOOK, 'choose': 'pool'}, None):
        cfg = config(hook, epochs=1)
        cfg.work_dir += str(hook is None)
        runner = build_runner(cfg)
        runner.train()
        states.append((runner.model.state_dict(), torch.get_rng_state()))
        file = load_checkpoint_file(f'{cfg.work_dir}/epoch_1.pth')
        assert ('readout' in file) == (hook is not None)
        if hook:
            assert set(file['readout']['weights']) == {'video', 'audio'}
            assert file['readout']['fitted_to_these']
    (one, random), (other, as_random) = states
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(random, as_random)


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        ({'held_out': None}, 'tested on too'),
        ({'model.readout': 'heads'}, 'Leave one of them out'),
        ({'custom_hooks': [{**HOOK, 'by': 'speaker'}]}, "no column 'speaker'"),
        ({'val_dataloader.dataset.ann_file': 'train.csv'}, 'trained on too'),
    ],
)
def test_what_chooses_is_held_out(config, change, says):
    cfg = config()
    if 'val_dataloader.dataset.ann_file' in change:
        cfg.held_out = None
    cfg.merge_from_dict(change)
    runner = build_runner(cfg)
    with pytest.raises(ConfigError, match=says):
        runner.train()


@pytest.mark.parametrize('given', [{'on': 'test'}, {'choose': 'best'}])
def test_other_options(given):
    with pytest.raises(ConfigError, match='ReadoutHook'):
        ReadoutHook(**given)
