#!/usr/bin/env bash
# Train on a Slurm cluster.
#
#   bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG \
#       [ARGS OF tools/train.py]
#
#   GPUS           in total                   (default: 8)
#   GPUS_PER_NODE  at most this many a node   (default: 8)
#   CPUS_PER_TASK  for each GPU's process     (default: 5)
#   SRUN_ARGS      more arguments of srun, separated by spaces
#
# Ends with status 75 after SIGTERM or SIGUSR1: run it again with --resume.
# docs/resume.md has a batch script that does.
set -euo pipefail

if (($# < 3)); then
    echo "Usage: $0 PARTITION JOB_NAME CONFIG [ARGS OF tools/train.py]" >&2
    exit 2
fi
partition=$1
job_name=$2
config=$3
shift 3

gpus=${GPUS:-8}
gpus_per_node=${GPUS_PER_NODE:-8}
# Fewer GPUS than a node holds: ask for no more than those.
((gpus_per_node <= gpus)) || gpus_per_node=$gpus
read -r -a srun_args <<<"${SRUN_ARGS:-}"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"

# ${a[@]+...}: an empty array is an unset variable to bash before 4.4.
exec srun \
    --partition="$partition" \
    --job-name="$job_name" \
    --gres="gpu:$gpus_per_node" \
    --ntasks="$gpus" \
    --ntasks-per-node="$gpus_per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${srun_args[@]+"${srun_args[@]}"} \
    python -u "$root/tools/train.py" "$config" --launcher slurm "$@"
