"""Functions of a difference that lose digits as the textbooks write them.

`RULES` proves the stable bodies and the derivative forms equal to the plain ones.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import HALF, Ratio, Step
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.elements import Elements

__all__ = ["RULES", "log_cosh", "parabola"]

_d = sp.Symbol("d", real=True)
_w = sp.Symbol("width", positive=True)
_u = expm1(-_d)
_cosh, _tanh = sp.log(sp.cosh(_d).rewrite(sp.exp)), sp.tanh(_d).rewrite(sp.exp)

RULES = (
    Rule(
        "slope of a parabola with a width",
        sp.diff(_d * _d / _w / 2, _d),
        _d / _w,
        "one quotient, which the value has already",
    ),
    Rule(
        "log cosh near 0",
        _cosh,
        log1p(_u**2 / (1 + _u) / 2),
        "cosh d - 1 = e^d (e^-d - 1)^2/2: nothing cancels, and the sum is log1p's",
        ({},),
        "constant",
        {_d: 0},
    ),
    Rule(
        "log cosh far from 0",
        _cosh,
        _d + (log1p(sp.exp(-2 * _d)) - sp.log(2)),
        "no overflow; from d = 1 on the terms cancel by less than a factor of 3",
        ({},),
        "constant",
        {_d: 0},
    ),
    Rule(
        "tanh from expm1",
        _tanh,
        -_u * (2 + _u) / (1 + (1 + _u) ** 2),
        "a product and a quotient of numbers that do not cancel: -1 <= u <= 0",
    ),
    Rule(
        "derivative of tanh",
        1 - sp.tanh(_d).rewrite(sp.exp) ** 2,
        (2 * sp.exp(-_d) / (1 + sp.exp(-_d) ** 2)) ** 2,
        "1 - tanh^2 has no digits where tanh is 1",
    ),
)


@Vocabulary
def parabola(P: Build, a: Elements) -> None:
    """Name ``inner``, half the square of ``d`` over ``width``; 0 where that is 0."""
    a.let("steep", Ratio(a.d, a.width, 0), "slope of the parabola")
    a.let("inner", a.d * a.steep / 2)


@parabola.when_stable
def _(P: Build, a: Elements) -> None:
    within = sp.Abs(a.d) < a.width
    a.let("held", sp.Piecewise((a.d, within), (0, True)), "0 beyond the parabola: no overflow")
    a.let("steep", Ratio(a.held, a.width, 0), "slope of the parabola")
    a.let("inner", a.d * a.steep / 2)
    a.partials("inner", {a.d: a.steep})


@Vocabulary
def log_cosh(P: Build, a: Elements) -> None:
    """Name ``bend``, the logarithm of the hyperbolic cosine of ``d``."""
    reach = a.let("reach", sp.Abs(a.d))
    a.let("bend", reach + sp.log((1 + sp.exp(-2 * reach)) / 2), "log cosh d")


@log_cosh.when_stable
def _(P: Build, a: Elements) -> None:
    ln2 = P.number("ln2", sp.log(2))
    reach = a.let("reach", sp.Abs(a.d))
    sign = a.let("sign", 2 * Step(a.d, HALF) - 1)
    u = a.let("fall", expm1(-reach), "from -1 to 0")
    near = reach <= 1
    a.let("close", u * u / (1 + u) / 2, "cosh d less 1")
    a.let("excess", sp.Piecewise((a.close, near), ((1 + u) * (1 + u), True)))
    a.let("far", sp.Piecewise((0, near), (reach - ln2, True)))
    a.let("bend", log1p(a.excess) + a.far, "log cosh d: terms >= 0")
    slope = a.let("slope", -sign * u * (2 + u) / (1 + (1 + u) * (1 + u)), "tanh d")
    left = a.let("left", sp.exp(-reach), "with its digits where 1 + u has none")
    a.partials("slope", {a.d: (2 * left / (1 + left * left)) ** 2})
    a.partials("bend", {a.d: slope})
