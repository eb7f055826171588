"""Adds ``mmremix/.mim`` and the readme to what pyproject.toml describes.

The tools of OpenMMLab look for configs and scripts of an installed package in
``<package>/.mim``. Wheels and source distributions get copies there, made in
the build folder; an editable install gets links in the checkout.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / 'mmremix'
SHIPPED = ('configs', 'tools', 'model-index.yml')


def shipped() -> list[Path]:
    return [ROOT / name for name in SHIPPED if (ROOT / name).exists()]


def long_description() -> str:
    """README.md with links that work away from the checkout.

    They lead to the address of the repository in pyproject.toml. Without one
    there is nothing to lead to: links are left out, their words stay.
    """
    project = (ROOT / 'pyproject.toml').read_text(encoding='utf-8')
    found = re.search(r'^Repository = "(.+?)/?"$', project, re.MULTILINE)

    def link(match: re.Match[str]) -> str:
        image, words, target = match.groups()
        if re.match(r'[a-z]+:|#', target):
            return match[0]
        if found is None:
            return '' if image else words
        kind = 'raw' if image else 'blob'
        return f'{image}[{words}]({found[1]}/{kind}/HEAD/{target})'

    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    return re.sub(r'(!?)\[([^\]]*)\]\(([^)\s]+)\)', link, text)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        ignore = shutil.ignore_patterns('__pycache__', '*.py[cod]')
        shutil.copytree(source, target, ignore=ignore)
    else:
        shutil.copy2(source, target)


def copy_mim(package: Path) -> None:
    remove(package / '.mim')
    (package / '.mim').mkdir(parents=True)
    for source in shipped():
        copy(source, package / '.mim' / source.name)


def link_mim() -> None:
    mim = PACKAGE / '.mim'
    remove(mim)
    mim.mkdir()
    for source in shipped():
        try:
            (mim / source.name).symlink_to(
                Path('..', '..', source.name),
                target_is_directory=source.is_dir(),
            )
        except OSError:  # Windows lets only some users make links
            copy(source, mim / source.name)


class BuildPy(build_py):
    """Also runs for editable installs, where ``sys.argv`` tells nothing."""

    def run(self) -> None:
        if self.editable_mode:
            super().run()
            link_mim()
            return
        target = Path(self.build_lib, 'mmremix').resolve()
        if target != PACKAGE:  # modules deleted since the last build
            remove(target)
        super().run()
        copy_mim(target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        outputs = super().get_outputs(include_bytecode)
        if self.editable_mode:
            return outputs
        mim = Path(self.build_lib, 'mmremix', '.mim')
        return outputs + [str(p) for p in mim.rglob('*') if p.is_file()]


class Sdist(sdist):
    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        copy_mim(Path(base_dir, 'mmremix'))


setup(
    long_description=long_description(),
    long_description_content_type='text/markdown',
    cmdclass={'build_py': BuildPy, 'sdist': Sdist},
)
