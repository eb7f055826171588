"""Frames of a media file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np
from av.video.reformatter import VideoReformatter

from mmremix.datasets.media.container import decoding
from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.limits import (
    MAX_PIXELS,
    check_one_size,
    check_picture,
)
from mmremix.datasets.media.media_clip import MediaClip
from mmremix.datasets.media.segment import EDGE_TOLERANCE
from mmremix.datasets.media.stream_span import STAMPED, format_of

# Without an index, a seek is a search in the file: not for a short way.
_FAR = 5.0
_SEEKABLE = (*STAMPED, 'avi')
# How far before the wanted frame to seek, in turn, in seconds.
_BACK_OFF = (0.0, 2.0, 10.0, float('inf'))
_EPSILON = 1e-6
# The most frames that H.264 and MPEG-4 hold back to reorder them.
_REORDERED = 16
# Bytes of an MPEG-4 picture that is 'not coded'. As an empty packet of any
# codec (Theora, VP8), it shows the one before it again.
_NOT_CODED = 8
# Here a frame that is not needed and no reference need not be decoded. In
# HEVC 'no reference' holds within one temporal layer only.
_SKIPPING_CODECS = ('h264', 'mpeg4')


class VideoClip(MediaClip):
    """The video stream of a media file, read at given times.

    Works from the time stamps, not from a frame rate, so variable rates,
    B-frames and streams that start late are exact. Packets are read up to the
    last one that a wanted frame depends on; from their time stamps the wanted
    frames are known before any is decoded.

    Example::

        with VideoClip('clip.mp4') as clip:
            span = clip.segment(1.0, 2.0)
            first, last = clip.frames_at([span.start, span.end - 0.01])
    """

    kind = 'video'

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._may_skip = True

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as stored.

        Frames of a clip that was filmed upright come turned, with the two
        exchanged.
        """
        context = self._stream.codec_context
        return int(context.width), int(context.height)

    @property
    def frame_rate(self) -> float | None:
        """Frames per second on average; None if the file does not say."""
        rate = self._stream.average_rate
        return float(rate.numerator / rate.denominator) if rate else None

    def frames_at(self, times: Sequence[float]) -> list[np.ndarray]:
        """Frames that are on display at the given times.

        A time before the first frame gets that one; a time after the end
        gets the last one, if it is less than 0.5 s later.

        Args:
            times: Seconds, in any order.

        Returns:
            One uint8 RGB array (H, W, 3) for each time, none shared, upright
            if the file says how the camera was held. Pixels that are not
            square stay so.

        Raises:
            BrokenMediaError: If the stream is damaged, or cut off before one
                of the times, or changes its size between them.
        """
        wanted = sorted(set(times))
        shown: dict[float, Any] = {}
        while wanted:
            frames = self._decode_next(wanted)
            shown.update(frames)
            wanted = wanted[len(frames) :]
        # Each conversion makes an array of its own: some transforms flip
        # images in place.
        with decoding(self.path):
            images = [self._to_rgb(shown[time]) for time in times]
        check_one_size(self.path, images)
        return images

    def _open(self) -> None:
        super()._open()
        context = self._stream.codec_context
        # Workers share the processors already, and each frame is small.
        context.thread_count = 1
        # Of what the packets say; the header may have said less.
        context.options = {'max_pixels': str(MAX_PIXELS)}
        # AVI does not say when frames are shown. If they are not stored in
        # that order, then the k-th one that the decoder returns, from the
        # start on, is the k-th one shown.
        self._ranked = (
            format_of(self._container) == 'avi' and context.has_b_frames
        )
        self._seekable = (
            format_of(self._container) in _SEEKABLE and not self._ranked
        )
        self._skipping = (
            self._may_skip
            and context.name in _SKIPPING_CODECS
            and not self._ranked
        )
        is_mpeg4 = context.name == 'mpeg4' and not self._ranked
        self._empty = _NOT_CODED if is_mpeg4 else 0
        self._reformatter = VideoReformatter()

    def _check(self) -> None:
        check_picture(self.path, *self.size, self.frame_rate)

    def _go_to(self, time: float) -> None:
        """Read on from a key frame at or before ``time``, if possible."""
        is_late = self._seekable and time > self.span.start
        if not (is_late and self._jump(time)):
            self._rewind()

    def _decode_next(self, wanted: list[float]) -> dict[float, Any]:
        """Frames of the first times, those that share one key frame."""
        for back in _BACK_OFF:
            self._seek(wanted[0] - back)
            from_start = self._at_start
            group = self._same_key_frame(wanted)
            packets, is_end = self._read_until(group[-1])
            keys = sorted(
                key
                for packet in packets
                if packet.size > self._empty
                and (key := self._key(packet)) is not None
            )
            starts = [self._seconds(key) - _EPSILON for key in keys]
            if not from_start and not (starts and starts[0] <= group[0]):
                continue  # the seek went too far
            if is_end:
                self._check_end(packets, group[-1])
            if not starts:
                break  # from its start on, no frame says when it is shown
            chosen = {
                time: keys[max(0, bisect_right(starts, time) - 1)]
                for time in group
            }
            frames = self._decode(packets, keys, set(chosen.values()))
            if frames.keys() >= set(chosen.values()):
                return {time: frames[key] for time, key in chosen.items()}
            # Not decodable from here, as can be if frames refer to some
            # before the key frame; or not at all.
            if from_start and not self._skipping:
                break
            self._may_skip = self._skipping = False
        raise BrokenMediaError.of(
            self.path, f'damaged, no frame can be decoded at {wanted[0]:.3f} s'
        )

    def _seek(self, time: float) -> None:
        indexed = len(self._stream.index_entries) > 1
        start = self.span.start
        self._go_to(time if indexed or time - start > _FAR else start)

    def _same_key_frame(self, wanted: list[float]) -> list[float]:
        index = self._stream.index_entries
        if len(index) < 2 or not self._seekable:
            return wanted
        entries = [index.search_timestamp(self._ticks(t)) for t in wanted]
        return [
            time
            for time, entry in zip(wanted, entries, strict=True)
            if entry == entries[0]
        ]

    def _read_until(self, time: float) -> tuple[list[Any], bool]:
        """Packets of all frames up to ``time``, and if these are the last."""
        packets: list[Any] = []
        is_seeking = not self._at_start
        held_back = _REORDERED if self._ranked else 0
        self._at_start = False
        with decoding(self.path):
            for packet in self._container.demux(self._stream):
                if (
                    is_seeking
                    and not packets
                    and not (packet.size and packet.is_keyframe)
                ):
                    continue
                # Frames are shown no earlier than they are decoded.
                if packet.dts is not None and (
                    self._seconds(packet.dts - held_back) > time + _EPSILON
                ):
                    return packets, False
                packets.append(packet)
        return packets, True

    def _key(self, packet: Any) -> int | None:
        key: int | None = packet.dts if self._ranked else packet.pts
        return key

    def _check_end(self, packets: list[Any], time: float) -> None:
        ends = [
            self._seconds(key + (packet.duration or 0))
            for packet in packets
            if (key := self._key(packet)) is not None
        ]
        if not ends:
            raise BrokenMediaError.of(
                self.path,
                'has no video frames with time stamps, or is cut off',
            )
        if time - max(ends) >= EDGE_TOLERANCE:
            raise BrokenMediaError.of(
                self.path,
                f'the video ends at {max(ends):.3f} s, a frame at {time:.3f} '
                f's is needed and {self.span} s declared: cut off, or the '
                'sound is longer than the video',
                "Set 'end' of this sample if the file is meant to be so.",
            )

    def _decode(
        self, packets: list[Any], keys: list[int], chosen: set[int]
    ) -> dict[int, Any]:
        """Decode packets up to the last chosen frame, by key."""
        context = self._stream.codec_context
        ranks = iter(keys)
        frames: dict[int, Any] = {}
        with decoding(self.path):
            # The final None gets what the decoder holds back.
            for packet in (*packets, None):
                if packet is not None and packet.is_corrupt:
                    break
                if packet is not None and not packet.size:
                    continue  # would end the stream for the decoder
                skip = self._skipping and packet and packet.pts not in chosen
                context.skip_frame = 'NONREF' if skip else 'DEFAULT'
                for frame in self._stream.decode(packet):
                    key = next(ranks, None) if self._ranked else frame.pts
                    if key in chosen and not frame.is_corrupt:
                        frames[key] = frame
                if len(frames) == len(chosen):
                    break
        return frames

    def _to_rgb(self, frame: Any) -> np.ndarray:
        # One reformatter and no threads: 0.01 ms instead of 1 ms per frame.
        rgb = self._reformatter.reformat(frame, format='rgb24', threads=1)
        image = rgb.to_ndarray()
        # Turns counterclockwise, as np.rot90 does.
        turns = round(frame.rotation / 90) % 4
        return np.ascontiguousarray(np.rot90(image, turns))
