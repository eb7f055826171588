"""A run's block and bars."""

from __future__ import annotations

import re
import sys
from io import StringIO
from pathlib import Path

import pytest

from mmremix.apis import build_runner, train


class Terminal(StringIO):
    encoding = 'utf-8'

    def isatty(self) -> bool:
        return True


def shown(cfg, monkeypatch, stream):
    monkeypatch.setenv('TERM', 'xterm-256color')
    monkeypatch.setenv('COLUMNS', '120')
    monkeypatch.setattr(sys, 'stdout', stream)
    train(build_runner(cfg, calm=True))
    (log,) = Path(cfg.work_dir).glob('*/*.log')
    return stream.getvalue(), log


def test_a_file_gets_plain_lines(tiny_config, monkeypatch):
    text, log = shown(tiny_config(epochs=2), monkeypatch, StringIO())
    assert '\x1b' not in text and '\r' not in text
    lines = text.splitlines()
    names = [line.split()[0] for line in lines[:7]]
    assert names == [
        *('config', 'data', 'model', 'method', 'training', 'device', 'log'),
    ]
    assert '26 samples to train, 12 to validate, 6 classes' in lines[1]
    assert 'video ResNet, audio ResNet, ConcatFusionHead' in lines[2]
    assert lines[3].endswith('remix, 1 epoch of warm-up')
    assert lines[4].split(maxsplit=1)[1].startswith('2 epochs, batches of 4')
    assert lines[6].endswith(str(log))
    assert len(re.findall(r'^Epoch \d/2 ', text, re.M)) == 2
    assert len(lines) < 16
    kept = log.read_text()
    for words in ('System environment', 'default_hooks', 'Epoch(train) [2]'):
        assert words in kept and words not in text


def test_a_bar_an_epoch_on_a_terminal(tiny_config, monkeypatch):
    text, _ = shown(tiny_config(epochs=2), monkeypatch, Terminal())
    plain = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', text)
    assert re.search(
        r'Epoch 1/2 \S+ +\d/7 [\d.]+/s 00:0\d loss \d\.\d\d \(fusion', plain
    )
    assert 'deciding what it trains on' in plain
    assert 'validation' in plain
    assert text.rindex('\x1b[?25h') > text.rindex('\x1b[?25l')


def test_an_error_gives_the_terminal_back(tiny_config, monkeypatch):
    cfg = tiny_config(epochs=2)
    stream = Terminal()
    monkeypatch.setattr(sys, 'stdout', stream)
    runner = build_runner(cfg, calm=True)

    def fail(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(runner.model, 'train_step', fail)
    with pytest.raises(ZeroDivisionError):
        train(runner)
    text = stream.getvalue()
    assert text.rindex('\x1b[?25h') > text.rindex('\x1b[?25l')


def test_one_text_of_the_config_and_no_yapf(tiny_config, monkeypatch):
    """mmengine would lay it out anew each time, also in checkpoints."""
    monkeypatch.setattr('mmengine.config.config.FormatCode', None)
    cfg = tiny_config('joint_demo_concat', epochs=1)
    text, log = shown(cfg, monkeypatch, StringIO())
    kept = log.read_text()
    # Encoders as written, not sorted.
    assert kept.index("'video': {") < kept.index("'audio': {")
    assert 'none: joint training' in text
