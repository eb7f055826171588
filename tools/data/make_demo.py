"""Write the demo data set: short clips with a picture and a sound track.

.. code-block:: shell

    python tools/data/make_demo.py --out data/demo

Every clip is a real file (H.264 and AAC in MP4), made from a seed, so a fresh
clone can train without a download. Both tracks carry the class, unequally:

- Sound, the strong cue: a humming tone whose pitch and tremolo rate belong to
  the class. Timbre, loudness, fades, noise colour and a stray beep vary, and
  pitch and tremolo by some per cent, so that neighbours overlap a little.
- Picture, the weak cue, seen in every still frame: a blob whose number of
  lobes and texture belong to the class. Place, size, angle, colours, drift,
  background and distractors vary.

What varies is drawn per clip and per track from (seed, split, index, track):
it tells nothing about the class, the tracks share nothing but the class, and
more clips leave the earlier ones as they were.

Measured on the test clips of seeds 0 and 1, default options, after 12 epochs
of quarter-width ResNets on two frames and a log-STFT, each with SGD and AdamW:
picture alone 0.68 to 0.82, sound alone 0.88 to 0.92, both joined 0.90 to 0.95
(chance is 0.17).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import sys
import time
from collections.abc import Iterable
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import av
import numpy as np

SIZE, FPS, RATE, SECONDS = 64, 12, 16000, 1.0
SPLITS = ('train', 'test')
FORMAT = 1  # part of the options: raise it when the clips change
VIDEO_SNR, AUDIO_SNR = -4.0, 0.0  # dB, the defaults
SNR_SPREAD = 4.0  # dB; a clip's own ratio lies within the option +- this
# Cues per class. Lobes and textures survive flips, turns and crops. Rates are
# ordered such that classes next to each other in pitch differ in tremolo.
# Classes next to each other in pitch mostly share a texture, so the pairs that
# are hard to hear are hard to see as well, and both tracks together still err.
LOOKS = [
    (texture, lobes)
    for pair in ((3, 5), (4, 7))
    for texture in ('plain', 'rings', 'dots')
    for lobes in pair
]
NAMES = [f'{texture}{lobes}' for texture, lobes in LOOKS]
TREMOLO = (4.0, 9.0, 6.0, 13.0, 5.0, 11.0, 3.0, 7.0, 15.0, 4.5, 10.0, 8.0)


def _rng(seed: int, split: str, index: int, track: int) -> np.random.Generator:
    return np.random.default_rng([seed, SPLITS.index(split), index, track])


def make_audio(label: int, snr: float, rng: np.random.Generator) -> np.ndarray:
    """One sound track.

    Args:
        label (int): Class index.
        snr (float): Power of the tone over that of the noise, in dB.
        rng (numpy.random.Generator): Source of all that varies.

    Returns:
        numpy.ndarray: float32 samples in [-1, 1], shape (16000,), 16 kHz.
    """
    t = np.arange(round(RATE * SECONDS)) / RATE
    pitch = 150.0 * 2 ** (label / 4 + rng.uniform(-0.135, 0.135))
    tone = np.zeros_like(t)
    for harmonic in range(1, 7):
        gain = rng.uniform(0.2, 1.0) / harmonic
        turn = 2 * np.pi * rng.uniform()
        tone += gain * np.sin(2 * np.pi * pitch * harmonic * t + turn)
    rate = TREMOLO[label] * rng.uniform(0.9, 1.1)
    depth, turn = rng.uniform(0.4, 0.9), 2 * np.pi * rng.uniform()
    tone *= 1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * rate * t + turn))
    fade = rng.uniform(0.05, 0.3, 2)
    tone *= np.clip(t / fade[0], 0, 1) * np.clip((t[-1] - t) / fade[1], 0, 1)
    tone /= np.sqrt(np.mean(tone**2))
    beep = np.sin(2 * np.pi * rng.uniform(200, 4000) * t)
    beep *= np.exp(-0.5 * ((t - rng.uniform(0, SECONDS)) / 0.05) ** 2)
    shape = np.fft.rfftfreq(t.size, 1 / RATE).clip(50) ** rng.uniform(-0.5, 0)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(t.size)) * shape)
    noise /= np.sqrt(np.mean(noise**2))
    mix = tone + rng.uniform(0.3, 1.0) * beep + 10 ** (-snr / 20) * noise
    mix *= rng.uniform(0.3, 0.9) / np.abs(mix).max()
    return mix.astype(np.float32)


def _stage(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Any:
    """A dark background colour, and a shaded picture of it with clutter."""
    back = rng.uniform(0, 0.5, 3)
    other = np.clip(back + rng.uniform(-0.3, 0.3, 3), 0, 1)
    slope = rng.uniform(-1, 1, 2)
    ramp = np.clip(0.5 + slope[0] * (x - 0.5) + slope[1] * (y - 0.5), 0, 1)
    stage = back + ramp[..., None] * (other - back)
    for _ in range(rng.integers(1, 4)):
        u, v = x - rng.uniform(0, 1), y - rng.uniform(0, 1)
        angle, span = rng.uniform(0, np.pi), rng.uniform(0.03, 0.1, 2)
        along = u * np.cos(angle) + v * np.sin(angle)
        across = v * np.cos(angle) - u * np.sin(angle)
        bar = (np.abs(along) < 2 * span[0]) & (np.abs(across) < span[1] / 2)
        disc = np.hypot(u, v) < span[0]
        mask = bar if rng.uniform() < 0.5 else disc
        stage = np.where(mask[..., None], rng.uniform(0, 1, 3), stage)
    return back, stage


def make_video(label: int, snr: float, rng: np.random.Generator) -> np.ndarray:
    """One picture track.

    Args:
        label (int): Class index.
        snr (float): Variance of the clean pixels over that of the pixel
            noise, in dB, before clipping and compression.
        rng (numpy.random.Generator): Source of all that varies.

    Returns:
        numpy.ndarray: uint8 frames, shape (12, 64, 64, 3), 12 per second.
    """
    texture, lobes = LOOKS[label]
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE  # lengths in widths of the picture
    back, stage = _stage(x, y, rng)
    ink = back + rng.uniform(0.2, 0.5, 3)  # always lighter than the stage
    ink2 = ink * rng.uniform(0.1, 0.5)
    place, drift = rng.uniform(0.4, 0.6, 2), rng.uniform(-0.15, 0.15, 2)
    radius, growth = rng.uniform(0.26, 0.36), rng.uniform(-0.2, 0.2)
    angle, spin = 2 * np.pi * rng.uniform(), rng.uniform(-1.5, 1.5)
    bump, wave = rng.uniform(0.3, 0.4), 2 * np.pi / rng.uniform(0.13, 0.18)
    turn = 2 * np.pi * rng.uniform(0, 1, 2)
    frames = []
    for step in np.linspace(-0.5, 0.5, round(FPS * SECONDS)):
        u, v = x - place[0] - drift[0] * step, y - place[1] - drift[1] * step
        r, phi = np.hypot(u, v), np.arctan2(v, u) - angle - spin * step
        edge = radius * (1 + growth * step) * (1 + bump * np.cos(lobes * phi))
        cover = np.clip((edge - r) * SIZE + 0.5, 0, 1)[..., None]
        mix = np.zeros_like(r)
        if texture == 'rings':
            mix = 0.5 + np.sin(wave * r + turn[0])
        elif texture == 'dots':
            u, v = wave * r * np.cos(phi), wave * r * np.sin(phi)
            mix = 0.5 + 2 * np.sin(u + turn[0]) * np.sin(v + turn[1])
        blob = ink + np.clip(mix, 0, 1)[..., None] * (ink2 - ink)
        frames.append(stage + cover * (blob - stage))
    clean = np.clip(np.stack(frames), 0, 1)
    sigma = clean.std() * 10 ** (-snr / 20)
    noisy = clean + sigma * rng.standard_normal(clean.shape)
    frames8: np.ndarray = np.rint(np.clip(noisy, 0, 1) * 255)
    return frames8.astype(np.uint8)


def pick_encoder(wanted: Iterable[str] = ('libx264', 'mpeg4')) -> str:
    """The first video encoder that this PyAV has.

    Raises:
        RuntimeError: If there is none.
    """
    wanted = list(wanted)
    for name in wanted:
        try:
            av.Codec(name, 'w')
        except ValueError:  # av.codec.codec.UnknownCodecError
            print(f'This PyAV has no encoder {name!r}.', file=sys.stderr)
            continue
        if name != wanted[0]:
            print(f'Video is written with {name!r} instead.', file=sys.stderr)
        return name
    raise RuntimeError(
        f'PyAV {av.__version__} has none of the video encoders {wanted}. '
        "Install a wheel that has: pip install --force-reinstall 'av'"
    )


def write_clip(
    path: Path, frames: np.ndarray, sound: np.ndarray, encoder: str
) -> None:
    """Encode one clip; the file appears under its name only when whole.

    Args:
        path (Path): The MP4 file to write.
        frames (numpy.ndarray): uint8, shape (T, H, W, 3).
        sound (numpy.ndarray): float32 in [-1, 1], shape (samples,).
        encoder (str): Video encoder, as from :func:`pick_encoder`.
    """
    part = path.with_name(f'.{path.name}.part')
    # Equal input must give equal bytes: no time stamps or version strings, one
    # thread, and no macroblock tree over B frames, which lets x264's output
    # depend on what was in memory before (seen on frames as small as these).
    options = {'fflags': '+bitexact'}
    with av.open(str(part), 'w', format='mp4', options=options) as out:
        tune = {'preset': 'veryfast', 'tune': 'zerolatency', 'crf': '26'}
        if encoder != 'libx264':
            tune = {'qmin': '3', 'qmax': '6'}
        video: Any = out.add_stream(
            encoder, rate=FPS, options={'flags': '+bitexact', **tune}
        )
        video.width, video.height = frames.shape[2], frames.shape[1]
        video.pix_fmt = 'yuv420p'
        video.codec_context.thread_count = 1
        audio: Any = out.add_stream(
            'aac', rate=RATE, layout='mono', options={'flags': '+bitexact'}
        )
        audio.codec_context.bit_rate = 48000
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format='rgb24')
            frame.pts = index
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        wave = av.AudioFrame.from_ndarray(
            sound[None], format='fltp', layout='mono'
        )
        wave.sample_rate, wave.pts = RATE, 0
        out.mux(audio.encode(wave))
        out.mux(audio.encode(None))
    os.replace(part, path)


def _digest(path: Path) -> str:
    """SHA-256 of a file, or an empty string if there is none."""
    if not path.is_file():
        return ''
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_text(path: Path, text: str) -> None:
    part = path.with_name(f'.{path.name}.part')
    part.write_text(text, encoding='utf-8', newline='\n')
    os.replace(part, path)


def _number(name: str, value: Any, low: Any, high: Any) -> Any:
    """``value``, checked, as the type of ``low``."""
    kind = type(low)
    allowed = (int, np.integer) if kind is int else (int, float, np.number)
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise TypeError(f'{name} must be {kind.__name__}, got {value!r}.')
    if not low <= value <= high:  # refuses NaN too
        raise ValueError(f'{name} must lie in [{low}, {high}], got {value}.')
    return kind(value)


def _previous(out: Path, options: dict[str, Any], overwrite: bool) -> Any:
    """The record of an earlier run with these options; {} without one."""
    record = out / 'demo.json'
    advice = 'Choose another --out, or pass --overwrite to replace the clips.'
    if out.exists() and not out.is_dir():
        raise ValueError(f'{out} is not a folder. Choose another --out.')
    if overwrite or not out.exists() or not any(out.iterdir()):
        return {}
    if not record.is_file():
        raise ValueError(f'{out} holds files, but no demo.json. {advice}')
    try:
        found = json.loads(record.read_text(encoding='utf-8'))
        old = dict(found['options'])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'Cannot read {record}: {error}. {advice}') from error
    changed = [
        f'{key}: {old.get(key)} there, {options.get(key)} asked for'
        for key in {**options, **old}
        if old.get(key) != options.get(key)
    ]
    if changed:
        raise ValueError(
            f'{out} holds a demo set made with other options '
            f'({"; ".join(changed)}). {advice}'
        )
    return found


def _annotations(
    counts: dict[str, int], num_classes: int
) -> tuple[dict[str, str], dict[str, tuple[str, int]]]:
    """Text of the annotation files, and (split, index) of every clip."""
    texts = {'classes.txt': ''.join(f'{n}\n' for n in NAMES[:num_classes])}
    clips: dict[str, tuple[str, int]] = {}
    for split, count in counts.items():
        lines = ['clip,label']
        for index in range(count):
            clip = f'clips/{split}_{index:05d}.mp4'
            clips[clip] = split, index
            lines.append(f'{clip},{NAMES[index % num_classes]}')
        texts[f'{split}.csv'] = '\n'.join(lines) + '\n'
    return texts, clips


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
        out_dir (str | os.PathLike): Folder to write.
        num_train (int): Training clips. Defaults to 360.
        num_test (int): Test clips. Defaults to 120.
        num_classes (int): 2 to 12; clip ``i`` has class ``i % num_classes``.
            Defaults to 6.
        seed (int): Equal seeds give equal bytes with equal library versions.
            Defaults to 0.
        video_snr (float): Mean signal-to-noise ratio of the pictures in dB,
            see :func:`make_video`; a clip's own lies within 4 dB.
        audio_snr (float): The same for the sound, see :func:`make_audio`.
        workers (int, optional): Threads; no effect on the result. Defaults
            to the smaller of 2 and the number of CPUs.
        overwrite (bool): Replace the demo clips in ``out_dir``. Defaults to
            False.

    Returns:
        dict: ``out``, ``made`` and ``kept`` (clips), ``counts`` (per split
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
    workers = _number('workers', workers, 1, 256)
    options = {
        'format': FORMAT,
        'num_train': _number('num_train', num_train, 1, 99999),
        'num_test': _number('num_test', num_test, 1, 99999),
        'num_classes': _number('num_classes', num_classes, 2, len(NAMES)),
        'seed': _number('seed', seed, 0, 2**63 - 1),
        'video_snr': _number('video_snr', video_snr, -40.0, 60.0),
        'audio_snr': _number('audio_snr', audio_snr, -40.0, 60.0),
    }
    out = Path(out_dir)
    old = _previous(out, options, overwrite)
    encoder = pick_encoder()
    versions = {
        'python': platform.python_version(),
        'numpy': np.__version__,
        'av': av.__version__,
        'video_encoder': encoder,
    }
    counts = {split: options[f'num_{split}'] for split in SPLITS}
    texts, clips = _annotations(counts, num_classes)

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
        _write_text(out / 'demo.json', json.dumps(record, indent=1) + '\n')

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
    with ThreadPool(workers) as pool:
        for done, _ in enumerate(pool.imap_unordered(make, todo), 1):
            if done % 60 == 0 or done == len(todo):
                print(f'{done}/{len(todo)} clips written', flush=True)
    for name, text in texts.items():
        if _digest(out / name) != hashlib.sha256(text.encode()).hexdigest():
            _write_text(out / name, text)
    files = {name: _digest(out / name) for name in (*texts, *clips)}
    total = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    if todo or old.get('sha256') != total:
        record |= {'sha256': total, 'files': files}
        _write_text(out / 'demo.json', json.dumps(record, indent=1) + '\n')
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


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=str(__doc__).split('..', 1)[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add('--out', default='data/demo', help='folder to write')
    add('--num-train', type=int, default=360, help='training clips')
    add('--num-test', type=int, default=120, help='test clips')
    add('--num-classes', type=int, default=6, help=f'2 to {len(NAMES)}')
    add('--seed', type=int, default=0, help='equal seeds give equal files')
    add('--video-snr', type=float, default=VIDEO_SNR, help='picture, in dB')
    add('--audio-snr', type=float, default=AUDIO_SNR, help='sound, in dB')
    add(
        '--workers',
        type=int,
        default=argparse.SUPPRESS,  # make_demo has the default
        help='threads (default: 2, or 1 on one CPU)',
    )
    add('--overwrite', action='store_true', help='replace the demo clips')
    options = vars(parser.parse_args(argv))
    try:
        done = make_demo(options.pop('out'), **options)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        print(f'make_demo.py: error: {error}', file=sys.stderr)
        return 2
    for split, counts in done['counts'].items():
        print(f'{split}: ' + ', '.join(f'{k} {n}' for k, n in counts.items()))
    print(
        f'{done["out"]}: {done["made"]} clips written, {done["kept"]} kept, '
        f'{done["megabytes"]:.1f} MB, {done["seconds"]:.1f} s'
    )
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
