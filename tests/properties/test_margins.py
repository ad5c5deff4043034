"""Laws of multi-class margin losses, over the specifications of rows of cross-entropy.

Logits have few bits and small offsets, so that many rows are on a kink; what a law says twice may
differ by the bars of both sides, and what holds operation by operation is asked for bit by bit.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refloss
from tests.kernels.row_regimes import RowCase
from tests.kernels.row_subject import U, refuse
from tests.kernels.test_margin_bars import FORMS, check, margin
from tests.properties.test_rows import drawn, few, same

MM = refloss.multi_margin
SUBJECTS = [
    margin({"form": form, **options})
    for form in FORMS
    for options in ({}, {"power": "squared", "margin": 0.75, "division": "classes"})
]
each = pytest.mark.parametrize("subject", SUBJECTS, ids=str)
INVARIANT = [s for s in SUBJECTS if s.axes["form"] in ("crammer_singer", "weston_watkins")]
differences_only = pytest.mark.parametrize("subject", INVARIANT, ids=str)
SPECS = drawn(soft=st.just(False))
EVEN = drawn(soft=st.just(False), weighted=st.just(False))


@each
@few
@given(spec=SPECS)
def test_the_truth_and_the_hull_at_ties(subject, spec):
    check(subject, spec.case, str(spec))


@differences_only
@given(spec=SPECS, shift=st.integers(-(2**20), 2**20))
def test_a_shift_of_all_scores_changes_no_bit(subject, spec, shift):
    case = spec.case
    moved = replace(case, logits=case.logits + shift)
    exact = ((moved.logits - shift) == case.logits).all(1)
    for before, after in zip(
        subject.value_and_grad(case, spec.upstream),
        subject.value_and_grad(moved, spec.upstream),
        strict=True,
    ):
        refuse(before[exact] != after[exact], case.rows(exact), str(spec), before[exact])


@differences_only
@given(spec=SPECS)
def test_derivatives_cancel(subject, spec):
    """Because a shift changes nothing; to the rounding of the terms."""
    found, bar = subject.grad(spec.case, spec.upstream), subject.grad_bar(spec.case, spec.upstream)
    total = np.array([math.fsum(row) for row in found])
    same(total, np.zeros(len(found)), bar.sum(1), spec.case, str(spec))


@each
@given(spec=SPECS, order=st.randoms(use_true_random=False))
def test_classes_may_come_in_any_order(subject, spec, order):
    """At ties too: what is the largest shares evenly, wherever it stands."""
    case, turn = spec.case, list(range(spec.case.classes))
    order.shuffle(turn)
    back = np.argsort(turn)
    weight = None if case.weight is None else case.weight[turn]
    turned = RowCase(case.logits[:, turn], back[case.labels], case.probabilities[:, turn], weight)
    value, grad = subject.value_and_grad(case, spec.upstream)
    other, slopes = subject.value_and_grad(turned, spec.upstream)
    same(other, value, 2 * subject.value_bar(case), case, f"{spec}: value")
    bar = 2 * subject.grad_bar(case, spec.upstream)
    same(slopes[:, back], grad, bar, case, f"{spec}: gradient")


@each
@given(spec=SPECS, seed=st.integers(0, 2**31))
def test_rows_may_come_in_any_order(subject, spec, seed):
    turn = np.random.default_rng(seed).permutation(len(spec.case))
    value, grad = subject.value_and_grad(spec.case, spec.upstream)
    other, slopes = subject.value_and_grad(spec.case.rows(turn), spec.upstream[turn])
    np.testing.assert_array_equal(other, value[turn])
    np.testing.assert_array_equal(slopes, grad[turn])


@pytest.mark.parametrize("form", FORMS)
@given(spec=SPECS)
def test_a_square_is_the_square_of_a_single_term(form, spec):
    """Of the sums of no more than one class, and never less than a sum's square over K."""
    case = spec.case
    options = {"form": form, "class_weight": None}
    one = MM(case.logits, case.labels, **options)
    two = MM(case.logits, case.labels, power="squared", **options)
    room = 4 * (case.classes + 8) * U * one**2
    if form in ("crammer_singer", "categorical_hinge"):
        same(two, one**2, room, case, str(spec))
        return
    assert (two <= one**2 + room).all()
    assert (two * case.classes >= one**2 - room).all()


@pytest.mark.parametrize("power", ["linear", "squared"])
@given(spec=SPECS)
def test_forms_are_ordered(power, spec):
    """The largest alone is at most the sum of all, and with a 0 among the others it is no less."""
    case = spec.case
    options = {"power": power, "class_weight": case.weight}
    least, most, hinge = (
        MM(case.logits, case.labels, form=form, **options)
        for form in ("crammer_singer", "weston_watkins", "categorical_hinge")
    )
    assert (least <= most).all()
    assert (least <= hinge).all()
    others = np.where(np.arange(case.classes) == case.labels[:, None], -np.inf, case.logits)
    above = others.max(1) >= 0
    np.testing.assert_array_equal(hinge[above], least[above])


@given(spec=drawn(soft=st.just(False), classes=2))
def test_two_classes_have_one_other(spec):
    case = spec.case
    found = [
        margin({"form": form}).value_and_grad(case, spec.upstream)
        for form in ("crammer_singer", "weston_watkins")
    ]
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("form", ["crammer_singer", "weston_watkins"])
@given(spec=EVEN)
def test_without_a_margin_it_costs_nothing_to_be_the_largest(form, spec):
    case = spec.case
    value = MM(case.logits, case.labels, form=form, margin=0.0)
    own = case.logits[np.arange(len(case)), case.labels]
    np.testing.assert_array_equal(value == 0, own == case.logits.max(1))


@pytest.mark.parametrize("form", FORMS)
@given(spec=EVEN, scale=st.sampled_from([2.0**-8, 0.5, 2.0, 1024.0]))
def test_margin_and_scores_scale_together(form, spec, scale):
    """By powers of two, bit by bit; a square with the square."""
    case = spec.case
    for power, factor in (("linear", scale), ("squared", scale**2)):
        options = {"form": form, "power": power}
        one = MM(case.logits, case.labels, **options)
        other = MM(case.logits * scale, case.labels, margin=scale, **options)
        np.testing.assert_array_equal(other, one * factor)


@each
@given(spec=EVEN, times=st.integers(2, 4), data=st.data())
def test_a_weight_is_so_many_rows_and_a_weight_of_0_none(subject, spec, times, data):
    case = spec.case
    chosen = data.draw(st.integers(0, case.classes - 1))
    for weight in (0, times):
        weights = np.where(np.arange(case.classes) == chosen, float(weight), 1.0)
        many = np.repeat(np.arange(len(case)), np.where(case.labels == chosen, weight, 1))
        logits, labels = case.logits[many], case.labels[many]
        terms = subject.value_bar(case.rows(many)).sum() if len(many) else 0.0
        for reduction, size in (("sum", 1), ("mean", len(many))):
            options = {"reduction": reduction, "denominator": "weights", "empty": "zero"}
            options |= subject.axes
            found = MM(case.logits, case.labels, class_weight=weights, **options)
            expected = MM(logits, labels, **options)
            assert abs(found - expected) <= 2 * (terms / max(size, 1) + U * abs(expected))


@pytest.mark.parametrize("denominator", ["items", "kept", "weights", 6.0])
@each
@given(spec=SPECS, cut=st.integers(1, 7))
def test_micro_batches_add_up_under_every_denominator(subject, denominator, spec, cut):
    """Parts that are divided by the whole's denominator have the gradients of the whole."""
    case = spec.case
    labels = np.where(np.arange(len(case)) % 4 == 3, -100, case.labels)
    kept = labels >= 0
    weights = np.ones(case.classes) if case.weight is None else case.weight
    sizes = {"items": float(len(case)), "kept": float(kept.sum())}
    sizes["weights"] = float(weights[case.labels[kept]].sum())
    size = sizes.get(denominator, denominator)
    options = {**subject.axes, "class_weight": weights, "reduction": "mean", "empty": "zero"}
    whole = MM.grad(case.logits, labels, denominator=denominator, **options)["logits"]
    if not size:
        assert not whole.any()
        return
    parts = [
        MM.grad(case.logits[part], labels[part], denominator=size, **options)["logits"]
        for part in (slice(None, cut), slice(cut, None))
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
