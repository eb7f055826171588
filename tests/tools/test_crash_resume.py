"""Two ranks, killed and resumed, end like two that were not."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.demo_run import ROOT


def test_two_ranks(tmp_path):
    command = [
        *(sys.executable, 'tools/benchmarks/crash_resume.py'),
        *('--kills=2', '--ranks=2', '--epochs=3', f'--out={tmp_path}'),
    ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r'\n2 kills, 2 rank\(s\)', done.stdout)
    assert done.stdout.endswith('\n0 differences\n')
