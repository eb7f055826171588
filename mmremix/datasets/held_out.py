"""Which training samples are held out: an equal split for every method."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mmremix.datasets.preparation.splits import split_samples
from mmremix.utils.errors import ConfigError

KEEP = ('train', 'held_out')
_LINES = (
    "Write: held_out = dict(by='subject', folds=5, fold=0, seed=0), or "
    'share=0.2 instead of folds and fold (in a data set: '
    "part=dict(keep='train', ...))."
)


class HeldOutError(ConfigError):
    """The samples cannot be split in the way that was asked for."""


@dataclass(frozen=True)
class Part:
    """Options of a split of the training samples in two.

    Attributes:
        keep: ``'train'`` or ``'held_out'``: which of the two.
        by: Column whose equal values stay together, such as the speaker.
            ``None`` splits single samples.
        folds: Number of folds. Over all of them, every sample is held out
            once.
        fold: Which fold is held out, from 0.
        share: Instead of folds, the share of the samples to hold out.
        seed: Of the order in which samples and groups are dealt.
    """

    keep: str = 'train'
    by: str | None = None
    folds: int | None = None
    fold: int | None = None
    share: float | None = None
    seed: int = 0

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Part:
        """Check options, and fill in five folds where there is no share.

        Raises:
            HeldOutError: On unknown options and on values out of range.
        """
        known = [field.name for field in fields(cls)]
        if not isinstance(given, Mapping) or set(given) - set(known):
            raise HeldOutError(
                f'part is a dict of {known}, got {given!r}. {_LINES}'
            )
        part = cls(**given)
        if part.share is None:
            folds = 5 if part.folds is None else part.folds
            fold = 0 if part.fold is None else part.fold
            part = cls(part.keep, part.by, folds, fold, None, part.seed)
        part._check()
        return part

    def _check(self) -> None:
        if self.share is not None:
            sized = self.folds is None and self.fold is None
            sized &= _is_number(self.share) and 0 < self.share < 1
        else:
            sized = _is_whole(self.folds, 2) and _is_whole(self.fold, 0)
            sized = sized and (self.fold or 0) < (self.folds or 0)
        for name, value, valid in (
            ('keep', self.keep, self.keep in KEEP),
            ('by', self.by, self.by is None or isinstance(self.by, str)),
            ('seed', self.seed, _is_whole(self.seed, 0)),
            (
                'folds, fold, share',
                (self.folds, self.fold, self.share),
                sized,
            ),
        ):
            if not valid:
                raise HeldOutError(
                    f'part: {name} must not be {value!r}. keep is one of '
                    f'{KEEP}, by the name of a column or None, folds at '
                    'least 2, fold from 0 to folds - 1, share between 0 and '
                    f'1 and given alone, seed a whole number. {_LINES}'
                )

    def __str__(self) -> str:
        if self.share is not None:
            size = f'share {self.share:g}'
        else:
            size = f'fold {self.fold} of {self.folds}'
        return f'{size}, seed {self.seed}'


@dataclass(frozen=True)
class Split:
    """Samples in two parts.

    Attributes:
        held_out: Which samples are held out, bool ``(N,)``.
        groups: Group of each sample, text ``(N,)``; ``None`` if each is its
            own.
    """

    held_out: np.ndarray
    groups: np.ndarray | None = None

    def rows(self, keep: str) -> np.ndarray:
        """Numbers of the samples of a part, in order."""
        mask = self.held_out if keep == 'held_out' else ~self.held_out
        return np.flatnonzero(mask)

    def describe(self, keep: str, by: str | None) -> str:
        """What a part holds, in words."""
        rows = self.rows(keep)
        text = f'{len(rows)} of {len(self.held_out)} samples'
        if self.groups is None:
            return text
        kept = np.unique(self.groups[rows])
        text += f', {len(kept)} of {len(np.unique(self.groups))} of {by!r}'
        if len(kept) <= 10:
            text += f' ({", ".join(kept.tolist())})'
        return text


def split_held_out(
    labels: Sequence[int | None],
    groups: Sequence[Any] | np.ndarray | None,
    part: Part,
    classes: Sequence[str] = (),
) -> Split:
    """Split samples in those to train on and those held out.

    Both parts have the classes in equal shares, as far as that goes; whole
    groups are on one side. Depends on labels, groups, their order and the
    options only. See
    :func:`~mmremix.datasets.preparation.splits.split_samples`, which deals
    the samples.

    Args:
        labels: Class of each sample; ``None`` is a class too.
        groups: Group of each sample, or ``None``.
        part: How.
        classes: Names, for errors.

    Raises:
        HeldOutError: If a fold would be empty, a group has no name, or a
            class would have no sample to train on.
    """
    fold = fold_numbers(labels, groups, part)
    held_out = fold == (part.fold if part.share is None else 1)
    names = None if groups is None else _texts(groups)
    left = {labels[i] for i in np.flatnonzero(~held_out).tolist()}
    lost = sorted({y for y in labels if y is not None and y not in left})
    if lost:
        called = [classes[y] if y < len(classes) else y for y in lost]
        raise HeldOutError(
            f'part ({part}): all samples of the classes {called} are held '
            f'out, and none is left to train on. {_way_out(part)}'
        )
    return Split(held_out, names)


def fold_numbers(
    labels: Sequence[int | None],
    groups: Sequence[Any] | np.ndarray | None,
    part: Part,
) -> np.ndarray:
    """Fold of each sample, int64 ``(N,)``, whichever is held out.

    With a share: 1 for what is held out, 0 for the rest.

    Raises:
        HeldOutError: See :func:`split_held_out`.
    """
    names = [f'{row:09d}' for row in range(len(labels))]
    if part.share is None:
        shares = {str(k): 1.0 for k in range(part.folds or 0)}
    else:
        shares = {'0': 1 - part.share, '1': part.share}
    kin = names if groups is None else _texts(groups).tolist()
    unnamed = [row for row, name in enumerate(kin) if not name.strip()]
    if unnamed:
        raise HeldOutError(
            f'part: {len(unnamed)} of {len(kin)} samples have an empty '
            f'{part.by!r}, the first is sample {unnamed[0]}. Fill it in, or '
            'leave these samples out: filter_cfg=dict(...)'
        )
    if len(set(kin)) < len(shares):
        what = 'samples' if groups is None else f'values of {part.by!r}'
        raise HeldOutError(
            f'part ({part}): {len(set(kin))} {what} cannot fill '
            f'{len(shares)} parts. {_too_few(len(set(kin)), part)}'
        )
    if part.share is not None and groups is None:
        return _share_of_each_class(labels, part.share, part.seed)
    dealt = split_samples(
        [(n, str(y), g) for n, y, g in zip(names, labels, kin, strict=True)],
        shares,
        part.seed,
    )
    return np.array([int(dealt[name]) for name in names], dtype=np.int64)


def _share_of_each_class(
    labels: Sequence[int | None], share: float, seed: int
) -> np.ndarray:
    """A share of every class, and of all, rounded by largest remainder."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, label in enumerate(labels):
        rows[str(label)].append(row)
    quota = {name: share * len(found) for name, found in rows.items()}
    count = {name: math.floor(value) for name, value in quota.items()}
    total = min(max(round(share * len(labels)), 1), len(labels) - 1)
    by_rest = sorted(quota, key=lambda y: (count[y] - quota[y], y))
    for name in by_rest[: max(total - sum(count.values()), 0)]:
        count[name] += 1
    held_out = np.zeros(len(labels), dtype=np.int64)
    for name in sorted(rows):
        order = list(rows[name])
        random.Random(f'{seed} {name}').shuffle(order)
        held_out[order[: count[name]]] = 1
    return held_out


def _texts(groups: Sequence[Any] | np.ndarray) -> np.ndarray:
    return np.array([str(group) for group in groups], dtype=np.str_)


def _way_out(part: Part) -> str:
    fewer = (
        'another fold or seed, fewer folds'
        if part.share is None
        else 'another share or seed'
    )
    finer = ', or another column' if part.by else ''
    return f'Take {fewer}{finer}. {_LINES}'


def _too_few(groups: int, part: Part) -> str:
    """What to write where there are fewer groups than parts."""
    if groups < 2:
        wanted = 'another column' if part.by else 'a larger data set'
        return f'Two parts need at least two: take {wanted}. {_LINES}'
    fold = min(part.fold or 0, groups - 1)
    return (
        f'Write: held_out = dict(by={part.by!r}, folds={groups}, fold={fold}, '
        f'seed={part.seed}), or another column (in a data set: '
        "part=dict(keep='train', ...))."
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object, least: int) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and value >= least  # type: ignore[operator]
