"""Checkpoints of another model or other data, in runs."""

from __future__ import annotations

import copy
import logging

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.datasets.remix_index import RemixIndex
from mmremix.engine.watch.input_lengths import note_lengths


@pytest.fixture
def saved(tiny_config):
    """A config and the checkpoint of one epoch."""
    cfg = tiny_config('joint_demo_concat', epochs=1)
    runner = build_runner(cfg)
    runner.train()
    return cfg, f'{runner.work_dir}/epoch_1.pth'


@pytest.fixture
def said(monkeypatch):
    """What runs log, as (level, text)."""
    found = []
    real = logging.Logger.handle

    def handle(self, record):
        found.append((record.levelname, record.getMessage()))
        real(self, record)

    monkeypatch.setattr(logging.Logger, 'handle', handle)
    return found


def warnings(said):
    return [text for level, text in said if level == 'WARNING']


def run(cfg, path, mode='test'):
    cfg = copy.deepcopy(cfg)
    cfg.load_from = path
    runner = build_runner(cfg, training=mode == 'train')
    getattr(runner, mode)()
    return runner


def changed(path, change):
    """The checkpoint, changed, as another file."""
    content = torch.load(path, weights_only=True)
    change(content)
    target = path.replace('epoch_1', 'changed')
    torch.save(content, target)
    return target


def test_its_own_config_says_nothing(saved, said):
    run(*saved)
    assert not any('trained with' in text for _, text in said)


def test_another_fusion_is_warned_of_in_a_test(saved, said):
    cfg, path = saved
    recipe = 'sum instead'

    def change(content):
        content['meta']['recipe']['model']['fusion'] = recipe

    run(cfg, changed(path, change))
    (text,) = (t for t in warnings(said) if 'another config' in t)
    assert 'fusion: ConcatFusionHead, trained with sum instead' in text


def test_a_test_does_not_need_the_training_set(saved):
    cfg, path = saved
    cfg.train_dataloader.dataset.ann_file = 'gone.csv'
    run(cfg, path)


def test_weights_that_are_missing_stop_a_test(saved):
    cfg, path = saved
    keys = torch.load(path, weights_only=True)['state_dict']
    name = next(key for key in keys if key.startswith('fusion'))
    target = changed(path, lambda c: c['state_dict'].pop(name))
    with pytest.raises(ValueError, match=rf'{name} is missing'):
        run(cfg, target)
    # What a method keeps is no part of a prediction.
    extra = {'methods.pmr.x': torch.zeros(1)}
    run(cfg, changed(path, lambda c: c['state_dict'].update(extra)))


def test_starting_from_a_part_of_the_weights(saved):
    cfg, path = saved

    def encoders_only(content):
        state = content['state_dict']
        for key in [k for k in state if not k.startswith('encoders.')]:
            del state[key]

    run(cfg, changed(path, encoders_only), 'train')
    nothing = changed(path, lambda c: c.update(state_dict={'other': 1}))
    with pytest.raises(ValueError, match='none of its 1 weights'):
        run(cfg, nothing, 'train')


def test_classes_in_another_order_stop_a_test(saved, said):
    cfg, path = saved

    def turn(content):
        content['meta']['dataset_meta']['classes'].reverse()

    with pytest.raises(ValueError, match='one would be counted as the other'):
        run(cfg, changed(path, turn))

    def rename(content):
        content['meta']['dataset_meta']['classes'][0] = 'another'

    run(cfg, changed(path, rename))
    assert any('trained with other classes' in t for t in warnings(said))


def test_fine_tuning_on_other_data_is_said(saved, said):
    cfg, path = saved
    cfg.train_dataloader.dataset.indices = 20

    def older(content):
        del content['meta']['recipe']

    run(cfg, changed(path, older), 'train')
    texts = [text for _, text in said]
    assert any('trained on other data' in text for text in texts)
    (note,) = (text for text in texts if 'are not compared' in text)
    assert '\n' not in note


def lengths_of(cfg, said):
    said.clear()
    build_runner(cfg).train()
    return [text for _, text in said if '(median)' in text]


def test_inputs_that_are_mostly_padding(tiny_config, said):
    """The demo's clips have about a second."""
    cfg = tiny_config('joint_demo_concat', epochs=1)
    assert lengths_of(cfg, said) == []
    for name in ('train', 'val', 'test'):
        video, audio, _ = cfg[f'{name}_dataloader'].dataset.pipeline
        video.transforms[0].num_frames = 300
        audio.transforms[0].duration = 10.0
    video, audio = lengths_of(cfg, said)
    assert '% of what DecodeVideo(num_frames=300) makes is the same' in video
    assert '% of what DecodeAudio(duration=10) makes is silence' in audio
    assert "dict(type='DecodeAudio', duration=1." in audio
    assert audio in warnings(said)


def test_a_small_part_of_a_clip(tiny_config, said):
    cfg = tiny_config('joint_demo_concat', epochs=1)
    for name in ('train', 'val', 'test'):
        step = cfg[f'{name}_dataloader'].dataset.pipeline[1].transforms[0]
        step.update(duration=0.1, sampling='start')
    (text,) = lengths_of(cfg, said)
    assert 'the rest is not seen' in text and text not in warnings(said)


def test_the_look_leaves_no_trace(tiny_config):
    """Random states, and what a clip gives, stay the same."""
    runner = build_runner(tiny_config('joint_demo_concat', epochs=1))
    dataset = runner.train_dataloader.dataset
    first = dataset[RemixIndex(0, None, 7)]['inputs']
    before = torch.get_rng_state()
    note_lengths(dataset, logging.getLogger('test'))
    assert torch.equal(before, torch.get_rng_state())
    again = dataset[RemixIndex(0, None, 7)]['inputs']
    assert all(torch.equal(first[name], again[name]) for name in first)
