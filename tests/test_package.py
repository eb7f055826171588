"""The wheel, the source distribution, and what an import pulls in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.demo_run import tiny_options

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (
    'CHANGELOG.md',
    'CITATION.cff',
    'CONTRIBUTING.md',
    'LICENSE',
    'MANIFEST.in',
    'README.md',
    'configs',
    'mmremix',
    'model-index.yml',
    'pyproject.toml',
    'requirements',
    'requirements.txt',
    'setup.py',
    'tools',
)
SHIPPED = ('configs', 'tools', 'model-index.yml')


def run(
    *command: str, cwd: Path, **env: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def build(kind: str, checkout: Path) -> Path:
    """Build with the hooks that pip calls; returns the file made."""
    out = checkout.parent / f'{kind}-out'
    out.mkdir(exist_ok=True)
    hook = f'import setuptools.build_meta as b; b.build_{kind}({str(out)!r})'
    run(sys.executable, '-c', hook, cwd=checkout)
    (made,) = out.iterdir()
    return made


def build_wheel(checkout: Path, out: Path) -> set[str]:
    """Build as users do; returns the names in the wheel."""
    run(
        *(sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps'),
        *('--no-build-isolation', '--no-index', '-w', str(out), '.'),
        cwd=checkout,
    )
    (wheel,) = out.glob('mmremix-*.whl')
    return names_in(wheel)


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        # A link would be stored with the link bit of its file mode.
        links = [i for i in archive.infolist() if i.external_attr >> 29 == 5]
        assert links == []
        return set(archive.namelist())


def files_below(folder: Path) -> set[str]:
    if folder.is_file():
        return {folder.name}
    return {
        file.relative_to(folder.parent).as_posix()
        for file in folder.rglob('*')
        if file.is_file()
        and '__pycache__' not in file.parts
        and '.mim' not in file.parts
    }


def mim_files(root: Path) -> set[str]:
    """What must be in ``mmremix/.mim``, as paths in the package."""
    return {
        f'mmremix/.mim/{name}'
        for shipped in SHIPPED
        if (root / shipped).exists()
        for name in files_below(root / shipped)
    }


def copy_checkout(copy: Path) -> Path:
    """A copy to build in: building leaves ``build/`` behind."""
    copy.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns('__pycache__', '.mim')
            shutil.copytree(ROOT / name, copy / name, ignore=ignore)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """For a test that changes it."""
    return copy_checkout(tmp_path / 'checkout')


@dataclass(frozen=True)
class Built:
    """What was built once, from a checkout that is gone."""

    mim: set[str]  # what the checkout had for it
    wheel: Path
    names: set[str]  # in the wheel
    sdist: Path


@pytest.fixture(scope='module')
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp('built')
    checkout = copy_checkout(folder / 'checkout')
    # First, so that nothing built before can get into it.
    sdist = build('sdist', checkout)
    names = build_wheel(checkout, folder / 'wheel')
    (wheel,) = (folder / 'wheel').iterdir()
    mim = mim_files(checkout)
    shutil.rmtree(checkout)
    return Built(mim, wheel, names, sdist)


def test_wheel_holds_the_package_and_what_mim_looks_for(built: Built) -> None:
    import mmremix

    assert built.wheel.name.split('-')[1] == mmremix.__version__
    package = files_below(ROOT / 'mmremix')
    assert 'mmremix/py.typed' in package
    assert 'mmremix/remix/__init__.py' in package
    mim = mim_files(ROOT)
    assert {'configs', 'tools'} <= {name.split('/')[2] for name in mim}
    ours = {name for name in built.names if name.startswith('mmremix/')}
    assert ours == package | mim


def test_every_folder_with_modules_is_a_package() -> None:
    """A folder without ``__init__.py`` would be left out of the wheel."""
    folders = {file.parent for file in (ROOT / 'mmremix').rglob('*.py')}
    missing = [
        str(folder.relative_to(ROOT))
        for folder in folders
        if '.mim' not in folder.parts and not (folder / '__init__.py').exists()
    ]
    assert missing == []


def test_editable_install_links_and_later_wheels_copy(
    checkout: Path, tmp_path: Path, built: Built
) -> None:
    before = set(os.listdir(checkout)) | {'build', 'mmremix.egg-info'}
    build('editable', checkout)
    link = checkout / 'mmremix/.mim/configs'
    assert link.is_symlink()
    # Relative, so that a checkout can be moved.
    assert not Path(os.readlink(link)).is_absolute()
    assert link.resolve() == checkout / 'configs'
    assert set(os.listdir(checkout)) <= before

    (checkout / 'mmremix/.mim/stale.py').write_text('')
    extra = [checkout / 'mmremix/gone.py', checkout / 'configs/gone.py']
    for file in extra:
        file.write_text('')
    first = build_wheel(checkout, tmp_path / 'first')
    mim = {name for name in first if '/.mim/' in name}
    assert mim == mim_files(checkout)
    assert link.is_symlink(), 'building a wheel changed the checkout'

    # A wheel after a wheel holds no deleted files.
    for file in extra:
        file.unlink()
    second = names_in(build('wheel', checkout))
    assert first - second == {
        'mmremix/gone.py',
        'mmremix/.mim/configs/gone.py',
    }
    # What was built before is not seen in it.
    assert second == built.names


def test_source_distribution_is_complete(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        assert not any(member.issym() for member in archive.getmembers())
        archive.extractall(tmp_path / 'unpacked', filter='data')
    (unpacked,) = (tmp_path / 'unpacked').iterdir()
    assert built.mim <= {
        f'mmremix/{name}'
        for name in (
            file.relative_to(unpacked / 'mmremix').as_posix()
            for file in (unpacked / 'mmremix/.mim').rglob('*')
        )
    }
    for name in SOURCES:
        assert (unpacked / name).exists(), name
    # pip builds a wheel from it, which is the same as ours.
    assert build_wheel(unpacked, tmp_path / 'from-sdist') == built.names


def metadata(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith('/METADATA'))
        return archive.read(name).decode()


def test_a_new_environment_needs_no_checkout(
    built: Built, tmp_path: Path, demo_root: Path
) -> None:
    """Install, train: with the config by its name, anywhere."""
    place, away = tmp_path / 'place', tmp_path / 'away'
    # Compiling what is not imported takes longer than the training.
    run(
        *(sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps'),
        *('--no-index', '--no-compile'),
        *('--target', str(place), str(built.wheel)),
        cwd=tmp_path,
    )
    away.mkdir()
    options = tiny_options(demo_root, epochs=1) | {
        'train_dataloader.dataset.indices': 8,
        'val_dataloader.dataset.indices': 4,
    }
    # Of a config without Remix.
    del options['method_remix.plan.warmup_epochs']
    run(
        *(str(place / 'bin' / 'mmremix'), 'train', 'joint_demo_concat'),
        *('--cfg-options', *(f'{k}={v}' for k, v in options.items())),
        cwd=away,
        PYTHONPATH=str(place),
        OMP_NUM_THREADS='1',
    )
    work_dir = away / 'work_dirs' / 'joint_demo_concat'
    assert (work_dir / 'epoch_1.pth').is_file()
    (log,) = work_dir.glob('*/*.log')
    assert str(ROOT) not in log.read_text().replace(str(demo_root), '')


def test_wheel_says_who_and_what_for(checkout: Path, built: Built) -> None:
    text = metadata(built.wheel)
    head, _, readme = text.partition('\n\n')
    for line in (
        'Author: mmremix contributors',
        'Description-Content-Type: text/markdown',
        'Project-URL: Paper, https://arxiv.org/abs/2506.11550',
        'Classifier: Programming Language :: Python :: 3.12',
    ):
        assert line in head.splitlines()
    # Without an address of the repository, no link leads nowhere.
    targets = re.findall(r'\]\(([^)\s]+)\)', readme)
    assert targets
    assert all(target.startswith('https://') for target in targets)
    project = checkout / 'pyproject.toml'
    project.write_text(
        project.read_text().replace(
            'Paper = ', 'Repository = "https://x.example/y/z"\nPaper = '
        )
    )
    readme = metadata(build('wheel', checkout))
    assert '](https://x.example/y/z/blob/HEAD/docs/method.md)' in readme
    assert '](https://x.example/y/z/raw/HEAD/docs/_static/' in readme
    assert '](docs/' not in readme


def python(code: str) -> str:
    done = run(
        *(sys.executable, '-c', code), cwd=ROOT.parent, PYTHONPATH=str(ROOT)
    )
    return done.stdout


def test_import_pulls_in_no_heavy_package() -> None:
    loaded = python(
        'import json, sys, mmremix, mmremix.utils\n'
        'print(json.dumps(sorted({n.split(".")[0] for n in sys.modules})))'
    )
    heavy = {'torch', 'torchaudio', 'mmengine', 'mmcv', 'mmaction', 'cv2'}
    assert heavy & set(json.loads(loaded)) == set()


def test_pure_functions_need_torch_alone() -> None:
    out = python(
        'import sys\n'
        'for name in ("mmengine", "mmcv", "mmaction", "cv2", "numpy",\n'
        '             "torchaudio", "av", "scipy"):\n'
        '    sys.modules[name] = None\n'
        'import torch\n'
        'from mmremix.remix import assign_weakest\n'
        'scores = torch.tensor([[0.2, 0.1], [0.0, 3.0]])\n'
        'print(assign_weakest(scores).tolist())'
    )
    assert out.strip() == '[1, 0]'


def test_registry_says_what_to_install() -> None:
    out = python(
        'import sys\n'
        'sys.modules["mmengine"] = None\n'
        'try:\n'
        '    import mmremix.registry\n'
        'except ImportError as error:\n'
        '    print(error)'
    )
    assert 'pip install "mmengine==0.10.7"' in out


@pytest.mark.parametrize('first', [True, False])
def test_a_package_named_tests_elsewhere_is_in_nobodys_way(
    tmp_path: Path, first: bool
) -> None:
    """openmim installs one; ours is imported by tests, tools and configs."""
    (tmp_path / 'tests').mkdir()
    (tmp_path / 'tests' / '__init__.py').touch()
    (tmp_path / 'tests' / 'demo_run.py').touch()
    path = [str(ROOT), str(tmp_path)]
    # pytest puts the checkout first itself (pythonpath in pyproject.toml).
    collected = run(
        *(sys.executable, '-m', 'pytest', '--collect-only', '-q'),
        *(
            '-p',
            'no:cacheprovider',
            '--noconftest',
            'tests/docs/test_links.py',
        ),
        cwd=ROOT,
        PYTHONPATH=os.pathsep.join(path[::-1] if first else path),
        PYTEST_DISABLE_PLUGIN_AUTOLOAD='1',
    )
    assert 'tests/docs/test_links.py::' in collected.stdout
    # Tools and configs that name modules of ours.
    code = (
        f'import sys; sys.path[:0] = [{str(ROOT)!r}]; '
        f'sys.path.append({str(tmp_path)!r}); '
        'import tests.demo_run as m; print(m.__file__)'
    )
    found = run(sys.executable, '-c', code, cwd=tmp_path.parent)
    assert Path(found.stdout.strip()) == ROOT / 'tests' / 'demo_run.py'
