"""Coefficients in a format: round the first ones in turn and let the rest make up for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, fmpq

from refloss.symbolic.elementary.certify import TERMS, distance
from refloss.symbolic.elementary.formats import Format, nearest
from refloss.symbolic.elementary.remez import Problem, minimax
from refloss.symbolic.elementary.series import Series

#: After so many coefficients the roundings are too small to be worth another fit.
LEADING = 3


@dataclass(frozen=True)
class Approximation:
    """A polynomial with coefficients of a format and its certified distance from a function.

    Parameters
    ----------
    series : Series
        The function.
    coefficients : tuple of fmpq
        From the constant upward.
    low, high : fmpq
        Where it holds.
    weight : int
        The power of the argument that the distance is weighted with.
    """

    series: Series
    coefficients: tuple[fmpq, ...]
    low: fmpq
    high: fmpq
    weight: int

    def distance(self) -> arb:
        """Return the certified bound on the weighted distance."""
        return distance(self.series, list(self.coefficients), self.low, self.high, self.weight)


def fit(
    series: Series,
    form: Format,
    low: fmpq,
    high: fmpq,
    degree: int,
    weight: int,
    given: Sequence[fmpq] = (),
) -> Approximation:
    """Return a polynomial of `degree` for `series`, its first coefficients `given`."""
    problem = Problem(series.truncated(TERMS // 2), low, high, degree, weight)
    fixed, best = list(given), [fmpq(0)]
    while len(fixed) <= degree:
        if len(fixed) <= LEADING:
            best = minimax(problem, fixed)
        fixed.append(nearest(best[len(fixed)], form.precision))
    return Approximation(series, tuple(fixed), low, high, weight)
