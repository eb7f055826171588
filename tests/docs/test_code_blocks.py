"""The Python code of the pages runs; its configs can be built.

Blocks with ``_base_`` are configs. A block that begins with ``# some/file.py``
is written to that file. The other blocks of a page run in order, in one
namespace.
"""

from __future__ import annotations

import importlib
import inspect
import re

import pytest
from mmengine import registry as roots

from mmremix import registry
from mmremix.apis.config_file import read_config
from mmremix.registry import MODELS
from tests.docs.pages import PAGES, blocks, identify

PYTHON_PAGES = [
    page
    for page in PAGES
    if any(b.language == 'python' and not b.not_run for b in blocks(page))
]
REGISTRIES = [
    value
    for value in vars(registry).values()
    if isinstance(value, roots.Registry)
]


def runnable(code):
    """Code without the dots that stand for more arguments."""
    return re.sub(r',\s*\.\.\.\s*\)', ')', code)


def check_components(value):
    """Every dict with a ``type`` names a class, and arguments of it."""
    if isinstance(value, dict):
        if isinstance(value.get('type'), str):
            check_component(value)
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            check_components(item)


def check_component(cfg):
    found = (r.get(cfg['type']) for r in REGISTRIES)
    cls = next((c for c in found if c is not None), None)
    assert cls is not None, f'nothing is called {cfg["type"]}'
    parameters = inspect.signature(cls).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        unknown = set(cfg) - {'type', '_delete_', '_scope_'} - set(parameters)
        assert not unknown, f'{cfg["type"]} has no {unknown}'


TABLES = ('ArrayDataset', 'TableDataset')


def run_config(code, name, folder):
    path = folder / 'configs' / (name.removeprefix('configs/') or 'page.py')
    path.parent.mkdir(exist_ok=True)
    path.write_text(code)
    cfg = read_config(str(path))
    model = MODELS.build(cfg.model)
    if cfg.train_dataloader.dataset.type not in TABLES:
        assert set(model.modalities) <= {'video', 'audio', 'flow'}
    check_components(cfg.to_dict())


def run_file(code, name, folder):
    (folder / name).write_text(code)
    importlib.invalidate_caches()
    importlib.import_module(name.removesuffix('.py'))


@pytest.mark.parametrize('page', PYTHON_PAGES, ids=identify)
def test_page_runs(page, sandbox, monkeypatch):
    monkeypatch.chdir(sandbox)
    monkeypatch.syspath_prepend(str(sandbox))
    namespace = {'__name__': 'page'}
    for block in blocks(page):
        if block.language != 'python' or block.not_run:
            continue
        code = runnable(block.code)
        if '_base_' in code:
            run_config(code, block.file_name, sandbox)
        elif block.file_name:
            run_file(code, block.file_name, sandbox)
        else:
            before = dict(namespace)
            exec(compile(code, identify(page), 'exec'), namespace)
            new = {k: v for k, v in namespace.items() if k not in before}
            check_components([v for v in new.values() if type(v) is dict])
            for cfg in new.values():
                check_components(cfg if type(cfg) is list else [])


def test_reasons_are_given():
    for page in PAGES:
        text = page.read_text(encoding='utf-8')
        marks = [b for b in blocks(page) if b.not_run]
        assert len(marks) == text.count('<!-- not run'), identify(page)


def test_an_unknown_argument_is_found():
    check_components([{'a': {'type': 'KLScoreHook', 'warmup_epochs': 1}}])
    with pytest.raises(AssertionError, match='warmup'):
        check_components([{'a': {'type': 'KLScoreHook', 'warmup': 1}}])
    with pytest.raises(AssertionError, match='NoSuchHook'):
        check_components({'type': 'NoSuchHook'})
