"""What the README tells people to write works as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from mmengine.config import Config

from mmremix.registry import MODELS
from tests.demo_run import ROOT, tiny_options

BLOCKS = re.findall(
    r'```(\w+)\n(.*?)```', (ROOT / 'README.md').read_text(), re.DOTALL
)


def block(mark):
    found = [text for _, text in BLOCKS if mark in text]
    assert len(found) == 1, mark
    return found[0].replace("_base_ = ['", f"_base_ = ['{ROOT}/configs/")


def test_own_fusion_head_trains(demo_root, tmp_path):
    code = block('# my_fusion.py')
    assert len(code.splitlines()) < 20
    (tmp_path / 'my_fusion.py').write_text(code)
    (tmp_path / 'mine.py').write_text(block('custom_imports'))
    options = tiny_options(demo_root, epochs=2)
    done = subprocess.run(
        [
            *(sys.executable, 'tools/train.py', str(tmp_path / 'mine.py')),
            f'--work-dir={tmp_path / "work"}',
            '--cfg-options',
            *(f'{key}={value}' for key, value in options.items()),
        ],
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': f'{ROOT}:{tmp_path}'},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'LogitSumHead' in done.stdout
    assert 'Remix epoch 2:' in done.stdout


def test_config_for_own_clips(tmp_path):
    (tmp_path / 'mine.py').write_text(block('# configs/mine.py'))
    cfg = Config.fromfile(tmp_path / 'mine.py')
    dataset = cfg.train_dataloader.dataset
    assert dataset.type == 'AVDataset'
    assert dataset.classes == ['clap', 'shout']
    assert len(dataset.pipeline) == 3
    assert MODELS.build(cfg.model).num_classes == 2


def test_named_files_exist():
    text = (ROOT / 'README.md').read_text()
    for name in re.findall(r'`((?:remix|joint)_\w+\.py)`', text):
        assert (ROOT / 'configs' / name).is_file(), name
    prose = re.sub(r'```.*?```', '', text, flags=re.DOTALL)
    for path in re.findall(r'\]\(([\w/.]+)\)', prose):
        assert (ROOT / path).exists(), path
    for path in re.findall(r'(tools/[\w/]+\.(?:py|sh))', text):
        assert (ROOT / path).is_file(), path
