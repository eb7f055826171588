# shellcheck shell=bash
# Sourced by _env.sh: which torch an environment gets.
#
#   TORCH        auto  what is there stays; else CPU wheels on Linux without
#                      an NVIDIA driver, unless pip is told where to look for
#                      packages (PIP_INDEX_URL, pip.conf); else as pip is set
#                cpu   CPU wheels, in place of others if need be
#                cuda  as pip is set (PyPI has CUDA wheels for Linux), in
#                      place of CPU wheels if need be
#                keep  as pip is set; what is there stays
#   TORCH_INDEX  package index of the wheels, for a mirror or another build
#                (default of the CPU wheels: that of the makers of torch)

CPU_INDEX=https://download.pytorch.org/whl/cpu

has_gpu() {
    [[ -e /proc/driver/nvidia/version ]] || nvidia-smi -L >/dev/null 2>&1
}

# Settings by which pip is told where packages come from; names only, as
# values may hold passwords.
own_index_settings() {
    "$VENV/bin/python" -m pip config list 2>/dev/null |
        sed -nE 's/^([^=]*\.(index-url|extra-index-url|find-links|no-index))=.*/\1/p' |
        paste -sd ' '
}

torch_version() {
    "$VENV/bin/python" -c 'from importlib import metadata
try:
    print(metadata.version("torch"))
except metadata.PackageNotFoundError:
    pass'
}

# The lines of the requirements that have parts built for one kind of device.
torch_requirements() {
    local file
    for file in runtime ${1:+"$1"}; do
        sed -nE 's/^(torch(audio|vision)?([<>=!~ ].*)?)$/\1/p' \
            "$ROOT/requirements/$file.txt"
    done
}

# ensure_torch EXTRA: install it before the rest, if it must come from
# another index than the rest or take the place of another build.
ensure_torch() {
    local choice=${TORCH:-auto} index=${TORCH_INDEX:-} there own
    local options=() requirements=()
    there=$(torch_version)
    case $choice in
    auto)
        own=$(own_index_settings)
        if [[ $there != *+cpu && -n $there ]]; then
            echo "   torch $there is there and stays" >&2
            return
        elif [[ -n $own && -z $index ]]; then
            echo "   torch comes from where pip is set to look ($own)" >&2
            return
        elif [[ -z $there ]] && has_gpu; then
            echo '   an NVIDIA driver: torch with CUDA' >&2
        elif [[ $(uname -s) == Linux ]]; then
            echo '   no NVIDIA driver: torch for CPUs (TORCH=cuda for the other)' >&2
            index=${index:-$CPU_INDEX}
        fi
        ;;
    cpu)
        index=${index:-$CPU_INDEX}
        [[ -z $there || $there == *+cpu ]] || options+=(--force-reinstall)
        ;;
    cuda)
        [[ $there != *+cpu ]] || options+=(--force-reinstall)
        ;;
    keep)
        return
        ;;
    *)
        echo "TORCH=$choice: write auto, cpu, cuda or keep" >&2
        return 2
        ;;
    esac
    [[ -z $index ]] || options+=(--index-url "$index")
    if ((${#options[@]})); then
        # mapfile is not in the bash of macOS.
        IFS=$'\n' read -r -d '' -a requirements < <(
            torch_requirements "${1:-}"
            printf '\0'
        )
        step 'torch' pip_install "${options[@]}" "${requirements[@]}"
    fi
}
