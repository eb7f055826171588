"""Kill the preparation of Kinetics-Sounds again and again, compare the end.

.. code-block:: shell

    python tools/benchmarks/prepare_kill.py --kills 10

Makes a tree as Kinetics is downloaded (31 classes, demo clips, some of them
broken in ways that downloads are), runs the command line once undisturbed,
then into another folder, killed (SIGKILL) at random moments: after so many
clips, after so long, and while results are written. Ends with status 1 if the
two folders differ in a byte, if a problem is not listed, or if a clip that
was checked before a kill is checked again.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kinetics_tree import (
    arguments,
    checked,
    files_of,
    listed_reasons,
    make_tree,
)

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'data' / 'prepare_kinetics_sounds.py'
_WRITTEN = (
    *('.prepare.jsonl', 'checksums.sha256', 'train.csv', 'val.csv'),
    *('test.csv', 'broken.csv', 'report.txt', 'report.png'),
)


class Killer:
    """Starts the tool and kills it at a moment drawn at random."""

    def __init__(self, command: list[str], out: Path, seed: int) -> None:
        self._command = command
        self._out = out
        self._random = random.Random(seed)

    def moment(
        self, number: int, kills: int, clips: int, seconds: float
    ) -> tuple[str, Callable[[], bool]]:
        """What to wait for: the last four of ten are in the writing."""
        start = time.time()
        if number in (kills // 2, kills // 2 + 1):
            wait = self._random.uniform(0.2, seconds)
            return f'after {wait:.2f} s', lambda: time.time() - start > wait
        journal = self._out / '.prepare.jsonl'
        known = len(checked(journal))
        if number < 0.6 * kills and known < clips:
            more = self._random.randint(1, max(1, (clips - known) // 2))
            return (
                f'{more} more clips checked',
                lambda: (
                    journal.exists()
                    and journal.read_bytes().count(b'\n["') >= known + more
                ),
            )
        name = self._random.choice(_WRITTEN)
        part = self._out / f'.{name}.tmp'
        return f'{part.name} is written', part.exists

    def kill(self, is_time: Callable[[], bool]) -> bool:
        """Whether it was killed before it came to its end."""
        process = subprocess.Popen(
            self._command, cwd=ROOT, stdout=subprocess.DEVNULL
        )
        while process.poll() is None and not is_time():
            pass
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        return process.wait() == -signal.SIGKILL


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--kills', type=int, default=10)
    parser.add_argument('--per-class', type=int, default=40)
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return compare(args, Path(folder))


def compare(args: argparse.Namespace, folder: Path) -> int:
    """Undisturbed and killed run, and their differences."""
    demo = str(folder / 'demo')
    maker = str(ROOT / 'tools' / 'data' / 'make_demo.py')
    subprocess.run(
        [
            *(sys.executable, maker, '--out', demo),
            *('--num-train', '6', '--num-test', '6'),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    clip = next((folder / 'demo').rglob('*.mp4'))
    tree, whole, killed = (folder / n for n in ('tree', 'whole', 'killed'))
    reasons = make_tree(tree, clip, args.per_class)
    command = [sys.executable, str(TOOL)]
    start = time.time()
    subprocess.run(
        [*command, *arguments(tree, whole, args.workers)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.time() - start
    clips = len(checked(whole / '.prepare.jsonl'))
    print(f'undisturbed: {clips} clips checked, {seconds:.1f} s')
    command += arguments(tree, killed, args.workers)
    killer = Killer(command, killed, args.seed)
    done = again = missed = 0
    while done < args.kills and missed < 2 * args.kills:
        name, is_time = killer.moment(done, args.kills, clips, seconds)
        if not killer.kill(is_time):
            missed += 1
            for path in killed.iterdir():  # so that it has to write again
                if path.name != '.prepare.jsonl':
                    path.unlink()
            continue
        done += 1
        keys = checked(killed / '.prepare.jsonl')
        again = max(again, len(keys) - len(set(keys)))
        there = len(list(killed.iterdir())) if killed.exists() else 0
        print(
            f'kill {done}, {name}: {len(set(keys))} clips known, '
            f'{there} files there'
        )
    end = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    )
    print('resumed:', end.stdout.splitlines()[0])
    old, new = files_of(whole), files_of(killed)
    differing = sorted(n for n in old | new if old.get(n) != new.get(n))
    listed = listed_reasons(killed)
    wrong = sorted(
        n
        for n in listed | reasons
        if reasons.get(n, '?') not in listed.get(n, '')
    )
    print(
        f'kills: {done} (ended before: {missed}); clips checked again: '
        f'{again}; files: {len(new)}, differing: {differing}; problems: '
        f'{len(reasons)}, not listed with their reason: {wrong}'
    )
    return int(bool(differing or again or wrong or done < args.kills))


if __name__ == '__main__':
    sys.exit(main())
