"""Make all packed copies, in parallel and so that it can be resumed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from pathlib import Path

from mmremix.datasets.media import BrokenMediaError
from mmremix.datasets.media.packed_file import PackedFile
from mmremix.datasets.packing.array_packer import pack_array
from mmremix.datasets.packing.clip_packer import pack_clip, recipe_of
from mmremix.datasets.packing.job import PackJob
from mmremix.datasets.packing.options import PackOptions
from mmremix.datasets.packing.table_job import TableJob
from mmremix.utils.progress import Progress

Job = PackJob | TableJob


@dataclass
class PackReport:
    """What came of each job, in their order.

    Attributes:
        written: Copies made by this call.
        kept: Copies that were there and whole.
        broken: Reason of each job that failed.
        bytes_before: Size of the sources of all copies, each file once.
        bytes_after: Size of all copies.
    """

    written: list[Job] = field(default_factory=list)
    kept: list[Job] = field(default_factory=list)
    broken: dict[Job, str] = field(default_factory=dict)
    bytes_before: int = 0
    bytes_after: int = 0

    def __str__(self) -> str:
        total = self.bytes_before or 1
        return (
            f'{len(self.written)} packed, {len(self.kept)} were there, '
            f'{len(self.broken)} broken; {self.bytes_before / 1e6:.1f} MB '
            f'before, {self.bytes_after / 1e6:.1f} MB after '
            f'(x{self.bytes_after / total:.2f})'
        )


def pack_all(
    jobs: Sequence[Job],
    options: PackOptions,
    out: str,
    *,
    workers: int = 1,
    progress: bool = True,
) -> PackReport:
    """Make the copies that are not there yet.

    A copy is written beside its place and renamed when it is complete, so a
    killed run leaves no half file under a final name. One that is there is
    kept if its checksums hold, it was made with these options, and no source
    is newer.

    Args:
        jobs: What to make; each once.
        options: How.
        out: Folder of the copies.
        workers: Threads. The copies do not depend on their number.
        progress: Whether to say how far it is.

    Returns:
        What was done, in the order of the jobs.
    """

    def run(job: Job) -> str:
        return _run(job, options, out)

    report = PackReport()
    with (
        Progress(len(jobs), show=progress) as bar,
        ThreadPool(max(1, workers)) as pool,
    ):
        for job, result in zip(jobs, pool.imap(run, jobs), strict=True):
            if result == 'written':
                report.written.append(job)
            elif result == 'kept':
                report.kept.append(job)
            else:
                report.broken[job] = result
            bar.update()
    done = [*report.written, *report.kept]
    sources = {path for job in done for path in job.sources}
    report.bytes_before = sum(map(_size, sources))
    report.bytes_after = sum(_size(target(j, options, out)) for j in done)
    return report


def target(job: Job, options: PackOptions, out: str) -> str:
    """Path of a job's copy."""
    return str(Path(out, job.name + options.suffix))


def is_done(job: Job, options: PackOptions, out: str) -> bool:
    """Whether a job's copy is there, whole, and made like this."""
    path = target(job, options, out)
    if not os.path.isfile(path) or any(
        os.path.exists(source)
        and os.path.getmtime(source) > os.path.getmtime(path)
        for source in job.sources
    ):
        return False
    if options.format == 'clip':
        return recipe_of(path) == options.digest()
    try:
        packed = PackedFile(path)
    except BrokenMediaError:
        return False
    recipe = (
        job.digest(options) if isinstance(job, TableJob) else options.digest()
    )
    return packed.header.get('recipe') == recipe and packed.is_intact()


def _run(job: Job, options: PackOptions, out: str) -> str:
    """``'written'``, ``'kept'`` or the reason why it failed."""
    if is_done(job, options, out):
        return 'kept'
    path = Path(target(job, options, out))
    path.parent.mkdir(parents=True, exist_ok=True)
    # One name for all runs, so that a killed one leaves nothing for good.
    # The ending stays, FFmpeg goes by it.
    part = path.with_name(f'.part-{path.name}')
    try:
        if isinstance(job, TableJob):
            job.write(options, str(part))
        elif options.format == 'array':
            pack_array(job, options, str(part))
        else:
            pack_clip(job, options, str(part))
        os.replace(part, path)
    except BrokenMediaError as error:
        return str(error)
    finally:
        part.unlink(missing_ok=True)
    return 'written'


def _size(path: str) -> int:
    if os.path.isdir(path):
        return sum(f.stat().st_size for f in Path(path).iterdir())
    return os.path.getsize(path)
