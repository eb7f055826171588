"""Settings of the documentation; ``bash tools/build_docs.sh`` builds it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / '_ext'), str(HERE.parent)]

from mmremix.version import __version__  # noqa: E402

project = 'mmremix'
author = 'the authors of mmremix'
project_copyright = 'the authors of mmremix, Apache-2.0'
release = version = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    # Of docs/_ext: tables of options, from docstrings and parsers; formulas.
    'options_table',
    'command_table',
    'mathml',
]
exclude_patterns = ['_build', '_ext']
root_doc = 'index'

# Sections can be linked by their heading, as on GitHub.
myst_heading_anchors = 3
myst_enable_extensions = ['dollarmath', 'attrs_block']

autodoc_member_order = 'groupwise'
autodoc_typehints_format = 'short'
# Their docstrings are not ours, and not all of them are valid markup.
autodoc_inherit_docstrings = False
autodoc_default_options = {'members': True, 'show-inheritance': True}
python_maximum_signature_line_length = 72
napoleon_numpy_docstring = False
# Attributes of data classes as fields, else each would be there twice.
napoleon_use_ivar = True

# Checked are names of what is public. Nothing is fetched while building, so
# names of other packages have nothing to link to; modules have no pages.
nitpick_ignore_regex = [
    (r'py:.*', r'(?s)(?!mmremix\.\w+\.\w+$).*'),
    (r'py:mod', r'.*'),
]

# Options are quoted as they are typed: --dump, 'skip'.
smartquotes = False

html_math_renderer = 'mathml'
html_theme = 'furo'
html_title = f'mmremix {__version__}'
html_static_path = ['_static']
html_css_files = ['wide_tables.css']
html_copy_source = False
html_show_sourcelink = False


def _letters_are_no_lists(app, what, name, obj, options, lines) -> None:
    """``num_classes: M.`` is a description, not item M of a list."""
    lines[:] = [
        re.sub(r'^(\s+\w+: )(\w\.)(?=\s|$)', r'\1\\\2', x) for x in lines
    ]


def setup(app) -> None:
    # Before napoleon (500).
    app.connect(
        'autodoc-process-docstring', _letters_are_no_lists, priority=400
    )
