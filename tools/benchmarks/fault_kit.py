"""Hostile clips and annotations, and what becomes of them.

.. code-block:: shell

    python tools/benchmarks/fault_kit.py             # all, some minutes
    python tools/benchmarks/fault_kit.py --step 10   # every tenth percent

From a checkout, since the cases are those of ``tests/faults``. Counts what
is handled as specified, crashes and hangs; then loads everything through the
training pipeline of the demo config in two workers; then reads 5,000 samples
in one process and prints open files and memory on the way. Exit status 1 if
anything went another way.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import av
from mmengine.config import Config
from torch.utils.data import DataLoader

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from mmremix.datasets import AVDataset, RemixIndex  # noqa: E402
from tests.faults.annotations import ANNOTATIONS  # noqa: E402
from tests.faults.corpus import annotation_root, make_dataset  # noqa: E402
from tests.faults.damaged_media import damaged_media  # noqa: E402
from tests.faults.judge import judge  # noqa: E402
from tests.faults.media_case import MediaCase  # noqa: E402
from tests.faults.odd_media import odd_media  # noqa: E402
from tests.faults.watchdog import CRASH, HANG, run_all  # noqa: E402


def media(
    folder: Path, cases: list[MediaCase], seed: int
) -> tuple[set[int], bool]:
    """Judge all clips.

    Returns:
        Those of which all was read; and whether all went as specified.
    """
    dataset = make_dataset(folder, cases)
    found: Counter[str] = Counter()
    whole = set()
    slowest, begin = 0.0, time.monotonic()
    for index, status, value in run_all(
        len(cases), lambda i: judge(dataset, i, cases[i], seed)
    ):
        now = time.monotonic()
        slowest, begin = max(slowest, now - begin), now
        found[status] += 1
        if status != 'done':
            print(f'  {cases[index].name}: {status} {value}')
            continue
        outcomes = set(value.values())
        found['read' if outcomes == {'read'} else 'refused'] += 1
        if outcomes == {'read'}:
            whole.add(index)
    print(
        f'clips: {len(cases)} cases, {found["done"]} as specified '
        f'({found["read"]} read, {found["refused"]} refused in one modality '
        f'or all), {found["error"]} not, {found[CRASH]} crashes, '
        f'{found[HANG]} hangs; the slowest took {slowest:.2f} s'
    )
    return whole, found['done'] == len(cases)


def judge_annotations(folder: Path) -> bool:
    """Judge all annotations; tells whether all went as specified."""
    root = annotation_root(folder)
    good = 0
    for case in ANNOTATIONS:
        (root / 'a.csv').write_bytes(case.content)
        try:
            rows = len(
                AVDataset('a.csv', data_root=str(root), classes=['x', 'y'])
            )
            is_good = not case.reason and rows == case.rows
        except (ValueError, FileNotFoundError) as error:
            text = str(error)
            is_good = bool(case.reason and re.search(case.reason, text))
            is_good = is_good and 'a.csv' in text
        if not is_good:
            print(f'  annotation, {case.name}: not as specified')
        good += is_good
    print(f'annotations: {len(ANNOTATIONS)} cases, {good} as specified')
    return good == len(ANNOTATIONS)


def demo_pipeline() -> list[dict[str, Any]]:
    """The training pipeline of the demo config, for 64 x 48 pixels."""
    path = ROOT / 'configs' / '_base_' / 'datasets' / 'demo.py'
    pipeline = Config.fromfile(path).train_pipeline
    pipeline[0].transforms[1].size = 40
    pipeline[1].transforms[0].npy_sample_rate = 8000
    return list(pipeline)


def workers(folder: Path, cases: list[MediaCase]) -> bool:
    """Load all clips for training in two workers; tells whether all came."""
    dataset = make_dataset(folder, cases, demo_pipeline(), 'skip')
    # Each clip once, in turn for its sound, its picture or both.
    kinds: tuple[tuple[str, ...] | None, ...] = (('audio',), ('video',), None)
    keys = [RemixIndex(i, kinds[i % 3], i) for i in range(len(cases))]
    data: Any = dataset  # torch asks for its own Dataset class
    loader: DataLoader[Any] = DataLoader(
        data,
        batch_size=32,
        sampler=keys,
        num_workers=2,
        timeout=120,
        collate_fn=list,
    )
    samples = replaced = named = 0
    for batch in loader:
        for sample in batch:
            samples += 1
            replaces = sample['data_samples'].metainfo.get('replaces')
            replaced += replaces is not None
            # Of a clip or of the sound beside it.
            named += replaces is not None and str(folder) in replaces[2]
    print(
        f'two workers: {len(keys)} samples asked for, {samples} came, '
        f'{replaced} of them stand-ins, {named} with file and reason'
    )
    return samples == len(keys) and named == replaced


def leaks(folder: Path, cases: list[MediaCase], number: int) -> None:
    """Read many samples in this process and watch files and memory."""
    dataset = make_dataset(folder, cases, demo_pipeline(), 'skip')
    page = os.sysconf('SC_PAGE_SIZE')
    for index in range(number + 1):
        if index % (number // 5) == 0:
            pages = Path('/proc/self/statm').read_text().split()[1]
            files = len(os.listdir('/proc/self/fd'))
            print(
                f'  after {index} samples: {files} open files, '
                f'{int(pages) * page / 2**20:.0f} MiB',
                flush=True,
            )
        dataset[RemixIndex(index * 7 % len(cases), None, index)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('--step', type=int, default=1, help='percent between two damages')
    add('--seed', type=int, default=0, help='of flipped bits and sampling')
    add('--samples', type=int, default=5000, help='for open files and memory')
    args = parser.parse_args()
    av.logging.set_level(None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = list(odd_media(folder))
        cases += damaged_media(folder, args.step, args.seed)
        begin = time.monotonic()
        whole, good = media(folder, cases, args.seed)
        good = judge_annotations(folder) and good
        good = workers(folder, cases) and good
        # Mostly good ones, and every eighth of the broken.
        mixed = [c for i, c in enumerate(cases) if i in whole or i % 8 == 0]
        leaks(folder, mixed, args.samples)
        print(f'{time.monotonic() - begin:.0f} s in all')
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
