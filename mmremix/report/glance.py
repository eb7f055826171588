"""The top of the page: what to know in a minute."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mmremix.report.charts import strip_chart
from mmremix.report.markup import table
from mmremix.report.render import svg
from mmremix.report.run_data import RunData, called, final, kinds
from mmremix.report.run_group import RunGroup
from mmremix.report.verdict import (
    comparison,
    headline,
    named_methods,
    verdict,
    written,
)


def glance(groups: Sequence[RunGroup]) -> str:
    """A verdict with its picture for each group, then a table of the runs."""
    plain = [g for g in groups if g.first.first_remix_epoch is None]
    against = ''.join(
        f'<p>{escape(comparison(group, plain[0]))}</p>'
        for group in groups
        if plain and group is not plain[0]
    )
    notes = ''.join(
        f'<p class="note">{escape(run.name)}: {escape(said)}</p>'
        for group in groups
        for run in group.runs
        for said in run.notes
    )
    return (
        f'<ul class="glance">{"".join(map(_card, groups))}</ul>'
        f'{against}{_runs(groups)}{notes}'
    )


def _card(group: RunGroup) -> str:
    colours = kinds(group.first)
    found = [
        (called(n), colours[n], value)
        for n in group.first.predictions
        if (value := group.last_accuracy(n))
    ]
    classes = group.first.num_classes
    picture = ''
    if found:
        keys = ''.join(
            f'<span class="key {kind}">{escape(name)} {written(value)}</span>'
            for name, kind, value in found
        )
        strip = svg(
            strip_chart(
                f'Validation accuracy, {group.title}',
                found,
                1 / classes if classes else None,
            )
        )
        picture = f'{strip}<p class="keys">{keys}</p>'
    methods = named_methods(group.first)
    return (
        f'<li><h2>{escape(group.title)}</h2>'
        + (f'<p>{escape(methods)}</p>' if methods else '')
        + f'<p class="verdict"><strong>{escape(headline(group))}</strong></p>'
        f'{picture}<p>{escape(" ".join(verdict(group)))}</p></li>'
    )


def _runs(groups: Sequence[RunGroup]) -> str:
    """One row a run."""
    names = list(dict.fromkeys(n for g in groups for n in g.first.predictions))
    runs = [run for group in groups for run in group.runs]
    sharers = [n for n in names if any(r.remix(f'share_{n}') for r in runs)]
    some = any(run.methods for run in runs)
    rows = []
    for run in runs:
        rows.append(
            [
                run.name,
                *([', '.join(run.methods) or '-'] if some else ()),
                str((run.config.get('randomness') or {}).get('seed', '-')),
                f'{run.epochs}',
                *(_last(run, f'acc/{n}_top1') for n in names),
                *(_last(run, f'remix/share_{n}') for n in sharers),
            ]
        )
    header = ['run', *(['methods'] if some else ()), 'seed', 'epochs']
    return table(
        [*header, *map(called, names), *(f'given to {n}' for n in sharers)],
        rows,
        'Every run at its end: validation accuracy and share of the samples',
    )


def _last(run: RunData, name: str) -> str:
    value = final(run.series.get(name, {}))
    return '-' if value is None else f'{100 * value:.1f} %'
