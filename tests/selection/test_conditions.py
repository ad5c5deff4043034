"""Easy, semi-hard, hard: the seeds' conditions, their borders, and exact decisions."""

import doctest
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from refloss.selection import CONDITIONS, conditions, triplet_condition
from tests.selection.drawing import draws

lengths = st.floats(0.0, 1e6) | st.sampled_from([0.0, 5e-324, 0.3, 0.1, 0.2, 1.0])


def by_definition(near, far, alpha):
    """Return the condition, in exact arithmetic."""
    if far <= near:
        return "hard"
    return "semi_hard" if Fraction(far) < Fraction(near) + Fraction(alpha) else "easy"


def test_the_three_conditions_of_the_probes():
    assert triplet_condition(0.9, 1.0, 0.2) == "semi_hard"
    assert triplet_condition(0.9, 0.6, 0.2) == "hard"  # dropped by the filter; the hinge is 0.5
    assert triplet_condition(0.9, 1.2, 0.2) == "easy"


@given(lengths, lengths, lengths)
@draws(60)
def test_conditions_are_decided_exactly(near, far, alpha):
    assert triplet_condition(near, far, alpha) == by_definition(near, far, alpha)


@given(lengths, lengths, st.integers(-2, 2))
@draws(60)
def test_conditions_are_decided_exactly_next_to_the_border(near, alpha, steps):
    far = near + alpha
    for _ in range(abs(steps)):
        far = abs(float(np.nextafter(far, math.copysign(math.inf, steps))))
    assert triplet_condition(near, far, alpha) == by_definition(near, far, alpha)


def test_a_sum_that_rounds_to_the_border_is_on_its_side_of_it():
    near, alpha = 0.1, 0.2
    assert near + alpha == 0.30000000000000004  # above the sum of the two numbers
    assert triplet_condition(near, near + alpha, alpha) == "easy"
    assert triplet_condition(near, 0.3, alpha) == "semi_hard"  # by less than an ulp
    assert triplet_condition(1.0, 1.0 + 2.0**-52, 2.0**-60) == "easy"
    assert triplet_condition(1.0, 1.0, 2.0**-60) == "hard"


def test_borders():
    assert triplet_condition(1.0, 1.5, 0.5) == triplet_condition(1, 3, 2) == "easy"
    assert triplet_condition(1.0, 1.0, 0.5) == "hard"
    assert triplet_condition(1.0, 1.0, 0.0) == "hard"
    assert triplet_condition(1.0, math.inf, 0.5) == "easy"
    assert triplet_condition(math.inf, math.inf, 0.5) == "hard"
    assert triplet_condition(math.inf, 1.0, 0.5) == "hard"


def test_arrays_are_decided_number_by_number():
    near, far = np.array([[0.9, 0.9], [0.9, 2.0]]), np.array([[0.6, 1.0], [1.2, 2.1]])
    before = near.copy(), far.copy()
    found = triplet_condition(near, far, 0.2)
    assert found.tolist() == [["hard", "semi_hard"], ["easy", "semi_hard"]]
    assert set(found.ravel().tolist()) == set(CONDITIONS)
    assert (near == before[0]).all()
    assert (far == before[1]).all()
    assert (
        triplet_condition(torch.from_numpy(near), torch.from_numpy(far), 0.2).tolist()
        == found.tolist()
    )
    assert triplet_condition(np.zeros((0, 2)), np.zeros((0, 2)), 0.2).shape == (0, 2)


def test_narrow_formats_are_compared_as_the_numbers_that_they_hold():
    near, far = np.float16(1.0), np.float16(1.2)  # 1.2002 in float16
    assert triplet_condition(near, far, 0.2) == "easy"
    assert triplet_condition(1.0, 1.2, 0.2) == "semi_hard"  # 1.2 is below 1 + 0.2 as floats


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (TypeError, "d_ap: expected an array .*got str", ("1", 1.0, 0.2)),
        (TypeError, "d_an: expected an array .*got bool", (1.0, True, 0.2)),
        (TypeError, "d_an: expected one of .*int64", (1.0, np.array(1), 0.2)),
        (ValueError, "d_ap: expected distances >= 0, got -1.0", (-1.0, 1.0, 0.2)),
        (ValueError, "d_an: expected distances >= 0, got nan", (1.0, math.nan, 0.2)),
        (
            ValueError,
            r"d_an: expected shape \(2,\) as d_ap, got \(3,\)",
            (np.ones(2), np.ones(3), 0.2),
        ),
        (TypeError, "d_an: expected float64 as d_ap, got float32", (1.0, np.float32(1), 0.2)),
        (ValueError, "alpha: expected a finite number >= 0, got -0.1", (1.0, 1.0, -0.1)),
        (ValueError, "alpha: expected a finite number >= 0, got inf", (1.0, 1.0, math.inf)),
        (TypeError, "alpha: expected a number, got '1'", (1.0, 1.0, "1")),
    ],
)
def test_errors_name_the_argument(error, message, arguments):
    with pytest.raises(error, match=message):
        triplet_condition(*arguments)


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(conditions)
    assert tried
    assert not failed
