"""Versions of other packages that mmremix works with.

Versions are read from package metadata, none of the packages is imported, so
that ``import mmremix`` stays quick and works where some of them are missing.
The same windows are in ``requirements/runtime.txt`` for pip, with the reason
for each; a test keeps the two equal.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import ModuleType
from typing import NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version


class Window(NamedTuple):
    """The versions of one package that mmremix accepts.

    Args:
        package: Name for :func:`require` and for messages.
        module: Top-level module to import.
        distributions: Names on the package index of those that provide the
            module. The first one is what pip is asked for.
        versions: Version specifiers, separated by commas; ``''`` is any.
    """

    package: str
    module: str
    distributions: tuple[str, ...]
    versions: str

    @property
    def requirement(self) -> str:
        """What pip is asked for, such as ``mmcv-lite>=2.1,<2.2``."""
        return self.distributions[0] + self.versions


WINDOWS = (
    Window('torch', 'torch', ('torch',), '>=2.6'),
    Window('torchaudio', 'torchaudio', ('torchaudio',), '>=2.6'),
    Window('mmengine', 'mmengine', ('mmengine', 'mmengine-lite'), '==0.10.7'),
    Window('mmcv', 'mmcv', ('mmcv-lite', 'mmcv'), '>=2.1,<2.2'),
    Window('mmaction2', 'mmaction', ('mmaction2',), '==1.2.0'),
    Window(
        'importlib_metadata', 'importlib_metadata', ('importlib_metadata',), ''
    ),
    Window('av', 'av', ('av',), '>=17.1'),
    Window('numpy', 'numpy', ('numpy',), ''),
)

# All of these write one and the same folder, cv2.
OPENCV_DISTRIBUTIONS = (
    'opencv-python',
    'opencv-contrib-python',
    'opencv-python-headless',
    'opencv-contrib-python-headless',
)
OPENCV_VERSION = '5.0.0.93'

# A pair that was run together, for the message of torchaudio_or_raise.
TORCH_PAIR = ('torch==2.14.1', 'torchaudio==2.11.0')


def check_versions() -> None:
    """Compare the installed versions with :data:`WINDOWS`.

    A missing package is no error here, see :func:`require`.

    Raises:
        ImportError: If a package is outside its window. Names each such
            package, the version seen, the window and the pip line.

    Warns:
        RuntimeWarning: If several OpenCV distributions are installed in
            different versions.
    """
    problems = []
    for window in WINDOWS:
        installed = _installed(window.distributions)
        for name, seen in installed.items():
            if not _inside(seen, window.versions):
                problems.append(
                    f'  {name} {seen} is installed, mmremix needs '
                    f'{name}{window.versions}:\n'
                    f'    {_pip_line(window, installed)}'
                )
    if problems:
        raise ImportError(
            'mmremix does not work with these installed versions:\n'
            + '\n'.join(problems)
        )
    _warn_mixed_opencv()


def require(*packages: str) -> None:
    """Raise unless all the packages can be imported; import none of them.

    Called at the top of modules that need more than torch, so that the user
    reads what to install instead of a bare ``ModuleNotFoundError``.

    Args:
        packages: Names in :data:`WINDOWS`, such as ``'mmengine'``.

    Raises:
        ImportError: If packages are missing; with the pip line for them all.
        ValueError: If a name is not in :data:`WINDOWS`.
    """
    windows = {window.package: window for window in WINDOWS}
    unknown = [name for name in packages if name not in windows]
    if unknown:
        raise ValueError(
            f'require() knows {", ".join(windows)}; got {unknown}.'
        )
    missing = [
        windows[name] for name in packages if not _found(windows[name].module)
    ]
    if missing:
        names = ', '.join(window.package for window in missing)
        wanted = ' '.join(f'"{window.requirement}"' for window in missing)
        raise ImportError(
            f'This part of mmremix needs packages that are not installed: '
            f'{names}. Install them with\n  pip install {wanted}'
        )


def torchaudio_or_raise() -> ModuleType:
    """Import torchaudio and return it.

    torchaudio has compiled parts that load only beside a torch they fit, so
    its import can fail although it is installed.

    Raises:
        ImportError: If the import fails. Names the installed versions and a
            pair of versions to install.
    """
    try:
        return importlib.import_module('torchaudio')
    # A misfit shows as OSError (library not found), ImportError (symbol),
    # RuntimeError (operator) or AttributeError, by release.
    except Exception as error:
        seen = _installed(('torch', 'torchaudio'))
        described = ', '.join(
            f'{name} {seen.get(name, "not installed")}'
            for name in ('torch', 'torchaudio')
        )
        pair = ' '.join(TORCH_PAIR)
        raise ImportError(
            f'torchaudio cannot be imported ({type(error).__name__}: '
            f'{error}). Seen: {described}. The two must fit each other; '
            'torchaudio 2.11.0, for example, does not load beside the '
            f'CPU-only build of torch 2.13.0. Install\n  pip install {pair}'
        ) from error


def _warn_mixed_opencv() -> None:
    installed = _installed(OPENCV_DISTRIBUTIONS)
    if len(set(installed.values())) > 1:
        seen = ', '.join(f'{name} {v}' for name, v in installed.items())
        # mmengine asks for the first distribution, mmaction2 for the second.
        wanted = ' '.join(
            f'{name}=={OPENCV_VERSION}' for name in OPENCV_DISTRIBUTIONS[:2]
        )
        warnings.warn(
            f'OpenCV is installed in different versions ({seen}) that '
            'overwrite each other in one folder, cv2; which files win is '
            'chance. Install one version of both:\n'
            f'  pip uninstall -y {" ".join(installed)}\n'
            f'  pip install {wanted}',
            RuntimeWarning,
            stacklevel=3,
        )


def _installed(distributions: tuple[str, ...]) -> dict[str, str]:
    """Versions of those that are installed."""
    versions = {}
    for name in distributions:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _pip_line(window: Window, installed: dict[str, str]) -> str:
    line = f'pip install "{window.requirement}"'
    if set(installed) <= {window.distributions[0]}:
        return line
    # pip does not know that another name provides the same files.
    return f'pip uninstall -y {" ".join(installed)} && {line}'


def _found(module: str) -> bool:
    if module in sys.modules:
        return sys.modules[module] is not None
    return find_spec(module) is not None


def _inside(seen: str, versions: str) -> bool:
    """Whether ``seen`` meets all clauses of ``versions``.

    Only the numbers count: ``2.2.0rc1`` and ``2.2.0+cu130`` are 2.2. So a
    pre-release of an excluded version is excluded too, and the builds of
    torch that hardware vendors label ``2.6.0a0`` are accepted.
    """
    try:
        numbers = Version(seen).base_version
    except InvalidVersion:
        return False
    return SpecifierSet(versions).contains(numbers)
