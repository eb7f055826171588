from __future__ import annotations

import numpy as np
import pytest
from torch.utils.data import DataLoader

from mmremix.datasets import ArrayDataset
from mmremix.datasets.collate import multimodal_collate
from mmremix.engine import score_dataset
from mmremix.registry import MODELS
from mmremix.remix import probability_margin, true_class_probability


def test_a_score_of_two_arguments_gets_the_labels(tmp_path):
    generator = np.random.default_rng(0)
    np.savez(
        tmp_path / 'rows.npz',
        a=generator.standard_normal((6, 3)).astype(np.float32),
        b=generator.standard_normal((6, 2)).astype(np.float32),
        label=np.array([0, 1, 2, 0, 1, 2]),
    )
    dataset = ArrayDataset(
        str(tmp_path / 'rows.npz'), modalities=['a', 'b'], test_mode=True
    )
    loader = DataLoader(dataset, batch_size=4, collate_fn=multimodal_collate)
    model = MODELS.build(
        {
            'type': 'AVRecognizer',
            'num_classes': 3,
            'encoders': {
                'a': {'type': 'MLP', 'in_channels': 3},
                'b': {'type': 'MLP', 'in_channels': 2},
            },
            'fusion': {'type': 'ConcatFusionHead'},
            'data_preprocessor': {'type': 'AVDataPreprocessor'},
        }
    )
    table = score_dataset(model, loader, ('a', 'b'), true_class_probability)
    assert table.scores.mean(0).tolist() == pytest.approx(
        list(table.true_probability.values()), rel=1e-5
    )
    other = score_dataset(model, loader, ('a', 'b'), probability_margin)
    assert not np.allclose(other.scores, table.scores)
