#!/usr/bin/env bash
# Lint, type check, documentation and tests, in an environment that is made if there is none.
#
#   bash tools/run_tests.sh [PYTEST ARGS]
#
#   SKIP_LINT=1   run pytest only
#   TEST_WORKERS  processes to test with (default: 2)
#   VENV, PYTHON  see _env.sh
set -euo pipefail

# shellcheck source=tools/_env.sh
source "$(dirname "${BASH_SOURCE[0]}")/_env.sh"
# What is imported is compiled then, once: tests start many processes, and most of
# what is installed is never imported.
unset PYTHONDONTWRITEBYTECODE
export PIP_COMPILE=0
ensure_env tests
cd "$ROOT"

if [[ ${SKIP_LINT:-0} != 1 ]]; then
    ruff check .
    ruff format --check .
    # Beside each other, as each takes one core. What mypy says comes at the end.
    said=$(mktemp)
    mypy >"$said" 2>&1 &
    types=$!
    trap 'kill "$types" 2>/dev/null || true; rm -f "$said"' EXIT
    failed=()
    VENV="$VENV" EXTRA=tests bash tools/build_docs.sh || failed+=(documentation)
    wait "$types" || failed+=(mypy)
    cat "$said"
    rm -f "$said"
    trap - EXIT
    if ((${#failed[@]})); then
        echo "failed: ${failed[*]}" >&2
        exit 1
    fi
fi
# The processes share the cores; threads of torch would only wait for them.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
# Files stay together as far as that balances: what their tests share is made once.
python -m pytest -n "${TEST_WORKERS:-2}" --dist worksteal "$@"
