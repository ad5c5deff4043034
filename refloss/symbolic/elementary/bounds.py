"""An arithmetic of rounding errors: each quantity with its exact value and how far it is off.

The exact value of a quantity is what its line gives without rounding; a sum whose error a later
line adds back is the one exception, both parts of it are exact. Values are enclosed over a whole
piece of an argument's range, so what comes out holds for every number in that piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, fmpq

from refloss.symbolic.elementary.formats import Format, power

#: Octaves below the top of a range that are cut into pieces; further down little changes.
FINE_OCTAVES = 5


@dataclass(frozen=True)
class Bound:
    """Where the exact value lies, and a bound on the distance of the computed one from it."""

    value: arb
    error: arb

    @property
    def top(self) -> arb:
        """A bound on the magnitude of the computed value."""
        return arb(self.value.abs_upper()) + self.error


def exactly(value: arb | fmpq | int) -> Bound:
    """Return a quantity that is known without error."""
    return Bound(arb(value), arb(0))


def span(low: arb | fmpq, high: arb | fmpq) -> arb:
    """Return a ball over an interval."""
    return arb(low).union(arb(high))


def around(radius: arb | fmpq) -> arb:
    """Return a ball about zero."""
    return span(-arb(radius), arb(radius))


class Bounds:
    """The operations of the compiled texts on bounds; the printing twin is `lines.Lines`."""

    def __init__(self, form: Format) -> None:
        self.form = form

    def constant(self, value: fmpq | int) -> Bound:
        """Return a number of the format."""
        return exactly(value)

    def let(self, name: str, quantity: Bound, why: str = "") -> Bound:
        """Name a quantity; names are for the reader."""
        return quantity

    def mul(self, a: Bound, b: Bound) -> Bound:
        """Return ``a*b``."""
        return self._rounded(a.value * b.value, _product_error(a, b))

    def mul_exactly(self, a: Bound, b: Bound) -> Bound:
        """Return ``a*b`` where the significands are known to fit; the caller says why."""
        return Bound(a.value * b.value, _product_error(a, b))

    def neg(self, a: Bound) -> Bound:
        """Return ``-a``."""
        return Bound(-a.value, a.error)

    def add(self, a: Bound, b: Bound) -> Bound:
        """Return ``a + b``; exact where one of them is always zero."""
        if _is_zero(a) or _is_zero(b):
            return b if _is_zero(a) else a
        return self._rounded(a.value + b.value, a.error + b.error)

    def fma(self, a: Bound, b: Bound, c: Bound) -> Bound:
        """Return ``a*b + c`` rounded once."""
        if _is_zero(a) or _is_zero(b):
            return c
        return self._rounded(a.value * b.value + c.value, _product_error(a, b) + c.error)

    def fast_two_sum(self, names: tuple[str, str], a: Bound, b: Bound) -> tuple[Bound, Bound]:
        """Return ``a + b`` rounded, and exactly what that lost (Dekker).

        The caller sees to it that ``a`` is zero or the larger; both are exact numbers.
        """
        assert a.error == 0
        assert b.error == 0
        if _is_zero(a):
            return b, exactly(0)
        assert a.value.abs_lower() >= b.value.abs_upper(), f"{a.value} may be less than {b.value}"
        return self._with_rest(a.value + b.value)

    def fma_with_rest(self, names: tuple[str, str], a: Bound, c: Bound) -> tuple[Bound, Bound]:
        """Return ``a*c + c`` rounded, and what that lost, computed as ``fma(a, c, c - rounded)``.

        The difference is exact where sum and `c` are within a factor of two (Sterbenz).
        """
        assert a.error == 0
        assert c.error == 0
        assert abs(a.value) < fmpq(499, 1000)
        whole, rest = self._with_rest((1 + a.value) * c.value)
        return whole, self._rounded(rest.value, rest.error)

    def one_less(self, names: tuple[str, str], a: Bound, b: Bound) -> tuple[Bound, Bound]:
        """Return ``1 - a*b`` rounded, and what that lost, computed as ``fma(-a, b, 1 - rounded)``.

        The difference is exact where the rounded number is at least half of 1 (Sterbenz).
        """
        assert a.error == 0
        assert b.error == 0
        product = a.value * b.value
        assert abs(product) < fmpq(499, 1000)
        whole, rest = self._with_rest(1 - product)
        return whole, self._rounded(rest.value, rest.error)

    def horner(self, name: str, x: Bound, coefficients: Sequence[fmpq]) -> Bound:
        """Return a polynomial in `x`, by Horner's scheme."""
        result = exactly(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            result = self.fma(result, x, exactly(coefficient))
        return result

    def _rounded(self, value: arb, error: arb) -> Bound:
        top = arb(value.abs_upper()) + error
        return Bound(value, arb((error + self.form.half_ulp(top)).upper()))

    def _with_rest(self, total: arb) -> tuple[Bound, Bound]:
        lost = self.form.half_ulp(total)
        return exactly(total + around(lost)), exactly(around(lost))


def ulps(form: Format, truth: arb, before: arb) -> arb:
    """Return a bound on the error of a result in units in the last place of `truth`.

    `before` bounds how far the sum that is rounded last lies from the truth. If it lies in the
    same binade, rounding adds half a unit. If it lies beyond a power of two, that power is a
    number of the format and no farther than `before`, so rounding adds no more than that.
    """
    unit = form.ulp(truth)
    off = before / unit
    return arb((off + arb(fmpq(1, 2)).max(off)).upper())


def evenly(low: fmpq, high: fmpq, count: int) -> list[tuple[fmpq, fmpq]]:
    """Return the ends of `count` equal pieces of an interval."""
    width = (high - low) / count
    return [(low + i * width, low + (i + 1) * width) for i in range(count)]


def decades(least: int, high: fmpq, count: int) -> list[tuple[fmpq, fmpq]]:
    """Return pieces from ``2**least`` or below up to `high`: `count` in each of the top octaves."""
    pieces, octave = [], 0
    while high > power(least):
        pieces += evenly(high / 2, high, count if octave < FINE_OCTAVES else 1)
        high, octave = high / 2, octave + 1
    return pieces


def _is_zero(a: Bound) -> bool:
    return a.value == 0 and a.error == 0


def _product_error(a: Bound, b: Bound) -> arb:
    return a.top * b.error + arb(b.value.abs_upper()) * a.error
