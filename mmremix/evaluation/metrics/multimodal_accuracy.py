"""Accuracy of the fused prediction and of each modality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmremix.datasets.stand_ins import replaced_by
from mmremix.evaluation.metrics.finite import refuse_not_finite
from mmremix.models.multi_label import refuse_multi_label
from mmremix.registry import METRICS

METRIC_NAMES = ('top1', 'mean_class', 'macro_f1')


@METRICS.register_module()
class MultimodalAccuracy(BaseMetric):
    """Top-1, mean-class accuracy and macro F1 of every prediction.

    The keys are ``acc/fusion_top1``, ``acc/fusion_mean_class``,
    ``acc/fusion_macro_f1``, then the same for each modality, and, where the
    model has several heads, for their sum ``heads``, and, where one was
    chosen, for the ``readout``; the fused top-1 comes first, so
    ``save_best='auto'`` goes by it.

    A sample that stands in for a broken one is left out. Classes without a
    test sample are left out of mean-class accuracy and macro F1, and the F1
    of a class that is never right is 0.

    Example::

        val_evaluator = dict(type='MultimodalAccuracy')

    Args:
        metrics: Which of ``'top1'``, ``'mean_class'``, ``'macro_f1'``.
        collect_device: See mmengine's ``BaseMetric``.
        prefix: Defaults to ``'acc'``.

    Attributes:
        confusion: Of the last evaluation, for each prediction, counts
            ``(M, M)``, true class by predicted class; on the main process.
        labels: Of the last evaluation, the classes, int64 ``(N,)``, in the
            order of the samples; -1 where one stands in for a broken
            sample. On the main process.
        predicted: The same of each prediction; -1 where there is none.

    Raises:
        ValueError: On an unknown metric, or if there is nothing to measure.
    """

    default_prefix = 'acc'
    takes_multi_label = False

    def __init__(
        self,
        metrics: Sequence[str] = METRIC_NAMES,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        unknown = [name for name in metrics if name not in METRIC_NAMES]
        if unknown or not metrics:
            raise ValueError(
                f'MultimodalAccuracy: metrics must be some of {METRIC_NAMES}, '
                f'got {list(metrics)}.'
            )
        self.metrics = tuple(metrics)
        self.confusion: dict[str, np.ndarray] = {}
        self.labels = np.zeros(0, dtype=np.int64)
        self.predicted: dict[str, np.ndarray] = {}

    def process(
        self, data_batch: Any, data_samples: Sequence[dict[str, Any]]
    ) -> None:
        """Note label and predictions of a batch."""
        for sample in data_samples:
            if replaced_by(sample) is not None:
                # A place holder: mmengine pairs the ranks' results by place.
                self.results.append(None)
                continue
            if sample['gt_label'].is_floating_point():
                raise refuse_multi_label(
                    'MultimodalAccuracy',
                    "val_evaluator = dict(type='MultiLabelMetric'), and the "
                    'same as test_evaluator',
                )
            refuse_not_finite(sample)
            scores = sample['pred_score']
            self.results.append(
                (
                    int(sample['gt_label']),
                    len(next(iter(scores.values()))),
                    {name: int(s.argmax()) for name, s in scores.items()},
                )
            )

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Compute the metrics from the results of all ranks."""
        kept = [item for item in results if item is not None]
        if not kept:
            raise ValueError(
                f'None of the {len(results)} evaluation samples could be '
                'loaded: there is nothing to measure. Check data_root.'
            )
        labels = np.array([label for label, _, _ in kept])
        measured: dict[str, float] = {}
        self.confusion, self.predicted = {}, {}
        self.labels = np.array([-1 if x is None else x[0] for x in results])
        # Under missing-modality evaluation some lack a prediction.
        for name in dict.fromkeys(n for _, _, given in kept for n in given):
            self.predicted[name] = np.array(
                [-1 if x is None else x[2].get(name, -1) for x in results]
            )
            rows = [i for i, item in enumerate(kept) if name in item[2]]
            predicted = np.array([kept[i][2][name] for i in rows])
            confusion = np.zeros((kept[0][1],) * 2, dtype=np.int64)
            np.add.at(confusion, (labels[rows], predicted), 1)
            self.confusion[name] = confusion
            values = summarize_confusion(confusion)
            for metric in self.metrics:
                measured[f'{name}_{metric}'] = values[metric]
        return measured


def summarize_confusion(confusion: np.ndarray) -> dict[str, float]:
    """Top-1, mean-class accuracy and macro F1 of a confusion matrix.

    Args:
        confusion: Counts, ``(M, M)``, true class by predicted class.

    Returns:
        Fractions between 0 and 1, by the names of ``METRIC_NAMES``.
    """
    right = np.diag(confusion).astype(float)
    true = confusion.sum(axis=1)
    guessed = confusion.sum(axis=0)
    present = true > 0
    recall = right[present] / true[present]
    # 2 TP / (2 TP + FP + FN); the denominator is at least `true` > 0.
    f1 = 2 * right[present] / (true + guessed)[present]
    return {
        'top1': float(right.sum() / true.sum()),
        'mean_class': float(recall.mean()),
        'macro_f1': float(f1.mean()),
    }
