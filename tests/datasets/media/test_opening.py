"""Opening a clip for one of its streams changes nothing but the time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mmremix.datasets.media import container, known_sound, media_clip
from mmremix.datasets.media.audio import AudioClip
from mmremix.datasets.media.video import VideoClip
from tests.datasets.media_files import write_clip

CLIPS: dict[str, dict[str, Any]] = {
    'plain.mp4': {},
    'reordered.mp4': {'b_frames': 4, 'gop': 40},
    'mpeg4.mov': {'video_codec': 'mpeg4', 'audio_codec': 'pcm_s16le'},
    'stereo.mp4': {
        'audio_codec': 'libmp3lame',
        'layout': 'stereo',
        'sample_rate': 44100,
    },
    'late.mp4': {'audio_start': 1.0},
    'turned.mp4': {'rotation': 90},
    'fragments.mp4': {
        'muxer_options': {'movflags': 'frag_keyframe+empty_moov'}
    },
    'flash.flv': {},
    'late.flv': {'audio_start': 1.5},
    'late.mkv': {'audio_start': 1.7},
    # A wrong ending; FFmpeg goes by the content.
    'really_mkv.mp4': {'audio_start': 1.7, 'muxer': 'mkv'},
}


def read(path: str) -> list[Any]:
    """Spans, packets, sound and frames of a clip."""
    found: list[Any] = []
    with AudioClip(path) as audio:
        start, end = audio.span
        found += [audio.span, audio.sample_rate, audio.read().tobytes()]
        found.append(audio.read(end - 0.5, end - 0.1, 22050).tobytes())
    with VideoClip(path) as video:
        start, end = video.span
        times = [float(t) for t in np.linspace(start, end, 7)[:-1]]
        found.append(video.span)
        found += [frame.tobytes() for frame in video.frames_at(times)]
    return found


@pytest.mark.parametrize('name', CLIPS)
def test_content_does_not_depend_on_how_it_is_opened(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = dict(CLIPS[name])
    muxer = options.pop('muxer', None)
    written = tmp_path / (f'clip.{muxer}' if muxer else name)
    write_clip(written, **options)
    path = str(written.rename(tmp_path / name))
    first, again = read(path), read(path)
    monkeypatch.setattr(container, '_bars', lambda path, kind: {})
    monkeypatch.setattr(known_sound, '_known', {})
    monkeypatch.setattr(media_clip, '_DISCARD', None)
    assert first == read(path)
    # The second time headers alone may have to do.
    assert again == first


def test_headers_are_believed_where_they_have_told_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(write_clip(tmp_path / 'clip.mp4'))
    opened = []
    open_container = container.open_container

    def noted(*args: Any, bare: bool = False) -> Any:
        opened.append(bare)
        return open_container(*args, bare=bare)

    monkeypatch.setattr(container, 'open_container', noted)
    monkeypatch.setattr(known_sound, '_known', {})
    sounds = []
    for _ in range(2):
        with AudioClip(path) as clip:
            sounds.append(clip.read())
    assert opened == [False, True]
    # What they say differs now from what was found: they are not believed,
    # then and later.
    ((identity, facts),) = known_sound._known.items()
    assert facts is not None
    known_sound._known[identity] = (*facts[:-1], 7)
    for expected in ([True, False], [False]):
        opened.clear()
        with AudioClip(path) as clip:
            sounds.append(clip.read())
        assert opened == expected
    for sound in sounds[1:]:
        np.testing.assert_array_equal(sound, sounds[0])
    # Another file of the same name.
    write_clip(tmp_path / 'clip.mp4', audio_start=1.0)
    opened.clear()
    with AudioClip(path):
        pass
    assert opened == [False]


def test_pictures_are_not_decoded_for_the_sound(tmp_path: Path) -> None:
    """FFmpeg tells the pixel format of H.264 once it has decoded."""
    path = write_clip(tmp_path / 'clip.mp4')
    for kind, is_known in (('audio', False), ('video', False), (None, True)):
        with container.open_container(path, kind) as opened:
            context = opened.streams.video[0].codec_context
            assert isinstance(opened, av.container.InputContainer)
            assert (context.pix_fmt is not None) is is_known
