"""The benchmark of the start runs, on few rows."""

from __future__ import annotations

import importlib.util

import pytest

from tests.demo_run import ROOT


@pytest.fixture(scope='module')
def tool():
    path = ROOT / 'tools/benchmarks/start_up.py'
    spec = importlib.util.spec_from_file_location('start_up', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize('segments', [True, False])
def test_start_up(tool, tmp_path, segments):
    path = tmp_path / 'rows.csv'
    tool.write_rows(path, 300, segments)
    found = tool.first_step(path)
    assert tuple(found) == tool.COLUMNS
    assert found['rows'] == 300 and found['all'] > 0
