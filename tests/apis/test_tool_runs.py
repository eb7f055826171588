from __future__ import annotations

import os
import warnings

import pytest
import torch

from mmremix.apis import load_config
from mmremix.apis.check_keys import check_keys
from mmremix.apis.config_file import read_config
from mmremix.apis.tool_runs import ToolRuns, write_config
from tests.demo_run import ROOT


def test_a_command_is_a_process_and_its_status_that_of_all(tmp_path, capfd):
    (tmp_path / 'tool.py').write_text(
        'import os, sys\nprint(os.getppid(), sys.argv[1:])\n'
        'sys.exit(int(sys.argv[1]))\n'
    )
    tools = ToolRuns(tmp_path)
    tools.run('tool.py', '0', 'a b')
    told = capfd.readouterr().out.split(maxsplit=1)
    assert told == [str(os.getpid()), "['0', 'a b']\n"]
    with pytest.raises(SystemExit) as caught:
        tools.run('tool.py', '7')
    assert caught.value.code == 7
    assert 'tool.py 7 failed; nothing is lost.' in capfd.readouterr().out


def test_a_config_is_replaced_until_an_epoch_is_trained(tmp_path):
    cfg = read_config(str(ROOT / 'configs/joint_demo_concat.py'))
    path = tmp_path / 'fold_0.py'
    write_config(cfg, path)
    cfg.train_cfg.max_epochs = 3
    write_config(cfg, path)
    assert load_config(str(path)).train_cfg.max_epochs == 3
    (tmp_path / 'fold_0').mkdir()
    torch.save({'meta': {}}, tmp_path / 'fold_0/epoch_1.pth')
    write_config(cfg, path)
    cfg.train_cfg.max_epochs = 4
    with pytest.raises(SystemExit, match='of another config'):
        write_config(cfg, path)


def test_variables_of_a_config_are_no_mistakes_in_one_made_of_it(tmp_path):
    base = ROOT / 'configs/joint_demo_concat.py'
    mine = tmp_path / 'mine.py'
    mine.write_text(
        f'_base_ = [{str(base)!r}]\n'
        "fuse = dict(type='SumFusionHead')\n"
        'model = dict(fusion=dict(_delete_=True, **fuse))\n'
    )
    cfg = read_config(str(mine))
    cfg.model.fusion.type = 'ConcatFusionHead'
    write_config(cfg, tmp_path / 'made.py')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        check_keys(load_config(str(tmp_path / 'made.py')))
