"""Clips cut off or with flipped bits, at every percent of their length."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mmremix.datasets.packing import PackJob, PackOptions, pack_all
from mmremix.datasets.packing.packer import target
from tests.datasets.media_files import chirp, write_clip
from tests.faults.media_case import BOTH, EITHER, READ, MediaCase

SECONDS = 2.0
NPY_RATE = 8000
_HEADER = 2048  # bytes, where formats keep what is worst to lose


def _clip(name: str, **options: object) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        kwargs = {'seconds': SECONDS, **options}
        return write_clip(folder / name, **kwargs)  # type: ignore[arg-type]

    return write


def _packed(folder: Path) -> str:
    job = PackJob(_clip('packed.mp4')(folder))
    options = PackOptions(format='array')
    pack_all([job], options, str(folder), progress=False)
    return target(job, options, str(folder))


def _npy(folder: Path) -> str:
    path = folder / 'a.npy'
    times = np.arange(round(SECONDS * NPY_RATE)) / NPY_RATE
    np.save(path, chirp(times))
    return str(path)


_SOUND = {'with_video': False}
FORMATS: dict[str, tuple[tuple[str, ...], Callable[[Path], str]]] = {
    'mp4': (BOTH, _clip('a.mp4')),
    'mp4-faststart': (
        BOTH,
        _clip('f.mp4', muxer_options={'movflags': 'faststart'}),
    ),
    'mkv': (BOTH, _clip('a.mkv')),
    'webm': (
        BOTH,
        _clip(
            'a.webm',
            video_codec='libvpx',
            audio_codec='libopus',
            sample_rate=48000,
            b_frames=0,
        ),
    ),
    'avi': (BOTH, _clip('a.avi', video_codec='mpeg4', audio_codec='mp3')),
    'ts': (BOTH, _clip('a.ts')),
    'flv': (BOTH, _clip('a.flv', sample_rate=44100)),
    'packed': (BOTH, _packed),
    'wav': (('audio',), _clip('a.wav', audio_codec='pcm_s16le', **_SOUND)),
    'flac': (('audio',), _clip('a.flac', audio_codec='flac', **_SOUND)),
    'mp3': (('audio',), _clip('a.mp3', audio_codec='mp3', **_SOUND)),
    'npy': (('audio',), _npy),
}
"""Modalities of each format, and what writes a whole clip of it."""


def damaged_media(
    folder: Path, step: int = 1, seed: int = 0, formats: tuple[str, ...] = ()
) -> Iterator[MediaCase]:
    """Write damaged clips and yield their cases.

    Args:
        folder: Where to write them.
        step: Percent of the length from one damage to the next.
        seed: Of the flipped bits.
        formats: Names of :data:`FORMATS`; all if empty.
    """
    for name in formats or FORMATS:
        modalities, write = FORMATS[name]
        whole = folder / f'whole-{name}'
        whole.mkdir()
        path = Path(write(whole))
        data = path.read_bytes()
        yield MediaCase(
            f'{name}, whole',
            str(path),
            dict.fromkeys(modalities, READ),
            end=SECONDS,
        )
        draw = random.Random(f'{seed} {name}')
        header = min(len(data), _HEADER)
        for percent in range(0, 100, step):
            for kind, content in (
                ('cut off', data[: percent * len(data) // 100]),
                ('bits flipped', _flip(data, len(data), percent, draw)),
                ('header flipped', _flip(data, header, percent, draw)),
            ):
                damaged = folder / f'{name}-{kind[:3]}-{percent}{path.suffix}'
                damaged.write_bytes(content)
                yield MediaCase(
                    f'{name}, {kind} at {percent} %',
                    str(damaged),
                    dict.fromkeys(modalities, EITHER),
                    end=SECONDS,
                    # Bits may say anything: that the camera was held
                    # upright, that a packet is silent or comes later.
                    size=(48, 64) if kind == 'cut off' else None,
                    zeros=0.02 if kind == 'cut off' else 0.5,
                )


def _flip(
    data: bytes, length: int, percent: int, draw: random.Random
) -> bytes:
    """Flip four bits within one percent of the first ``length`` bytes."""
    flipped = bytearray(data)
    first = percent * length // 100
    width = max(1, (percent + 1) * length // 100 - first)
    for _ in range(4):
        flipped[first + draw.randrange(width)] ^= 1 << draw.randrange(8)
    return bytes(flipped)
