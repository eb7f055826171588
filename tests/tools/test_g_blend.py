"""The command that prints the weights of Gradient-Blend."""

from __future__ import annotations

import json

from mmengine.config import Config

from mmremix.apis.g_blend import settings_of
from mmremix.apis.unimodal import without_methods
from tests.demo_run import ROOT
from tests.tool_run import run_tool

CONFIG = 'configs/joint_demo_concat.py'


def run(*flags):
    return run_tool('tools/g_blend.py', CONFIG, *flags)


def write(folder, generalization):
    """What a run left that has measured everything, with O of 1."""
    plain = without_methods(Config.fromfile(ROOT / CONFIG))
    losses = {
        head: {
            'train_before': 2.0,
            'train_after': 1.0 - g,
            'held_before': 2.0,
            'held_after': 2.0 - g,
        }
        for head, g in generalization.items()
    }
    made = {'settings': settings_of(plain, 4, 0.2, 0), 'losses': losses}
    (folder / 'g_blend.json').write_text(json.dumps(made))


def test_prints_the_line(tmp_path):
    write(tmp_path, {'fusion': 0.5, 'video': 0.125, 'audio': -1.0})
    done = run('--epochs=4', f'--work-dir={tmp_path}')
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == (
        'model = dict(loss_weights=dict(all_active=dict(fusion=0.8000, '
        'video=0.2000, audio=0.0000)))'
    )
    assert 'audio   -1.0000  1.0000  0.0000' in done.stdout
    made = json.loads((tmp_path / 'g_blend.json').read_text())
    assert made['weights'] == {'fusion': 0.8, 'video': 0.2, 'audio': 0.0}


def test_errors_are_one_line(tmp_path):
    write(tmp_path, {'fusion': -0.5, 'video': -0.1, 'audio': -1.0})
    done = run('--epochs=4', f'--work-dir={tmp_path}')
    assert done.returncode == 1 and done.stderr.startswith('error: G-Blend')
    done = run('--epochs=3', f'--work-dir={tmp_path}')
    assert 'of other settings' in done.stderr
