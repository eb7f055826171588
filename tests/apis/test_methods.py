"""Methods of a config go to their places, or are refused with the reason."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmremix.apis import apply_methods, build_runner, load_config
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT

BASE = ROOT / 'configs' / 'joint_demo_concat.py'
REMIX = ROOT / 'configs' / '_base_' / 'methods' / 'remix.py'
PLAN = {'type': 'KLScoreHook', 'warmup_epochs': 1}


def config(text, tmp_path, *bases):
    path = tmp_path / 'config.py'
    bases = [str(base) for base in (BASE, *bases)]
    path.write_text(f'_base_ = {bases!r}\n{text}')
    return load_config(str(path))


def test_one_line_turns_a_method_on(tmp_path):
    cfg = config('', tmp_path, REMIX)
    assert [h['type'] for h in cfg.custom_hooks] == ['KLScoreHook']
    assert cfg.methods == ['remix']
    assert 'method_remix' not in cfg
    # What a run leaves in its work directory is a plain config.
    again = Config.fromstring(cfg.dump(), '.py')
    assert apply_methods(again) == ['remix']
    assert again.custom_hooks == cfg.custom_hooks


def test_custom_hooks_of_a_child_do_not_lose_the_method(tmp_path):
    text = "custom_hooks = [dict(type='EMAHook')]\n"
    cfg = config(text, tmp_path, REMIX)
    kinds = [h['type'] for h in cfg.custom_hooks]
    assert kinds == ['EMAHook', 'KLScoreHook']


def test_the_hook_of_the_same_type_in_custom_hooks_is_meant(tmp_path):
    text = "custom_hooks = [dict(type='KLScoreHook', warmup_epochs=3)]\n"
    cfg = config(text, tmp_path, REMIX)
    assert [h['warmup_epochs'] for h in cfg.custom_hooks] == [3]


def test_changed_and_turned_off_by_a_child(tmp_path):
    text = 'method_remix = dict(plan=dict(warmup_epochs=4, min_share=0.2))\n'
    (hook,) = config(text, tmp_path, REMIX).custom_hooks
    assert (hook['warmup_epochs'], hook['min_share']) == (4, 0.2)
    off = config('method_remix = None\n', tmp_path, REMIX)
    assert not off.get('custom_hooks') and not off.get('methods')


def test_a_number_in_custom_hooks_is_refused_with_the_key_to_write():
    options = {'custom_hooks.0.warmup_epochs': 3}
    remix = ROOT / 'configs' / 'remix_demo_concat.py'
    with pytest.raises(ConfigError, match=r'method_remix\.plan\.warmup'):
        load_config(str(remix), cfg_options=options)


def test_every_part_goes_to_its_place(tmp_path):
    text = (
        "method_mine = dict(step=dict(type='DoNothing', alpha=1),\n"
        "    hook=dict(type='EMAHook'),\n"
        "    model=dict(fusion=dict(_delete_=True, type='SumFusionHead')),\n"
        "    train_dataloader=dict(batch_sampler=dict(order='alternate')))\n"
    )
    cfg = config(text, tmp_path)
    assert cfg.model.methods.mine == {'type': 'DoNothing', 'alpha': 1}
    assert cfg.model.fusion == {'type': 'SumFusionHead'}
    assert cfg.train_dataloader.batch_sampler.order == 'alternate'
    assert cfg.train_dataloader.batch_sampler.type == 'RemixSampler'
    assert [h['type'] for h in cfg.custom_hooks] == ['EMAHook']


@pytest.mark.parametrize(
    ('text', 'match'),
    [
        (
            f'method_a = dict(plan={PLAN})\n'
            "method_b = dict(plan=dict(type='EveryModalityHook'))\n",
            r'(?s)only one can.*method_b = dict\(plan=None\)',
        ),
        (
            "method_a = dict(model=dict(unimodal='heads'))\n"
            "method_b = dict(model=dict(unimodal='fusion'))\n",
            r"(?s)a needs model.unimodal='heads', method_b needs .*'fusion'",
        ),
        ('method_a = dict(steps=dict())\n', r"method_a has \['steps'\]"),
        ("method_a = 'ogm'\n", r"method_a must be a dict .* got 'ogm'"),
    ],
)
def test_what_cannot_be_combined_is_refused(tmp_path, text, match):
    with pytest.raises(ValueError, match=match):
        config(text, tmp_path)


def test_two_that_fit_combine(tmp_path):
    text = "method_mine = dict(step=dict(type='DoNothing'))\n"
    cfg = config(text, tmp_path, REMIX)
    assert cfg.methods == ['remix', 'mine']
    assert cfg.custom_hooks[0]['type'] == 'KLScoreHook'
    assert cfg.model.methods.mine.type == 'DoNothing'


def test_a_runner_of_mmengine_does_not_ignore_methods(tiny_config):
    from mmengine.runner import Runner

    with pytest.raises(
        ValueError, match=r"(?s)\['method_remix'\].*load_config"
    ):
        Runner.from_cfg(tiny_config()).train()


def test_a_second_hook_that_plans_is_refused(tiny_config):
    cfg = tiny_config()
    cfg.custom_hooks = [{'type': 'EveryModalityHook'}]
    with pytest.raises(ValueError, match='both decide what an epoch'):
        build_runner(cfg).train()


def test_default_hooks_are_merged_key_by_key():
    hooks = {'checkpoint': {'interval': 1, 'save_best': 'auto'}}
    best = {'checkpoint': {'save_best': 'acc/heads_top1'}}
    cfg = Config(
        {'default_hooks': hooks, 'method_some': {'default_hooks': best}}
    )
    assert apply_methods(cfg) == ['some']
    assert cfg.default_hooks.checkpoint == {
        'interval': 1,
        'save_best': 'acc/heads_top1',
    }


@pytest.mark.parametrize(
    ('text', 'options', 'match'),
    [
        ('method_remxi = None\n', {}, 'Did you mean method_remix = None'),
        ('', {'method_remxi': None}, 'Did you mean method_remix'),
        ('', {'method_ogm_ge': None}, 'has no method_ogm_ge'),
    ],
)
def test_nothing_is_turned_off(tmp_path, text, options, match):
    remix = ROOT / 'configs' / 'remix_demo_concat.py'
    path = tmp_path / 'config.py'
    path.write_text(f'_base_ = [{str(remix)!r}]\n{text}')
    with pytest.raises(ConfigError, match=match):
        load_config(str(path), cfg_options=options)


def test_what_is_off_already_may_be_turned_off(tmp_path):
    assert not load_config(str(BASE), cfg_options={'method_remix': None}).get(
        'methods'
    )
    cfg = config('method_ogm = None\n', tmp_path, REMIX)
    assert cfg.methods == ['remix']
