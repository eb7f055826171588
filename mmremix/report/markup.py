"""Pieces of HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


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


def figure(
    title: str, picture: str, note: str = '', data: str = '', says: str = ''
) -> str:
    """A chart with its title, a line that reads values out, and its data.

    Args:
        title: Above it.
        picture: SVG.
        note: How to read it.
        data: A table of what is drawn.
        says: What the line that reads values out says at first. Defaults to
            the last value.
    """
    readable = 'data-t="' in picture
    readout = ''
    if readable:
        last = picture.rsplit('data-t="', 1)[1].split('"', 1)[0]
        readout = (
            f'<p class="readout" aria-live="polite">{escape(says) or last}</p>'
        )
    reader = (
        ' tabindex="0" role="group" '
        f'aria-label="{escape(title)}: arrow keys read the values out"'
        if readable
        else ''
    )
    return (
        f'<figure><p class="title">{escape(title)}</p>{readout}'
        f'<div class="chart"{reader}>{picture}</div>'
        + (f'<figcaption>{escape(note)}</figcaption>' if note else '')
        + (details('Data', data) if data else '')
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


def panels(items: Iterable[str]) -> str:
    """Charts side by side, as many as fit."""
    content = ''.join(items)
    return f'<div class="panels">{content}</div>' if content else ''
