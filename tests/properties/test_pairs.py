"""Laws of losses of pairs: what a distance does not see, and what a loss of it does.

Coordinates are 64ths, so that differences, translations and rotations by quarter turns are exact.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as extra

import refloss
from tests.kernels.pair_terms import PairSubject
from tests.kernels.test_pair_bars import SUBJECTS, check

EXACT = [SUBJECTS[0], SUBJECTS[2], SUBJECTS[4]]
"""Conventions that add nothing to a difference."""
exact = pytest.mark.parametrize("subject", EXACT, ids=str)
NUMBER = st.integers(-128, 128).map(lambda k: k / 64)


@st.composite
def cases(draw) -> np.ndarray:
    """Return columns of a few pairs."""
    rows, parts = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    vectors = draw(extra.arrays(np.float64, (rows, 2 * parts), elements=NUMBER))
    same = draw(extra.arrays(np.float64, (rows, 1), elements=st.sampled_from([0.0, 1.0])))
    return np.hstack([vectors, same])


def results(subject: PairSubject, columns: np.ndarray):
    """Return value and gradient by vector."""
    value, grad = subject.value_and_grad(columns, None)
    return value, *np.split(grad, 2, axis=1)


def rebuilt(columns: np.ndarray, move) -> np.ndarray:
    """Return columns whose two vectors have been moved alike."""
    first, second = np.split(columns[:, :-1], 2, axis=1)
    return np.hstack([move(first), move(second), columns[:, -1:]])


@pytest.mark.parametrize("subject", SUBJECTS[:5:2], ids=str)
@given(case=cases())
def test_the_truth(subject, case):
    places = np.array(["drawn"] * len(case))
    rng = np.random.default_rng(3)
    known = subject.truth(case, np.ones(len(case)))
    regular = known.kind == "regular"
    if regular.any():
        check(subject, case[regular], places[regular], second=rng.random() < 0.5)


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
    parts = (case.shape[1] - 1) // 2
    turn = order.sample(range(parts), parts)
    value, first, second = results(subject, case)
    moved = results(subject, rebuilt(case, lambda x: x[:, turn]))
    for one, other in zip(moved, (value, first[:, turn], second[:, turn]), strict=True):
        np.testing.assert_array_equal(one, other)


@exact
@given(case=cases(), angle=st.floats(0.1, 3.0))
def test_rotation_turns_the_gradient(subject, case, angle):
    """In the plane of two coordinates, to the rounding of the rotated coordinates."""
    c, s = np.cos(angle), np.sin(angle)

    def turned(x):
        return np.hstack([c * x[:, :1] - s * x[:, 1:2], s * x[:, :1] + c * x[:, 1:2], x[:, 2:]])

    known = subject.truth(case, np.ones(len(case)))
    value, first, second = results(subject, case)
    found, *slopes = results(subject, rebuilt(case, turned))
    size = np.abs(case).max() * 2.0**-48
    near = np.abs(np.linalg.norm(np.subtract(*np.split(case[:, :-1], 2, axis=1)), axis=1))
    kinks = [1.0, 0.25, 0.5, 0.0]
    off = (known.kind == "regular") & (np.abs(near[:, None] - kinks).min(axis=1) > 2.0**-8)
    np.testing.assert_allclose(found, value, rtol=0, atol=8 * (1 + np.abs(case).max()) * size)
    for one, other in zip(slopes, (first, second), strict=True):
        gap = np.abs(one - turned(other))[off]
        assert (gap <= 2.0**9 * size + 2.0**-48).all()


@exact
@given(case=cases())
def test_the_two_vectors_can_change_places(subject, case):
    first, second = np.split(case[:, :-1], 2, axis=1)
    value, one, two = results(subject, case)
    found = results(subject, np.hstack([second, first, case[:, -1:]]))
    for got, expected in zip(found, (value, two, one), strict=True):
        np.testing.assert_array_equal(got, expected)


@given(case=cases(), order=st.randoms(use_true_random=False))
def test_pairs_have_no_order_and_do_not_see_each_other(case, order):
    turn = order.sample(range(len(case)), len(case))
    for subject in SUBJECTS[:5]:
        for one, other in zip(results(subject, case), results(subject, case[turn]), strict=True):
            np.testing.assert_array_equal(one[turn], other)


@given(case=cases())
def test_the_gradients_of_the_two_cancel(case):
    for subject in SUBJECTS:
        _, first, second = results(subject, case)
        np.testing.assert_array_equal(first, -second)


@given(case=cases())
def test_a_label_chooses_one_of_two_terms(case):
    """The loss is that of one kind, or that of two: never of both, and none is below 0."""
    alike, apart = case.copy(), case.copy()
    alike[:, -1], apart[:, -1] = 1, 0
    for subject in SUBJECTS:
        value = results(subject, case)[0]
        expected = np.where(
            case[:, -1] == 1, results(subject, alike)[0], results(subject, apart)[0]
        )
        np.testing.assert_array_equal(value, expected)
        assert (value >= 0).all()


@given(case=cases(), margin=st.integers(1, 64))
def test_a_hinge_is_0_from_the_margin_on_and_grows_with_it(case, margin):
    case[:, -1] = 0
    first, second = np.split(case[:, :-1], 2, axis=1)
    given_ = (first, second, np.zeros(len(case), int))
    for form in ("hadsell", "linear", "legacy"):
        one, other = (refloss.contrastive(*given_, form=form, margin=m / 32) for m in (margin, 64))
        assert (one <= other).all()
        squared = ((first - second) ** 2).sum(axis=1)
        edge = margin / 32 if form == "legacy" else (margin / 32) ** 2
        np.testing.assert_array_equal(one == 0, squared >= edge)
