"""A tiny study: what breaks is counted, what is killed goes on."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.demo_run import ROOT
from tests.tool_run import run_tool

STUDY = """
base = 'configs/joint_demo_concat.py'
epochs = 2
seeds = [0]
learning_rates = [1e-3]
checkpoint_interval = 1
held_out = dict(folds=2)
options = {options!r}
hooks = dict(imports=['tests.study.self_killing_hook'])
methods = dict(
    joint=dict(),
    killed=dict(
        options=dict(
            custom_imports=hooks, custom_hooks=[dict(type='SelfKillingHook')]
        )
    ),
    broken=dict(options={{'model.fusion.type': 'NoSuchHead'}}),
    diverging=dict(
        options=dict(
            custom_imports=hooks, custom_hooks=[dict(type='NanHook')]
        )
    ),
    unimodal_video=dict(unimodal='video'),
    unimodal_audio=dict(unimodal='audio'),
    pretrained=dict(from_unimodal=True),
)
del hooks
"""


@pytest.fixture
def run(demo_root, tmp_path):
    options = {
        'train_dataloader.batch_size': 8,
        'model.encoders.video.base_channels': 2,
        'model.encoders.audio.base_channels': 2,
        **{
            f'{name}_dataloader.dataset.data_root': str(demo_root)
            for name in ('train', 'val', 'test')
        },
    }
    path = tmp_path / 'tiny.py'
    path.write_text(STUDY.format(options=options))
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')

    def call(*arguments):
        return run_tool('tools/study.py', path, *arguments, cwd=tmp_path)

    return call


def test_killed_broken_and_done_runs(run, tmp_path):
    done = run('--jobs', '2')
    assert done.returncode == 1, done.stdout + done.stderr
    results = tmp_path / 'docs/_results/tiny.json'
    found = {r['method']: r for r in json.loads(results.read_text())}
    status = {name: r['status'] for name, r in found.items()}
    assert status == {
        'joint': 'done',
        'killed': 'failed',
        'broken': 'failed',
        'diverging': 'diverged',
        'unimodal_video': 'done',
        'unimodal_audio': 'done',
        'pretrained': 'done',
        'ensemble': 'done',
    }
    assert 'SIGKILL' in found['killed']['error']
    assert 'NoSuchHead' in found['broken']['error']
    # 13 of 26 clips are held out; each is encoded once a modality and epoch.
    joint = found['joint']
    assert (joint['n_train'], joint['n_held_out']) == (13, 13)
    assert joint['passes'] == {'video': 26, 'audio': 26}
    assert joint['steps'] == 4
    assert found['ensemble']['passes'] == {'video': 26, 'audio': 26}
    pretrained = found['pretrained']
    assert pretrained['passes'] == {'video': 52, 'audio': 52}
    assert (pretrained['own']['steps'], pretrained['steps']) == (4, 12)
    log = ''.join(
        p.read_text()
        for p in (tmp_path / 'work_dirs').rglob('pretrained/*/*/*/*.log')
    )
    assert 'encoders.pth' in log
    assert set(joint['accuracy']['test']) == {
        *('fusion', 'heads', 'video', 'audio', 'pool')
    }
    assert 'pool' not in joint['accuracy']['held_out']
    folder = next((tmp_path / 'work_dirs').rglob('joint/*/seed0_lr0.001'))
    assert not list(folder.glob('*.pth'))
    with np.load(folder / 'predictions.npz') as file:
        scores = file['held_out.log_probs.fusion']
        right = scores.argmax(1) == file['held_out.labels']
        assert np.allclose(np.exp(scores).sum(1), 1, atol=1e-5)
    assert np.isclose(
        right.mean(), joint['accuracy']['held_out']['fusion'], atol=1e-4
    )
    # What is done stays; the killed run goes on where it was.
    done = run('--retry', '--only', 'killed')
    assert '1 to do' in done.stdout and 'full killed seed 0' in done.stderr
    again = {r['method']: r for r in json.loads(results.read_text())}
    assert again['killed']['status'] == 'done'
    assert again['killed']['passes'] == {'video': 26, 'audio': 26}
    assert again['joint'] == joint
    logs = next((tmp_path / 'work_dirs').rglob('killed/*/seed0_lr0.001'))
    log = ''.join(p.read_text() for p in logs.glob('*/*.log'))
    assert 'resumed epoch: 1' in log
    # It is the joint run, that nothing has happened to.
    assert again['killed']['accuracy'] == joint['accuracy']
    # Another machine has the results, and not the encoders.
    others = [r for r in again.values() if r['method'] != 'pretrained']
    theirs = results.with_name('theirs.json')
    theirs.write_text(json.dumps(others))
    planned = run('--dry-run', '--results', theirs, '--work-dir', 'new')
    assert '7 runs, 4 done, 1 to do; ' in planned.stdout
    assert '2 done ones run again: others start' in planned.stdout
    tables = run('--tables', 'out')
    assert '| broken | fused |' in tables.stdout
    assert (tmp_path / 'out/index.html').is_file()


def test_tables_of_an_odd_file_of_results(tmp_path):
    path = tmp_path / 'odd.json'
    for text, says in (
        ('[\n{},\n{}\n]', 'line 2: the record has no study'),
        ('[\n{"a": 1},\nnothing\n]', 'line 3 column 1'),
    ):
        path.write_text(text)
        for tool in ('study', 'diagnose'):
            done = run_tool(f'tools/{tool}.py', path)
            assert done.returncode != 0
            assert 'Traceback' not in done.stderr, done.stderr
            assert f'{path}' in done.stderr and says in done.stderr
