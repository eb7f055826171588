"""Sequences of any length and their masks; and files of ONNX."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from mmremix.apis import export_model
from mmremix.apis.export import flatten
from mmremix.models.backbones.recurrence import scan_gru
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded
from tests.apis.trained import save_checkpoint
from tests.datasets.table_files import write_table

GRU = {'type': 'GRU', 'in_channels': 4, 'hidden_channels': 4}
CNN = {'type': 'TemporalCNN', 'in_channels': 4, 'channels': (4, 6)}
BAG = {'type': 'TextEmbedding', 'vocabulary': 32, 'channels': 4}
TEXT = {
    'type': 'TextTransformer',
    'vocabulary': 32,
    'width': 8,
    'depth': 1,
    'num_heads': 2,
}
NAMES = ('sensor', 'photo', 'words')


@pytest.fixture(scope='module')
def table(tmp_path_factory):
    root = tmp_path_factory.mktemp('table')
    write_table(root, 6)
    return root


@pytest.fixture
def config(table):
    """Two kinds of sequences that keep their length, and a picture."""

    def make(sensor, words, fusion, **sequence):
        kept = {'length': None, **sequence}
        readers = {
            'sensor': {'reader': 'npy', **kept},
            'photo': {'reader': 'image', 'size': (16, 16)},
            'words': {
                'reader': 'text',
                'column': 'sentence',
                'tokens': 'words',
                'vocabulary': 32,
                **kept,
            },
        }
        return Config(
            {
                'default_scope': 'mmremix',
                'model': {
                    'type': 'AVRecognizer',
                    'num_classes': 3,
                    'encoders': {
                        'sensor': sensor,
                        'photo': {
                            'type': 'SmallCNN',
                            'in_channels': 3,
                            'channels': (4, 8),
                        },
                        'words': words,
                    },
                    'fusion': fusion,
                    'data_preprocessor': {
                        'type': 'AVDataPreprocessor',
                        'normalize': {'sensor': {'mean': 0.5, 'std': 2.0}},
                    },
                },
                'test_dataloader': {
                    'dataset': {
                        'type': 'TableDataset',
                        'data_root': str(table),
                        'ann_file': 'samples.csv',
                        'modalities': readers,
                        'test_mode': True,
                    }
                },
            }
        )

    return make


# A GRU is a loop in the file, which takes long to write: one is enough.
CASES = [
    (
        {**GRU, 'bidirectional': True},
        BAG,
        {'type': 'TransformerFusionHead', 'width': 8, 'depth': 1},
    ),
    (CNN, BAG, {'type': 'BottleneckFusionHead', 'width': 8, 'depth': 1}),
]


@pytest.mark.parametrize('case', CASES, ids=lambda case: case[2]['type'])
def test_onnx_with_masks(config, tmp_path, case):
    cfg = config(*case)
    checkpoint = save_checkpoint(cfg, tmp_path / 'a.pth', list('abc'))
    report = export_model(cfg, checkpoint, tmp_path / 'a.onnx', 'onnx')
    assert set(report.differences) == {'before saving', 'after loading'}
    assert max(report.differences.values()) < 1e-5
    assert report.info['inputs']['sensor']['shape'] == ['batch', 'time', 4]
    assert report.info['inputs']['words_mask'] == {
        'dtype': 'bool',
        'shape': ['batch', 'time'],
    }
    assert report.info['modalities'] == list(NAMES)


def test_padding_changes_nothing(config, tmp_path):
    """The file by itself, with lengths that the tool did not try."""
    cfg = config(CNN, TEXT, {'type': 'CrossAttentionFusionHead', 'width': 8})
    checkpoint = save_checkpoint(cfg, tmp_path / 'a.pth', list('abc'))
    report = export_model(cfg, checkpoint, tmp_path / 'a.pt2')
    run = torch.export.load(report.path).module()
    sensor = Padded.stack(
        [Padded.whole(torch.randn(n, 4)) for n in (3, 40, 17)]
    )
    words = Padded.stack(
        [Padded.whole(torch.randint(1, 33, (n,))) for n in (2, 9, 5)]
    )
    photo = torch.randint(0, 256, (3, 3, 16, 16), dtype=torch.uint8)
    inputs = {'sensor': sensor, 'photo': photo, 'words': words}
    together = run(flatten(inputs))['fusion']
    longer = {
        'sensor': Padded(
            torch.cat([sensor.values, torch.full((3, 5, 4), 1e6)], dim=1),
            torch.cat([sensor.mask, torch.zeros(3, 5) > 0], dim=1),
        ),
        'photo': photo,
        'words': words,
    }
    torch.testing.assert_close(run(flatten(longer))['fusion'], together)
    pair = {name: x[:2] for name, x in inputs.items()}
    torch.testing.assert_close(run(flatten(pair))['fusion'], together[:2])


def test_one_length(config, tmp_path):
    fusion = {'type': 'AttentionPoolingHead', 'width': 8}
    cfg = config(CNN, TEXT, fusion, length=5)
    checkpoint = save_checkpoint(cfg, tmp_path / 'a.pth', list('abc'))
    report = export_model(cfg, checkpoint, tmp_path / 'a.pt2')
    assert report.info['inputs']['sensor']['shape'] == ['batch', 5, 4]
    assert max(report.differences.values()) < 1e-5


def test_an_encoder_without_a_mask_is_named(config, tmp_path):
    mlp = {'type': 'MLP', 'in_channels': 4}
    cfg = config(mlp, TEXT, {'type': 'ConcatFusionHead'})
    checkpoint = save_checkpoint(cfg, tmp_path / 'a.pth', list('abc'))
    with pytest.raises(ConfigError, match='MLP got sequences of different'):
        export_model(cfg, checkpoint, tmp_path / 'a.pt2')


@pytest.mark.parametrize('bidirectional', [False, True])
def test_the_loop_is_the_gru(bidirectional):
    torch.manual_seed(0)
    gru = torch.nn.GRU(3, 4, 2, batch_first=True, bidirectional=bidirectional)
    x = torch.randn(4, 7, 3)
    mask = torch.arange(7) < torch.tensor([7, 1, 4, 6])[:, None]
    with torch.no_grad():
        found = scan_gru(gru, x, mask)
        for row, length in enumerate(mask.sum(dim=1).tolist()):
            alone = gru(x[row : row + 1, :length])[0]
            torch.testing.assert_close(found[row : row + 1, :length], alone)
