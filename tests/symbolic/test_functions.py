"""Primitives: value, derivative and value at the kink, each checked on its own."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from refloss.symbolic import calculus, program
from refloss.symbolic.build import Build
from refloss.symbolic.functions import (
    AspectAngle,
    Gate,
    MaxNumber,
    Power,
    Quotient,
    Ratio,
    Relu,
    Step,
    Stop,
    Switch,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
    Weighted,
    aspect_norm,
    kinks,
    to_exact,
)

from .execution import compiled

x, y, g = sp.symbols("x y g", real=True)
p, q = sp.symbols("p q", positive=True)
nonneg, nonpos = sp.Symbol("n", nonnegative=True), sp.Symbol("m", nonpositive=True)
HALF = sp.S.Half


@pytest.mark.parametrize(
    ("call", "wrt", "derivative"),
    [
        (Stop(x**2), x, 0),
        (Gate(x**2, g), x, 2 * Switch(g) * x),
        (Switch(g), g, 0),
        (Gate(x, g), g, 0),
        (Step(x, HALF), x, 0),
        (Relu(x**3), x, 3 * x**2 * Step(x**3, 0)),
        (Ratio(x, y, 0), x, Ratio(1, y, 0)),
        (Ratio(x, y, 0), y, -Ratio(x, y, 0) * Ratio(1, y, 0)),
        (Ratio(x, y, g), g, 0),
        (Quotient(x, y), x, Quotient(1, y)),
        (Quotient(x, y), y, -Quotient(x, y) * Quotient(1, y)),
        (AspectAngle(x, y, 0, 1), x, Ratio(y, x**2 + y**2, 0)),
        (AspectAngle(x, y, 0, 1), y, Ratio(-x, x**2 + y**2, 0)),
        (AspectAngle(x, y, g, 1), g, 0),
        (TwoSumError(x, y), y, 0),
        (TwoDiffError(x, y), x, 0),
        (TwoProdError(x, y), y, 0),
        (Weighted(x, y), x, y),
        (Weighted(x, y), y, x),
        (Weighted(x**2, y**3), y, 3 * x**2 * y**2),
        (Power(x, g), x, Weighted(g, Power(x, g - 1))),
        (Power(x**2, 3), x, 6 * x * Power(x**2, 2)),
        (Power(x, g), g, Weighted(Power(x, g), sp.log(x))),
        (MaxNumber(x**2, y), x, 2 * x),
        (MaxNumber(x, y), y, 0),
    ],
    ids=str,
)
def test_derivative(call, wrt, derivative):
    assert sp.diff(call, wrt) == derivative


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (Stop(x + 1), x + 1),
        (Gate(x + 1, g), x + 1),
        (Relu(x), sp.Max(x, 0)),
        (Switch(g), g),
        (Ratio(x, y, 5), x / y),
        (Quotient(x, y), x / y),
        (AspectAngle(x, y, 1, -1), sp.atan2(x, y)),
        (TwoSumError(x, y), 0),
        (TwoDiffError(x, y), 0),
        (TwoProdError(x, y), 0),
        (Weighted(x, y), x * y),
        (Power(x, y), x**y),
        (MaxNumber(x, y), sp.Max(x, y)),
        (Ratio(Relu(x), Stop(y), 0) + TwoDiffError(x, y), sp.Max(x, 0) / y),
        (Weighted(x, MaxNumber(TwoDiffError(x, y), -1)), 0),
    ],
    ids=str,
)
def test_exact_is_the_textbook_expression(call, value):
    assert to_exact(call) == value


@pytest.mark.parametrize(("at", "value"), [(3, 1), (-3, 0), (0, sp.Rational(1, 3))])
def test_step_is_exact_on_each_side_and_at_zero(at, value):
    assert to_exact(Step(x, sp.Rational(1, 3))).subs(x, at) == value
    assert Step(sp.Integer(at), sp.Rational(1, 3)) == value


@pytest.mark.parametrize(
    ("call", "decided"),
    [
        (Switch(sp.S.Zero), 0),
        (Switch(sp.S.One), 1),
        (Switch(g) ** 2, Switch(g)),
        (Step(p, g), 1),
        (Step(-p, g), 0),
        (Step(sp.S.Zero, g), g),
        (Relu(nonneg), nonneg),
        (Relu(nonpos), 0),
        (Relu(-p), 0),
        (Ratio(x, p, 7), x / p),
        (Ratio(0, y, 0), 0),
        (Power(x, sp.S.Zero), 1),
        (Power(x, sp.S.One), x),
        (Weighted(sp.S.Zero, y), 0),
        (Weighted(sp.Integer(3), y), 3 * y),
    ],
    ids=str,
)
def test_decisions_that_the_signs_allow(call, decided):
    assert call == decided


@pytest.mark.parametrize(
    "call",
    [
        Step(x, HALF),
        Step(nonneg, HALF),
        Relu(x),
        Ratio(x, y, 0),
        Ratio(x, nonneg, 0),
        Ratio(0, y, 1),
        Ratio(x, sp.S.Zero, 1),
        Power(p, x),
        Power(x, p),
        Weighted(p, x),
        Weighted(x, sp.S.Zero),
        MaxNumber(p, sp.S.Zero),
    ],
    ids=str,
)
def test_what_may_be_a_kink_stays(call):
    assert isinstance(call, (Step, Relu, Ratio, Power, Weighted, MaxNumber))


def test_kinks_split_evenly_at_ties():
    assert kinks(sp.diff(sp.Max(x, y), x)) == Step(x - y, HALF)
    assert kinks(sp.diff(sp.Min(x, y), x)) == Step(y - x, HALF)


def test_kink_of_abs_is_zero():
    slope = kinks(sp.diff(sp.Abs(x), x))
    assert slope == 2 * Step(x, HALF) - 1
    assert [to_exact(slope).subs(x, at) for at in (-2, 0, 2)] == [-1, 0, 1]


@pytest.mark.parametrize("outer", [lambda e: e, lambda e: sp.exp(e) * y, lambda e: e**2 + e])
def test_no_undefined_value_survives_kinks(outer):
    slope = kinks(sp.diff(outer(sp.Max(x, y) + sp.Abs(x)), x))
    assert not slope.has(sp.Heaviside, sp.sign, sp.DiracDelta, sp.Derivative)


def test_the_kink_of_relu_differs_from_that_of_max():
    """Touching boxes: relu passes nothing at 0, a maximum with 0 would pass half."""
    relu, maximum = (kinks(sp.diff(f, x)) for f in (Relu(x), sp.Max(x, 0)))
    assert [to_exact(s).subs(x, 0) for s in (relu, maximum)] == [0, HALF]


W, H = sp.Symbol("W", real=True), sp.Symbol("H", real=True)
UNIT = sp.Symbol("unit", real=True)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("unit", "norm"), [(0, 9 + 16), (1, 1)])
def test_switches_of_the_aspect_angle(unit, norm, sign):
    angle = AspectAngle(W, H, unit, sign)
    at = {W: 3, H: 4}
    assert to_exact(sp.diff(angle, W)).subs(at) == sp.Rational(sign * 4, norm)
    assert to_exact(sp.diff(angle, H)).subs(at) == sp.Rational(-sign * 3, norm)
    assert to_exact(angle).subs(at) == sp.atan2(3, 4)


def test_without_switches_the_aspect_derivative_is_that_of_atan2():
    angle = AspectAngle(p, q, 0, 1)
    for side in (p, q):
        assert sp.simplify(to_exact(sp.diff(angle, side)) - sp.diff(sp.atan2(p, q), side)) == 0


def test_a_point_has_a_zero_aspect_derivative():
    slope = sp.diff(AspectAngle(W, H, 0, 1), W)
    assert slope == Ratio(H, W**2 + H**2, 0)
    assert slope.subs({W: 0, H: 0}) == 0


def test_aspect_norm_switches():
    assert aspect_norm(W, H, sp.S.Zero) == W * W + H * H
    assert aspect_norm(W, H, sp.S.One) == 1


def test_second_derivative_of_ratio_stays_within_primitives():
    twice = sp.diff(sp.diff(Ratio(x, y, 0), y), y)
    assert not twice.has(sp.Derivative, sp.Subs)
    assert sp.simplify(to_exact(twice) - 2 * x / y**3) == 0


@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_of_a_power_are_powers(order):
    derived = sp.diff(Power(p, g), p, order)
    assert not derived.has(sp.Derivative, sp.Subs, sp.log)
    assert sp.simplify(to_exact(derived) - sp.diff(p**g, p, order)) == 0


@pytest.mark.parametrize(("power", "slopes"), [(0, (1, 0, 0)), (1, (0, 1, 0)), (2, (0, 0, 2))])
def test_a_power_at_zero_has_the_value_and_slopes_of_the_polynomial(power, slopes):
    assert _powers_at_zero(power) == slopes


@pytest.mark.parametrize("power", [0.25, 0.5, 1.5, 2.5, 5.0])
def test_a_power_at_zero_is_finite_where_its_slope_has_no_bound(power):
    assert _powers_at_zero(power) == (0, 0, 0)


def _powers_at_zero(power):
    """Value, slope and curvature at 0, by the text that kernels are made of."""
    P = Build("powers")
    items = program.axis("b", "B")
    v, k = P.real("v", items), P.const("k")
    at = sp.Symbol("at", real=True)
    for order in range(3):
        derived = sp.diff(Power(at, k), at, order).subs(at, v[items])
        P.let(f"order{order}", [items], derived)
    built = P.finish(*(f"order{order}" for order in range(3)))
    found = compiled(built)["value"](np.zeros(1), float(power))
    return tuple(float(np.broadcast_to(one, (1,))[0]) for one in found)


def test_partial_holds_every_other_read():
    base = sp.IndexedBase("v", shape=(sp.Symbol("B", integer=True, positive=True),), real=True)
    i = sp.Idx("i", sp.Symbol("B", integer=True, positive=True))
    j = sp.Idx("j", sp.Symbol("B", integer=True, positive=True))
    assert calculus.partial(base[i] ** 2 * base[j], base[i]) == 2 * base[i] * base[j]


def test_the_witness_agrees_at_the_kinks():
    """Unrolled programs rely on the same values: one function a primitive."""
    from . import unrolled

    zero, third = mp.mpf(0), mp.mpf(1) / 3
    assert unrolled.FUNCTIONS[Step](zero, third) == third
    assert unrolled.FUNCTIONS[Ratio](mp.mpf(2), zero, third) == third
    assert unrolled.FUNCTIONS[AspectAngle](zero, zero, 0, 1) == 0
    assert unrolled.FUNCTIONS[Weighted](zero, mp.inf) == 0
    assert unrolled.FUNCTIONS[MaxNumber](zero, -third) == 0
    assert [unrolled.FUNCTIONS[Power](zero, e) for e in (0, third, -third)] == [1, 0, 0]
