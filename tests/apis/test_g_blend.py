"""The runs that measure the weights of Gradient-Blend."""

from __future__ import annotations

import json
from collections import Counter
from unittest.mock import patch

import pytest
import torch

from mmremix.apis import g_blend
from mmremix.apis.g_blend import measure_blend, split_rows
from mmremix.methods.g_blend import HeadLosses, blend_weights


def test_every_class_is_split_alike():
    labels = [0] * 10 + [1] * 20 + [2] * 5
    train, held = split_rows(labels, 0.2, seed=0)
    assert sorted(train + held) == list(range(35))
    assert Counter(labels[row] for row in held) == {0: 2, 1: 4, 2: 1}
    assert split_rows(labels, 0.2, seed=0) == (train, held)
    assert split_rows(labels, 0.2, seed=1) != (train, held)


@pytest.fixture
def cfg(tiny_config):
    cfg = tiny_config('remix_demo_concat', epochs=1)
    # Nothing of these may be looked at.
    for part in ('val', 'test'):
        cfg[f'{part}_dataloader'].dataset.ann_file = 'gone.csv'
    return cfg


def test_each_head_is_trained_from_the_same_start(cfg, tmp_path):
    before = cfg.pretty_text
    root = tmp_path / 'blend'
    kept, held = set(), set()
    loader = g_blend._loader

    def look(given, rows):
        (held if kept else kept).update(rows)
        return loader(given, rows)

    with patch.object(g_blend, '_loader', look):
        found = measure_blend(cfg, root, epochs=2, held_out=0.25, seed=3)
    assert cfg.pretty_text == before
    assert kept and held and not kept & held
    heads = ['fusion', 'video', 'audio']
    assert list(found['losses']) == heads
    assert json.loads((root / 'g_blend.json').read_text()) == found
    losses = {n: HeadLosses(**x) for n, x in found['losses'].items()}
    assert found['weights'] == blend_weights(losses)
    start = torch.load(root / 'start.pth', weights_only=True)['state_dict']
    for head in heads:
        state = torch.load(root / head / 'epoch_2.pth', weights_only=True)
        moved = {
            '.'.join(key.split('.')[:2])
            for key, value in state['state_dict'].items()
            # Statistics of batch norm follow every forward pass.
            if 'running' not in key
            and 'num_batches' not in key
            and not torch.equal(value, start[key])
        }
        trained = {
            'fusion': {'encoders.video', 'encoders.audio', 'fusion.fc'},
            'video': {'encoders.video', 'heads.video'},
            'audio': {'encoders.audio', 'heads.audio'},
        }
        assert moved == trained[head]
        # What trained knows its own samples better than at the start.
        assert losses[head].train_after < losses[head].train_before
    # Again, nothing is trained; with other settings it refuses.
    with patch.object(g_blend, 'build_runner', side_effect=AssertionError):
        assert measure_blend(cfg, root, 2, 0.25, 3) == found
        with pytest.raises(ValueError, match='--work-dir DIR'):
            measure_blend(cfg, root, 2, 0.5, 3)


def test_refusals(cfg, tmp_path):
    with pytest.raises(ValueError, match='--held-out'):
        measure_blend(cfg, tmp_path, held_out=1.0)
    cfg.model.unimodal = 'fusion'
    with pytest.raises(ValueError, match="unimodal='heads'"):
        measure_blend(cfg, tmp_path)
