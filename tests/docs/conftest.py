"""A folder in which the code of the pages finds what it names."""

from __future__ import annotations

import csv
import shutil
import wave

import pytest
from mmengine.config import Config

from mmremix.apis import build_runner, train
from tests.demo_run import ROOT, tiny_options


@pytest.fixture(scope='session')
def sandbox(demo_root, tmp_path_factory):
    """Configs, demo clips and a short run of the demo config.

    The run is shorter than the one of the quickstart, under whose names its
    files are.
    """
    root = tmp_path_factory.mktemp('docs')
    shutil.copytree(ROOT / 'configs', root / 'configs')
    demo = root / 'data' / 'demo'
    (demo / 'clips').mkdir(parents=True)
    shutil.copy(demo_root / 'classes.txt', demo)
    for name, count in (('train.csv', 12), ('test.csv', 4)):
        lines = (demo_root / name).read_text().splitlines()[: count + 1]
        (demo / name).write_text('\n'.join(lines) + '\n')
        for row in csv.DictReader(lines):
            shutil.copy(demo_root / row['clip'], demo / row['clip'])
    shutil.copy(demo / 'clips' / 'test_00000.mp4', root / 'picture.mp4')
    with wave.open(str(root / 'sound.wav'), 'wb') as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(bytes(range(256)) * 125)
    cfg = Config.fromfile(root / 'configs' / 'remix_demo_concat.py')
    options = tiny_options(str(demo), epochs=2)
    del options['model.encoders.video.base_channels']
    del options['model.encoders.audio.base_channels']
    options['default_hooks.records.type'] = 'RemixRecordHook'
    cfg.merge_from_dict(options)
    work_dir = root / 'work_dirs' / 'remix_demo_concat'
    cfg.work_dir = str(work_dir)
    cfg.launcher = 'none'
    train(build_runner(cfg))
    (work_dir / 'epoch_2.pth').rename(work_dir / 'epoch_16.pth')
    return root
