"""Text over an arithmetic F: run in exact balls it encloses the witness."""

import ast
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from flint import arb
from sympy.codegen.cfunctions import log1p

from crossval.oracles.arithmetic_duals import HyperDuals
from crossval.oracles.arithmetic_exact import ExactBalls, precision
from crossval.oracles.arithmetic_float import FloatBalls
from crossval.oracles.arithmetic_jets import TaylorJets
from refloss.run.kernels import library
from refloss.symbolic import emit
from refloss.symbolic.build import Build
from refloss.symbolic.functions import (
    ArgMaxOver,
    AspectAngle,
    Gate,
    MaxNumber,
    MaxOver,
    Power,
    Ratio,
    Relu,
    Step,
    Stop,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
    Weighted,
)
from refloss.symbolic.printers import arithmetic_text
from refloss.symbolic.program import axis, size_of

from .. import unrolled
from ..execution import array, compiled, drawn
from ..programs import cross_entropy

ROOT = Path(__file__).parents[3]
COMMITTED = sorted(
    path for kind in ("arb", "balls") for path in (ROOT / "refloss/kernels" / kind).glob("*.py")
)
b, c, d, e = axis("b", "B"), axis("c", "C"), axis("d", "D"), axis("e", "C")
SIZES = {"B": 3, "C": 4, "D": 2}
LABELS = {(0,): 2, (1,): 0, (2,): 2}
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
    "weighted": (lambda u, v, k, s: Weighted(u, v) + Weighted(v, k), None),
    "power": (lambda u, v, k, s: Power(u * u, v) * 3, "3*F.raised(u*u, v)"),
    "larger number": (lambda u, v, k, s: MaxNumber(u, v) * 3, "3*F.max(u, v)"),
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


@pytest.mark.parametrize("value", [sp.E, sp.EulerGamma, 1 + sp.zeta(3)], ids=str)
def test_a_constant_without_an_exact_text(value):
    with pytest.raises(TypeError, match="no exact text for the constant"):
        arithmetic_text.exact(value)


# ------------------------------------------------------------------------------------- rows


def rows(*axes, expr):
    """Return a program ``out[axes] = expr(P's inputs)`` of rows."""
    P = Build("rows")
    inputs = P.real("x", b, c), P.real("w", c, d), P.real("u", b), P.real("v", c), P.label("y", b)
    k = P.const("k")
    P.let("out", axes, expr(*inputs, k))
    return P.finish("out")


ROWS = {
    "list": ((b, c), lambda x, w, u, v, y, k: k * x[b, c], "[k*x[c] for c in range(C)]"),
    "one an item": ((b,), lambda x, w, u, v, y, k: u[b] * k, "k*u"),
    "one a class": ((c,), lambda x, w, u, v, y, k: v[c] ** 2, "[v[c]*v[c] for c in range(C)]"),
    "all axes": (
        (b, c),
        lambda x, w, u, v, y, k: x[b, c] * v[c] - u[b],
        "[v[c]*x[c] - u for c in range(C)]",
    ),
    "repeated": ((b, c), lambda x, w, u, v, y, k: u[b], "[u for c in range(C)]"),
    "matrix": (
        (b, c, d),
        lambda x, w, u, v, y, k: w[c, d] * x[b, c],
        "[[w[c][d]*x[c] for d in range(D)] for c in range(C)]",
    ),
    "turned": (
        (d, c),
        lambda x, w, u, v, y, k: w[c, d] * 2,
        "[[2*w[c][d] for c in range(C)] for d in range(D)]",
    ),
    "gather": ((b,), lambda x, w, u, v, y, k: x[b, y[b]] * v[y[b]], "v[y]*x[y]"),
    "gather of a list": (
        (b, d),
        lambda x, w, u, v, y, k: w[y[b], d],
        "[w[y][d] for d in range(D)]",
    ),
    "fixed class": (
        (b,),
        lambda x, w, u, v, y, k: x[b, 0] - x[b, 1] + v[0],
        "v[0] + x[0] - x[1]",
    ),
    "class of a label": (
        (b, c),
        lambda x, w, u, v, y, k: sp.Piecewise((u[b], sp.Eq(c, y[b])), (x[b, c], True)),
        "[(u if c == y else x[c]) for c in range(C)]",
    ),
    "constant of a case": (
        (b, c),
        lambda x, w, u, v, y, k: sp.Piecewise((0, sp.Eq(k, 0)), (x[b, c], True)),
        "[F.select(F.eq(k, 0), 0, x[c]) for c in range(C)]",
    ),
    "number of a case": (
        (b, c),
        lambda x, w, u, v, y, k: sp.Piecewise((0, x[b, c] < v[c]), (x[b, c], True)),
        "[F.select(F.gt(v[c], x[c]), 0, x[c]) for c in range(C)]",
    ),
    "place and size": (
        (b, c),
        lambda x, w, u, v, y, k: (c + 1) * x[b, c] / size_of(c),
        None,
    ),
    "sum": (
        (b,),
        lambda x, w, u, v, y, k: sp.Sum(Weighted(v[c], x[b, c]), c),
        "F.sum([F.weighted(v[c], x[c]) for c in range(C)])",
    ),
    "sum of two axes": (
        (b,),
        lambda x, w, u, v, y, k: sp.Sum(w[c, d] * x[b, c], c, d),
        "F.sum([w[c][d]*x[c] for c in range(C) for d in range(D)])",
    ),
    "sums": (
        (b, d),
        lambda x, w, u, v, y, k: sp.Sum(w[c, d] * x[b, c], c),
        "[F.sum([w[c][d]*x[c] for c in range(C)]) for d in range(D)]",
    ),
    "sum of what lacks its axis": (
        (b,),
        lambda x, w, u, v, y, k: sp.Sum(u[b], c),
        "F.sum([u for c in range(C)])",
    ),
    "largest": (
        (b,),
        lambda x, w, u, v, y, k: MaxOver(x[b, c] ** 2, c),
        "F.largest([x[c]*x[c] for c in range(C)])",
    ),
    "first of the largest": (
        (b,),
        lambda x, w, u, v, y, k: ArgMaxOver(-x[b, c], c),
        "F.first_largest([-x[c] for c in range(C)])",
    ),
    "number without axes": ((), lambda x, w, u, v, y, k: sp.Sum(v[c], c), None),
    "share of a number without axes": (
        (c,),
        lambda x, w, u, v, y, k: v[c] / sp.Sum(v[e], e),
        "[v[c]/out_sum for c in range(C)]",
    ),
    "inner reductions": (
        (b, c),
        lambda x, w, u, v, y, k: x[b, c] / sp.Sum(x[b, e] ** 2, e),
        None,
    ),
}


def items(values, tensor):
    """Return one item's inputs for the text: balls, and lists of them, and integers."""

    def listed(index):
        if len(index) == len(tensor.axes):
            number = values[index]
            return int(number) if tensor.label else arb(float(number))
        return [listed((*index, k)) for k in range(SIZES[str(size_of(tensor.axes[len(index)]))])]

    first = tensor.axes and tensor.axes[0] == b
    return [listed((k,)) if first else listed(()) for k in range(SIZES["B"])]


def nested(value):
    """Return an item's result as an array of floats."""
    if isinstance(value, list):
        return np.array([nested(v) for v in value])
    return float((arb(0) + value).mid())


def by_items(program, inputs, constants):
    """Return the outputs of the arithmetic's text, one run an item, as arrays."""
    text = arithmetic_text.function("value", program, "Doc.")
    columns = [items(inputs[t.name], t) for t in program.inputs]
    found = []
    for item in zip(*columns, strict=True):
        result = run(text, "value", *item, *map(arb, constants))
        found.append([nested(r) for r in (result if isinstance(result, tuple) else (result,))])
    return [np.array(column) for column in zip(*found, strict=True)]


def by_arrays(program, inputs, constants):
    """Return the outputs of the NumPy text on whole arrays."""
    arrays = [array(inputs[t.name], t.label) for t in program.inputs]
    result = compiled(program)["value"](*arrays, *constants)
    return result if isinstance(result, tuple) else (result,)


def assert_both_texts_agree(program, constants=()):
    inputs = {t.name: LABELS if t.label else drawn(t, SIZES, 1) for t in program.inputs}
    with precision(BITS):
        found = by_items(program, inputs, constants)
    for name, left, right in zip(
        program.outputs, found, by_arrays(program, inputs, constants), strict=True
    ):
        if b not in program.tensor(name).axes:
            right = np.broadcast_to(right, (SIZES["B"], *np.shape(right)))
        assert left.shape == np.shape(right), name
        scale = np.abs(right).max()
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-13 * scale, err_msg=name)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("k", [0.0, 2.0])
def test_rows_by_lists_agree_with_rows_by_arrays(name, k):
    axes, expr, text = ROWS[name]
    program = rows(*axes, expr=expr)
    if text is not None:
        assert f"    out = {text}\n" in arithmetic_text.function("value", program, "Doc.")
    assert_both_texts_agree(program, [k])


def test_a_maximum_with_a_derivative_of_its_own_may_tie():
    P = Build("peak")
    x = P.real("x", b, c)
    top = P.let("top", [b], MaxOver(sp.Piecewise((-sp.oo, x[b, c] > 1), (x[b, c], True)), c))
    P.partials(top, {x[b, c]: sp.Piecewise((1, x[b, c] >= top[b]), (0, True))})
    text = arithmetic_text.function("value", P.finish("top"), "Doc.")
    excluded = 'F.select(F.gt(x[c], 1), -F.constant(float("inf")), x[c])'
    assert f"    top = F.greatest([{excluded} for c in range(C)])\n" in text
    for row, expected in (([0, 1], 1.0), ([3, -2], -2.0), ([1, 1], 1.0)):
        assert float(run(text, "value", [arb(x) for x in row]).mid()) == expected


def test_derived_rows_by_lists_agree_with_rows_by_arrays():
    derived = emit.derive(cross_entropy(), "loss", ("z",))
    for program in (derived.value, derived.grad, derived.hvp):
        assert_both_texts_agree(program)


def test_sizes_come_from_any_list_and_only_where_used():
    def text(name):
        axes, expr, _ = ROWS[name]
        return arithmetic_text.function("value", rows(*axes, expr=expr), "Doc.")

    assert "len(" not in text("one an item")
    assert "    C = len(x)\n    D = len(w[0])\n" in text("turned")


def test_a_weight_of_0_leaves_nothing_in_balls():
    program = rows(b, c, expr=lambda x, w, u, v, y, k: Weighted(v[c], x[b, c]))
    text = arithmetic_text.function("value", program, "Doc.")
    x, v = [arb("inf"), arb("nan"), arb("-inf"), arb(2)], [arb(0), arb(0), arb(0), arb(3)]
    found = run(text, "value", x, [], arb(1), v, 0, arb(1))
    assert [float(f.mid()) for f in map(arb, found)] == [0.0, 0.0, 0.0, 6.0]


@pytest.mark.parametrize("axes", [(), (c,)], ids=str)
def test_reductions_over_items_have_no_text(axes):
    P = Build("sums")
    x = P.real("x", b, c)
    P.let("total", axes, sp.Sum(x[b, c], *({b, c} - set(axes))))
    with pytest.raises(ValueError, match="'total' reduces over items; the text sees one of them"):
        arithmetic_text.function("value", P.finish("total"), "Doc.")


ARITHMETICS = {
    "arb": (ExactBalls, TaylorJets, HyperDuals),
    "balls": (FloatBalls,),
}
LEAST = {
    "boxes": {"ratio", "relu", "max", "min"},
    "heads": {"exp", "log", "max", "ratio"},
    "heads of sub-centres": {"greatest", "ratio", "step"},
    "multi_margin": {"relu", "select", "weighted"},
    "quotient": {"gate", "ratio", "select"},
    "cosines": {"straight_through"},
    "cosface_logit": {"select"},
    "centers": {"max", "min", "select", "step"},
    "triplets": {"min", "relu", "select"},
    "supcon_inside": {"exp", "log", "select"},
    "multi_similarity": {"exp", "log", "select"},
    "circle": {"exp", "gate", "log", "relu", "select"},
    "mean_of_nonzero": {"ratio"},
    "means_of_nonzero": {"ratio"},
}


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
    index = library().index
    loss = index["programs"][path.stem]["loss"]
    names = (path.stem, loss, index["losses"][loss]["family"])
    family = next((name for name in names if name in LEAST), "")
    assert methods >= LEAST.get(family, {"weighted"})
    for arithmetic in ARITHMETICS[path.parent.name]:
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
