"""Write clips as plain arrays (``.mmpk``)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmremix.datasets.media import BrokenMediaError, open_audio
from mmremix.datasets.media.packed import PackedAudio
from mmremix.datasets.media.packed_file import ALIGNMENT, MAGIC
from mmremix.datasets.media.segment import Span
from mmremix.datasets.media.source_frames import SourceFrames
from mmremix.datasets.packing.job import PackJob
from mmremix.datasets.packing.options import PackOptions
from mmremix.datasets.transforms.flow import encode_flow, optical_flow

# Sound kept on both sides of a segment, for the filter that resamples it.
_AUDIO_BORDER = 0.1


def pack_array(
    job: PackJob,
    options: PackOptions,
    target: str,
    header: Mapping[str, Any] | None = None,
    arrays: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Read a job's segment and write it as one packed file.

    Args:
        job: Clip and segment.
        options: What to keep.
        target: File to write.
        header: What it says besides; defaults to options and name.
        arrays: What it holds besides.

    Raises:
        BrokenMediaError: If the clip cannot be read.
    """
    header = dict(header or {'recipe': options.digest(), 'name': job.name})
    arrays = dict(arrays or {})
    if 'video' in options.modalities:
        source = job.frames(options)
        frames: np.ndarray | None = None
        for i, image in enumerate(source):
            if frames is None:
                frames = np.empty((len(source), *image.shape), np.uint8)
            frames[i] = image
        assert frames is not None  # a segment has a frame
        arrays.update(frames=frames, times=source.times)
        header['video'] = {'span': source.span, 'clip_span': source.clip_span}
        if options.flow is not None:
            header['flow'] = {
                'method': options.flow,
                'gap': options.flow_gap,
                'bound': options.flow_bound,
            }
            arrays['flow'] = _flow(frames, source, options)
    if 'audio' in options.modalities:
        header['audio'], arrays['samples'] = _sound(job, options)
    write_arrays(target, header, arrays)


def write_arrays(
    path: str, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write a packed file; :class:`PackedFile` reads it.

    Args:
        path: The file.
        header: Whatever JSON holds.
        arrays: By name.
    """
    entries = {}
    offset = 0
    for name, array in arrays.items():
        entries[name] = {
            # Byte order said, so that any machine can read it.
            'dtype': array.dtype.newbyteorder('<').str,
            'shape': array.shape,
            'offset': offset,
            'size': array.nbytes,
            'crc32': zlib.crc32(_little(array)),
        }
        offset += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    text = json.dumps({**header, 'arrays': entries, 'data_size': offset})
    encoded = text.encode()
    encoded += b' ' * (-(len(encoded) + 16) % ALIGNMENT)
    with open(path, 'wb') as file:
        file.write(MAGIC + len(encoded).to_bytes(8, 'little') + encoded)
        for array in arrays.values():
            data = _little(array)
            file.write(data)
            file.write(b'\0' * (-array.nbytes % ALIGNMENT))


def _little(array: np.ndarray) -> memoryview:
    ordered = array.astype(array.dtype.newbyteorder('<'), copy=False)
    return np.ascontiguousarray(ordered).data.cast('B')


def _sound(
    job: PackJob, options: PackOptions
) -> tuple[dict[str, Any], np.ndarray]:
    with open_audio(job.audio or job.clip, options.npy_sample_rate) as clip:
        if isinstance(clip, PackedAudio):
            raise BrokenMediaError.of(clip.path, 'is packed already')
        span = clip.segment(job.start, job.end)
        clip_span = clip.span
        rate = options.sample_rate or clip.sample_rate
        begin = max(clip_span.start, span.start - _AUDIO_BORDER, 0.0)
        end = min(clip_span.end, span.end + _AUDIO_BORDER)
        # From a whole sample on at the old rate and, mostly, at the new one.
        unit = np.gcd(rate, clip.sample_rate)
        if np.ceil(begin * unit) / unit < span.start:
            begin = float(np.ceil(begin * unit) / unit)
        waveform = clip.read(begin, end, rate)
    dtype = np.dtype(options.audio_dtype)
    scale = 1.0
    if dtype.kind == 'i':
        # 1 / 32768, exact for 16-bit sources, unless that would clip.
        scale = max(1 / 2**15, float(np.abs(waveform).max()) / (2**15 - 1))
        waveform = np.rint(waveform / scale).clip(-(2**15), 2**15 - 1)
    header = {
        'span': Span(max(span.start, begin), span.end),
        'clip_span': clip_span,
        'sample_rate': int(rate),
        'first': round(begin * rate),
        'scale': scale,
    }
    return header, waveform.astype(dtype)


def _flow(
    frames: np.ndarray, source: SourceFrames, options: PackOptions
) -> np.ndarray:
    """uint8 (N, 2, H, W), for the frames whose partner is in the segment."""
    assert options.flow is not None
    later = source.times + options.flow_gap
    inside = int(np.searchsorted(later, source.span.end - 1e-6, 'left'))
    partners = np.searchsorted(source.times, later + 1e-6, 'right') - 1
    flow = np.empty((inside, 2, *frames.shape[1:3]), np.uint8)
    for i in range(inside):
        uv = optical_flow(frames[i], frames[partners[i]], options.flow)
        flow[i] = encode_flow(uv, options.flow_bound)
    return flow
