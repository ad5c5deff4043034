"""Laws of the other losses of rows, over the specifications of those of cross-entropy.

What a law says twice may differ by the bars of both sides; what holds operation by operation is
asked for bit by bit.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refloss
from crossval.oracles.autograd import witness
from crossval.oracles.packing import RowPacking
from tests.kernels.row_regimes import RowCase
from tests.kernels.row_subject import RowSubject, U, refuse
from tests.kernels.row_subject import differences as off_by
from tests.properties.test_rows import Drawn, drawn, few, same

HARD = st.just(False)
SUBJECTS = [
    RowSubject({"gamma": 0.5}, loss="softmax_focal"),
    RowSubject({"gamma": 2.0, "alpha": 0.25}, loss="softmax_focal"),
    RowSubject({"gamma": 1.5, "modulator": "detached"}, loss="softmax_focal"),
    RowSubject({"gamma": 1.5, "alpha": 0.25}, soft=True, loss="softmax_focal"),
    RowSubject({"gamma": 1.5, "weighting": "inside", "epsilon": -0.5}, loss="softmax_focal"),
    RowSubject({"epsilon": -1.0}, loss="poly1"),
    RowSubject({"epsilon": 2.0, "label_smoothing": 0.1}, loss="poly1"),
    RowSubject({"epsilon": 2.0}, soft=True, loss="poly1"),
]
each = pytest.mark.parametrize("subject", SUBJECTS, ids=str)


def specs(subject: RowSubject, **how) -> st.SearchStrategy[Drawn]:
    return drawn(soft=st.just(subject.soft), **how)


@each
@few
@given(data=st.data())
def test_the_truth(subject, data):
    spec = data.draw(specs(subject))
    case, upstream = spec.case, spec.upstream
    direction = np.random.default_rng(1).normal(size=subject.columns(case).shape)
    known = subject.truth(case, upstream, direction)
    assert set(known.kind) == {"regular"}
    value, grad = subject.value_and_grad(case, upstream)
    bars = {
        "value": (value, subject.value_bar(case)),
        "grad": (grad, subject.grad_bar(case, upstream)),
        "hvp": (
            subject.hvp(case, direction, upstream),
            subject.hvp_bar(case, direction, upstream),
        ),
    }
    for part, (found, bar) in bars.items():
        off = ~(off_by(found, known, part) <= bar)
        refuse(off, case, f"{spec}: {part}", found, getattr(known, f"{part}_hi"))


@each
@few
@given(data=st.data())
def test_autograd(subject, data):
    """Torch's own rounding is that of the differences of which its forward is made."""
    spec = data.draw(specs(subject))
    case, upstream = spec.case, spec.upstream
    packing = RowPacking.of(
        case.classes, None if subject.soft else case.labels, subject.weight(case)
    )
    expected, slopes = witness(subject.spec, subject.columns(case), upstream, packing=packing)
    value, grad = subject.value_and_grad(case, upstream)
    weight = 3.0 + (0.0 if case.weight is None else 3 * case.weight.max())
    spread = 1 + np.ptp(case.logits, axis=1) + np.abs(case.logits).max(1)
    slack = 64 * case.classes * U * weight * spread**2
    same(value, expected, subject.value_bar(case) + slack, case, f"{spec}: value")
    # A power below 1 of what rounds to 0 has no slope there: torch says NaN.
    known = np.isfinite(slopes).all(axis=1)
    bar = subject.grad_bar(case, upstream) + (np.abs(upstream) * slack)[:, None]
    same(grad[known], slopes[known], bar[known], case.rows(known), f"{spec}: gradient")


@each
@given(data=st.data(), shift=st.integers(-(2**20), 2**20))
def test_a_shift_of_all_logits_changes_no_bit(subject, data, shift):
    spec = data.draw(specs(subject))
    case = spec.case
    moved = replace(case, logits=case.logits + shift)
    exact = ((moved.logits - shift) == case.logits).all(1)
    for before, after in zip(
        subject.value_and_grad(case, spec.upstream),
        subject.value_and_grad(moved, spec.upstream),
        strict=True,
    ):
        refuse(before[exact] != after[exact], case.rows(exact), str(spec), before[exact])


@each
@given(data=st.data(), order=st.randoms(use_true_random=False))
def test_classes_may_come_in_any_order(subject, data, order):
    """But class 0, which alpha may single out, keeps its place."""
    spec = data.draw(specs(subject))
    case = spec.case
    rest = list(range(1, case.classes))
    order.shuffle(rest)
    turn = [0, *rest]
    back = np.argsort(turn)
    turned = RowCase(
        case.logits[:, turn],
        back[case.labels],
        case.probabilities[:, turn],
        None if case.weight is None else case.weight[turn],
    )
    value, grad = subject.value_and_grad(case, spec.upstream)
    other, slopes = subject.value_and_grad(turned, spec.upstream)
    same(other, value, 2 * subject.value_bar(case), case, f"{spec}: value")
    parts = np.split(slopes, len(slopes[0]) // case.classes, axis=1)
    bar = 2 * subject.grad_bar(case, spec.upstream)
    same(np.hstack([part[:, back] for part in parts]), grad, bar, case, f"{spec}: gradient")


@each
@given(data=st.data())
def test_derivatives_by_the_logits_cancel(subject, data):
    """Because a shift changes nothing; to the rounding of the terms."""
    spec = data.draw(specs(subject))
    case = spec.case
    direction = np.random.default_rng(2).normal(size=subject.columns(case).shape)
    for found, bar in (
        (subject.grad(case, spec.upstream), subject.grad_bar(case, spec.upstream)),
        (
            subject.hvp(case, direction, spec.upstream),
            subject.hvp_bar(case, direction, spec.upstream),
        ),
    ):
        total = np.array([math.fsum(row) for row in found[:, : case.classes]])
        same(total, np.zeros(len(case)), bar[:, : case.classes].sum(1), case, str(spec))


SAME_AS_CROSS_ENTROPY = [
    ("softmax_focal", {"gamma": 0.0}),
    ("softmax_focal", {"gamma": 0.0, "modulator": "detached"}),
    ("poly1", {"epsilon": 0.0}),
]


@pytest.mark.parametrize(("loss", "axes"), SAME_AS_CROSS_ENTROPY, ids=str)
@given(spec=drawn(soft=HARD))
def test_without_its_power_or_term_a_loss_is_cross_entropy_bit_by_bit(loss, axes, spec):
    case, upstream = spec.case, spec.upstream
    direction = np.random.default_rng(4).normal(size=case.logits.shape)
    one, other = RowSubject(axes, loss=loss), RowSubject()
    for found, expected in zip(
        one.value_and_grad(case, upstream), other.value_and_grad(case, upstream), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    found, expected = (each.hvp(case, direction, upstream) for each in (one, other))
    bar = one.hvp_bar(case, direction, upstream) + other.hvp_bar(case, direction, upstream)
    same(found, expected, bar, case, str(spec))


@pytest.mark.parametrize("loss", ["softmax_focal", "poly1"])
@given(spec=drawn(soft=HARD, weighted=HARD), times=st.integers(2, 4), data=st.data())
def test_a_weight_is_so_many_rows_and_a_weight_of_0_none(loss, spec, times, data):
    """Of the sum, and of a mean over weights: w = k repeats the rows of a class, 0 removes them."""
    function, case = getattr(refloss, loss), spec.case
    chosen = data.draw(st.integers(0, case.classes - 1))
    for weight in (0, times):
        weights = np.where(np.arange(case.classes) == chosen, float(weight), 1.0)
        copies = np.where(case.labels == chosen, weight, 1)
        many = np.repeat(np.arange(len(case)), copies)
        logits, labels = case.logits[many], case.labels[many]
        terms = RowSubject(loss=loss).value_bar(case.rows(many)).sum() if len(many) else 0.0
        for reduction, size in (("sum", 1), ("mean", len(many))):
            options = {"reduction": reduction, "denominator": "weights", "empty": "zero"}
            found = function(case.logits, case.labels, class_weight=weights, **options)
            expected = function(logits, labels, **options)
            assert abs(found - expected) <= 2 * (terms / max(size, 1) + U * abs(expected))


@given(spec=drawn(soft=HARD), alpha=st.sampled_from([0.0, 0.25, 0.75, 1.0]))
def test_alpha_is_a_weight_of_each_class(spec, alpha):
    """Whom it multiplies is a list of class weights, whatever the side is called."""
    case = spec.case
    sides = {
        "all": (alpha, alpha),
        "others": (1 - alpha, alpha),
        "first": (alpha, 1 - alpha),
    }
    for side, (first, other) in sides.items():
        weights = np.full(case.classes, other)
        weights[0] = first
        expected = refloss.softmax_focal(case.logits, case.labels, class_weight=weights)
        found = refloss.softmax_focal(case.logits, case.labels, alpha=alpha, alpha_side=side)
        np.testing.assert_array_equal(found, expected)


@given(spec=drawn(soft=st.booleans()), epsilon=st.sampled_from([-1.0, -0.25, 1.5]))
def test_without_a_power_focal_loss_with_a_term_is_poly1(spec, epsilon):
    case, upstream = spec.case, spec.upstream
    soft = spec.soft
    one = RowSubject({"gamma": 0.0, "epsilon": epsilon}, soft, loss="softmax_focal")
    other = RowSubject({"epsilon": epsilon}, soft, loss="poly1")
    bars = one.value_bar(case) + other.value_bar(case), one.grad_bar(case, upstream)
    found, expected = (each.value_and_grad(case, upstream) for each in (one, other))
    same(found[0], expected[0], bars[0], case, f"{spec}: value")
    same(found[1], expected[1], 2 * bars[1], case, f"{spec}: gradient")


@given(spec=drawn(soft=HARD), epsilon=st.sampled_from([-1.0, -0.5]), gamma=st.floats(0, 4))
def test_a_term_of_at_least_minus_1_leaves_a_loss_that_falls_as_p_rises(spec, epsilon, gamma):
    """To the rounding of its terms: value >= 0, and the slope by the target's logit <= 0."""
    case, rows = spec.case, np.arange(len(spec.case))
    for loss, axes in (("poly1", {}), ("softmax_focal", {"gamma": gamma})):
        subject = RowSubject({**axes, "epsilon": epsilon}, loss=loss)
        value, grad = subject.value_and_grad(case)
        assert (value >= -subject.value_bar(case)).all()
        assert (grad[rows, case.labels] <= subject.grad_bar(case)[rows, case.labels]).all()


@given(spec=drawn(soft=HARD), weight=st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_a_weight_inside_the_power_is_a_power_of_p(spec, weight):
    """One weight of all classes: the loss of -log p times as large, as Lin et al. have it of p."""
    case = replace(spec.case, weight=np.full(spec.case.classes, weight))
    subject = RowSubject({"gamma": 1.5, "weighting": "inside"}, loss="softmax_focal")
    cost = weight * refloss.cross_entropy(case.logits, case.labels)
    expected = (-np.expm1(-cost)) ** 1.5 * cost
    same(subject.value(case), expected, 4 * subject.value_bar(case), case, str(spec))
    plain = replace(case, weight=np.ones(case.classes))
    outside = RowSubject({"gamma": 1.5}, loss="softmax_focal").value(plain)
    same(subject.value(plain), outside, 2 * subject.value_bar(plain), case, str(spec))
