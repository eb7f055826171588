"""Shapley values, and accuracy with every set of modalities."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch
from mmaction.structures import ActionDataSample
from torch.utils.data import DataLoader

from mmremix.datasets import multimodal_collate
from mmremix.evaluation import measure_contribution, shapley_values
from mmremix.models import AVRecognizer
from mmremix.utils.shapley import all_subsets

NAMES = ('video', 'audio', 'depth')
NUM_CLASSES = 5


class Samples(torch.utils.data.Dataset):
    """Random images of every modality."""

    def __init__(self, names, labels, **meta):
        generator = torch.Generator().manual_seed(0)
        self.labels = labels
        self.inputs = [
            {n: torch.randn(1, 16, 16, generator=generator) for n in names}
            for _ in labels
        ]
        self.meta = meta

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        meta = {'sample_idx': index}
        meta |= {k: v[index] for k, v in self.meta.items() if index in v}
        active = meta.get('active_modalities', self.inputs[index])
        sample = ActionDataSample(metainfo=meta)
        sample.set_gt_label(self.labels[index])
        return {
            'inputs': {n: self.inputs[index][n] for n in active},
            'data_samples': sample,
        }


def build(names, fusion='ConcatFusionHead', **kwargs):
    torch.manual_seed(0)
    return AVRecognizer(
        encoders={
            name: {'type': 'ResNet', 'in_channels': 1, 'base_channels': 2}
            for name in names
        },
        fusion={'type': fusion},
        num_classes=NUM_CLASSES,
        **kwargs,
    ).train()


def load(dataset, **kwargs):
    return DataLoader(
        dataset, batch_size=4, collate_fn=multimodal_collate, **kwargs
    )


def labels(count):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(NUM_CLASSES, (count,), generator=generator).tolist()


@pytest.mark.parametrize('count', [1, 2, 3])
def test_shapley_is_the_mean_over_all_orders(count):
    names = NAMES[:count]
    generator = torch.Generator().manual_seed(2)
    worth = {
        subset: torch.rand((), generator=generator).item()
        for subset in all_subsets(names)
    }
    orders = list(permutations(names))
    gains = dict.fromkeys(names, 0.0)
    for order in orders:
        for place, name in enumerate(order):
            before = tuple(n for n in names if n in order[:place])
            after = tuple(n for n in names if n in order[: place + 1])
            gains[name] += (worth[after] - worth[before]) / len(orders)
    found = shapley_values(worth)
    assert found == pytest.approx(gains)
    assert sum(found.values()) == pytest.approx(worth[names] - worth[()])


def test_shapley_needs_every_subset():
    with pytest.raises(ValueError, match=r"missing: \[\('audio',\)\]"):
        shapley_values({(): 0, ('video',): 1, ('video', 'audio'): 1})


@pytest.mark.parametrize(
    ('fusion', 'options'),
    [
        ('ConcatFusionHead', {}),
        ('ConcatFusionHead', {'mask': 'feature', 'unimodal': 'fusion'}),
        ('SumFusionHead', {'mask': 'input'}),
        ('MMTM', {}),
        ('CentralNet', {}),
    ],
)
def test_accuracies_are_those_of_the_model_without_the_inputs(fusion, options):
    dataset = Samples(NAMES, labels(11))
    model = build(NAMES, fusion, **options)
    found = measure_contribution(model, load(dataset))
    assert model.training
    model.eval()
    whole = multimodal_collate(list(dataset))
    inputs = whole['inputs']
    target = torch.tensor(dataset.labels)
    for subset in all_subsets(NAMES)[1:]:
        with torch.no_grad():
            scores = model.run({n: inputs[n] for n in subset}).scores['fusion']
        right = (scores.argmax(dim=1) == target).float().mean().item()
        assert found.accuracy[subset] == pytest.approx(right), subset
    # The most frequent class.
    assert found.accuracy[()] == pytest.approx(
        target.bincount().max().item() / 11
    )
    assert found.modalities == NAMES
    assert found.without('audio') == found.accuracy['video', 'depth']
    assert found.only('audio') == found.accuracy[('audio',)]
    assert sum(found.shapley().values()) == pytest.approx(
        found.accuracy[NAMES] - found.accuracy[()]
    )
    assert (found.samples, found.left_out) == (11, 0)


def test_late_fusion_encodes_each_batch_once():
    runs = dict.fromkeys(NAMES, 0)
    model = build(NAMES)

    def count(name):
        def hook(module, args, output):
            runs[name] += 1

        return hook

    for name, encoder in model.encoders.items():
        encoder.register_forward_hook(count(name))
    measure_contribution(model, load(Samples(NAMES, labels(12))))
    assert runs == dict.fromkeys(NAMES, 3)


def test_a_sample_seen_twice_counts_once():
    dataset = Samples(NAMES, labels(6))
    model = build(NAMES)
    once = measure_contribution(model, load(dataset))
    rows = [*range(6), 0, 0, 3]
    assert measure_contribution(model, load(dataset, sampler=rows)) == once


def test_broken_and_incomplete_samples_are_left_out():
    names = NAMES[:2]
    model = build(names)
    dataset = Samples(
        names,
        labels(9),
        replaces={1: (1, 'a.mp4', 'cut off')},
        active_modalities={4: ('audio',), 6: ('video',)},
    )
    found = measure_contribution(model, load(dataset))
    rows = [0, 2, 3, 5, 7, 8]
    rest = measure_contribution(
        model, load(Samples(names, labels(9)), sampler=rows)
    )
    assert found == rest
    assert (found.samples, found.left_out) == (6, 3)


def test_nothing_to_measure():
    dataset = Samples(
        NAMES, labels(2), active_modalities={0: ('audio',), 1: ('audio',)}
    )
    with pytest.raises(ValueError, match='None of the 2 evaluation samples'):
        measure_contribution(build(NAMES), load(dataset))
