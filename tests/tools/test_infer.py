"""tools/infer.py and tools/export.py, as a user runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from mmengine.config import Config

from mmremix.version import __version__
from tests.apis.trained import CLASSES, save_checkpoint
from tests.datasets.media_files import write_clip
from tests.demo_run import ROOT
from tests.tool_run import run_tool

CONFIG = 'configs/joint_demo_concat.py'
TINY = [
    'model.encoders.video.base_channels=4',
    'model.encoders.audio.base_channels=4',
]


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    cfg = Config.fromfile(ROOT / CONFIG)
    cfg.merge_from_dict({item.split('=')[0]: 4 for item in TINY})
    path = tmp_path_factory.mktemp('checkpoint') / 'tiny.pth'
    return save_checkpoint(cfg, path)


def run(tool, *args, status=0, options=TINY):
    done = run_tool(f'tools/{tool}.py', *args, '--cfg-options', *options)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout, done.stderr


def test_folder_to_table_json_and_copies(checkpoint, tmp_path):
    clips = tmp_path / 'clips'
    clips.mkdir()
    write_clip(clips / 'good.mp4', size=(96, 80))
    write_clip(clips / 'silent.mp4', size=(96, 80), with_audio=False)
    (clips / 'torn.mp4').write_bytes(b'no clip')
    out, err = run(
        *('infer', clips, '--config', CONFIG, '--checkpoint', checkpoint),
        *('--topk', 2, '--out-json', tmp_path / 'r.json'),
        *('--start', 0.2, '--end', 1.8, '--annotate', tmp_path / 'shown'),
        status=1,  # the others are done
    )
    assert re.search(r'\ngood\.mp4( +\w+ 0\.\d{3}){4}\n', out)
    assert re.search(r'\nsilent\.mp4( +\w+ 0\.\d{3}){2}( +-){2} +audio\n', out)
    assert '\n2 of 3 clips predicted\n' in out
    assert out.splitlines()[-1].startswith(f'{clips}/torn.mp4: not predicted')
    assert err.endswith('error: 1 of 3 clips could not be predicted\n')
    assert 'batches' not in out + err  # no progress bar without terminal
    result = json.loads((tmp_path / 'r.json').read_text())
    assert result['mmremix'] == __version__
    assert result['classes'] == CLASSES
    assert result['modalities'] == ['video', 'audio']
    good, silent, torn = result['predictions']
    assert good['start'] == 0.2 and good['end'] == 1.8
    assert len(good['topk']['fusion']) == 2
    assert good['annotated'] == str(tmp_path / 'shown' / 'good.mp4')
    assert os.path.getsize(silent['annotated']) > 0
    assert torn['annotated'] is None and torn['error']


def test_config_beside_the_weights_is_not_run(checkpoint, tmp_path):
    """What lies in a work directory may be anybody's."""
    shutil.copy(checkpoint, tmp_path / 'best.pth')
    cfg = Config.fromfile(ROOT / CONFIG)
    mark = tmp_path / 'executed'
    config = tmp_path / 'run.py'
    args = ('--config', config, '--checkpoint', tmp_path / 'best.pth')
    clip = write_clip(tmp_path / 'good.mp4', size=(96, 80))
    config.write_text(cfg.pretty_text)
    run('infer', clip, *args)
    config.write_text(f'{cfg.pretty_text}\nopen({str(mark)!r}, "w").close()')
    _, err = run('infer', clip, *args, status=2)
    assert str(config) in err and '--trust' in err and not mark.exists()
    for tool, more in (
        ('test', args[1::2]),
        ('export', (*args, '--out', 'x')),
    ):
        _, err = run(tool, *more, status=2)
        assert '--trust' in err and not mark.exists()
    run('infer', clip, *args, '--trust')
    assert mark.exists()


def test_nothing_predicted_is_status_1(checkpoint, tmp_path):
    (tmp_path / 'torn.mp4').write_bytes(b'no clip')
    out, err = run(
        *('infer', tmp_path / 'torn.mp4', '--config', CONFIG),
        *('--checkpoint', checkpoint, '--out-json', tmp_path / 'r.json'),
        status=1,
    )
    assert 'torn.mp4: not predicted, not readable as media' in out
    assert 'error: no clip could be predicted' in err
    result = json.loads((tmp_path / 'r.json').read_text())
    assert result['predictions'][0]['answer'] is None


def test_errors_are_one_line(tmp_path):
    _, err = run(
        *('infer', tmp_path / 'a.mp4', '--config', CONFIG),
        *('--checkpoint', tmp_path / 'gone.pth'),
        status=2,
    )
    assert 'error: There is no checkpoint' in err and 'Traceback' not in err
    _, err = run(
        *('infer', 'a.mp4', '--config', CONFIG, '--checkpoint', 'b'),
        *('--topk', 0),
        status=2,
    )
    assert '--topk must be positive' in err


def test_export(tmp_path):
    # Of one modality and three layers: to trace a ResNet takes seconds.
    config = tmp_path / 'audio.py'
    config.write_text(
        f'_base_ = [{str(ROOT / CONFIG)!r}]\n'
        'model = dict(encoders=dict(audio=dict(\n'
        "    _delete_=True, type='SmallCNN', in_channels=1)))\n"
    )
    cfg = Config.fromfile(config)
    cfg.model.encoders.video = None
    (tmp_path / 'weights').mkdir()
    checkpoint = save_checkpoint(cfg, tmp_path / 'weights/audio.pth')
    out, _ = run(
        *('export', '--config', config, '--checkpoint', checkpoint),
        *('--out', tmp_path / 'model.pt2'),
        options=['model.encoders.video=None'],
    )
    found = re.findall(r'largest difference (\w+ \w+): (\S+)', out)
    assert [when for when, _ in found] == ['before saving', 'after loading']
    assert all(float(value) < 1e-5 for _, value in found)
    assert "input audio: float32 ['batch', 1, 129, 73]" in out
    assert (tmp_path / 'model.pt2').stat().st_size > 0
    assert out.splitlines()[-1] == f'-> {tmp_path / "model_card.md"}'
    card = (tmp_path / 'model_card.md').read_text()
    assert '`batch x 1 x 129 x 73`' in card and str(tmp_path) not in card


def test_help_is_light():
    for tool in ('infer', 'export'):
        code = (
            f'import runpy, sys; sys.argv = ["{tool}.py", "--help"]\n'
            f'try: runpy.run_path("tools/{tool}.py", run_name="__main__")\n'
            'except SystemExit: pass\n'
            'heavy = {"torch", "mmengine", "cv2"} & set(sys.modules)\n'
            'assert not heavy, heavy'
        )
        done = subprocess.run(
            [sys.executable, '-c', code],
            cwd=ROOT,
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert '--checkpoint' in done.stdout
