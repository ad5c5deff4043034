"""Laws that connect losses and conventions, proved by SymPy from the plain definitions.

A program is written out as one expression of its inputs' entries, for every number of classes that
a law is asked for; weights, logits and amounts stay symbols.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import sympy as sp
from sympy.codegen.cfunctions import log1p

from derivations import (
    binary,
    classification,
    hinge,
    margins,
    poly1,
    regression,
    sigmoid_focal,
    softmax_focal,
)
from refloss.symbolic import functions as fn
from refloss.symbolic.program import Program, size_of
from tests.symbolic.unrolled import box, entry
from tests.symbolic.unrolled import told as told_to

_AT_0 = (
    *("label_smoothing", "over_others", "classy", "z_loss", "times_square"),
    *("epsilon", "weight_inside", "smoothing"),
)
_AT_1 = (
    *("temperature", "poly_balanced", "attached", "on_positives", "on_negatives"),
    *("alpha", "alpha_on_first", "alpha_on_others"),
)
OFF = dict.fromkeys(_AT_0, 0) | dict.fromkeys(_AT_1, 1)
"""Constants at which options do nothing."""


def written_out(
    program: Program,
    classes: int = 1,
    label: int | None = None,
    given: Mapping[str, object] | None = None,
    **constants: object,
) -> sp.Expr:
    """Return the loss of one item as an expression.

    Parameters
    ----------
    program : Program
        In plain form.
    classes : int
        Logits of the item.
    label : int, optional
        Its class.
    given : mapping
        Expressions for inputs by name; one of several entries takes a list.
    **constants
        Those that are not as `OFF` has them.
    """
    sizes = {str(size_of(a)): 1 for t in program.tensors() for a in t.axes} | {"C": classes}
    known = {s: sp.sympify(v) for s, v in told_to(program, {**OFF, **constants}).items()}
    known |= {
        size_of(a): sp.Integer(sizes[str(size_of(a))]) for t in program.tensors() for a in t.axes
    }
    given, env = given or {}, {}
    for tensor in program.inputs:
        env[tensor.name] = {}
        for index in box(tensor.axes, sizes):
            told = given.get(tensor.name)
            told = told[index[-1]] if isinstance(told, list) else told
            free = sp.Integer(label) if tensor.label and label is not None else entry(tensor, index)
            env[tensor.name][index] = free if told is None else sp.sympify(told)
    for let in program.lets:
        env[let.target.name] = {
            index: _reduced(
                let,
                [
                    _in_place(
                        let.expr,
                        dict(zip((*let.target.axes, *let.over), (*index, *more), strict=True)),
                        env,
                        known,
                    )
                    for more in box(let.over, sizes)
                ],
            )
            for index in box(let.target.axes, sizes)
        }
    (loss,) = env[program.lets[-1].target.name].values()
    return loss


def _reduced(let, terms: list[sp.Expr]) -> sp.Expr:
    if let.reduce == "max":  # a reference point, which may be any number
        return sp.Symbol("reference", real=True) if let.target.name == "top" else sp.Max(*terms)
    return sp.Add(*terms)


def _in_place(expr, at, env, known) -> sp.Expr:
    if isinstance(expr, sp.Idx):
        return sp.Integer(at[expr])
    if isinstance(expr, sp.Indexed):
        index = tuple(int(_in_place(i, at, env, known)) for i in expr.indices)
        tensor = env[str(expr.base)]
        return tensor[index] if index in tensor else tensor[()]
    if isinstance(expr, fn.Stop | fn.Gate):
        return _in_place(expr.args[0], at, env, known)
    if isinstance(expr, fn.Weighted):
        return sp.Mul(*(_in_place(a, at, env, known) for a in expr.args))
    if expr in known:
        return known[expr]
    if not expr.args:
        return expr
    return expr.func(*(_in_place(a, at, env, known) for a in expr.args))


def assert_equal(one: sp.Expr, other: sp.Expr) -> None:
    """Require that the difference simplifies to 0."""
    difference = fn.to_exact(one - other).replace(log1p, lambda x: sp.log(1 + x))
    assert sp.simplify(sp.expand(sp.expand_log(difference, force=True))) == 0


def symbols(name: str, classes: int) -> list[sp.Symbol]:
    return [sp.Symbol(f"{name}_{k}", real=True) for k in range(classes)]


def plain(definition, program: str) -> Program:
    return definition.programs[program][0]


CROSS_ENTROPY = plain(classification.CROSS_ENTROPY, "cross_entropy")
SOFT = plain(classification.CROSS_ENTROPY, "cross_entropy_soft")
FOCAL = plain(softmax_focal.SOFTMAX_FOCAL, "softmax_focal")
POLY = plain(poly1.POLY1, "poly1")
ROWS = {
    "cross_entropy": (CROSS_ENTROPY, {}),
    "softmax_focal": (FOCAL, {"gamma": 2}),
    "poly1": (POLY, {}),
}


@pytest.mark.parametrize(
    "convention", [(0, 0), (1, 0), (0, 1)], ids=["uniform", "others", "classy"]
)
@pytest.mark.parametrize("classes", [2, 3])
def test_no_smoothing_is_minus_the_log_of_the_softmax(classes, convention):
    others, classy = convention
    z, w = symbols("z", classes), symbols("w", classes)
    inputs = {"logits": z, "class_weight": w}
    found = written_out(CROSS_ENTROPY, classes, 1, inputs, over_others=others, classy=classy)
    assert_equal(found, w[1] * (sp.log(sum(map(sp.exp, z))) - z[1]))


@pytest.mark.parametrize("classes", [2, 3])
def test_smoothing_mixes_the_target_with_the_mean_over_all_classes(classes):
    eps, z = sp.Symbol("eps", positive=True), symbols("z", classes)
    inputs = {"logits": z, "class_weight": [1] * classes}
    smoothed = written_out(CROSS_ENTROPY, classes, 0, inputs, label_smoothing=eps)
    every = [written_out(CROSS_ENTROPY, classes, k, inputs) for k in range(classes)]
    assert_equal(smoothed, (1 - eps) * every[0] + eps * sum(every) / classes)


@pytest.mark.parametrize("classes", [2, 3])
def test_one_probability_of_1_is_the_class(classes):
    z, w = symbols("z", classes), symbols("w", classes)
    one_hot = [1, *[0] * (classes - 1)]
    eps = sp.Symbol("eps", positive=True)
    soft = {"logits": z, "class_weight": w, "target": one_hot}
    found = written_out(SOFT, classes, given=soft, label_smoothing=eps)
    hard = {"logits": z, "class_weight": w}
    assert_equal(found, written_out(CROSS_ENTROPY, classes, 0, hard, label_smoothing=eps))


@pytest.mark.parametrize("loss", ROWS)
@pytest.mark.parametrize("classes", [2, 3])
def test_classes_in_another_order(loss, classes):
    program, more = ROWS[loss]
    z, w = symbols("z", classes), symbols("w", classes)
    here = written_out(program, classes, 0, {"logits": z, "class_weight": w}, **more)
    turned = {"logits": z[1:] + z[:1], "class_weight": w[1:] + w[:1]}
    assert_equal(here, written_out(program, classes, classes - 1, turned, **more))


@pytest.mark.parametrize("loss", ROWS)
def test_a_weight_of_k_counts_a_row_k_times_and_0_removes_it(loss):
    program, more = ROWS[loss]
    k, z, w = sp.Symbol("k", positive=True), symbols("z", 3), symbols("w", 3)
    once = written_out(program, 3, 1, {"logits": z, "class_weight": w}, **more)
    often = {"logits": z, "class_weight": [k * x for x in w]}
    assert_equal(written_out(program, 3, 1, often, **more), k * once)
    removed = {"logits": z, "class_weight": [w[0], 0, w[2]]}
    assert written_out(program, 3, 1, removed, **more) == 0


@pytest.mark.parametrize(
    ("program", "more"), [(FOCAL, {"gamma": 0}), (POLY, {})], ids=["focal", "poly1"]
)
def test_without_its_amount_a_loss_is_cross_entropy(program, more):
    inputs = {"logits": symbols("z", 3), "class_weight": symbols("w", 3)}
    found = written_out(program, 3, 2, inputs, **more)
    assert_equal(found, written_out(CROSS_ENTROPY, 3, 2, inputs))


def test_sigmoid_focal_loss_is_that_of_two_classes():
    x, gamma = sp.Symbol("x", real=True), sp.Symbol("gamma", positive=True)
    one = plain(sigmoid_focal.SIGMOID_FOCAL, "sigmoid_focal")
    for target in (0, 1):
        given = {"logits": x, "target": target, "weight": 1}
        binary_one = written_out(one, given=given, gamma=gamma)
        rows = {"logits": [0, x], "class_weight": [1, 1]}
        both = written_out(FOCAL, 2, target, rows, gamma=gamma)
        for point in (-2, sp.Rational(1, 3), 5):
            number = {x: point, gamma: sp.Rational(5, 2), sp.Symbol("reference", real=True): 0}
            found = [fn.to_exact(e).subs(number).evalf(40) for e in (binary_one, both)]
            assert abs(found[0] - found[1]) < sp.Float(10) ** -35


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("arm", ["below", "above", "at"])
def test_huber_is_delta_times_smooth_l1_of_that_beta(arm, side):
    size, more = sp.symbols("size more", positive=True)
    d, delta = {"below": (size, size + more), "above": (size + more, size), "at": (size, size)}[arm]
    given = {"pred": side * d, "target": 0, "inside": 1, "weight": 1}
    smooth = plain(regression.SMOOTH_L1, "smooth_l1")
    one = written_out(smooth, given=given, beta=delta, sigma=0, least_beta=0)
    other = written_out(plain(regression.HUBER, "huber"), given=given, delta=delta)
    assert_equal(other, delta * one)


def test_the_sigma_form_is_beta_of_1_over_sigma_squared():
    sigma, d = sp.Symbol("sigma", positive=True), sp.Symbol("d", real=True)
    given = {"pred": d, "target": 0, "inside": 1, "weight": 1}
    program = plain(regression.SMOOTH_L1, "smooth_l1")
    one = written_out(program, given=given, beta=1, sigma=sigma, least_beta=0)
    other = written_out(program, given=given, beta=1 / sigma**2, sigma=0, least_beta=0)
    assert sp.simplify(fn.to_exact(one) - fn.to_exact(other)) == 0


def test_binary_cross_entropy_of_a_sigmoid_is_that_of_its_logit():
    x, t = sp.symbols("x t", real=True)
    eps = sp.Symbol("eps", positive=True)
    shared = {"target": t, "pos_weight": sp.Symbol("P", positive=True), "weight": 1}
    smooth = {"label_smoothing": eps, "lost": 1, "raised": 1}
    of_logits = written_out(plain(binary.BCE, "bce"), given={"logits": x, **shared}, **smooth)
    of_probs = written_out(
        plain(binary.BCE_PROBS, "bce_probs"),
        given={"probs": 1 / (1 + sp.exp(-x)), **shared},
        **smooth,
        clip=0,
        added=0,
        most=sp.oo,
    )
    difference = fn.to_exact(of_logits - of_probs).replace(log1p, lambda y: sp.log(1 + y))
    inside = difference.replace(sp.Min, lambda *args: next(a for a in args if a.has(x)))  # p < 1
    assert sp.simplify(sp.diff(inside, x)) == 0  # so it is what it is at 0
    assert sp.simplify(inside.subs(x, 0)) == 0


def test_flipping_each_label_swaps_the_classes_with_probability_eps():
    x, eps = sp.Symbol("x", real=True), sp.Symbol("eps", positive=True)
    program, shared = plain(binary.BCE, "bce"), {"logits": x, "pos_weight": 1, "weight": 1}
    sides = [written_out(program, given={**shared, "target": t}, lost=1, raised=1) for t in (0, 1)]
    flipped = written_out(
        program, given={**shared, "target": 1}, label_smoothing=eps, lost=1, raised=1
    )
    assert_equal(flipped, (1 - eps) * sides[1] + eps * sides[0])


@pytest.mark.parametrize("name", ["hinge", "squared_hinge"])
def test_labels_0_and_1_are_labels_minus_1_and_1(name):
    definition = {"hinge": hinge.HINGE, "squared_hinge": hinge.SQUARED_HINGE}[name]
    s = sp.Symbol("s", real=True)
    for bit in (0, 1):
        one, other = (
            written_out(
                plain(definition, name),
                given={"scores": s, "target": target, "weight": 1},
                doubled=doubled,
                margin=1,
            )
            for target, doubled in ((bit, 1), (2 * bit - 1, 0))
        )
        assert_equal(one, other)


def test_margins_of_two_classes_are_the_hinge_of_their_difference():
    z, m = symbols("z", 2), sp.Symbol("m", positive=True)
    constants = {"margin": m, "squared": 0, "divided": 0, "over_others": 0}
    inputs = {"logits": z, "class_weight": [1, 1]}
    of_two = written_out(
        plain(hinge.HINGE, "hinge"),
        given={"scores": z[1] - z[0], "target": 1, "weight": 1},
        doubled=0,
        margin=m,
    )
    program = plain(margins.MULTI_MARGIN, "weston_watkins")
    assert_equal(written_out(program, 2, 1, inputs, **constants), of_two)
