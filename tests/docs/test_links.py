"""What the pages point to is there."""

from __future__ import annotations

import re

import pytest

from tests.demo_run import ROOT
from tests.docs.pages import PAGES, blocks, identify, prose

_LINK = re.compile(r'\]\(([^)\s]+)\)')
_PATH = re.compile(
    r'(?<![\w/.])((?:configs|docs|mmremix|requirements|tests|tools)'
    r'/[\w/.-]+\.(?:py|sh|md|yml|txt))\b'
)


def headings(page):
    """Anchors of a page's headings, as GitHub and MyST make them."""
    found = re.findall(r'^#+ (.+)$', prose(page), re.MULTILINE)
    plain = [re.sub(r'[^\w\- ]', '', h.lower()) for h in found]
    return {h.replace(' ', '-') for h in plain}


@pytest.mark.parametrize('page', PAGES, ids=identify)
def test_links_resolve(page):
    for target in _LINK.findall(prose(page)):
        if re.match(r'[a-z]+:', target):
            continue
        path, _, anchor = target.partition('#')
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f'{identify(page)}: {target}'
        if anchor and file.suffix == '.md':
            assert anchor in headings(file), f'{identify(page)}: {target}'


@pytest.mark.parametrize('page', PAGES, ids=identify)
def test_named_files_exist(page):
    written = {b.file_name for p in PAGES for b in blocks(p)}
    for path in _PATH.findall(page.read_text(encoding='utf-8')):
        if path in written or path == 'configs/CONFIG':
            continue
        for data in ('cremad', 'ks'):
            name = path.replace('DATA', data)
            assert (ROOT / name).exists(), f'{identify(page)}: {path}'


def test_every_page_is_in_a_table_of_contents():
    listed = set()
    for index in (ROOT / 'docs').rglob('index.md'):
        for block in blocks(index):
            if block.language == '{toctree}':
                names = re.findall(r'^[\w/*]+$', block.code, re.MULTILINE)
                for name in names:
                    found = [index.parent / f'{name}.md']
                    if '*' in name:
                        found = list(index.parent.glob(f'{name}.md'))
                    listed |= set(found) - {index}
    pages = {p for p in PAGES if p.is_relative_to(ROOT / 'docs')}
    assert pages - {ROOT / 'docs' / 'index.md'} == listed
