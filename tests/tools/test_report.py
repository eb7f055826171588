from __future__ import annotations

import pytest

from tests.report.made_run import make_run
from tests.report.parsed_page import ParsedPage
from tests.tool_run import run_tool


def run(*args, tool='report'):
    return run_tool(f'tools/analysis/{tool}.py', *args)


def test_page_and_figures(tmp_path):
    made = make_run(tmp_path / 'a')
    out = tmp_path / 'new' / 'page.html'
    figures = tmp_path / 'figures'
    done = run(made, '--out', out, '--figures', figures, '--samples', 1)
    assert done.returncode == 0, done.stderr
    page = ParsedPage(out.read_text(encoding='utf-8'))
    assert page.problems == []
    assert page.picture('Validation accuracy over epochs, remix_made')
    printed = done.stdout.splitlines()
    assert printed[0].startswith(f'{out}: 0.')
    assert {file.suffix for file in figures.iterdir()} == {
        *('.png', '.pdf', '.svg'),
    }
    assert sorted(printed[1:]) == sorted(map(str, figures.iterdir()))


def test_summary_of_two_runs(tmp_path):
    made = [make_run(tmp_path / 'a'), make_run(tmp_path / 'b', remix=False)]
    done = run(*made, tool='summarize')
    assert done.returncode == 0, done.stderr
    parts = done.stdout.split('\n\n')
    assert [parts[0], parts[3]] == list(map(str, made))
    assert parts[-1].strip() == 'Other settings: model.name.'


@pytest.mark.parametrize('tool', ['report', 'summarize'])
def test_not_a_work_directory(tmp_path, tool):
    done = run(tmp_path, tool=tool)
    assert done.returncode == 2
    assert 'is it the work directory of a training run?' in done.stderr
