"""A sweep with a stand-in for Optuna, which is an optional package."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from mmengine.config import Config

from mmremix.apis.sweep import Range, judged_by_held_out, parse_space, suggest
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT, tiny_options
from tests.tool_run import run_tool, tool_process


class Trial:
    """Takes the highest number, and the last of a list."""

    def __init__(self, number):
        self.number, self.params, self.value = number, {}, None

    def _take(self, key, value):
        self.params[key] = value
        return value

    def suggest_float(self, key, low, high, log):
        return self._take(key, high / (1 + self.number))

    def suggest_int(self, key, low, high, log):
        return self._take(key, high)

    def suggest_categorical(self, key, choices):
        return self._take(key, choices[-1])


@pytest.fixture
def optuna(monkeypatch):
    """As much of it as is used; keeps its one study."""
    study = SimpleNamespace(trials=[])

    def optimize(objective, n_trials, catch):
        for _ in range(n_trials):
            trial = Trial(len(study.trials))
            study.trials.append(trial)
            try:
                trial.value = objective(trial)
            except catch:
                continue

    study.optimize = optimize
    made = SimpleNamespace(
        create_study=lambda **options: study,
        samplers=SimpleNamespace(TPESampler=lambda seed: seed),
    )
    monkeypatch.setitem(sys.modules, 'optuna', made)
    monkeypatch.setattr('mmremix.apis.tool_runs.subprocess.run', tool_process)
    return study


def test_trials_and_more_of_them(optuna, demo_root, tmp_path):
    options = tiny_options(demo_root, epochs=1)
    del options['method_remix.plan.warmup_epochs']

    def run(trials):
        return run_tool(
            'tools/sweep.py',
            *('configs/joint_demo_concat.py', f'--work-dir={tmp_path}'),
            *('--space', 'optim_wrapper.optimizer.lr=1e-4:1e-2:log'),
            *(f'--trials={trials}', '--cfg-options'),
            *(f'{key}={value}' for key, value in options.items()),
        )

    done = run(1)
    assert done.returncode == 0, done.stderr
    assert optuna.trials[0].params == {'optim_wrapper.optimizer.lr': 1e-2}
    assert 0 <= optuna.trials[0].value <= 1
    cfg = Config.fromfile(tmp_path / 'trial_000.py')
    assert cfg.held_out == {'folds': 5, 'fold': 0}
    assert cfg.optim_wrapper.optimizer.lr == 1e-2
    done = run(2)
    assert len(optuna.trials) == 2 and (tmp_path / 'trial_001').is_dir()
    assert done.stdout.count('best: --cfg-options optim_wrapper.') == 1


def test_without_optuna(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'optuna', None)
    done = run_tool(
        'tools/sweep.py',
        *('configs/joint_demo_concat.py', f'--work-dir={tmp_path}'),
        *('--space', 'train_dataloader.batch_size=8,16'),
    )
    assert done.returncode == 1 and 'pip install optuna' in done.stderr


def test_space():
    space = parse_space(['a.b=1:5:int', 'lr=1e-4:1e-2:log', 'c=8,x,true'])
    assert space == {
        'a.b': Range(1, 5, whole=True),
        'lr': Range(1e-4, 1e-2, log=True),
        'c': [8, 'x', True],
    }
    chosen = suggest(Trial(0), space)
    assert chosen == {'a.b': 5, 'lr': 1e-2, 'c': True}
    for wrong in ('a', 'a=3', 'a=5:1', 'a=0:1:log', 'a=1:2:odd'):
        with pytest.raises(ConfigError, match='Write: --space'):
            parse_space([wrong])


def test_never_judged_by_the_test_set():
    cfg = Config.fromfile(ROOT / 'configs/joint_demo_concat.py')
    one = judged_by_held_out(cfg, 'speaker')
    assert one.held_out == {'folds': 5, 'fold': 0, 'by': 'speaker'}
    assert 'held_out' not in cfg
    cfg.val_dataloader.dataset.ann_file = 'val.csv'
    assert 'held_out' not in judged_by_held_out(cfg, None)
