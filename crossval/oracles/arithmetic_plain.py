"""The arithmetic of kernel texts over float64 columns: results without any bound.

For what leading digits suffice for, such as condition numbers, over many rows at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PlainNumbers"]

Array = NDArray[np.float64]


class PlainNumbers:
    """Elements are float64 arrays of one length, or numbers; call it under `numpy.errstate`."""

    def constant(self, x: Any) -> Any:
        """Return a number, or a number for each row."""
        return x

    def rational(self, p: int, q: int) -> float:
        """Return the quotient p/q."""
        return p / q

    def pi(self) -> float:
        """Return the circle constant."""
        return float(np.pi)

    def max(self, a: Any, b: Any) -> Any:
        """Return the greater of two."""
        return np.maximum(a, b)

    def min(self, a: Any, b: Any) -> Any:
        """Return the smaller of two."""
        return np.minimum(a, b)

    def relu(self, x: Any) -> Any:
        """max(x, 0)."""
        return np.maximum(x, 0.0)

    def abs(self, x: Any) -> Any:
        """|x|."""
        return np.abs(x)

    def step(self, x: Any, at0: Any) -> Any:
        """1 above zero, 0 below, `at0` at zero."""
        return np.heaviside(x, at0)

    def ratio(self, n: Any, d: Any, at0: Any) -> Any:
        """n/d, and `at0` where d is zero."""
        return np.where(np.equal(d, 0.0), at0, n / np.where(np.equal(d, 0.0), 1.0, d))

    def sum(self, xs: Sequence[Any]) -> Any:
        """Return the sum of a list."""
        return reduce(np.add, xs)

    def largest(self, xs: Sequence[Any]) -> Any:
        """Return the largest of a list."""
        return reduce(np.maximum, xs)

    greatest = largest

    def stop(self, x: Any) -> Any:
        """Return the value of x."""
        return x

    def gate(self, x: Any, g: Any) -> Any:
        """Return the value of x."""
        return x

    def straight_through(self, x: Any, y: Any, g: Any) -> Any:
        """Return the value of x."""
        return x

    def atan2(self, y: Any, x: Any) -> Any:
        """Angle of the point (x, y)."""
        return np.arctan2(y, x)

    def log(self, x: Any) -> Any:
        """Natural logarithm."""
        return np.log(x)

    def log1p(self, x: Any) -> Any:
        """log(1 + x)."""
        return np.log1p(x)

    def exp(self, x: Any) -> Any:
        """Exponential."""
        return np.exp(x)

    def expm1(self, x: Any) -> Any:
        """exp(x) - 1."""
        return np.expm1(x)

    def sqrt(self, x: Any) -> Any:
        """Square root."""
        return np.sqrt(x)

    def cos(self, x: Any) -> Any:
        """Cosine."""
        return np.cos(x)

    def sin(self, x: Any) -> Any:
        """Sine."""
        return np.sin(x)

    def power(self, x: Any, n: int) -> Any:
        """Return x to an integer power."""
        return x**n if n >= 0 else 1.0 / x**-n

    def select(self, condition: Any, a: Any, b: Any) -> Any:
        """Return `a` where the condition holds, else `b`."""
        return np.where(condition, a, b)

    def lt(self, a: Any, b: Any) -> Any:
        """Where a < b."""
        return np.less(a, b)

    def gt(self, a: Any, b: Any) -> Any:
        """Where a > b."""
        return np.greater(a, b)

    def le(self, a: Any, b: Any) -> Any:
        """Where a <= b."""
        return np.less_equal(a, b)

    def ge(self, a: Any, b: Any) -> Any:
        """Where a >= b."""
        return np.greater_equal(a, b)

    def eq(self, a: Any, b: Any) -> Any:
        """Where a = b."""
        return np.equal(a, b)
