"""The preparation tools, through their command lines."""

from __future__ import annotations

import csv
import importlib.util
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmremix.datasets import CREMAD, KineticsSounds
from mmremix.registry import DATASETS
from tests.datasets.media_files import coded_frame, write_clip

TOOLS = Path(__file__).parents[2] / 'tools' / 'data'


def tool(name: str):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / 'one.mp4', seconds=1)
    for label in 'ab':
        (tmp_path / 'in' / label).mkdir(parents=True)
        for i in range(4):
            shutil.copy(clip, tmp_path / 'in' / label / f'{i}.mp4')
    root = str(tmp_path / 'in')
    arguments = ['--root', root, '--split', '0.5', '0.5', '--workers', '1']
    assert tool('prepare_folder')([*arguments, '--dry-run']) == 0
    assert not (tmp_path / 'in' / 'train.csv').exists()
    assert tool('prepare_folder')(arguments) == 0
    text = (tmp_path / 'in' / 'report.txt').read_text()
    assert 'train: 4 clips' in text and '  a: 2 2' in text
    assert (tmp_path / 'in' / 'report.png').read_bytes()[1:4] == b'PNG'
    assert '64 x 48: 8' in capsys.readouterr().out


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def test_a_csv_of_the_user_with_groups(tmp_path: Path) -> None:
    clips = tmp_path / 'clips'
    clips.mkdir()
    write_clip(clips / 'x0.mp4', seconds=1)
    rows = ['clip,label,speaker,start,end,mood']
    for i in range(12):
        shutil.copy(clips / 'x0.mp4', clips / f'x{i + 1}.mp4')
        rows.append(f'x{i}.mp4,{"ab"[i % 2]},s{i // 3},0.1,0.6,m{i}')
    table = tmp_path / 'all.csv'
    table.write_text('\n'.join(rows) + '\n')
    arguments = ['--root', str(clips), '--csv', str(table)]
    arguments += ['--split', '0.5', '0.5', '--workers', '1']
    out = tmp_path / 'out'
    main = tool('prepare_folder')
    main([*arguments, '--out', str(out), '--group-column', 'speaker'])
    parts = [read(out / f'{name}.csv') for name in ('train', 'test')]
    assert [len(part) for part in parts] == [6, 6]
    speakers = [{row['speaker'] for row in part} for part in parts]
    assert not speakers[0] & speakers[1] and len(speakers[0]) == 2
    row = next(r for r in parts[0] + parts[1] if r['mood'] == 'm4')
    assert row['clip'] == '../clips/x4.mp4'
    assert (row['label'], row['start'], row['end']) == ('a', '0.1', '0.6')
    with pytest.raises(ValueError, match=r"no column \['talker'\]"):
        main([*arguments, '--group-column', 'talker'])


def test_full_check_finds_damage_in_the_middle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in 'ab':
        (tmp_path / label).mkdir()
        for i in range(2):
            write_clip(tmp_path / label / f'{i}.mkv', seconds=2, gop=5)
    broken = tmp_path / 'b' / '0.mkv'
    data = bytearray(broken.read_bytes())
    quarter = len(data) // 4
    data[quarter : quarter + 600] = bytes(600)
    broken.write_bytes(bytes(data))
    arguments = ['--root', str(tmp_path), '--dry-run', '--workers', '1']
    arguments += ['--split', '0.5', '0.5', '--check']
    counts = {}
    for check in ('header', 'decode', 'full'):
        tool('prepare_folder')([*arguments, check])
        report = capsys.readouterr().out
        counts[check] = 'broken or missing: 1' in report
    assert counts == {'header': False, 'decode': False, 'full': True}


def test_cremad_of_frames_and_arrays(tmp_path: Path) -> None:
    """The layout that the scripts of earlier papers leave."""
    emotions = CREMAD.METAINFO['classes']
    for actor in (1001, 1002, 1003):
        for emotion in emotions:
            name = f'{actor}_DFA_{emotion}_XX'
            frames = tmp_path / 'Image-01-FPS' / name
            frames.mkdir(parents=True)
            for i in range(2):
                image = cv2.cvtColor(coded_frame(i), cv2.COLOR_RGB2BGR)
                cv2.imwrite(str(frames / f'{i:05}.jpg'), image)
            sound = tmp_path / 'AudioWAV' / f'{name}.npy'
            sound.parent.mkdir(exist_ok=True)
            noise = np.random.default_rng(actor).normal(size=(1024, 128))
            np.save(sound, noise.astype(np.float32))
    (tmp_path / 'AudioWAV' / '1002_DFA_SAD_XX.npy').unlink()
    arguments = ['--root', str(tmp_path), '--split', 'actors']
    tool('prepare_cremad')([*arguments, '--workers', '1'])
    parts = {n: read(tmp_path / f'{n}.csv') for n in ('train', 'val', 'test')}
    actors = {name: {r['actor'] for r in p} for name, p in parts.items()}
    assert sorted(map(len, actors.values())) == [1, 1, 1]
    assert len(set.union(*actors.values())) == 3
    assert sum(map(len, parts.values())) == 17
    (lost,) = read(tmp_path / 'broken.csv')
    assert lost['clip'] == 'Image-01-FPS/1002_DFA_SAD_XX'
    assert lost['reason'].startswith('sound: no such file')
    row = parts['train'][0]
    stem = row['clip'].removeprefix('Image-01-FPS/')
    assert row['audio'] == f'AudioWAV/{stem}.npy'
    data = CREMAD('train.csv', data_root=str(tmp_path))
    assert Path(data.get_data_info(0)['audio']).is_file()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """GRID as it is downloaded: talkers and alignments."""
    clip = write_clip(tmp_path / 'one.mp4', seconds=3)
    for talker in ('s1', 's2', 's3'):
        (tmp_path / 'grid' / talker).mkdir(parents=True)
        align = tmp_path / 'grid' / 'align' / talker
        align.mkdir(parents=True)
        for letter in 'ab':
            name = f'bba{letter}2n'
            words = f'sil bin blue at {letter} two now sil'.split()
            shutil.copy(clip, tmp_path / 'grid' / talker / f'{name}.mpg')
            (align / f'{name}.align').write_text(
                ''.join(
                    f'{9000 * i} {9000 * i + 9000} {word}\n'
                    for i, word in enumerate(words)
                )
            )
    return tmp_path / 'grid'


def test_grid(
    corpus: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = ['--root', str(corpus), '--workers', '1', '--by-talker']
    arguments += ['--split', '2', '1']
    before = sorted(corpus.rglob('*'))
    assert tool('prepare_grid')([*arguments, '--dry-run']) == 0
    assert sorted(corpus.rglob('*')) == before
    out = capsys.readouterr().out
    assert 'train: 4 clips' in out and 'dry run, nothing written' in out
    assert tool('prepare_grid')(arguments) == 0
    rows = [read(corpus / f'{name}.csv') for name in ('train', 'test')]
    talkers = [{row['talker'] for row in part} for part in rows]
    assert len(talkers[0]) == 2 and not talkers[0] & talkers[1]
    assert rows[0][0]['start'] == '1.440' and rows[0][0]['end'] == '1.800'
    assert 'allow_outside' not in capsys.readouterr().out
    # The config takes it instead of words.csv.
    monkeypatch.setenv('GRID_ROOT', str(corpus))
    cfg = Config.fromfile(TOOLS.parents[1] / 'configs/remix_grid_concat.py')
    data = DATASETS.build({**cfg.train_dataloader.dataset, 'pipeline': []})
    assert len(data) == 4 and data.get_data_info(0)['label'] in (0, 1)
    assert data.get_data_info(0)['start'] == pytest.approx(1.34)  # margin


def test_kinetics_sounds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / 'one.mp4', seconds=0.5)
    videos = tmp_path / 'videos'
    videos.mkdir()
    header = 'label,youtube_id,time_start,time_end,split'
    lists = []
    for name, split in (('train', 'train'), ('validate', 'validate')):
        rows = [header]
        for i, label in enumerate(('bowling', 'tying tie', 'typing')):
            rows.append(f'{label},{name}{i},5,15,{split}')
            shutil.copy(clip, videos / f'{name}{i}_000005_000015.mp4')
        lists.append(tmp_path / f'{name}.csv')
        lists[-1].write_text('\n'.join(rows) + '\n')
    arguments = ['--videos', str(videos), '--workers', '1', '--annotations']
    arguments += map(str, lists)
    main = tool('prepare_kinetics_sounds')
    assert main([*arguments, '--dry-run']) == 0
    out = capsys.readouterr().out
    assert 'train: 1 clips' in out and 'bowling: 1 (607), 0 (87)' in out
    assert '\nno clip in val of: blowing nose, ' in out
    assert not (videos / 'train.csv').exists()
    assert main(arguments) == 0
    assert len(KineticsSounds('val.csv', data_root=str(videos))) == 1
    # Another variant, with classes that the data set does not know.
    out = str(tmp_path / 'ks34')
    assert main([*arguments, '--classes', '34', '--out', out]) == 0
    said = capsys.readouterr().out
    assert '34 classes has these folders' in said
    assert f"data_root='{out}', allow_outside=True," in said
    data = KineticsSounds(
        'train.csv', classes='classes.txt', data_root=out, allow_outside=True
    )
    assert len(data) == 2 and len(data.metainfo['classes']) == 33
    other = tmp_path / 'other'
    shutil.copytree(videos, other, ignore=lambda *_: ['train.csv'])
    moved = [shutil.copy(lists[0], other / 'train.csv')]
    with pytest.raises(ValueError, match='is read and would be written'):
        main(['--videos', str(other), '--annotations', str(moved[0])])


def test_cremad_wants_both_lists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tool('prepare_cremad')(['--root', 'x', '--train-list', 'y'])
    assert 'give both' in capsys.readouterr().err
