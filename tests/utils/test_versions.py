"""Version windows, required packages, the torchaudio import."""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from mmremix.utils import versions
from mmremix.utils.versions import (
    OPENCV_VERSION,
    TORCH_PAIR,
    WINDOWS,
    check_versions,
    require,
    torchaudio_or_raise,
)

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    'torch': '2.14.1+cu130',
    'torchaudio': '2.11.0',
    'mmengine': '0.10.7',
    'mmcv-lite': '2.1.0',
    'mmaction2': '1.2.0',
    'numpy': '2.4.6',
    'opencv-python': OPENCV_VERSION,
    'opencv-contrib-python': OPENCV_VERSION,
}


def install(
    monkeypatch: pytest.MonkeyPatch, **changes: str | None
) -> dict[str, str]:
    """Pretend that GOOD is installed, with changes (None: not installed)."""
    changed = {name.replace('_', '-'): v for name, v in changes.items()}
    installed = {
        name: seen
        for name, seen in {**GOOD, **changed}.items()
        if seen is not None
    }

    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(versions, 'version', version)
    return installed


@pytest.mark.parametrize(
    'changes',
    [
        {},
        {'torch': '2.6.0a0+df5bbc09d1.nv24.12'},  # a vendor's build
        {'mmcv_lite': None, 'mmcv': '2.1.0'},  # the full mmcv
        {'mmengine': None, 'mmengine_lite': '0.10.7'},
        {name.replace('-', '_'): None for name in GOOD},  # torch-free
        {'mmengine': None, 'mmcv_lite': None, 'mmaction2': None},
    ],
)
def test_accepted(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str | None]
) -> None:
    install(monkeypatch, **changes)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        check_versions()


@pytest.mark.parametrize(
    ('changes', 'parts'),
    [
        (
            {'torch': '2.5.1+cpu'},
            ['torch 2.5.1+cpu', '>=2.6', 'pip install "torch>=2.6"'],
        ),
        (
            {'mmengine': '0.10.10'},
            ['mmengine 0.10.10', 'pip install "mmengine==0.10.7"'],
        ),
        (
            {'mmengine': '0.11.0rc0'},
            ['mmengine 0.11.0rc0', 'mmengine==0.10.7'],
        ),
        (
            {'mmcv_lite': '2.2.0'},
            ['mmcv-lite 2.2.0', 'pip install "mmcv-lite>=2.1,<2.2"'],
        ),
        (
            {'mmcv_lite': '2.2.0rc1'},
            ['mmcv-lite 2.2.0rc1'],
        ),
        (
            {'mmcv_lite': None, 'mmcv': '1.7.2'},
            [
                'mmcv 1.7.2',
                'mmcv>=2.1,<2.2',
                'pip uninstall -y mmcv && pip install "mmcv-lite>=2.1,<2.2"',
            ],
        ),
        (
            {'mmcv': '2.2.0'},  # beside a good mmcv-lite
            ['mmcv 2.2.0', 'pip uninstall -y mmcv-lite mmcv && pip install'],
        ),
        (
            {'torch': '2.5.1', 'mmaction2': '1.1.0'},  # both are named
            ['torch 2.5.1', 'mmaction2 1.1.0', '"mmaction2==1.2.0"'],
        ),
    ],
)
def test_rejected_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str | None],
    parts: list[str],
) -> None:
    install(monkeypatch, **changes)
    with pytest.raises(ImportError) as caught:
        check_versions()
    for part in parts:
        assert part in str(caught.value)
    # Packages inside their windows are not mentioned.
    assert 'torchaudio' not in str(caught.value)


def test_mixed_opencv_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, opencv_contrib_python='5.1.0.95')
    with pytest.warns(RuntimeWarning) as caught:
        check_versions()
    message = str(caught[0].message)
    assert f'opencv-python {OPENCV_VERSION}' in message
    assert 'opencv-contrib-python 5.1.0.95' in message
    assert (
        f'pip install opencv-python=={OPENCV_VERSION} '
        f'opencv-contrib-python=={OPENCV_VERSION}'
    ) in message


def test_one_version_of_opencv_does_not_warn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(
        monkeypatch,
        opencv_python='4.14.0.94',
        opencv_contrib_python='4.14.0.94',
    )
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        check_versions()


def test_windows_are_those_pip_is_given() -> None:
    lines = (ROOT / 'requirements/runtime.txt').read_text().splitlines()
    asked = {line for line in lines if line and not line.startswith('#')}
    opencv = {
        f'opencv-python=={OPENCV_VERSION}',
        f'opencv-contrib-python=={OPENCV_VERSION}',
    }
    windows = {window.requirement for window in WINDOWS}
    # Others may be asked for without a window, these may not differ.
    assert windows | opencv <= asked


def test_torch_pair_is_inside_the_windows() -> None:
    windows = {window.package: window.versions for window in WINDOWS}
    for pinned in TORCH_PAIR:
        name, seen = pinned.split('==')
        assert versions._inside(seen, windows[name])


@pytest.mark.parametrize(
    ('seen', 'clauses', 'inside'),
    [
        ('2.10', '>=2.6', True),
        ('2.6', '>=2.6.0', True),
        ('1.2', '==1.2.0', True),
        ('1.2.0.post1', '==1.2.0', True),
        ('1.2.0.1', '==1.2.0', False),
        ('2.1.9', '>=2.1,<2.2', True),
        ('2.2', '>=2.1,<2.2', False),
        ('2.0.1', '>=2.1,<2.2', False),
        ('0', '', True),
        ('unknown', '>=2.6', False),
    ],
)
def test_inside(seen: str, clauses: str, inside: bool) -> None:
    assert versions._inside(seen, clauses) is inside


def test_require_names_all_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'mmengine', None)
    monkeypatch.setitem(sys.modules, 'mmcv', None)
    with pytest.raises(ImportError) as caught:
        require('torch', 'mmengine', 'mmcv')
    message = str(caught.value)
    assert 'pip install "mmengine==0.10.7" "mmcv-lite>=2.1,<2.2"' in message
    assert 'torch' not in message


def test_require_finds_a_module_without_metadata(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A checkout on PYTHONPATH counts as installed, and is not imported."""
    (tmp_path / 'mmaction').mkdir()
    (tmp_path / 'mmaction/__init__.py').write_text('raise RuntimeError')
    monkeypatch.setattr(sys, 'path', [str(tmp_path)])
    monkeypatch.delitem(sys.modules, 'mmaction', raising=False)
    require('mmaction2')
    assert 'mmaction' not in sys.modules


def test_require_refuses_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"got \['mmaction'\]"):
        require('torch', 'mmaction')


def test_torchaudio_is_returned() -> None:
    assert torchaudio_or_raise() is sys.modules['torchaudio']


@pytest.mark.parametrize(
    'body',
    ["raise OSError('Could not load this library')", 'import no_such_lib'],
)
def test_torchaudio_that_does_not_load(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str
) -> None:
    install(monkeypatch, torch='2.13.0+cpu')
    (tmp_path / 'torchaudio').mkdir()
    (tmp_path / 'torchaudio/__init__.py').write_text(body)
    for name in [n for n in sys.modules if n.split('.')[0] == 'torchaudio']:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError) as caught:
        torchaudio_or_raise()
    message = str(caught.value)
    assert 'Seen: torch 2.13.0+cpu, torchaudio 2.11.0' in message
    assert 'pip install torch==2.14.1 torchaudio==2.11.0' in message
    assert caught.value.__cause__ is not None
