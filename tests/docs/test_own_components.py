"""The components that the pages tell people to write train a model.

README's fusion head: ``test_readme.py``.
"""

from __future__ import annotations

import sys

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import Registry

from mmremix import registry
from mmremix.apis import build_runner, train
from mmremix.engine import KLScoreHook
from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.remix import assign
from tests.demo_run import ROOT, tiny_options
from tests.docs.pages import blocks


def forget(module):
    """Unload a module with what it registered."""
    sys.modules.pop(module, None)
    for value in vars(registry).values():
        if isinstance(value, Registry):
            for name, cls in list(value.module_dict.items()):
                if cls.__module__ == module:
                    del value.module_dict[name]


@pytest.fixture
def run(sandbox, monkeypatch, tmp_path):
    """Train a page's config for two epochs, the first a warm-up."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = []

    def trained(page, config):
        texts = {b.file_name: b.code for b in blocks(ROOT / 'docs' / page)}
        for name, code in texts.items():
            if name and '/' not in name:
                (tmp_path / name).write_text(code)
                modules.append(name.removesuffix('.py'))
                forget(modules[-1])
        path = sandbox / 'configs' / f'{tmp_path.name}.py'
        path.write_text(texts[config])
        cfg = Config.fromfile(path)
        demo = sandbox / 'data' / 'demo'
        options = tiny_options(str(demo), epochs=2)
        if 'method_remix' not in cfg:
            del options['method_remix.plan.warmup_epochs']
        cfg.merge_from_dict(options)
        cfg.work_dir, cfg.launcher = str(tmp_path / 'work'), 'none'
        runner = build_runner(cfg)
        train(runner)
        return runner

    yield trained
    for name in modules:
        forget(name)


def test_fusion_between_stages(run):
    runner = run('fusion_heads.md', 'configs/self_gate.py')
    assert type(runner.model.fusion).__name__ == 'SelfGateHead'
    assert runner.epoch == 2
    assert all(p.isfinite().all() for p in runner.model.parameters())


def test_fusion_of_tokens(run):
    runner = run('token_fusion.md', 'configs/mean_of_tokens.py')
    assert type(runner.model.fusion).__name__ == 'MeanOfTokens'
    assert runner.epoch == 2
    assert all(p.isfinite().all() for p in runner.model.parameters())


def test_score_decides(run):
    runner = run('scores.md', 'configs/margin.py')
    (hook,) = (h for h in runner.hooks if isinstance(h, KLScoreHook))
    scores = hook.decision['scores']
    # Margins are differences of probabilities; KL to uniform goes to ln 6.
    assert 0 <= scores.min() < scores.max() <= 1
    sampler = runner.train_dataloader.batch_sampler
    assert torch.equal(
        sampler.items.active.int().argmax(dim=1), assign(scores)
    )


def test_a_method_of_ones_own(run):
    runner = run('write_a_method.md', 'configs/catch_up.py')
    method = runner.model.methods['catch_up']
    # The losses of six classes, by a running mean that began at 0.
    assert (method.running > 0.5).all() and (method.running < 3).all()
    logged = runner.message_hub.log_scalars
    weights = [
        logged[f'train/catch_up/weight_{name}'].current()
        for name in runner.model.modalities
    ]
    assert sum(weights) == pytest.approx(2, abs=1e-4)
    assert weights[0] != weights[1]


def test_a_plan_of_ones_own(run):
    runner = run('write_a_method.md', 'configs/repeat_wrong.py')
    items = runner.train_dataloader.batch_sampler.items
    size = len(runner.train_dataloader.dataset)
    hook = plan_hook(runner)
    assert type(hook).__name__ == 'RepeatWrongHook'
    wrong = int(hook.decision['wrong'].sum())
    assert 0 < wrong <= size
    assert len(items.index) == size + 2 * wrong
    assert items.counts().tolist() == [size + wrong] * 2


def test_unknown_score_is_refused():
    with pytest.raises(ValueError, match='custom_imports'):
        KLScoreHook(warmup_epochs=1, score='no_such_score')
