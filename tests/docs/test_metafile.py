"""The index of models names configs that exist and results that are ours."""

from __future__ import annotations

import re

from mmengine.config import Config
from mmengine.fileio import load

from tests.demo_run import ROOT

INDEX = load(ROOT / 'model-index.yml')
MODELS = [
    model for file in INDEX['Import'] for model in load(ROOT / file)['Models']
]


def merged(model):
    cfg = Config.fromfile(ROOT / model['Config'])
    options = model['Metadata'].get('Config Options', '').split()
    pairs = (option.split('=') for option in options)
    cfg.merge_from_dict({key: int(value) for key, value in pairs})
    return cfg


def test_index_is_found_by_name():
    names = [model['Name'] for model in MODELS]
    assert len(set(names)) == len(names) >= 10
    for file in INDEX['Import']:
        # setup.py puts configs beside the index of an installed package.
        assert file.startswith('configs/')
        known = [c['Name'] for c in load(ROOT / file)['Collections']]
        for model in load(ROOT / file)['Models']:
            assert model['In Collection'] in known


def test_metadata_is_that_of_the_config():
    for model in MODELS:
        cfg, metadata = merged(model), model['Metadata']
        assert cfg.train_cfg.max_epochs == metadata['Epochs'], model['Name']
        assert cfg.train_dataloader.batch_size == metadata['Batch Size']
        remix = cfg.get('method_remix')
        warmup = remix.plan.warmup_epochs if remix else 0
        assert warmup == metadata['Warm-up Epochs'], model['Name']
        encoders = cfg.model.encoders.items()
        present = {name for name, value in encoders if value is not None}
        assert present == set(metadata['Modality'].split(', ')), model['Name']


def test_results_are_those_of_the_page():
    text = (ROOT / 'docs' / 'results.md').read_text()
    page = [
        [float(v) for v in re.findall(r'\| (\.\d{3})\b', f'{line}')]
        for line in text.splitlines()
    ]
    for model in MODELS:
        assert 'Weights' not in model  # none are published
        (result,) = model['Results']
        # Fused, audio and video, as a line of the page has them.
        wanted = [round(v / 100, 3) for v in result['Metrics'].values()]
        assert any(row[: len(wanted)] == wanted for row in page), model['Name']
