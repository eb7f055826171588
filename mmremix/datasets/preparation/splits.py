"""Random splits that depend on the samples and the seed only."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence


def split_samples(
    samples: Sequence[tuple[str, str, str]],
    shares: Mapping[str, float],
    seed: int = 0,
) -> dict[str, str]:
    """Split samples, each class and each group alike.

    Args:
        samples: Name, label and group of each. The samples of a group stay
            together; give each sample its own group for a plain split.
        shares: Share of each split, in any unit: fractions or sizes.
        seed: Of the order of the groups.

    Returns:
        The split of each name. Of plain samples, the sizes are exactly the
        shares, rounded.

    Raises:
        ValueError: On shares that are not positive, on repeated names and on
            fewer groups than splits.
    """
    total = sum(shares.values())
    if not shares or not all(
        0 < share < math.inf for share in shares.values()
    ):
        raise ValueError(f'shares must be positive, got {dict(shares)}.')
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, label, group in sorted(samples):
        groups[group].append((name, label))
    if len({name for name, _, _ in samples}) != len(samples):
        raise ValueError('The names of the samples are not distinct.')
    if len(groups) < len(shares):
        raise ValueError(
            f'{len(groups)} groups cannot fill {len(shares)} splits '
            f'{list(shares)}. Ask for fewer splits or finer groups.'
        )
    order = sorted(groups)
    random.Random(seed).shuffle(order)
    # Largest first, as those are the hardest to place; then class by class.
    order.sort(key=lambda g: (-len(groups[g]), groups[g][0][1]))
    labels = Counter(label for _, label, _ in samples)
    left = {s: len(samples) * share / total for s, share in shares.items()}
    need = {
        split: {label: n * share / total for label, n in labels.items()}
        for split, share in shares.items()
    }
    empty = dict.fromkeys(shares)
    result = {}
    for place, group in enumerate(order):
        members = groups[group]
        open_ = list(shares)
        if len(order) - place <= len(empty):
            open_ = list(empty)  # no split stays empty
        roomy = [s for s in open_ if left[s] >= len(members) - 0.5]
        split = max(
            roomy or open_,
            key=lambda s: (
                sum(need[s][label] for _, label in members) / shares[s],
                left[s],
            ),
        )
        empty.pop(split, None)
        left[split] -= len(members)
        for name, label in members:
            need[split][label] -= 1
            result[name] = split
    return result
