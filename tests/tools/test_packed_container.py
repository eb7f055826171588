"""The comparison of containers, as far as it needs no other package."""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / 'tools' / 'benchmarks'


@pytest.fixture(scope='module')
def tool():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import packed_container

        yield packed_container
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope='module')
def clips(tool, tmp_path_factory):
    return tool.packed_clips(tmp_path_factory.mktemp('clips'), 6)


def test_ours_is_read_and_refused_where_it_lies(tool, clips, tmp_path, capfd):
    name = next(iter(clips))
    ours = tool.CONTAINERS['mmpk']
    ours.write({name: clips[name]}, tmp_path)
    reader = ours.open(tmp_path)
    sound, frames = (read(reader, name) for read in tool._READS.values())
    assert sound.dtype == np.float32 and np.abs(sound).max() <= 1
    assert frames.shape[0] == 2 and frames.dtype == np.uint8
    path = ours.file_of(tmp_path, name)
    data = path.read_bytes()
    damaged = list(tool.damages(data, random.Random(0)))
    assert {kind for kind, _ in damaged} == {
        *('cut off', 'length', 'numbers', 'bits', 'words')
    }
    path.write_bytes(damaged[1][1])
    assert tool.outcome(lambda: reader(name))[0] == 'refused'


def test_how_a_process_ends(tool):
    assert tool.outcome(lambda: None)[0] == 'read'
    assert tool.outcome(lambda: 1 / 0)[0] == 'refused'

    def crash():
        os.kill(os.getpid(), signal.SIGKILL)

    assert tool.outcome(crash)[0] == 'SIGKILL'
