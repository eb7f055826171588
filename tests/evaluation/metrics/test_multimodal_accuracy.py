from __future__ import annotations

import numpy as np
import pytest
import torch

from mmremix.evaluation import MultimodalAccuracy
from mmremix.evaluation.metrics.multimodal_accuracy import (
    summarize_confusion,
)


def sample(label, **predicted):
    scores = {
        name: torch.eye(3)[guess] * 0.9 for name, guess in predicted.items()
    }
    return {'gt_label': torch.tensor([label]), 'pred_score': scores}


def test_by_hand():
    metric = MultimodalAccuracy()
    metric.process(
        None,
        [
            sample(0, fusion=0, video=0),
            sample(0, fusion=0, video=1),
            sample(0, fusion=1, video=1),
            sample(1, fusion=1, video=0),
        ],
    )
    found = metric.evaluate(size=4)
    assert next(iter(found)) == 'acc/fusion_top1'
    assert found['acc/fusion_top1'] == 0.75
    # Class 2 has no sample: (2/3 + 1) / 2.
    assert found['acc/fusion_mean_class'] == pytest.approx(5 / 6)
    # F1 of class 0: 2*2/(3+2), of class 1: 2*1/(1+2).
    assert found['acc/fusion_macro_f1'] == pytest.approx((0.8 + 2 / 3) / 2)
    assert found['acc/video_top1'] == 0.25


@pytest.mark.parametrize('value', [torch.nan, torch.inf])
def test_predictions_that_are_none(value):
    metric = MultimodalAccuracy()
    wrong = {**sample(0, fusion=0, video=0), 'clip': 'a.mp4'}
    wrong['pred_score']['video'][1] = value
    with pytest.raises(FloatingPointError, match=r"a.mp4.*\['video'\] are"):
        metric.process(None, [sample(0, fusion=0), wrong])


def test_stand_ins_do_not_count():
    metric = MultimodalAccuracy(metrics=['top1'])
    wrong = {**sample(0, fusion=1), 'replaces': (3, 'x.mp4', 'broken')}
    metric.process(None, [sample(0, fusion=0), wrong])
    assert metric.evaluate(size=2) == {'acc/fusion_top1': 1.0}
    metric.process(None, [wrong])
    with pytest.raises(ValueError, match='None of the 1 evaluation samples'):
        metric.evaluate(size=1)


def test_predictions_that_the_first_sample_lacks_are_measured_too():
    metric = MultimodalAccuracy(metrics=['top1'])
    given = [sample(0, fusion=0), sample(1, fusion=1, audio=1, heads=0)]
    metric.process(None, given)
    assert metric.evaluate(size=2) == {
        'acc/fusion_top1': 1.0,
        'acc/audio_top1': 1.0,
        'acc/heads_top1': 0.0,
    }


def test_never_right_class():
    found = summarize_confusion(np.array([[0, 2], [0, 2]]))
    assert found == {
        'top1': 0.5,
        'mean_class': 0.5,
        'macro_f1': pytest.approx(1 / 3),
    }


def test_unknown_metric():
    with pytest.raises(ValueError, match="'macro_f1'"):
        MultimodalAccuracy(metrics=['top9'])


def test_confusion_of_the_last_evaluation_is_kept():
    metric = MultimodalAccuracy(metrics=['top1'])
    for guess in (1, 2):
        metric.process(None, [sample(0, fusion=0, video=guess)])
        metric.evaluate(size=1)
    assert list(metric.confusion) == ['fusion', 'video']
    assert metric.confusion['video'].tolist() == [[0, 0, 1], [0] * 3, [0] * 3]
