"""Text over an arithmetic F: run in exact balls it encloses the witness."""

import ast
from pathlib import Path

import mpmath as mp
import pytest
import sympy as sp
from flint import arb
from sympy.codegen.cfunctions import log1p

from crossval.oracles.arithmetic_exact import ExactBalls, precision
from crossval.oracles.arithmetic_float import FloatBalls
from refloss.symbolic import emit
from refloss.symbolic.build import Build
from refloss.symbolic.functions import (
    AspectAngle,
    Gate,
    Ratio,
    Relu,
    Step,
    Stop,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
)
from refloss.symbolic.printers import arithmetic_text
from refloss.symbolic.program import axis

from .. import unrolled
from ..execution import drawn

ROOT = Path(__file__).parents[3]
COMMITTED = sorted(
    path for kind in ("arb", "balls") for path in (ROOT / "refloss/kernels" / kind).glob("*.py")
)
b = axis("b", "B")
HALF = sp.S.Half
BITS = 250
TIGHT = mp.mpf(10) ** -45


def written(expr):
    P = Build("written")
    u, v = P.real("u", b), P.real("v", b)
    k, scale = P.const("k"), P.number("scale", 4 / sp.pi**2)
    P.let("out", [b], expr(u[b], v[b], k, scale))
    return P.finish("out")


def run(text, name, *arguments):
    scope: dict = {}
    exec(text, scope)
    return scope[name](ExactBalls(), *arguments)


CALLS = {
    "sums and products": (lambda u, v, k, s: 1 - u * v + k, "1 - u*v + k"),
    "rational": (lambda u, v, k, s: u / 3 - sp.Rational(2, 7) * v, None),
    "half": (lambda u, v, k, s: HALF * u, "F.rational(1, 2)*u"),
    "powers": (lambda u, v, k, s: u**3 / v**2, "(u*u*u)/(v*v)"),
    "constant": (lambda u, v, k, s: s * u, "scale*u"),
    "max, min": (lambda u, v, k, s: sp.Max(u, v, 0) - sp.Min(u, v), None),
    "relu": (lambda u, v, k, s: Relu(-u) + Relu(u), "F.relu(-u) + F.relu(u)"),
    "abs": (lambda u, v, k, s: sp.Abs(u - v), "F.abs(u - v)"),
    "step": (lambda u, v, k, s: Step(u - v, HALF), "F.step(u - v, F.rational(1, 2))"),
    "ratio": (lambda u, v, k, s: Ratio(u, v, 0) + Ratio(u, v - v * k, 3), None),
    "gate": (lambda u, v, k, s: Gate(u, k) + Stop(v), "F.gate(u, k) + F.stop(v)"),
    "aspect": (lambda u, v, k, s: AspectAngle(u, v, k, 1) * 2, "2*F.aspect(u, v, k, 1)"),
    "errors": (
        lambda u, v, k, s: u + TwoDiffError(u, v) - TwoProdError(u, v) - TwoSumError(u, v),
        "F.two_diff_error(u, v) + u - F.two_prod_error(u, v) - F.two_sum_error(u, v)",
    ),
    "logarithms": (lambda u, v, k, s: sp.log(u * u) + log1p(v * v) + sp.exp(-u), None),
    "root": (lambda u, v, k, s: u / sp.sqrt(v * v + 1), "u/F.sqrt(1 + v*v)"),
    "atan2": (lambda u, v, k, s: sp.atan2(u, v), "F.atan2(u, v)"),
    "pieces": (
        lambda u, v, k, s: sp.Piecewise((u, u < v), (v, True)),
        "F.select(F.lt(u, v), u, v)",
    ),
    "other pieces": (
        lambda u, v, k, s: sp.Piecewise((u, sp.Eq(u, v)), (k, u >= v), (-v, True)),
        "F.select(F.eq(u, v), u, F.select(F.ge(u, v), k, -v))",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_statements(name):
    """The printed statement, in balls, holds the witness's 50 digits and is as sharp."""
    expr, text = CALLS[name]
    program = written(expr)
    if text is not None:
        assert arithmetic_text.ArithmeticExpression()(program.lets[-1].expr) == text
    printed = arithmetic_text.function("value", program, "Doc.")
    for seed in range(4):
        inputs = {t.name: drawn(t, {"B": 1}, seed) for t in program.inputs}
        with precision(BITS):
            balls = [arb(float(inputs[t.name][0,])) for t in program.inputs]
            found = arb(0) + run(printed, "value", *balls, arb(1))
            exact = unrolled.evaluate(program, inputs, {"k": 1.0}, {"B": 1})["out"][0,]
            middle = mp.mpf(found.str(60, radius=False))
            assert found.rad() <= arb(2) ** -200 * (1 + abs(found))
        assert abs(middle - exact) <= TIGHT * (1 + abs(exact)), (found, exact)


def test_constants_are_balls_and_only_those_in_use():
    used = arithmetic_text.function("value", written(CALLS["constant"][0]), "Doc.")
    assert "scale = F.rational(4, 1)*(F.rational(1, 1)/(F.pi()*F.pi()))" in used
    assert "scale" not in arithmetic_text.function("value", written(CALLS["half"][0]), "Doc.")


@pytest.mark.parametrize(
    "value",
    [sp.Rational(-2, 7), sp.pi, 4 / sp.pi**2, sp.pi / 180, sp.Integer(3) * sp.pi**2],
    ids=str,
)
def test_exact_constants(value):
    with precision(BITS):
        found = eval(arithmetic_text.exact(value), {"F": ExactBalls()})
        assert found.overlaps(arb(str(sp.N(value, 100))))
        assert found.rad() < arb(2) ** -230 * abs(found)


@pytest.mark.parametrize("value", [sp.E, sp.sqrt(2), 1 + sp.pi], ids=str)
def test_a_constant_without_an_exact_text(value):
    with pytest.raises(TypeError, match="no exact text for the constant"):
        arithmetic_text.exact(value)


def test_reductions_have_no_elementwise_text():
    P = Build("sums")
    c = axis("c", "C")
    x = P.real("x", b, c)
    P.let("total", [b], sp.Sum(x[b, c], c))
    with pytest.raises(ValueError, match="'total' is a reduction; an elementwise text has none"):
        arithmetic_text.function("value", P.finish("total"), "Doc.")


@pytest.mark.parametrize("path", COMMITTED, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_committed_texts_use_only_what_every_arithmetic_has(path):
    """No import, no literal but integers, and no method that an arithmetic lacks."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    numbers = [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and not isinstance(n.value, str)
    ]
    assert all(type(n) is int for n in numbers)
    methods = {
        n.attr
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "F"
    }
    assert methods >= {"ratio", "relu", "max", "min"}
    for arithmetic in (ExactBalls, FloatBalls):
        assert all(callable(getattr(arithmetic, m, None)) for m in methods), arithmetic


def test_function_text_reads_like_a_function():
    program = emit.derive(written(lambda u, v, k, s: u * v), "out", ("u",)).grad
    assert arithmetic_text.function("grad", program, "Return a gradient.") == (
        "def grad(F, u, v, out_bar, k):\n"
        '    """Return a gradient."""\n'
        "    out = u*v\n"
        "    u_bar = out_bar*v\n"
        "    return out, u_bar\n"
    )
