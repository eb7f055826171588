"""What a run shows, in plain words with its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from mmremix.report.run_data import RunData, called, final
from mmremix.report.run_group import RunGroup, Spread, spread
from mmremix.report.scalars import Series
from mmremix.utils.names import FUSION

LEVEL = 0.05  # accuracies closer than this are called level


def headline(group: RunGroup) -> str:
    """The balance of a model, and Remix's answer, in a few words."""
    most, shares = _most_given(group)
    answer = ''
    if shares:
        share = 100 * spread([final(s) for s in shares]).mean
        answer = f' Remix gives {share:.0f} % of the samples to {most}.'
    return _leader(group) + answer


def _leader(group: RunGroup) -> str:
    order = _ranking(group)
    if not order:
        return 'No validation has run yet.'
    if len(order) < 2:
        return f'Only {order[0][0]} is there to be compared.'
    (best, first), (worst, last) = order[0], order[-1]
    if first.mean - last.mean < LEVEL:
        return f'{joined(sorted(n for n, _ in order)).capitalize()} are level.'
    times = first.mean / last.mean if last.mean else 0.0
    by = f'{100 * (first.mean - last.mean):.0f} points ahead of {worst}'
    if times >= 1.5:
        return f'{best.capitalize()} carries the model: alone {by}.'
    return f'{best.capitalize()} leads: alone {by}.'


def verdict(group: RunGroup) -> list[str]:
    """Sentences about the balance of a model, most important first."""
    said = [_balance(group), _ratio(group), _shares(group), _change(group)]
    return [sentence for sentence in said if sentence]


def named_methods(run: RunData) -> str:
    """The methods that a run's config turns on; empty if it names none."""
    if not run.methods:
        return ''
    word = 'Method' if len(run.methods) == 1 else 'Methods'
    return f'{word}: {", ".join(run.methods)}.'


def comparison(group: RunGroup, base: RunGroup) -> str:
    """How a group differs from another at the end of training."""
    parts = []
    for name in group.first.predictions:
        ours, theirs = (g.last_accuracy(name) for g in (group, base))
        if ours and theirs:
            points = 100 * (ours.mean - theirs.mean)
            parts.append(
                f'{_called(name)} {points:+.1f}'.replace('-', '\N{MINUS SIGN}')
            )
    if not parts:
        return ''
    return (
        f'{group.title} against {base.title}, in percentage points: '
        f'{", ".join(parts)}.'
    )


def written(value: Spread) -> str:
    """A fraction in per cent, with its deviation over the seeds."""
    if value.deviation is None:
        return f'{100 * value.mean:.1f} %'
    return f'{100 * value.mean:.1f} ± {100 * value.deviation:.1f} %'


def joined(parts: Sequence[str]) -> str:
    """Parts of a sentence with an "and" before the last."""
    if len(parts) < 2:
        return ''.join(parts)
    return f'{", ".join(parts[:-1])} and {parts[-1]}'


def _called(name: str) -> str:
    return 'together' if name == FUSION else called(name)


def _balance(group: RunGroup) -> str:
    """What the modalities are worth together."""
    order = _ranking(group)
    fused = group.last_accuracy(FUSION)
    if fused is None:
        return ''
    classes = group.first.num_classes
    chance = f' (guessing: {100 / classes:.0f} %)' if classes else ''
    who = 'Together they get' if len(order) > 1 else 'The model gets'
    said = f'{who} {written(fused)} of the validation samples right'
    if len(order) < 2:
        return f'{said}{chance}.'
    best, alone = order[0]
    points = 100 * (fused.mean - alone.mean)
    more = 'more' if points >= 0 else 'less'
    return (
        f'{said}, {abs(points):.1f} points {more} than {best} alone{chance}.'
    )


def _ranking(group: RunGroup) -> list[tuple[str, Spread]]:
    """Modalities with their accuracy, the best first."""
    known = [
        (name, value)
        for name in group.first.modalities
        if (value := group.last_accuracy(name)) is not None
    ]
    return sorted(known, key=lambda item: -item[1].mean)


def _ratio(group: RunGroup) -> str:
    names = group.first.modalities
    last = {
        n: value for n in names if (value := group.at_end(f'remix/rho_{n}'))
    }
    if len(last) < 2:
        return ''
    ahead = max(last, key=lambda n: last[n].mean)
    series = [s for run in group.runs if (s := run.remix(f'rho_{ahead}'))]
    first = spread([s[min(s)] for s in series])
    others = joined([n for n in names if n != ahead])
    return (
        f'On the training samples {ahead} gives the true class '
        f'{last[ahead].mean:.1f} times the probability that {others} '
        f'{"gives" if len(names) == 2 else "give on average"} '
        f'({first.mean:.1f} times when Remix began).'
    )


def _most_given(group: RunGroup) -> tuple[str, list[Series]]:
    """The modality that got most samples at last, its share in each run."""
    found: list[tuple[str, list[Series]]] = []
    for name in group.first.modalities:
        shares = [run.remix(f'share_{name}') for run in group.runs]
        if any(shares):
            found.append((name, [s for s in shares if s]))
    return max(
        found,
        key=lambda item: sum(map(final, item[1])),
        default=('', []),
    )


def _shares(group: RunGroup) -> str:
    most, shares = _most_given(group)
    if not shares:
        return ''
    first = spread([s[min(s)] for s in shares])
    last = spread([final(s) for s in shares])
    flips = spread(
        [final(f) for run in group.runs if (f := run.remix('flips'))]
    )
    return (
        f'Remix gave {100 * first.mean:.0f} % of the samples to {most} in '
        f'its first epoch and {100 * last.mean:.0f} % in the last, where '
        f'{flips.mean:.0f} changed sides.'
    )


def _change(group: RunGroup) -> str:
    """From the end of the warm-up to the end of training."""
    begin = group.first.first_remix_epoch
    if begin is None:
        return ''
    parts = []
    for name in (*group.first.modalities, FUSION):
        over = group.accuracy(name)
        before = [e for e in over if e < begin]
        if not before or max(over) <= before[-1]:
            continue
        parts.append(
            f'{_called(name)} from {100 * over[before[-1]].mean:.0f} to '
            f'{100 * over[max(over)].mean:.0f} %'
        )
    if not parts:
        return ''
    return (
        f'Since the warm-up ended (epoch {begin - 1}), accuracy went: '
        f'{", ".join(parts)}.'
    )
