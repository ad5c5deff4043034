"""Passes change no value: each is run before and after on a small program."""

from dataclasses import replace

import mpmath as mp
import pytest
import sympy as sp

from refloss.symbolic import calculus
from refloss.symbolic.build import Build
from refloss.symbolic.functions import Gate, Quotient, Ratio, Stop, to_exact
from refloss.symbolic.passes import (
    absorb,
    clean,
    fold_pieces,
    inline_names,
    live,
    operations,
    reuse,
)
from refloss.symbolic.program import Let, Tensor, axis

from . import unrolled
from .programs import CASES

b, c = axis("b", "B"), axis("c", "C")
SIZES = {"B": 2, "C": 2}
INPUTS = {
    "u": {(0,): mp.mpf(3) / 4, (1,): mp.mpf(5)},
    "v": {(0,): mp.mpf(-2), (1,): mp.mpf(1) / 3},
}
ZERO = sp.S.Zero


@pytest.fixture
def P():
    P = Build("small")
    P.real("u", b)
    P.real("v", b)
    return P


def uv(P):
    return P.program.tensor("u"), P.program.tensor("v")


def names(program):
    return [let.target.name for let in program.lets]


def same_values(before, after, inputs=INPUTS, constants=None, sizes=SIZES):
    first = unrolled.evaluate(before, inputs, constants or {}, sizes)
    second = unrolled.evaluate(after, inputs, constants or {}, sizes)
    return all(
        abs(first[name][i] - second[name][i]) <= mp.eps * 64 * abs(first[name][i])
        for name in before.outputs
        for i in first[name]
    )


# ------------------------------------------------------------------------------------- live


def test_live_drops_what_no_output_needs(P):
    u, v = uv(P)
    kept = P.let("kept", [b], u[b] ** 2)
    P.let("dead", [b], kept[b] + v[b])
    P.let("loss", [b], kept[b] + 1)
    program = P.finish("loss")
    after = live(program)
    assert names(after) == ["kept", "loss"]
    assert after.inputs == program.inputs
    assert same_values(program, after)


def test_live_keeps_the_constants_of_the_signature(P):
    P.const("eps")
    P.let("loss", [b], uv(P)[0][b])
    assert [str(s) for s in live(P.finish("loss")).consts] == ["eps"]


def test_partials_survive_but_keep_nothing_alive(P):
    u, _ = uv(P)
    root = P.let("root", [b], sp.sqrt(u[b]))
    inverse = P.let("inverse", [b], 1 / root[b])
    P.partials(root, {u[b]: inverse[b] / 2})
    after = live(P.finish("root"))
    assert names(after) == ["root"]
    assert after.lets[0].partials == ((u[b], inverse[b] / 2),)


# ----------------------------------------------------------------------------- inline_names


def test_inline_reads_through_renamings(P):
    u, _ = uv(P)
    first = P.let("first", [b], u[b])
    second = P.let("second", [b], first[b])
    P.let("loss", [b], second[b] ** 2)
    program = P.finish("loss")
    after = inline_names(program)
    assert after.lets[-1].expr == u[b] ** 2
    assert names(live(after)) == ["loss"]
    assert same_values(program, after)


def test_inline_rewrites_partials(P):
    u, _ = uv(P)
    alias = P.let("alias", [b], u[b])
    square = P.let("square", [b], alias[b] ** 2)
    P.partials(square, {alias[b]: 2 * alias[b]})
    after = inline_names(P.finish("square"))
    assert after.lets[-1].partials == ((u[b], 2 * u[b]),)


def test_a_renaming_with_a_derivative_of_its_own_stays(P):
    u, v = uv(P)
    alias = P.let("alias", [b], u[b])
    P.partials(alias, {u[b]: v[b]})
    P.let("loss", [b], alias[b] ** 2)
    after = inline_names(P.finish("loss"), differentiable=True)
    assert after.lets[-1].expr == alias[b] ** 2
    assert after.lets[0].partials == ((u[b], v[b]),)
    assert inline_names(P.finish("loss")).lets[-1].expr == u[b] ** 2


def test_an_output_is_not_renamed_away(P):
    u, _ = uv(P)
    loss = P.let("loss", [b], u[b])
    P.let("twice", [b], 2 * loss[b])
    program = P.finish("loss", "twice")
    after = clean(program)
    assert names(after) == ["loss", "twice"]
    assert after.lets[1].expr == 2 * loss[b]
    assert same_values(program, after)


def test_a_gather_and_a_reduction_are_no_renamings():
    P = Build("gathers")
    x, y = P.real("x", b, c), P.label("y", b)
    picked = P.let("picked", [b], x[b, y[b]])
    total = P.let("total", [b], sp.Sum(x[b, c], c))
    P.let("loss", [b], picked[b] + total[b])
    after = clean(P.finish("loss"))
    assert names(after) == ["picked", "total", "loss"]


# ------------------------------------------------------------------------------------ reuse


def test_the_derivative_of_a_root_reads_it():
    build, wrt, sizes, _, constants = CASES["pooled"]
    gradient = calculus.grad(build(), "loss", wrt)
    slope = next(let for let in gradient.lets if let.target.name == "total_bar").expr
    assert "loss" in {str(read.base) for read in slope.atoms(sp.Indexed)}
    assert not any(
        power.exp == -sp.S.Half for let in gradient.lets for power in let.expr.atoms(sp.Pow)
    )
    inputs = {"x": {(i, j): mp.mpf(i + 2 * j + 1) / 3 for i in range(2) for j in range(3)}}
    inputs |= {"loss_bar": {(): mp.mpf(2)}}
    values = unrolled.evaluate(gradient, inputs, constants, sizes)
    root = values["loss"][()]
    for at, x in inputs["x"].items():
        assert mp.almosteq(values["x_bar"][at], 2 * x / root, rel_eps=mp.mpf(10) ** -45)


def test_equal_statements_become_one(P):
    u, v = uv(P)
    first = P.let("first", [b], sp.exp(u[b]) + v[b])
    second = P.let("second", [b], sp.exp(u[b]) + v[b])
    P.let("loss", [b], first[b] * second[b])
    program = P.finish("loss")
    after = reuse(program)
    assert after.lets[1].expr == first[b]
    assert names(live(inline_names(after))) == ["first", "loss"]
    assert same_values(program, after)


def test_reuse_never_looks_ahead(P):
    u, _ = uv(P)
    P.let("early", [b], 1 + sp.exp(u[b]))
    P.let("later", [b], sp.exp(u[b]))
    P.let("loss", [b], sp.exp(u[b]) * 3)
    after = reuse(P.finish("early", "loss"))
    assert after.lets[0].expr == 1 + sp.exp(u[b])
    assert after.lets[2].expr == 3 * P.program.tensor("later")[b]


@pytest.mark.parametrize("trivial", [lambda u: u, lambda u: -u, Stop, lambda u: Gate(u, ZERO)])
def test_trivial_expressions_are_not_worth_a_name(P, trivial):
    """A detached value must not stand in for the value itself, nor −u for u elsewhere."""
    u, _ = uv(P)
    P.let("named", [b], trivial(u[b]))
    P.let("loss", [b], trivial(u[b]) + 1)
    assert reuse(P.finish("loss")).lets[1].expr == trivial(u[b]) + 1


def test_reductions_are_not_reused_as_maps():
    P = Build("sums")
    x = P.real("x", b, c)
    P.let("total", [b], sp.Sum(x[b, c] ** 2, c))
    P.let("square", [b, c], x[b, c] ** 2)
    after = reuse(P.finish("total", "square"))
    assert after.lets[1].expr == x[b, c] ** 2


@pytest.mark.parametrize("name", CASES)
def test_clean_keeps_the_values_of_every_derived_program(name):
    build, wrt, sizes, labels, constants = CASES[name]
    program = build()
    swept = calculus._reverse(program, "loss", wrt)
    inputs = {}
    for tensor in swept.inputs:
        inputs[tensor.name] = labels.get(tensor.name) or {
            index: mp.mpf(3 * sum(index) + n + 1) / 7
            for n, index in enumerate(unrolled.box(tensor.axes, sizes))
        }
    assert same_values(swept, clean(swept), inputs, constants, sizes)


# ----------------------------------------------------------------------------------- absorb

x, y, z, k = sp.symbols("x y z k", real=True)


def unit(d):
    return Ratio(sp.S.One, d, ZERO)


@pytest.mark.parametrize(
    ("slope", "absorbed"),
    [
        (unit(y), Ratio(k, y, ZERO)),
        (-unit(y), -Ratio(k, y, ZERO)),
        (x * unit(y), x * Ratio(k, y, ZERO)),
        (x * y, k * x * y),
        (x * unit(y) + z, x * Ratio(k, y, ZERO) + k * z),
        (unit(y) * unit(z), Ratio(Ratio(k, y, ZERO), z, ZERO)),
        (unit(y) ** 2, Ratio(Ratio(k, y, ZERO), y, ZERO)),
        (x * Quotient(1, y) - z, x * Quotient(k, y) - k * z),
        (unit(y) * Quotient(1, z), Ratio(Quotient(k, z), y, ZERO)),
        (Ratio(x, y, ZERO) * z, k * Ratio(x, y, ZERO) * z),
    ],
    ids=str,
)
def test_absorb_divides_the_carrier_first(slope, absorbed):
    assert absorb(slope, k) == absorbed
    assert sp.simplify(to_exact(absorb(slope, k)) - k * to_exact(slope)) == 0


def test_absorb_never_duplicates():
    """However many terms a slope has, each is divided once and none is expanded."""
    slope = sum((x + n) * unit(y) for n in range(3)) + (x + z) * unit(z)
    result = absorb(slope, k)
    assert len(result.atoms(Ratio)) == 2
    assert not any(r.args[0] == 1 for r in result.atoms(Ratio))
    assert sp.count_ops(to_exact(result)) <= sp.count_ops(to_exact(k * slope)) + 4


def test_absorbed_quotients_are_zero_where_the_divisor_is():
    assert absorb(x * unit(y), k).atoms(Ratio).pop().args[2] == 0


# ------------------------------------------------------------------------------ fold_pieces


def piecewise(first, second, at=1):
    return sp.Piecewise((first, x < at), (second, True))


@pytest.mark.parametrize(
    ("expr", "folded"),
    [
        (y * piecewise(z, ZERO), piecewise(y * z, ZERO)),
        (y * piecewise(z, x), piecewise(y * z, x * y)),
        (y * piecewise(z, x) + x, piecewise(y * z, x * y) + x),
        (y * piecewise(piecewise(z, ZERO, 0), ZERO), piecewise(piecewise(y * z, ZERO, 0), ZERO)),
        (piecewise(z, ZERO), piecewise(z, ZERO)),
        (x * y + z, x * y + z),
    ],
    ids=str,
)
def test_fold_pieces(expr, folded):
    assert fold_pieces(expr) == folded


def test_a_product_of_two_selections_is_left_alone():
    product = piecewise(z, ZERO) * sp.Piecewise((y, y < 2), (1, True))
    assert fold_pieces(product) == product


def test_folding_multiplies_no_branch_that_is_not_taken():
    """0·∞ would be NaN where the other branch is the answer."""
    folded = fold_pieces(y * piecewise(sp.log(x), ZERO))
    assert all(value == 0 or value.has(y) for value, _ in folded.args)


# ------------------------------------------------------------------------------- operations


@pytest.mark.parametrize(
    ("expr", "count"),
    [
        (lambda u, v: u, 0),
        (lambda u, v: u + v, 1),
        (lambda u, v: u * v + 1, 2),
        (lambda u, v: u**4, 3),
        (lambda u, v: 1 / u, 1),
        (lambda u, v: sp.exp(u) + sp.log(v), 3),
        (lambda u, v: sp.Max(u, v, 1), 2),
        (lambda u, v: Ratio(u + v, v, ZERO), 2),
    ],
)
def test_operations_counts_nodes(P, expr, count):
    u, v = uv(P)
    P.let("loss", [b], expr(u[b], v[b]))
    assert operations(P.finish("loss")) == count


def test_operations_adds_up_over_statements(P):
    u, v = uv(P)
    first = P.let("first", [b], u[b] * v[b])
    P.let("loss", [b], first[b] + 1)
    assert operations(P.finish("loss")) == 2


def test_programs_are_immutable(P):
    u, _ = uv(P)
    P.let("dead", [b], u[b] + 2)
    P.let("loss", [b], u[b] + 1)
    program = P.finish("loss")
    copy = replace(program)
    clean(program)
    calculus.grad(program, "loss", ["u"])
    assert program == copy
    with pytest.raises(AttributeError):
        program.lets[0].expr = ZERO
    assert isinstance(program.lets[0], Let)
    assert isinstance(program.lets[0].target, Tensor)
