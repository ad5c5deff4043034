"""The calculus against SymPy's own ``diff`` of tiny unrolled programs, to 30 digits and more."""

import random

import mpmath as mp
import pytest
import sympy as sp

from derivations import boxes
from refloss.symbolic import calculus, emit
from refloss.symbolic.build import Build
from refloss.symbolic.functions import Gate, MaxOver, Stop
from refloss.symbolic.program import axis

from . import unrolled
from .programs import CASES

TIGHT = mp.mpf(10) ** -35
BOXES = {name: forms for d in boxes.DEFINITIONS for name, forms in d.programs.items()}
ONE = {"B": 1}
SETTINGS = {
    "default": {},
    "eps": {
        "eps_union": 0.1,
        "eps_height": 0.15,
        "eps_hull": 0.2,
        "eps_diagonal": 0.3,
        "eps_rho": 0.1,
    },
    "ratio": {"eps_ratio": 0.2, "eps_alpha": 0.1, "attach": 1.0},
    "aspect": {"unit": 1.0, "sign": -1.0},
    "gates": {"threshold": 0.5, "ceiling": 1.0, "least_area": 9.0, "least_iou": 0.3},
}
LAYOUTS = {
    "overlapping": (0, 0, 3, 2, 1, -1, 4, 1),
    "inside": (1, 1, 2, 3, 0, 0, 4, 5),
    "around": (0, 0, 5, 4, 1, 1, 2, 3),
    "disjoint": (0, 0, 1, 2, 3, 4, 5, 5),
    "beside": (4, 0, 6, 3, 0, 1, 3, 2),
}


def random_inputs(tensors, sizes, labels, seed=0):
    rnd = random.Random(seed)
    values = {}
    for tensor in tensors:
        values[tensor.name] = labels.get(tensor.name) or {
            index: mp.mpf(rnd.randint(-999, 999)) / 512
            for index in unrolled.box(tensor.axes, sizes)
        }
    return values


def sympy_gradient(program, wrt, sizes, inputs, constants):
    """Return SymPy's derivatives of Σ loss_bar·loss by every entry of `wrt`."""
    values = unrolled.evaluate(program, inputs, constants, sizes)
    loss = unrolled.unroll(program, sizes, values)
    bars = inputs["loss_bar"]
    total = sp.Add(*(sp.Float(bars[i], unrolled.DIGITS) * term for i, term in loss.items()))
    total = total.xreplace(dict(program.numbers))
    point = {c: constants[str(c)] for c in program.consts}
    for tensor in program.inputs:
        for index, value in inputs[tensor.name].items():
            point[unrolled.entry(tensor, index)] = value
    symbols = [
        unrolled.entry(program.tensor(name), index) for name in wrt for index in inputs[name]
    ]
    return unrolled.derivatives(total, symbols, point)


def derived_gradient(program, wrt, sizes, inputs, constants):
    gradient = emit.derive(program, "loss", wrt).grad
    values = unrolled.evaluate(gradient, inputs, constants, sizes)
    return [values[f"{name}_bar"][index] for name in wrt for index in inputs[name]]


def worst(left, right):
    return max(abs(a - b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_grad_of_rows_pairs_and_gathers(name):
    build, wrt, sizes, labels, constants = CASES[name]
    program = build()
    gradient = calculus.grad(program, "loss", wrt)
    inputs = random_inputs(gradient.inputs, sizes, labels)
    expected = sympy_gradient(program, wrt, sizes, inputs, constants)
    assert worst(derived_gradient(program, wrt, sizes, inputs, constants), expected) < TIGHT


def box_inputs(layout):
    rnd = random.Random(1)
    values = {
        name: {(0,): mp.mpf(v) + mp.mpf(rnd.randint(1, 99)) / 1024}
        for name, v in zip(boxes.box.COORDINATES, LAYOUTS[layout], strict=True)
    }
    return values | {"loss_bar": {(0,): mp.mpf(-7) / 3}}


def box_constants(program, setting):
    given = SETTINGS[setting]
    names = [str(c) for c in program.consts]
    return {n: given.get(n, boxes.CONSTANTS[n].default) for n in names}


def has_derivative(name, layout, setting):
    """-ln of an IoU of 0 has none, unless it is floored."""
    return name != "iou_log" or layout not in ("disjoint", "beside") or setting == "gates"


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", BOXES)
def test_stable_and_plain_boxes_have_one_gradient(name, setting):
    plain, stable = BOXES[name]
    constants, wrt = box_constants(plain, setting), boxes.box.COORDINATES
    forms = [emit.derive(p, "loss", wrt).grad for p in (plain, stable)]
    for layout in LAYOUTS:
        if not has_derivative(name, layout, setting):
            continue
        inputs = box_inputs(layout)
        first, second = (unrolled.evaluate(f, inputs, constants, ONE) for f in forms)
        assert abs(first["loss"][0,] - second["loss"][0,]) < TIGHT
        for c in wrt:
            gap = abs(first[f"{c}_bar"][0,] - second[f"{c}_bar"][0,])
            assert gap < TIGHT, (layout, c)


WITNESSED = [
    *(("giou", s, layout) for s in ("default", "eps", "gates") for layout in LAYOUTS),
    ("iou_log", "default", "overlapping"),
    ("iou_log", "eps", "inside"),
    ("iou_log", "gates", "disjoint"),
    ("iou_square", "eps", "around"),
    ("diou", "eps", "beside"),
    ("ciou", "default", "overlapping"),
    ("ciou", "eps", "disjoint"),
    ("ciou", "ratio", "inside"),
    ("ciou", "gates", "around"),
]
"""Between them every layout, and every setting in which the derivative is the formula's own."""


@pytest.mark.parametrize(("name", "setting", "layout"), WITNESSED)
def test_plain_boxes_have_the_gradient_of_sympy(name, setting, layout):
    program, wrt = BOXES[name][0], boxes.box.COORDINATES
    constants, inputs = box_constants(program, setting), box_inputs(layout)
    expected = sympy_gradient(program, wrt, ONE, inputs, constants)
    assert worst(derived_gradient(program, wrt, ONE, inputs, constants), expected) < TIGHT


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", BOXES)
def test_hvp_is_the_difference_of_gradients(name, layout):
    """Central differences of the derived gradient, with α attached: nothing is held."""
    if not has_derivative(name, layout, "default"):
        layout = "inside"
    plain, stable = BOXES[name]
    wrt, step = boxes.box.COORDINATES, mp.mpf(10) ** -15
    constants = box_constants(plain, "ratio")
    inputs = box_inputs(layout)
    rnd = random.Random(2)
    direction = {c: {(0,): mp.mpf(rnd.randint(-99, 99)) / 64} for c in wrt}
    gradient = emit.derive(plain, "loss", wrt).grad
    sides = []
    for sign in (1, -1):
        moved = {c: {(0,): inputs[c][0,] + sign * step * direction[c][0,]} for c in wrt}
        values = unrolled.evaluate(gradient, inputs | moved, constants, ONE)
        sides.append([values[f"{c}_bar"][0,] for c in wrt])
    expected = [(p - m) / (2 * step) for p, m in zip(*sides, strict=True)]
    dots = {f"{c}_dot": direction[c] for c in wrt}
    for program in (plain, stable):
        product = emit.derive(program, "loss", wrt).hvp
        values = unrolled.evaluate(product, inputs | dots, constants, ONE)
        got = [values[f"{c}_bar_dot"][0,] for c in wrt]
        assert worst(got, expected) < mp.mpf(10) ** -20


def test_detached_factor_is_constant_at_every_order():
    b = axis("b", "B")
    P = Build("held")
    x = P.real("x", b)
    P.let("loss", [b], Stop(x[b] ** 2) * x[b] + Gate(x[b] ** 3, sp.S.Zero) * x[b] ** 2)
    program = P.finish("loss")
    inputs = {"x": {(0,): mp.mpf(3)}, "loss_bar": {(0,): mp.mpf(1)}, "x_dot": {(0,): mp.mpf(1)}}
    gradient = unrolled.evaluate(calculus.grad(program, "loss", ["x"]), inputs, {}, ONE)
    second = unrolled.evaluate(calculus.hvp(program, "loss", ["x"]), inputs, {}, ONE)
    assert gradient["x_bar"][0,] == 9 + 27 * 6
    assert second["x_bar_dot"][0,] == 27 * 2


def test_grad_refuses_a_maximum_that_is_not_detached():
    b, c = axis("b", "B"), axis("c", "C")
    P = Build("peak")
    x = P.real("x", b, c)
    P.let("loss", [b], MaxOver(x[b, c], c))
    with pytest.raises(ValueError, match="cannot differentiate through max in 'loss'"):
        calculus.grad(P.finish("loss"), "loss", ["x"])


@pytest.mark.parametrize("detached", [True, False])
def test_a_tangent_passes_a_maximum_only_where_it_is_detached(detached):
    b, c = axis("b", "B"), axis("c", "C")
    P = Build("peak")
    x = P.real("x", b, c)
    peak = P.let("peak", [b], MaxOver(x[b, c], c))
    P.let("loss", [b, c], x[b, c] - (Stop(peak[b]) if detached else peak[b]))
    if detached:
        moved = calculus.jvp(P.finish("loss"), ["x"])
        assert [let.target.name for let in moved.lets] == ["loss_dot"]
    else:
        with pytest.raises(ValueError, match="cannot push a tangent through max in 'peak'"):
            calculus.jvp(P.finish("loss"), ["x"])


@pytest.mark.parametrize("name", CASES)
def test_hvp_of_rows_pairs_and_gathers_is_the_difference_of_gradients(name):
    build, wrt, sizes, labels, constants = CASES[name]
    derived = emit.derive(build(), "loss", wrt)
    inputs = random_inputs(derived.hvp.inputs, sizes, labels)
    dots = {n: inputs.pop(f"{n}_dot") for n in wrt}
    step, sides = mp.mpf(10) ** -15, []
    for sign in (1, -1):
        moved = {n: {i: x + sign * step * dots[n][i] for i, x in inputs[n].items()} for n in wrt}
        values = unrolled.evaluate(derived.grad, inputs | moved, constants, sizes)
        sides.append([values[f"{n}_bar"][i] for n in wrt for i in inputs[n]])
    expected = [(p - m) / (2 * step) for p, m in zip(*sides, strict=True)]
    dots = {f"{n}_dot": dot for n, dot in dots.items()}
    values = unrolled.evaluate(derived.hvp, inputs | dots, constants, sizes)
    got = [values[f"{n}_bar_dot"][i] for n in wrt for i in inputs[n]]
    assert worst(got, expected) < mp.mpf(10) ** -20


def test_unreached_input_has_a_zero_gradient():
    b = axis("b", "B")
    P = Build("partial")
    x, _ = P.real("x", b), P.real("other", b)
    P.let("loss", [b], x[b] ** 2)
    gradient = calculus.grad(P.finish("loss"), "loss", ["x", "other"])
    assert gradient.lets[-1].target.name == "other_bar"
    assert gradient.lets[-1].expr == 0
