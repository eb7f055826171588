#!/usr/bin/env bash
# Train on the GPUs of one or several machines, with torchrun.
#
#   bash tools/dist_train.sh CONFIG GPUS [ARGS OF tools/train.py]
#
# GPUS is per machine. On several machines, start it on each with
#   NNODES       number of machines                (default: 1)
#   NODE_RANK    0 for the first, 1 for the next   (default: 0)
#   MASTER_ADDR  address of the first              (default: 127.0.0.1)
#   PORT         free port on the first            (default: 29500)
# and, to start all ranks again where one has died (give --resume too), with
#   MAX_RESTARTS so many times                     (default: 0)
#
# SIGTERM and SIGUSR1 stop the run in good order (docs/resume.md). torchrun
# passes them on, and ends with status 1 where tools/train.py ends with 75.
set -euo pipefail

if (($# < 2)); then
    echo "Usage: $0 CONFIG GPUS [ARGS OF tools/train.py]" >&2
    exit 2
fi
config=$1
gpus=$2
shift 2

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"

# Signals that torchrun passes on; older versions read the second name.
signals=SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1
export PET_SIGNALS_TO_HANDLE=${PET_SIGNALS_TO_HANDLE:-$signals}
export TORCHELASTIC_SIGNALS_TO_HANDLE=$PET_SIGNALS_TO_HANDLE

exec torchrun \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --nproc_per_node="$gpus" \
    --max_restarts="${MAX_RESTARTS:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    "$root/tools/train.py" "$config" --launcher pytorch "$@"
