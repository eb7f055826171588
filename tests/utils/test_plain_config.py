from __future__ import annotations

import sys

import pytest
from mmengine.config import Config

from mmremix.utils import ConfigError
from mmremix.utils.plain_config import (
    check_types,
    config_from_file,
    is_of_a_run,
    read_plain_config,
)
from tests.demo_run import ROOT


@pytest.fixture
def write(tmp_path):
    def write(text, folder='20260101_000000/vis_data'):
        path = tmp_path / folder / 'config.py'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_what_runs_print_is_read_as_it_is(write):
    cfg = Config.fromfile(ROOT / 'configs/remix_ks_concat.py')
    read = read_plain_config(write(cfg.pretty_text))
    assert read.to_dict() == cfg.to_dict()
    check_types(read.to_dict(), 'x.py')


def test_plain_values(write):
    text = (
        '"""About it."""\n'
        "a = dict(b=[1, -2.5e-3, None], c=(True, 'x' 'y'), d={'e-f': {1}})\n"
        'g = inf\n'
    )
    read = read_plain_config(write(text))
    assert read.a.b == [1, -0.0025, None]
    assert read.a.c == (True, 'xy') and read.a.d == {'e-f': {1}}
    assert read.g == float('inf')


@pytest.mark.parametrize(
    'text',
    [
        "open({mark!r}, 'w').close()",
        "x = open({mark!r}, 'w')",
        "x = dict(y=[open({mark!r}, 'w')])",
        "x = {{open({mark!r}, 'w'): 1}}",
        'x = f\'{{open({mark!r}, "w")}}\'',
        "x: int = open({mark!r}, 'w')",
        "def dict(**k):\n    open({mark!r}, 'w')\nx = dict()",
        "if True:\n    open({mark!r}, 'w')",
        "x = [open({mark!r}, 'w') for i in (1,)]",
        "x = (lambda: open({mark!r}, 'w'))()",
        'import os\nx = 1',
        "x = dict(**open({mark!r}, 'w'))",
        "_base_ = ['other.py']",
        "custom_imports = dict(imports=['evil'])",
        "default_scope = 'evil'",
        "model = dict(type='evil.Model')",
        "model = dict(type='evil')",
        "model = dict(a=[dict(type='os.system', command='touch {mark}')])",
        "model = dict(type='mmengine.load', file='evil.pkl')",
        "model = dict(_scope_='evil', type='ResNet')",
        "runner_type = 'evil.Runner'",
        'x = ' + '(' * 5000,
        'x = [[]: 1]',
        'x = {{[]: 1}}',
        "filename = 'x'",
    ],
)
def test_code_is_not_run_but_refused(write, tmp_path, monkeypatch, text):
    mark = tmp_path / 'executed'
    (tmp_path / 'evil.py').write_text(f"open({str(mark)!r}, 'w').close()")
    (tmp_path / 'other.py').write_text(f"open({str(mark)!r}, 'w').close()")
    monkeypatch.syspath_prepend(tmp_path)
    path = write(text.format(mark=str(mark)))
    with pytest.raises(ConfigError, match=r'--trust') as caught:
        config_from_file(path)
    assert str(path) in str(caught.value)
    assert not mark.exists() and 'evil' not in sys.modules


def test_trust_runs_it(write, tmp_path):
    mark = tmp_path / 'executed'
    path = write(f"open({str(mark)!r}, 'w').close()\nx = 1 + 1")
    assert config_from_file(path, trust=True).x == 2
    assert mark.exists()


def test_where_configs_are_of_a_run(write, tmp_path):
    own = write('x = 1 + 1', 'configs')
    assert not is_of_a_run(own) and config_from_file(own).x == 2
    assert is_of_a_run(write('x = 1', 'a/20260101_000000'))
    beside = write('x = 1 + 1', 'work')
    (beside.parent / '20260101_000000/vis_data').mkdir(parents=True)
    assert is_of_a_run(beside)
    given = write('x = 1 + 1', 'given')
    (given.parent / 'best.pth').touch()
    with pytest.raises(ConfigError, match='line 1 is no plain value: x = 1 '):
        config_from_file(given)
