"""A cross-fit: a run for each fold, a choice, and the final run."""

from __future__ import annotations

import json

import pytest

from mmremix.engine import load_checkpoint_file
from tests.demo_run import tiny_options
from tests.tool_run import run_tool, tool_process


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch):
    monkeypatch.setattr('mmremix.apis.tool_runs.subprocess.run', tool_process)


def run(folder, demo_root, *flags):
    options = tiny_options(demo_root, epochs=1)
    del options['method_remix.plan.warmup_epochs']
    return run_tool(
        'tools/crossfit.py',
        *('configs/joint_demo_concat.py', f'--work-dir={folder}'),
        *('--folds=2', *flags, '--cfg-options'),
        *(f'{key}={value}' for key, value in options.items()),
    )


def test_folds_choice_and_final_run(demo_root, tmp_path):
    done = run(tmp_path, demo_root, '--final')
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / 'readout.json').read_text())
    # Every training sample was held out once.
    assert (found['samples'], found['groups'], found['folds']) == (26, 2, 2)
    assert found['name'] in found['accuracy'] and len(found['per_fold']) == 2
    for name, accuracy in found['accuracy'].items():
        folds = [fold[name] for fold in found['per_fold']]
        assert abs(accuracy - sum(folds) / 2) < 1e-9
    assert f'{found["name"]} (chosen)' in done.stdout
    assert 'model = dict(readout=dict(weights={' in done.stdout
    final = tmp_path / 'final/epoch_1.pth'
    content = load_checkpoint_file(str(final))
    assert content['readout'] == found
    for name, weight in found['weights'].items():
        assert content['state_dict'][f'readout.weight_{name}'] == weight
    assert '\nreadout ' in done.stdout
    # What mmengine says of itself is in the log files.
    assert 'Hooks will be executed' not in done.stdout + done.stderr
    written = final.stat().st_mtime_ns
    # Again, as far as the choice: nothing is trained.
    done = run(tmp_path, demo_root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('is trained') == 2
    assert final.stat().st_mtime_ns == written
