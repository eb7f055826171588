"""The files by which sites and tools know the project agree with it."""

from __future__ import annotations

import re

import yaml

from mmremix.version import __version__
from tests.demo_run import ROOT

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

PROJECT = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']


def read(name):
    return yaml.safe_load((ROOT / name).read_text(encoding='utf-8'))


def test_versions_are_in_step():
    assert read('CITATION.cff')['version'] == __version__
    headings = re.findall(
        r'^## (.+)$', (ROOT / 'CHANGELOG.md').read_text(), re.MULTILINE
    )
    assert re.fullmatch(
        rf'Unreleased \({re.escape(__version__)}\)'
        rf'|{re.escape(__version__)} \(\d{{4}}-\d\d-\d\d\)',
        headings[0],
    ), headings[0]


def test_citation_is_of_this_project():
    citation = read('CITATION.cff')
    assert citation['title'] == PROJECT['name']
    assert citation['license'] == PROJECT['license']
    assert citation['authors'] == PROJECT['authors']
    (paper,) = citation['references']
    assert paper['url'] == PROJECT['urls']['Paper']


def test_classifiers_name_the_supported_versions():
    named = [
        tuple(map(int, text.rsplit(' ', 1)[-1].split('.')))
        for text in PROJECT['classifiers']
        if re.search(r':: 3\.\d+$', text)
    ]
    lowest = PROJECT['requires-python'].removeprefix('>=')
    assert min(named) == tuple(map(int, lowest.split('.')))
    assert sorted(named) == [(3, n) for n in range(10, max(named)[1] + 1)]


def test_workflow_calls_what_ci_runs():
    jobs = read('.github/workflows/ci.yml')['jobs']
    job = jobs['test']
    commands = [step.get('run') for step in job['steps']]
    assert '.ci/run' in commands
    assert (ROOT / '.ci' / 'run').stat().st_mode & 0o100
    for version in job['strategy']['matrix']['python']:
        assert isinstance(version, str)  # 3.10, not 3.1
        classifier = f'Programming Language :: Python :: {version}'
        assert classifier in PROJECT['classifiers']
    version, changelog = (
        step['run'] for step in jobs['release']['steps'] if 'run' in step
    )
    line = re.search(r'"(.+)"', version)[1]
    text = (ROOT / 'mmremix' / 'version.py').read_text()
    tagged = line.replace('${GITHUB_REF_NAME#v}', __version__)
    assert tagged in text.splitlines()
    assert changelog.endswith('CHANGELOG.md')


def test_pages_are_built_as_in_the_tests():
    settings = read('.readthedocs.yaml')
    assert (ROOT / settings['sphinx']['configuration']).is_file()
    assert settings['sphinx']['fail_on_warning'] is True
    (install,) = settings['python']['install']
    assert set(install['extra_requirements']) <= {'docs', 'tests', 'optional'}
    assert settings['build']['tools']['python'] in str(PROJECT['classifiers'])


def test_hooks_are_the_tools_of_the_tests():
    (local,) = read('.pre-commit-config.yaml')['repos']
    assert local['repo'] == 'local'
    script = (ROOT / 'tools' / 'run_tests.sh').read_text()
    for hook in local['hooks']:
        assert hook['language'] == 'system'
        assert hook['entry'].split(' --')[0] in script


def test_forms_for_issues_can_be_filled_in():
    folder = ROOT / '.github' / 'ISSUE_TEMPLATE'
    forms = [p for p in folder.glob('*.yml') if p.name != 'config.yml']
    assert len(forms) >= 2
    for path in forms:
        form = yaml.safe_load(path.read_text())
        assert form['name'] and form['description']
        ids = [part['id'] for part in form['body']]
        assert len(set(ids)) == len(ids)
        for part in form['body']:
            assert part['type'] in (
                *('textarea', 'input', 'dropdown', 'checkboxes'),
            )
            assert part['attributes'].get('label')
