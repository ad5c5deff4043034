"""Laws of the losses of a difference, over drawn specifications.

Most hold operation by operation and are asked for bit by bit; the others within the bars.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refloss
from crossval.oracles import differences
from crossval.oracles.enclosure import truth
from crossval.points.element_strategies import element_cases
from crossval.points.residuals import RESIDUALS
from tests.kernels.element_subject import ELEMENTS, GRADIENT, VALUE
from tests.kernels.subject import refuse

SUBJECTS = [s for s in ELEMENTS if s.family.name == "residuals"]
cases = element_cases(RESIDUALS, min_rows=8)
coarse = element_cases(RESIDUALS, dtype="float16", min_rows=8)
every = pytest.mark.parametrize("subject", SUBJECTS, ids=str)
BOTH = ("pred", "target")


@every
@given(case=cases)
def test_a_loss_is_even_and_least_where_both_are_equal(subject, case):
    columns, upstream = case.columns, case.upstream
    value, grad = subject.value_and_grad(columns, upstream)
    turned, back = subject.value_and_grad(columns[:, ::-1], upstream)
    assert (value == turned).all()
    assert (grad == back[:, ::-1]).all()
    assert (value >= 0).all()
    same = subject.value_and_grad(np.repeat(columns[:, :1], 2, axis=1), upstream)
    assert not same[0].any()
    assert not same[1].any()


@every
@given(case=cases)
def test_derivatives_add_up_to_0_and_point_uphill(subject, case):
    columns = case.columns
    _, grad = subject.value_and_grad(columns)
    assert (grad.sum(axis=1) == 0).all()
    d = columns[:, 0] - columns[:, 1]
    assert (grad[:, 0] * np.sign(d) >= 0).all()


@every
@given(case=coarse, shift=st.sampled_from([-64.0, -1.0, 0.5, 1024.0]))
def test_a_translation_changes_no_bit(subject, case, shift):
    columns = case.columns
    columns = columns[(np.abs(columns) < 2**12).all(1) & (columns % 2.0**-14 == 0).all(1)]
    before, after = subject.value_and_grad(columns), subject.value_and_grad(columns + shift)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@given(case=cases, power=st.integers(-6, 6))
def test_huber_is_delta_times_smooth_l1(case, power):
    delta, (pred, target) = 2.0**power, case.columns.T
    huber = refloss.huber.value_and_grad(pred, target, delta=delta, wrt=BOTH)
    smooth = refloss.smooth_l1.value_and_grad(pred, target, beta=delta, wrt=BOTH)
    bar = VALUE * np.spacing(np.abs(huber[0]))
    assert (np.abs(huber[0] - delta * smooth[0]) <= bar).all()
    for name in BOTH:
        np.testing.assert_array_equal(huber[1][name], delta * smooth[1][name])


@given(case=cases, power=st.integers(1, 8))
def test_beta_0_is_l1_and_a_large_delta_is_half_of_l2(case, power):
    pred, target = case.columns.T
    l1 = refloss.l1.value_and_grad(pred, target, wrt=BOTH)
    sharp = refloss.smooth_l1.value_and_grad(pred, target, beta=0.0, wrt=BOTH)
    np.testing.assert_array_equal(l1[0], sharp[0])
    far = 2.0**power * (1 + np.abs(pred - target).max())
    wide = refloss.huber.value_and_grad(pred, target, delta=far, wrt=BOTH)
    half = refloss.l2.value_and_grad(pred, target, factor="half", wrt=BOTH)
    np.testing.assert_array_equal(wide[0], half[0])
    for name in BOTH:
        np.testing.assert_array_equal(l1[1][name], sharp[1][name])
        np.testing.assert_array_equal(wide[1][name], half[1][name])


@given(case=cases)
def test_sigma_is_one_over_the_root_of_beta(case):
    pred, target = case.columns.T
    for sigma in (0.5, 1.0, 2.0, 4.0):
        by_sigma = refloss.smooth_l1(pred, target, sigma=sigma)
        np.testing.assert_array_equal(by_sigma, refloss.smooth_l1(pred, target, beta=sigma**-2))


@every
@given(case=element_cases(RESIDUALS, min_rows=2, max_rows=4))
def test_gradients_are_the_exact_differences_of_values(subject, case):
    columns, upstream = case.columns, case.upstream
    oracle = subject.family.oracle
    numbers, packing = oracle.packed(subject.spec, columns)
    known = truth(subject.spec, numbers, upstream, packing=packing)
    # Steps are of 1e-40, at 150 digits: they cross the kink of what is small, and drown in large.
    size = np.abs(columns[:, 0] - columns[:, 1])
    regular = (known.kind == "regular") & (size > 2.0**-60) & (size < 2.0**60)
    quotients = differences.exact(subject.spec, numbers, upstream, packing=packing)
    bar = GRADIENT * np.spacing(np.abs(known.grad_hi)) + 1e-35
    bad = np.abs(known.grad_hi - quotients) > bar
    refuse(bad & regular[:, None], columns, f"{subject}: slope", known.grad_hi, quotients)


@every
@given(case=cases, data=st.data())
def test_weight_k_is_k_repetitions_and_weight_0_is_removal(subject, case, data):
    columns = case.columns
    times = np.array(data.draw(st.lists(st.integers(0, 3), min_size=8, max_size=8)))
    columns = columns[: len(times)]
    if not times.any():
        return
    loss, arrays = getattr(refloss, subject.loss), list(columns.T)
    more = list(np.repeat(columns, times, axis=0).T)
    for reduction, axes in (("sum", {}), ("mean", {"denominator": "weights"})):
        options = {**subject.axes, **axes, "reduction": reduction}
        weighted = loss(*arrays, weight=times.astype(float), **options)
        repeated = loss(*more, **options)
        assert abs(weighted - repeated) <= VALUE * np.spacing(abs(repeated))


@every
@given(case=cases, cut=st.integers(1, 7))
def test_micro_batches_make_up_the_batch_under_every_denominator(subject, case, cut):
    columns = case.columns
    loss, weight = getattr(refloss, subject.loss), np.linspace(0.5, 2, len(columns))
    for denominator in ("items", "rows", "weights", 7.0):
        options = {**subject.axes, "denominator": denominator, "reduction": "mean"}
        whole = loss(*columns.T, weight=weight, **options)
        parts = 0.0
        for rows in (slice(0, cut), slice(cut, None)):
            counted = weight if denominator == "weights" else np.ones(len(weight))
            share = counted[rows].sum() / counted.sum() if isinstance(denominator, str) else 1.0
            parts += share * loss(*columns[rows].T, weight=weight[rows], **options)
        assert abs(whole - parts) <= 8 * np.spacing(abs(whole))
