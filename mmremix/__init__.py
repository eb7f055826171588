"""Data Remixing for audio-visual classifiers, as a plugin for mmengine.

Importing the package only compares the versions of the installed packages
with what mmremix works with (:mod:`mmremix.utils.versions`). It imports
neither torch nor mmengine, so it is quick; the pure functions in
:mod:`mmremix.remix` need torch alone.
"""

from mmremix.utils.versions import check_versions
from mmremix.version import __version__

check_versions()

__all__ = ['__version__']
