"""Models of transformers, tiny ones with random weights."""

from __future__ import annotations

import pytest
import torch

from mmremix.models import AVRecognizer
from mmremix.models.backbones.partition import partition
from mmremix.registry import MODELS
from mmremix.utils.errors import ConfigError
from mmremix.utils.padded import Padded

transformers = pytest.importorskip('transformers')

BLOCKS = {
    'hidden_size': 16,
    'num_hidden_layers': 2,
    'num_attention_heads': 2,
    'intermediate_size': 32,
}
TEXT = {**BLOCKS, 'model_type': 'bert', 'vocab_size': 20}
SOUND = {
    **BLOCKS,
    'model_type': 'wav2vec2',
    'conv_dim': (8, 8),
    'conv_kernel': (10, 3),
    'conv_stride': (5, 2),
    'num_feat_extract_layers': 2,
    'num_conv_pos_embeddings': 4,
    'num_conv_pos_embedding_groups': 2,
    'mask_time_prob': 0.0,
    'feat_extract_norm': 'layer',
}
IMAGE = {**BLOCKS, 'model_type': 'vit', 'image_size': 32, 'patch_size': 8}


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    found = {}
    torch.manual_seed(1)
    for name, entries in (('t', TEXT), ('a', SOUND), ('v', IMAGE)):
        entries = dict(entries)
        settings = transformers.AutoConfig.for_model(
            entries.pop('model_type'), **entries
        )
        model = transformers.AutoModel.from_config(settings).eval()
        folder = tmp_path_factory.mktemp(name)
        model.save_pretrained(folder)
        found[name] = model, str(folder)
    return found


def recognizer(**encoders):
    return AVRecognizer(
        encoders=encoders, fusion={'type': 'ConcatFusionHead'}, num_classes=3
    ).eval()


def test_text_is_pooled_where_there_is_any(folders):
    theirs, folder = folders['t']
    model = recognizer(text={'type': f'transformers.{folder}'})
    encoder = model.encoders['text']
    assert encoder.out_channels == 16
    # As the preprocessor gives them: numbers of float32, 0 for padding.
    ids = torch.tensor([[3, 4, 5, 0, 0], [6, 7, 8, 9, 1]]).float()
    with torch.no_grad():
        random = encoder(ids)
        model.init_weights()
        found = encoder(ids)
        alone = encoder(ids[:1, :3])
        masked = torch.stack([ids, (ids != 0).float()], 1)
        assert torch.equal(encoder(masked), found)
        tokens = theirs(input_ids=ids[:1, :3].long()).last_hidden_state
    assert not torch.allclose(found, random)
    torch.testing.assert_close(found[:1], alone)
    torch.testing.assert_close(alone, tokens.mean(1))


def test_sound_images_and_frames(folders):
    model = recognizer(
        audio={
            'type': 'transformers.AutoModel',
            'pretrained': folders['a'][1],
        },
        video={'type': 'transformers.ViTModel', 'pretrained': folders['v'][1]},
    )
    model.init_weights()
    wave, frames = torch.rand(2, 1, 400), torch.rand(2, 3, 3, 32, 32)
    with torch.no_grad():
        found = model.run({'audio': wave, 'video': frames}).features
        hidden = folders['a'][0](wave[:, 0]).last_hidden_state
        pooled = folders['v'][0](frames.flatten(0, 1)).pooler_output
    torch.testing.assert_close(found['audio'], hidden.mean(1))
    torch.testing.assert_close(
        found['video'], pooled.view(2, 3, 16).mean(1), rtol=1e-4, atol=1e-5
    )
    for name in ('audio', 'video'):
        parts = partition(model.encoders[name].backbone)
        assert len(parts.stages) == 2


def test_sequences_of_different_lengths(folders):
    """Padding changes nothing, pooled or as tokens."""
    for key, name in (('t', 'text'), ('a', 'audio')):
        kind = {
            'type': 'transformers.AutoModel',
            'pretrained': folders[key][1],
        }
        long = torch.rand(1, 800) * (19 if key == 't' else 1) + 1
        long = long[:, :12] if key == 't' else long
        short = long[0, : long.shape[1] // 2]
        batch = Padded.stack([Padded.whole(x) for x in (long[0], short)])
        found = {}
        for pooling in ('mean', 'tokens'):
            model = recognizer(**{name: {**kind, 'pooling': pooling}})
            model.init_weights()
            with torch.no_grad():
                both = model.encoders[name](batch)
                alone = model.encoders[name](short[None])
            torch.testing.assert_close(both[1:], alone, rtol=1e-3, atol=1e-3)
            found[pooling] = both
        torch.testing.assert_close(found['mean'], found['tokens'])


def test_weights_that_are_missing(folders, tmp_path):
    cfg = {'type': 'transformers.AutoModel', 'pretrained': folders['t'][1]}
    deeper = MODELS.build({**cfg, 'num_hidden_layers': 3})
    with pytest.raises(ConfigError, match=r'missing .*layer\.2\.'):
        deeper.init_weights()
    for value, said in (
        (str(tmp_path), r'no config\.json'),
        (str(tmp_path / 'none'), 'no such folder'),
        (None, 'model_type='),
    ):
        with pytest.raises(ConfigError, match=said):
            MODELS.build({**cfg, 'pretrained': value})
    with pytest.raises(ConfigError, match='has no'):
        MODELS.build({**cfg, 'hidden_sise': 3})
    with pytest.raises(ConfigError, match=r'Did you mean .*BertModel'):
        MODELS.build({**cfg, 'type': 'transformers.BertModell'})
    with pytest.raises(ConfigError, match="pooling='mean'"):
        MODELS.build({**cfg, 'pooling': 'max'})


def test_from_scratch():
    for kind, config in (
        ('transformers.AutoModel', TEXT),
        ('transformers.BertModel', {**BLOCKS, 'vocab_size': 20}),
    ):
        backbone = MODELS.build({'type': kind, 'config': config})
        backbone.init_weights()
        assert backbone(torch.ones(2, 5)).shape == (2, 16)
