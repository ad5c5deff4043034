"""The arithmetic of kernel texts over Taylor jets: a gradient from the plain forward alone.

An element is a power series x + x' e in exact balls; evaluating a text on inputs that vary along
one direction gives the derivative along it.  No derivative rule of refloss takes part, so that a
mistake in its calculus cannot agree with itself.
"""

from __future__ import annotations

from typing import Any

from flint import arb, arb_series

from crossval.oracles.arithmetic_exact import Angle, ExactBalls, sign_of
from crossval.oracles.ties import Ties, Undecided

__all__ = ["TaylorJets", "jet", "small_exp", "small_log"]


def jet(value: Any, slope: Any = 0) -> arb_series:
    """Return the series value + slope e, truncated behind the slope."""
    return arb_series([value, slope], prec=2)


def small_log(x: arb_series) -> arb_series:
    """Return log(1 + x)."""
    return jet(x[0].log1p(), x[1] / (1 + x[0]))


def small_exp(x: arb_series) -> arb_series:
    """Return exp(x) - 1."""
    return jet(x[0].expm1(), x[1] * x[0].exp())


class TaylorJets(ExactBalls):
    """Values with the derivative along one direction; elements are `flint.arb_series`.

    Parameters
    ----------
    ties : Ties
        Resolution of comparisons between exactly equal numbers.
    undefined : arb
        Derivative where none exists (a quotient 0/0, a jump met exactly).  0 is the convention;
        NaN shows whether such a derivative reaches the result: a factor that vanishes to first
        order settles it, because the undefined quantities of a loss are bounded.

    Attributes
    ----------
    met_undefined : bool
        Whether the evaluation used `undefined`.
    """

    def __init__(self, ties: Ties, undefined: arb):
        self.ties = ties
        self.undefined = undefined
        self.met_undefined = False

    def variable(self, x: arb, slope: float) -> arb_series:
        """Return an input at `x` that moves with `slope`."""
        return jet(x, slope)

    def real(self, x: Any) -> arb:
        """Return the constant term."""
        return x[0] if type(x) is arb_series else self.lift(x)[0]

    def constant(self, x: Any) -> Any:
        """Return a number that does not vary."""
        return jet(x)

    def rational(self, p: int, q: int) -> Any:
        """Return the quotient p/q."""
        return self.constant(super().rational(p, q))

    def pi(self) -> Any:
        """Return the circle constant."""
        return self.constant(super().pi())

    def lift(self, x: Any) -> Any:
        """Return an element, float or angle as an element."""
        if isinstance(x, arb_series):
            return x
        return x.value if isinstance(x, Angle) else self.constant(x)

    def _unsmooth(self, value: Any) -> Any:
        """Return a value whose derivative is undefined."""
        self.met_undefined = True
        return jet(value, self.undefined)

    def _of_any_slope(self, value: arb) -> Any:
        return jet(value, arb("nan"))

    def _greater(self, a: Any, b: Any) -> bool:
        """Whether a > b; a tie is resolved, an overlap of inexact balls is undecided."""
        if a is b:
            return True
        p, q = self.real(a), self.real(b)
        if p > q:
            return True
        if p < q:
            return False
        if p == q:
            return self.ties.greater(a, b)
        raise Undecided

    def max(self, a: Any, b: Any) -> Any:
        """Return the greater of two; a tie follows `ties`."""
        return self.lift(a if self._greater(a, b) else b)

    def min(self, a: Any, b: Any) -> Any:
        """Return the smaller of two; a tie follows `ties`."""
        return self.lift(b if self._greater(a, b) else a)

    def _positive(self, x: Any) -> bool:
        sign = sign_of(self.real(x))
        return self.ties.greater(x, None) if sign == 0 else sign > 0

    def relu(self, x: Any) -> Any:
        """max(x, 0); at zero either branch."""
        return self.lift(x) if self._positive(x) else self.constant(0)

    def abs(self, x: Any) -> Any:
        """|x|; at zero either branch."""
        return self.lift(x) if self._positive(x) else -self.lift(x)

    def step(self, x: Any, at0: Any) -> Any:
        """1 above zero, 0 below; at zero `at0`, with an undefined derivative."""
        sign = sign_of(self.real(x))
        return self._unsmooth(self.real(at0)) if sign == 0 else self.constant(sign > 0)

    def ratio(self, n: Any, d: Any, at0: Any) -> Any:
        """n/d; where d is zero `at0`, with an undefined derivative."""
        if sign_of(self.real(d)) == 0:
            return self._unsmooth(self.real(at0))
        return self.lift(n) / self.lift(d)

    def weighted(self, g: Any, x: Any) -> Any:
        """Return g x; where g is zero it is 0, and moves with g alone, if g moves."""
        g, x = self.lift(g), self.lift(x)
        if sign_of(g[0]) != 0:
            return g * x
        return jet(0, g[1] * x[0] if g[1] != 0 else 0)

    def raised(self, x: Any, g: Any) -> Any:
        """Return x to the power g, which does not vary; at zero 0 < g < 1 has no derivative."""
        x, exponent = self.lift(x), self.real(g)
        value = super().raised(x[0], exponent)
        if exponent == 0 or x[1] == 0:
            return jet(value)
        if exponent == 1:
            return x
        if sign_of(x[0]) == 0 and sign_of(exponent - 1) < 0:
            return self._unsmooth(value)
        return jet(value, exponent * super().raised(x[0], exponent - 1) * x[1])

    def stop(self, x: Any) -> Any:
        """Return the value of x, held constant."""
        return self.constant(self.real(x))

    def gate(self, x: Any, g: Any) -> Any:
        """Return the value of x, with g times its derivative."""
        factor = self.real(g)
        # Dropping is not multiplying by zero: an undefined derivative must vanish too.
        return self.stop(x) if factor == 0 else self._scale(x, factor)

    def straight_through(self, x: Any, y: Any, g: Any) -> Any:
        """Return the value of x, with its derivative, or that of y if g is 0."""
        return x if self.real(g) != 0 else jet(self.real(x), self.lift(y)[1])

    def _scale(self, x: Any, factor: arb) -> Any:
        x = self.lift(x)
        return jet(x[0], factor * x[1])

    def aspect(self, w: Any, h: Any, unit: Any, sign: Any) -> Any:
        """atan2(w, h) with the derivative field that the convention prescribes.

        The field is sign (h dw - w dh) / (w^2 + h^2), or without the denominator if `unit`; at
        the origin the angle is 0 and the derivative undefined.
        """
        w, h = self.lift(w), self.lift(h)
        if w[0] == 0 and h[0] == 0:
            return self._unsmooth(0)
        turn = self.real(sign) * (h[0] * w[1] - w[0] * h[1])
        slope = turn if self.real(unit) != 0 else turn / (w[0] * w[0] + h[0] * h[0])
        return Angle(jet(arb.atan2(w[0], h[0]), slope), (w[0], h[0]), self._recentre)

    def _recentre(self, x: Any, value: arb) -> Any:
        return jet(value, x[1])

    def atan2(self, y: Any, x: Any) -> Any:
        """Angle of the point (x, y)."""
        y, x = self.lift(y), self.lift(x)
        if y[0] == 0 and x[0] == 0:
            return self._unsmooth(0)
        turn = x[0] * y[1] - y[0] * x[1]
        return jet(arb.atan2(y[0], x[0]), turn / (x[0] * x[0] + y[0] * y[0]))

    def log(self, x: Any) -> Any:
        """Natural logarithm; at zero minus infinity, with an undefined derivative."""
        if self.real(x) == 0:
            return self._unsmooth(arb("-inf"))
        return self.lift(x).log()

    def log1p(self, x: Any) -> Any:
        """log(1 + x), of all digits of a small x; at -1 as the logarithm at 0."""
        x = self.lift(x)
        if x[0] == -1:
            return self._unsmooth(arb("-inf"))
        return small_log(x)

    def exp(self, x: Any) -> Any:
        """Exponential."""
        return self.lift(x).exp()

    def expm1(self, x: Any) -> Any:
        """exp(x) - 1, of all digits of a small x."""
        return small_exp(self.lift(x))

    def sqrt(self, x: Any) -> Any:
        """Square root; at zero the derivative is undefined."""
        return self._unsmooth(0) if self.real(x) == 0 else self.lift(x).sqrt()

    def cos(self, x: Any) -> Any:
        """Cosine."""
        return self.lift(x).cos()

    def sin(self, x: Any) -> Any:
        """Sine."""
        return self.lift(x).sin()
