from __future__ import annotations

import gc
import os
import re
import time

import numpy as np
import pytest
from torch.utils.data import DataLoader

from mmremix.datasets import AVDataset, RemixIndex
from mmremix.datasets.media import BrokenMediaError, open_audio, open_video
from tests.faults.annotations import ANNOTATIONS
from tests.faults.corpus import annotation_root, make_dataset
from tests.faults.damaged_media import FORMATS, damaged_media
from tests.faults.judge import judge
from tests.faults.odd_media import odd_media
from tests.faults.watchdog import CRASH, HANG, run_all


def run(tmp_path, cases):
    """Names and statuses of the cases that are not as specified."""
    dataset = make_dataset(tmp_path, cases)
    results = list(
        run_all(len(cases), lambda i: judge(dataset, i, cases[i]), 30)
    )
    assert [index for index, _, _ in results] == list(range(len(cases)))
    return [
        (cases[index].name, status, value)
        for index, status, value in results
        if status != 'done'
    ]


def test_odd_clips(tmp_path):
    assert run(tmp_path, list(odd_media(tmp_path))) == []


def test_damaged_clips(tmp_path):
    cases = list(damaged_media(tmp_path, step=20))
    assert len(cases) == len(FORMATS) * (1 + 3 * 5)
    assert run(tmp_path, cases) == []


@pytest.mark.parametrize('case', ANNOTATIONS, ids=lambda case: case.name)
def test_annotation(tmp_path, case):
    root = annotation_root(tmp_path)
    (root / 'a.csv').write_bytes(case.content)
    settings = {'data_root': str(root), 'classes': ['x', 'y']}
    if not case.reason:
        assert len(AVDataset('a.csv', **settings)) == case.rows
        return
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        AVDataset('a.csv', **settings)
    assert 'a.csv' in str(caught.value)
    assert re.search(case.reason, str(caught.value))


@pytest.mark.parametrize('name', ['packed', 'npy'])
def test_any_byte_of_a_header(tmp_path, name):
    path = FORMATS[name][1](tmp_path)
    with open(path, 'rb') as stream:
        data = stream.read()
    size = 128
    if name == 'packed':
        size = 16 + int.from_bytes(data[8:16], 'little')
    with open(path, 'r+b') as stream:
        for place in range(0, size, 2):
            stream.seek(place)
            stream.write(bytes([data[place] ^ 1 << place % 8]))
            stream.flush()
            for opener in (open_video, open_audio)[name == 'npy' :]:
                try:
                    with opener(path, 8000) as clip:
                        if opener is open_audio:
                            assert np.isfinite(clip.read()).all()
                        else:
                            clip.frames_at([0.1])
                except BrokenMediaError as error:
                    assert path in str(error)
            stream.seek(place)
            stream.write(data[place : place + 1])


def test_all_is_trained_around_in_workers(tmp_path):
    cases = list(odd_media(tmp_path))
    dataset = make_dataset(tmp_path, cases, on_broken='skip')
    dataset.pipeline.transforms.append(_keep_replaces)
    keys = [RemixIndex(i, None, i) for i in range(len(cases))]
    loader = DataLoader(
        dataset,
        batch_size=4,
        sampler=keys,
        num_workers=1,
        timeout=60,
        collate_fn=list,
    )
    found = [sample['replaces'] for batch in loader for sample in batch]
    assert len(found) == len(cases)
    for case, replaces in zip(cases, found, strict=True):
        is_broken = 'refused' in case.expected.values()
        assert bool(replaces) == is_broken, case.name
        if replaces:
            assert replaces[1] == case.clip
            assert re.search(case.reason, replaces[2])


def test_no_file_stays_open(tmp_path):
    formats = ('mp4', 'mkv', 'packed')
    cases = list(damaged_media(tmp_path, step=25, formats=formats))
    cases += [c for c in odd_media(tmp_path) if c.clip.endswith('.mp4')][:4]
    dataset = make_dataset(tmp_path, cases, on_broken='skip')
    names = []
    for index in range(300):
        dataset[RemixIndex(index % len(cases), None, index)]
        if index in (50, 299):
            gc.collect()
            names.append(len(os.listdir('/proc/self/fd')))
    assert names[1] <= names[0]


def test_watchdog_names_hangs_crashes_and_errors():
    def misbehave(index):
        if index == 1:
            time.sleep(60)
        if index == 3:
            os._exit(7)
        if index == 4:
            raise KeyError('x')
        return index

    found = list(run_all(6, misbehave, seconds=2))
    assert found == [
        (0, 'done', 0),
        (1, HANG, None),
        (2, 'done', 2),
        (3, CRASH, 7),
        (4, 'error', "KeyError: 'x'"),
        (5, 'done', 5),
    ]


def _keep_replaces(results):
    return {'replaces': results.get('replaces', ())}
