"""One line an epoch, with what happened in it."""

from __future__ import annotations

import re
from pathlib import Path

from mmremix.apis import build_runner

NUMBER = r'\d+\.\d+'


def lines(cfg):
    build_runner(cfg).train()
    (log,) = Path(cfg.work_dir).glob('*/*.log')
    found = re.findall(r'INFO - (Epoch \d+/.*)', log.read_text())
    return found


def test_each_epoch_once(tiny_config):
    joint, remix, last = lines(tiny_config(epochs=3, warmup=1))
    losses = rf'fusion {NUMBER}, video {NUMBER}, audio {NUMBER}'
    val = (
        rf'val fusion {NUMBER}, video {NUMBER}, audio {NUMBER}, heads {NUMBER}'
    )
    assert re.fullmatch(
        rf'Epoch 1/3 joint: all modalities \| loss {NUMBER} \({losses}\) \| '
        rf'{val} \| {NUMBER} s \+ val {NUMBER} s \| \d+ (s|min) to go',
        joint,
    )
    assert re.fullmatch(
        rf'Epoch 2/3 remix: video \d+%, audio \d+% \| loss {NUMBER} '
        rf'\({losses}\) \| {val} \| {NUMBER} s \+ scoring {NUMBER} s \+ val '
        rf'{NUMBER} s \| \d+ (s|min) to go',
        remix,
    )
    assert last.startswith('Epoch 3/3 remix') and last.endswith('| done')


def test_epochs_without_validation(tiny_config):
    first, second, third = lines(
        tiny_config(epochs=3, warmup=1, **{'train_cfg.val_interval': 2})
    )
    assert 'val' not in first and '| val ' in second
    # The last epoch is always validated.
    assert '| val ' in third
