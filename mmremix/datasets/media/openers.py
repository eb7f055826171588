"""Choice of the reader by the kind of path."""

from __future__ import annotations

import os

from mmremix.datasets.media.audio import AudioClip
from mmremix.datasets.media.frame_folder import FrameFolder
from mmremix.datasets.media.video import VideoClip
from mmremix.datasets.media.waveform_file import WaveformFile


def open_video(
    path: str, frame_rate: float | None = None
) -> VideoClip | FrameFolder:
    """Reader for the frames of a media file or of a folder of images.

    Args:
        path: File or folder.
        frame_rate: Frames per second of a folder; media files know theirs.
    """
    if os.path.isdir(path):
        return FrameFolder(path, frame_rate)
    return VideoClip(path)


def open_audio(
    path: str, npy_sample_rate: int | None = None
) -> AudioClip | WaveformFile:
    """Reader for the sound of a media file or of a waveform in ``.npy``.

    Args:
        path: The file.
        npy_sample_rate: Samples per second of a ``.npy`` file; media files
            know theirs.
    """
    if path.lower().endswith('.npy'):
        return WaveformFile(path, npy_sample_rate)
    return AudioClip(path)
