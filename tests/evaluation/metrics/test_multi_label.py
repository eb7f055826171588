"""mAP and F1 by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from mmremix.evaluation import MultiLabelMetric
from mmremix.evaluation.metrics.multi_label import (
    average_precision,
    summarize_labels,
)
from mmremix.utils.errors import ConfigError


def test_average_precision_by_hand():
    labels = np.array([1, 0, 1, 0], bool)
    scores = np.array([0.9, 0.8, 0.7, 0.1])
    # Recall 1/2 at precision 1, then 1 at 2/3.
    assert average_precision(labels, scores) == pytest.approx(5 / 6)
    # All equal: one threshold, the share of positives.
    assert average_precision(labels, np.full(4, 0.3)) == pytest.approx(0.5)
    assert average_precision(labels, -scores) == pytest.approx(
        0.5 * 1 / 2 + 0.5 * 2 / 4
    )


def test_f1_and_exact_match_leave_out_absent_classes():
    labels = np.array([[1, 0, 0], [1, 1, 0]], bool)
    scores = np.array([[0.9, 0.6, 0.1], [0.2, 0.5, 0.4]])
    found = summarize_labels(labels, scores)
    assert found['micro_f1'] == pytest.approx(2 * 2 / (3 + 3))
    # Class 0: one of two found; class 1: one right of two.
    assert found['macro_f1'] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert found['exact_match'] == 0.0
    assert found['mAP'] == pytest.approx((1.0 + 0.5) / 2)


def sample(label, **scores):
    made = ActionDataSample().set_gt_label(label)
    made.set_field(
        {n: torch.tensor(s) for n, s in scores.items()}, 'pred_score'
    )
    return made.to_dict()


def test_every_prediction_fused_first():
    metric = MultiLabelMetric(metrics=['mAP', 'micro_f1'])
    metric.process(
        None,
        [
            sample(torch.tensor([1.0, 0.0]), fusion=[0.9, 0.1], a=[0.1, 0.9]),
            sample(torch.tensor([0.0, 1.0]), fusion=[0.1, 0.9], a=[0.9, 0.1]),
        ],
    )
    found = metric.evaluate(2)
    assert next(iter(found)) == 'multi_label/fusion_mAP'
    assert found['multi_label/fusion_micro_f1'] == 1.0
    assert found['multi_label/a_micro_f1'] == 0.0
    assert found['multi_label/a_mAP'] == 0.5


def test_refuses_one_class_and_unknown_metrics():
    with pytest.raises(ConfigError, match='MultimodalAccuracy'):
        MultiLabelMetric().process(None, [sample(1, fusion=[0.5, 0.5])])
    with pytest.raises(ConfigError, match='must be some of'):
        MultiLabelMetric(metrics=['top1'])
