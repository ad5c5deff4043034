"""The arithmetic of kernel texts over float64 midpoint-radius balls, vectorised over NumPy.

A `Ball` holds, element by element, every number within ``rad`` of ``mid``.  Each operation adds a
bound of its own rounding error, so the ball of a result contains

* the exact real result (``unit = 0``: an enclosure), and besides
* whatever an ordinary implementation of the same statements may compute that rounds every
  operation with relative error ``unit`` (and ``tiny`` absolutely, where it underflows).

Radii are computed in float64 themselves; `_GROW` covers that, as each radius is a sum of a few
non-negative terms.  Elementary functions of float64 libraries are assumed to err by at most
`LIBM` unit roundoffs (4 ulp, the bound that NumPy states for its vectorised ones; glibc 2.36 stays
below 1 ulp); the tests measure it against exact balls.

Comparisons that a ball leaves open yield the hull of both outcomes and mark their rows as open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles.formats import Format
from crossval.oracles.texts import Definition, constants_of, load

__all__ = ["LIBM", "Ball", "Condition", "FloatBalls", "enclose"]

LIBM = 8
"""Assumed error of log, log1p, exp, atan2 in unit roundoffs (of the result)."""

_UNIT = 2.0**-53
_TINY = 2.0**-1074
_NORMAL = 2.0**-1000  # far above it hypot has its relative accuracy
_GROW = 1 + 2.0**-48

Array = NDArray[np.float64]


class Ball:
    """Numbers within ``rad`` of ``mid``; NaN or infinity in either means: nothing is known.

    Parameters
    ----------
    mid, rad : ndarray of float64
        Midpoint and non-negative radius, broadcastable to each other.
    arithmetic : FloatBalls
        The arithmetic that the ball belongs to.
    """

    __array_ufunc__ = None  # an array on the left leaves the operation to the ball
    __slots__ = ("arithmetic", "mid", "rad")

    def __init__(self, mid: ArrayLike, rad: ArrayLike, arithmetic: FloatBalls):
        self.mid, self.rad, self.arithmetic = np.asarray(mid), np.asarray(rad), arithmetic

    def __neg__(self) -> Ball:
        return Ball(-self.mid, self.rad, self.arithmetic)

    def __add__(self, other: Any) -> Ball:
        return self.arithmetic.add(self, self.arithmetic.lift(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Ball:
        return self + -other

    def __rsub__(self, other: Any) -> Ball:
        return -self + other

    def __mul__(self, other: Any) -> Ball:
        return self.arithmetic.multiply(self, self.arithmetic.lift(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Ball:
        return self.arithmetic.divide(self, self.arithmetic.lift(other))

    def __rtruediv__(self, other: Any) -> Ball:
        return self.arithmetic.divide(self.arithmetic.lift(other), self)


@dataclass(frozen=True)
class Condition:
    """Where a comparison is certainly true and where it is certainly false."""

    true: NDArray[np.bool_]
    false: NDArray[np.bool_]


class FloatBalls:
    """Midpoint-radius balls for one evaluation over a block of rows.

    Parameters
    ----------
    rows : int
        Length of the columns.
    fmt : Format, optional
        Format of an ordinary implementation whose rounding errors the balls cover as well.  By
        default they enclose the real result only.

    Attributes
    ----------
    open : ndarray of bool, shape (rows,)
        Rows that met an undecided comparison, a tie or a zero denominator: the enclosures hold,
        but there may be more than one derivative, or none.
    """

    def __init__(self, rows: int, fmt: Format | None = None):
        self.open = np.zeros(rows, bool)
        self._fmt = fmt
        self._unit = _UNIT + (fmt.roundoff if fmt else 0.0)
        self._tiny = _TINY + (fmt.tiny if fmt else 0.0)
        self._largest = fmt.largest if fmt else np.inf

    def lift(self, x: Any) -> Ball:
        """Return a ball, a Python number or an array as a ball; numbers are exact."""
        return x if isinstance(x, Ball) else Ball(np.asarray(x, np.float64), 0.0, self)

    def constant(self, x: float) -> Ball:
        """Return a run-time constant: exact, or either of itself and its rounding to the format."""
        if self._fmt is None or not np.isfinite(x):
            return self.lift(x)
        return Ball(x, abs(float(self._fmt.round(x)) - x) * _GROW, self)

    def _rounded(self, mid: Array, rad: Array, errors: Array | float) -> Ball:
        """Return a ball whose radius grows by the error of rounding the result."""
        rad = (rad + errors) * _GROW
        if self._largest < np.inf:
            rad = np.where(np.abs(mid) + rad > self._largest, np.inf, rad)
        return Ball(mid, rad, self)

    def add(self, a: Ball, b: Ball) -> Ball:
        """Return a + b; sums never underflow."""
        mid, spread = a.mid + b.mid, a.rad + b.rad
        if self._fmt:
            error = self._unit * np.abs(mid)
        else:
            part = mid - a.mid  # TwoSum: the rounding error itself, often 0
            error = np.abs((a.mid - (mid - part)) + (b.mid - part))
        ball = self._rounded(mid, spread, error)
        # A constant of infinity, for instance a ceiling, is an exact number.
        infinite = np.isinf(a.mid) | np.isinf(b.mid)
        return Ball(mid, np.where(infinite, spread, ball.rad), self) if infinite.any() else ball

    def multiply(self, a: Ball, b: Ball) -> Ball:
        """Return a product; exactly zero where a factor is."""
        mid = a.mid * b.mid
        rad = np.abs(a.mid) * b.rad + np.abs(b.mid) * a.rad + a.rad * b.rad
        zero = ((a.mid == 0) & (a.rad == 0)) | ((b.mid == 0) & (b.rad == 0))
        ball = self._rounded(mid, rad, self._unit * np.abs(mid) + 4 * self._tiny)
        return Ball(ball.mid, np.where(zero & (mid == 0), 0.0, ball.rad), self)

    def divide(self, a: Ball, b: Ball) -> Ball:
        """Return a quotient; nothing is known where the denominator's ball contains zero."""
        mid = a.mid / b.mid
        room = (np.abs(b.mid) - b.rad) / _GROW
        rad = np.where(room > 0, a.rad / room + (np.abs(mid) + _TINY) * (b.rad / room), np.inf)
        ball = self._rounded(mid, rad, self._unit * np.abs(mid) + 4 * self._tiny)
        return Ball(
            ball.mid, np.where((a.mid == 0) & (a.rad == 0) & (room > 0), 0.0, ball.rad), self
        )

    def _library(self, mid: Array, rad: Array, room: Array | float = 1.0) -> Ball:
        """Return what an elementary function gives; nothing is known outside its domain."""
        rad = np.where(np.asarray(room) > 0, rad, np.inf)
        return self._rounded(mid, rad, LIBM * self._unit * np.abs(mid) + 4 * self._tiny)

    def rational(self, p: int, q: int) -> Ball:
        """Return the quotient p/q."""
        return self.lift(float(p)) / float(q)

    def pi(self) -> Ball:
        """Return the circle constant."""
        return self._rounded(np.asarray(np.pi), np.asarray(0.0), self._unit * np.pi)

    def _mark(self, where: NDArray[np.bool_]) -> None:
        self.open |= where

    def _order(self, a: Any, b: Any) -> tuple[Ball, Ball, Condition]:
        a, b = self.lift(a), self.lift(b)
        reach = (a.rad + b.rad) * _GROW
        # Gradual underflow: the sign of a difference of floats is right however small it is.
        gap = (a.mid - b.mid) / _GROW
        exact = reach == 0
        above = np.where(exact, a.mid > b.mid, gap > reach)
        below = np.where(exact, a.mid < b.mid, gap < -reach)
        return a, b, Condition(above, below)

    def max(self, a: Any, b: Any) -> Ball:
        """Return the greater of two; either radius serves where the order is open."""
        a, b, order = self._order(a, b)
        self._mark(~(order.true | order.false))
        either = np.maximum(a.rad, b.rad)
        rad = np.where(order.true, a.rad, np.where(order.false, b.rad, either))
        return Ball(np.maximum(a.mid, b.mid), rad, self)

    def min(self, a: Any, b: Any) -> Ball:
        """Return the smaller of two."""
        return -self.max(-self.lift(a), -self.lift(b))

    def relu(self, x: Any) -> Ball:
        """max(x, 0)."""
        return self.max(x, 0.0)

    def abs(self, x: Any) -> Ball:
        """|x|."""
        x, _, order = self._order(x, 0.0)
        self._mark(~(order.true | order.false))
        return Ball(np.abs(x.mid), x.rad, self)

    def step(self, x: Any, at0: Any) -> Ball:
        """1 above zero, 0 below, `at0` at an exact zero."""
        x, _, order = self._order(x, 0.0)
        at0 = self.lift(at0)
        zero = (x.mid == 0) & (x.rad == 0)
        decided = order.true | order.false
        self._mark(~decided)
        mid = np.where(order.true, 1.0, np.where(order.false, 0.0, np.where(zero, at0.mid, 0.5)))
        return Ball(mid, np.where(decided | zero, 0.0, 0.5), self)

    def ratio(self, n: Any, d: Any, at0: Any) -> Ball:
        """n/d, and `at0` where d is an exact zero."""
        n, d, at0 = self.lift(n), self.lift(d), self.lift(at0)
        zero = (d.mid == 0) & (d.rad == 0)
        self._mark(zero | ~(np.abs(d.mid) > d.rad))
        quotient = n / d
        mid, rad = np.where(zero, at0.mid, quotient.mid), np.where(zero, at0.rad, quotient.rad)
        return Ball(mid, rad, self)

    def sum(self, xs: Sequence[Any]) -> Any:
        """Return the sum of a list, added up from the left."""
        return reduce(self.add, map(self.lift, xs))

    def largest(self, xs: Sequence[Any]) -> Ball:
        """Return the largest of a list; a tie is none of a row, for values alone are meant."""
        known = self.open.copy()
        found = reduce(self.max, map(self.lift, xs))
        self.open = known
        return found

    def greatest(self, xs: Sequence[Any]) -> Ball:
        """Return the largest of a list whose ties are ties of the loss; see `max`."""
        return reduce(self.max, map(self.lift, xs))

    def weighted(self, g: Any, x: Any) -> Ball:
        """Return g x, and 0 where g is exactly zero, whatever x."""
        g, product = self.lift(g), self.lift(g) * x
        zero = (g.mid == 0) & (g.rad == 0)
        mid, rad = np.where(zero, 0.0, product.mid), np.where(zero, 0.0, product.rad)
        return Ball(mid, rad, self)

    def stop(self, x: Any) -> Any:
        """Return the value of x."""
        return x

    def gate(self, x: Any, g: Any) -> Any:
        """Return the value of x."""
        return x

    def straight_through(self, x: Any, y: Any, g: Any) -> Any:
        """Return the value of x."""
        return x

    def aspect(self, w: Any, h: Any, unit: Any, sign: Any) -> Ball:
        """atan2(w, h), with 0 at the origin."""
        return self.atan2(w, h)

    def atan2(self, y: Any, x: Any) -> Ball:
        """Angle of the point (x, y), 0 at the origin; the branch cut is not crossed."""
        y, x = self.lift(y), self.lift(x)
        distance = np.hypot(y.mid, x.mid)
        room = np.where(distance > _NORMAL, distance - (y.rad + x.rad) * _GROW, 0.0)
        # sin of the angle that a shift within the radii can turn the point by
        turn = np.abs(y.mid) / distance * (x.rad / room) + np.abs(x.mid) / distance * (y.rad / room)
        # |angle| <= 1.05 sin(angle) up to sin = 1/2
        rad = np.where(turn < 0.5, 1.1 * turn, np.inf)
        exact = (y.rad == 0) & (x.rad == 0)
        origin = exact & (y.mid == 0) & (x.mid == 0)
        cut = (x.mid - x.rad < 0) & (np.abs(y.mid) <= y.rad)
        self._mark(origin)
        inside = np.where(exact & ~cut, 1.0, np.where(cut, 0.0, room))
        ball = self._library(np.arctan2(y.mid, x.mid), np.where(exact, 0.0, rad), inside)
        zero = exact & (y.mid == 0) & (x.mid >= 0)
        return Ball(np.where(zero, 0.0, ball.mid), np.where(zero, 0.0, ball.rad), self)

    def log(self, x: Any) -> Ball:
        """Natural logarithm."""
        x = self.lift(x)
        room = (x.mid - x.rad) / _GROW
        return self._library(np.log(x.mid), x.rad / room, room)

    def log1p(self, x: Any) -> Ball:
        """log(1 + x)."""
        x = self.lift(x)
        room = (1 + (x.mid - x.rad)) / _GROW
        return self._library(np.log1p(x.mid), x.rad / room, room)

    def exp(self, x: Any) -> Ball:
        """Exponential."""
        x = self.lift(x)
        value = np.exp(x.mid)
        # Errors of exp and expm1 come on top; an underflowed value stands for the least float.
        spread = np.maximum(value, 4 * _TINY) * np.expm1(x.rad) * (1 + 2.0**-40)
        return self._library(value, spread)

    def expm1(self, x: Any) -> Ball:
        """exp(x) - 1."""
        x = self.lift(x)
        value = np.expm1(x.mid)
        spread = np.maximum(np.exp(x.mid), 4 * _TINY) * np.expm1(x.rad) * (1 + 2.0**-40)
        return self._library(value, spread)

    def sqrt(self, x: Any) -> Ball:
        """Square root."""
        x = self.lift(x)
        value = np.sqrt(x.mid)
        spread = np.where(x.rad == 0, 0.0, x.rad / (value + np.sqrt(np.maximum(x.mid - x.rad, 0))))
        return self._rounded(value, spread, self._unit * value)

    def cos(self, x: Any) -> Ball:
        """Cosine: it moves by no more than its argument."""
        x = self.lift(x)
        return self._library(np.cos(x.mid), x.rad)

    def sin(self, x: Any) -> Ball:
        """Sine: it moves by no more than its argument."""
        x = self.lift(x)
        return self._library(np.sin(x.mid), x.rad)

    def raised(self, x: Any, g: Any) -> Ball:
        """Return x to the power g, one number for all rows; x >= 0, whatever its ball says."""
        x, g = self.lift(x), self.lift(g)
        if np.all(g.mid == 0) and np.all(g.rad == 0):
            return self.lift(1.0)
        sides = np.maximum(x.mid - x.rad, 0.0) / _GROW, (x.mid + x.rad) * _GROW
        # x^g is monotone in x and in g: its extremes lie at the corners.
        ends = [np.power(side, g.mid + way * g.rad) for side in sides for way in (-1, 1)]
        value = np.power(np.maximum(x.mid, 0.0), g.mid)
        spread = reduce(np.maximum, (np.abs(end - value) for end in ends))
        spread += 2 * LIBM * _UNIT * reduce(np.maximum, ends)
        ball = self._library(value, np.where((x.rad == 0) & (g.rad == 0), 0.0, spread))
        zero = (x.mid == 0) & (x.rad == 0)
        return Ball(np.where(zero, 0.0, ball.mid), np.where(zero, 0.0, ball.rad), self)

    def power(self, x: Any, n: int) -> Any:
        """Return x to an integer power, by multiplication."""
        if n < 0:
            return 1.0 / self.power(x, -n)
        result = x if n else self.lift(1.0)
        for _ in range(n - 1):
            result = result * x
        return result

    def select(self, condition: Condition, a: Any, b: Any) -> Ball:
        """Return `a` or `b` by the condition, and the hull of both where it is open."""
        a, b = self.lift(a), self.lift(b)
        apart = np.abs(a.mid - b.mid)
        hull = np.maximum(a.rad, b.rad + apart) * _GROW
        mid = np.where(condition.false, b.mid, a.mid)
        rad = np.where(condition.true, a.rad, np.where(condition.false, b.rad, hull))
        return Ball(mid, rad, self)

    def _comparison(self, a: Any, b: Any, at_equal: bool, swap: bool) -> Condition:
        a, b, order = self._order(b, a) if swap else self._order(a, b)
        self._mark(~(order.true | order.false))
        equal = (a.mid == b.mid) & (a.rad == 0) & (b.rad == 0)
        if at_equal:
            return Condition(order.true | equal, order.false)
        return Condition(order.true, order.false | equal)

    def gt(self, a: Any, b: Any) -> Condition:
        """Where a > b."""
        return self._comparison(a, b, at_equal=False, swap=False)

    def lt(self, a: Any, b: Any) -> Condition:
        """Where a < b."""
        return self._comparison(a, b, at_equal=False, swap=True)

    def ge(self, a: Any, b: Any) -> Condition:
        """Where a >= b."""
        return self._comparison(a, b, at_equal=True, swap=False)

    def le(self, a: Any, b: Any) -> Condition:
        """Where a <= b."""
        return self._comparison(a, b, at_equal=True, swap=True)

    def eq(self, a: Any, b: Any) -> Condition:
        """Where a = b."""
        a, b, order = self._order(a, b)
        apart = order.true | order.false
        if np.ndim(a.mid) or np.ndim(b.mid):  # constants that are equal are no tie of a row
            self._mark(~apart)
        return Condition((a.mid == b.mid) & (a.rad == 0) & (b.rad == 0), apart)

    def two_sum_error(self, a: Any, b: Any) -> Ball:
        """Return the rounding error of a + b: none in exact arithmetic."""
        return self._error_term(self.lift(a) + b)

    def two_diff_error(self, a: Any, b: Any) -> Ball:
        """Return the rounding error of a - b: none in exact arithmetic."""
        return self._error_term(self.lift(a) - b)

    def two_prod_error(self, a: Any, b: Any) -> Ball:
        """Return the rounding error of a b: none in exact arithmetic."""
        return self._error_term(self.lift(a) * b)

    def _error_term(self, result: Ball) -> Ball:
        if self._fmt is None:
            return self.lift(0.0)
        return Ball(np.zeros_like(result.mid), self._unit * np.abs(result.mid) + self._tiny, self)


def evaluate(
    function: Callable[..., Any],
    columns: Array,
    upstream: Array | None,
    constants: dict[str, float],
    fmt: Format | None = None,
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Midpoints, radii and decidedness of a balls text over a block of rows.

    Parameters
    ----------
    function : callable
        ``value`` (then `upstream` is None), ``grad`` or ``plain_grad`` of a balls text.
    columns : ndarray of float64, shape (n, k)
        Exact inputs.
    upstream : ndarray of float64, shape (n,), or None
        Exact factor of the derivatives.
    constants : dict of str to float
        Exact constants.
    fmt : Format, optional
        As for `FloatBalls`.

    Returns
    -------
    mid, rad : ndarray of float64, shape (n, outputs)
        ``rad`` is infinite where nothing is known.
    certain : ndarray of bool, shape (n,)
        Rows without an undecided comparison, a tie or a zero denominator.
    """
    arithmetic = FloatBalls(len(columns), fmt)
    inputs = list(columns.T) + ([] if upstream is None else [upstream])
    lifted = {name: arithmetic.constant(value) for name, value in constants.items()}
    with np.errstate(all="ignore"):
        out = function(arithmetic, *map(arithmetic.lift, inputs), **lifted)
    balls = [arithmetic.lift(ball) for ball in (out if isinstance(out, tuple) else (out,))]
    mid = np.stack([np.broadcast_to(ball.mid, len(columns)) for ball in balls], 1)
    rad = np.stack([np.broadcast_to(ball.rad, len(columns)) for ball in balls], 1)
    known = np.isfinite(mid) & np.isfinite(rad)
    return mid, np.where(known, rad, np.inf), ~arithmetic.open


def enclose(
    spec: Definition,
    columns: Array,
    upstream: Array,
    grad: bool = True,
    kernels: Path | str | None = None,
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Enclosures of the loss and its gradient by the stable text.

    Parameters
    ----------
    spec, columns, upstream, kernels
        As for `crossval.oracles.enclosure.truth`.
    grad : bool
        Whether the gradient is wanted.

    Returns
    -------
    mid, rad, certain
        As for `evaluate`; the loss comes first, then the gradient.
    """
    text = load(spec.program, "balls", kernels)
    constants = constants_of(text, spec, columns.shape[1])
    if grad:
        return evaluate(text.grad, columns, upstream, constants)
    return evaluate(text.value, columns, None, constants)
