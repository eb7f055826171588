"""Distances, weights, and what a class without a prototype does."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from mmremix.methods import PMR, Clock
from mmremix.methods.pmr import prototype_scores, push_weights
from tests.methods import kit
from tests.methods.cases.pmr import case


def test_scores_are_distances_one_by_one():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(30, 4, generator=generator)
    prototypes = torch.randn(5, 4, generator=generator)
    known = torch.tensor([True, True, False, True, True])
    scores = prototype_scores(features, prototypes, known)
    for i, feature in enumerate(features):
        for k, prototype in enumerate(prototypes):
            expected = -(feature - prototype).square().sum().sqrt()
            if not known[k]:
                expected = torch.tensor(-torch.inf)
            torch.testing.assert_close(scores[i, k], expected)


def test_a_feature_on_its_prototype_has_a_finite_gradient():
    features = torch.ones(1, 3, requires_grad=True)
    known = torch.ones(2, dtype=torch.bool)
    prototypes = torch.stack([torch.ones(3), torch.zeros(3)])
    scores = prototype_scores(features, prototypes, known)
    cross_entropy(scores, torch.tensor([0])).backward()
    assert features.grad.isfinite().all()


@pytest.mark.parametrize(
    ('confidence', 'soft', 'hard'),
    [
        ((0.6, 0.4), (0.0, 0.5), (0.0, 1.0)),
        ((0.2, 0.25), (0.25, 0.0), (1.0, 0.0)),
        ((0.9, 0.1), (0.0, 1.0), (0.0, 1.0)),
        ((0.5, 0.5), (0.0, 0.0), (0.0, 0.0)),
        ((0.0, 0.5), (1.0, 0.0), (1.0, 0.0)),
        ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),
        ((0.6, 0.4, 0.3), (0.0, 0.125, 2 / 3), (0.0, 1.0, 1.0)),
    ],
)
def test_weights_by_hand(confidence, soft, hard):
    confidence = torch.tensor(confidence)
    torch.testing.assert_close(push_weights(confidence), torch.tensor(soft))
    assert push_weights(confidence, 'hard').tolist() == list(hard)


def test_prototypes_are_moving_averages_of_what_was_seen():
    method = PMR(momentum=0.75)
    nan = torch.full((2,), torch.nan)
    one, two, three = (torch.full((2,), float(x)) for x in (1, 2, 3))
    method.update(
        torch.stack([one, two, nan]), torch.tensor([True, True, False]), 0
    )
    assert method.known.tolist() == [1, 1, 0]
    method.update(
        torch.stack([nan, one, three]), torch.tensor([False, True, True]), 1
    )
    assert method.known.tolist() == [1, 1, 1]
    expected = torch.stack([one, 0.75 * two + 0.25 * one, three])
    torch.testing.assert_close(method.prototypes, expected)
    method.forget()
    assert not len(method.known) and method.updated == -1


def ready(**options):
    model = kit.make_model(case(**options)).train()
    method = model.methods['pmr']
    method.check(model)
    method.set_clock(Clock(0, 3, 0, 5))
    inputs = {n: torch.randn(6, kit.SIZE) for n in model.modalities}
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    output = model.run(inputs, labels=labels)
    return model, method, output, model.losses(output)


@pytest.mark.parametrize('mu', [0.0, 0.5])
def test_loss_of_a_batch_one_by_one(mu):
    """Class 2 has no prototype: no part in the softmax, and no term."""
    model, method, output, losses = ready(
        alpha=2.0, mu=mu, entropy_epochs=int(mu > 0)
    )
    sizes = [5, 5]
    terms, sure, entropies = {}, {}, {}
    for name, c in zip(
        model.modalities, method.prototypes.split(sizes, dim=1), strict=True
    ):
        distance = (output.features[name][:, None] - c[:2]).norm(dim=2)
        p = (-distance).softmax(dim=1)
        rows = [0, 1, 3, 4]
        true = p[rows, [0, 1, 0, 1]]
        terms[name] = -true.log().sum() / 6
        sure[name] = true.sum() / 6
        entropies[name] = -(p * p.log()).sum(dim=1).mean()
    for name, other in (('video', 'audio'), ('audio', 'video')):
        weight = (sure[other] / sure[name] - 1).clamp(0, 1)
        expected = 2 * weight * terms[name]
        if sure[name] > sure[other]:
            expected = expected - mu * entropies[name]
        torch.testing.assert_close(losses[f'loss_pmr_{name}'], expected)
    assert any(losses[f'loss_pmr_{n}'] != 0 for n in model.modalities)
    for loss in losses.values():
        loss.backward(retain_graph=True)
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name


def test_alpha_zero_is_plain_training():
    plain, logs = kit.train({})
    other, same = kit.train(case(alpha=0.0))
    kit.assert_same(kit.weights(plain), kit.weights(other))
    assert logs == same


def test_entropy_is_early_only():
    early, _ = kit.train(case(mu=0.5, entropy_epochs=1), steps=2)
    never, _ = kit.train(case(), steps=2)
    assert not torch.equal(early.fusion.fc.weight, never.fusion.fc.weight)
    _, _, _, now = ready(mu=0.5, entropy_epochs=1)
    model, method, output, _ = ready(mu=0.5, entropy_epochs=1)
    method.set_clock(Clock(1, 3, 2, 5))
    later = model.losses(output)
    assert any(
        now[f'loss_pmr_{n}'] != later[f'loss_pmr_{n}']
        for n in model.modalities
    )


def test_batches_of_one_modality_stay_as_they_are():
    def pure(i):
        return ('audio',)

    plain, _ = kit.train({'active': pure})
    other, _ = kit.train(case(active=pure))
    kit.assert_same(kit.weights(plain), kit.weights(other))


def test_without_its_hook_it_says_so():
    with pytest.raises(RuntimeError, match="type='PrototypeHook'"):
        kit.train({'methods': {'pmr': {'type': 'PMR'}}})


@pytest.mark.parametrize(
    'wrong',
    [
        {'alpha': -1},
        {'form': 'medium'},
        {'mu': 0.1},
        {'entropy_epochs': 3},
        {'momentum': 1.0},
    ],
)
def test_options(wrong):
    with pytest.raises(ValueError, match='PMR: '):
        PMR(**wrong)
