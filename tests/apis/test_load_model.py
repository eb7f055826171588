from __future__ import annotations

import pickle

import pytest
import torch

from mmremix.apis.load_model import (
    class_names,
    inference_dataset,
    load_model,
    note_other_config,
)
from mmremix.engine.checkpoints.recipe import describe_recipe
from tests.apis.trained import CLASSES, save_checkpoint


def test_all_weights_are_loaded(trained):
    cfg, checkpoint = trained
    model, meta = load_model(cfg.model, checkpoint)
    saved = torch.load(checkpoint, weights_only=True)['state_dict']
    for key, value in model.state_dict().items():
        assert torch.equal(value, saved[key])
    assert not model.training
    assert meta['dataset_meta']['classes'] == CLASSES


def test_another_model_is_refused(tiny_config, tmp_path):
    cfg = tiny_config()
    checkpoint = save_checkpoint(cfg, tmp_path / 'a.pth')
    cfg.model.encoders.video.base_channels = 8
    with pytest.raises(ValueError, match=r'is \(4, 3, 7, 7\), not \(8, 3'):
        load_model(cfg.model, checkpoint)
    del cfg.model.encoders['video']
    with pytest.raises(ValueError, match=r'video.* is unknown'):
        load_model(cfg.model, checkpoint)


def test_weights_of_methods_are_no_part_of_a_prediction(trained, tmp_path):
    cfg, checkpoint = trained
    saved = torch.load(checkpoint, weights_only=True)
    saved['state_dict']['methods.pmr.prototypes'] = torch.zeros(6, 4)
    torch.save(saved, tmp_path / 'pmr.pth')
    load_model(cfg.model, str(tmp_path / 'pmr.pth'))


def test_encoders_keep_the_order_of_the_checkpoint(trained, tmp_path):
    """Configs that mmengine prints have their keys sorted."""
    cfg, checkpoint = trained
    saved = torch.load(checkpoint, weights_only=True)
    saved['meta']['modalities'] = ['video', 'audio']
    torch.save(saved, tmp_path / 'ordered.pth')
    encoders = cfg.model.encoders
    cfg.model.encoders = {n: encoders[n] for n in ('audio', 'video')}
    model, _ = load_model(cfg.model, str(tmp_path / 'ordered.pth'))
    assert model.modalities == ('video', 'audio')


def test_no_code_of_a_checkpoint_is_run(trained, tmp_path):
    cfg, _ = trained
    torch.save({'state_dict': {}, 'meta': print}, tmp_path / 'bad.pth')
    with pytest.raises(pickle.UnpicklingError, match=r'builtins\.print'):
        load_model(cfg.model, str(tmp_path / 'bad.pth'))


def test_device_that_is_not_there(trained, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(ValueError, match="Write: device='cpu'"):
        load_model(*trained, device='cuda:0')


def test_class_names_and_where_they_come_from(tmp_path):
    (tmp_path / 'names.txt').write_text('a\n\nb\n')
    meta = {'dataset_meta': {'classes': ['x', 'y']}}
    in_file = {'type': 'AVDataset', 'data_root': str(tmp_path)}
    in_file['classes'] = 'names.txt'
    assert class_names(in_file, meta, 2) == ['x', 'y']
    assert class_names(in_file, {}, 2) == ['a', 'b']
    assert class_names({'classes': ['p', 'q']}, {}, 2) == ['p', 'q']
    assert class_names({'metainfo': {'classes': [1, 2]}}, {}, 2) == ['1', '2']
    assert class_names({'type': 'CREMAD'}, {}, 6)[:2] == ['NEU', 'HAP']


def test_class_names_that_are_missing_or_too_many():
    with pytest.raises(ValueError, match=r'classes=\['):
        class_names({'type': 'AVDataset', 'classes': 'gone.txt'}, {}, 2)
    with pytest.raises(ValueError, match='names 2 classes, the model has 3'):
        class_names({'classes': ['a', 'b']}, {}, 3)


@pytest.fixture
def said(monkeypatch):
    """Levels and texts that `note_other_config` logs."""
    found = []
    monkeypatch.setattr(
        'mmremix.apis.load_model.print_log',
        lambda text, logger, level=20: found.append((level, text)),
    )
    return found


def test_another_fusion_or_recipe_is_warned_of(tiny_config, said):
    cfg = tiny_config()
    meta = {'recipe': describe_recipe(cfg)}
    note_other_config(cfg, meta, 'a.pth')
    assert said == []
    cfg.model.fusion = {'type': 'SumFusionHead'}
    note_other_config(cfg, meta, 'a.pth')
    ((level, text),) = said
    assert level == 30 and 'another config (remix_demo_concat.py)' in text
    assert 'fusion: SumFusionHead, trained with ConcatFusionHead' in text
    other = tiny_config('remix_ks_concat')
    note_other_config(other, meta, 'a.pth')
    assert '[DecodeAudio, KaldiFbank], trained with' in said[1][1]


def test_a_checkpoint_that_does_not_say(trained, said):
    cfg, checkpoint = trained
    note_other_config(cfg, {}, checkpoint)
    ((level, text),) = said
    assert level == 20 and 'are not compared' in text and '\n' not in text


def test_other_classes_are_warned_of(tiny_config, said):
    cfg = tiny_config()
    cfg.test_dataloader.dataset.classes = ['a', 'b']
    meta = {
        'recipe': describe_recipe(cfg),
        'dataset_meta': {'classes': ['b', 'a']},
    }
    note_other_config(cfg, meta, 'a.pth')
    ((level, text),) = said
    assert level == 30 and "are used: ['b', 'a'], not ['a', 'b']" in text


def test_config_without_a_test_pipeline():
    with pytest.raises(ValueError, match='no test pipeline'):
        inference_dataset({'test_dataloader': None})


def test_rows_have_a_default_pipeline():
    for name in ('ArrayDataset', 'TableDataset'):
        cfg = {'test_dataloader': {'dataset': {'type': name}}}
        assert inference_dataset(cfg) == {'type': name}
