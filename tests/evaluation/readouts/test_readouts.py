import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremix.evaluation.readouts import (
    Readout,
    apply,
    candidates,
    choose,
    fit_pool,
)

NAMES = ('video', 'audio', 'text')


def log_softmax(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    total = np.exp(shifted).sum(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(total))


def drawn(
    seed: int,
    size: int = 60,
    classes: int = 4,
    good: dict[str, float] | None = None,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Noise, and as much of the truth as `good` says."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=size)
    found = {}
    for name in ('fusion', *NAMES):
        scores = generator.normal(size=(size, classes))
        scores[np.arange(size), labels] += (good or {}).get(name, 0.0)
        found[name] = log_softmax(scores)
    return found, labels


def test_candidates_of_two_and_three_modalities() -> None:
    names = [r.name for r in candidates(('video', 'audio'))]
    assert names == ['fusion', 'heads', 'video', 'audio']
    names = [r.name for r in candidates(NAMES)]
    assert names == [
        'fusion', 'heads', 'video+audio', 'video+text', 'audio+text',
        'video', 'audio', 'text',
    ]  # fmt: skip


def test_many_modalities_have_few_candidates() -> None:
    found = candidates('abcdef')
    assert len(found) == 1 + 1 + 6 + 6
    assert {len(r.weights) for r in found[1:]} == {1, 5, 6}


def test_a_single_modality_has_its_head() -> None:
    assert [r.name for r in candidates(['audio'])] == ['fusion', 'audio']


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.floats(0, 3), min_size=4, max_size=4).filter(any),
)
def test_is_the_normalised_weighted_product(
    seed: int, weights: list[float]
) -> None:
    log_probs, _ = drawn(seed, size=5)
    readout = Readout('any', dict(zip(log_probs, weights, strict=True)))
    product = np.prod(
        [np.exp(p) ** readout.weights[n] for n, p in log_probs.items()],
        axis=0,
    )
    product /= product.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(apply(readout, log_probs), product, rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 10))
def test_the_scale_changes_no_decision(seed: int, scale: float) -> None:
    log_probs, _ = drawn(seed)
    heads = candidates(NAMES)[1]
    sharper = Readout('x', {n: w * scale for n, w in heads.weights.items()})
    assert (
        apply(heads, log_probs).argmax(1)
        == apply(sharper, log_probs).argmax(1)
    ).all()


def test_what_a_sample_lacks_does_not_speak() -> None:
    log_probs, _ = drawn(0)
    log_probs['video'][3] = np.nan
    log_probs['audio'][4] = np.nan
    log_probs['video'][4] = np.nan
    both = Readout('video+audio', {'video': 1.0, 'audio': 1.0})
    found = apply(both, log_probs)
    np.testing.assert_allclose(found[3], np.exp(log_probs['audio'][3]))
    assert np.isnan(found[4]).all()
    assert np.isfinite(found[5:]).all()


def test_a_probability_of_zero_leaves_no_nan() -> None:
    sure = np.array([[0.0, -np.inf]])
    readout = Readout('heads', {'video': 1.0, 'audio': 1.0})
    found = apply(readout, {'video': sure, 'audio': sure[:, ::-1]})
    np.testing.assert_allclose(found, [[0.5, 0.5]])


@pytest.mark.parametrize('weights', [{'video': 0.0}, {'video': -1.0}, {}])
def test_weights_that_are_none(weights: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r'[Ww]eight'):
        Readout('bad', weights)


def test_a_missing_prediction_is_named() -> None:
    with pytest.raises(ValueError, match='audio'):
        apply(Readout('audio', {'audio': 1.0}), {'video': np.zeros((2, 2))})


def test_the_modalities_that_it_needs() -> None:
    assert candidates(NAMES)[0].modalities(NAMES) == NAMES
    assert Readout('x', {'text': 1, 'video': 1, 'audio': 0}).modalities(
        NAMES
    ) == ('video', 'text')


def test_chooses_the_modality_that_knows() -> None:
    log_probs, labels = drawn(1, size=300, good={'audio': 3.0})
    choice = choose(log_probs, labels)
    assert choice.readout.weights == {'audio': 1.0}
    assert choice.accuracy['audio'] == max(choice.accuracy.values())
    low, high = choice.interval['audio']
    assert low < choice.accuracy['audio'] < high
    gain, low, high = choice.gain['audio']
    assert 0 < low < gain < high
    assert (choice.samples, choice.groups) == (300, None)


def test_groups_count_alike_whatever_their_size() -> None:
    """Fusion is right in the large group, the sound in the nine others."""
    labels = np.zeros(109, dtype=int)
    groups = np.array(['large'] * 100 + [f'g{i}' for i in range(9)])
    right = np.log([0.9, 0.1])
    fusion = np.where((groups == 'large')[:, None], right, right[::-1])
    log_probs = {'fusion': fusion, 'audio': fusion[:, ::-1]}
    by_sample = choose(log_probs, labels)
    by_group = choose(log_probs, labels, groups)
    assert by_sample.readout.name == 'fusion'
    assert by_group.readout.name == 'audio'
    assert by_group.accuracy == pytest.approx({'fusion': 0.1, 'audio': 0.9})
    assert by_group.groups == 10


def test_a_tie_goes_to_the_fused_head() -> None:
    log_probs, labels = drawn(2)
    same = dict.fromkeys(log_probs, log_probs['fusion'])
    assert choose(same, labels).readout.name == 'fusion'


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.permutations(range(30)))
def test_order_of_the_samples_is_of_no_account(
    seed: int, order: list[int]
) -> None:
    log_probs, labels = drawn(seed, size=30, good={'video': 1.0})
    groups = np.arange(30) % 5
    first = choose(log_probs, labels, groups, draws=10)
    moved = {n: p[order] for n, p in log_probs.items()}
    second = choose(moved, labels[order], groups[order], draws=10)
    assert first.readout == second.readout
    assert first.accuracy == pytest.approx(second.accuracy)


def test_plain_is_plain() -> None:
    import json

    log_probs, labels = drawn(3)
    plain = choose(log_probs, labels, np.arange(60) % 3).plain()
    assert json.loads(json.dumps(plain)) == plain


def test_samples_without_the_modality_are_not_right() -> None:
    log_probs, labels = drawn(4, good={'audio': 9.0})
    log_probs['audio'][:30] = np.nan
    assert choose(log_probs, labels).accuracy['audio'] <= 0.5


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_a_pool_has_weights_that_are_not_negative(seed: int) -> None:
    log_probs, labels = drawn(seed, size=40, good={'text': 1.0})
    pool = fit_pool(log_probs, labels, np.arange(40) % 4)
    assert set(pool.weights) == {'fusion', *NAMES}
    assert min(pool.weights.values()) >= 0


def test_a_pool_listens_to_who_knows() -> None:
    good = {'audio': 2.0, 'text': 2.0}
    log_probs, labels = drawn(5, size=600, good=good)
    del log_probs['fusion']
    pool = fit_pool(log_probs, labels, np.arange(600) % 10)
    assert pool.weights['video'] < 0.2 * pool.weights['audio']
    assert pool.weights['text'] > 0.5 * pool.weights['audio']


def test_a_pool_of_independent_heads_is_close_to_their_sum() -> None:
    """Their product is what Bayes says; the fit finds weights near 1."""
    good = dict.fromkeys(NAMES, 1.0)
    log_probs, labels = drawn(6, size=3000, good=good)
    del log_probs['fusion']
    pool = fit_pool(log_probs, labels)
    assert list(pool.weights.values()) == pytest.approx([1.0] * 3, abs=0.15)


def test_a_pool_of_one_group_keeps_the_sum() -> None:
    log_probs, labels = drawn(7, good=dict.fromkeys(NAMES, 1.0))
    del log_probs['fusion']
    weights = list(fit_pool(log_probs, labels, ['a'] * 60).weights.values())
    assert weights == pytest.approx([weights[0]] * 3, rel=1e-2)


def test_groups_of_another_length() -> None:
    log_probs, labels = drawn(8)
    with pytest.raises(ValueError, match='60 samples'):
        choose(log_probs, labels, ['a'] * 59)
