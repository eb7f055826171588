"""Scoring and validation decode a sample once a run, and change nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from mmremix.apis import build_runner
from mmremix.datasets import MultimodalDataset

# It looks at one batch of the training samples by itself.
ALONE = {'default_hooks.gradient_conflict': None}
OFF = {
    **ALONE,
    'default_hooks.evaluation_cache.cache': False,
    'method_remix.plan.cache': False,
}


@pytest.fixture
def decoded(monkeypatch):
    """How often each sample went through an evaluation pipeline."""
    counts = Counter()
    load = MultimodalDataset._load

    def counted(self, index, *args):
        if self.test_mode:
            counts[self.ann_file, index] += 1
        return load(self, index, *args)

    monkeypatch.setattr(MultimodalDataset, '_load', counted)
    return counts


def run(cfg):
    runner = build_runner(cfg)
    runner.train()
    return {n: v.clone() for n, v in runner.model.state_dict().items()}


def test_decoded_once_with_the_same_weights(tiny_config, decoded):
    plain = run(tiny_config(epochs=3, **OFF))
    every_time = Counter(decoded)
    decoded.clear()
    cfg = tiny_config(epochs=3, **ALONE)
    kept = run(cfg)
    # To see whether it can be kept, and for its shape, the first is loaded.
    assert {n for (_, i), n in decoded.items() if i} == {1}
    assert sum(every_time.values()) > 1.5 * sum(decoded.values())
    assert plain.keys() == kept.keys()
    assert all(torch.equal(plain[n], kept[n]) for n in plain)
    left = {path.name for path in Path(cfg.work_dir).iterdir()}
    assert not left & {'scoring_cache', 'evaluation_cache'}


def test_inputs_that_cannot_be_kept(tiny_config, caplog, monkeypatch):
    """By default a reason in the log; where it was asked for, an error."""
    monkeypatch.setattr(
        'mmremix.engine.scoring.kept_inputs.why_not_cached',
        lambda dataset: 'they vary',
    )
    cfg = tiny_config(epochs=2, **{'method_remix.plan.cache': False})
    run(cfg)
    log = next(Path(cfg.work_dir).glob('*/*.log')).read_text()
    assert 'evaluation_cache: nothing is kept, since they vary.' in log
    monkeypatch.setattr(
        'mmremix.datasets.input_cache.why_not_cached', lambda _: 'they vary'
    )
    asked = {'method_remix.plan.cache': {'limit_gb': 1}}
    with pytest.raises(ValueError, match=r'they vary.*cache=False'):
        run(tiny_config(epochs=2, **asked))
