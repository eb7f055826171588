"""What is known of a joint model, from samples that it was not trained on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmremix.evaluation.readouts.labels import grouped
from mmremix.evaluation.readouts.readout import Readout, apply, heads, stack
from mmremix.utils.intervals import (
    Interval,
    around,
    paired_interval,
    share_interval,
    t_interval,
)
from mmremix.utils.names import FUSION, HEADS

Gain = tuple[float, float, float]


@dataclass(frozen=True)
class Evidence:
    """Accuracies of a joint model with heads, with 95 % intervals.

    Attributes:
        modalities: Their names.
        accuracy: Of ``fusion``, ``heads`` (their sum) and each modality's
            own head, as fractions.
        interval: Of each, low and high.
        gain: Of each but ``fusion`` over it: difference, low and high.
        chance: Accuracy of guessing.
        samples: How many samples that is of.
        groups: How many groups of them; ``None`` if samples were drawn.
        by: What the groups are, for the text.
        runs: Of how many runs it is a mean.
        train: Accuracy of each on training samples, with the transforms of
            evaluation; empty if it is not known.
        angle: Degrees between the gradients of a modality's own and of the
            fused loss, at its encoder; those that are known.
        epochs: That were trained; ``None`` if it is not known.
        held_out: Whether the samples are others than those of the test;
            ``None`` if it is not known.
    """

    modalities: tuple[str, ...]
    accuracy: dict[str, float]
    interval: dict[str, Interval]
    gain: dict[str, Gain]
    chance: float
    samples: int
    groups: int | None = None
    by: str | None = None
    runs: int = 1
    train: dict[str, float] = field(default_factory=dict)
    angle: dict[str, float] = field(default_factory=dict)
    epochs: int | None = None
    held_out: bool | None = True

    @property
    def names(self) -> tuple[str, ...]:
        """The predictions, the fused one first."""
        return FUSION, HEADS, *self.modalities

    def gap(self, name: str) -> float | None:
        """Accuracy on training samples less that on the others."""
        if name not in self.train:
            return None
        return self.train[name] - self.accuracy[name]

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)

    @classmethod
    def of_plain(cls, given: Mapping[str, Any]) -> Evidence:
        """From what :meth:`plain` made, also if it went through JSON."""
        known = {k: v for k, v in given.items() if k in cls.__annotations__}
        known['modalities'] = tuple(given['modalities'])
        known['interval'] = {
            name: (low, high)
            for name, (low, high) in given['interval'].items()
        }
        known['gain'] = {
            n: (d, a, b) for n, (d, a, b) in given['gain'].items()
        }
        return cls(**known)


def of_samples(
    right: Mapping[str, ArrayLike],
    labels: ArrayLike,
    num_classes: int,
    groups: Sequence[Hashable] | None = None,
    by: str | None = None,
) -> Evidence:
    """Count what is right.

    With two groups or more, an accuracy is the mean of theirs, and its
    interval is Student's t over them, but never less than that over the
    samples: groups that happen to agree are no certainty. With one group or
    none the interval is over the samples (:mod:`mmremix.utils.intervals`).

    Args:
        right: Of ``fusion``, ``heads`` and each modality, whether it has a
            sample right, bool ``(N,)``.
        labels: Classes ``(N,)``.
        num_classes: M.
        groups: Group of each sample, such as the speaker or the fold.
        by: What the groups are.

    Raises:
        ValueError: If there are no samples.
    """
    rows: dict[str, NDArray[np.float64]] = {
        name: np.asarray(values, dtype=np.float64)
        for name, values in right.items()
    }
    n = len(rows[FUSION])
    if not n:
        raise ValueError(
            'There is no sample with all modalities to judge the model by.'
        )
    several = groups is not None and len(set(groups)) > 1
    parts = grouped(groups if several else None, n)

    def judge(values: NDArray[np.float64], over: Interval) -> Gain:
        means = parts.mean(values)
        if several:
            over = around(over, t_interval(means.tolist()))
        return (float(means.mean()), *over)

    accuracy, interval, gain = {}, {}, {}
    for name, values in rows.items():
        found = judge(values, share_interval(float(values.mean()), n))
        accuracy[name] = found[0]
        interval[name] = max(found[1], 0.0), min(found[2], 1.0)
        if name != FUSION:
            apart = values - rows[FUSION]
            ahead, behind = float((apart > 0).sum()), float((apart < 0).sum())
            gain[name] = judge(apart, paired_interval(ahead, behind, n))
    most = np.bincount(np.asarray(labels, dtype=np.int64)).max() / n
    return Evidence(
        modalities=tuple(m for m in rows if m not in (FUSION, HEADS)),
        accuracy=accuracy,
        interval=interval,
        gain=gain,
        # The most frequent class, as far as these samples make it sure.
        chance=max(1 / num_classes, share_interval(float(most), n)[0]),
        samples=n,
        groups=len(parts.size) if several else None,
        by=by if several else None,
    )


def of_log_probs(
    log_probs: Mapping[str, ArrayLike],
    labels: ArrayLike,
    groups: Sequence[Hashable] | None = None,
    by: str | None = None,
) -> Evidence:
    """From log-probabilities; see :func:`of_samples`.

    Args:
        log_probs: Of ``fusion`` and each modality's head, ``(N, M)``.
            Samples with a row of NaN, which lack a modality, are left out.
        labels: Classes ``(N,)``.
        groups: Group of each sample.
        by: What the groups are.
    """
    rows, names = stack(log_probs)
    there = np.asarray(~np.isnan(rows).any(axis=(0, 2)))
    known = {n: r[there] for n, r in zip(names, rows, strict=True)}
    target = np.asarray(labels, dtype=np.int64)[there]
    own = [name for name in names if name != FUSION]
    among = [Readout(FUSION, {FUSION: 1.0}), heads(own, own)]
    among += [heads([name], own) for name in own]
    right = {r.name: apply(r, known).argmax(axis=1) == target for r in among}
    kept = groups
    if groups is not None:
        kept = [g for g, ok in zip(groups, there.tolist(), strict=True) if ok]
    return of_samples(right, target, rows.shape[2], kept, by)


def of_accuracies(
    accuracy: Mapping[str, float],
    modalities: Sequence[str],
    num_samples: int,
    chance: float,
    train: Mapping[str, float] | None = None,
) -> Evidence:
    """From accuracies alone.

    Which samples two predictions have right is not known; the interval of a
    difference is the least that it can be, so take several runs together
    (:func:`over_runs`).

    Args:
        accuracy: As in :class:`Evidence`.
        modalities: Their names.
        num_samples: That the accuracies are of.
        chance: Accuracy of guessing.
        train: As in :class:`Evidence`.
    """
    names = (FUSION, HEADS, *modalities)
    n, gain = num_samples, {}
    for name in names[1:]:
        apart = accuracy[name] - accuracy[FUSION]
        over = paired_interval(max(apart, 0) * n, max(-apart, 0) * n, n)
        gain[name] = (apart, *over)
    return Evidence(
        modalities=tuple(modalities),
        accuracy={name: accuracy[name] for name in names},
        interval={name: share_interval(accuracy[name], n) for name in names},
        gain=gain,
        chance=chance,
        samples=n,
        train={name: train[name] for name in names if name in train}
        if train
        else {},
    )


def over_runs(runs: Sequence[Evidence], same_samples: bool) -> Evidence:
    """The mean over runs of the same model with other seeds.

    Intervals are Student's t over the runs. Of runs that were judged by the
    same samples, those over the samples come on top, by the root of the sum
    of squares: what is peculiar to the samples is so in every run.
    Otherwise they are at least as wide as those over all samples together.

    Args:
        runs: At least one, with the same modalities.
        same_samples: Whether all were judged by the same ones.
    """
    first, n = runs[0], len(runs)
    if n < 2:
        return first

    def judge(values: Sequence[float], over: Sequence[Interval]) -> Gain:
        mean = fmean(values)
        half = t_interval(values)[1] - mean
        inner = fmean((high - low) / 2 for low, high in over)
        if same_samples:
            half = (half**2 + inner**2) ** 0.5
        else:
            half = max(half, inner / n**0.5)
        return mean, mean - half, mean + half

    interval, gain = {}, {}
    for name in first.names:
        values = [run.accuracy[name] for run in runs]
        found = judge(values, [run.interval[name] for run in runs])
        interval[name] = max(found[1], 0.0), min(found[2], 1.0)
        if name != FUSION:
            gain[name] = judge(
                [run.gain[name][0] for run in runs],
                [run.gain[name][1:] for run in runs],
            )
    groups = {run.groups for run in runs}
    epochs = {run.epochs for run in runs}
    return replace(
        first,
        accuracy=_means([run.accuracy for run in runs]),
        interval=interval,
        gain=gain,
        chance=fmean(run.chance for run in runs),
        samples=first.samples
        if same_samples
        else sum(run.samples for run in runs),
        groups=groups.pop() if same_samples and len(groups) == 1 else None,
        runs=sum(run.runs for run in runs),
        train=_means([run.train for run in runs]),
        angle=_means([run.angle for run in runs]),
        epochs=epochs.pop() if len(epochs) == 1 else None,
    )


def _means(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of the names that all have."""
    shared = [n for n in parts[0] if all(n in part for part in parts)]
    return {name: fmean(part[name] for part in parts) for name in shared}
