"""Methods of a config go to their places."""

from __future__ import annotations

from mmengine.config import Config

from mmremix.apis.methods import apply_methods


def test_default_hooks_are_merged_key_by_key():
    hooks = {'checkpoint': {'interval': 1, 'save_best': 'auto'}}
    best = {'checkpoint': {'save_best': 'acc/heads_top1'}}
    cfg = Config(
        {'default_hooks': hooks, 'method_some': {'default_hooks': best}}
    )
    assert apply_methods(cfg) == ['some']
    assert cfg.default_hooks.checkpoint == {
        'interval': 1,
        'save_best': 'acc/heads_top1',
    }
