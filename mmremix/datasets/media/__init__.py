"""Reading of clips: the only place that opens media files.

Times are in seconds from the start of the container, for sound and picture
alike (as with ``ffmpeg -ss``), so that a segment cuts both at one instant.
"""

from mmremix.datasets.media.audio import AudioClip
from mmremix.datasets.media.errors import BrokenMediaError
from mmremix.datasets.media.frame_folder import FrameFolder
from mmremix.datasets.media.openers import open_audio, open_video
from mmremix.datasets.media.video import VideoClip
from mmremix.datasets.media.waveform_file import WaveformFile

__all__ = [
    'AudioClip',
    'BrokenMediaError',
    'FrameFolder',
    'VideoClip',
    'WaveformFile',
    'open_audio',
    'open_video',
]
