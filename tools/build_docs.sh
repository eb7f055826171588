#!/usr/bin/env bash
# Build the documentation into docs/_build/html; a warning is an error.
#
#   bash tools/build_docs.sh [ARGS OF sphinx-build]
#
#   VENV, PYTHON  see _env.sh
#   EXTRA         requirements to install (default: docs)
set -euo pipefail

# shellcheck source=tools/_env.sh
source "$(dirname "${BASH_SOURCE[0]}")/_env.sh"
ensure_env "${EXTRA:-docs}"
cd "$ROOT"

# -E -a: from scratch, as nothing tells Sphinx that a docstring has changed.
python -m sphinx -W --keep-going -n -q -E -a -d docs/_build/doctrees \
    docs docs/_build/html "$@"
echo "docs/_build/html/index.html"
