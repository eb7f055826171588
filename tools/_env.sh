# shellcheck shell=bash
# Sourced by run_tests.sh and quickstart.sh: one virtual environment for both.
#
#   VENV    where it is or is made        (default: .venv in the repository)
#   PYTHON  what makes it, 3.10 or later  (default: python3)

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=${VENV:-$ROOT/.venv}
PYTHON=${PYTHON:-python3}

# What an installation was made from: its requirements and the place of the
# checkout that an editable install points to.
install_stamp() {
    {
        printf '%s\n' "$ROOT" "$1"
        cat "$ROOT"/pyproject.toml "$ROOT"/setup.py \
            "$ROOT"/mmremix/version.py "$ROOT"/requirements/*.txt
    } | "$VENV/bin/python" -c \
        'import hashlib, sys
print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

# ensure_env [EXTRA]: make the environment if there is none, install the
# package editable with the extra unless that was done already, and put the
# environment first in PATH.
ensure_env() {
    local extra=${1:-} stamp_file stamp
    if [[ ! -x $VENV/bin/python ]]; then
        echo "Making a virtual environment in $VENV" >&2
        "$PYTHON" -m venv "$VENV"
    fi
    VENV=$(cd "$VENV" && pwd)
    stamp_file=$VENV/.mmremix-installed${extra:+-$extra}
    stamp=$(install_stamp "$extra")
    # mmremix/.mim is made by the install and lost with `git clean -x`.
    if [[ ! -d $ROOT/mmremix/.mim ]] || [[ ! -f $stamp_file ]] ||
        [[ $(<"$stamp_file") != "$stamp" ]]; then
        "$VENV/bin/python" -m pip install --quiet \
            --editable "$ROOT${extra:+[$extra]}"
        printf '%s\n' "$stamp" >"$stamp_file"
    fi
    export PATH="$VENV/bin:$PATH"
}
