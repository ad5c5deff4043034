"""Laws of losses of triplets: what distances do not see, and what a hinge of two does.

Coordinates are 64ths, so that differences, translations and quarter turns are exact.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as extra

import refloss
from refloss.selection import triplet_condition
from tests.kernels.test_triplet_bars import SUBJECTS, check
from tests.kernels.triplet_terms import TripletSubject

EXACT = [
    TripletSubject(),
    TripletSubject({"distance": "euclidean", "margin": 1.0, "swap": "nearest"}),
    TripletSubject({"distance": "manhattan", "hinge": "soft"}),
]
"""Conventions that add nothing to a difference."""
exact = pytest.mark.parametrize("subject", EXACT, ids=str)
NUMBER = st.integers(-128, 128).map(lambda k: k / 64)


@st.composite
def cases(draw) -> np.ndarray:
    """Return columns of a few triplets."""
    rows, parts = draw(st.integers(1, 4)), draw(st.integers(2, 4))
    return draw(extra.arrays(np.float64, (rows, 3 * parts), elements=NUMBER))


def results(subject: TripletSubject, columns: np.ndarray):
    """Return value and gradient by vector."""
    value, grad = subject.value_and_grad(columns, None)
    return value, *np.split(grad, 3, axis=1)


def rebuilt(columns: np.ndarray, move) -> np.ndarray:
    """Return columns whose three vectors have been moved alike."""
    return np.hstack([move(each) for each in np.split(columns, 3, axis=1)])


@pytest.mark.parametrize("subject", [SUBJECTS[1], SUBJECTS[6]], ids=str)
@given(case=cases())
def test_the_truth(subject, case):
    known = subject.truth(case, np.ones(len(case)))
    regular = known.kind == "regular"
    if regular.any():
        check(subject, case[regular], np.array(["drawn"] * int(regular.sum())), second=False)


@exact
@given(case=cases(), shift=st.integers(-512, 512))
def test_translation_changes_nothing(subject, case, shift):
    moved = results(subject, rebuilt(case, lambda x: x + shift / 64))
    for one, other in zip(moved, results(subject, case), strict=True):
        np.testing.assert_array_equal(one, other)


@exact
@given(case=cases(), order=st.randoms(use_true_random=False))
def test_coordinates_have_no_order(subject, case, order):
    """Exactly: what is added up is added up without rounding, but for the last digits' digits."""
    parts = case.shape[1] // 3
    turn = order.sample(range(parts), parts)
    value, *slopes = results(subject, case)
    moved = results(subject, rebuilt(case, lambda x: x[:, turn]))
    for one, other in zip(moved, (value, *(s[:, turn] for s in slopes)), strict=True):
        np.testing.assert_array_equal(one, other)


@exact
@given(case=cases())
def test_a_quarter_turn_turns_the_gradient(subject, case):
    """In the plane of two coordinates, exactly: sums of squares and of sizes are the same."""

    def turned(x):
        return np.hstack([-x[:, 1:2], x[:, :1], x[:, 2:]])

    value, *slopes = results(subject, case)
    found, *others = results(subject, rebuilt(case, turned))
    np.testing.assert_array_equal(found, value)
    for one, other in zip(others, slopes, strict=True):
        np.testing.assert_array_equal(one, turned(other))


@given(case=cases(), angle=st.floats(0.1, 3.0))
def test_rotation_keeps_squared_and_euclidean_losses(case, angle):
    """To the rounding of the rotated coordinates."""
    c, s = np.cos(angle), np.sin(angle)

    def turned(x):
        return np.hstack([c * x[:, :1] - s * x[:, 1:2], s * x[:, :1] + c * x[:, 1:2], x[:, 2:]])

    room = 2.0**-45 * (1 + np.abs(case).max()) ** 2
    for subject in EXACT[:2]:
        one, other = results(subject, case)[0], results(subject, rebuilt(case, turned))[0]
        assert (np.abs(one - other) <= room).all()


@given(case=cases(), order=st.randoms(use_true_random=False))
def test_triplets_have_no_order_and_do_not_see_each_other(case, order):
    turn = order.sample(range(len(case)), len(case))
    for subject in SUBJECTS[::2]:
        for one, other in zip(results(subject, case), results(subject, case[turn]), strict=True):
            np.testing.assert_array_equal(one[turn], other)


@given(case=cases())
def test_the_gradients_of_the_three_cancel(case):
    """Nothing moves where all three vectors move alike; to the rounding of the sum."""
    for subject in EXACT:
        _, *slopes = results(subject, case)
        size = np.abs(np.stack(slopes)).sum(axis=0)
        assert (np.abs(sum(slopes)) <= 4 * 2.0**-52 * size).all()


@given(case=cases(), margin=st.integers(0, 64))
def test_a_hinge_is_0_where_the_condition_is_easy(case, margin):
    """The three conditions of `refloss.selection` by the distances that the loss takes."""
    anchor, positive, negative = np.split(case, 3, axis=1)
    near, far = (np.square(anchor - x).sum(axis=1) for x in (positive, negative))
    margin = margin / 16
    condition = triplet_condition(near, far, margin)
    loss = refloss.triplet(anchor, positive, negative, margin=margin)
    np.testing.assert_array_equal(loss == 0, (condition == "easy") | (near - far + margin <= 0))
    hard = condition == "hard"
    assert (loss[hard] >= margin).all()


@given(case=cases())
def test_a_swap_never_lowers_the_loss_and_does_not_see_which_is_the_anchor(case):
    anchor, positive, negative = np.split(case, 3, axis=1)
    for distance in ("squared", "euclidean", "manhattan"):
        axes = {"distance": distance, "margin": 0.5}
        kept = refloss.triplet(anchor, positive, negative, **axes)
        swapped = refloss.triplet(anchor, positive, negative, swap="nearest", **axes)
        other = refloss.triplet(positive, anchor, negative, swap="nearest", **axes)
        assert (swapped >= kept).all()
        np.testing.assert_array_equal(swapped, other)


@given(case=cases())
def test_the_soft_margin_is_above_the_hinge(case):
    anchor, positive, negative = np.split(case, 3, axis=1)
    hinge, soft = (refloss.triplet(anchor, positive, negative, hinge=h) for h in ("hinge", "soft"))
    assert (soft >= hinge).all()
    assert (soft - hinge <= np.log(2) + 2.0**-46).all()
