"""The loader benchmark, as a user runs it, on a few small clips."""

from __future__ import annotations

import json
import multiprocessing
import time
from pathlib import Path
from typing import Any

import pytest

from tests.tool_run import Done, run_tool

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / 'tools' / 'benchmarks' / 'loader.py'
COPIES = ('', ', packed as array', ', packed as clip', ', sound packed')
ITEMS = ('joint', 'audio', 'video', 'scoring')


def run(*arguments: str) -> Done:
    return run_tool(str(SCRIPT), *arguments)


def test_figures(demo_root: Path, tmp_path: Path) -> None:
    out = tmp_path / 'figures.json'
    done = run(
        *('--config', 'configs/remix_demo_concat.py'),
        *('--clips', str(demo_root / 'clips'), '--num', '3'),
        *('--rounds', '2', '--workers', '0', '1', '--json', str(out)),
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text())
    clips = figures['clips']
    assert (clips['clips'], clips['rounds']) == (3, 2)
    assert clips['codecs'] == ['h264', 'aac']
    cpu = figures['cpu_ms']
    for item in ITEMS:
        for copy in COPIES:
            row = cpu[item + copy]
            assert 0 < row['min'] <= row['median'] <= row['max']
    pyav = cpu['mmaction2 PyAV']['median']
    assert figures['ratios'][
        'joint / (mmaction2 PyAV + audio)'
    ] == pytest.approx(
        cpu['joint']['median'] / (pyav + cpu['audio']['median'])
    )
    assert figures['ratios']['audio / joint'] == pytest.approx(
        cpu['audio']['median'] / cpu['joint']['median']
    )
    rows = {(row['way'], row['workers']) for row in figures['workers']}
    names = (*ITEMS, 'mmaction2 PyAV')
    assert rows == {(name, n) for name in names for n in (0, 1)}
    assert 'audio / joint' in done.stdout and 'samples/s' in done.stdout


def test_empty_folder(tmp_path: Path) -> None:
    done = run('--clips', str(tmp_path))
    assert done.returncode == 1 and 'no files there' in done.stderr


def work(seconds: float, done: Any, leave: Any) -> None:
    begin = time.process_time()
    while time.process_time() - begin < seconds:
        pass
    done.set()
    leave.wait()


def test_clock_counts_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    from loader_measure import cpu_seconds

    done, leave = multiprocessing.Event(), multiprocessing.Event()
    child = multiprocessing.Process(target=work, args=(0.3, done, leave))
    begin = cpu_seconds()
    child.start()
    assert done.wait(60)
    assert cpu_seconds() - begin >= 0.3
    leave.set()
    child.join()
