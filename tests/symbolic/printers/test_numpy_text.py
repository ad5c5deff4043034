"""NumPy text: run on small arrays it equals the witness; it is readable and reproducible."""

import ast
import math
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from flint import arb
from sympy.codegen.cfunctions import log1p

from crossval.oracles.arithmetic_exact import precision
from derivations import boxes
from refloss.symbolic import calculus, emit
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
    Weighted,
)
from refloss.symbolic.printers import numpy_text
from refloss.symbolic.program import axis, size_of

from ..execution import both, compiled
from ..programs import CASES

ROOT = Path(__file__).parents[3]
b, c, d, i, j = (axis(n, s) for n, s in zip("bcdij", "BCDBB", strict=True))
SIZES = {"B": 3, "C": 4, "D": 2}
LABELS = {"y": {(0,): 2, (1,): 0, (2,): 2}}
HALF = sp.S.Half


def written(*axes, expr):
    """Return a program ``out[axes] = expr(P's inputs)``."""
    P = Build("written")
    inputs = P.real("x", b, c), P.real("w", c, d), P.real("u", b), P.label("y", b)
    P.let("out", axes, expr(*inputs))
    return P.finish("out")


def text_of(program):
    return numpy_text.statement(program.lets[-1])


SHAPES = {
    "same axes": ((b, c), lambda x, w, u, y: x[b, c] ** 2, "x*x"),
    "row over columns": ((b, c), lambda x, w, u, y: x[b, c] - u[b], "x - u[:, None]"),
    "column over rows": ((c, b), lambda x, w, u, y: x[b, c] - u[b], "np.transpose(x, (1, 0)) - u"),
    "open in the middle": (
        (b, c, d),
        lambda x, w, u, y: x[b, c] * w[c, d] + u[b],
        "w*x[:, :, None] + u[:, None, None]",
    ),
    "gather": ((b,), lambda x, w, u, y: x[b, y[b]], "x[np.arange(B), y]"),
    "gather of rows": ((b, d), lambda x, w, u, y: w[y[b], d], "w[y[:, None], np.arange(D)]"),
    "gather of a gather": ((b,), lambda x, w, u, y: u[y[b]], "u[y]"),
    "fixed column": (
        (b,),
        lambda x, w, u, y: x[b, 1] - x[b, 0],
        "x[np.arange(B), 1] - x[np.arange(B), 0]",
    ),
    "axis as a value": ((b, c), lambda x, w, u, y: x[b, c] + c, "np.arange(C) + x"),
    "axis compared": (
        (b, c),
        lambda x, w, u, y: sp.Piecewise((u[b], sp.Eq(c, y[b])), (x[b, c], True)),
        "np.where((np.arange(C) == y[:, None]), u[:, None], x)",
    ),
    "pairs of rows": ((i, j), lambda x, w, u, y: u[i] - u[j], "u[:, None] - u"),
    "sum": ((b,), lambda x, w, u, y: sp.Sum(x[b, c] ** 2, c), "np.sum(x*x, axis=1)"),
    "sum over all": ((), lambda x, w, u, y: sp.Sum(x[b, c], b, c), "np.sum(x, axis=(0, 1))"),
    "sum over the first": ((c,), lambda x, w, u, y: sp.Sum(x[b, c], b), None),
    "matmul": ((b, d), lambda x, w, u, y: sp.Sum(x[b, c] * w[c, d], c), "x @ w"),
    "matmul turned": ((d, b), lambda x, w, u, y: sp.Sum(x[b, c] * w[c, d], c), "w.T @ x.T"),
    "gram": ((i, j), lambda x, w, u, y: sp.Sum(x[i, c] * x[j, c], c), "x @ x.T"),
    "scaled product": ((b, d), lambda x, w, u, y: sp.Sum(2 * x[b, c] * w[c, d], c), None),
    "max": ((b,), lambda x, w, u, y: MaxOver(x[b, c] ** 2, c), "np.max(x*x, axis=1)"),
    "argmax": ((b,), lambda x, w, u, y: ArgMaxOver(-x[b, c], c), "np.argmax(-x, axis=1)"),
    "scatter": (
        (c,),
        lambda x, w, u, y: sp.Sum(sp.Piecewise((u[b], sp.Eq(c, y[b])), (0, True)), b),
        "scatter_add(y, u, C)",
    ),
    "scatter of rows": (
        (c, d),
        lambda x, w, u, y: sp.Sum(
            u[b] * sp.Piecewise((w[y[b], d] * 2, sp.Eq(c, y[b])), (0, True)), b
        ),
        None,
    ),
    "rows that depend on the position": (
        (c,),
        lambda x, w, u, y: sp.Sum(sp.Piecewise((x[b, c], sp.Eq(c, y[b])), (0, True)), b),
        None,
    ),
    "sum of what lacks its axis": (
        (b,),
        lambda x, w, u, y: sp.Sum(u[b] ** 2, c),
        "np.sum(np.broadcast_to(u[:, None]*u[:, None], (B, C)), axis=1)",
    ),
    "sum of what lacks the other axis": (
        (b,),
        lambda x, w, u, y: u[b] * sp.Sum(w[c, 0] ** 2, c),
        None,
    ),
    "rows of one number": ((b, c), lambda x, w, u, y: 2 * u[b], None),
    "a row for every item": ((b, c), lambda x, w, u, y: w[c, 1] ** 2, None),
    "scatter into rows": (
        (c, d),
        lambda x, w, u, y: sp.Sum(sp.Piecewise((u[b], sp.Eq(c, y[b])), (0, True)), b),
        "scatter_add(y, np.broadcast_to(u[:, None], (B, D)), C)",
    ),
    "no scatter": (
        (c,),
        lambda x, w, u, y: sp.Sum(sp.Piecewise((x[b, c], sp.Eq(c, y[b])), (u[b], True)), b),
        None,
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_axes_gathers_scatters_and_reductions(name):
    axes, expr, text = SHAPES[name]
    program = written(*axes, expr=expr)
    if text is not None:
        assert text_of(program) == text
    (printed,), (expected,) = both(program, SIZES, LABELS)
    assert np.shape(printed) == expected.shape
    np.testing.assert_allclose(printed, expected, rtol=1e-14, atol=0)


def test_a_scatter_becomes_a_scatter_and_an_ordinary_sum_does_not():
    assert "scatter_add" in text_of(
        written(*SHAPES["scatter of rows"][0], expr=SHAPES["scatter of rows"][1])
    )
    assert "scatter_add" not in text_of(
        written(*SHAPES["no scatter"][0], expr=SHAPES["no scatter"][1])
    )


CALLS = {
    "exp and log": lambda x, w, u, y: sp.log(sp.exp(u[b]) + 1),
    "log1p": lambda x, w, u, y: log1p(u[b] ** 2),
    "sqrt": lambda x, w, u, y: sp.sqrt(u[b] ** 2 + 1) + 1 / sp.sqrt(u[b] ** 2 + 2),
    "atan2": lambda x, w, u, y: sp.atan2(u[b], x[b, 1]),
    "max, min": lambda x, w, u, y: sp.Max(u[b], x[b, 0], 1) - sp.Min(u[b], x[b, 1]),
    "relu": lambda x, w, u, y: Relu(u[b]) + Relu(-u[b]) * 3,
    "step": lambda x, w, u, y: Step(u[b], HALF) + Step(u[b] * 0, sp.Rational(1, 4)),
    "ratio": lambda x, w, u, y: Ratio(u[b], x[b, 0], 2) + Ratio(u[b], x[b, 0] - x[b, 0], 2),
    "stop and gate": lambda x, w, u, y: Stop(u[b]) * Gate(x[b, 0], 0),
    "stop and gate of sums": lambda x, w, u, y: Stop(u[b] + 1) * Gate(x[b, 0] - u[b], 0),
    "aspect": lambda x, w, u, y: AspectAngle(u[b] ** 2, x[b, 0] ** 2, 0, 1),
    "pieces": lambda x, w, u, y: sp.Piecewise((u[b], u[b] < x[b, 0]), (-u[b], True)),
    "rational": lambda x, w, u, y: u[b] / 3 + sp.Rational(2, 7) - u[b] ** 3,
    "weighted": lambda x, w, u, y: Weighted(u[b], x[b, 0]) - Weighted(x[b, 1], -u[b]),
    "power": lambda x, w, u, y: Power(u[b] ** 2, x[b, 0]) + Power(u[b] * 0, x[b, 1]),
    "larger number": lambda x, w, u, y: MaxNumber(u[b], -1) * MaxNumber(x[b, 0], x[b, 1]),
    "infinity": lambda x, w, u, y: sp.Piecewise((u[b], u[b] > 0), (-sp.oo, True)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("seed", [0, 1])
def test_calls(name, seed):
    (printed,), (expected,) = both(written(b, expr=CALLS[name]), SIZES, LABELS, seed=seed)
    np.testing.assert_allclose(printed, expected, rtol=2e-15, atol=0)


def test_powers_beyond_four_are_a_call():
    program = written(b, expr=lambda x, w, u, y: u[b] ** 5)
    assert text_of(program) == "np.power(u, 5.0)"
    (printed,), (expected,) = both(program, SIZES, LABELS)
    np.testing.assert_allclose(printed, expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("part", ["value", "grad", "hvp"])
@pytest.mark.parametrize("name", CASES)
def test_derived_programs_of_rows(name, part):
    build, wrt, sizes, labels, constants = CASES[name]
    program = getattr(emit.derive(build(), "loss", wrt), part)
    printed, expected = both(program, sizes, labels, constants)
    for name_of_output, left, right in zip(program.outputs, printed, expected, strict=True):
        scale = np.max(np.abs(right))
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-12 * scale, err_msg=name_of_output)


# ---------------------------------------------------------------------------------- helpers


def helpers():
    scope = {"np": np}
    for text in numpy_text.HELPERS.values():
        exec(text, scope)
    return scope


def operands(seed, size=400):
    """Return pairs of floats, random and close to one another, of many magnitudes."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(size) * 2.0 ** rng.integers(-60, 60, size)
    near = x * (1 + 2.0 ** -rng.integers(1, 53, size).astype(float))
    return [(x, rng.permutation(x)), (x, near), (x, np.zeros(size)), (x, x), (-x, near)]


EXACT = {
    "two_sum_error": lambda x, y: x + y,
    "two_diff_error": lambda x, y: x - y,
    "two_prod_error": lambda x, y: x * y,
}


@pytest.mark.parametrize("name", EXACT)
def test_rounding_errors_are_exact(name):
    """Against fractions, and often enough not 0."""
    error, operate = helpers()[name], EXACT[name]
    found = 0
    for first, second in operands(1):
        for x, y, e in zip(first, second, error(first, second), strict=True):
            exact = operate(Fraction(float(x)), Fraction(float(y)))
            exact -= Fraction(float(operate(x, y)))
            assert Fraction(float(e)) == exact, (x, y)
            found += exact != 0
    assert found > 400


def test_ratio_at_zero():
    ratio = helpers()["ratio"]
    n, d_ = np.array([1.0, 0.0, -0.0, np.nan, 6.0]), np.array([0.0, 0.0, -0.0, 0.0, 3.0])
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(ratio(n, d_, 0.25), [0.25, 0.25, 0.25, 0.25, 2.0])
    assert np.isnan(ratio(np.array([1.0]), np.array([np.nan]), 0.0)).all()


def test_a_weight_of_0_leaves_nothing():
    g = np.array([0.0, -0.0, 0.0, 2.0, np.nan, 0.0, -1.0])
    x = np.array([np.inf, -np.inf, np.nan, np.inf, 0.0, 5.0, 3.0])
    with np.errstate(invalid="ignore"):
        found = helpers()["weighted"](g, x)
    np.testing.assert_array_equal(found, [0.0, 0.0, 0.0, np.inf, np.nan, 0.0, -3.0])


def test_a_power_at_zero():
    x, g = np.array([0.0, -0.0, 0.0, 0.0, 9.0, np.inf]), np.array([0.0, 0.5, -0.5, 2.0, 0.5, 0.0])
    with np.errstate(all="raise"):
        found = helpers()["power"](x, g)
    np.testing.assert_array_equal(found, [1.0, 0.0, 0.0, 0.0, 3.0, 1.0])
    assert np.isnan(helpers()["power"](np.array([np.nan]), 2.0)).all()


def test_the_larger_number_is_never_nan():
    program = written(b, expr=lambda x, w, u, y: MaxNumber(u[b], x[b, 0]))
    u, x = np.array([[np.nan, 1.0, -np.inf, np.nan], [-1.0, -1.0, -1.0, np.nan]])
    labels = np.zeros(4, int)
    found = compiled(program)["value"](x[:, None], np.zeros((1, 2)), u, labels)
    np.testing.assert_array_equal(found, [-1.0, 1.0, -1.0, np.nan])


def scalars():
    """Return sums with numbers of no axis: of a column, read again in rows, and of a constant."""
    P = Build("scalars")
    x, w, k = P.real("x", b, c), P.real("v", c), P.const("k")
    total = P.let("total", [], sp.Sum(w[c], c))
    first = P.let("first", [], w[0] * total.here)
    P.let("share", [c], w[c] / total.here)
    P.let("rows", [b], sp.Sum(k * w[c] * x[b, c], c) - total.here)
    P.let("same", [b], sp.Sum(k * total.here, c))
    P.let("times", [], sp.Sum(k, c) + sp.Sum(first.here, b))
    P.let("spread", [b, c], total.here)
    return P.finish("total", "first", "share", "rows", "same", "times", "spread")


def test_reductions_with_numbers_that_have_no_axis():
    program = scalars()
    printed, expected = both(program, SIZES, constants={"k": 3})
    for name, left, right in zip(program.outputs, printed, expected, strict=True):
        assert np.shape(left) == right.shape, name
        np.testing.assert_allclose(left, right, rtol=1e-14, atol=0, err_msg=name)


def linear():
    """Return a loss whose derivatives are the same in every class."""
    P = Build("linear")
    u, x = P.real("u", b), P.real("x", b, c)
    P.let("loss", [b], sp.Sum(u[b] - x[b, c], c))
    return P.finish("loss")


def test_derivatives_that_are_the_same_in_every_class_have_their_axis():
    """The adjoint of u is one of C times what is passed on."""
    gradient = emit.derive(linear(), "loss", ("u", "x")).grad
    printed, expected = both(gradient, SIZES)
    for left, right in zip(printed, expected, strict=True):
        assert np.shape(left) == right.shape
        np.testing.assert_array_equal(left, right)


def test_scatter_add_adds_repeated_positions():
    rows = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    out = helpers()["scatter_add"](np.array([2, 0, 2]), rows, 4)
    np.testing.assert_array_equal(out, [[10, 20], [0, 0], [101, 202], [0, 0]])


# -------------------------------------------------------------------------------- constants


@pytest.mark.parametrize(
    "value", [4 / sp.pi**2, sp.pi, sp.sqrt(2), sp.log(2), sp.exp(1) / 3], ids=str
)
def test_constants_are_correctly_rounded(value):
    """The nearest float is no further from the constant, at 200 digits, than its neighbours."""
    nearest = numpy_text.nearest(value)
    with mp.workdps(200):
        exact = mp.mpmathify(sp.N(value, 200))
        distance = abs(exact - mp.mpf(nearest))
        for neighbour in (math.nextafter(nearest, math.inf), math.nextafter(nearest, -math.inf)):
            assert distance < abs(exact - mp.mpf(neighbour))


def test_the_constant_of_ciou_by_another_library():
    with precision(200):
        assert numpy_text.nearest(4 / sp.pi**2) == float((4 / arb.pi() ** 2).mid())


def test_numbers_print_as_module_constants():
    P = Build("scaled")
    u = P.real("u", b)
    scale = P.number("turn_scale", 4 / sp.pi**2)
    P.number("unused", sp.pi)
    P.let("loss", [b], scale * u[b] ** 2)
    program = P.finish("loss")
    text = numpy_text.module("Doc.", [program], [numpy_text.function("value", program)])
    assert f"\nTURN_SCALE = {float(4 / sp.pi**2)!r}  # 4/pi**2, correctly rounded\n" in text
    assert "UNUSED" not in text
    assert "loss = TURN_SCALE*(u*u)" in text
    np.testing.assert_array_equal(
        compiled(program)["value"](np.array([2.0])), [4.0 * float(4 / sp.pi**2)]
    )


# ------------------------------------------------------------------------------ whole texts

KERNELS = emit.kernel_files([boxes.GIOU])
TEXT = KERNELS["numpy/giou.py"]
COMMITTED = sorted((ROOT / "refloss" / "kernels" / "numpy").glob("*.py"))


def module_ids(path):
    return path.stem


@pytest.mark.parametrize("path", COMMITTED, ids=module_ids)
def test_committed_texts_are_straight_lines_over_numpy(path):
    """One named statement a line: no branch, no loop, no second meaning of a name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert set(imported) <= {"numpy", "math"}
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    assert set(functions) >= {"value", "grad", "hvp", "trace"}
    for function in functions.values():
        docstring, *body, last = function.body
        assert isinstance(docstring.value, ast.Constant)
        assert isinstance(last, ast.Return)
        assert all(isinstance(line, ast.Assign) for line in body)
        names = [line.targets[0].id for line in body]
        assert len(names) == len(set(names))
        assert not [n for n in names if re.fullmatch(r"[a-z]+[0-9]{2,}|_.*|tmp.*", n)]
        known = {a.arg for a in function.args.args}
        for line in body:
            loaded = {n.id for n in ast.walk(line.value) if isinstance(n, ast.Name)}
            assert loaded <= known | functions.keys() | {"np"} | upper_case(loaded), ast.unparse(
                line
            )
            known.add(line.targets[0].id)


def upper_case(names):
    return {name for name in names if name.isupper()}


def test_signatures_and_docstring():
    scope: dict = {}
    exec(compile(TEXT, "giou", "exec"), scope)
    columns = list(boxes.box.COORDINATES)
    constants = list(scope["CONSTANTS"])
    dots = [f"{name}_dot" for name in columns]

    def arguments(name):
        return list(scope[name].__code__.co_varnames[: scope[name].__code__.co_argcount])

    assert arguments("value") == columns + constants
    assert arguments("grad") == arguments("trace") == [*columns, "loss_bar", *constants]
    assert arguments("hvp") == [*columns, "loss_bar", *dots, *constants]
    doc = scope["__doc__"]
    for part in ("Definition", "GIoU = IoU - (C - U)/C", "Subgradients", "eps_hull", "CVPR 2019"):
        assert part in doc
    assert "refloss derive" in doc


def test_trace_returns_every_plain_quantity_and_its_adjoint():
    scope: dict = {}
    exec(compile(TEXT, "giou", "exec"), scope)
    columns = [np.array([float(v)]) for v in (0, 0, 3, 2, 1, -1, 4, 1)]
    named = scope["trace"](*columns, np.ones(1), *[0.0] * len(scope["CONSTANTS"]))
    plain, _ = boxes.GIOU.programs["giou"]
    quantities = {let.target.name for let in plain.lets}
    assert quantities <= named.keys()
    assert {f"{n}_bar" for n in boxes.box.COORDINATES} <= named.keys()
    swept = calculus.trace(plain.with_outputs("loss"), "loss", list(boxes.box.COORDINATES))
    assert named.keys() == {let.target.name for let in swept.lets}
    assert named["inter"] == 2
    assert named["union_area"] == 10


def test_sizes_are_read_off_the_inputs_only_where_used():
    assert numpy_text.function("f", written(b, expr=SHAPES["gather"][1])).count(".shape[") == 1
    assert ".shape[" not in numpy_text.function("f", written(b, c, expr=SHAPES["same axes"][1]))
    assert str(size_of(b)) == "B"


DERIVE = """
import hashlib
from derivations import boxes
from refloss.symbolic import emit
files = emit.kernel_files([boxes.GIOU])
text = emit.index_text(emit.index_entries([boxes.GIOU])) + "".join(files[k] for k in sorted(files))
print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_text_is_the_same_under_every_hash_seed():
    """Sets and dictionaries of SymPy objects iterate by hash: none may decide an order."""
    digests = set()
    for seed in ("1", "4021"):
        run = subprocess.run(
            [sys.executable, "-c", DERIVE],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        digests.add(run.stdout.strip())
    assert len(digests) == 1
