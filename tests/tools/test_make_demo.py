"""The demo data set: real files, the same for a seed, whole or not there."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest

from mmremix.demo import demo_set, make_demo
from mmremix.demo.clip_file import pick_encoder, write_clip
from mmremix.demo.picture import make_video
from mmremix.demo.sound import make_audio

SCRIPT = Path(__file__).parents[2] / 'tools' / 'data' / 'make_demo.py'
SPEC = importlib.util.spec_from_file_location('make_demo', SCRIPT)
TOOL = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TOOL)
SMALL = {'num_train': 8, 'num_test': 4, 'num_classes': 4}


def make(out, **options):
    return make_demo(out, **{**SMALL, **options})


def decode(path):
    """Pictures (T, H, W, 3) and sound (samples,) of a clip."""
    with av.open(str(path)) as clip:
        pictures = [f.to_ndarray(format='rgb24') for f in clip.decode(video=0)]
    with av.open(str(path)) as clip:
        sound = [f.to_ndarray()[0] for f in clip.decode(audio=0)]
    return np.stack(pictures), np.concatenate(sound)


def contents(root):
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in root.rglob('*')
        if p.is_file()
    }


def rows(path):
    with path.open(newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope='module')
def demo(tmp_path_factory):
    root = tmp_path_factory.mktemp('set') / 'demo'
    make(root)
    return root


def test_streams(demo):
    clips = sorted((demo / 'clips').iterdir())
    assert [c.name for c in clips] == [
        *(f'test_{i:05d}.mp4' for i in range(4)),
        *(f'train_{i:05d}.mp4' for i in range(8)),
    ]
    for path in clips:
        with av.open(str(path)) as clip:
            video, audio = clip.streams
            assert (video.type, audio.type) == ('video', 'audio')
            assert video.codec_context.name == 'h264'
            assert (video.width, video.height) == (64, 64)
            assert video.average_rate == 12
            assert audio.codec_context.name == 'aac'
            assert audio.codec_context.sample_rate == 16000
            assert audio.codec_context.layout.name == 'mono'
            assert clip.duration / av.time_base == pytest.approx(1, abs=0.01)
        pictures, sound = decode(path)
        assert pictures.shape == (12, 64, 64, 3)
        assert abs(sound.size - 16000) <= 1024  # within one AAC frame
        assert pictures.std() > 10
        assert 0.1 < np.abs(sound).max() <= 1.1


def test_tracks_are_what_was_synthesised(tmp_path):
    frames = make_video(1, 20.0, np.random.default_rng(0))
    sound = make_audio(1, 20.0, np.random.default_rng(1))
    assert frames.dtype == np.uint8 and sound.dtype == np.float32
    write_clip(tmp_path / 'a.mp4', frames, sound, 'libx264')
    pictures, heard = decode(tmp_path / 'a.mp4')
    # In step: shifted by one frame, or by some samples, it fits worse.
    error = np.abs(pictures.astype(float) - frames).mean((1, 2, 3))
    shifted = np.abs(pictures[1:].astype(float) - frames[:-1]).mean((1, 2, 3))
    assert error.max() < 10 and (error[1:] < shifted).all()
    lags = [
        np.corrcoef(np.roll(sound, lag), heard[:16000])[0, 1]
        for lag in range(-20, 21)
    ]
    assert np.argmax(lags) == 20 and lags[20] > 0.95


def test_annotations_and_balance(tmp_path):
    done = make(tmp_path, num_train=10, num_test=3, num_classes=3)
    names = (tmp_path / 'classes.txt').read_text().split()
    assert len(set(names)) == 3
    for split, sizes in (('train', (4, 3, 3)), ('test', (1, 1, 1))):
        table = rows(tmp_path / f'{split}.csv')
        assert all((tmp_path / row['clip']).is_file() for row in table)
        assert table[2]['clip'] == f'clips/{split}_00002.mp4'
        count = Counter(row['label'] for row in table)
        assert count == dict(zip(names, sizes, strict=True))
        assert count == done['counts'][split]
    size = sum(map(len, contents(tmp_path).values()))
    size -= (tmp_path / 'demo.json').stat().st_size
    assert done['megabytes'] == pytest.approx(size / 1e6)


def test_equal_seeds_give_equal_bytes(demo, tmp_path):
    make(tmp_path / 'one', workers=1)
    assert contents(tmp_path / 'one') == contents(demo)
    make(tmp_path / 'three', workers=3)
    assert contents(tmp_path / 'three') == contents(demo)


def test_bytes_do_not_depend_on_stale_memory(demo, tmp_path):
    """As a user runs it; glibc fills new memory with a pattern for this."""
    options = (f'--{k.replace("_", "-")}={v}' for k, v in SMALL.items())
    subprocess.run(
        [sys.executable, str(SCRIPT), '--out', str(tmp_path), *options],
        env={**os.environ, 'MALLOC_PERTURB_': '85'},
        check=True,
        timeout=120,
    )
    assert contents(tmp_path) == contents(demo)


def test_more_clips_leave_earlier_ones(demo, tmp_path):
    make(tmp_path, num_train=9, num_test=6)
    more = contents(tmp_path)
    for name, data in contents(demo).items():
        if name.endswith('.mp4'):
            assert more[name] == data


def test_seeds_splits_and_clips_differ(demo, tmp_path):
    make(tmp_path, seed=1)
    clips = [*contents(demo).items(), *contents(tmp_path).items()]
    clips = [data for name, data in clips if name.endswith('.mp4')]
    assert len(set(clips)) == len(clips) == 24


def test_snr_options(tmp_path):
    """The noise in the decoded clips, against nearly clean ones."""
    levels = (60, 5, -5)
    decoded = {}
    for level in levels:
        root = tmp_path / str(level)
        make(root, video_snr=level, audio_snr=level)
        decoded[level] = [
            decode(p) for p in sorted((root / 'clips').iterdir())
        ]
    video, audio = {}, {}
    for level in levels[1:]:
        pairs = list(zip(decoded[60], decoded[level], strict=True))
        video[level] = np.mean(
            [(a[0].astype(float) - b[0]).std() for a, b in pairs]
        )
        audio[level] = []
        for (_, clean), (_, noisy) in pairs:
            gain = clean @ noisy / (clean @ clean)  # loudness is set last
            rest = noisy - gain * clean
            power = (gain * clean) @ (gain * clean) / (rest @ rest)
            audio[level].append(10 * np.log10(power))
    assert video[-5] > 1.5 * video[5]
    for level in levels[1:]:
        # The clean sound has a beep as well, so a little above the option.
        assert np.mean(audio[level]) == pytest.approx(level, abs=3)
        assert np.ptp(audio[level]) > 1  # the ratio varies over the clips


def test_snr_options_are_separate(demo, tmp_path):
    make(tmp_path, audio_snr=-10.0)
    for path in (demo / 'clips').iterdir():
        old, new = decode(path), decode(tmp_path / 'clips' / path.name)
        assert np.array_equal(old[0], new[0])
        assert not np.array_equal(old[1], new[1])


def test_second_run_does_nothing(demo):
    before = {p: p.stat().st_mtime_ns for p in demo.rglob('*')}
    done = make(demo)
    assert (done['made'], done['kept']) == (0, 12)
    assert {p: p.stat().st_mtime_ns for p in demo.rglob('*')} == before


def test_missing_and_damaged_files_are_made_again(demo, tmp_path):
    make(tmp_path)
    (tmp_path / 'clips' / 'train_00003.mp4').unlink()
    (tmp_path / 'clips' / 'test_00001.mp4').write_bytes(b'cut short')
    (tmp_path / 'train.csv').unlink()
    kept = tmp_path / 'clips' / 'train_00002.mp4'
    before = kept.stat().st_mtime_ns
    done = make(tmp_path)
    assert (done['made'], done['kept']) == (2, 10)
    assert kept.stat().st_mtime_ns == before
    assert contents(tmp_path) == contents(demo)


def test_interrupted_run_is_finished(demo, tmp_path, monkeypatch):
    write = write_clip

    def fail(path, *args):
        if path.name == 'train_00005.mp4':
            path.with_name(f'.{path.name}.part').write_bytes(b'half')
            raise RuntimeError('disk full')
        write(path, *args)

    monkeypatch.setattr(demo_set, 'write_clip', fail)
    with pytest.raises(RuntimeError, match='disk full'):
        make(tmp_path)
    assert not (tmp_path / 'clips' / 'train_00005.mp4').exists()
    monkeypatch.undo()
    assert make(tmp_path)['made'] > 0
    assert contents(tmp_path) == contents(demo)


def test_other_options_need_overwrite(demo, tmp_path):
    make(tmp_path, num_train=12, seed=5)
    message = r'num_train: 12 there, 8 asked for; seed: 5 there, 0 .*overwrite'
    with pytest.raises(ValueError, match=message):
        make(tmp_path)
    (tmp_path / 'clips' / 'mine.mp4').write_bytes(b'of the user')
    assert make(tmp_path, overwrite=True)['made'] == 12
    (tmp_path / 'clips' / 'mine.mp4').unlink()
    assert contents(tmp_path) == contents(demo)


def test_foreign_folders_are_left_alone(tmp_path):
    note = tmp_path / 'note.txt'
    note.write_text('mine')
    with pytest.raises(ValueError, match=r'no demo\.json.*--overwrite'):
        make(tmp_path)
    with pytest.raises(ValueError, match='not a folder'):
        make(note, overwrite=True)
    assert list(tmp_path.iterdir()) == [note]
    (tmp_path / 'demo.json').write_text('{')
    with pytest.raises(ValueError, match=r'Cannot read .*demo\.json'):
        make(tmp_path)


@pytest.mark.parametrize(
    ('option', 'value', 'error'),
    [
        ('num_classes', 1, ValueError),
        ('num_classes', 13, ValueError),
        ('num_train', 0, ValueError),
        ('num_test', 2.5, TypeError),
        ('seed', -1, ValueError),
        ('video_snr', float('nan'), ValueError),
        ('audio_snr', 'loud', TypeError),
        ('workers', 0, ValueError),
    ],
)
def test_bad_options(tmp_path, option, value, error):
    with pytest.raises(error, match=f'{option} must .*{value}'):
        make(tmp_path / 'demo', **{option: value})
    assert not (tmp_path / 'demo').exists()


def test_every_class_looks_and_sounds_different():
    looks = [make_video(k, 60.0, np.random.default_rng(3)) for k in range(12)]
    sounds = [make_audio(k, 60.0, np.random.default_rng(3)) for k in range(12)]
    for a in range(12):
        for b in range(a):
            assert np.abs(looks[a].astype(float) - looks[b]).mean() > 2
            assert abs(np.corrcoef(sounds[a], sounds[b])[0, 1]) < 0.5


def test_fallback_encoder(tmp_path, capsys):
    assert pick_encoder(('nosuch', 'mpeg4')) == 'mpeg4'
    assert "no encoder 'nosuch'" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match='nosuch'):
        pick_encoder(('nosuch',))
    frames = make_video(0, 10.0, np.random.default_rng(0))
    sound = make_audio(0, 10.0, np.random.default_rng(0))
    write_clip(tmp_path / 'a.mp4', frames, sound, 'mpeg4')
    pictures, _ = decode(tmp_path / 'a.mp4')
    assert pictures.shape == frames.shape
    assert np.abs(pictures.astype(float) - frames).mean() < 20


def test_command_line(tmp_path, capsys):
    args = ['--out', str(tmp_path / 'demo'), '--num-train', '4']
    args += ['--num-test', '2', '--num-classes', '2', '--workers', '1']
    assert TOOL.main(args) == 0
    out = capsys.readouterr().out
    assert 'train: plain3 2, plain5 2' in out
    assert '6 clips written, 0 kept' in out
    record = json.loads((tmp_path / 'demo' / 'demo.json').read_text())
    assert record['options']['num_train'] == 4
    assert record['versions']['av'] == av.__version__
    assert len(record['files']) == 9 and len(record['sha256']) == 64
    assert TOOL.main([*args, '--seed', '1']) == 2
    assert 'seed: 0 there, 1 asked for' in capsys.readouterr().err
