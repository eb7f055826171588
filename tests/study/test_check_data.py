"""What would end every run of a study is said before the first."""

from __future__ import annotations

import pytest

from mmremix.datasets.held_out import HeldOutError
from mmremix.study.check_data import check_held_out
from mmremix.study.plan import plan
from mmremix.study.study_file import load_study
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT
from tests.tool_run import run_tool

DEMO = ROOT / 'configs/studies/demo.py'


def tasks(tmp_path, root, **options):
    roots = {
        f'options.{name}_dataloader.dataset.data_root': str(root)
        for name in ('train', 'val', 'test')
    }
    return plan(load_study(DEMO, {**roots, **options}), tmp_path, {})


def test_groups_that_are_no_column(demo_root, tmp_path):
    planned = tasks(tmp_path, demo_root, held_out={'by': 'nobody'})
    with pytest.raises(ConfigError, match="no column 'nobody'"):
        check_held_out(planned)
    check_held_out(tasks(tmp_path, demo_root))


def test_more_folds_than_samples(demo_root, tmp_path):
    planned = tasks(tmp_path, demo_root, held_out={'folds': 99})
    with pytest.raises(HeldOutError, match='folds=26'):
        check_held_out(planned)


def test_data_that_are_elsewhere(tmp_path, capsys):
    check_held_out(tasks(tmp_path, tmp_path / 'nowhere'))
    assert 'held_out was not checked' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('option', 'says'),
    [
        ('held_out.by=nobody', "no column 'nobody'"),
        ('options.train_cfg.max_epoch=3', 'Did you mean max_epochs'),
        ('methods.remix.options.train_cfg.max_epoch=3', 'The method remix'),
        ('options.train_dataloader.batch_sise=3', 'mean batch_size'),
        ('options.train_dataloader.batch_size=0', 'batch_size'),
        ('epochs=0', 'epochs=0'),
    ],
)
def test_a_dry_run_refuses(demo_root, tmp_path, option, says):
    done = run_tool(
        'tools/study.py',
        DEMO,
        '--dry-run',
        *('--work-dir', tmp_path / 'work', '--results', tmp_path / 'r.json'),
        '--cfg-options',
        option,
        *(
            f'options.{name}_dataloader.dataset.data_root={demo_root}'
            for name in ('train', 'val', 'test')
        ),
    )
    assert done.returncode != 0
    assert 'Traceback' not in done.stderr
    assert says in done.stderr
