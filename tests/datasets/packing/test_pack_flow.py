"""Flow that is packed once, and a config that reads it."""

from __future__ import annotations

import numpy as np
import pytest
from mmengine.config import Config

from mmremix.datasets.packing.command import run
from mmremix.datasets.transforms import flow as flow_module
from mmremix.registry import DATASETS
from mmremix.utils.errors import ConfigError
from tests.demo_run import ROOT

CONFIG = str(ROOT / 'configs/joint_demo_flow_concat.py')


@pytest.fixture
def pack(demo_root, tmp_path, monkeypatch):
    """Packs the first six test clips; a function of further options."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools/data'))
    import pack as tool

    lines = (demo_root / 'test.csv').read_text().splitlines()[:7]
    (demo_root / 'some.csv').write_text('\n'.join(lines) + '\n')

    def call(*options):
        dataset = 'test_dataloader.dataset'
        args = tool.build_parser().parse_args(
            [
                *('--config', CONFIG, '--dataset', 'test', '--name', 'test'),
                *('--out', str(tmp_path / 'packed'), *map(str, options)),
                *('--cfg-options', f'{dataset}.data_root={demo_root}'),
                f'{dataset}.ann_file=some.csv',
            ]
        )
        return run(args)

    return call


def test_packed_once_and_read(pack, demo_root, tmp_path, monkeypatch):
    options = ('--flow', 'dis', '--flow-gap', 0.1, '--flow-bound', 8)
    assert pack(*options) == 0
    given = Config.fromfile(CONFIG).test_dataloader.dataset
    plain = DATASETS.build(
        {**given, 'data_root': str(demo_root), 'ann_file': 'some.csv'}
    )
    packed = DATASETS.build(
        {
            **given,
            'data_root': str(tmp_path / 'packed'),
            'classes': str(demo_root / 'classes.txt'),
        }
    )
    wanted = [plain[i]['inputs'] for i in range(6)]

    def refuse(*args):
        raise AssertionError('computed anew')

    monkeypatch.setattr(flow_module, 'optical_flow', refuse)
    assert len(packed) == 6
    for i, right in enumerate(wanted):
        found = packed[i]['inputs']
        assert list(found) == ['video', 'flow', 'audio']
        assert found['flow'].shape == (4, 56, 56)
        # 127 steps to the bound; the frames are those of the clip.
        assert np.abs(found['flow'] - right['flow']).max() <= 0.51 / 127
        assert (found['video'] == right['video']).all()


@pytest.mark.parametrize(
    'options',
    [(), ('--flow-gap', 0.1), ('--flow-gap', 0.1, '--flow-bound', 7)],
)
def test_flow_that_would_not_be_read_is_refused(pack, options):
    with pytest.raises(
        ConfigError, match=r'--flow dis --flow-gap 0\.1 --flow-bound 8\.0'
    ):
        pack('--flow', 'dis', *options)
