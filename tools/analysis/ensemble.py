"""Late fusion of models that were trained apart.

The control that says what a joint model is worth: average the class
probabilities of, say, an audio and a video model, or multiply them, from the
files that ``tools/test.py --dump`` wrote of the same test set.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmremix.evaluation.metrics.multimodal_accuracy import (
    METRIC_NAMES,
    summarize_confusion,
)
from mmremix.utils.errors import ConfigError, MmremixError
from mmremix.utils.names import FUSION
from mmremix.utils.plain_pickle import load_plain
from mmremix.visualization.predictions import format_table


def load(path: str) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """Labels (N,), fused probabilities (N, M) and clips of a dump.

    Raises:
        MmremixError: If it is none, or damaged.
    """
    samples = load_plain(path)
    try:
        labels = np.array([int(sample['gt_label']) for sample in samples])
        scores = np.stack(
            [np.asarray(sample['pred_score'][FUSION]) for sample in samples]
        )
        clips = [sample.get('clip') for sample in samples]
        whole = scores.ndim == 2 and labels.min() >= 0
        if not whole or labels.max() >= scores.shape[1]:
            raise ValueError(
                f'labels {labels.min()} to {labels.max()}, probabilities '
                f'{scores.shape}'
            )
    # What else a file may hold raises whatever is done to it here.
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ConfigError(
            f'{path} holds no predictions of samples with labels '
            f'({type(error).__name__}: {error}). Write it anew: python '
            'tools/test.py CONFIG CHECKPOINT --dump OUT.pkl'
        ) from error
    if not np.isfinite(scores).all():
        raise ValueError(f'{path} has predictions that are NaN or infinite.')
    return labels, scores, clips


def measure(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    confusion = np.zeros((scores.shape[1],) * 2, dtype=np.int64)
    np.add.at(confusion, (labels, scores.argmax(axis=1)), 1)
    return summarize_confusion(confusion)


def ensemble(
    paths: Sequence[str],
    weights: Sequence[float] | None = None,
    rule: str = 'mean',
) -> str:
    """Table of each model and of their ensemble.

    Args:
        paths: Dumps.
        weights: One a file. Defaults to equal ones.
        rule: ``'mean'`` of the probabilities, or their ``'product'``, the
            sum of their logarithms.

    Raises:
        ValueError: If the files are not of one test set, or there is not a
            weight for each.
    """
    weights = list(weights or [1.0] * len(paths))
    if len(weights) != len(paths):
        raise ValueError(f'{len(paths)} files, but weights={weights}')
    if not all(0 <= w < np.inf for w in weights) or not any(weights):
        raise ValueError(
            f'weights={weights}: numbers of at least 0, one of them above 0'
        )
    loaded = [load(path) for path in paths]
    for path, (labels, scores, clips) in zip(paths, loaded, strict=True):
        same = np.array_equal(labels, loaded[0][0]) and clips == loaded[0][2]
        if not same or scores.shape != loaded[0][1].shape:
            raise ValueError(
                f'{path} is not of the same test set as {paths[0]}: '
                f'{len(labels)} and {len(loaded[0][0])} samples, or another '
                'order, or other labels.'
            )
    given = np.stack([scores for _, scores, _ in loaded]).astype(float)
    if rule == 'product':
        # A probability of 0 in float32 must not outvote everybody.
        given = np.log(np.maximum(given, np.finfo(np.float32).tiny))
    together = np.average(given, axis=0, weights=weights)
    rows = [(p, s) for p, (_, s, _) in zip(paths, loaded, strict=True)]
    rows.append(('ensemble', together))
    return format_table(
        ['model', *METRIC_NAMES],
        (
            [name, *(f'{v:.4f}' for v in measure(loaded[0][0], s).values())]
            for name, s in rows
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('dumps', nargs='+', help='files of test.py --dump')
    parser.add_argument('--weights', nargs='+', type=float, help='one a file')
    parser.add_argument(
        '--rule',
        choices=['mean', 'product'],
        default='mean',
        help='of the probabilities; product: sum of log-probabilities',
    )
    args = parser.parse_args()
    try:
        print(ensemble(args.dumps, args.weights, args.rule))
    except (MmremixError, ValueError, OSError) as error:
        raise SystemExit(f'error: {error}') from error


if __name__ == '__main__':
    main()
