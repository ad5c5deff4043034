"""The distance of a polynomial from the function that it approximates, bounded everywhere."""

from __future__ import annotations

from itertools import pairwise

from flint import arb, arb_poly, fmpq, fmpq_poly

from refloss.symbolic.elementary.formats import rational
from refloss.symbolic.elementary.series import Series

#: Terms of a series that are compared exactly; those beyond them are bounded.
TERMS = 160
PIECES = 80


def distance(series: Series, coefficients: list[fmpq], low: fmpq, high: fmpq, weight: int) -> arb:
    """Return a bound on ``|x|**weight * |p(x) - series(x)|`` over ``low <= x <= high``.

    The difference of the two is one polynomial with exact coefficients. On each piece of the
    interval it is expanded about the middle, where its coefficients bound it.
    """
    radius = max(abs(low), abs(high))
    difference = arb_poly(fmpq_poly(coefficients) - series.truncated(TERMS))
    worst = arb(0)
    for left, right in pairwise(_ends(low, high)):
        reach = arb(max(abs(left), abs(right))) ** weight
        worst = worst.max(reach * _largest(difference, (left + right) / 2, (right - left) / 2))
    beyond = series.remainder(TERMS, radius) * arb(radius) ** weight
    return arb((worst + beyond).upper())


def _ends(low: fmpq, high: fmpq) -> list[fmpq]:
    """Return the ends of the pieces, dense where a minimax error swings fast: at both ends."""
    middle, half = (low + high) / 2, (high - low) / 2
    inner = [middle - half * rational(arb(fmpq(i, PIECES)).cos_pi()) for i in range(1, PIECES)]
    return [low, *inner, high]


def _largest(polynomial: arb_poly, middle: fmpq, half: fmpq) -> arb:
    """Return a bound on a polynomial within `half` of `middle`."""
    moved = polynomial(arb_poly([middle, half]))
    return sum((abs(c) for c in moved.coeffs()), arb(0))
