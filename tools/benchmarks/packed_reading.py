"""CPU time to read a sample from its clip and from its packed copies.

.. code-block:: shell

    python tools/benchmarks/packed_reading.py data/grid_s1/clips

Packs clips whole into a temporary folder, then reads from each two frames at
random times and the whole sound, with the transforms that training uses. CPU
time of the process, not of the wall clock; all ways in turn within a round;
medians over the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from mmremix.datasets import DecodeAudio, DecodeVideo
from mmremix.datasets.packing import PackJob, PackOptions, pack_all
from mmremix.datasets.packing.packer import target


def cpu_ms(paths: list[str], seed: int) -> float:
    """Milliseconds per sample."""
    np.random.seed(seed)
    video = DecodeVideo(num_frames=2, sampling='random')
    audio = DecodeAudio()
    begin = time.process_time()
    for path in paths:
        video({'clip': path})
        audio({'clip': path})
    return 1000 * (time.process_time() - begin) / len(paths)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('clips', help='folder of media files')
    parser.add_argument('--num', type=int, default=100, help='clips')
    parser.add_argument('--rounds', type=int, default=7)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    files = sorted(p for p in Path(args.clips).iterdir() if p.is_file())
    jobs = [PackJob(str(p), root=args.clips) for p in files[: args.num]]
    ways = {'original': [job.clip for job in jobs]}
    with tempfile.TemporaryDirectory() as folder:
        for name in ('array', 'clip'):
            options = PackOptions(format=name)
            begin = time.process_time()
            report = pack_all(jobs, options, folder, progress=False)
            seconds = time.process_time() - begin
            if report.broken:
                raise SystemExit(f'broken clips: {report.broken}')
            print(f'{name}: {report}; {seconds:.1f} s CPU')
            ways[name] = [target(job, options, folder) for job in jobs]
        for paths in ways.values():
            cpu_ms(paths, 0)  # files into the cache, modules loaded
        times: dict[str, list[float]] = {name: [] for name in ways}
        for seed in range(args.rounds):
            for name, paths in ways.items():
                times[name].append(cpu_ms(paths, seed))
    base = statistics.median(times['original'])
    for name, values in times.items():
        median = statistics.median(values)
        print(
            f'{name:9} {median:7.3f} ms CPU per sample '
            f'({min(values):.3f} to {max(values):.3f}), '
            f'{median / base:.3f} of the original'
        )


if __name__ == '__main__':
    main()
