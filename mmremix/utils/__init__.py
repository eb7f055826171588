"""Helpers around other packages. Importing this imports none of them."""

from mmremix.utils.errors import ConfigError, MmremixError
from mmremix.utils.mmaction_compat import (
    import_mmaction_models,
    make_mmaction_importable,
)
from mmremix.utils.versions import (
    check_versions,
    require,
    torchaudio_or_raise,
)

__all__ = [
    'ConfigError',
    'MmremixError',
    'check_versions',
    'import_mmaction_models',
    'make_mmaction_importable',
    'require',
    'torchaudio_or_raise',
]
