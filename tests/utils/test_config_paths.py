"""Where configs are found."""

from __future__ import annotations

import sys

import pytest

from mmremix.apis import load_config
from mmremix.apis.config_file import read_config
from mmremix.utils import ConfigError
from mmremix.utils.config_paths import find_config, shipped_configs
from tests.demo_run import ROOT


def test_names_of_shipped_configs(tmp_path, monkeypatch):
    known = shipped_configs()
    assert 'examples/random' in known and 'remix_ks_sum' in known
    assert not any('_base_' in name for name in known)
    monkeypatch.chdir(tmp_path)
    for name in (
        *('remix_demo_concat', 'remix_demo_concat.py'),
        *('mmremix::remix_demo_concat', 'configs/remix_demo_concat.py'),
    ):
        found = find_config(name)
        assert found.endswith('configs/remix_demo_concat.py')
    cfg = load_config('remix_demo_concat')
    assert cfg.work_dir == 'work_dirs/remix_demo_concat'
    # A file of the user's comes first.
    (tmp_path / 'remix_demo_concat.py').touch()
    assert find_config('remix_demo_concat.py') == 'remix_demo_concat.py'


def test_a_name_that_is_almost_one():
    with pytest.raises(ConfigError, match='Did you mean remix_demo_concat'):
        find_config('remix_demo_conct')


def test_bases_of_packages(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text("_base_ = ['mmremix::joint_demo_concat.py']\n")
    cfg = read_config(str(path))
    assert cfg.model.num_classes == 6 and '_scope_' not in cfg.model
    path.write_text("_base_ = ['mmaction::_base_/default_runtime.py']\n")
    cfg = read_config(str(path))
    assert cfg.default_hooks.timer._scope_ == 'mmaction'
    for base, message in (
        ('mmremix::joint_demo_conct.py', 'there is no'),
        ('no_such_package::a.py', 'no package no_such_package'),
        ('rich::a.py', 'came without configs'),
    ):
        path.write_text(f'_base_ = [{base!r}]\n')
        with pytest.raises(ConfigError, match=message):
            read_config(str(path))


def test_the_folder_of_a_config_comes_last(tmp_path, monkeypatch):
    """`random.py` beside a config is not the library's."""
    monkeypatch.setattr(sys, 'path', list(sys.path))
    for name in ('random', 'my_part_of_this_test'):
        (tmp_path / f'{name}.py').write_text('import random; random.seed')
    path = tmp_path / 'mine.py'
    path.write_text(
        f'_base_ = [{str(ROOT / "configs/joint_demo_concat.py")!r}]\n'
        "custom_imports = dict(imports=['my_part_of_this_test'])\n"
    )
    read_config(str(path))
    assert sys.path[-1] == str(tmp_path)


def test_what_lies_with_a_run_is_not_imported(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'path', list(sys.path))
    (tmp_path / 'epoch_1.pth').touch()
    (tmp_path / 'evil_part_of_a_test.py').write_text('raise SystemExit')
    path = tmp_path / 'mine.py'
    path.write_text("custom_imports = dict(imports=['evil_part_of_a_test'])\n")
    with pytest.raises(ConfigError, match='it imports'):
        read_config(str(path), trust=False)
    assert str(tmp_path) not in sys.path
