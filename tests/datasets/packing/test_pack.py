from __future__ import annotations

import csv
import hashlib
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmremix.datasets import GRID, AVDataset, DecodeAudio, DecodeVideo
from mmremix.datasets.media import AudioClip, VideoClip
from mmremix.datasets.packing import (
    PackJob,
    PackOptions,
    pack_all,
    pack_plan,
    write_annotation,
)
from mmremix.datasets.packing import packer as packers
from mmremix.datasets.packing.clip_packer import pack_clip
from tests.datasets.media_files import (
    chirp,
    coded_frame,
    frame_number,
    shift,
    write_clip,
)
from tests.tool_run import run_tool

ROOT = Path(__file__).parents[3]
PIPELINE = [
    DecodeVideo(num_frames=3, sampling='middle'),
    DecodeAudio(),
]


@pytest.fixture
def corpus(tmp_path):
    """Three clips, one of them twice, one broken if asked for."""
    root = tmp_path / 'corpus'
    (root / 'clips').mkdir(parents=True)
    for i in range(3):
        write_clip(root / 'clips' / f'{i}.mp4', seconds=2)
    write_rows(root)
    return root


def write_rows(root, extra=''):
    (root / 'words.csv').write_text(
        'clip,split,word,from,to\n'
        '0,train,yes,0.5,1.5\n'
        '0,train,no,0.2,0.9\n'
        '1,test,no,0.1,0.4\n'
        '2,train,yes,,\n' + extra
    )


def settings(root):
    return dict(
        data_root=str(root),
        ann_file='words.csv',
        columns=dict(label='word', start='from', end='to'),
        data_prefix=dict(clip='clips'),
        clip_suffix='.mp4',
        margin=0.1,
        filter_cfg=dict(split='train'),
    )


def command(corpus, out, *more):
    return run_tool(
        *('tools/data/pack.py', '--out', str(out)),
        *('--ann-file', 'words.csv', '--data-root', str(corpus)),
        *('--clip-prefix', 'clips', '--clip-suffix', '.mp4'),
        *('--columns', 'label=word', 'start=from', 'end=to'),
        *('--filter', 'split=train', '--margin', '0.1', *more),
    )


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(Path(folder).rglob('*'))
        if path.is_file()
    }


def jobs_of(corpus):
    return [PackJob(str(p)) for p in sorted((corpus / 'clips').iterdir())]


@pytest.mark.parametrize('name', ['array', 'clip'])
def test_training_reads_the_new_annotation(corpus, tmp_path, name):
    out = tmp_path / 'out'
    done = command(corpus, out, '--format', name, '--audio-codec', 'flac')
    assert done.returncode == 0, done.stderr
    assert f"data_root='{out}', ann_file='words.csv'" in done.stdout
    changes = dict(
        data_root=str(out),
        data_prefix=dict(clip='', audio=''),
        clip_suffix='',
    )
    old = AVDataset(**settings(corpus), pipeline=PIPELINE)
    new = AVDataset(**{**settings(corpus), **changes}, pipeline=PIPELINE)
    assert old.metainfo['classes'] == new.metainfo['classes']
    assert len(old) == len(new) == 3
    for index in range(3):
        a, b = old[index], new[index]
        assert a['label'] == b['label']
        numbers = [[frame_number(i) for i in x['imgs']] for x in (a, b)]
        assert numbers[0] == numbers[1]
        assert len(a['waveform']) == pytest.approx(len(b['waveform']), abs=2)
        length = min(len(x['waveform']) for x in (a, b))
        noise = a['waveform'][:length] - b['waveform'][:length]
        assert np.square(noise).mean() < 1e-6
    with (out / 'words.csv').open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ['clip', 'split', 'word', 'from', 'to']
    if name == 'array':  # times are those of the clips
        assert [r['from'] for r in rows] == ['0.5', '0.2', '']


def test_sound_alone_leaves_the_clips(corpus, tmp_path):
    """Frames come from the clips, the sound from the copies."""
    out = tmp_path / 'out'
    more = ['--modalities', 'audio', '--column', 'audio']
    done = command(corpus, out, *more)
    assert done.returncode == 0, done.stderr
    prefix = str(corpus / 'clips')
    assert f"data_prefix=dict(clip='{prefix}', audio='')" in done.stdout
    changes = dict(data_root=str(out), data_prefix=dict(clip=prefix, audio=''))
    old = AVDataset(**settings(corpus), pipeline=PIPELINE)
    new = AVDataset(**{**settings(corpus), **changes}, pipeline=PIPELINE)
    for index in range(3):
        a, b = old[index], new[index]
        assert b['audio'].endswith('.mmpk') and b['clip'] == a['clip']
        for one, other in zip(a['imgs'], b['imgs'], strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(a['waveform'], b['waveform'], atol=2e-5)


@pytest.mark.parametrize('more', [[], ['--column', 'audio']])
def test_what_it_prints_reads_the_copies(corpus, tmp_path, more):
    """Also where the class, and no config, knows the original's columns."""
    config, out = tmp_path / 'config.py', tmp_path / 'out'
    given = {'type': 'GRID', 'data_root': str(corpus), 'pipeline': []}
    (corpus / 'words.csv').write_text(
        'clip,split,position,word,start_s,end_s\n'
        '0,train,letter,b,0.5,1.5\n'
        '1,train,letter,a,0.1,0.4\n'
    )
    loader = {'dataset': {**given, 'ann_file': 'train.csv'}}
    config.write_text(f'train_dataloader = {loader}\n')
    words = ['--config', config, '--out', out, '--modalities', 'audio', *more]
    done = run_tool('tools/data/pack.py', *words)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.partition('write:\n')[2]
    new = GRID(**eval(f'dict({lines})'))
    old = GRID('train.csv', data_root=str(corpus))
    assert len(new) == 2
    for row in range(2):
        packed, clip = new.get_data_info(row), old.get_data_info(row)
        assert packed['label'] == clip['label'] == 1 - row
        assert packed['audio' if more else 'clip'].endswith('.mmpk')
        if more:
            assert packed['clip'] == clip['clip']


def test_frames_cannot_stand_for_the_sound(corpus, tmp_path):
    done = command(corpus, tmp_path / 'out', '--column', 'audio')
    assert done.returncode
    assert '--modalities audio' in done.stderr
    assert not (tmp_path / 'out').exists()


def test_clip_format_within_bounds(tmp_path):
    clip = write_clip(tmp_path / 'a.mp4', seconds=3, size=(96, 64))
    copy = str(tmp_path / 'b.mp4')
    pack_clip(PackJob(clip, None, 0.6, 2.2), PackOptions(format='clip'), copy)
    with VideoClip(clip) as old, VideoClip(copy) as new:
        times = np.linspace(0.0, 1.59, 23)
        frames = old.frames_at((times + 0.6).tolist())
        copies = new.frames_at(times.tolist())
    assert list(map(frame_number, frames)) == list(map(frame_number, copies))
    error = np.square(np.subtract(frames, copies, dtype=np.float64)).mean()
    assert 10 * np.log10(255**2 / error) > 30
    with AudioClip(clip) as old, AudioClip(copy) as new:
        wave, second = old.read(0.6, 2.2), new.read(0.0, 1.6)
    assert abs(shift(second, 16000, 0.6)) < 1e-4
    noise = second - wave
    inner = slice(800, -800)  # AAC cannot know what was before the start
    snr = np.square(wave[inner]).sum() / np.square(noise[inner]).sum()
    assert 10 * np.log10(snr) > 20


@pytest.mark.parametrize('name', ['array', 'clip'])
def test_number_of_workers_changes_nothing(corpus, tmp_path, name):
    options = PackOptions(format=name)
    for workers in (1, 3):
        pack_all(
            jobs_of(corpus),
            options,
            str(tmp_path / str(workers)),
            workers=workers,
            progress=False,
        )
    assert digests(tmp_path / '1') == digests(tmp_path / '3') != {}


@pytest.mark.parametrize('name', ['array', 'clip'])
def test_goes_on_where_it_stopped(corpus, tmp_path, monkeypatch, name):
    out = str(tmp_path / 'out')
    options = PackOptions(format=name)
    jobs = jobs_of(corpus)
    first = pack_all(jobs, options, out, progress=False)
    assert (first.written, first.kept) == (jobs, [])
    before = digests(out)
    again = pack_all(jobs, options, out, progress=False)
    assert (again.written, again.kept) == ([], jobs)
    # A half file under a temporary name, a damaged one, a lost one.
    paths = [Path(packers.target(job, options, out)) for job in jobs]
    paths[0].with_name(f'.part-{paths[0].name}').write_bytes(b'half')
    paths[0].unlink()
    paths[1].write_bytes(paths[1].read_bytes()[:100])
    third = pack_all(jobs, options, out, progress=False)
    assert (third.written, third.kept) == (jobs[:2], jobs[2:])
    assert digests(out) == before
    # Other options, or a source that is newer.
    other = pack_all(
        jobs, PackOptions(format=name, fps=5), out, progress=False
    )
    assert other.written == jobs
    later = time.time() + 60
    monkeypatch.setattr(
        packers.os.path,
        'getmtime',
        lambda p: later if str(p).endswith('clips/2.mp4') else 0,
    )
    assert not packers.is_done(jobs[2], PackOptions(format=name, fps=5), out)


def test_interrupted_writing_leaves_nothing(corpus, tmp_path, monkeypatch):
    def stop(job, options, target):
        Path(target).write_bytes(b'half')
        raise KeyboardInterrupt

    monkeypatch.setattr(packers, 'pack_array', stop)
    with pytest.raises(KeyboardInterrupt):
        packers._run(jobs_of(corpus)[0], PackOptions(), str(tmp_path / 'o'))
    assert digests(tmp_path / 'o') == {}


def test_broken_clips(corpus, tmp_path):
    write_clip(corpus / 'clips' / 'mute.mp4', with_audio=False)
    write_rows(corpus, 'gone,train,no,,\nmute,train,no,,\n')
    out = tmp_path / 'out'
    failed = command(corpus, out)
    assert failed.returncode == 1
    assert '2 clips are broken' in failed.stdout
    assert not (out / 'words.csv').exists()
    listed = command(corpus, out, '--on-broken', 'list', '--workers', '2')
    assert listed.returncode == 0, listed.stderr
    assert '0 packed, 3 were there, 2 broken' in listed.stdout
    with (out / 'broken.csv').open() as stream:
        reasons = {
            Path(row['clip']).stem: row['reason']
            for row in csv.DictReader(stream)
        }
    assert 'no such file' in reasons['gone']
    assert 'no audio stream' in reasons['mute']
    with (out / 'words.csv').open() as stream:
        assert len(list(csv.DictReader(stream))) == 3


def test_clips_outside_of_the_root_only_if_allowed(corpus, tmp_path):
    write_clip(tmp_path / 'near.mp4', seconds=0.4)
    write_rows(corpus, '../../near,train,no,,\n')
    refused = command(corpus, tmp_path / 'out')
    assert refused.returncode == 2
    assert 'allow_outside=True' in refused.stderr
    taken = command(corpus, tmp_path / 'out', '--allow-outside')
    assert taken.returncode == 0, taken.stderr
    inside = sorted((tmp_path / 'out').rglob('near*'))
    assert [p.relative_to(tmp_path / 'out').parts for p in inside] == [
        ('packed', '__', '__', 'near.mp4.mmpk')
    ]


def test_dry_run_writes_nothing(corpus, tmp_path):
    done = command(corpus, tmp_path / 'out', '--dry-run')
    assert 'would write 3 copies' in done.stdout
    assert not (tmp_path / 'out').exists()


def test_sound_and_frames_from_elsewhere(tmp_path):
    (tmp_path / 'f').mkdir()
    for i in range(10):
        image = cv2.cvtColor(coded_frame(i), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(tmp_path / 'f' / f'{i}.png'), image)
    times = np.arange(16000) / 16000
    pcm = np.rint(chirp(times) * 2**15).astype(np.int16)
    np.save(tmp_path / 's.npy', pcm)
    (tmp_path / 'a.csv').write_text('clip,label,audio\nf,x,s.npy\n')
    data = AVDataset('a.csv', data_root=str(tmp_path), classes=['x'])
    options = PackOptions(frame_rate=10, npy_sample_rate=16000)
    _, jobs = pack_plan(data)
    pack_all(jobs, options, str(tmp_path / 'o' / 'p'), progress=False)
    written = str(tmp_path / 'o' / 'a.csv')
    assert write_annotation(written, data, options, 'p') == 1
    new = AVDataset(
        'a.csv',
        data_root=str(tmp_path / 'o'),
        classes=['x'],
        pipeline=[
            DecodeVideo(num_frames=10, sampling='middle'),
            *PIPELINE[1:],
        ],
    )[0]
    assert 'audio' not in new
    assert list(map(frame_number, new['imgs'])) == list(range(10))
    # 16-bit samples come back as they were.
    np.testing.assert_array_equal(new['waveform'] * 2**15, pcm)


def test_class_folders_get_a_csv(tmp_path):
    for name in ('no', 'yes'):
        (tmp_path / name).mkdir()
        write_clip(tmp_path / name / 'a.mp4', seconds=0.5)
    data = AVDataset(data_root=str(tmp_path))
    options = PackOptions()
    path = str(tmp_path / 'a.csv')
    write_annotation(path, data, options, 'p', [pack_plan(data)[1][0]])
    text = Path(path).read_text()
    assert text == 'clip,label\np/yes/a.mp4.mmpk,yes\n'


def test_names_are_of_their_own_and_inside():
    root = '/data/clips'
    jobs = [
        PackJob('/data/clips/a.mp4', root=root),
        PackJob('/data/clips/a.avi', root=root),
        PackJob('/data/clips/a.mp4', None, 0.5, 1.0, root),
        PackJob('/data/clips/a.mp4', None, 0.5, None, root),
        PackJob('/data/clips/a.mp4', '/data/clips/a.wav', root=root),
        PackJob('/data/a.mp4', root=root),
    ]
    names = [job.name for job in jobs]
    assert len(set(names)) == len(names)
    assert names[2] == 'a.mp4_0.5-1.0'
    assert names[5] == '__/a.mp4'


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        (dict(format='zip'), "format='zip': choose"),
        (dict(modalities=['sound']), "modalities='sound'"),
        (dict(modalities=[]), 'modalities is empty'),
        (dict(fps=0), 'fps=0: must be positive'),
        (dict(crf=60), 'crf=60'),
        (dict(flow='dis', format='clip'), "set format='array'"),
    ],
)
def test_wrong_options(wrong, message):
    with pytest.raises(ValueError, match=message):
        PackOptions(**wrong)
