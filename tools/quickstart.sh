#!/usr/bin/env bash
# From nothing to a comparison: makes an environment and demo data, trains
# jointly and with Remix, and says what came of it.
#
#   bash tools/quickstart.sh [ARGS OF tools/train.py, for both runs]
#
#   VENV, PYTHON, TORCH, TORCH_INDEX  see _env.sh and _torch.sh
set -euo pipefail

# shellcheck source=tools/_env.sh
source "$(dirname "${BASH_SOURCE[0]}")/_env.sh"
ensure_env
cd "$ROOT"

joint=joint_demo_concat remix=remix_demo_concat

step 'demo clips' python tools/data/make_demo.py --out data/demo
step 'joint training' python tools/train.py "configs/$joint.py" \
    --work-dir "work_dirs/$joint" "$@"
step 'Remix' python tools/train.py "configs/$remix.py" \
    --work-dir "work_dirs/$remix" "$@"
python tools/analysis/summarize.py --brief "work_dirs/$joint" "work_dirs/$remix"

cat <<END

Next, after  . $VENV/bin/activate
  mmremix report work_dirs/$joint work_dirs/$remix   # curves and samples, in report.html
  mmremix diagnose configs/$joint.py                 # is balancing likely to help?
  mmremix new data/mine --out mine.py                # a config that fits your clips
END
