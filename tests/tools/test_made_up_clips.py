"""Clips to measure with."""

from __future__ import annotations

import runpy
import sys

from mmremix.datasets import AVDataset
from tests.demo_run import ROOT


def test_a_data_set_of_clips(tmp_path, monkeypatch):
    folder = ROOT / 'tools' / 'benchmarks'
    options = ('--train', '2', '--test', '1', '--size', '64', '48')
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(
        sys,
        'argv',
        ['made_up', '--out', str(tmp_path), *options, '--seconds', '0.4'],
    )
    runpy.run_path(str(folder / 'made_up_clips.py'), run_name='__main__')
    data = AVDataset(
        'train.csv',
        data_root=str(tmp_path),
        pipeline=[
            {
                'type': 'ForModality',
                'modality': 'video',
                'output': 'imgs',
                'transforms': [{'type': 'DecodeVideo', 'num_frames': 2}],
            },
            {
                'type': 'ForModality',
                'modality': 'audio',
                'output': 'waveform',
                'transforms': [{'type': 'DecodeAudio', 'sample_rate': 8000}],
            },
        ],
    )
    assert len(data) == 2 and data.labels().tolist() == [1, 0]  # HAP, NEU
    inputs = data[0]['inputs']
    assert [frame.shape for frame in inputs['video']] == [(48, 64, 3)] * 2
    assert 3000 < len(inputs['audio']) < 3600  # 0.4 s
