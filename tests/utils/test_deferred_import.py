"""A module that is spared the import of another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mmremix.utils.deferred_import import defer_import

STATS = "print('imported')\ndef mode(x, add=0):\n    return x + add\n"
USER = (
    'from functools import partial\n'
    'from package_of_test.stats import mode\n'
    'late = partial(mode, add=1)\n'
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / 'package_of_test'
    folder.mkdir()
    (folder / '__init__.py').touch()
    (folder / 'stats.py').write_text(STATS)
    (folder / 'user.py').write_text(USER)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, 'meta_path', sys.meta_path.copy())
    yield
    for name in [n for n in sys.modules if n.startswith('package_of_test')]:
        del sys.modules[name]


def test_is_imported_when_called(package, capsys):
    before = sys.meta_path.copy()
    defer_import('package_of_test.stats', 'package_of_test.user')
    from package_of_test import user

    assert sys.meta_path == before
    assert 'package_of_test.stats' not in sys.modules
    assert capsys.readouterr().out == ''
    assert user.late(1) == 2
    assert user.mode(3) == 3
    assert capsys.readouterr().out == 'imported\n'
    assert Path(user.__spec__.loader.get_filename()).name == 'user.py'

    from package_of_test import stats

    assert stats.mode(1) == 1


def test_others_get_the_real_module(package, capsys):
    defer_import('package_of_test.stats', 'package_of_test.user')
    from package_of_test import stats, user

    assert user.mode is stats.mode
    assert capsys.readouterr().out == 'imported\n'


def test_an_importer_that_fails(package, tmp_path):
    path = tmp_path / 'package_of_test' / 'user.py'
    path.write_text(USER + "raise ValueError('of its own')\n")
    defer_import('package_of_test.stats', 'package_of_test.user')
    with pytest.raises(ValueError, match='of its own'):
        import package_of_test.user  # noqa: F401
    assert 'package_of_test.stats' not in sys.modules


def test_importer_that_is_there_already(package):
    import package_of_test.user  # noqa: F401

    before = sys.meta_path.copy()
    defer_import('package_of_test.stats', 'package_of_test.user')
    assert sys.meta_path == before


def test_pose_transforms_have_no_need_of_scipy_stats():
    code = (
        'import sys, numpy as np, mmremix.datasets\n'
        'from mmaction.datasets.transforms import pose_transforms\n'
        "assert 'scipy.stats' not in sys.modules\n"
        'print(pose_transforms.get_mode(np.array([1, 2, 2]))[-1][0])\n'
        "assert 'scipy.stats' in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == '2'
