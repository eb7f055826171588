from __future__ import annotations

from pathlib import Path

import pytest

from mmremix.apis.clip_list import list_clips


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'')


def test_folder_is_searched_through(tmp_path):
    touch(
        tmp_path,
        *('b.MP4', 'a/deep/c.webm', 'packed.mmpk', 'notes.txt'),
        *('.hidden.mp4', '.git/x.mp4', 'a/alone.wav'),
        *('frames/1.jpg', 'frames/2.jpg', 'frames.wav'),
        *('other/1.png', 'mixed/cover.jpg', 'mixed/clip.mkv'),
    )
    found = list_clips(tmp_path)
    names = [Path(c['clip']).relative_to(tmp_path).as_posix() for c in found]
    assert names == [
        *('a/deep/c.webm', 'b.MP4', 'frames', 'mixed/clip.mkv'),
        *('other', 'packed.mmpk'),
    ]
    sounds = {Path(c['clip']).name: c.get('audio') for c in found}
    assert sounds['frames'] == str(tmp_path / 'frames.wav')
    assert sounds['other'] is None


def test_lists_dicts_and_missing_files(tmp_path):
    touch(tmp_path, 'x/1.mp4', 'x/2.mp4')
    clip = {'clip': Path('y.mp4'), 'start': 1, 'end': None}
    found = list_clips(['gone.odd', tmp_path / 'x', clip])
    assert found[0] == {'clip': 'gone.odd'}
    assert [Path(c['clip']).name for c in found[1:3]] == ['1.mp4', '2.mp4']
    assert found[3] == {'clip': 'y.mp4', 'start': 1.0}
    assert clip['end'] is None  # left as it was


def test_what_is_no_clip_is_refused(tmp_path):
    with pytest.raises(ValueError, match='no clips in this folder'):
        list_clips(str(tmp_path))
    with pytest.raises(ValueError, match=r'got .*begin'):
        list_clips({'clip': 'a.mp4', 'begin': 1})
    with pytest.raises(ValueError, match='needs clip='):
        list_clips({'start': 1})
    with pytest.raises(TypeError, match='got int: 3'):
        list_clips(3)
