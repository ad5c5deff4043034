"""Laws of losses of two classes, of scores and of divergences, over drawn specifications."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refloss
from crossval.points.binary import LOGITS, PROBABILITIES
from crossval.points.element_strategies import element_cases
from crossval.points.logarithms import LOGARITHMS
from crossval.points.scores import SCORES
from tests.kernels.element_subject import ELEMENTS

logits = element_cases(LOGITS, min_rows=8)
probabilities = element_cases(PROBABILITIES, min_rows=8)
OURS = [s for s in ELEMENTS if s.loss in ("bce", "bce_probs", "hinge", "squared_hinge")]
OURS += [s for s in ELEMENTS if s.loss in ("kl_div", "kl_div_probs")]
U = 2.0**-53


def columns_of(case):
    return np.ascontiguousarray(case.columns.T)


def rows_of(subject, seed):
    rng = np.random.default_rng(seed)
    columns = subject.columns()
    return columns[rng.choice(len(columns), 12, replace=False)]


@given(case=logits)
def test_the_two_classes_mirror_each_other(case):
    """1 - t rounds, and nothing else does."""
    x, target = columns_of(case)
    target = np.round(target * 64) / 64
    for axes in ({}, {"label_smoothing": 0.25}, {"label_smoothing": 0.25, "smoothing": "flip"}):
        value, grad = refloss.bce.value_and_grad(x, target, **axes)
        other, back = refloss.bce.value_and_grad(-x, 1 - target, **axes)
        np.testing.assert_allclose(value, other, rtol=8 * U)
        scale = np.abs(grad["logits"]) + 1
        assert (np.abs(grad["logits"] + back["logits"]) <= 8 * U * scale).all()


@given(case=probabilities)
def test_the_two_classes_of_probabilities_mirror_each_other(case):
    p, target = columns_of(case)
    p, target = np.round(p * 64) / 64, np.round(target * 64) / 64
    for preset in ("torch", "keras"):
        value, grad = refloss.bce_probs.value_and_grad(p, target, preset=preset)
        other, back = refloss.bce_probs.value_and_grad(1 - p, 1 - target, preset=preset)
        np.testing.assert_allclose(value, other, rtol=8 * U)
        np.testing.assert_allclose(grad["probs"], -back["probs"], rtol=8 * U)


@given(case=logits)
def test_two_classes_are_a_softmax_of_two(case):
    x, target = columns_of(case)
    target = np.round(target * 64) / 64
    rows = np.stack([np.zeros_like(x), x], axis=1)
    goals = np.stack([1 - target, target], axis=1)
    for eps in (0.0, 0.25):
        value, grad = refloss.bce.value_and_grad(x, target, label_smoothing=eps)
        other, slopes = refloss.cross_entropy.value_and_grad(
            rows, goals, targets="probabilities", label_smoothing=eps
        )
        np.testing.assert_allclose(value, other, rtol=16 * U)
        scale = np.abs(slopes["logits"][:, 1]) + 1
        assert (np.abs(grad["logits"] - slopes["logits"][:, 1]) <= 16 * U * scale).all()


@given(case=logits)
def test_no_smoothing_is_no_convention(case):
    x, target = columns_of(case)
    plain = refloss.bce.value_and_grad(x, target)
    for smoothing in ("half", "flip", "one_sided"):
        found = refloss.bce.value_and_grad(x, target, label_smoothing=0.0, smoothing=smoothing)
        np.testing.assert_array_equal(found[0], plain[0])
        np.testing.assert_array_equal(found[1]["logits"], plain[1]["logits"])


@given(case=logits, eps=st.sampled_from([0.125, 0.5, 1.0]))
def test_a_flip_is_half_as_much_toward_one_half(case, eps):
    x, target = columns_of(case)
    flip = refloss.bce(x, target, label_smoothing=eps / 2, smoothing="flip")
    np.testing.assert_array_equal(flip, refloss.bce(x, target, label_smoothing=eps))


@given(case=logits, factor=st.sampled_from([0.25, 1.0, 3.0, 64.0]))
def test_a_positive_weight_is_a_weight_of_positives(case, factor):
    x, _ = columns_of(case)
    weight = np.full_like(x, factor)
    for target, expected in ((1.0, weight), (0.0, np.ones_like(x))):
        goal = np.full_like(x, target)
        found = refloss.bce(x, goal, pos_weight=weight)
        np.testing.assert_allclose(found, refloss.bce(x, goal, weight=expected), rtol=4 * U)


@pytest.mark.parametrize("subject", OURS, ids=str)
@given(seed=st.integers(0, 2**32 - 1))
def test_weights_repeat_and_remove(subject, seed):
    """Weight 0 is removal, weight k repetition, by the loss and by its gradient."""
    columns, axes = rows_of(subject, seed), dict(subject.axes)
    loss, names = getattr(refloss, subject.loss), subject.names
    counts = np.random.default_rng(seed + 1).integers(0, 4, len(columns)).astype(float)
    many = np.repeat(columns, counts.astype(int), axis=0)
    value, grad = loss.value_and_grad(*columns.T, weight=counts, reduction="sum", **axes)
    one = loss.grad(*columns.T, **axes)
    other = loss(*many.T, reduction="sum", **axes)
    if np.isfinite([value, other]).all():
        size = np.abs(loss(*many.T, **axes)).sum()
        assert abs(value - other) <= 8 * U * size
    for name in names[:1]:
        np.testing.assert_allclose(grad[name], counts * one[name], rtol=4 * U)
        assert not grad[name][counts == 0].any()


@given(case=element_cases(SCORES, min_rows=8))
def test_both_ways_to_write_labels_are_one_loss(case):
    scores, target = columns_of(case)
    side = np.where(target == 0, -1.0, target)
    for loss in (refloss.hinge, refloss.squared_hinge):
        signed, slopes = loss.value_and_grad(scores, side)
        binary, others = loss.value_and_grad(scores, (side + 1) / 2, labels="binary")
        np.testing.assert_array_equal(signed, binary)
        np.testing.assert_array_equal(slopes["scores"], others["scores"])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(
            refloss.squared_hinge(scores, side), refloss.hinge(scores, side) ** 2
        )


@given(case=element_cases(LOGARITHMS, min_rows=8))
def test_a_divergence_is_cross_entropy_less_entropy(case):
    log_probs, target = columns_of(case)
    value = refloss.kl_div(log_probs, target)
    log = np.log(np.where(target > 0, target, 1))
    size = np.abs(target * log) + np.abs(target * log_probs)
    assert (np.abs(value - (target * log - target * log_probs)) <= 8 * U * size).all()


@given(seed=st.integers(0, 2**32 - 1))
def test_a_sum_of_terms_is_at_least_0_and_0_for_the_same(seed):
    rng = np.random.default_rng(seed)
    q, p = rng.dirichlet(np.full(5, 0.5), 6), rng.dirichlet(np.ones(5), 6)
    assert refloss.kl_div_probs(p, q, reduction="sum") >= 0
    assert not refloss.kl_div_probs(p, p).any()
    expected = refloss.kl_div_probs(p, q)
    log_p, log_q = np.log(p), np.log(np.maximum(q, 1e-300))
    # a logarithm is off by an ulp of its own, before q multiplies it
    terms = q * (np.abs(log_p) + np.abs(log_q))
    logs = refloss.kl_div(log_p, q, targets="probabilities")
    assert (np.abs(logs - expected) <= 8 * U * terms).all()
    both = refloss.kl_div(log_p, log_q, targets="logarithms")
    # exp(log q) moves by |log q| ulp, and so does what it multiplies
    assert (np.abs(both - expected) <= 8 * U * terms * (1 + np.abs(log_q))).all()
