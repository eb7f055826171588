#!/usr/bin/env bash
# From nothing to a table of results: makes an environment and demo data,
# trains on it, tests and summarizes.
#
#   bash tools/quickstart.sh [ARGS OF tools/train.py]
#
#   VENV, PYTHON  see _env.sh
set -euo pipefail

# shellcheck source=tools/_env.sh
source "$(dirname "${BASH_SOURCE[0]}")/_env.sh"
ensure_env
cd "$ROOT"

config=configs/remix_demo_concat.py
work_dir=work_dirs/remix_demo_concat

python tools/data/make_demo.py --out data/demo
python tools/train.py "$config" --work-dir "$work_dir" "$@"
# mmengine writes the path of the newest checkpoint into this file.
checkpoint=$(<"$work_dir/last_checkpoint")
python tools/test.py "$config" "$checkpoint" --work-dir "$work_dir"
python tools/analysis/summarize.py "$work_dir"
