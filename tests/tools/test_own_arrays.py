"""What docs/data/own_arrays.md makes and trains."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmremix.apis import build_runner, train
from mmremix.records import read_records
from tests.demo_run import ROOT, unique_name
from tests.docs.pages import blocks

CODE = [b.code for b in blocks(ROOT / 'docs/data/own_arrays.md')]


@pytest.mark.parametrize('method', ['remix', 'joint'])
def test_the_file_and_the_config_of_the_page(tmp_path, monkeypatch, method):
    monkeypatch.chdir(tmp_path)
    exec(next(code for code in CODE if 'np.savez' in code), {})
    text = next(code for code in CODE if "ann_file='mine.npz'" in code)
    base = (ROOT / 'configs').as_posix()
    (tmp_path / 'mine.py').write_text(
        text.replace("'_base_/", f"'{base}/_base_/")
    )
    cfg = Config.fromfile(tmp_path / 'mine.py')
    if method == 'joint':
        cfg.method_remix = None
    else:
        cfg.method_remix.plan.warmup_epochs = 1
    cfg.train_cfg.max_epochs = 2
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = unique_name(f'{method}_{tmp_path.name}')
    cfg.launcher = 'none'
    runner = build_runner(cfg)
    train(runner)
    assert (tmp_path / 'work' / 'epoch_2.pth').is_file()
    if method == 'remix':
        assert read_records(cfg.work_dir).scores.shape[1:] == (450, 2)
