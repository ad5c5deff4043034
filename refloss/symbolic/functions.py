"""Primitives: each carries its value, its derivative and its value at the kink.

SymPy's own ``Max``, ``Min``, ``Abs`` and ``sign`` are kept for values; their derivatives are
rewritten by `kinks` to `Step`, which says what happens at zero. A primitive's ``exact`` method
gives the textbook expression it stands for, used in proofs and in unrolled witnesses.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import expm1
from sympy.core.function import Function

HALF = sp.S.Half


class Stop(Function):
    """``Stop(x)``: value x, derivative 0 (detach, stop_gradient)."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 0: nothing passes."""
        return sp.S.Zero

    def exact(self) -> sp.Expr:
        """Return x."""
        return self.args[0]


class Gate(Function):
    """``Gate(x, g)``: value x, derivative g with g in {0, 1} a run-time constant."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return ``Switch(g)`` for x and 0 for g."""
        return Switch(self.args[1]) if argindex == 1 else sp.S.Zero

    def exact(self) -> sp.Expr:
        """Return x."""
        return self.args[0]


class Switch(Function):
    """``Switch(g)``: the factor g in {0, 1}; a product with it is 0 where g is, whatever else."""

    nargs = 1

    @classmethod
    def eval(cls, g: sp.Expr) -> sp.Expr | None:
        """Decide where g is known."""
        return g if g in (0, 1) else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 0: g is no variable."""
        return sp.S.Zero

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        return self if exponent.is_Integer and exponent.is_positive else None

    def exact(self) -> sp.Expr:
        """Return g."""
        return self.args[0]


class StraightThrough(Function):
    """``StraightThrough(x, y, g)``: value x; derivative that of x where g is 1, of y where it is 0.

    A straight-through estimator: g in {0, 1} is a run-time constant, and with g = 0 the derivative
    of x is never computed, nor is it multiplied by 0.
    """

    nargs = 3

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return ``Switch(g)`` for x, 1 − g for y and 0 for g."""
        g = self.args[2]
        return (Switch(g), 1 - g, sp.S.Zero)[argindex - 1]

    def exact(self) -> sp.Expr:
        """Return x."""
        return self.args[0]


class Step(Function):
    """``Step(x, at0)``: 1 for x > 0, 0 for x < 0, `at0` at 0; derivative 0 almost everywhere."""

    nargs = 2

    @classmethod
    def eval(cls, x: sp.Expr, at0: sp.Expr) -> sp.Expr | None:
        """Decide where the sign is known."""
        if x.is_positive:
            return sp.S.One
        if x.is_negative:
            return sp.S.Zero
        return at0 if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 0: no Dirac delta."""
        return sp.S.Zero

    def exact(self) -> sp.Expr:
        """Return the piecewise constant."""
        x, at0 = self.args
        return sp.Piecewise((1, x > 0), (0, x < 0), (at0, True))


class Relu(Function):
    """``Relu(x)``: max(x, 0), derivative 0 at the kink."""

    nargs = 1

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        """Decide where the sign is known."""
        if x.is_nonnegative:
            return x
        return sp.S.Zero if x.is_nonpositive else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return ``Step(x, 0)``."""
        return Step(self.args[0], sp.S.Zero)

    def exact(self) -> sp.Expr:
        """Return ``Max(x, 0)``."""
        return sp.Max(self.args[0], 0)


class Ratio(Function):
    """``Ratio(n, d, at0)``: n/d; where d = 0 the value is `at0` and the derivative 0."""

    nargs = 3

    @classmethod
    def eval(cls, n: sp.Expr, d: sp.Expr, at0: sp.Expr) -> sp.Expr | None:
        """Divide where the denominator is known not to vanish."""
        if d.is_nonzero:
            return n / d
        return sp.S.Zero if n.is_zero and at0.is_zero else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 1/d and −(n/d)·(1/d): divided twice, for a square may leave the range."""
        n, d, at0 = self.args
        if argindex == 3:
            return sp.S.Zero
        inverse = Ratio(sp.S.One, d, sp.S.Zero)
        return inverse if argindex == 1 else -Ratio(n, d, at0) * inverse

    def exact(self) -> sp.Expr:
        """Return n/d."""
        return self.args[0] / self.args[1]


class Quotient(Function):
    """``Quotient(n, d)``: n/d for a denominator that is guarded and never 0."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 1/d and −(n/d)·(1/d): divided twice, for a square may leave the range."""
        n, d = self.args
        inverse = Quotient(sp.S.One, d)
        return inverse if argindex == 1 else -Quotient(n, d) * inverse

    def exact(self) -> sp.Expr:
        """Return n/d."""
        return self.args[0] / self.args[1]


class AspectAngle(Function):
    """``AspectAngle(w, h, unit, sign)``: atan2(w, h), 0 at (0, 0), with a switchable derivative.

    The derivative is ``sign·(h, −w)/(w² + h²)``, or ``sign·(h, −w)`` where `unit` is 1: published
    code replaces the small denominator by 1, and the paper prints the opposite sign.
    """

    nargs = 4

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return the partial by w or h."""
        w, h, unit, sign = self.args
        if argindex > 2:
            return sp.S.Zero
        return Ratio(sign * (h, -w)[argindex - 1], aspect_norm(w, h, unit), sp.S.Zero)

    def exact(self) -> sp.Expr:
        """Return ``atan2(w, h)``."""
        return sp.atan2(self.args[0], self.args[1])


def aspect_norm(w: sp.Expr, h: sp.Expr, unit: sp.Expr) -> sp.Expr:
    """Return w² + h² where `unit` is 0, and 1 where it is 1."""
    return (1 - unit) * (w * w + h * h) + unit


class TwoDiffError(Function):
    """``TwoDiffError(a, b)``: (a − b) − fl(a − b), exactly; 0 in exact arithmetic."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 0: the error is no function of the reals."""
        return sp.S.Zero

    def exact(self) -> sp.Expr:
        """Return 0."""
        return sp.S.Zero


class TwoSumError(Function):
    """``TwoSumError(a, b)``: (a + b) − fl(a + b), exactly; 0 in exact arithmetic."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 0: the error is no function of the reals."""
        return sp.S.Zero

    def exact(self) -> sp.Expr:
        """Return 0."""
        return sp.S.Zero


class TwoProdError(Function):
    """``TwoProdError(a, b)``: a·b − fl(a·b), exactly short of underflow; 0 in exact arithmetic."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 0: the error is no function of the reals."""
        return sp.S.Zero

    def exact(self) -> sp.Expr:
        """Return 0."""
        return sp.S.Zero


class Rest(Function):
    """``Rest(value)``: what the float nearest to a number lacks; 0 in exact arithmetic."""

    nargs = 1

    def exact(self) -> sp.Expr:
        """Return 0."""
        return sp.S.Zero


class Weighted(Function):
    """``Weighted(g, x)``: g·x, and 0 where g is 0, whatever x; the derivatives are x and g."""

    nargs = 2

    @classmethod
    def eval(cls, g: sp.Expr, x: sp.Expr) -> sp.Expr | None:
        """Decide where g is a number."""
        return g * x if g.is_Number else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return x for g and g for x."""
        g, x = self.args
        return x if argindex == 1 else g

    def exact(self) -> sp.Expr:
        """Return g·x."""
        return self.args[0] * self.args[1]


class Unbounded(Function):
    """``Unbounded(x)``: x, given as a slope that may be infinite; no change times it is 0.

    What a slope multiplies, an adjoint or a tangent, is 0 more often than not: there the product is
    0 as `Weighted` has it, and not 0·∞.
    """

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 1."""
        return sp.S.One

    def exact(self) -> sp.Expr:
        """Return x."""
        return self.args[0]


class Power(Function):
    """``Power(x, g)``: x^g for x >= 0; at x = 0 it is 1 where g = 0, and 0 for every other g.

    The derivative by x is g·x^(g−1), a `Power` again: at x = 0 it is 1 where g = 1 and 0 for every
    other g, also for 0 < g < 1, where the slope has no bound. Losses read it beside a factor that
    vanishes faster.
    """

    nargs = 2

    @classmethod
    def eval(cls, x: sp.Expr, g: sp.Expr) -> sp.Expr | None:
        """Decide where g is 0 or 1."""
        if g.is_zero:
            return sp.S.One
        return x if g == 1 else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return g·x^(g−1) for x, and x^g·log x, 0 where x^g is, for g."""
        x, g = self.args
        if argindex == 2:
            return Weighted(self, sp.log(x))
        return Weighted(g, Power(x, g - 1))

    def exact(self) -> sp.Expr:
        """Return x^g."""
        return self.args[0] ** self.args[1]


class MaxNumber(Function):
    """``MaxNumber(x, y)``: the larger of the two, and y where x is NaN; derivative that of x.

    For an x that is known to be at least y, and whose text may yield NaN where it does not matter.
    """

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 1 for x and 0 for y."""
        return sp.S.One if argindex == 1 else sp.S.Zero

    def exact(self) -> sp.Expr:
        """Return ``Max(x, y)``."""
        return sp.Max(*self.args)


class MaxOver(Function):
    """``MaxOver(expr, j)``: the maximum over axis j; lifted into a statement of its own."""

    nargs = 2


class ArgMaxOver(Function):
    """``ArgMaxOver(expr, j)``: the first maximiser over axis j; lifted into a statement."""

    nargs = 2


class Shared(Function):
    """``Shared(x, y)``: x on the shard of the classes that has class y, and told to all others.

    The derivative is ``Owned(y)``: it passes on the shard that has the class, and on no other.
    """

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return ``Owned(y)`` for x; y is a label."""
        return Owned(self.args[1]) if argindex == 1 else sp.S.Zero

    def exact(self) -> sp.Expr:
        """Return x: a definition knows one shard, which has every class."""
        return self.args[0]


class Owned(Function):
    """``Owned(y)``: 1 where class y is at hand, 0 where another shard has it."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 0: y is a label."""
        return sp.S.Zero

    def exact(self) -> sp.Expr:
        """Return 1."""
        return sp.S.One


class Scaled(Function):
    """``Scaled(m, f, d)``: m·f/d of a matrix and numbers or vectors, 0 where d = 0.

    It is within the format of m wherever m·f/d is, whatever f/d is.
    """

    nargs = 3

    def exact(self) -> sp.Expr:
        """Return m·f/d, a quotient that is 0 where d is."""
        m, f, d = self.args
        return m * f if d == 1 else Ratio(m * f, d, sp.S.Zero)


class LogSumExpOver(Function):
    """``LogSumExpOver(expr, j)``: log of the sum of exponentials over axis j, without overflow.

    Lifted into a statement of its own, whose derivative is a form that its author gives.
    """

    nargs = 2


class NormOver(Function):
    """``NormOver(expr, j)``: the Euclidean norm over axis j, without overflow or underflow.

    Lifted into a statement of its own, whose derivative is a form that its author gives.
    """

    nargs = 2


PRIMITIVES = (
    Stop,
    Gate,
    Switch,
    StraightThrough,
    Step,
    Relu,
    Ratio,
    Quotient,
    AspectAngle,
    TwoSumError,
    TwoDiffError,
    TwoProdError,
    Rest,
    Unbounded,
    Weighted,
    Power,
    MaxNumber,
    Shared,
    Owned,
)


def to_exact(expr: sp.Expr) -> sp.Expr:
    """Replace every primitive by the textbook expression that it stands for."""
    for primitive in PRIMITIVES:
        expr = expr.replace(primitive, lambda *args, f=primitive: f(*args, evaluate=False).exact())
    return expr.replace(expm1, lambda x: sp.exp(x) - 1)


def kinks(expr: sp.Expr) -> sp.Expr:
    """Name the value at the kink of what SymPy's ``diff`` returns.

    ``Heaviside`` comes from ``Max`` and ``Min``: an even split at ties, as torch and JAX take it.
    ``sign`` comes from ``Abs``: 0 at 0, the minimum-norm subgradient.
    """
    expr = expr.replace(sp.Heaviside, lambda x, *_: Step(x, HALF))
    return expr.replace(sp.sign, lambda x: 2 * Step(x, HALF) - 1)
