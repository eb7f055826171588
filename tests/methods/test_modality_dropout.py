"""Modality dropout within a step: who is left out, and who sees it."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from mmremix.methods.base import Clock
from mmremix.methods.modality_dropout import keep_some
from mmremix.models import Output
from tests.methods import kit


def case(**options):
    return {'methods': {'dropout': {'type': 'ModalityDropout', **options}}}


def test_by_hand():
    drawn = torch.tensor([[0.6, 0.6], [0.6, 0.1], [0.4, 0.1], [0.1, 0.4]])
    keeps = keep_some(drawn, torch.tensor([0.5, 0.5]))
    expected = [[1, 1], [1, 0], [1, 0], [0, 1]]
    assert keeps.int().tolist() == expected


@pytest.mark.parametrize(
    'rates', [(0.5, 0.5), (0.9, 0.3), (0.8, 0.6, 0.4), (1.0, 1.0)]
)
def test_sets_come_as_often_as_they_should(rates):
    rates = torch.tensor(rates)
    count = len(rates)
    torch.manual_seed(0)
    keeps = keep_some(torch.rand(40000, count), rates)
    assert keeps.any(1).all()
    # What would leave nothing is shared out evenly.
    spare = rates.prod() / count
    for subset in product([False, True], repeat=count):
        wanted = torch.tensor(subset)
        if not wanted.any():
            continue
        expected = torch.where(wanted, 1 - rates, rates).prod()
        expected += spare * (wanted.sum() == 1)
        found = (keeps == wanted).all(1).float().mean()
        assert found.item() == pytest.approx(expected.item(), abs=0.01)


def test_leaves_whole_features_out_of_the_fusion():
    model = kit.make_model(case(p={'audio': 0.5}))
    method = model.methods['dropout']
    method.set_clock(Clock(0, 3, 0, seed=5))
    features = {name: torch.randn(400, 5) for name in model.modalities}
    output = Output({}, model.modalities, torch.zeros(400).long())
    seen = method.into_fusion(model, output, features)
    assert torch.equal(seen['video'], features['video'])
    gone = (seen['audio'] == 0).all(1)
    assert 150 < gone.sum() < 250
    assert torch.equal(seen['audio'][~gone], features['audio'][~gone])
    records = method.take_records()
    assert records['kept_audio'] == (~gone).float().mean()
    assert records['kept_video'] == 1


def test_heads_see_all_features_and_evaluation_is_whole():
    _, plain = kit.train(steps=1)
    _, logs = kit.train(case(p=0.9), steps=1)
    for name in ('loss_video', 'loss_audio'):
        assert logs[0][name] == plain[0][name]
    assert logs[0]['loss_fusion'] != plain[0]['loss_fusion']
    inputs = {name: torch.randn(4, kit.SIZE) for name in kit.NAMES[:2]}
    one = kit.make_model().eval().run(inputs).scores
    other = kit.make_model(case(p=0.9)).eval().run(inputs).scores
    assert torch.equal(one['fusion'], other['fusion'])


def test_p_0_and_pure_batches_are_plain_training():
    pure = {'active': lambda i: (kit.NAMES[i % 2],)}
    for given, base in ((case(p=0), {}), ({**case(), **pure}, pure)):
        plain, _ = kit.train(base)
        other, _ = kit.train(given)
        kit.assert_same(kit.weights(plain), kit.weights(other))


def test_refusals():
    with pytest.raises(ValueError, match=r'p must be in \[0, 1\], got 1.5'):
        kit.make_model(case(p=1.5))
    with pytest.raises(ValueError, match=r'p=dict\(video=0.5\)'):
        kit.train(case(p={'sound': 0.5}), steps=1)
