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
        cfg.merge_from_dict(tiny_options(str(demo), epochs=2))
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


def test_unknown_score_is_refused():
    with pytest.raises(ValueError, match='custom_imports'):
        KLScoreHook(warmup_epochs=1, score='no_such_score')
