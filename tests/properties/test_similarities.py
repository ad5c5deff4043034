"""Laws of losses of rows of similarities: what has no order, what a shift does, what is left out.

Similarities are 64ths and temperatures powers of two, so that shifts and quotients are exact.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as extra

import refloss
from tests.kernels.similarity_terms import SimilaritySubject
from tests.kernels.test_similarity_bars import check

SUBJECTS = [
    SimilaritySubject("supcon", {"temperature": 0.25}),
    SimilaritySubject("supcon", {"logarithm": "inside", "temperature": 0.125}),
    SimilaritySubject("ntxent", {"temperature": 0.25}),
    SimilaritySubject("ntxent", {"others": "in", "temperature": 0.5}),
]
every = pytest.mark.parametrize("subject", SUBJECTS, ids=str)
NUMBER = st.integers(-128, 128).map(lambda k: k / 64)
NEAR = 2.0**-46


@st.composite
def cases(draw) -> np.ndarray:
    """Return columns of a few rows."""
    shape = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    similarities = draw(extra.arrays(np.float64, shape, elements=NUMBER))
    same = draw(extra.arrays(np.float64, shape, elements=st.sampled_from([-1.0, 0.0, 1.0])))
    return np.hstack([similarities, same])


def near(found, expected, scale=1.0):
    """Require equality to some roundings of the largest of each row."""
    size = np.abs(expected).max(axis=-1, keepdims=True) if np.ndim(expected) > 1 else expected
    assert (np.abs(found - expected) <= NEAR * (np.abs(size) + scale)).all()


@every
@given(case=cases())
def test_the_truth(subject, case):
    check(subject, case, np.array(["drawn"] * len(case)), second=case.shape[1] < 8)


@every
@given(case=cases(), shift=st.integers(-512, 512))
def test_a_shift_of_all_similarities_changes_nothing(subject, case, shift):
    """Exactly: all that is computed with are differences."""
    width = case.shape[1] // 2
    moved = case.copy()
    moved[:, :width] += shift / 64
    for one, other in zip(
        subject.value_and_grad(moved, None), subject.value_and_grad(case, None), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@every
@given(case=cases())
def test_so_slopes_add_up_to_0(subject, case):
    _, grad = subject.value_and_grad(case, None)
    size = np.abs(grad).sum(axis=1)
    assert (np.abs(grad.sum(axis=1)) <= NEAR * size).all()


@every
@given(case=cases(), order=st.randoms(use_true_random=False))
def test_columns_have_no_order(subject, case, order):
    width = case.shape[1] // 2
    turn = order.sample(range(width), width)
    moved = np.hstack([part[:, turn] for part in np.split(case, 2, axis=1)])
    value, grad = subject.value_and_grad(case, None)
    found, slopes = subject.value_and_grad(moved, None)
    near(found, value, 0.0)
    near(slopes, grad[:, turn], 0.0)


@every
@given(case=cases(), stranger=NUMBER)
def test_what_is_left_out_may_as_well_not_be_there(subject, case, stranger):
    """One more column that is left out changes no bit but of which lanes add up what."""
    similarities, same = np.split(case, 2, axis=1)
    more = np.full((len(case), 1), stranger), np.full((len(case), 1), -1.0)
    wider = np.hstack([similarities, more[0], same, more[1]])
    value, grad = subject.value_and_grad(case, None)
    found, slopes = subject.value_and_grad(wider, None)
    near(found, value, 0.0)
    near(slopes[:, :-1], grad, 0.0)
    assert not slopes[:, -1].any()


@every
@given(case=cases())
def test_no_loss_is_below_0_and_signs_are_those_of_the_relations(subject, case):
    """More of a negative costs more; more of an only positive costs less."""
    value, grad = subject.value_and_grad(case, None)
    same = np.split(case, 2, axis=1)[1]
    assert (value >= 0).all()
    assert (grad[same == 0] >= 0).all()
    alone = (same == 1).sum(axis=1) == 1
    assert (grad[alone[:, None] & (same == 1)] <= 0).all()


@given(case=cases())
def test_of_one_positive_all_are_the_same(case):
    similarities, same = np.split(case, 2, axis=1)
    same[:, 1:] = np.minimum(same[:, 1:], 0)
    same[:, 0] = 1
    how = {"temperature": 0.25}
    one = refloss.supcon(similarities, same, **how)
    for other in (
        refloss.supcon(similarities, same, logarithm="inside", **how),
        refloss.ntxent(similarities, same, **how),
        refloss.ntxent(similarities, same, others="in", pairs="averaged", **how),
    ):
        near(other, one, 0.0)


@given(case=cases())
def test_the_logarithm_inside_costs_less(case):
    """Jensen's inequality; and each pair costs less without the other positives."""
    arrays = np.split(case, 2, axis=1)
    outside, inside = (
        refloss.supcon(*arrays, temperature=0.25, logarithm=where)
        for where in ("outside", "inside")
    )
    assert (inside <= outside * (1 + NEAR)).all()
    out, whole = (refloss.ntxent(*arrays, temperature=0.25, others=o) for o in ("out", "in"))
    assert (out <= whole * (1 + NEAR)).all()
    count = (arrays[1] == 1).sum(axis=1)
    near(whole, outside * count, 0.0)
