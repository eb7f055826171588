"""Which samples a scoring pass visits, and what it keeps of the others."""

from __future__ import annotations

import pytest
import torch

from mmremix.datasets import ScoringSampler
from mmremix.engine import ScoreTable, ScoringOptions
from mmremix.engine.scoring import scores as scoring_pass

SCORES = torch.tensor([[1.0, 2.0], [1.0, 1.04], [3.0, 2.9], [0.5, 0.5]])


class Loader:
    def __init__(self, sampler):
        self.sampler = sampler
        self.dataset = range(4)


@pytest.fixture
def visits(monkeypatch):
    """Every visit's rows; scores are 100 apart from one visit to the next."""
    seen = []

    def score_dataset(model, loader, modalities, score, options, gathering):
        rows = list(loader.sampler)
        scores = torch.full_like(SCORES, float('nan'))
        scores[rows] = SCORES[rows] + 100 * len(seen)
        seen.append((rows, options))
        return ScoreTable(scores, {})

    monkeypatch.setattr(scoring_pass, 'score_dataset', score_dataset)
    return seen


def make(subset=1, **options):
    return scoring_pass.ScoringPass(
        Loader(ScoringSampler(range(4))),
        ('video', 'audio'),
        ScoringOptions(**options),
        subset,
    )


def test_all_at_once(visits):
    assert torch.equal(make().run(None).scores, SCORES)
    assert [rows for rows, _ in visits] == [[0, 1, 2, 3]]


def test_in_turn(visits):
    """All at first, then every third; the others keep what they had."""
    passes = make(subset=3)
    first = passes.run(None, turn=0).scores
    second = passes.run(None, 1, first).scores
    third = passes.run(None, 2, second).scores
    assert [rows for rows, _ in visits] == [[0, 1, 2, 3], [1], [2]]
    assert torch.equal(second[[0, 2, 3]], first[[0, 2, 3]])
    assert torch.equal(second[1], SCORES[1] + 100)
    assert torch.equal(third[2], SCORES[2] + 200)


def test_close_calls_again_and_plainly(visits):
    passes = make(amp='bfloat16', fold_bn=True, recheck=0.05)
    table = passes.run(None)
    (first, cheap), (again, plain) = visits
    assert first == [0, 1, 2, 3] and again == [1, 3]
    assert cheap.amp == 'bfloat16'
    assert plain == ScoringOptions(heads_only=True)
    assert table.rechecked == 2
    assert torch.equal(table.scores[[1, 3]], SCORES[[1, 3]] + 100)
    assert torch.equal(table.scores[[0, 2]], SCORES[[0, 2]])
    # Whoever goes over the data next sees all of it.
    assert list(passes.dataloader.sampler) == [0, 1, 2, 3]


def test_only_those_whose_turn_it_is_again(visits):
    passes = make(subset=2, recheck=0.05)
    first = passes.run(None, 0).scores
    visits.clear()
    passes.run(None, 1, first)
    assert [rows for rows, _ in visits] == [[1, 3], [1, 3]]


def test_samples_that_could_not_be_loaded_are_no_close_calls(visits):
    passes = make(recheck=0.05)
    scores = SCORES.clone()
    scores[1] = float('nan')
    assert passes._close(scores, range(4)) == [3]


def test_one_modality_has_no_close_calls(visits):
    passes = make(recheck=0.05)
    assert passes._close(SCORES[:, :1], range(4)) == []
