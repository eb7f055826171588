"""Diagnosing & Re-learning: how far a modality memorises, by clusters.

Wei, Li, Feng, Hu, "Diagnosing and Re-learning for Balanced Multimodal
Learning", ECCV 2024, arXiv 2407.09705.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
from torch import Tensor


def scale_to_unit(features: Tensor) -> Tensor:
    """Each dimension to [-1, 1]; one that is constant to 0.

    Args:
        features: ``(N, d)``.
    """
    low, high = features.min(dim=0).values, features.max(dim=0).values
    width = high - low
    scaled = 2 * (features - low) / width.where(width > 0, 1) - 1
    return scaled.where(width > 0, 0)


def purity(clusters: Tensor, labels: Tensor) -> float:
    """Part of the samples that are of the commonest class of their cluster.

    Args:
        clusters: Number of each sample's cluster, int64 ``(N,)``.
        labels: Its class, int64 ``(N,)``.
    """
    num_classes = int(labels.max()) + 1
    table = (clusters * num_classes + labels).bincount(
        minlength=(int(clusters.max()) + 1) * num_classes
    )
    commonest = table.view(-1, num_classes).max(dim=1).values
    return int(commonest.sum()) / len(labels)


def cluster_purity(
    features: Tensor, labels: Tensor, num_clusters: int, seed: int
) -> float:
    """Purity of the clusters that k-means finds, of scaled features.

    Args:
        features: ``(N, d)``, on the CPU.
        labels: int64 ``(N,)``.
        num_clusters: At most N; usually the number of classes.
        seed: Of the first centres (k-means++).
    """
    # Only here, since it takes half a second to import.
    from scipy.cluster.vq import kmeans2

    points = scale_to_unit(features.double()).numpy()
    with warnings.catch_warnings():
        # Of an empty cluster, which purity does not mind.
        warnings.filterwarnings('ignore', category=UserWarning)
        _, clusters = kmeans2(
            points, num_clusters, iter=30, minit='++', seed=seed
        )
    return purity(labels.new_tensor(clusters.astype(np.int64)), labels)


def relearn_weight(gap: float, strength: float = 3.0) -> float:
    """How far to go back to the initial weights: ``tanh(strength * gap)``.

    A modality whose held-out features are the purer ones stays (ours).

    Args:
        gap: Purity on the training samples minus that on held-out ones.
        strength: 3, as published.
    """
    return math.tanh(strength * max(gap, 0.0))
