"""Our packed container beside safetensors and LMDB.

.. code-block:: shell

    pip install safetensors lmdb
    python tools/benchmarks/packed_container.py

Packs generated clips as arrays, writes the same arrays with each container,
and compares: CPU time to read the sound, or two frames, of one sample, all
containers in turn within a round, as ratios to ours within the round; bytes
on disk; and what a file with a damaged or lying header does, each in a
process of its own: refused with an exception, read, or the process ended by
a signal, and the memory it took beyond an undamaged one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import shutil
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import cv2
from container_formats import CONTAINERS, read_audio, read_video

from mmremix.datasets.packing import PackJob, PackOptions, pack_all
from mmremix.datasets.packing.packer import target
from mmremix.demo import make_demo

_READS = {'sound': read_audio, 'two frames': read_video}
_LIMIT = 8 << 30  # bytes of address space beyond what is taken already
_SECONDS = 20


def packed_clips(folder: Path, number: int) -> dict[str, str]:
    """Packed files of generated clips, by name."""
    make_demo(folder / 'demo', num_train=number, num_test=6, workers=1)
    files = sorted((folder / 'demo' / 'clips').glob('train_*.mp4'))
    jobs = [PackJob(str(p), root=str(p.parent)) for p in files]
    options = PackOptions(format='array')
    report = pack_all(jobs, options, str(folder / 'packed'), progress=False)
    print(report)
    return {
        Path(job.clip).stem: target(job, options, str(folder / 'packed'))
        for job in jobs
    }


def measure_reading(
    folders: dict[str, Path], names: list[str], rounds: int
) -> None:
    """Print times and ratios, with their spread over the rounds."""
    readers = {k: CONTAINERS[k].open(f) for k, f in folders.items()}
    for what, read in _READS.items():
        times: dict[str, list[float]] = {kind: [] for kind in readers}
        for number in range(rounds + 1):
            order = names[:]
            random.Random(number).shuffle(order)
            for kind, reader in readers.items():
                begin = time.process_time()
                for name in order:
                    read(reader, name)
                spent = (time.process_time() - begin) / len(names)
                if number:  # the first one warms up
                    times[kind].append(1e6 * spent)
        for kind, values in times.items():
            ratios = [
                a / b for a, b in zip(values, times['mmpk'], strict=True)
            ]
            print(
                f'{what:10} {kind:12} {statistics.median(values):8.1f} us, '
                f'x{statistics.median(ratios):.2f} '
                f'({min(ratios):.2f} to {max(ratios):.2f})'
            )


def damages(data: bytes, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Damaged copies of a file, and what was done to each."""
    for share in (0.0, 0.001, 0.3, 0.99):
        yield 'cut off', data[: int(len(data) * share)]
    for at in (0, 8):  # where safetensors and ours have a length
        for value in (1 << 63, (1 << 64) - 1, 1 << 40, 1 << 30, 0):
            number = value.to_bytes(8, 'little')
            yield 'length', data[:at] + number + data[at + 8 :]
    digits = [i for i in range(8, 1000) if data[i : i + 1].isdigit()]
    for _ in range(40):
        changed = bytearray(data)
        for at in rng.sample(digits, min(6, len(digits))):
            changed[at] = ord('9')
        yield 'numbers', bytes(changed)
    for _ in range(200):
        changed = bytearray(data)
        for _ in range(4):
            changed[rng.randrange(1000)] ^= 1 << rng.randrange(8)
        yield 'bits', bytes(changed)
    for _ in range(40):  # whole words, as in the page headers of LMDB
        at = 8 * rng.randrange(1024)
        word = rng.getrandbits(64).to_bytes(8, 'little')
        yield 'words', data[:at] + word + data[at + 8 :]


def outcome(read: Callable[[], object]) -> tuple[str, int]:
    """How a process that reads ends, and its peak memory in kB."""
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            used = int(Path('/proc/self/statm').read_text().split()[0]) * 4096
            limit = used + _LIMIT
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.alarm(_SECONDS)
            read()
            os._exit(0)
        os._exit(1)
    _, status, usage = os.wait4(child, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return ('hangs' if name == 'SIGALRM' else name), usage.ru_maxrss
    return ('refused' if os.WEXITSTATUS(status) else 'read'), usage.ru_maxrss


def measure_damage(folder: Path, kind: str, name: str, seed: int) -> None:
    """Print how many damaged files end in which way."""
    container = CONTAINERS[kind]
    file = container.file_of(folder, name)
    data = file.read_bytes()

    def read() -> None:
        reader = container.open(folder)
        for one in _READS.values():
            one(reader, name)

    _, usual = outcome(read)
    counts: Counter[str] = Counter()
    most = 0
    for _, changed in damages(data, random.Random(seed)):
        # A new file: one that is mapped must not change.
        file.unlink()
        file.write_bytes(changed)
        ending, memory = outcome(read)
        counts[ending] += 1
        most = max(most, memory - usual)
    file.write_bytes(data)
    listed = ', '.join(f'{n} {k}' for k, n in sorted(counts.items()))
    print(
        f'damage     {kind:12} {sum(counts.values())} files: {listed}; at '
        f'most {most / 1024:.0f} MB more'
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--num', type=int, default=60, help='clips')
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--seed', type=int, default=0, help='of the damage')
    args = parser.parse_args()
    lacking = [n for n in ('safetensors', 'lmdb') if not find_spec(n)]
    if lacking:
        parser.error(f'not installed: pip install {" ".join(lacking)}')
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as place:
        clips = packed_clips(Path(place), args.num)
        names = list(clips)
        folders = {}
        for kind, container in CONTAINERS.items():
            folders[kind] = Path(place, kind)
            folders[kind].mkdir()
            container.write(clips, folders[kind])
        measure_reading(folders, names, args.rounds)
        sizes = {
            kind: sum(512 * p.stat().st_blocks for p in folder.iterdir())
            for kind, folder in folders.items()
        }
        for kind, size in sizes.items():
            print(
                f'on disk    {kind:12} {size / 1e6:8.2f} MB, '
                f'x{size / sizes["mmpk"]:.3f}'
            )
        # Of one clip alone: the file is written anew for each damage.
        for kind, container in CONTAINERS.items():
            shutil.rmtree(folders[kind])
            folders[kind].mkdir()
            container.write({names[0]: clips[names[0]]}, folders[kind])
            measure_damage(folders[kind], kind, names[0], args.seed)


if __name__ == '__main__':
    main()
