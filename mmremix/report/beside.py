"""Several runs in one table, and in a sentence what the table says."""

from __future__ import annotations

from collections.abc import Sequence

from mmremix.report.run_data import called
from mmremix.report.run_group import RunGroup, Spread
from mmremix.report.verdict import LEVEL, written
from mmremix.utils.names import FUSION
from mmremix.visualization.predictions import format_table


def beside(groups: Sequence[RunGroup]) -> str:
    """Accuracy at the end, a row a run, and what follows from it.

    Args:
        groups: As :func:`~mmremix.report.group_runs` makes them. The first
            that turns no method on is what the others are compared with;
            without one, there is no sentence.

    Returns:
        The table and the sentences, between empty lines.
    """
    names = list(dict.fromkeys(n for g in groups for n in g.first.predictions))
    table = format_table(
        ['top-1 at the end', *map(called, names)],
        (
            [g.title, *(_cell(g.last_accuracy(n)) for n in names)]
            for g in groups
        ),
    )
    base = next((g for g in groups if not g.first.methods), None)
    others = [] if base is None else [g for g in groups if g is not base]
    said = [meaning(group, base) for group in others if base is not None]
    return '\n\n'.join([table, *filter(None, said)])


def meaning(group: RunGroup, base: RunGroup) -> str:
    """What a method did to the fused prediction and to the weakest modality.

    Args:
        group: Runs with the method.
        base: Runs without.

    Returns:
        A sentence, and one of caution where there are few seeds; empty if
        the two have no accuracy in common.
    """
    fused = _points(group, base, FUSION)
    alone = {
        n: value.mean
        for n in base.first.modalities
        if (value := base.last_accuracy(n)) is not None
    }
    if fused is None or len(alone) < 2:
        return ''
    weak, strong = (
        min(alone, key=alone.__getitem__),
        max(alone, key=alone.__getitem__),
    )
    gap = 100 * (alone[strong] - alone[weak])
    change = _points(group, base, weak)
    brought = '' if change is None else f' and {weak} alone {_by(change)}'
    ahead = f'{strong} alone is {gap:.0f} points ahead of {weak}'
    if gap < 0.5:
        ahead = 'the modalities alone are level'
    said = (
        f'What it says: in {base.title} {ahead}; with {group.title} the fused '
        f'prediction is {_by(fused)}{brought}.'
    )
    seeds = min(len(group.runs), len(base.runs))
    if seeds < 3:
        said += (
            f' {"One seed" if seeds == 1 else "Two seeds"}: another seed or '
            'machine can shift each figure by some points.'
        )
    return said


def _points(group: RunGroup, base: RunGroup, name: str) -> float | None:
    ours, theirs = group.last_accuracy(name), base.last_accuracy(name)
    if ours is None or theirs is None:
        return None
    return 100 * (ours.mean - theirs.mean)


def _by(points: float) -> str:
    amount = f'{abs(points):.1f} points'
    if abs(points) < 100 * LEVEL:
        return f'level ({points:+.1f} points)'
    return f'{amount} {"better" if points > 0 else "worse"}'


def _cell(value: Spread | None) -> str:
    return '-' if value is None else written(value)
