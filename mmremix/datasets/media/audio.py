"""Sound of a media file."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmremix.datasets.media.container import decoding
from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.media_clip import MediaClip
from mmremix.datasets.media.waveform import cut, frame_to_mono

# Seconds to decode before a segment: the first packets after a seek lack
# what they overlap with (AAC, MP3, Opus). Then more, if a seek went too far.
_BACK_OFF = (0.25, 2.0, 10.0, float('inf'))
_PRE_ROLL = 0.1  # of this much at least
# Time stamps may be rounded to milliseconds; below this they are one piece.
_JITTER = 0.02


class AudioClip(MediaClip):
    """The audio stream of a media file, read in segments.

    Example::

        with AudioClip('clip.mp4') as clip:
            waveform = clip.read(1.0, 2.0, sample_rate=16000)  # (16000,)
    """

    kind = 'audio'

    @property
    def sample_rate(self) -> int:
        """Samples per second in the file."""
        return int(self._stream.rate)

    @property
    def channels(self) -> int:
        """Number of channels in the file; :meth:`read` gives their mean."""
        return int(self._stream.codec_context.channels)

    def read(
        self,
        start: float | None = None,
        end: float | None = None,
        sample_rate: int | None = None,
    ) -> np.ndarray:
        """Decode a segment, and no more than it needs.

        Segments are placed by the stream's time stamps, to the sample. A
        hole in the stream is not filled: what follows moves up.

        Args:
            start: Seconds; None is the start of the stream.
            end: Seconds; None is its end. See :func:`clamp_segment` for the
                0.5 s by which both may be past the stream.
            sample_rate: Samples per second of the result. Defaults to those
                of the file.

        Returns:
            float32 waveform (T,), the mean of all channels.

        Raises:
            BrokenMediaError: If the segment is not inside the clip, the
                stream is damaged, at least 0.5 s or more than half of the
                segment is missing, or a sample is NaN.
        """
        segment = self.segment(start, end)
        rate = self.sample_rate
        return cut(
            self.path,
            self._samples,
            segment,
            self.span.start,
            rate,
            sample_rate or rate,
        )

    def _samples(self, first: int, last: int) -> np.ndarray:
        """Samples of the file ``first`` to ``last``, as far as there."""
        rate = self.sample_rate
        for back in _BACK_OFF:
            self._go_to(first / rate - back)
            is_sought = not self._at_start
            self._at_start = False
            latest = first - int(_PRE_ROLL * rate) if is_sought else None
            with decoding(self.path):
                samples = self._decode(first, last, latest)
            if samples is not None:
                return samples
        raise BrokenMediaError.of(
            self.path, f'no sound can be decoded at {first / rate:.3f} s'
        )

    def _decode(
        self, first: int, last: int, latest: int | None
    ) -> np.ndarray | None:
        """Read on up to ``last``; None if this starts after ``latest``."""
        pieces = [np.zeros(0, np.float32)]
        position = None  # of the frame's first sample, counted from 0 s
        rate = self.sample_rate
        # Of plain samples, the part of a packet that is there is good.
        is_plain = self._stream.codec_context.name.startswith('pcm_')
        for packet in self._container.demux(self._stream):
            if packet.is_corrupt and not is_plain:
                break
            for frame in self._stream.decode(packet):
                stamped = self._position(frame, rate)
                if position is None:
                    position = 0 if stamped is None else stamped
                    if latest is not None and position > latest:
                        return None
                elif stamped is not None and (
                    abs(stamped - position) > _JITTER * rate
                ):
                    position = stamped
                if position >= last:
                    return np.concatenate(pieces)
                if position + frame.samples > first:
                    mono = frame_to_mono(frame)
                    begin = max(0, first - position)
                    pieces.append(mono[begin : last - position])
                position += frame.samples
            if position is not None and position >= last:
                break
        return np.concatenate(pieces)

    def _position(self, frame: Any, rate: int) -> int | None:
        if frame.sample_rate != rate:
            raise BrokenMediaError.of(
                self.path,
                f'the sample rate changes from {rate} to '
                f'{frame.sample_rate} Hz inside the stream',
            )
        time = frame.time
        return None if time is None else round((time - self._origin) * rate)
