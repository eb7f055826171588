"""The shell parts of the two commands, with a pip that only takes notes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.demo_run import ROOT

PYTHON = f"""#!/usr/bin/env bash
case "$*" in
'-m pip config list') echo "$PIP_SETTINGS" ;;
'-m pip install'*) echo "${{@:3}}" >>"$NOTES"; exit "${{PIP_FAILS:-0}}" ;;
*torchaudio_or_raise*) echo 'it loads' ;;
*metadata.version*) echo "$THERE" ;;
*) exec {sys.executable} "$@" ;;
esac
"""
CPU = '--index-url https://download.pytorch.org/whl/cpu'
NO_GPU, GPU = 'has_gpu() { false; }', 'has_gpu() { true; }'

pytestmark = pytest.mark.skipif(
    shutil.which('bash') is None or sys.platform != 'linux',
    reason='the scripts take CPU wheels on Linux only',
)


@pytest.fixture
def ensure(tmp_path):
    """``ensure(before, extra, **env)``: what pip was asked for, and said."""
    venv, notes = tmp_path / 'venv', tmp_path / 'notes'
    (venv / 'bin').mkdir(parents=True)
    (venv / 'bin' / 'python').write_text(PYTHON)
    (venv / 'bin' / 'python').chmod(0o755)

    def run(before, extra='', status=0, **env):
        notes.write_text('')
        words = f'set -euo pipefail; source {ROOT}/tools/_env.sh; {before}; '
        # The links of an editable install are not made by this pip.
        done = subprocess.run(
            ['bash', '-c', f'{words} ensure_env {extra}; echo "PATH $PATH"'],
            env={
                'PATH': os.environ['PATH'],
                'VENV': str(venv),
                'NOTES': str(notes),
                'PIP_SETTINGS': '',
                'THERE': '',
                **env,
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status, done.stderr
        if not status:
            assert done.stdout.startswith(f'PATH {venv}/bin:')
        asked = [
            re.sub(r' --disable\S+ --log \S+', '', line)
            for line in notes.read_text().splitlines()
        ]
        return asked, done.stderr

    return run


def rest(extra=''):
    return f'install --editable {ROOT}{extra}'


PAIR = 'torch>=2.6 torchaudio>=2.6'


@pytest.mark.parametrize(
    ('before', 'env', 'asked', 'said'),
    [
        (NO_GPU, {}, [f'install {CPU} {PAIR}'], 'TORCH=cuda for the other'),
        (GPU, {}, [], 'torch with CUDA'),
        # pip is told where to look: that wins.
        (
            NO_GPU,
            {'PIP_SETTINGS': ":env:.index-url='https://me:secret@x/simple'"},
            [],
            'set to look (:env:.index-url)',
        ),
        (
            NO_GPU,
            {'PIP_SETTINGS': "global.extra-index-url='file:///x'"},
            [],
            'global.extra-index-url',
        ),
        (
            NO_GPU,
            {'PIP_SETTINGS': "global.timeout='9'"},
            [f'install {CPU} {PAIR}'],
            '',
        ),
        (NO_GPU, {'THERE': '2.9.0'}, [], 'torch 2.9.0 is there'),
        # What an extra needs besides comes from where that torch is from.
        (NO_GPU, {'THERE': '2.9.0+cpu'}, [f'install {CPU} {PAIR}'], ''),
        (NO_GPU, {'TORCH': 'keep'}, [], ''),
        (NO_GPU, {'TORCH': 'cuda'}, [], ''),
        (
            NO_GPU,
            {'TORCH': 'cuda', 'THERE': '2.9.0+cpu'},
            [f'install --force-reinstall {PAIR}'],
            '',
        ),
        (GPU, {'TORCH': 'cpu'}, [f'install {CPU} {PAIR}'], ''),
        (
            GPU,
            {'TORCH': 'cpu', 'THERE': '2.9.0'},
            [f'install --force-reinstall {CPU} {PAIR}'],
            '',
        ),
        (
            NO_GPU,
            {
                'TORCH_INDEX': 'https://mirror/whl',
                'PIP_SETTINGS': 'a.no-index=1',
            },
            [f'install --index-url https://mirror/whl {PAIR}'],
            '',
        ),
    ],
)
def test_which_torch(ensure, before, env, asked, said):
    found, told = ensure(before, **env)
    assert found == [*asked, rest()]
    assert said in told and 'secret' not in told
    assert re.search(r'== mmremix and what it needs: \d+ s', told)


def test_tests_take_torchvision_from_there_too(ensure):
    found, _ = ensure(NO_GPU, 'tests')
    assert found == [f'install {CPU} {PAIR} torchvision', rest('[tests]')]


def test_what_is_there_is_skipped(ensure):
    assert ensure(NO_GPU)[0]
    assert ensure(NO_GPU)[0] == []
    assert ensure(NO_GPU, 'docs')[0]
    # Another torch is asked for.
    assert ensure(NO_GPU, TORCH='keep')[0] == [rest()]
    assert ensure(NO_GPU, TORCH='keep')[0] == []


def test_a_failure_is_not_taken_for_done(ensure):
    assert ensure(NO_GPU, PIP_FAILS='3', status=3)[0]
    assert ensure(NO_GPU)[0]


def test_a_wrong_word(ensure):
    found, told = ensure(NO_GPU, TORCH='gpu', status=2)
    assert found == [] and 'TORCH=gpu: write auto, cpu, cuda or keep' in told


def test_a_driver_is_found(tmp_path):
    (tmp_path / 'nvidia-smi').write_text('#!/bin/sh\necho GPU 0\n')
    (tmp_path / 'nvidia-smi').chmod(0o755)
    path = f'{tmp_path}{os.pathsep}{os.environ["PATH"]}'
    subprocess.run(
        ['bash', '-c', f'source {ROOT}/tools/_torch.sh; has_gpu'],
        env={'PATH': path},
        check=True,
    )
