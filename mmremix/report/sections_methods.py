"""What the balancing methods recorded while they acted."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mmremix.report.epoch_charts import line_chart
from mmremix.report.markup import Chart, data_table, panels, section
from mmremix.report.meanings import meaning
from mmremix.report.run_group import RunGroup
from mmremix.report.sections_epochs import curves, warm_up

# Logged by hooks, and shown in sections of their own.
_ELSEWHERE = ('acc', 'remix', 'gradient', 'contribution', 'missing')


def method_section(groups: Sequence[RunGroup]) -> str:
    """What :meth:`~mmremix.methods.Method.record` was given."""
    several = ' Bands reach from the lowest to the highest seed.' * any(
        len(g.runs) > 1 for g in groups
    )
    return section(
        'methods',
        'What the methods did',
        'What each balancing method recorded, under its name in the log: '
        'means over the steps of an epoch that were logged.' + several,
        panels(method_charts(groups)) + _silent(groups),
    )


def _silent(groups: Sequence[RunGroup]) -> str:
    """Names the methods that have no statistic."""
    said = []
    for group in groups:
        families = {name.partition('/')[0] for name in _families(group)}
        quiet = [
            name
            for name in group.first.methods
            if name not in families and name not in _ELSEWHERE
        ]
        if quiet:
            said.append(f'{group.title}: {", ".join(quiet)}')
    if not said:
        return ''
    return (
        f'<p class="note">Without a statistic of their own: '
        f'{escape("; ".join(said))}.</p>'
    )


def method_charts(groups: Sequence[RunGroup]) -> list[Chart]:
    """One a group and statistic, with a curve for each modality."""
    charts = []
    for group in groups:
        last = max(run.epochs for run in group.runs)
        for name, members in _families(group).items():
            found = {
                member: group.epoch_means(scalar)
                for member, scalar in members.items()
            }
            method, _, statistic = name.partition('/')
            picture = line_chart(
                f'{name} over epochs, {group.title}',
                curves(group.first, found),
                '{:.3g}'.format,
                tick_text='{:g}'.format,
                last_epoch=last,
                warm_up=warm_up(group.first),
            )
            charts.append(
                Chart(
                    # No method has a dash in its name: no two files are one.
                    f'{group.name}_{name.replace("/", "-")}',
                    f'{group.title}: {name}',
                    picture,
                    data_table(found, '{:.4g}'.format),
                    meaning(method, statistic, group.first.config),
                )
            )
    return charts


def _families(group: RunGroup) -> dict[str, dict[str, str]]:
    """Scalars of the methods: ``ogm_ge/k``, by modality.

    One that is of no modality is a family of its own, with one member.
    """
    logged = dict.fromkeys(s for run in group.runs for s in run.series)
    families: dict[str, dict[str, str]] = {}
    for method in dict.fromkeys(m for run in group.runs for m in run.methods):
        if method in _ELSEWHERE:
            continue
        for scalar in logged:
            if not scalar.startswith(f'{method}/'):
                continue
            family, member = _split(scalar, group.first.predictions)
            families.setdefault(family, {})[member] = scalar
    return families


def _split(scalar: str, predictions: Sequence[str]) -> tuple[str, str]:
    """Family and modality, ``ogm_ge/k`` and ``video``."""
    # The longest first, as one name may end like another.
    for name in sorted(predictions, key=len, reverse=True):
        if scalar.endswith(f'_{name}'):
            return scalar.removesuffix(f'_{name}'), name
    return scalar, scalar.partition('/')[2]
