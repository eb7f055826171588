from __future__ import annotations

import pytest

from mmremix.apis import build_runner
from mmremix.engine import EveryModalityHook, KLScoreHook
from mmremix.engine.plan.plan_hook import plan_hook
from mmremix.utils.errors import ConfigError
from tests.methods import kit


def run(tiny_config, plan, **options):
    cfg = tiny_config('joint_demo_concat', epochs=2, **options)
    cfg.method_plan = {'plan': plan}
    runner = build_runner(cfg)
    runner.train()
    return runner


def test_rule_all_is_the_same_plan_and_scores_nothing(tiny_config):
    every = run(tiny_config, {'type': 'EveryModalityHook', 'warmup_epochs': 1})
    rule = {'type': 'KLScoreHook', 'warmup_epochs': 1, 'rule': 'all'}
    other = run(tiny_config, rule)
    assert plan_hook(other).latest is None
    kit.assert_same(kit.weights(every.model), kit.weights(other.model))


def test_half_joint_half_to_all(tiny_config):
    kind = {'type': 'EveryModalityHook', 'joint_share': 0.5}
    runner = run(tiny_config, kind)
    hook = plan_hook(runner)
    items = hook.items(hook.decision, runner)
    # 13 of 26 samples whole, 13 twice; each encoder sees every sample once.
    assert len(items.index) == 13 + 2 * 13
    assert items.counts().tolist() == [26, 26]
    assert int(items.active.all(dim=1).sum()) == 13
    joint = set(items.index[items.active.all(dim=1)].tolist())
    assert not joint & set(items.index[~items.active.all(dim=1)].tolist())


def test_options_that_would_do_nothing_are_refused():
    with pytest.raises(ConfigError, match=r"\['min_share'\]"):
        KLScoreHook(warmup_epochs=1, rule='all', min_share=0.1)
    with pytest.raises(ConfigError, match='joint_share must be in'):
        EveryModalityHook(joint_share=1.0)
