"""Keys that nobody reads are refused, a user's own variables are not."""

from __future__ import annotations

import warnings

import pytest
from mmengine.config import Config

from mmremix.apis import load_config
from mmremix.apis.check_keys import check_keys
from mmremix.apis.known_keys import known_keys
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT

REMIX = ROOT / 'configs' / 'remix_demo_concat.py'


def load(tmp_path, text, **options):
    path = tmp_path / 'config.py'
    path.write_text(f'_base_ = [{str(REMIX)!r}]\n{text}')
    return load_config(str(path), cfg_options=options)


@pytest.mark.parametrize(
    ('text', 'match'),
    [
        ('optim_wraper = dict(a=1)\n', r'optim_wraper.*mean optim_wrapper\?'),
        ('Train_cfg = dict(max_epochs=3)\n', r'mean train_cfg\?'),
        ("custom_hook = [dict(type='EMAHook')]\n", r'mean custom_hooks\?'),
        ('resum = True\n', r'mean resume\?'),
        ('seed = 7\n', r'seed = 7.*mean randomness.seed\?'),
        ("optimizer = dict(type='SGD')\n", r'optim_wrapper.optimizer\?'),
        ('max_epochs = 7\n', r'mean train_cfg.max_epochs\?'),
        (
            'train_dataloader = dict(num_worker=1)\n',
            r'train_dataloader.num_worker=1. Did you mean num_workers\?',
        ),
        ('train_cfg = dict(epochs=1)\n', r'train_cfg.epochs.*max_epochs'),
        ('env_cfg = dict(cudnn=True)\n', r'env_cfg.cudnn.*cudnn_benchmark'),
        (
            'optim_wrapper = dict(clip_grad=dict(max_nrm=1))\n',
            r'optim_wrapper.clip_grad.max_nrm.*max_norm',
        ),
        ("allow_unknown_keys = 'seed'\n", r"\['seed'\]"),
    ],
)
def test_a_key_that_nobody_reads(tmp_path, text, match):
    with pytest.raises(ConfigError, match=match):
        load(tmp_path, text)


@pytest.mark.parametrize(
    'text',
    [
        "data_root = 'x'\nmouth = (1, 2)\naudio_snr_db = 3\n",
        # Used by the file.
        'max_epochs = 7\ntrain_cfg = dict(max_epochs=max_epochs)\n',
        'seed = 7\nrandomness = dict(seed=seed)\n',
        'train_loader = dict(batch_size=8)\n'
        'train_dataloader = dict(**train_loader)\n',
        # As mmengine prints it: the value stands in its place.
        'max_epochs = 7\ntrain_cfg = dict(by_epoch=True, max_epochs=7)\n',
        'train_loader = dict(batch_size=8)\n'
        'train_dataloader = dict(batch_size=8)\n',
        # The user says so.
        "seed = 7\nallow_unknown_keys = ['seed']\n",
        'optim_wraper = dict(a=1)\nallow_unknown_keys = True\n',
    ],
)
def test_variables_of_a_user(tmp_path, text):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        load(tmp_path, text)


@pytest.mark.parametrize('path', sorted(ROOT.glob('configs/*.py')), ids=str)
def test_our_configs_also_as_one_file(path):
    cfg = Config.fromfile(path)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        check_keys(cfg)
    printed = Config.fromstring(cfg.pretty_text, '.py')
    check_keys(printed)


def test_a_component_that_nothing_builds(tmp_path):
    with pytest.warns(UserWarning, match='ema = .* nothing builds it'):
        load(tmp_path, "ema = dict(type='EMAHook')\n")


def test_a_variable_that_is_used_but_looks_like_a_key(tmp_path):
    text = (
        'val_dataloder = dict(batch_size=3)\nval_dataloader = val_dataloder\n'
    )
    with pytest.warns(UserWarning, match='Did you mean val_dataloader'):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ('option', 'match'),
    [
        ('optim_wraper.optimizer.lr', r'there is no optim_wraper. Did you'),
        ('lr', r'Did you mean optim_wrapper.optimizer.lr\?'),
        ('something', r'there is no something'),
        # A variable: what was made of it does not change with it.
        ('data_root', r'would change nothing.*train_dataloader.dataset'),
        ('loader.batch_size', r'loader is a variable'),
        ('method_remx.plan.warmup_epochs', r'Did you mean method_remix\?'),
        ('train_dataloader.num_worker', r'Did you mean num_workers\?'),
        ('train_dataloader.dataset.pipeline.9.a', r'do not fit the config'),
        ('log_level.a', r'do not fit the config'),
    ],
)
def test_an_option_that_changes_nothing(tmp_path, option, match):
    with pytest.raises(ConfigError, match=match):
        load(tmp_path, '', **{option: 1})


def test_options_that_are_taken(tmp_path):
    options = {
        'sync_bn': 'torch',
        'model_wrapper_cfg.find_unused_parameters': True,
        'mine': 3,
        'allow_unknown_keys': ['mine'],
        'default_hooks.recorder.type': 'EMAHook',
    }
    cfg = load(tmp_path, '', **options)
    assert cfg.sync_bn == 'torch' and cfg.mine == 3
    assert cfg.model_wrapper_cfg.find_unused_parameters is True


@pytest.mark.parametrize(
    ('text', 'match'),
    [
        ('model = dict(\n', r'is no Python.*line'),
        ('a = 1 / 0\n', r'cannot be read: ZeroDivisionError'),
        ("_base_ = ['nowhere.py']\n", r'cannot be read.*nowhere.py'),
        ("custom_imports = dict(imports=['no_such'])\n", r'no_such'),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, text, match):
    path = tmp_path / 'config.py'
    path.write_text(text)
    with pytest.raises(ConfigError, match=match):
        load_config(str(path))


def test_what_mmengine_reads_is_known():
    """Its own text: cfg.get('...') of the runner."""
    import inspect
    import re

    from mmengine.runner import Runner

    text = inspect.getsource(Runner)
    read = set(re.findall(r"cfg\.get\(\s*'(\w+)'", text))
    inner = {'seed', 'num_workers', 'type', 'mp_cfg', 'dist_cfg'}
    inner |= {'cudnn_benchmark', 'resource_limit'}
    assert read - inner <= known_keys()
