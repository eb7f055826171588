"""Mean average precision and F1 where samples have several labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmremix.datasets.stand_ins import replaced_by
from mmremix.evaluation.metrics.finite import refuse_not_finite
from mmremix.models.multi_label import THRESHOLD
from mmremix.registry import METRICS
from mmremix.utils.errors import ConfigError

METRIC_NAMES = ('mAP', 'micro_f1', 'macro_f1', 'exact_match')


@METRICS.register_module()
class MultiLabelMetric(BaseMetric):
    """mAP, F1 and exact match of every prediction, for several labels.

    The keys are ``multi_label/fusion_mAP``, ``..._micro_f1``,
    ``..._macro_f1``, ``..._exact_match``, then the same for each modality
    and, where the model has several heads, for the sigmoid of their mean,
    ``heads``. The fused mAP comes first, so ``save_best='auto'`` goes by it.

    mAP is the mean over the classes of the average precision, the sum of
    precision times gain of recall over the distinct scores. F1 and exact
    match (all M classes right) count a class as predicted from a
    probability of 0.5 on. Micro F1 pools all classes; macro F1 is the mean
    over the classes. Classes without a positive test sample are left out of
    mAP and macro F1, and a sample that stands in for a broken one of all.

    Example::

        val_evaluator = dict(type='MultiLabelMetric')

    Args:
        metrics: Which of ``'mAP'``, ``'micro_f1'``, ``'macro_f1'``,
            ``'exact_match'``.
        collect_device: See mmengine's ``BaseMetric``.
        prefix: Defaults to ``'multi_label'``.

    Raises:
        ValueError: On an unknown metric, on samples with one class each, or
            if there is nothing to measure.
    """

    default_prefix = 'multi_label'

    def __init__(
        self,
        metrics: Sequence[str] = METRIC_NAMES,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        unknown = [name for name in metrics if name not in METRIC_NAMES]
        if unknown or not metrics:
            raise ConfigError(
                f'MultiLabelMetric: metrics must be some of {METRIC_NAMES}, '
                f"got {list(metrics)}. Write: metrics=['mAP', 'micro_f1']"
            )
        self.metrics = tuple(metrics)

    def process(
        self, data_batch: Any, data_samples: Sequence[dict[str, Any]]
    ) -> None:
        """Note labels and probabilities of a batch."""
        for sample in data_samples:
            if replaced_by(sample) is not None:
                # A place holder: mmengine pairs the ranks' results by place.
                self.results.append(None)
                continue
            label = sample['gt_label']
            if not label.is_floating_point():
                raise ConfigError(
                    'MultiLabelMetric is for several labels a sample, and '
                    'these have one class each. Write: val_evaluator = '
                    "dict(type='MultimodalAccuracy')"
                )
            refuse_not_finite(sample)
            self.results.append(
                (
                    label.bool().cpu().numpy(),
                    {
                        name: scores.float().cpu().numpy()
                        for name, scores in sample['pred_score'].items()
                    },
                )
            )

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Compute the metrics from the results of all ranks."""
        kept = [item for item in results if item is not None]
        if not any(labels.any() for labels, _ in kept):
            raise ConfigError(
                f'None of the {len(results)} evaluation samples could be '
                'loaded and has a label: there is nothing to measure. Check '
                'data_root and the labels.'
            )
        measured: dict[str, float] = {}
        # Under missing-modality evaluation some lack a prediction.
        for name in dict.fromkeys(n for _, given in kept for n in given):
            pairs = [(y, given[name]) for y, given in kept if name in given]
            labels = np.stack([y for y, _ in pairs])
            scores = np.stack([p for _, p in pairs])
            values = summarize_labels(labels, scores)
            for metric in self.metrics:
                measured[f'{name}_{metric}'] = values[metric]
        return measured


def summarize_labels(
    labels: np.ndarray, scores: np.ndarray
) -> dict[str, float]:
    """The metrics of one prediction.

    Args:
        labels: Bool ``(N, M)``.
        scores: Probabilities ``(N, M)``.

    Returns:
        Fractions between 0 and 1, by the names of ``METRIC_NAMES``; NaN if
        no sample has a label.
    """
    found = scores >= THRESHOLD
    right = (found & labels).sum(axis=0)
    # 2 TP / (2 TP + FP + FN)
    either = found.sum(axis=0) + labels.sum(axis=0)
    present = labels.any(axis=0)
    if not present.any():
        return dict.fromkeys(METRIC_NAMES, float('nan'))
    precisions = [
        average_precision(labels[:, c], scores[:, c])
        for c in np.flatnonzero(present)
    ]
    return {
        'mAP': float(np.mean(precisions)),
        'micro_f1': float(2 * right.sum() / either.sum()),
        'macro_f1': float((2 * right[present] / either[present]).mean()),
        'exact_match': float((found == labels).all(axis=1).mean()),
    }


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    r"""``\sum_n (R_n - R_{n-1}) P_n`` over the distinct scores, descending.

    Args:
        labels: Bool ``(N,)``, at least one of them true.
        scores: ``(N,)``.
    """
    order = np.argsort(-scores, kind='stable')
    ranked = scores[order]
    hits = np.cumsum(labels[order])
    # Equal scores have one threshold: that after the last of them.
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    precision = hits[last] / (last + 1)
    gain = np.diff(hits[last], prepend=0) / hits[-1]
    return float((gain * precision).sum())
