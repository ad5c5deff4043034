"""CUDA text: compiled for the host it gives what the NumPy text gives; it is readable."""

import ctypes
import itertools
import re

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from derivations import boxes, classification
from refloss.run.native import compiler
from refloss.run.native.unit import Unit, unit_text
from refloss.symbolic import calculus
from refloss.symbolic.build import Build
from refloss.symbolic.emit import derive
from refloss.symbolic.functions import (
    ArgMaxOver,
    Gate,
    MaxNumber,
    Power,
    Quotient,
    Ratio,
    Relu,
    Step,
    Stop,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
    Weighted,
)
from refloss.symbolic.printers import cuda_text
from refloss.symbolic.program import axis, size_of

from ..execution import compiled

b, c = axis("b", "B"), axis("c", "C")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.3, -7.25, 1e-320, 3e200, np.inf, -np.inf, np.nan]
DEFINITIONS = (*boxes.DEFINITIONS, *classification.DEFINITIONS)

EXPRESSIONS = {
    "sum and product": lambda x, y, k: (1 + 2 * x * y - x / 3 - y + k, "real(2)*x*y"),
    "rational": lambda x, y, k: (sp.Rational(3, 8) * x + sp.Rational(2, 3) * y, "real(0.375)*x"),
    "beyond 64 bits": lambda x, y, k: (
        sp.Piecewise((x, x < sp.Integer(2) ** 100), (y, True)),
        "real(1.2676506002282294e+30)",
    ),
    "powers": lambda x, y, k: (x**3 + 1 / y**2, "x*x*x"),
    "root": lambda x, y, k: (sp.sqrt(x) + 1 / sp.sqrt(y), "sqrt_(x)"),
    "minus": lambda x, y, k: (-x - y, "-x - y"),
    "max and min": lambda x, y, k: (sp.Max(x, y) - sp.Min(x, y, 1), "max_(x, y)"),
    "relu": lambda x, y, k: (Relu(x - y), "above_(x - y, real(0))"),
    "step": lambda x, y, k: (Step(x, sp.S.Half) + Step(y, 0), "step_(x, real(0.5))"),
    "abs": lambda x, y, k: (sp.Abs(x), "abs_(x)"),
    "ratio": lambda x, y, k: (Ratio(x, y, sp.S.One), "ratio_(x, y, real(1))"),
    "quotient": lambda x, y, k: (Quotient(x, y), "x/y"),
    "stop and gate": lambda x, y, k: (Stop(x) * Gate(y, k), "y*x"),
    "piecewise": lambda x, y, k: (
        sp.Piecewise((x, x > y), (y, sp.And(x <= 0, y >= 0)), (1, True)),
        "(x > y) ? x",
    ),
    "infinite": lambda x, y, k: (sp.Piecewise((sp.oo, x > 0), (-sp.oo, True)), "INFINITE"),
    "equal": lambda x, y, k: (sp.Piecewise((0, sp.Eq(k, 0)), (x * k, True)), "k == real(0)"),
    "weighted": lambda x, y, k: (Weighted(x, y), "weighted_(x, y)"),
    "power": lambda x, y, k: (Power(x * x, 2 * k), "power_(x*x, real(2)*k)"),
    "largest number": lambda x, y, k: (MaxNumber(x, y), "max_number_(x, y)"),
    "error of a sum": lambda x, y, k: (TwoSumError(x, y), "two_sum_error(x, y)"),
    "error of a difference": lambda x, y, k: (TwoDiffError(x, y), "two_diff_error(x, y)"),
}


def written(expression):
    P = Build("written")
    x, y, k = P.real("x", b), P.real("y", b), P.const("k")
    expr, _ = expression(x[b], y[b], k)
    P.let("out", [b], expr)
    return P.finish("out")


def function(program, *, real="float64", k=None):
    """Return a program's only kernel, compiled for the host, and its unit."""
    held = tuple((n, kind, real) for n, kind in cuda_text.signature(program, {})["inputs"])
    out = tuple((n, kind, real) for n, kind in cuda_text.signature(program, {})["outputs"])
    unit = Unit("written", "value", real, held, out, (("k", k),))
    text = unit_text(unit, cuda_text.module("", {"written_value": program}, {}), "", "host")
    return compiler.load(text).written_value


def run(program, *columns, k):
    """Run a program of columns on the host, its constant an argument."""
    out = np.full(len(columns[0]), np.nan)
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*columns, out)]
    constants = type("K", (ctypes.Structure,), {"_fields_": [("at", ctypes.c_double * 4)]})()
    constants.at[0] = k
    function(program)(ctypes.c_longlong(len(out)), *pointers, constants)
    return out


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("k", [0.0, 1.0])
def test_an_expression_has_the_value_of_numpy_at_special_values(name, k):
    program = written(EXPRESSIONS[name])
    x, y = (np.array(v) for v in zip(*itertools.product(SPECIAL, repeat=2), strict=True))
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(compiled(program)["value"](x, y, k), x.shape)
    got = run(program, x, y, k=k)
    assert np.array_equal(got, expected, equal_nan=True)


@pytest.mark.parametrize("power", [0.5, 2.0, 2.5, 5.0])
def test_a_power_is_within_an_ulp(power):
    P = Build("written")
    x, _, k = P.real("x", b), P.real("y", b), P.const("k")
    P.let("out", [b], Power(x[b], k))
    x = np.concatenate([[0.0], np.exp2(np.random.default_rng(1).uniform(-300, 0, 1000))])
    got = run(P.finish("out"), x, x, k=power)
    for base, found in zip(x, got, strict=True):
        expected = mp.mpf(float(base)) ** mp.mpf(power)
        assert abs(mp.mpf(float(found)) - expected) <= np.spacing(float(expected))


def test_the_error_of_a_product_is_exact():
    P = Build("written")
    x, y, _ = P.real("x", b), P.real("y", b), P.const("k")
    P.let("out", [b], TwoProdError(x[b], y[b]))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 1000))
    error = run(P.finish("out"), x, y, k=0.0)
    exact = [sp.Rational(p) * sp.Rational(q) for p, q in zip(x[:20], y[:20], strict=True)]
    for p, q, e, total in zip(x, y, error, exact, strict=False):
        assert sp.Rational(float(p * q)) + sp.Rational(float(e)) == total


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_text_of_an_expression_is_readable(name):
    program = written(EXPRESSIONS[name])
    _, piece = EXPRESSIONS[name](*(sp.Symbol(n, real=True) for n in "xyk"))
    assert piece in cuda_text.module("", {"written_value": program}, {})


def test_a_size_is_never_divided_as_an_integer():
    P = Build("sized")
    z, k = P.real("z", b, c), P.const("k")
    classes = size_of(c)
    P.let("loss", [b], sp.Sum(z[b, c], c) / 2 + k / classes + 1 / (classes - 1))
    text = cuda_text.module("", {"sized_value": P.finish("loss")}, {})
    assert "k/real(C)" in text
    assert "real(1)/(-real(1) + real(C))" in text


def test_a_quantity_with_the_name_of_an_array_is_refused():
    P = Build("clash")
    x = P.real("x", b)
    P.let("x_in", [b], 2 * x[b])
    P.let("loss", [b], P.program.tensor("x_in")[b] ** 2)
    with pytest.raises(ValueError, match="x_in names an array"):
        cuda_text.module("", {"clash_value": P.finish("loss")}, {})


def test_columns_of_a_group_and_their_derivatives_are_one_array():
    groups = {"pred": ("p", "q"), "target": ("t",)}
    found = cuda_text.arrays(["p", "q", "t", "p_dot", "q_dot", "w", "p_bar_dot"], groups)
    assert found == {
        "pred": ("p", "q"),
        "target": ("t",),
        "pred_dot": ("p_dot", "q_dot"),
        "w": ("w",),
        "pred_bar_dot": ("p_bar_dot",),
    }


@pytest.mark.parametrize("value", [4 / sp.pi**2, sp.pi, sp.Rational(1, 3), sp.sqrt(2) * 2**40])
def test_a_number_is_correctly_rounded_to_float32(value):
    text = cuda_text.single(value)
    near = float.fromhex(text.removesuffix("f"))
    assert np.float32(near) == near
    gap = abs(sp.N(value, 60) - sp.Rational(near))
    assert gap <= sp.Rational(float(np.spacing(np.float32(near)))) / 2


@pytest.mark.parametrize(("power", "text"), [(60, str(2**60)), (63, "9.223372036854776e+18")])
def test_an_integer_that_c_does_not_hold_is_a_float(power, text):
    """A literal of 2^64 would be taken modulo that, and is 0."""
    assert cuda_text.CudaExpression().number(sp.Integer(2) ** power) == f"real({text})"


def test_one_statement_a_line_with_its_note():
    for definition in DEFINITIONS:
        for name, (_, stable) in definition.programs.items():
            derived = derive(stable, definition.output, definition.differentiable(name))
            text = cuda_text.module("", {f"{name}_grad": derived.grad}, definition.inputs)
            for let in derived.grad.lets:
                kind = "int" if let.target.label else "real"
                lines = re.findall(rf"const {kind} {let.target.name} = .*;.*", text)
                assert lines, let.target.name
                assert all(line.endswith(let.doc) for line in lines)


def test_a_reduction_behind_a_switch_is_fed_only_where_it_is_open():
    P = Build("switched")
    z, y, k = P.real("z", b, c), P.label("y", b), P.const("k")
    first = P.let("first", [b], ArgMaxOver(z[b, c], c))
    fall = P.let("fall", [b], sp.Sum(z[b, c], c))
    spread = P.let("spread", [b], sp.Piecewise((0, sp.Eq(k, 0)), (k * fall[b], True)))
    P.let("loss", [b], z[b, first[b]] - z[b, y[b]] + spread[b])
    text = cuda_text.module("", {"switched_value": P.finish("loss")}, {})
    assert "if (k != real(0)) fall_fold.add(lane, z_in(b, c));" in text
    assert "        first_fold.offer(lane, z_in(b, c), c);" in text


def test_what_waits_in_an_output_is_written_out_wherever_it_is_read():
    P = Build("softmax")
    z = P.real("z", b, c)
    mass = P.let("mass", [b, c], sp.exp(z[b, c]), "of a class")
    total = P.let("total", [b], sp.Sum(mass[b, c], c))
    P.let("share", [b, c], mass[b, c] / total[b])
    text = cuda_text.module("", {"softmax_value": P.finish("share")}, {})
    first, again = re.findall(r"const real mass = .*", text)
    assert first == "const real mass = share_out.hold(b, c, exp_(z_in(b, c)));  // of a class"
    assert again == first.replace(".hold(", ".held(")
    assert text.index(again) < text.index("share_out.store(b, c, share);")


def test_a_derived_program_prints():
    P = Build("square")
    x, _ = P.real("x", b), P.const("k")
    P.let("loss", [b], x[b] ** 2)
    text = cuda_text.module(
        "What it is.", {"square_grad": calculus.grad(P.finish("loss"), "loss", ("x",))}, {}
    )
    assert text.startswith("// What it is.\n")
    assert "KERNEL square_grad(" in text
    assert "x_bar_out.store(i, x_bar);" in text
