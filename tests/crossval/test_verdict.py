"""Tolerances and grades of single numbers."""

import numpy as np
import pytest

from crossval.checks.statistics import overall, summary, worst
from crossval.checks.verdict import GRADES, Reference, distance, judge, vacuity
from crossval.oracles.formats import format_of

F32 = format_of("float32")
ULP = 2.0**-23  # of float32 at 1


def reference(hi, condition=0.0, bound=0.0, lo=0.0, radius=0.0):
    hi = np.atleast_1d(np.asarray(hi, float))
    full = [np.broadcast_to(np.asarray(x, float), hi.shape) for x in (lo, radius, condition, bound)]
    return Reference(hi, *full)


def grade(got, truth, ulps=4):
    return GRADES[int(judge(np.atleast_1d(np.asarray(got, float)), truth, F32, ulps).grade[0])]


def test_a_is_four_ulp_of_the_format():
    assert grade(1 + 4 * ULP, reference(1.0)) == "A"
    assert grade(1 + 5 * ULP, reference(1.0)) == "F"
    assert grade(1 + 5 * ULP, reference(1.0), ulps=8) == "A"


def test_b_is_eight_roundoffs_of_the_condition():
    truth = reference(1.0, condition=100.0)
    assert grade(1 + 8 * 100 * ULP / 2, truth) == "B"
    assert grade(1 + 8.1 * 100 * ULP / 2, truth) == "F"


def test_c_is_twice_the_rounding_bound():
    truth = reference(1.0, bound=1e-3)
    assert grade(1.0019, truth) == "C"
    assert grade(1.0021, truth) == "F"


@pytest.mark.parametrize("got", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("bound", [0.0, np.inf])
def test_not_finite_is_f_whatever_the_bound(got, bound):
    assert grade(got, reference(1.0, bound=bound)) == "F"


def test_lower_part_of_the_truth_counts():
    truth = reference(1.0, lo=2.0**-60)
    assert distance(np.array([1.0]), truth)[0] == 2.0**-60


def test_truth_beyond_the_range_rounds_to_infinity():
    assert grade(np.inf, reference(1e39)) == "A"
    assert grade(-np.inf, reference(1e39)) == "F"


def test_no_single_truth_asks_for_finiteness():
    assert grade(3.0, reference(np.nan)) == "A"
    assert grade(np.nan, reference(np.nan)) == "F"
    assert grade(np.inf, reference(np.nan)) == "F"
    assert grade(np.inf, reference(np.nan, radius=1e39)) == "A"
    assert grade(np.nan, reference(np.nan, radius=1e39)) == "F"


def test_a_tolerance_that_accepts_zero_or_the_sign_is_inconclusive():
    truth = reference([1.0, 1.0, 0.0], bound=[0.6, 1e-3, 1e-3])
    verdicts = judge(np.array([1.1, 1.001, 1e-4]), truth, F32, 4)
    assert [GRADES[g] for g in verdicts.grade] == ["C", "C", "C"]
    assert verdicts.conclusive.tolist() == [False, True, True]


def test_vacuity_counts_what_would_survive():
    truth = reference([1.0, 1.0, 1.0, 0.0])
    shares = vacuity(truth.hi, np.array([2.5, 1.5, 0.06, 9.0]))
    assert shares == {"zero": 2 / 3, "flip": 1 / 3, "x1.05": 1.0}


def test_inconclusive_numbers_do_not_make_a_grade_but_failures_do():
    truth = reference([1.0, 1.0], bound=[np.inf, 0.0])
    passed = judge(np.array([0.0, 1.0]), truth, F32, 4)
    assert overall(passed) == "A"
    nothing = judge(np.array([0.0]), reference([1.0], bound=[np.inf]), F32, 4)
    assert overall(nothing) == ""
    failed = judge(np.array([np.nan]), reference([1.0], bound=[np.inf]), F32, 4)
    assert overall(failed) == "F"


def test_worst_is_the_largest_error_of_the_worst_grade():
    truth = reference([1.0, 1.0, 1.0], condition=[0.0, 1e6, 1e6])
    verdicts = judge(1 + ULP * np.array([4, 900, 1000]), truth, F32, 4)
    assert worst(verdicts) == (2,)
    found = summary(verdicts, truth)
    assert found["grade"] == "B"
    assert found["explained"] == 1.0
    assert found["condition"] == 1e6
