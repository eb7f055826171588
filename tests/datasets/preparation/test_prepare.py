"""Kinetics-style clips, some broken; kills; other corpora."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from mmremix.datasets import AVDataset
from mmremix.datasets.preparation.cremad import cremad_samples
from mmremix.datasets.preparation.folder import folder_samples
from mmremix.datasets.preparation.grid import grid_samples
from mmremix.datasets.preparation.kinetics_classes import (
    CLASSES_31,
    PUBLISHED,
    VARIANTS,
    class_names,
)
from mmremix.datasets.preparation.kinetics_sounds import kinetics_samples
from mmremix.datasets.preparation.prepare import prepare
from tests.datasets.media_files import write_clip

SHARES = {'train': 0.5, 'test': 0.5}


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('kinetics')
    folder = root / 'bowling'
    folder.mkdir()
    good = Path(write_clip(folder / 'good0_000005_000015.mp4', seconds=1))
    for i in range(1, 8):
        shutil.copy(good, folder / f'good{i}_000005_000015.mp4')
    shutil.copy(good, root / 'flat.mp4')
    write_clip(root / 'silent.mp4', seconds=1, with_audio=False)
    data = good.read_bytes()
    (root / 'cut.mp4').write_bytes(data[: len(data) // 2])
    (root / 'pointer.mp4').write_text(
        'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'
    )
    (root / 'empty.mp4').touch()
    shutil.copy(good, root / 'odd.txt')
    names = [f'good{i}' for i in range(8)]
    names += ['flat', 'silent', 'cut', 'pointer', 'empty', 'odd', 'missing']
    lines = ['label,youtube_id,time_start,time_end,split']
    lines += [
        f'bowling,{name},5,15,{"validate" if i % 3 else "train"}'
        for i, name in enumerate(names)
    ]
    lines.append('abseiling,good0,50,60,train')
    (root / 'all.csv').write_text('\n'.join(lines) + '\n')
    return root


def run(videos: Path, out: Path, workers: int = 1) -> str:
    samples, notes = kinetics_samples([str(videos / 'all.csv')], str(videos))
    return prepare(
        samples, out, CLASSES_31, workers=workers, notes=notes, progress=False
    )


def test_every_problem_is_listed_with_its_reason(videos: Path) -> None:
    out = videos.parent / 'listed'
    run(videos, out)
    with (out / 'broken.csv').open() as file:
        reasons = {
            Path(row['clip']).stem[:7].split('_')[0]: row['reason']
            for row in csv.DictReader(file)
        }
    expected = {
        'silent': 'no audio stream',
        'cut': 'cut off',
        'pointer': 'LFS pointer',
        'empty': 'empty',
        'odd': 'wrong extension',
        'missing': 'no such file',
    }
    assert set(reasons) == set(expected)
    for name, text in expected.items():
        assert text in reasons[name]
    options = dict(data_root=str(out), classes=CLASSES_31, allow_outside=True)
    train = AVDataset('train.csv', **options)
    val = AVDataset('val.csv', **options)
    assert len(train) + len(val) == 9


def test_dry_run_writes_nothing(videos: Path) -> None:
    out = videos.parent / 'dry'
    samples, _ = kinetics_samples([str(videos / 'all.csv')], str(videos))
    report = prepare(samples, out, CLASSES_31, dry_run=True, progress=False)
    assert 'broken or missing: 6' in report and not out.exists()
    with pytest.raises(ValueError, match='6 of 15 clips cannot be used'):
        prepare(samples, out, CLASSES_31, on_broken='fail', dry_run=True)


def test_published_counts_and_variants(tmp_path: Path) -> None:
    sums = [sum(column) for column in zip(*PUBLISHED.values(), strict=True)]
    assert sums == [14799, 2597]
    assert [len(VARIANTS[n]) for n in ('31', '32', '33')] == [31, 32, 33]
    names, notes = class_names('34')
    assert len(names) == 33 and 'one is missing' in notes[0]
    (tmp_path / 'my_test.txt').write_text('--4-0i_h_000003_000013,10,4\n')
    rows, _ = kinetics_samples([str(tmp_path / 'my_test.txt')], str(tmp_path))
    assert rows[0]['label'] == 'dribbling basketball'
    assert rows[0]['split'] == 'test' and rows[0]['reason'] == 'no such file'


def test_classes_of_a_file(tmp_path: Path) -> None:
    table = tmp_path / 'train.csv'
    table.write_text(
        'label,youtube_id,time_start,time_end,split\n'
        'bowling,a,1,11,train\ntypewriting,b,1,11,train\n'
    )
    (tmp_path / 'two.txt').write_text('bowling\ntypewriting\n')
    names, notes = class_names(str(tmp_path / 'two.txt'))
    rows, more = kinetics_samples([str(table)], str(tmp_path), names)
    assert [row['label'] for row in rows] == ['bowling', 'typewriting']
    assert '2 of a file' in notes[0]
    assert '  typewriting: 0 (-), 0 (-)' in more
    with pytest.raises(ValueError, match=r'typing .like typewriting'):
        kinetics_samples([str(table)], str(tmp_path), ['bowling', 'typing'])
    (tmp_path / 'two.txt').write_text('bowling\nbowling\n')
    with pytest.raises(ValueError, match='named twice'):
        class_names(str(tmp_path / 'two.txt'))
    with pytest.raises(ValueError, match='or a file with a class'):
        class_names('35')


def test_folder_groups(videos: Path, tmp_path: Path) -> None:
    for label in 'ab':
        for speaker in range(3):
            (tmp_path / label).mkdir(exist_ok=True)
            name = f's{speaker}_{label}.mp4'
            shutil.copy(videos / 'flat.mp4', tmp_path / label / name)
    rows, classes, _ = folder_samples(str(tmp_path), group_regex=r'/(s\d)_')
    prepare(rows, tmp_path, classes, {'train': 2, 'test': 1}, progress=False)
    parts = []
    for name in ('train', 'test'):
        with (tmp_path / f'{name}.csv').open() as file:
            parts.append({row['group'] for row in csv.DictReader(file)})
    assert len(parts[0]) == 2 and len(parts[1]) == 1
    assert not parts[0] & parts[1]


def test_cremad_names_lists_and_sounds(tmp_path: Path) -> None:
    for name in ('VideoFlash', 'AudioWAV'):
        (tmp_path / name).mkdir()
    for name in ('1001_DFA_ANG_XX', '1002_DFA_SAD_XX'):
        (tmp_path / 'VideoFlash' / f'{name}.flv').touch()
    (tmp_path / 'AudioWAV' / '1001_DFA_ANG_XX.wav').touch()
    rows, _ = cremad_samples(str(tmp_path), split='actors')
    assert [r['label'] for r in rows] == ['ANG', 'SAD']
    assert [r['group'] for r in rows] == ['1001', '1002']
    assert ['audio' in r for r in rows] == [True, False]
    (tmp_path / 'a').write_text('1001_DFA_ANG_XX,ANG\n')
    (tmp_path / 'b').write_text('1009_DFA_HAP_XX,HAP\n')
    rows, notes = cremad_samples(
        str(tmp_path),
        train_list=str(tmp_path / 'a'),
        test_list=str(tmp_path / 'b'),
    )
    assert [r['split'] for r in rows] == ['train', 'test']
    assert 'not used: 1' in notes[0]


def test_grid_corpus(tmp_path: Path) -> None:
    (tmp_path / 's1').mkdir()
    (tmp_path / 'align').mkdir()
    (tmp_path / 's1' / 'bbaf2n.mpg').touch()
    (tmp_path / 's1' / 'bbaf3s.mpg').touch()
    words = ['sil', 'bin', 'blue', 'at', 'f', 'two', 'now', 'sil']
    (tmp_path / 'align' / 'bbaf2n.align').write_text(
        ''.join(
            f'{i * 5000} {i * 5000 + 5000} {w}\n' for i, w in enumerate(words)
        )
    )
    first, second = grid_samples(str(tmp_path))
    assert (first['label'], first['start'], first['end']) == (
        'f',
        '0.800',
        '1.000',
    )
    assert second['label'] == 'f' and second['reason'] == 'no .align file'


def test_listed_segments_are_kept(tmp_path: Path) -> None:
    """Whole videos are cut, trimmed ones are not."""
    long = write_clip(tmp_path / 'long.mp4', seconds=4)
    short = write_clip(tmp_path / 'short.mp4', seconds=1)
    shutil.copy(long, tmp_path / 'cut_000001_000002.mp4')
    shutil.copy(short, tmp_path / 'fit_000001_000002.mp4')
    (tmp_path / '__MACOSX').mkdir()
    (tmp_path / '__MACOSX' / 'gone.mp4').touch()
    lines = ['label,youtube_id,time_start,time_end,split']
    for name in ('long', 'short', 'cut', 'fit', 'gone'):
        lines.append(f'bowling,{name},1,2,train')
    lines.append('bowling,long,2,3.5,train')
    (tmp_path / 'lists').mkdir()
    table = tmp_path / 'lists' / 'train.csv'
    table.write_text('\n'.join(lines) + '\n')
    samples, _ = kinetics_samples([str(table)], str(tmp_path), ['bowling'])
    prepare(samples, tmp_path, ['bowling'], progress=False)
    with (tmp_path / 'train.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [(r['clip'], r['start'], r['end']) for r in rows] == [
        ('cut_000001_000002.mp4', '1.0', '2.0'),
        ('fit_000001_000002.mp4', '', ''),
        ('long.mp4', '1.0', '2.0'),
        ('long.mp4', '2.0', '3.5'),
        ('short.mp4', '', ''),
    ]
    assert 'gone' in (tmp_path / 'broken.csv').read_text()


@pytest.mark.parametrize('time', ['nan', 'inf', '-1', '1_0', '9'])
def test_times_of_lists(tmp_path: Path, time: str) -> None:
    table = tmp_path / 'train.csv'
    table.write_text(
        'label,youtube_id,time_start,time_end,split\n'
        f'bowling,a,{time},8,train\n'
    )
    with pytest.raises(ValueError, match=r'train\.csv: row 1'):
        kinetics_samples([str(table)], str(tmp_path))


def test_numbers_that_are_class_names(tmp_path: Path) -> None:
    table = tmp_path / 'train.txt'
    table.write_text('a_000001_000011,10,4\n')
    rows, _ = kinetics_samples([str(table)], str(tmp_path), ['4', '5'][:1])
    assert rows[0]['label'] == '4'


@pytest.mark.parametrize(
    'name',
    [
        'VideoMP4/{}.mp4',
        'VideoFlash/{}.FLV',
        '{}.mp4',
        'train/ANG/{}.avi',
        'Image-30-FPS/{}/00001.jpg',
    ],
)
def test_layouts_of_cremad(tmp_path: Path, name: str) -> None:
    path = tmp_path / name.format('1001_DFA_ANG_XX')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    (tmp_path / '__MACOSX').mkdir()
    (tmp_path / '__MACOSX' / '1002_DFA_ANG_XX.mp4').touch()
    (tmp_path / 'AudioWAV').mkdir()
    (tmp_path / 'AudioWAV' / '1001_DFA_ANG_XX.WAV').touch()
    ((row,), _) = cremad_samples(str(tmp_path))
    assert Path(row['clip']) in (path, path.parent)
    assert row['label'] == 'ANG' and row['audio'].endswith('XX.WAV')


def test_cremad_prefers_the_original_files(tmp_path: Path) -> None:
    for name in ('VideoFlash/{}.flv', 'VideoMP4/{}.mp4', 'a/{}.mp4'):
        path = tmp_path / name.format('1001_DFA_ANG_XX')
        path.parent.mkdir()
        path.touch()
    ((row,), _) = cremad_samples(str(tmp_path))
    assert 'VideoFlash' in row['clip']
    with pytest.raises(ValueError, match=r'VideoMP4/\*\.mp4'):
        cremad_samples(str(tmp_path / 'none'))


def test_a_split_is_no_path(tmp_path: Path) -> None:
    row = {'clip': 'a.mp4', 'label': 'a', 'split': '../train'}
    with pytest.raises(ValueError, match=r"a\.mp4: '\.\./train' is no name"):
        prepare([row], tmp_path, ['a'], progress=False)
