"""Files of other runs and of the user."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mmremix.datasets.preparation.folder import folder_samples
from mmremix.datasets.preparation.outputs import sha256, written_before
from mmremix.datasets.preparation.prepare import prepare
from tests.datasets.media_files import write_clip

HALVES = {'train': 0.5, 'test': 0.5}
THIRDS = {'train': 1.0, 'val': 1.0, 'test': 1.0}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    clip = write_clip(tmp_path / 'clip.mp4', seconds=0.4)
    for label in 'ab':
        (tmp_path / 'in' / label).mkdir(parents=True)
        for i in range(3):
            shutil.copy(clip, tmp_path / 'in' / label / f'{i}.mp4')
    return tmp_path / 'in'


def run(root: Path, out: Path, shares: dict[str, float], **options) -> str:
    rows, classes, notes = folder_samples(str(root))
    return prepare(
        rows, out, classes, shares, notes=notes, progress=False, **options
    )


def test_lists_of_other_options_do_not_stay(root, tmp_path, capsys) -> None:
    out = tmp_path / 'out'
    run(root, out, THIRDS)
    assert (out / 'val.csv').is_file()
    (out / '.val.csv.tmp').write_text('half')  # of a killed run
    run(root, out, HALVES)
    assert 'val.csv, of an earlier run' in capsys.readouterr().out
    fresh = tmp_path / 'fresh'
    run(root, fresh, HALVES)
    assert {p.name for p in out.iterdir()} == {p.name for p in fresh.iterdir()}
    assert capsys.readouterr().out == ''


def test_a_list_that_was_edited_is_not_removed(root, tmp_path) -> None:
    run(root, tmp_path / 'out', THIRDS)
    edited = tmp_path / 'out' / 'val.csv'
    edited.write_text(edited.read_text() + 'mine.mp4,a\n')
    before = edited.read_text()
    with pytest.raises(ValueError, match='and was changed since'):
        run(root, tmp_path / 'out', HALVES)
    assert edited.read_text() == before


def test_files_of_the_user_are_not_written_over(root) -> None:
    mine = root / 'train.csv'
    mine.write_text('clip,label\na/0.mp4,a\n')
    with pytest.raises(ValueError, match='no earlier run wrote it'):
        run(root, root, HALVES)
    with pytest.raises(ValueError, match='is read and would be written over'):
        run(root, root, HALVES, inputs=[str(mine)])
    assert mine.read_text() == 'clip,label\na/0.mp4,a\n'
    assert sorted(p.name for p in root.iterdir()) == ['a', 'b', 'train.csv']


def test_checksums_cover_the_clips_if_asked(root, tmp_path) -> None:
    for hashed in (False, True):
        run(root, tmp_path / 'out', HALVES, hash_media=hashed)
        names = written_before(tmp_path / 'out')
        assert ('../in/a/0.mp4' in names) == hashed
        for name, digest in names.items():
            assert sha256(tmp_path / 'out' / name) == digest
    assert len(names) == 6 + 6
    (root / 'a' / '0.mp4').write_bytes(b'other')
    run(root, tmp_path / 'out', HALVES, hash_media=True)
    assert written_before(tmp_path / 'out') != names
