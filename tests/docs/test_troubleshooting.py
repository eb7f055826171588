"""The messages on the page are those of the code."""

from __future__ import annotations

import ast
import re

import pytest

from tests.demo_run import ROOT

PAGE = (ROOT / 'docs/troubleshooting.md').read_text(encoding='utf-8')
MESSAGES = re.findall(
    r'^\| `([^`]+)` \|', PAGE.split('## Not a message')[0], re.MULTILINE
)


def texts():
    """All strings of the package, with '...' for what is put in."""
    for path in (ROOT / 'mmremix').rglob('*.py'):
        if '.mim' in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield ''.join(
                    part.value if isinstance(part, ast.Constant) else '...'
                    for part in node.values
                )


@pytest.fixture(scope='module')
def everything():
    return ' \n '.join(' '.join(text.split()) for text in texts())


def test_there_are_messages():
    assert len(MESSAGES) > 30


@pytest.mark.parametrize('message', MESSAGES)
def test_message_is_one_of_the_code(message, everything):
    """In order, with anything for the dots but the end of a string."""
    parts = [re.escape(p.strip()) for p in message.split('...') if p.strip()]
    assert re.search(r'[^\n]*?'.join(parts), everything), message
