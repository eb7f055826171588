"""Stubs for what the mmaction2 wheel cannot import.

Fake packages stand in for mmaction, each in an interpreter of its own: what
is imported there must not reach the other tests.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import packaging
import pytest

ROOT = Path(__file__).resolve().parents[2]
DRN = 'mmaction.models.localizers.drn.drn'
MULTIMODAL = 'mmaction.models.multimodal'

REGISTRY = """
class Registry(dict):
    def register_module(self, name, module):
        assert name not in self, name
        self[name] = module

MODELS = Registry()
"""

MODULES = {
    'mmaction/__init__.py': '',
    'mmaction/registry.py': REGISTRY,
    'mmaction/models/__init__.py': (
        'from .localizers import *\nfrom .multimodal import *\n'
    ),
    'mmaction/models/localizers/__init__.py': (
        "from .drn.drn import DRN\n__all__ = ['DRN']\n"
    ),
    'mmaction/models/multimodal/__init__.py': (
        'from importlib.metadata import PackageNotFoundError, version\n'
        'try:\n'
        "    version('transformers')\n"
        'except PackageNotFoundError:\n'
        "    kind = 'own placeholders'\n"
        'else:\n'
        '    from .vindlu import *\n'
    ),
    'mmaction/models/multimodal/vindlu/__init__.py': (
        'from transformers.modeling_utils import chunk\n'
        'import timm.models.layers\n'
        'from timm.models.layers import DropPath\n'
        "kind = 'real'\n"
    ),
}
# A folder without __init__.py, as in the source repository.
DRN_SOURCE = {'mmaction/models/localizers/drn/drn.py': "DRN = 'real'\n"}
TRANSFORMERS = {
    'transformers-9.9.dist-info/METADATA': (
        'Metadata-Version: 2.1\nName: transformers\nVersion: 9.9\n'
    ),
    'transformers/__init__.py': '',
    'transformers/modeling_utils.py': 'chunk = 1\n',
}
TIMM = {
    'timm/__init__.py': '',
    'timm/models/__init__.py': '',
    'timm/models/layers.py': 'DropPath = 1\n',
}


def write(folder: Path, *groups: dict[str, str]) -> None:
    for group in groups:
        for name, text in group.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)


def python(folder: Path, code: str) -> str:
    """Run code that sees the fakes in ``folder`` before what is installed."""
    # -S hides the installed packages, above all a real transformers; only
    # what mmremix itself imports is let through.
    own = folder / 'packaging'
    if not own.exists():
        own.symlink_to(Path(packaging.__file__).parent)
    done = subprocess.run(
        [sys.executable, '-S', '-W', 'ignore', '-c', code],
        env={
            **os.environ,
            'PYTHONPATH': os.pathsep.join([str(folder), str(ROOT)]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


MAKE = (
    'from mmremix.utils import make_mmaction_importable as make\n'
    'import sys\n'
    'before = set(sys.modules)\n'
    'print(make(), make())\n'
    'print([n for n in sorted(set(sys.modules) - before)\n'
    "       if n.startswith('mmaction')])\n"
)


def test_whole_package_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, MODULES, DRN_SOURCE, TRANSFORMERS, TIMM)
    out = python(
        tmp_path,
        MAKE + 'import mmaction.models as m\n'
        'from mmaction.registry import MODELS\n'
        'print(m.DRN, m.kind, MODELS)',
    )
    assert out.splitlines() == ['() ()', '[]', 'real real {}']


def test_missing_localizer_gets_a_stub(tmp_path: Path) -> None:
    write(tmp_path, MODULES)
    out = python(
        tmp_path,
        MAKE + 'import mmaction.models as m\n'
        'from mmaction.registry import MODELS\n'
        "print(list(MODELS), MODELS['DRN'] is m.DRN, m.kind)\n"
        'try:\n'
        '    m.DRN(feature_dim=8)\n'
        'except ImportError as error:\n'
        '    print(error)',
    )
    first, loaded, models, error = out.splitlines()
    assert first == f"('{DRN}',) ()"
    # The stub alone: mmaction itself was not imported for it.
    assert loaded == f"['{DRN}']"
    assert models == "['DRN'] True own placeholders"
    assert error.startswith('DRN cannot be built: the installed mmaction2')
    assert 'Install mmaction2 from its source repository' in error


@pytest.mark.parametrize(
    ('fakes', 'reason'),
    [
        ([TRANSFORMERS], "No module named 'timm'"),
        (
            [TRANSFORMERS, TIMM, {'transformers/modeling_utils.py': ''}],
            'transformers.modeling_utils has no chunk',
        ),
        (
            [TRANSFORMERS, TIMM, {'timm/__init__.py': 'raise OSError(1)'}],
            'timm.models.layers: OSError: 1',
        ),
    ],
)
def test_vindlu_that_cannot_be_imported_gets_a_stub(
    tmp_path: Path, fakes: list[dict[str, str]], reason: str
) -> None:
    write(tmp_path, MODULES, DRN_SOURCE, *fakes)
    out = python(
        tmp_path,
        MAKE + 'import mmaction.models as m\n'
        'from mmaction.registry import MODELS\n'
        'print(sorted(MODELS))\n'
        'try:\n'
        '    m.VindLUVQA()\n'
        'except ImportError as error:\n'
        '    print(error)',
    )
    first, _, models, error = out.splitlines()
    assert first == f"('{MULTIMODAL}',) ()"
    assert models == str(['VindLURetrieval', 'VindLURetrievalMC', 'VindLUVQA'])
    assert error.startswith('VindLUVQA cannot be built')
    assert reason in error


def test_stub_has_no_other_names(tmp_path: Path) -> None:
    write(tmp_path, MODULES)
    out = python(
        tmp_path,
        MAKE + f"drn = sys.modules['{DRN}']\n"
        "print(hasattr(drn, '__path__'), hasattr(drn, 'Other'))",
    )
    assert out.splitlines()[-1] == 'False False'


def test_imported_modules_are_not_replaced(tmp_path: Path) -> None:
    write(tmp_path, MODULES, TRANSFORMERS)
    out = python(
        tmp_path,
        'import sys\n'
        f"sys.modules['{DRN}'] = sys.modules['{MULTIMODAL}'] = sys\n" + MAKE,
    )
    assert out.splitlines()[0] == '() ()'


def test_without_mmaction(tmp_path: Path) -> None:
    out = python(
        tmp_path,
        MAKE + 'from mmremix.utils import import_mmaction_models\n'
        'try:\n'
        '    import_mmaction_models()\n'
        'except ImportError as error:\n'
        '    print(error)',
    )
    assert out.splitlines()[0] == '() ()'
    assert '"mmaction2==1.2.0"' in out.splitlines()[-1]


def test_installed_mmaction_models_are_imported() -> None:
    from mmremix.utils import import_mmaction_models

    models = import_mmaction_models()
    assert models.__name__ == 'mmaction.models'

    from mmaction.registry import MODELS

    backbone = MODELS.build(
        {'type': 'mmaction.ResNet', 'depth': 18, 'pretrained': None}
    )
    assert type(backbone) is models.ResNet
    drn = 'mmaction.models.localizers.drn'
    if importlib.util.find_spec(drn) is None:  # as in the wheel
        with pytest.raises(ImportError, match='DRN cannot be built'):
            MODELS.build({'type': 'mmaction.DRN'})
