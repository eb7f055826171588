"""The model card says what the run was, and no place of the machine."""

from __future__ import annotations

import json

import pytest

from mmremix.apis.model_card import config_hash, write_card
from mmremix.registry import MODELS
from tests.apis.trained import CLASSES
from tests.report.made_run import EPOCHS, make_run

INFO = {
    'classes': CLASSES,
    'modalities': ['video', 'audio'],
    'inputs': {
        'video': {'dtype': 'uint8', 'shape': ['batch', 2, 3, 56, 56]},
        'audio': {'dtype': 'float32', 'shape': ['batch', 1, 129, 73]},
    },
    'outputs': ['fusion', 'video', 'audio'],
}


@pytest.fixture
def write(tiny_config, tmp_path):
    def make(checkpoint, epoch=EPOCHS, **info):
        cfg = tiny_config()
        model = MODELS.build(cfg.model)
        card = write_card(
            tmp_path / 'model.pt2',
            *(cfg, str(checkpoint), model, {'epoch': epoch}),
            {**INFO, **info},
        )
        assert card.name == 'model_card.md'
        text = card.read_text(encoding='utf-8')
        assert str(tmp_path) not in text and '/tmp' not in text
        return text

    return make


def test_figures_by_split(write, tmp_path):
    work_dir = make_run(tmp_path / 'run')
    folder = work_dir / '20260102_000000'
    (folder / 'vis_data').mkdir(parents=True)
    (folder / 'vis_data/config.py').write_text(
        f"load_from = '{work_dir}/epoch_5.pth'\n"
    )
    (folder / f'{folder.name}.json').write_text(
        json.dumps(
            {
                'acc/fusion_top1': 0.625,
                'subset/fusion_video': 0.25,
                'subset/heads_video': 0.125,
                'subset/samples_video': 40,
            }
        )
    )
    text = write(work_dir / 'epoch_5.pth')
    validation, test = text.split('**Test set**')
    assert '**Validation set**, in training, after epoch 5' in validation
    assert '| fusion | 0.7500 |' in validation
    assert '| fusion | 0.6250 |' in test
    assert '| video | 0.2500 | 0.1250 | 40 |' in test
    # Another epoch, and another file, have other figures.
    text = write(work_dir / 'best_epoch_2.pth', epoch=2)
    assert '| fusion | 0.6000 |' in text and '**Test set**' not in text
    assert 'too high on that set' in text


def test_without_a_work_directory(write, tmp_path):
    text = write(tmp_path / 'weights.pth', readout={'video': 0.5})
    assert 'None: the checkpoint does not lie in the work directory' in text
    assert f'6: {", ".join(f"`{name}`" for name in CLASSES)}.' in text
    assert '| video | uint8 | `batch x 2 x 3 x 56 x 56` |' in text
    assert 'video 0.5' in text and 'ConcatFusionHead' in text


def test_data(write, tmp_path, tiny_config):
    """Names, sizes and fingerprints of what can be read."""
    from mmremix.registry import DATASETS

    cfg = tiny_config()
    text = write(tmp_path / 'weights.pth')
    for key, split in (('train', 'training'), ('test', 'test')):
        dataset = DATASETS.build(cfg[f'{key}_dataloader'].dataset)
        row = next(x for x in text.splitlines() if x.startswith(f'| {split} '))
        assert f'| {len(dataset)} | `{dataset.fingerprint()}` |' in row


def test_config_hash(tiny_config):
    """Seeds and places do not count, what is trained does."""
    cfg, other = tiny_config(), tiny_config()
    other.randomness = {'seed': 7}
    other.work_dir = 'elsewhere'
    other.test_dataloader.dataset.data_root = 'elsewhere'
    assert config_hash(cfg) == config_hash(other)
    other.model.num_classes = 7
    assert config_hash(cfg) != config_hash(other)
