"""The arithmetic of kernel texts over hyper-dual numbers: Hessian-vector products.

The inner derivative is the gradient that a loss returns, conventions included. With `every_order`
the outer one obeys the same conventions: what is detached stays detached, as when PyTorch or JAX
differentiate twice. Without it the outer derivative is the true directional derivative of the
gradient field, in which a detached factor varies.
"""

from __future__ import annotations

from typing import Any

from flint import arb, arb_series

from crossval.oracles.arithmetic_exact import Angle, sign_of
from crossval.oracles.arithmetic_jets import TaylorJets, jet, small_exp, small_log
from crossval.oracles.ties import Ties

__all__ = ["Dual", "HyperDuals"]


def _series(x: Any) -> arb_series:
    return x if isinstance(x, arb_series) else jet(x)


class Dual:
    """A Taylor jet and its derivative along the outer direction, again a jet.

    Parameters
    ----------
    re, du : arb_series
        ``re`` is x + x' e; ``du`` is the outer derivative of both terms.
    """

    __slots__ = ("du", "re")

    def __init__(self, re: arb_series, du: arb_series):
        self.re, self.du = re, du

    def __getitem__(self, index: int) -> arb:
        return self.re[index]

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Angle):
            other = other.value
        if isinstance(other, Dual):
            return Dual(self.re + other.re, self.du + other.du)
        return Dual(self.re + other, self.du)

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return Dual(-self.re, -self.du)

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Angle):
            other = other.value
        if isinstance(other, Dual):
            return Dual(self.re * other.re, self.re * other.du + self.du * other.re)
        return Dual(self.re * other, self.du * other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Angle):
            other = other.value
        if isinstance(other, Dual):
            quotient = self.re / other.re
            return Dual(quotient, (self.du - quotient * other.du) / other.re)
        return Dual(self.re / other, self.du / other)

    def __rtruediv__(self, other: Any) -> Any:
        return Dual(_series(other), jet(0)) / self


class HyperDuals(TaylorJets):
    """Values, gradients as returned, and the outer derivative of both; elements are `Dual`.

    Parameters
    ----------
    ties, undefined
        As for `TaylorJets`.
    every_order : bool
        Whether detachment and prescribed derivatives hold in the outer derivative too.
    """

    def __init__(self, ties: Ties, undefined: arb, every_order: bool = False):
        super().__init__(ties, undefined)
        self.every_order = every_order

    def variable(self, x: arb, slope: float, outer: Any = 0) -> Dual:
        """Return an input at `x` with inner slope `slope` and outer slope `outer`."""
        return Dual(jet(x, slope), jet(outer))

    def constant(self, x: Any) -> Dual:
        """Return a number that does not vary."""
        return Dual(jet(x), jet(0))

    def _of_any_slope(self, value: arb) -> Any:
        return Dual(super()._of_any_slope(value), jet(arb("nan"), arb("nan")))

    def lift(self, x: Any) -> Dual:
        """Return an element, float or angle as an element."""
        if isinstance(x, Dual):
            return x
        return x.value if isinstance(x, Angle) else self.constant(x)

    def _unsmooth(self, value: Any) -> Dual:
        self.met_undefined = True
        return Dual(jet(value, self.undefined), jet(self.undefined, self.undefined))

    def stop(self, x: Any) -> Dual:
        """Return the value of x, whose inner derivative is dropped."""
        x = self.lift(x)
        return Dual(jet(x.re[0]), jet(0 if self.every_order else x.du[0]))

    def _scale(self, x: Any, factor: arb) -> Dual:
        x = self.lift(x)
        moves = factor * x.du[0] if self.every_order else x.du[0]
        return Dual(jet(x.re[0], factor * x.re[1]), jet(moves, factor * x.du[1]))

    def straight_through(self, x: Any, y: Any, g: Any) -> Dual:
        """Return the value of x, whose inner derivative is that of y if g is 0."""
        x, y = self.lift(x), self.lift(y)
        if self.real(g) != 0:
            return x
        moves = y.du[0] if self.every_order else x.du[0]
        return Dual(jet(x.re[0], y.re[1]), jet(moves, y.du[1]))

    def weighted(self, g: Any, x: Any) -> Any:
        """Return g x; where g is zero it is 0, and moves with g alone, if g moves."""
        g, x = self.lift(g), self.lift(x)
        if sign_of(g[0]) != 0:
            return g * x
        inner, outer = g.re[1], g.du[0]
        both = _product(g.du[1], x[0]) + _product(inner, x.du[0]) + _product(outer, x.re[1])
        return Dual(jet(0, _product(inner, x[0])), jet(_product(outer, x[0]), both))

    def raised(self, x: Any, g: Any) -> Dual:
        """Return x to the power g, which does not vary; at zero 0 < g < 2 but 1 is not smooth."""
        x, exponent = self.lift(x), self.real(g)
        if exponent == 0:
            return self.constant(1)
        if exponent == 1:
            return x
        still = all(move == 0 for move in (x.re[1], x.du[0], x.du[1]))
        if sign_of(x[0]) == 0 and sign_of(exponent - 2) < 0 and not still:
            return self._unsmooth(0)
        inner = TaylorJets(self.ties, self.undefined)
        slope = exponent * inner.raised(x.re, exponent - 1)
        return Dual(inner.raised(x.re, exponent), slope * x.du)

    def aspect(self, w: Any, h: Any, unit: Any, sign: Any) -> Any:
        """atan2(w, h): inner derivative by convention, outer derivative the true one of both."""
        w, h = self.lift(w), self.lift(h)
        if w[0] == 0 and h[0] == 0:
            return self._unsmooth(0)
        # Numbers here are pairs (x, outer derivative of x).
        wide, high = _outer(w, 0), _outer(h, 0)
        turn = self.real(sign) * (high * _outer(w, 1) - wide * _outer(h, 1))
        square = wide * wide + high * high
        scale = jet(1) if self.real(unit) != 0 else square
        slope = turn / scale
        moves = high[0] * wide[1] - wide[0] * high[1]
        moves = self.real(sign) * moves / scale[0] if self.every_order else moves / square[0]
        angle = Dual(jet(arb.atan2(w[0], h[0]), slope[0]), jet(moves, slope[1]))
        return Angle(angle, (w[0], h[0]), self._recentre)

    def _recentre(self, x: Dual, value: arb) -> Dual:
        return Dual(jet(value, x.re[1]), x.du)

    def atan2(self, y: Any, x: Any) -> Any:
        """Angle of the point (x, y)."""
        angle = self.aspect(y, x, 0, 1)
        return angle.value if isinstance(angle, Angle) else angle

    def log(self, x: Any) -> Dual:
        """Natural logarithm; at zero minus infinity, with an undefined derivative."""
        if self.real(x) == 0:
            return self._unsmooth(arb("-inf"))
        x = self.lift(x)
        return Dual(x.re.log(), x.du / x.re)

    def log1p(self, x: Any) -> Dual:
        """log(1 + x), of all digits of a small x; at -1 as the logarithm at 0."""
        x = self.lift(x)
        if x[0] == -1:
            return self._unsmooth(arb("-inf"))
        return Dual(small_log(x.re), x.du / (1 + x.re))

    def expm1(self, x: Any) -> Dual:
        """exp(x) - 1, of all digits of a small x."""
        x = self.lift(x)
        return Dual(small_exp(x.re), x.re.exp() * x.du)

    def exp(self, x: Any) -> Dual:
        """Exponential."""
        x = self.lift(x)
        value = x.re.exp()
        return Dual(value, value * x.du)

    def sqrt(self, x: Any) -> Dual:
        """Square root; at zero the derivative is undefined."""
        if sign_of(self.real(x)) == 0:
            return self._unsmooth(0)
        x = self.lift(x)
        root = x.re.sqrt()
        return Dual(root, x.du / (2 * root))

    def cos(self, x: Any) -> Dual:
        """Cosine."""
        x = self.lift(x)
        return Dual(x.re.cos(), -x.re.sin() * x.du)

    def sin(self, x: Any) -> Dual:
        """Sine."""
        x = self.lift(x)
        return Dual(x.re.sin(), x.re.cos() * x.du)


def _outer(x: Dual, index: int) -> arb_series:
    """One coefficient of the inner jet as a series in the outer direction."""
    return jet(x.re[index], x.du[index])


def _product(rate: arb, value: arb) -> arb:
    """Return rate times value, and 0 for a rate of zero, whatever the value."""
    return arb(0) if rate == 0 else rate * value
