"""The calculus against SymPy's own ``diff`` of tiny unrolled programs, to 30 digits and more."""

import random

import mpmath as mp
import pytest
import sympy as sp

from derivations import boxes
from refloss.symbolic import calculus, emit
from refloss.symbolic import functions as fn
from refloss.symbolic.build import Build
from refloss.symbolic.functions import Gate, MaxOver, Quotient, Stop
from refloss.symbolic.program import Program, axis

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
    "floors": {"least_height": 2.5, "least_hull": 7.0, "least_iou": 0.125, "eps_height": 0.125},
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
    floored = setting in ("gates", "floors")
    return name != "iou_log" or layout not in ("disjoint", "beside") or floored


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
    *(("giou", s, layout) for s in ("default", "eps", "gates", "floors") for layout in LAYOUTS),
    ("iou_linear", "floors", "beside"),
    ("iou_square", "floors", "inside"),
    ("iou_log", "floors", "overlapping"),
    ("diou", "floors", "inside"),
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


# ------------------------------------------------------------- forms that span other axes


def spanning() -> Program:
    """Return statements whose given forms read along axes that they have, bind, or lack."""
    b, c, d = axis("b", "B"), axis("c", "C"), axis("d", "D")
    P = Build("spanning")
    x, u, v = P.real("x", b, c), P.real("u", b), P.real("v", d)
    weight = P.let("weight", [b], sp.Sum(u[b] * x[b, c] ** 2, c))
    rest = P.let("rest", [], sp.Sum(v[d] ** 2, d))
    far = P.let("far", [b], u[b] * sp.log(1 + rest.here))
    mixed = P.let("mixed", [b], sp.Sum(x[b, c] ** 2 * rest.here, c))
    square = P.let("square", [b], sp.Sum(x[b, c] ** 2, c))
    P.partials(weight, {x[b, c]: 2 * u[b] * x[b, c], u[b]: square[b]})
    inverse = Quotient(sp.S.One, 1 + rest.here)
    P.partials(far, {v[d]: 2 * v[d] * u[b] * inverse, u[b]: sp.log(1 + rest.here)})
    P.partials(mixed, {x[b, c]: 2 * x[b, c] * rest.here, v[d]: 2 * v[d] * square[b]})
    P.let("loss", [b], weight[b] * far[b] + mixed[b] ** 2)
    return P.finish("loss")


def soft_maximum() -> Program:
    """Return a form across a reduction that lies between, with a gather beside it."""
    b, c, j = axis("b", "B"), axis("c", "C"), axis("j", "C")
    P = Build("soft_maximum")
    x, y = P.real("x", b, c), P.label("y", b)
    mass = P.let("mass", [b, c], sp.exp(x[b, c]))
    total = P.let("total", [b], sp.Sum(mass[b, c], c))
    lse = P.let("lse", [b], sp.log(total[b]))
    P.partials(lse, {x[b, j]: mass[b, j] * Quotient(sp.S.One, total[b])})
    P.let("loss", [b], lse[b] ** 2 - x[b, y[b]] * lse[b])
    return P.finish("loss")


def even_maximum() -> Program:
    """Return a maximum that says itself what its derivative is."""
    b, c = axis("b", "B"), axis("c", "C")
    P = Build("even_maximum")
    x, y = P.real("x", b, c), P.label("y", b)
    square = P.let("square", [b, c], sp.Piecewise((0, sp.Eq(c, y[b])), (x[b, c] ** 2, True)))
    top = P.let("top", [b], MaxOver(square[b, c], c))
    chief = P.let("chief", [b, c], sp.Piecewise((1, square[b, c] >= top[b]), (0, True)))
    chiefs = P.let("chiefs", [b], sp.Sum(chief[b, c], c))
    P.partials(top, {square[b, c]: Quotient(chief[b, c], chiefs[b])})
    P.let("loss", [b], top[b] * x[b, y[b]])
    return P.finish("loss")


def unread_scale() -> Program:
    """Return a form by a quantity that no statement reads."""
    b, c, j = axis("b", "B"), axis("c", "C"), axis("j", "C")
    P = Build("unread_scale")
    x, y = P.real("x", b, c), P.label("y", b)
    scaled = P.let("scaled", [b, c], x[b, c] / 3)
    mass = P.let("mass", [b, c], sp.exp(x[b, c] / 3))
    total = P.let("total", [b], sp.Sum(mass[b, c], c))
    lse = P.let("lse", [b], sp.log(total[b]))
    P.partials(lse, {scaled[b, j]: mass[b, j] * Quotient(sp.S.One, total[b])})
    P.let("loss", [b], lse[b] ** 2 - x[b, y[b]] * lse[b])
    return P.finish("loss")


SPANNING = {
    "unread_scale": (unread_scale, ("x",), {"B": 2, "C": 3}, {"y": {(0,): 2, (1,): 0}}),
    "even_maximum": (even_maximum, ("x",), {"B": 2, "C": 3}, {"y": {(0,): 2, (1,): 0}}),
    "spanning": (spanning, ("x", "u", "v"), {"B": 2, "C": 3, "D": 2}, {}),
    "soft_maximum": (soft_maximum, ("x",), {"B": 2, "C": 3}, {"y": {(0,): 2, (1,): 0}}),
}


def sympy_total(program, sizes, inputs, weights):
    """Return Σ weights·loss over the entries of the inputs, and the point that they have."""
    values = unrolled.evaluate(program, inputs, {}, sizes)
    loss = unrolled.unroll(program, sizes, values)
    total = sp.Add(*(sp.Float(weights[i], unrolled.DIGITS) * term for i, term in loss.items()))
    point = {
        unrolled.entry(tensor, index): value
        for tensor in program.inputs
        for index, value in inputs[tensor.name].items()
    }
    return total, point


@pytest.mark.parametrize("name", SPANNING)
def test_forms_along_other_axes_have_the_derivatives_of_sympy(name):
    """Gradient, tangent and second derivative: a form counts once for each element it is by."""
    build, wrt, sizes, labels = SPANNING[name]
    program = build()
    derived = emit.derive(program, "loss", wrt)
    inputs = random_inputs(derived.hvp.inputs, sizes, labels)
    entries = [(n, i) for n in wrt for i in inputs[n]]
    total, point = sympy_total(program, sizes, inputs, inputs["loss_bar"])
    symbols = [unrolled.entry(program.tensor(n), i) for n, i in entries]
    expected = unrolled.derivatives(total, symbols, point)
    assert worst(derived_gradient(program, wrt, sizes, inputs, {}), expected) < TIGHT

    dots = [sp.Float(inputs[f"{n}_dot"][i], unrolled.DIGITS) for n, i in entries]
    slopes = (sp.diff(fn.to_exact(total), s) for s in symbols)
    along = sp.Add(*(dot * s for dot, s in zip(dots, slopes, strict=True)))
    along = fn.to_exact(fn.kinks(along))  # the jumps of a maximum's slope are no derivatives
    values = unrolled.evaluate(derived.hvp, inputs, {}, sizes)
    found = [values[f"{n}_bar_dot"][i] for n, i in entries]
    assert worst(found, unrolled.derivatives(along, symbols, point)) < TIGHT

    moved = unrolled.evaluate(calculus.jvp(program, wrt), inputs, {}, sizes)["loss_dot"]
    bars = inputs["loss_bar"]
    slope = mp.fsum(a * mp.mpf(dot) for a, dot in zip(expected, dots, strict=True))
    assert abs(mp.fsum(bars[i] * moved[i] for i in bars) - slope) < TIGHT


def statements(program):
    return {let.target.name: let for let in program.lets}


def test_what_is_outside_a_sum_leaves_it_with_the_axes_that_stay_inside():
    """Σ_c w_c·(s_b − x_bc): the adjoint of s is Σ w, one number, times what is passed on."""
    b, c = axis("b", "B"), axis("c", "C")
    P = Build("weights")
    s, w, x = P.real("s", b), P.real("w", c), P.real("x", b, c)
    P.let("loss", [b], sp.Sum(w[c] * (s[b] - x[b, c]), c))
    gradient = calculus.grad(P.finish("loss"), "loss", ["s"])
    lets = statements(gradient)
    acc = lets["s_bar_acc"]
    assert (acc.target.axes, acc.expr, acc.over) == ((), w[c], (c,))
    assert lets["s_bar"].target.axes == (b,)
    assert lets["s_bar"].expr == acc.target.here * gradient.tensor("loss_bar")[b]
    inputs = random_inputs(gradient.inputs, {"B": 2, "C": 3}, {})
    values = unrolled.evaluate(gradient, inputs, {}, {"B": 2, "C": 3})
    for i in range(2):
        weights = mp.fsum(inputs["w"].values())
        assert abs(values["s_bar"][i,] - inputs["loss_bar"][i,] * weights) < TIGHT


def options(*, plain: bool) -> Program:
    """Return a loss of which constants switch two terms on, beside one that is always there."""
    b = axis("b", "B")
    P = Build("options")
    x, k, m = P.real("x", b), P.const("k"), P.const("m")
    s = P.let("s", [b], sp.exp(x[b]))
    first = P.let("first", [b], sp.Piecewise((0, sp.Eq(k, 0)), (k * s[b] ** 2, True)))
    second = P.let("second", [b], sp.Piecewise((0, sp.Eq(m, 0)), (m * s[b] ** 3, True)))
    always = P.let("always", [b], sp.log(1 + s[b])) if plain else None
    P.let("loss", [b], first[b] + second[b] + (always[b] if always else 0))
    return P.finish("loss")


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("constants", [(0, 0), (2, 0), (0, 3), (2, 3)])
def test_terms_that_constants_switch_off_have_their_derivative(plain, constants):
    program, constants = options(plain=plain), dict(zip("km", constants, strict=True))
    inputs = {"x": {(0,): mp.mpf(3) / 8}, "loss_bar": {(0,): mp.mpf(-5) / 4}}
    expected = sympy_gradient(program, ["x"], ONE, inputs, constants)
    assert worst(derived_gradient(program, ("x",), ONE, inputs, constants), expected) < TIGHT


@pytest.mark.parametrize("plain", [True, False])
def test_terms_that_constants_switch_off_are_added_by_cases(plain):
    """Where the constant is 0 the adjoint is what it was before: not even 0 is added."""
    gradient = calculus.grad(options(plain=plain), "loss", ["x"])
    k, m = gradient.consts
    added = [
        let.expr
        for let in gradient.lets
        if let.target.name.startswith("s_bar") and isinstance(let.expr, sp.Piecewise)
    ]
    whole = [e for e in added if e.args[0][0] != 0]
    assert [e.args[0][1] for e in whole] == ([sp.Eq(m, 0), sp.Eq(k, 0)] if plain else [sp.Eq(k, 0)])
    for expr in whole:
        before = expr.args[0][0]
        assert isinstance(before, sp.Indexed)
        assert before in sp.Add.make_args(expr.args[1][0])


@pytest.mark.parametrize(
    ("condition", "switched"),
    [("constant", True), ("read", False), ("class", False)],
)
def test_only_constants_switch_off(condition, switched):
    b, c = axis("b", "B"), axis("c", "C")
    P = Build("conditions")
    x, y, k = P.real("x", b, c), P.label("y", b), P.const("k")
    where = {"constant": sp.Eq(k, 0), "read": x[b, c] > 0, "class": sp.Eq(c, y[b])}[condition]
    assert calculus._switched_off(sp.Piecewise((0, where), (x[b, c], True))) is switched
    assert not calculus._switched_off(sp.Piecewise((1, where), (x[b, c], True)))
