"""Tables and figures of the documentation are made from code and records."""

from __future__ import annotations

import importlib.util
import sys
from xml.etree import ElementTree

import pytest
from mmengine.registry import Registry

import mmremix.datasets
import mmremix.engine
import mmremix.evaluation
import mmremix.models
from mmremix import registry
from mmremix.cli.tool_parsers import tool_parser
from tests.demo_run import ROOT

PACKAGES = (
    mmremix.datasets,
    mmremix.engine,
    mmremix.evaluation,
    mmremix.models,
)


@pytest.fixture(scope='module', autouse=True)
def extensions():
    path = str(ROOT / 'docs' / '_ext')
    sys.path.insert(0, path)
    yield
    sys.path.remove(path)


def test_defaults_and_descriptions():
    arguments = importlib.import_module('docstring_args').arguments
    rows = {a.name: a for a in arguments('mmremix.engine.KLScoreHook')}
    assert rows['warmup_epochs'].default == 'needed'
    assert rows['ties'].default == "'first'"
    assert rows['warmup_epochs'].text.startswith('Epochs on full pairs')
    assert '\n' in rows['dataloader'].text
    # Described by the base class; by another package.
    rows = {a.name: a for a in arguments('mmremix.datasets.AVDataset')}
    assert 'kwargs' not in rows
    rows = {a.name: a for a in arguments('mmremix.datasets.MultimodalDataset')}
    assert rows['max_refetch'].text == "See mmengine's ``BaseDataset``."


def test_every_component_is_on_the_pages_of_options():
    """They are what tools/docs/write_options.py writes."""
    from tools.docs.write_options import FOLDER, pages

    made = pages()
    assert {path.stem for path in FOLDER.glob('*.md')} == set(made)
    for name, text in made.items():
        there = (FOLDER / f'{name}.md').read_text(encoding='utf-8')
        assert there == text, f'{name}: run tools/docs/write_options.py'
    registered = {
        cls
        for value in vars(registry).values()
        if isinstance(value, Registry)
        for cls in value.module_dict.values()
    }
    text = '\n'.join(made.values())
    for package in PACKAGES:
        for name in package.__all__:
            value = getattr(package, name)
            if isinstance(value, type) and value in registered:
                assert f'\n## {name}\n' in text, name


def test_parser_is_found_without_running_the_tool():
    parser = tool_parser(ROOT / 'tools/data/prepare_grid.py')
    assert '--word' in parser.format_help()
    with pytest.raises(FileNotFoundError):
        tool_parser(ROOT / 'tools/no_such.py')


def test_figure_of_the_method(sandbox, tmp_path):
    file = ROOT / 'tools' / 'docs' / 'draw_method.py'
    spec = importlib.util.spec_from_file_location('draw_method', file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files = [tmp_path / name for name in ('a.svg', 'b.svg')]
    for each in files:
        module.draw(sandbox / 'work_dirs' / 'remix_demo_concat', each)
    text = files[0].read_text()
    assert text == files[1].read_text()
    for words in ('>video<', '>audio<', 'certainty before epoch 2'):
        assert words in text


def test_names_in_the_figure_of_the_architecture():
    figure = ElementTree.parse(ROOT / 'docs/_static/architecture.svg')
    space = '{http://www.w3.org/2000/svg}'
    assert figure.findtext(f'{space}title')
    assert figure.findtext(f'{space}desc')
    names = [
        node.text
        for node in figure.iter(f'{space}text')
        if node.get('class') == 'c'
    ]
    assert len(names) >= 10
    for name in names:
        if '/' in name:
            assert (ROOT / 'mmremix' / name).exists(), name
            continue
        owner, _, member = name.partition('.')
        (found,) = (vars(p)[owner] for p in PACKAGES if owner in p.__all__)
        assert not member or hasattr(found, member), name
