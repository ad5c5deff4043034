"""Laws of the center loss: what a difference does not see, and what a sum over a class does.

Coordinates are 64ths, so that differences, translations and their sums are exact.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as extra

import refloss

NUMBER = st.integers(-128, 128).map(lambda k: k / 64)
CONVENTIONS = [{}, {"preset": "pytorch_center_loss"}, {"factor": "one", "clip": "own"}]
conventions = pytest.mark.parametrize("axes", CONVENTIONS, ids=str)


@st.composite
def cases(draw):
    """Return a few vectors, centres and labels; classes may be absent, vectors duplicates."""
    rows, classes, parts = draw(st.integers(0, 6)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    x = draw(extra.arrays(np.float64, (rows, parts), elements=NUMBER))
    centers = draw(extra.arrays(np.float64, (classes, parts), elements=NUMBER))
    labels = st.integers(0, classes - 1)
    return x, centers, draw(extra.arrays(np.int64, rows, elements=labels))


def results(x, centers, target, **axes):
    value, grad = refloss.center.value_and_grad(x, centers, target, **axes)
    return value, grad["x"], grad["centers"]


@conventions
@given(case=cases(), shift=st.integers(-512, 512))
def test_translation_changes_nothing(axes, case, shift):
    x, centers, target = case
    moved = results(x + shift / 64, centers + shift / 64, target, **axes)
    for one, other in zip(moved, results(*case, **axes), strict=True):
        np.testing.assert_array_equal(one, other)


@given(case=cases(), angle=st.floats(0.1, 3.0))
def test_rotation_turns_the_gradients(case, angle):
    """In the plane of two coordinates, to the rounding of the rotated coordinates."""
    x, centers, target = case
    if x.shape[1] < 2:
        return
    c, s = np.cos(angle), np.sin(angle)

    def turned(of):
        first, second = of[:, :1], of[:, 1:2]
        return np.hstack([c * first - s * second, s * first + c * second, of[:, 2:]])

    value, by_x, by_centers = results(*case)
    found, *slopes = results(turned(x), turned(centers), target)
    room = 2.0**-48 * (1 + len(x))
    np.testing.assert_allclose(found, value, rtol=0, atol=16 * room)
    for one, other in zip(slopes, (by_x, by_centers), strict=True):
        np.testing.assert_allclose(one, turned(other), rtol=0, atol=16 * room)


@conventions
@given(case=cases(), order=st.randoms(use_true_random=False))
def test_vectors_have_no_order(axes, case, order):
    x, centers, target = case
    turn = order.sample(range(len(x)), len(x))
    value, by_x, by_centers = results(*case, **axes)
    found = results(x[turn], centers, target[turn], **axes)
    for one, other in zip(found, (value[turn], by_x[turn], by_centers), strict=True):
        np.testing.assert_array_equal(one, other)


@conventions
@given(case=cases(), order=st.randoms(use_true_random=False))
def test_classes_have_no_order(axes, case, order):
    x, centers, target = case
    turn = np.array(order.sample(range(len(centers)), len(centers)))
    back = np.argsort(turn)
    value, by_x, by_centers = results(*case, **axes)
    found = results(x, centers[turn], back[target], **axes)
    for one, other in zip(found, (value, by_x, by_centers[turn]), strict=True):
        np.testing.assert_array_equal(one, other)


@conventions
@given(case=cases())
def test_absent_classes_get_nothing_and_the_gradients_cancel(axes, case):
    """Over a class the gradient by its centre is minus the sum of those by its vectors."""
    _, centers, target = case
    _, by_x, by_centers = results(*case, **axes)
    absent = np.setdiff1d(np.arange(len(centers)), target)
    assert not by_centers[absent].any()
    sums = np.zeros_like(centers)
    np.add.at(sums, target, by_x)
    np.testing.assert_array_equal(by_centers, -sums)


@given(case=cases())
def test_another_class_may_hold_anything(case):
    x, centers, target = case
    absent = np.setdiff1d(np.arange(len(centers)), target)
    spoilt = centers.copy()
    spoilt[absent] = np.nan
    for one, other in zip(results(x, spoilt, target), results(*case), strict=True):
        np.testing.assert_array_equal(one, other)


@given(case=cases())
def test_a_vector_sees_no_other(case):
    x, centers, target = case
    value, by_x, _ = results(*case)
    for row in range(len(x)):
        one, slope, _ = results(x[row : row + 1], centers, target[row : row + 1])
        assert (one[0], slope[0].tolist()) == (value[row], by_x[row].tolist())
        assert (value[row] == 0) == np.array_equal(x[row], centers[target[row]])


@given(case=cases(), scale=st.integers(-6, 6))
def test_the_loss_is_homogeneous_of_degree_2(case, scale):
    x, centers, target = case
    factor = 2.0**scale
    value, by_x, by_centers = results(*case)
    found = results(factor * x, factor * centers, target)
    wanted = factor**2 * value, factor * by_x, factor * by_centers
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
