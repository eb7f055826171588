"""A page of HTML, looked at with the standard library."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

_VOID = {'meta', 'img', 'br', 'hr', 'input', 'link'}


class ParsedPage(HTMLParser):
    """Elements, and what is wrong with their nesting.

    Attributes:
        problems: Tags that are not closed, or closed where they are not open.
        tables: Rows of cells as text.
    """

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        # Numbers and their signs have a space that does not break.
        self.text = text = text.replace('\N{NO-BREAK SPACE}', ' ')
        self.problems = []
        self.elements = []
        self.tables = []
        self._open = []
        self._cell = False
        self.feed(text)
        self.close()
        self.problems += [f'{tag} is not closed' for tag in self._open]

    @property
    def heading_levels(self):
        return [
            int(tag[1])
            for tag, _ in self.elements
            if re.fullmatch(r'h[1-6]', tag)
        ]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, attrs))
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.problems.append(f'{tag} repeats an attribute: {names}')
        if tag not in _VOID:
            self._open.append(tag)
        if tag == 'table':
            self.tables.append([])
        elif tag == 'tr':
            self.tables[-1].append([])
        elif tag in ('td', 'th'):
            self.tables[-1][-1].append('')
            self._cell = True

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, attrs))

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.problems.append(f'</{tag}> at {self.getpos()}')
        if tag in ('td', 'th'):
            self._cell = False

    def handle_data(self, data):
        if self._cell:
            self.tables[-1][-1][-1] += data

    def values(self, name):
        """All values of an attribute."""
        return [v for _, attrs in self.elements for n, v in attrs if n == name]

    def named(self, tag):
        """Attributes of all elements of a kind."""
        return [attrs for name, attrs in self.elements if name == tag]

    def picture(self, title):
        """Source of the first picture whose title begins so."""
        for svg in re.findall(r'<svg.*?</svg>', self.text, re.DOTALL):
            label = unescape(re.search(r'aria-label="([^"]*)"', svg)[1])
            if label.startswith(title):
                return svg
        raise AssertionError(f'no picture {title!r}')
