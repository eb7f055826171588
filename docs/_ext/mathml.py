"""Formulas as MathML, which browsers draw without a script to fetch."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

_LOGGER = logging.getLogger(__name__)


def _draw(writer: Any, node: nodes.Element, as_block: bool) -> None:
    source = node.astext()
    try:
        markup = tex2mathml(source, as_block=as_block)
    except (SyntaxError, ValueError) as error:
        # With -W this ends the build.
        _LOGGER.warning('formula %r: %s', source, error, location=node)
        markup = writer.encode(source)
    writer.body.append(f'<div>{markup}</div>' if as_block else markup)
    raise nodes.SkipNode


def _inline(writer: Any, node: nodes.Element) -> None:
    _draw(writer, node, as_block=False)


def _block(writer: Any, node: nodes.Element) -> None:
    _draw(writer, node, as_block=True)


def setup(app: Any) -> dict[str, bool]:
    app.add_html_math_renderer('mathml', (_inline, None), (_block, None))
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
