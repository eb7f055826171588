from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from mmremix.engine.checkpoints.files import (
    LAST,
    DamagedCheckpointError,
    damage,
    intact_beside,
    newest_intact,
    remove_unfinished,
)

CONTENT = {'w': torch.arange(40.0), 'step': 3}


def save(path, content=CONTENT):
    torch.save(content, path)
    return path


def cut(path, share=0.5):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def same(loaded):
    return loaded['step'] == 3 and torch.equal(loaded['w'], CONTENT['w'])


def test_every_flipped_bit_is_found_or_harmless(tmp_path):
    """Bits in headers and padding may change nothing."""
    path = save(tmp_path / 'a.pth')
    whole, found = path.read_bytes(), 0
    for position in range(0, len(whole), 3):
        data = bytearray(whole)
        data[position] ^= 1 << (position % 8)
        path.write_bytes(data)
        if damage(path) is not None:
            found += 1
            continue
        try:
            loaded = torch.load(path, weights_only=True)
        except Exception:
            # torch refuses what zip does not mind; never silently wrong.
            continue
        assert same(loaded), position
    assert found > len(whole) // 20


@pytest.mark.parametrize('share', [0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_cut_off(tmp_path, share):
    path = cut(save(tmp_path / 'a.pth'), share)
    expected = 'it is empty' if share == 0 else 'it is cut off'
    assert damage(path).startswith(expected)


def test_intact_and_unusual_files(tmp_path):
    assert damage(save(tmp_path / 'a.pth')) is None
    legacy = tmp_path / 'b.pth'
    torch.save(CONTENT, legacy, _use_new_zipfile_serialization=False)
    assert damage(legacy) is None
    torch.serialization.set_crc32_options(False)
    try:
        assert damage(save(tmp_path / 'c.pth')) is None
    finally:
        torch.serialization.set_crc32_options(True)


def test_what_is_no_checkpoint(tmp_path):
    path = tmp_path / 'a.pth'
    assert damage(path) == 'it is missing'
    path.write_text('version https://git-lfs.github.com/spec/v1\n')
    assert 'git lfs pull' in damage(path)
    path.write_bytes(bytes(5000))
    assert 'cut off or overwritten' in damage(path)
    assert 'cannot be read' in damage(tmp_path)


def test_what_is_left_of_a_kill_is_removed(tmp_path):
    ours = tmp_path / '.epoch_3.pth.0123abcd.tmp'
    theirs = [tmp_path / n for n in ('.notes.tmp', 'x.pth.tmp', 'a.pth')]
    for path in (ours, *theirs):
        path.touch()
    assert remove_unfinished(tmp_path) == [ours]
    assert sorted(tmp_path.iterdir()) == sorted(theirs)


def run_of(folder, epochs, last=None):
    paths = {n: save(folder / f'epoch_{n}.pth') for n in epochs}
    if last is not None:
        (folder / LAST).write_text(str(last))
    return paths


def newest(folder):
    return newest_intact(folder, folder, 'epoch_{}.pth')


def test_last_checkpoint_is_believed(tmp_path):
    """Newer files are of another run that was there before."""
    paths = run_of(tmp_path, (1, 2, 10), tmp_path / 'epoch_2.pth')
    assert newest(tmp_path) == (paths[2], [])


def test_falls_back_over_damaged_ones(tmp_path):
    paths = run_of(tmp_path, (8, 9, 10), tmp_path / 'epoch_10.pth')
    cut(paths[10])
    paths[9].unlink()
    path, notes = newest(tmp_path)
    assert path == paths[8]
    assert [str(paths[10]) in note for note in notes] == [True]
    (tmp_path / LAST).write_text(str(paths[9]))
    path, notes = newest(tmp_path)
    assert path == paths[8] and 'it is missing' in notes[0]


@pytest.mark.parametrize('text', [None, '', b'\xff\xfe\x00'])
def test_without_a_usable_last_checkpoint(tmp_path, text):
    paths = run_of(tmp_path, (2, 10))
    if text is not None:
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / LAST).write_bytes(data)
    path, notes = newest(tmp_path)
    assert path == paths[10] and LAST in notes[0]


def test_a_copied_folder_resumes_from_its_own_files(tmp_path):
    original, copy = tmp_path / 'a', tmp_path / 'b'
    for folder in (original, copy):
        folder.mkdir()
        run_of(folder, (1,), original / 'epoch_1.pth')
    assert newest(copy)[0] == copy / 'epoch_1.pth'


def test_nothing_there_and_nothing_intact(tmp_path):
    assert newest(tmp_path) == (None, [])
    assert newest(tmp_path / 'none') == (None, [])
    cut(run_of(tmp_path, (1,), tmp_path / 'epoch_1.pth')[1])
    with pytest.raises(DamagedCheckpointError, match=r'epoch_1\.pth is dam'):
        newest(tmp_path)


def test_intact_beside(tmp_path):
    paths = run_of(tmp_path, (1, 2, 3))
    cut(paths[2])
    for number, path in paths.items():
        os.utime(path, (number, number))
    assert intact_beside(Path(paths[2])) == [paths[3], paths[1]]
