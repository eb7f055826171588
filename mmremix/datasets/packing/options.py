"""What packed clips are to be."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

from mmremix.datasets.media.packed_file import PACKED_SUFFIX

_FORMATS = ('array', 'clip')
_MODALITIES = ('video', 'audio')
_DTYPES = ('int16', 'float16', 'float32')
_FLOWS = ('dis', 'farneback')
_CODECS = ('aac', 'flac')


@dataclass(frozen=True)
class PackOptions:
    """Settings of ``tools/data/pack.py``.

    Args:
        format: ``'array'`` (``.mmpk``: frames and waveform, nothing to
            decode) or ``'clip'`` (``.mp4``: H.264 and sound).
        modalities: What to keep, ``'video'``, ``'audio'`` or both. A clip
            that lacks one of them is broken.
        short_side: Pixels of the shorter side; smaller pictures stay as they
            are. None keeps the size.
        fps: Frames per second; None keeps every frame and its time.
        sample_rate: Samples per second; None keeps the file's.
        audio_dtype: Samples of the array format: ``'int16'`` (scaled if the
            sound goes beyond full scale), ``'float16'`` or ``'float32'``.
        crf: Quality of H.264, 0 (lossless) to 51.
        gop: Frames from key frame to key frame, of the clip format.
        audio_codec: Of the clip format, ``'aac'`` or ``'flac'`` (lossless
            but for 24 bits).
        audio_bit_rate: Bits per second of ``'aac'``.
        flow: Optical flow to keep in the array format: ``'dis'``,
            ``'farneback'`` or None.
        flow_gap: Seconds between the two frames of a flow.
        flow_bound: Pixels at which flow is cut off.
        frame_rate: Frames per second of image folders.
        npy_sample_rate: Samples per second of ``.npy`` sounds.

    Raises:
        ValueError: On wrong settings.
    """

    format: str = 'array'
    modalities: tuple[str, ...] = _MODALITIES
    short_side: int | None = None
    fps: float | None = None
    sample_rate: int | None = None
    audio_dtype: str = 'int16'
    crf: int = 20
    gop: int = 12
    audio_codec: str = 'aac'
    audio_bit_rate: int = 96000
    flow: str | None = None
    flow_gap: float = 0.04
    flow_bound: float = 20.0
    frame_rate: float | None = None
    npy_sample_rate: int | None = None

    def __post_init__(self) -> None:
        # A list (from a config or the command line) would not compare equal.
        object.__setattr__(self, 'modalities', tuple(self.modalities))
        choices = [
            ('format', self.format, _FORMATS),
            ('audio_dtype', self.audio_dtype, _DTYPES),
            ('audio_codec', self.audio_codec, _CODECS),
            ('flow', self.flow, (*_FLOWS, None)),
            *(('modalities', name, _MODALITIES) for name in self.modalities),
        ]
        for name, value, allowed in choices:
            if value not in allowed:
                raise ValueError(f'{name}={value!r}: choose from {allowed}.')
        if not self.modalities:
            raise ValueError('modalities is empty: name video, audio or both.')
        for name in (
            'short_side',
            'fps',
            'sample_rate',
            'gop',
            'audio_bit_rate',
            'flow_gap',
            'flow_bound',
        ):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f'{name}={value}: must be positive.')
        if not 0 <= self.crf <= 51:
            raise ValueError(f'crf={self.crf}: must be from 0 to 51.')
        if self.flow and (
            self.format != 'array' or 'video' not in self.modalities
        ):
            raise ValueError(
                f'flow={self.flow!r} is kept beside the frames of the array '
                "format: set format='array' and modalities with 'video'."
            )

    @property
    def suffix(self) -> str:
        """Ending of the packed files."""
        return PACKED_SUFFIX if self.format == 'array' else '.mp4'

    def digest(self) -> str:
        """Short text that changes with any setting."""
        text = repr(sorted(asdict(self).items()))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
