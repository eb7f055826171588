from __future__ import annotations

import math

import pytest

from mmremix.methods.g_blend import HeadLosses, blend_weights, config_line
from tests.methods import kit


def head(generalization, overfitting):
    """From a start with both losses at 2."""
    held = 2.0 - generalization
    return HeadLosses(2.0, held - overfitting, 2.0, held)


def test_measures_by_hand():
    losses = HeadLosses(1.8, 0.2, 2.0, 1.5)
    assert losses.generalization == 0.5
    # The gap was .2 and is 1.3.
    assert losses.overfitting == pytest.approx(1.1)


def test_weights_by_hand():
    found = blend_weights(
        {
            'fusion': head(1.0, 1.0),  # 1
            'video': head(0.5, 0.5),  # 2
            'audio': head(1.0, 0.5),  # 4
        }
    )
    assert found == pytest.approx(
        {'fusion': 1 / 7, 'video': 2 / 7, 'audio': 4 / 7}
    )


def test_a_head_that_does_not_generalise_gets_nothing():
    found = blend_weights({'fusion': head(0.8, 2.0), 'video': head(-0.1, 0.1)})
    assert found == {'fusion': 1.0, 'video': 0.0}


def test_no_overfitting_is_no_division_by_zero():
    found = blend_weights(
        {'fusion': head(1.0, 0.0), 'video': head(1.0, 0.01)}, least=0.01
    )
    assert found == pytest.approx({'fusion': 0.5, 'video': 0.5})
    # Below zero is as far from zero as above.
    found = blend_weights({'fusion': head(1.0, -1.0), 'video': head(1, 1)})
    assert found == pytest.approx({'fusion': 0.5, 'video': 0.5})


def test_nothing_to_weigh():
    with pytest.raises(ValueError, match='--epochs 5'):
        blend_weights({'fusion': head(-1.0, 1.0), 'video': head(0.0, 1.0)})
    with pytest.raises(ValueError, match="a loss of 'video' is not finite"):
        blend_weights({'fusion': head(1.0, 1.0), 'video': head(math.nan, 1.0)})


def test_the_line_is_one_of_a_config():
    line = config_line({'video': 0.25, 'audio': 0.5, 'fusion': 0.25})
    assert line == (
        'model = dict(loss_weights=dict(all_active=dict(fusion=0.2500, '
        'video=0.2500, audio=0.5000)))'
    )
    found = {}
    exec(line, found)
    case = {'model': found['model']}
    assert kit.make_model(case).loss_weights['all_active'] == {
        'fusion': 0.25,
        'video': 0.25,
        'audio': 0.5,
    }


def test_equal_weights_are_joint_training_with_these_weights():
    """The base config sets the weights and nothing else."""
    from mmengine.config import Config

    from mmremix.apis.methods import apply_methods
    from tests.demo_run import ROOT

    path = ROOT / 'configs/_base_/methods/g_blend.py'
    cfg = Config.fromfile(path)
    cfg.model = {}
    apply_methods(cfg)
    given = cfg.model.to_dict()
    weights = {'all_active': {'fusion': 1 / 3, 'unimodal': 1 / 3}}
    assert given == {'loss_weights': weights}
    plain, _ = kit.train({'model': {'loss_weights': weights}})
    other, _ = kit.train({'model': given})
    kit.assert_same(kit.weights(plain), kit.weights(other))
