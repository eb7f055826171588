# shellcheck shell=bash
# Sourced by run_tests.sh and quickstart.sh: one virtual environment for both.
#
#   VENV    where it is or is made        (default: .venv in the repository)
#   PYTHON  what makes it, 3.10 or later  (default: python3)
#   TORCH, TORCH_INDEX  see _torch.sh

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=${VENV:-$ROOT/.venv}
PYTHON=${PYTHON:-python3}

# shellcheck source=tools/_torch.sh
source "$ROOT/tools/_torch.sh"

# step WHAT COMMAND...: run it between two lines, the second with its seconds.
step() {
    local what=$1 start=$SECONDS
    shift
    echo "== $what" >&2
    "$@" || return
    echo "== $what: $((SECONDS - start)) s" >&2
}

# pip install, with a sign of life while packages are unpacked, and where
# pip has no bar because this is no terminal.
pip_install() {
    local log pulse status=0 start=$SECONDS
    log=$(mktemp)
    while sleep 15 </dev/null >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        if [[ ! -t 1 ]] || grep -q 'Installing collected' "$log"; then
            echo "   $((SECONDS - start)) s," \
                "$(du -sm "$VENV" 2>/dev/null | cut -f1) MB installed" >&2
        fi
    done &
    pulse=$!
    "$VENV/bin/python" -m pip install --disable-pip-version-check \
        --log "$log" "$@" || status=$?
    kill "$pulse" 2>/dev/null
    wait "$pulse" 2>/dev/null
    rm -f "$log"
    return "$status"
}

# What an installation was made from: its requirements, the place of the
# checkout that an editable install points to, and the kind of torch.
install_stamp() {
    {
        printf '%s\n' "$ROOT" "$1" "${TORCH:-auto} ${TORCH_INDEX:-}"
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
        step "environment in $VENV" "$PYTHON" -m venv "$VENV"
    fi
    VENV=$(cd "$VENV" && pwd)
    stamp_file=$VENV/.mmremix-installed${extra:+-$extra}
    stamp=$(install_stamp "$extra")
    # mmremix/.mim is made by the install and lost with `git clean -x`.
    if [[ ! -d $ROOT/mmremix/.mim ]] || [[ ! -f $stamp_file ]] ||
        [[ $(<"$stamp_file") != "$stamp" ]]; then
        ensure_torch "$extra"
        step "mmremix${extra:+[$extra]} and what it needs" \
            pip_install --editable "$ROOT${extra:+[$extra]}"
        # A torchaudio of another build installs, but does not load.
        "$VENV/bin/python" -c 'import torch
from mmremix.utils.versions import torchaudio_or_raise
torchaudio_or_raise()
device = "a GPU" if torch.cuda.is_available() else "the CPU"
print(f"   torch {torch.__version__} on {device}")' >&2
        printf '%s\n' "$stamp" >"$stamp_file"
    fi
    export PATH="$VENV/bin:$PATH"
}
