from __future__ import annotations

import pytest

from mmremix.datasets import AVDataset, av_dataset
from mmremix.datasets.annotation import AnnotationError
from mmremix.datasets.class_folders import is_clutter, read_folders
from mmremix.datasets.preparation.folder import folder_samples


def make(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith('/'):
            path.mkdir()
        else:
            path.touch()
    return str(root)


def test_hidden_and_system_folders_are_no_classes(tmp_path):
    root = make(
        tmp_path,
        *('clap/a.mp4', 'clap/._a.mp4', 'clap/Thumbs.db', 'shout/b.mp4'),
        *('.ipynb_checkpoints/a-checkpoint.mp4', '.thumbs/a.mp4'),
        *('__MACOSX/clap/._a.mp4', '__MACOSX/a.mp4', '@eaDir/a.mp4'),
        *('lost+found/a.mp4', '$RECYCLE.BIN/a.mp4', 'clap/@eaDir/x.jpg'),
        *('System Volume Information/a.mp4', 'clap/.cache/0.jpg'),
    )
    found = read_folders(root)
    assert [row['clip'] for row in found.rows] == ['clap/a.mp4', 'shout/b.mp4']
    assert found.classes == ['clap', 'shout']
    assert not found.empty and not found.unused
    rows, classes, _ = folder_samples(root)
    assert classes == ['clap', 'shout'] and len(rows) == 2


def test_what_is_clutter():
    assert all(map(is_clutter, ('.git', 'THUMBS.DB', '#recycle', '__MACOSX')))
    assert not any(map(is_clutter, ('clap', '_x', 'recycling', 'a.b')))


def test_empty_folders(tmp_path):
    root = make(tmp_path, 'clap/a.mp4', 'shout/b.mp4', 'later/')
    message = r"no clips in the folder\(s\) \['later'\]"
    with pytest.raises(AnnotationError, match=message):
        AVDataset(data_root=root)
    with pytest.raises(AnnotationError, match=message):
        folder_samples(root)
    # Where the classes are named, it is clear what it is.
    assert len(AVDataset(data_root=root, classes=['clap', 'shout'])) == 2
    names = ['clap', 'later', 'shout']
    assert len(AVDataset(data_root=root, classes=names)) == 2


def test_what_is_no_clip_is_named(tmp_path, monkeypatch):
    root = make(
        tmp_path,
        *('clap/a.mp4', 'clap/notes.txt', 'clap/later/', 'shout/b.mp4'),
        *('clap/frames/0.jpg', 'clap/frames.wav', 'clap/half.wav'),
        *('clap/half/',),
    )
    said = []
    monkeypatch.setattr(
        av_dataset, 'print_log', lambda text, *_, **__: said.append(text)
    )
    data = AVDataset(data_root=root)
    clips = [data.row(i).clip for i in range(len(data))]
    # A sound without its frames is a broken clip, not none.
    assert clips == [
        *('clap/a.mp4', 'clap/frames', 'clap/half', 'shout/b.mp4')
    ]
    assert "2 files or folders are no clips and not used: ['clap/la" in said[0]
    rows, _, _ = folder_samples(root)
    reasons = {r['clip'][len(root) + 1 :]: r.get('reason') for r in rows}
    assert reasons['clap/notes.txt'] == "no clip, ends in '.txt'"
    assert reasons['clap/later'] == 'no clip, a folder without pictures'


def test_sounds_alone(tmp_path):
    for name in ('lo', 'hi'):
        (tmp_path / name).mkdir()
        (tmp_path / name / '0.wav').touch()
    with pytest.raises(AnnotationError, match=r"0.wav.*reader='sound'"):
        read_folders(str(tmp_path))


def test_one_level_too_high(tmp_path):
    root = make(tmp_path, 'train/clap/a.mp4', 'test/clap/b.mp4')
    with pytest.raises(AnnotationError, match=r"folders are \['test', 'tra"):
        AVDataset(data_root=root)


def test_blanks_around_the_name_of_a_class(tmp_path):
    root = make(tmp_path, ' clap/ a.mp4', 'shout/b .mp4')
    data = AVDataset(data_root=root, classes=['clap', 'shout'])
    assert [data.get_data_info(i)['label'] for i in range(2)] == [0, 1]
    make(tmp_path, 'clap/c.mp4')
    with pytest.raises(AnnotationError, match='one class but for blanks'):
        AVDataset(data_root=root)


def test_options_of_a_csv_are_not_ignored(tmp_path):
    root = make(tmp_path, 'clap/a.mp4', 'shout/b.mp4')
    with pytest.raises(ValueError, match=r"\['filter_cfg'\] are of a CSV"):
        AVDataset(data_root=root, filter_cfg={'split': 'train'})
