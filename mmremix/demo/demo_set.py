"""Write the demo data set, or what is missing of it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import av
import numpy as np

from mmremix.demo.classes import (
    AUDIO_SNR,
    FORMAT,
    NAMES,
    SNR_SPREAD,
    SPLITS,
    VIDEO_SNR,
)
from mmremix.demo.clip_file import pick_encoder, write_clip
from mmremix.demo.options import (
    annotation_texts,
    checked_number,
    previous_record,
)
from mmremix.demo.picture import make_video
from mmremix.demo.sound import make_audio
from mmremix.utils.progress import Progress
from mmremix.utils.whole_files import write_whole


def make_demo(
    out_dir: str | os.PathLike[str],
    *,
    num_train: int = 360,
    num_test: int = 120,
    num_classes: int = 6,
    seed: int = 0,
    video_snr: float = VIDEO_SNR,
    audio_snr: float = AUDIO_SNR,
    workers: int | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write the demo data set, or what is missing of it.

    The folder gets ``clips/<split>_<index>.mp4``, ``train.csv`` and
    ``test.csv`` (header ``clip,label``), ``classes.txt`` and ``demo.json``
    (options, versions, SHA-256 of every file, and one over all of them).
    A folder whose files match its ``demo.json`` is left alone.

    Args:
        out_dir: Folder to write.
        num_train: Training clips. Defaults to 360.
        num_test: Test clips. Defaults to 120.
        num_classes: 2 to 12; clip ``i`` has class ``i % num_classes``.
            Defaults to 6.
        seed: Equal seeds give equal bytes with equal library versions.
            Defaults to 0.
        video_snr: Mean signal-to-noise ratio of the pictures in dB,
            see :func:`make_video`; a clip's own lies within 4 dB.
        audio_snr: The same for the sound, see :func:`make_audio`.
        workers: Threads; no effect on the result. Defaults
            to the smaller of 2 and the number of CPUs.
        overwrite: Replace the demo clips in ``out_dir``. Defaults to
            False.

    Returns:
        ``out``, ``made`` and ``kept`` (clips), ``counts`` (per split
        and class), ``megabytes``, ``seconds`` and ``sha256``.

    Raises:
        TypeError: If an option has the wrong type.
        ValueError: If an option is out of range, or ``out_dir`` holds other
            files or a demo set made with other options.
        RuntimeError: If PyAV has no H.264 or MPEG-4 encoder.
    """
    start = time.perf_counter()
    if workers is None:
        workers = min(2, os.cpu_count() or 1)
    workers = checked_number('workers', workers, 1, 256)
    options = {
        'format': FORMAT,
        'num_train': checked_number('num_train', num_train, 1, 99999),
        'num_test': checked_number('num_test', num_test, 1, 99999),
        'num_classes': checked_number(
            'num_classes', num_classes, 2, len(NAMES)
        ),
        'seed': checked_number('seed', seed, 0, 2**63 - 1),
        'video_snr': checked_number('video_snr', video_snr, -40.0, 60.0),
        'audio_snr': checked_number('audio_snr', audio_snr, -40.0, 60.0),
    }
    out = Path(out_dir)
    old = previous_record(out, options, overwrite)
    encoder = pick_encoder()
    versions = {
        'python': platform.python_version(),
        'numpy': np.__version__,
        'av': av.__version__,
        'video_encoder': encoder,
    }
    counts = {split: options[f'num_{split}'] for split in SPLITS}
    texts, clips = annotation_texts(counts, num_classes)

    known = old.get('files', {})
    kept = {c: known[c] for c in clips if _digest(out / c) == known.get(c)}
    if len(kept) < len(clips) and old.get('versions') != versions:
        kept = {}  # do not mix clips of different encoders
    todo = [clip for clip in clips if clip not in kept]
    (out / 'clips').mkdir(parents=True, exist_ok=True)
    if overwrite:
        for path in (out / 'clips').iterdir():
            if re.fullmatch(r'\.?(train|test)_\d{5}\.mp4(\.part)?', path.name):
                path.unlink()
    record: dict[str, Any] = {
        'options': options,
        'versions': versions,
        'files': kept,
    }
    if todo:  # if this run is cut short, the next one makes these again
        _write_record(out, record)

    def make(clip: str) -> None:
        split, index = clips[clip]
        tracks = []
        for track, synthesise in enumerate((make_video, make_audio)):
            rng = _rng(seed, split, index, track)
            snr = (video_snr, audio_snr)[track]
            snr += rng.uniform(-SNR_SPREAD, SNR_SPREAD)
            tracks.append(synthesise(index % num_classes, snr, rng))
        write_clip(out / clip, tracks[0], tracks[1], encoder)

    # Threads will do: most of the time goes into numpy and the encoders.
    with Progress(len(todo)) as bar, ThreadPool(workers) as pool:
        for _ in pool.imap_unordered(make, todo):
            bar.update()
    for name, text in texts.items():
        if _digest(out / name) != hashlib.sha256(text.encode()).hexdigest():
            write_whole(out / name, text.encode())
    files = {name: _digest(out / name) for name in (*texts, *clips)}
    total = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    if todo or old.get('sha256') != total:
        record |= {'sha256': total, 'files': files}
        _write_record(out, record)
    per_class = {
        split: {
            name: len(range(label, count, num_classes))
            for label, name in enumerate(NAMES[:num_classes])
        }
        for split, count in counts.items()
    }
    return {
        'counts': per_class,
        'out': str(out),
        'made': len(todo),
        'kept': len(kept),
        'megabytes': sum((out / f).stat().st_size for f in files) / 1e6,
        'seconds': time.perf_counter() - start,
        'sha256': total,
    }


def _rng(seed: int, split: str, index: int, track: int) -> np.random.Generator:
    return np.random.default_rng([seed, SPLITS.index(split), index, track])


def _digest(path: Path) -> str:
    """SHA-256 of a file, or an empty string if there is none."""
    if not path.is_file():
        return ''
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_record(out: Path, record: dict[str, Any]) -> None:
    text = json.dumps(record, indent=1) + '\n'
    write_whole(out / 'demo.json', text.encode())
