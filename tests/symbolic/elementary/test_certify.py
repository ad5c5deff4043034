"""Fits and their certified distances, against the functions themselves in ball arithmetic."""

from dataclasses import replace
from itertools import pairwise

import pytest
from flint import arb, arb_poly, fmpq

from refloss.symbolic.elementary.certify import TERMS, distance
from refloss.symbolic.elementary.fitting import fit
from refloss.symbolic.elementary.formats import DOUBLE, FLOAT, FORMATS, power
from refloss.symbolic.elementary.remez import Problem, minimax
from refloss.symbolic.elementary.series import ARCTANGENT, EXPONENTIAL, LOGARITHM

FUNCTIONS = {
    EXPONENTIAL: lambda x: (x.exp() - 1 - x) / x**2,
    LOGARITHM: lambda x: (x.log1p() - x + x**2 / 2) / x**3,
    ARCTANGENT: lambda x: (x.sqrt().atan() - x.sqrt()) / x.sqrt() ** 3,
}
RANGES = {
    EXPONENTIAL: (fmpq(-7, 20), fmpq(7, 20)),
    LOGARITHM: (fmpq(-1, 4), fmpq(1, 2)),
    ARCTANGENT: (fmpq(0), fmpq(3, 16)),
}
WEIGHTS = {EXPONENTIAL: 2, LOGARITHM: 2, ARCTANGENT: 1}
NAMES = {EXPONENTIAL: "exp", LOGARITHM: "log", ARCTANGENT: "atan"}
SERIES = pytest.mark.parametrize("series", FUNCTIONS, ids=NAMES.get)


def fitted(series, form=DOUBLE, degree=7):
    return fit(series, form, *RANGES[series], degree, WEIGHTS[series])


def sampled(series, coefficients, count=400):
    """Return the largest weighted distance from the function itself at points of the interval."""
    low, high = RANGES[series]
    points = [arb(low + (high - low) * fmpq(2 * i + 1, 2 * count)) for i in range(count)]
    points += [arb(high), arb(low) if low != 0 else arb(fmpq(1, 10**9))]
    polynomial = arb_poly(list(coefficients))
    gaps = (abs(x) ** WEIGHTS[series] * abs(polynomial(x) - FUNCTIONS[series](x)) for x in points)
    return max(float(gap.lower()) for gap in gaps)


@SERIES
def test_a_series_is_the_function_up_to_its_remainder(series):
    for x in (fmpq(1, 7), fmpq(3, 20), fmpq(1, 1000)):
        gap = abs(series.truncated(20)(x) - FUNCTIONS[series](arb(x)))
        assert gap < series.remainder(20, x)
        assert arb(gap.upper()) > 0 or series is EXPONENTIAL


@SERIES
@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)
def test_the_certified_distance_covers_the_sampled_one_and_is_close(series, form):
    curve = fitted(series, form, 5)
    certified, seen = float(curve.distance().upper()), sampled(series, curve.coefficients)
    assert seen <= certified < 1.35 * seen


@SERIES
def test_a_broken_coefficient_is_noticed(series):
    curve = fitted(series)
    for place in range(4):
        broken = list(curve.coefficients)
        broken[place] *= 1 + power(-12)
        worse = replace(curve, coefficients=tuple(broken))
        assert worse.distance() > 10 * curve.distance()
        assert float(worse.distance().upper()) >= sampled(series, broken)


@SERIES
def test_the_fit_beats_the_series_cut_short(series):
    low, high = RANGES[series]
    short = list(series.truncated(8).coeffs())
    assert fitted(series).distance() * 20 < distance(series, short, low, high, WEIGHTS[series])


@SERIES
def test_rounding_the_coefficients_costs_little(series):
    low, high = RANGES[series]
    problem = Problem(series.truncated(TERMS // 2), low, high, 7, WEIGHTS[series])
    best = distance(series, minimax(problem, []), low, high, WEIGHTS[series])
    assert fitted(series).distance() < best * fmpq(21, 20)


@SERIES
def test_the_errors_of_the_best_polynomial_alternate_at_one_level(series):
    low, high = RANGES[series]
    problem = Problem(series.truncated(TERMS // 2), low, high, 5, WEIGHTS[series])
    polynomial = arb_poly(minimax(problem, []))
    errors = [
        w * (t - polynomial(x))
        for w, t, x in zip(problem.weights(0), problem.targets, problem.grid, strict=True)
    ]
    level = max(float(abs(e).upper()) for e in errors)
    peaks = [e for e in errors if float(abs(e).lower()) > 0.97 * level]
    runs = 1 + sum((a > 0) != (b > 0) for a, b in pairwise(peaks))
    assert runs >= 7


def test_given_coefficients_are_kept():
    curve = fit(EXPONENTIAL, FLOAT, *RANGES[EXPONENTIAL], 5, 2, [fmpq(1, 2)])
    assert curve.coefficients[0] == fmpq(1, 2)
    assert len(curve.coefficients) == 6
