"""tools/auto.py, from a config to the config of what it chose."""

from __future__ import annotations

import json

from mmremix.apis.config_file import read_config
from tests.demo_run import ROOT
from tests.tool_run import run_tool


def test_what_is_chosen_and_how_to_go_on(demo_root, tmp_path):
    roots = [
        f'{name}_dataloader.dataset.data_root={demo_root}'
        for name in ('train', 'val', 'test')
    ]
    sizes = [
        f'model.encoders.{name}.base_channels=2' for name in ('video', 'audio')
    ]
    command = (
        *('tools/auto.py', str(ROOT / 'configs/joint_demo_concat.py')),
        *('--work-dir', 'auto', '--folds', '2', '--epochs', '2'),
        *('--jobs', '2', '--cfg-options', 'train_dataloader.batch_size=8'),
        *(*roots, *sizes),
    )
    done = run_tool(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'held-out' in done.stdout and '-> auto/chosen.py' in done.stdout
    chosen = read_config(str(tmp_path / 'auto' / 'chosen.py'))
    assert chosen.train_cfg.max_epochs == 16

    # As if a pool were far ahead in both folds.
    results = tmp_path / 'auto' / 'results.json'
    records = json.loads(results.read_text())
    assert len(records) == 12  # five methods and the ensemble
    for record in records:
        if record['method'] == 'joint':
            scores = record['accuracy']['held_out']
            scores['fusion'], scores['pool_over_folds'] = 0.1, 0.9
            record['finished'] = '2100'  # the later record counts
    results.write_text(json.dumps(records))
    again = run_tool(*command, cwd=tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert 'joint, read out by pool, is +80.0' in again.stdout
    assert (
        'mmremix crossfit auto/chosen.py --work-dir auto/chosen --choose pool '
        '--folds 2 --final' in again.stdout
    )
