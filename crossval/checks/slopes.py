"""The texts of losses in float64 with their derivatives, forwards: to see what a slip would give.

A text is written over an arithmetic; this one carries a row's derivatives along, and a subclass
lets one operation slip. It has the operations that the elementwise texts use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crossval.oracles.texts import Definition, constants_of, load

__all__ = ["Number", "Slopes", "evaluated"]


class Number:
    """A number of every row, with its derivatives by all columns."""

    __slots__ = ("slope", "value")

    def __init__(self, value: np.ndarray, slope: np.ndarray) -> None:
        self.value, self.slope = value, slope

    def through(self, value: np.ndarray, derivative: np.ndarray) -> Number:
        """Return a function of it, from value and derivative."""
        return Number(value, derivative[:, None] * self.slope)

    def __add__(self, other: Any) -> Number:
        if isinstance(other, Number):
            return Number(self.value + other.value, self.slope + other.slope)
        return Number(self.value + other, self.slope)

    __radd__ = __add__

    def __neg__(self) -> Number:
        return Number(-self.value, -self.slope)

    def __sub__(self, other: Any) -> Number:
        return self + -other

    def __rsub__(self, other: Any) -> Number:
        return -self + other

    def __mul__(self, other: Any) -> Number:
        if isinstance(other, Number):
            slope = self.value[:, None] * other.slope + other.value[:, None] * self.slope
            return Number(self.value * other.value, slope)
        return Number(self.value * other, self.slope * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Number:
        if not isinstance(other, Number):
            return self * (1 / other)
        quotient = self.value / other.value
        slope = (self.slope - quotient[:, None] * other.slope) / other.value[:, None]
        return Number(quotient, slope)


class Slopes:
    """The arithmetic. Ties are resolved to the first operand: no slip is told by them."""

    def __init__(self, rows: int, columns: int) -> None:
        self._zero = np.zeros(rows), np.zeros((rows, columns))

    def lift(self, x: Any) -> Number:
        """Return a number of every row."""
        return x if isinstance(x, Number) else Number(self._zero[0] + x, self._zero[1])

    def rational(self, p: int, q: int) -> float:
        """Return p / q."""
        return p / q

    def pi(self) -> float:
        """Return pi."""
        return np.pi

    def select(self, condition: Any, a: Any, b: Any) -> Any:
        """Return a where a condition on constants holds, else b."""
        return a if condition else b

    def eq(self, a: float, b: float) -> bool:
        """Compare two constants."""
        return a == b

    def stop(self, x: Any) -> Any:
        """Return x without its derivatives."""
        return Number(x.value, self._zero[1]) if isinstance(x, Number) else x

    def gate(self, x: Number, attach: float) -> Number:
        """Return x with its derivatives, or without."""
        return Number(x.value, x.slope * attach)

    def max(self, a: Any, b: Any) -> Number:
        """Return the larger."""
        a, b = self.lift(a), self.lift(b)
        return self._choice(a.value >= b.value, a, b)

    def min(self, a: Any, b: Any) -> Number:
        """Return the smaller."""
        a, b = self.lift(a), self.lift(b)
        return self._choice(a.value <= b.value, a, b)

    def relu(self, x: Number) -> Number:
        """Return x, or 0 if it is less."""
        return self._choice(x.value > 0, x, self.lift(0.0))

    def step(self, x: Number, at0: float) -> Number:
        """Return 1 above 0 and 0 below."""
        return self.lift(np.where(x.value == 0, at0, x.value > 0))

    def ratio(self, n: Number, d: Number, at0: float) -> Number:
        """Return n / d, or at0 where d is 0."""
        quotient, nothing = n / d, d.value == 0
        value = np.where(nothing, at0, quotient.value)
        return Number(value, np.where(nothing[:, None], 0.0, quotient.slope))

    def aspect(self, w: Number, h: Number, unit: float, sign: float) -> Number:
        """Return the angle of w over h, its derivative as the definition has it."""
        size = np.where(unit == 1, 1.0, w.value**2 + h.value**2)
        slope = (h.value / size)[:, None] * w.slope - (w.value / size)[:, None] * h.slope
        return Number(np.arctan2(w.value, h.value), sign * slope)

    def log(self, x: Number) -> Number:
        """Return the natural logarithm; at 0 its derivative is 0, as in the definitions."""
        return x.through(np.log(x.value), np.where(x.value > 0, 1 / x.value, 0.0))

    def _choice(self, first: np.ndarray, a: Number, b: Number) -> Number:
        value = np.where(first, a.value, b.value)
        return Number(value, np.where(first[:, None], a.slope, b.slope))


def evaluated(
    arithmetic: Slopes, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return loss and gradient, upstream included, of a definition in an arithmetic."""
    text = load(spec.program, "arb")
    width = columns.shape[1]
    units = np.eye(width)
    inputs = [Number(columns[:, j], np.broadcast_to(units[j], columns.shape)) for j in range(width)]
    with np.errstate(all="ignore"):
        found = text.value(arithmetic, *inputs, **constants_of(text, spec, width))
    return found.value, found.slope * upstream[:, None]
