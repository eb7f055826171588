"""Accuracy with every set of modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.evaluator import BaseMetric

from mmremix.datasets.stand_ins import replaced_by
from mmremix.models.multi_label import refuse_multi_label
from mmremix.registry import METRICS
from mmremix.utils.names import FUSION, HEADS


@METRICS.register_module()
class SubsetAccuracy(BaseMetric):
    """Top-1 accuracy where only some modalities are there.

    Of the fused head, for which the others are absent, and of the sum of
    the heads: ``subset/fusion_video+audio``, ``subset/heads_video+audio``
    and ``subset/samples_video+audio``, how many samples have these. The
    inputs are loaded and encoded once. Needs a model that predicts them
    (``tools/test.py --subsets``); of another there is nothing.

    Example::

        test_evaluator = [dict(type='MultimodalAccuracy'),
                          dict(type='SubsetAccuracy')]

    Args:
        collect_device: See mmengine's ``BaseMetric``.
        prefix: Defaults to ``'subset'``.
    """

    default_prefix = 'subset'
    takes_multi_label = False

    def __init__(
        self, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(
        self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]
    ) -> None:
        """Note what is right of a batch."""
        for sample in data_samples:
            if sample['gt_label'].is_floating_point():
                raise refuse_multi_label(
                    'SubsetAccuracy',
                    "test_evaluator = dict(type='MultiLabelMetric')",
                )
            label = int(sample['gt_label'])
            given = sample.get('pred_subsets') or {}
            self.results.append(
                None
                if replaced_by(sample) is not None
                else {
                    name: {k: int(v) == label for k, v in labels.items()}
                    for name, labels in given.items()
                }
            )

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Compute the accuracies from the results of all ranks."""
        kept = [item for item in results if item]
        whole: dict[str, dict[str, bool]] = max(kept, key=len, default={})
        found = dict.fromkeys((*whole, *(n for item in kept for n in item)))
        measured: dict[str, float] = {}
        for name in found:
            rows = [item[name] for item in kept if name in item]
            for kind in (FUSION, HEADS):
                right = sum(row[kind] for row in rows)
                measured[f'{kind}_{name}'] = right / len(rows)
            # A whole number is null in mmengine's file of the test.
            measured[f'samples_{name}'] = float(len(rows))
        return measured
