"""The arithmetic of kernel texts over exact balls: arbitrary-precision enclosures of real numbers.

A ball (`flint.arb`) holds the true value; a comparison of balls is either certain or raises
`Undecided`.  Python numbers are exact, rationals exact quotients, pi a call: no decimal or
rounded constant can slip into an enclosure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add
from typing import Any

from flint import arb, ctx, fmpq

from crossval.oracles.ties import Undecided

__all__ = ["Angle", "ExactBalls", "angle_between", "equals", "less", "precision", "sign_of"]


@contextmanager
def precision(bits: int) -> Iterator[Callable[[int], None]]:
    """Work at `bits` of precision; the yielded function changes it, leaving restores it.

    The precision of flint is one number for the process, threads included, so this is the only
    place that sets it.
    """
    before = ctx.prec

    def change(to: int) -> None:
        ctx.prec = to

    change(bits)
    try:
        yield change
    finally:
        change(before)


def sign_of(x: arb) -> int:
    """Sign of `x`: -1, 0 or 1 with certainty, else `Undecided`."""
    if x > 0:
        return 1
    if x < 0:
        return -1
    if x == 0:
        return 0
    raise Undecided


def less(a: arb, b: arb) -> bool:
    """Whether a < b, with certainty, else `Undecided`."""
    if a < b:
        return True
    if a >= b:
        return False
    raise Undecided


def equals(a: arb, b: arb) -> bool:
    """Whether a = b, with certainty (both exact and equal, or disjoint), else `Undecided`."""
    if a == b:
        return True
    if a != b:
        return False
    raise Undecided


Sides = tuple[arb, arb]


def angle_between(first: Sides, second: Sides) -> arb | None:
    """atan2(w, h) - atan2(w', h') of two points of the closed first quadrant, exact where it is 0.

    The difference of two enclosures is never an exact zero, although the angles of proportional
    sides are equal; atan2(w h' - w' h, h h' + w w') is.  None where either point is the origin or
    not certainly in the quadrant.
    """
    (w, h), (v, k) = first, second
    if not (w >= 0 and h >= 0 and v >= 0 and k >= 0):
        return None
    if not (w + h > 0 and v + k > 0):
        return None
    return arb.atan2(w * k - v * h, h * k + w * v)


class Angle:
    """An angle that remembers the sides it came from, so that equal angles differ by exactly 0.

    Parameters
    ----------
    value : Any
        The angle as an element of the arithmetic.
    sides : tuple of arb
        The opposite and the adjacent side.
    recentre : callable
        Replaces the value (not the derivatives) of an element by a sharper ball.
    """

    __slots__ = ("recentre", "sides", "value")

    def __init__(self, value: Any, sides: Sides, recentre: Callable[[Any, arb], Any]):
        self.value, self.sides, self.recentre = value, sides, recentre

    def __sub__(self, other: Any) -> Any:
        if not isinstance(other, Angle):
            return self.value - other
        difference = self.value - other.value
        sharper = angle_between(self.sides, other.sides)
        return difference if sharper is None else self.recentre(difference, sharper)

    def __rsub__(self, other: Any) -> Any:
        return other - self.value

    def __add__(self, other: Any) -> Any:
        return self.value + (other.value if isinstance(other, Angle) else other)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Any:
        return self.value * (other.value if isinstance(other, Angle) else other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self.value / (other.value if isinstance(other, Angle) else other)

    def __rtruediv__(self, other: Any) -> Any:
        return other / self.value

    def __neg__(self) -> Any:
        return -self.value


def _ball(x: Any) -> arb:
    if isinstance(x, arb):
        return x
    return x.value if isinstance(x, Angle) else arb(x)


class ExactBalls:
    """Values in ball arithmetic at the precision in force; elements are `flint.arb`."""

    def real(self, x: Any) -> arb:
        """Return the value of an element, a float or an angle as a ball."""
        return _ball(x)

    def constant(self, x: float | arb) -> Any:
        """Return the float `x` as the exact number that it is."""
        return arb(x)

    def rational(self, p: int, q: int) -> arb:
        """Return the quotient p/q."""
        return arb(fmpq(p, q))

    def pi(self) -> arb:
        """Return the circle constant."""
        return arb.pi()

    def max(self, a: Any, b: Any) -> arb:
        """Return the greater of two; an enclosure even where the order is open."""
        return _ball(a).max(_ball(b))

    def min(self, a: Any, b: Any) -> arb:
        """Return the smaller of two."""
        return _ball(a).min(_ball(b))

    def relu(self, x: Any) -> arb:
        """max(x, 0)."""
        return _ball(x).max(arb(0))

    def abs(self, x: Any) -> arb:
        """|x|."""
        return abs(_ball(x))

    def step(self, x: Any, at0: Any) -> arb:
        """1 above zero, 0 below, `at0` at zero."""
        sign = sign_of(_ball(x))
        return _ball(at0) if sign == 0 else arb(sign > 0)

    def ratio(self, n: Any, d: Any, at0: Any) -> arb:
        """n/d, and `at0` where d is zero."""
        n, d = _ball(n), _ball(d)
        return _ball(at0) if sign_of(d) == 0 else n / d

    def sum(self, xs: Sequence[Any]) -> Any:
        """Return the sum of a list."""
        return reduce(add, xs, self.constant(0.0))

    def largest(self, xs: Sequence[Any]) -> Any:
        """Return the largest of a list, the first among equals.

        Where enclosures do not tell which it is, the result encloses its value, and is of any
        slope: it serves to shift exponents, which is what texts use it for.
        """
        try:
            return xs[self.first_largest(xs)]
        except Undecided:
            return self._of_any_slope(reduce(arb.max, map(self.real, xs)))

    def _of_any_slope(self, value: arb) -> Any:
        """Return a value of which nothing more is known."""
        return value

    def greatest(self, xs: Sequence[Any]) -> Any:
        """Return the largest of a list whose ties are ties of the loss; see `max`."""
        return reduce(self.max, xs)

    def first_largest(self, xs: Sequence[Any]) -> int:
        """Return the place of the largest of a list, the first among equals."""
        reals = [self.real(x) for x in xs]
        best = 0
        for place, x in enumerate(reals[1:], start=1):
            best = place if less(reals[best], x) else best
        return best

    def weighted(self, g: Any, x: Any) -> Any:
        """Return g x, and 0 where g is zero, whatever x."""
        return self.constant(0.0) if sign_of(self.real(g)) == 0 else g * x

    def stop(self, x: Any) -> Any:
        """Return the value of x."""
        return x

    def gate(self, x: Any, g: Any) -> Any:
        """Return the value of x."""
        return x

    def straight_through(self, x: Any, y: Any, g: Any) -> Any:
        """Return the value of x."""
        return x

    def aspect(self, w: Any, h: Any, unit: Any, sign: Any) -> Angle:
        """atan2(w, h), with 0 at the origin."""
        w, h = _ball(w), _ball(h)
        return Angle(arb.atan2(w, h), (w, h), lambda _, sharper: sharper)

    def atan2(self, y: Any, x: Any) -> arb:
        """Angle of the point (x, y)."""
        return arb.atan2(_ball(y), _ball(x))

    def log(self, x: Any) -> arb:
        """Natural logarithm; minus infinity at zero."""
        x = _ball(x)
        return arb("-inf") if x == 0 else x.log()

    def log1p(self, x: Any) -> arb:
        """log(1 + x), of all digits of a small x."""
        x = _ball(x)
        return arb("-inf") if x == -1 else x.log1p()

    def exp(self, x: Any) -> arb:
        """Exponential."""
        return _ball(x).exp()

    def expm1(self, x: Any) -> arb:
        """exp(x) - 1."""
        return _ball(x).expm1()

    def sqrt(self, x: Any) -> arb:
        """Square root."""
        return _ball(x).sqrt()

    def cos(self, x: Any) -> arb:
        """Cosine."""
        return _ball(x).cos()

    def sin(self, x: Any) -> arb:
        """Sine."""
        return _ball(x).sin()

    def raised(self, x: Any, g: Any) -> arb:
        """Return x to the power g, for x >= 0; at zero 1 where g is, and 0 for every other g."""
        x, g = _ball(x), _ball(g)
        if sign_of(g) == 0:
            return arb(1)
        return arb(0) if sign_of(x) == 0 else x**g

    def power(self, x: Any, n: int) -> Any:
        """Return x to an integer power, by multiplication."""
        if n < 0:
            return 1 / self.power(x, -n)
        result = x if n else self.constant(1.0)
        for _ in range(n - 1):
            result = result * x
        return result

    def select(self, condition: bool, a: Any, b: Any) -> Any:
        """Return `a` where the condition holds, else `b`."""
        return a if condition else b

    def lt(self, a: Any, b: Any) -> bool:
        """Certainly a < b, or certainly not."""
        return less(self.real(a), self.real(b))

    def gt(self, a: Any, b: Any) -> bool:
        """Certainly a > b, or certainly not."""
        return less(self.real(b), self.real(a))

    def le(self, a: Any, b: Any) -> bool:
        """Certainly a <= b, or certainly not."""
        return not less(self.real(b), self.real(a))

    def ge(self, a: Any, b: Any) -> bool:
        """Certainly a >= b, or certainly not."""
        return not less(self.real(a), self.real(b))

    def eq(self, a: Any, b: Any) -> bool:
        """Certainly a = b, or certainly not."""
        return equals(self.real(a), self.real(b))

    def two_sum_error(self, a: Any, b: Any) -> Any:
        """Return the rounding error of a + b: none in exact arithmetic."""
        return self.constant(0.0)

    def two_diff_error(self, a: Any, b: Any) -> Any:
        """Return the rounding error of a - b: none in exact arithmetic."""
        return self.constant(0.0)

    def two_prod_error(self, a: Any, b: Any) -> Any:
        """Return the rounding error of a b: none in exact arithmetic."""
        return self.constant(0.0)
