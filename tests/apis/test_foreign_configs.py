"""Configs that do not build on ours train, or say what they lack."""

from __future__ import annotations

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook

from mmremix.apis import build_runner, train
from mmremix.apis.known_keys import value_at
from mmremix.utils.errors import ConfigError

VAL = ('val_dataloader', 'val_cfg', 'val_evaluator')
TEST = ('test_dataloader', 'test_cfg', 'test_evaluator')


def changed(cfg, options):
    """Dotted keys to values; ``...`` takes the key out."""
    for path, value in options.items():
        parent, _, key = path.rpartition('.')
        place = cfg
        for name in filter(None, parent.split('.')):
            place = place[int(name) if isinstance(place, list) else name]
        if value is ...:
            place.pop(key)
        else:
            place[key] = value
    return cfg


@pytest.fixture
def few(tiny_config):
    """A config of two epochs of two steps."""
    return tiny_config(
        epochs=2,
        **{
            f'{name}_dataloader.dataset.indices': count
            for name, count in (('train', 8), ('val', 4), ('test', 4))
        },
    )


# What one of a row says nothing about is in one run.
@pytest.mark.parametrize(
    'options',
    [
        {
            **{'randomness': ..., 'visualizer': ..., 'log_processor': ...},
            'env_cfg': ...,
            'val_evaluator': [{'type': 'MultimodalAccuracy'}],
        },
        {
            'randomness': {'diff_rank_seed': False},
            **{'custom_hooks': None, 'auto_scale_lr': None, 'env_cfg': None},
            'default_hooks.gradient_conflict': None,
            'val_dataloader.sampler': ...,
        },
        {'default_hooks': ...},
        dict.fromkeys(VAL, ...),
        {**dict.fromkeys(TEST, ...), 'train_cfg.val_interval': 10},
    ],
    ids=str,
)
def test_it_trains(few, options):
    runner = build_runner(changed(few, options))
    train(runner)
    assert runner.epoch == 2
    assert len(runner.train_dataloader.dataset) == 8


REFUSED = {
    # parts that are not there
    'val_cfg': (..., r'lacks val_cfg. Write:\n    val_cfg = dict\(\)'),
    'test_evaluator': (..., r'lacks test_evaluator'),
    'optim_wrapper': (..., r'To train, .* lacks optim_wrapper'),
    'train_dataloader': (None, r'To train, .* lacks train_dataloader'),
    'model': (..., r'has no model'),
    'model.num_classes': (..., r"model \(AVRecognizer\): .*'num_classes'"),
    'train_dataloader.dataset': (..., r'train_dataloader has no dataset'),
    'train_cfg.by_epoch': (..., r'says neither by_epoch nor type'),
    'default_scope': (..., r"default_scope = 'mmremix'"),
    # kinds and values
    'model.encoders': ([{'type': 'ResNet'}], r'model.encoders must be a dict'),
    'model.encoders.audio': ('ResNet', r"audio must be a dict, got str 'ResN"),
    'val_dataloader': ([1], r'val_dataloader must be a dict, got list'),
    'train_dataloader.batch_size': (0, r'batch_size must be a .* got 0'),
    'train_dataloader.persistent_workers': (True, r'needs workers'),
    'train_dataloader.num_batch_per_epoch': (
        *(2, r'(?s)num_batch_per_epoch=2.*dataset=dict\(indices=8\)'),
    ),
    'train_dataloader.dataset.pipeline': (None, r'pipeline must be a list'),
    'train_cfg.max_epochs': (0, r'max_epochs must be .* got 0'),
    'log_level': ('INF', r"log_level must be one of .* got 'INF'"),
    'auto_scale_lr': ({'enable': True}, r'auto_scale_lr: .*base_batch_size'),
    'optim_wrapper.optimizer.lr': (-1, r'optimizer \(Adam\): .*rate: -1'),
    'method_remix.plan.warmup_epochs': (9, r'warmup_epochs=9'),
    # arguments
    'model.unimodel': (1, r"model \(AVRecognizer\).*'unimodel'.*unimodal\?"),
    'model.encoders.video.dept': (18, r'encoders.video \(ResNet\).*depth\?'),
    'model.fusion.dim': (8, r"fusion .*'dim', which is 8 .*in_channels"),
    'train_dataloader.dataset.data_rot': ('x', r'dataset .*data_root\?'),
    'train_dataloader.batch_sampler.ordr': (1, r'batch_sampler .*order\?'),
    'train_dataloader.dataset.pipeline.0.transforms.0.num_frame': (
        *(1, r'pipeline.0.transforms.0 \(DecodeVideo\).*num_frames\?'),
    ),
    'optim_wrapper.clip_gradd': ({}, r'optim_wrapper .*clip_grad\?'),
    'default_hooks.logger.intervall': (2, r'hooks.logger .*interval\?'),
    'default_hooks.chekpoint': (
        *({'interval': 2}, r'no type.*mean default_hooks.checkpoint\?'),
    ),
    'method_remix.plan.warmup_epoch': (
        *(2, r'method_remix.plan .*warmup_epochs\?'),
    ),
    'method_remx': ({'plan': {'warmup_epochs': 1}}, r'mean method_remix\?'),
    'param_scheduler.T_maxx': (2, r'param_scheduler .*T_max\?'),
    # types
    'model.encoders.audio.type': ('RestNet', r'encoders.audio .*ResNet\?'),
    'optim_wrapper.optimizer.type': ('Adm', r'optimizer: .*Adam\?'),
    'param_scheduler.type': ('SteppLR', r'param_scheduler .*StepLR\?'),
    'visualizer.vis_backends.0.type': ('LocalVis', r'LocalVisBackend\?'),
}


@pytest.mark.parametrize('path', REFUSED)
def test_it_is_refused_with_its_place(tiny_config, path):
    """Before the first step, and in one message."""
    value, match = REFUSED[path]
    cfg = changed(tiny_config(epochs=2), {path: value})
    with pytest.raises(ConfigError, match=match):
        runner = build_runner(cfg)
        runner.register_hook(NoStep())
        train(runner)


class NoStep(Hook):
    """Fails at the first step."""

    def before_train_iter(self, *args, **kwargs):
        raise AssertionError('a step came first')


def test_encoders_of_other_names(tiny_config):
    cfg = tiny_config()
    cfg.model.encoders.sound = cfg.model.encoders.pop('audio')
    with pytest.raises(ConfigError, match=r"encoders for .*'sound'"):
        train(build_runner(cfg))


def test_samples_in_no_order(tiny_config):
    """Training in the order of the file; validating all on every rank."""
    cfg = tiny_config('joint_demo_concat')
    keys = ('train_dataloader.sampler', 'train_dataloader.batch_sampler')
    with pytest.raises(ConfigError, match='train_dataloader has no sampler'):
        build_runner(changed(cfg, dict.fromkeys(keys, ...)))
    cfg = changed(tiny_config(), {'val_dataloader.sampler': ...})
    cfg.launcher = 'pytorch'
    with pytest.raises(ConfigError, match='val_dataloader has no sampler'):
        build_runner(cfg)


def test_a_method_without_its_hook(tiny_config):
    step = {'method_ogm': {'step': {'type': 'OGM'}}}
    cfg = tiny_config('joint_demo_concat')
    cfg = changed(cfg, {**step, 'default_hooks.methods': None})
    with pytest.raises(ConfigError, match=r"methods=dict\(type='MethodHook'"):
        build_runner(cfg)


def test_a_metric_that_is_not_there(few):
    few.default_hooks.checkpoint.save_best = 'acc/fusion'
    with pytest.raises(ConfigError, match=r"'acc/fusion'.*acc/fusion_top1"):
        train(build_runner(few))


def test_a_test_needs_no_training(tiny_config):
    cfg = tiny_config()
    keys = ('train_dataloader', 'train_cfg', 'optim_wrapper')
    cfg = changed(cfg, dict.fromkeys((*keys, 'param_scheduler'), ...))
    assert build_runner(cfg, training=False).val_dataloader
    with pytest.raises(ConfigError, match='To train, a config needs'):
        build_runner(cfg)


def test_values_at_dotted_paths():
    cfg = Config({'a': {'b': {'c': 1}}})
    assert value_at(cfg, 'a.b.c') == 1
    assert value_at(cfg, 'a.x.c') is None and value_at(cfg, 'a.b.c.d') is None
