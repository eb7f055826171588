"""Pieces of HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mmremix.report.picture import Picture
from mmremix.report.render import svg
from mmremix.report.run_data import called
from mmremix.report.run_group import Spread

_FEW = 2  # charts that leave room beside them on a wide screen


@dataclass(frozen=True)
class Chart:
    """A picture with what belongs to it.

    Attributes:
        stem: Of a file that holds it.
        title: Above it.
        picture: The chart itself.
        data: A table of what is drawn, HTML.
        note: How to read it.
        says: What the line that reads values out says at first. Defaults to
            the last value.
    """

    stem: str
    title: str
    picture: Picture
    data: str = ''
    note: str = ''
    says: str = ''


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str,
    *,
    sortable: bool = False,
) -> str:
    """A table that scrolls by itself where it is too wide.

    Args:
        header: Column names.
        rows: Cells; the first of each row is its header.
        caption: What the table shows.
        sortable: Whether the columns can be sorted.
    """
    if sortable:
        heads = ''.join(
            f'<th scope="col"><button type="button">{escape(h)}</button></th>'
            for h in header
        )
    else:
        heads = ''.join(f'<th scope="col">{escape(h)}</th>' for h in header)
    body = ''.join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + ''.join(_cell(cell, sortable) for cell in row[1:])
        + '</tr>'
        for row in rows
    )
    kind = ' class="sortable"' if sortable else ''
    return (
        f'<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape(caption)}"><table{kind}>'
        f'<caption>{escape(caption)}</caption>'
        f'<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(content: str, bars: bool) -> str:
    """A cell; a line below percentages makes columns quick to scan."""
    bar = ''
    if bars and content.endswith(' %'):
        bar = f' style="--v:{content[:-2]}%"'
    return f'<td{bar}>{escape(content)}</td>'


def details(summary: str, content: str) -> str:
    """Content that opens on demand."""
    return f'<details><summary>{escape(summary)}</summary>{content}</details>'


def data_table(
    found: Mapping[str, Mapping[float, Spread]],
    write: Callable[[float], str],
) -> str:
    """The numbers behind a chart over epochs."""
    epochs = sorted({e for points in found.values() for e in points})
    several = any(s.runs > 1 for p in found.values() for s in p.values())
    rows = []
    for epoch in epochs:
        row = [f'{epoch:g}']
        for points in found.values():
            value = points.get(epoch)
            row.append('-' if value is None else write(value.mean))
            if several and value is not None and value.deviation is not None:
                row[-1] += f' ± {write(value.deviation)}'
        rows.append(row)
    return table(
        ['epoch', *map(called, found)],
        rows,
        'Mean ± standard deviation over the seeds' if several else 'By epoch',
    )


def figure(chart: Chart) -> str:
    """A chart with its title, a line that reads values out, and its data."""
    picture = svg(chart.picture)
    title = escape(chart.title)
    readable = 'data-t="' in picture
    readout = ''
    if readable:
        last = picture.rsplit('data-t="', 1)[1].split('"', 1)[0]
        readout = (
            '<p class="readout" aria-live="polite">'
            f'{escape(chart.says) or last}</p>'
        )
    reader = (
        ' tabindex="0" role="group" '
        f'aria-label="{title}: arrow keys read the values out"'
        if readable
        else ''
    )
    note = f'<figcaption>{escape(chart.note)}</figcaption>'
    return (
        f'<figure><div><p class="title">{title}</p>{readout}'
        f'<div class="chart"{reader}>{picture}</div>'
        + (note if chart.note else '')
        + '</div>'
        + (details('Data', chart.data) if chart.data else '')
        + '</figure>'
    )


def section(anchor: str, title: str, lead: str, content: str) -> str:
    """A section with a heading; nothing if there is nothing in it."""
    if not content:
        return ''
    return (
        f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">'
        f'{escape(title)}</h2><p class="lead">{escape(lead)}</p>'
        f'{content}</section>'
    )


def panels(charts: Sequence[Chart]) -> str:
    """Charts side by side, as many as fit; of few, with their data beside."""
    content = ''.join(map(figure, charts))
    few = ' few' if len(charts) <= _FEW else ''
    return f'<div class="panels{few}">{content}</div>' if content else ''
