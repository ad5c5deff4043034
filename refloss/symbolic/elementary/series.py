"""What the polynomials approximate: smooth functions given by their Taylor series at zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial

from flint import arb, fmpq, fmpq_poly


@dataclass(frozen=True)
class Series:
    """A power series with rational coefficients that do not grow in magnitude.

    Parameters
    ----------
    formula, variable : str
        The function and its argument, as comments have them.
    coefficient : callable
        The coefficient of each power; ``|c(j)|`` must not increase with ``j``.
    """

    formula: str
    variable: str
    coefficient: Callable[[int], fmpq]

    def truncated(self, terms: int) -> fmpq_poly:
        """Return the first terms as a polynomial."""
        return fmpq_poly([self.coefficient(j) for j in range(terms)])

    def remainder(self, terms: int, radius: fmpq) -> arb:
        """Return a bound on what the terms left out add up to within `radius` < 1."""
        return arb(abs(self.coefficient(terms)) * radius**terms / (1 - radius))


EXPONENTIAL = Series("(exp(r) - 1 - r)/r^2", "r", lambda j: fmpq(1, factorial(j + 2)))
LOGARITHM = Series("(log(1 + f) - f + f^2/2)/f^3", "f", lambda j: fmpq((-1) ** j, j + 3))
ARCTANGENT = Series("(atan(t) - t)/t^3", "t^2", lambda j: fmpq((-1) ** (j + 1), 2 * j + 3))
SINE = Series("(sin(t) - t)/t^3", "t^2", lambda j: fmpq((-1) ** (j + 1), factorial(2 * j + 3)))
COSINE = Series("(cos(t) - 1 + t^2/2)/t^4", "t^2", lambda j: fmpq((-1) ** j, factorial(2 * j + 4)))
