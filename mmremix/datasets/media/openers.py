"""Choice of the reader by the kind of path."""

from __future__ import annotations

import os

from mmremix.datasets.media.audio import AudioClip
from mmremix.datasets.media.frame_folder import FrameFolder
from mmremix.datasets.media.packed import PackedAudio, PackedVideo
from mmremix.datasets.media.packed_file import PACKED_SUFFIX
from mmremix.datasets.media.video import VideoClip
from mmremix.datasets.media.waveform_file import WaveformFile


def open_video(
    path: str, frame_rate: float | None = None
) -> VideoClip | FrameFolder | PackedVideo:
    """Reader for the frames of a media file, packed clip or image folder.

    Args:
        path: File or folder.
        frame_rate: Frames per second of a folder; media files know theirs.
    """
    if os.path.isdir(path):
        return FrameFolder(path, frame_rate)
    if path.lower().endswith(PACKED_SUFFIX):
        return PackedVideo(path)
    return VideoClip(path)


def open_audio(
    path: str, npy_sample_rate: int | None = None
) -> AudioClip | WaveformFile | PackedAudio:
    """Reader for the sound of a media file, packed clip or ``.npy`` waveform.

    Args:
        path: The file.
        npy_sample_rate: Samples per second of a ``.npy`` file; media files
            know theirs.
    """
    if path.lower().endswith('.npy'):
        return WaveformFile(path, npy_sample_rate)
    if path.lower().endswith(PACKED_SUFFIX):
        return PackedAudio(path)
    return AudioClip(path)
