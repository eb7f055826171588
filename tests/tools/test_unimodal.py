"""Each modality alone, their ensemble, and the joint model from them."""

from __future__ import annotations

import re

import pytest
import torch

from tests.demo_run import tiny_options
from tests.tool_run import run_tool, tool_process


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setattr('mmremix.apis.tool_runs.subprocess.run', tool_process)


def run(folder, demo_root, *flags, epochs=1):
    options = tiny_options(demo_root, epochs=epochs)
    del options['method_remix.plan.warmup_epochs']
    return run_tool(
        'tools/unimodal.py',
        'configs/joint_demo_concat.py',
        f'--work-dir={folder}',
        *flags,
        '--cfg-options',
        *(f'{key}={value}' for key, value in options.items()),
    )


def test_alone_together_and_then_joint(demo_root, tmp_path):
    done = run(tmp_path, demo_root, '--seed=3')
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r'\nensemble( +[01]\.\d{4}){3}', done.stdout)
    video = tmp_path / 'video/epoch_1.pth'
    assert f"teachers=dict(video='{video}', audio=" in done.stdout
    state = torch.load(video, weights_only=True)
    assert state['meta']['seed'] == 3
    assert not any('audio' in key for key in state['state_dict'])
    written = video.stat().st_mtime_ns
    # Again: what is done stays, and the joint run starts from it.
    done = run(tmp_path, demo_root, '--seed=3', '--then-joint')
    assert done.returncode == 0, done.stdout + done.stderr
    assert video.stat().st_mtime_ns == written
    assert 'is trained' in done.stdout
    assert re.search(r'\nheads( +[01]\.\d{4}){3}', done.stdout)
    # Of the training and of the test.
    logs = (tmp_path / 'joint').glob('*/*.log')
    log = ''.join(path.read_text() for path in logs)
    assert f'Load checkpoint from {tmp_path / "encoders.pth"}' in log
    # Other options do not go on in the same folder.
    done = run(tmp_path, demo_root, epochs=2)
    assert done.returncode == 1 and '--work-dir DIR' in done.stderr
