"""The vocabulary of boxes: both forms name the same quantities, and every arm is reached."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from derivations import boxes
from refloss.symbolic import emit
from refloss.symbolic.build import Build
from refloss.symbolic.functions import Gate, Ratio, Relu, Step
from refloss.symbolic.vocabulary import aspect
from refloss.symbolic.vocabulary import boxes as box

from .. import unrolled

PROGRAMS = {n: forms for d in boxes.DEFINITIONS for n, forms in d.programs.items()}
ONE = {"B": 1}
PUBLIC = {
    "box_pair": {"pw", "ph", "tw", "th"},
    "overlap": {"ox", "oy", "iw", "ih", "inter", "ph_kept", "th_kept", "parea", "tarea"}
    | {"union_area", "iou", "gap"},
    "hull_sides": {"cw", "ch"},
    "hull_term": {"hull", "hull_kept", "hull_den", "hull_term"},
    "center_distance": {"sx", "sy", "rho", "diagonal", "distance"},
    "aspect_term": {"ph_ratio", "th_ratio", "turn", "v"},
}
NEEDS = {
    "box_pair": [],
    "overlap": ["box_pair"],
    "hull_sides": ["box_pair", "overlap"],
    "hull_term": ["box_pair", "overlap", "hull_sides"],
    "center_distance": ["box_pair", "overlap", "hull_sides"],
    "aspect_term": ["box_pair", "overlap"],
}
LAYOUTS = {
    "overlapping": (0, 0, 3, 2, 1, -1, 4, 1),
    "other corner": (1, -1, 4, 1, 0, 0, 3, 2),
    "inside": (1, 1, 2, 3, 0, 0, 4, 5),
    "around": (0, 0, 5, 4, 1, 1, 2, 3),
    "disjoint": (0, 0, 1, 2, 3, 4, 5, 5),
    "opposite": (3, 4, 5, 5, 0, 0, 1, 2),
    "identical": (1, 1, 3, 4, 1, 1, 3, 4),
    "touching": (0, 0, 1, 2, 1, 2, 4, 3),
    "point": (1, 1, 1, 1, 1, 1, 1, 1),
    "point beside": (2, 2, 2, 2, 0, 0, 1, 3),
    "line": (0, 0, 2, 0, 1, 0, 3, 0),
}


PLAIN = {
    "eps_union": 0,
    "eps_height": 0,
    "least_height": 0,
    "least_area": -1,
    "least_hull": 0,
    "eps_other": 0,
    "unit": 0,
    "sign": 1,
    "attach": 0,
}


def built(form, *words):
    """Return a program of the given words, in order, and what each of them named."""
    P = Build("words", form)
    pair, named = None, {}
    e_union, e_height, low, least, hull, other, unit, sign, attach = (P.const(n) for n in PLAIN)
    scale = P.number("aspect_scale", 4 / sp.pi**2)
    for word in words:
        before = {let.target.name for let in P.program.lets}
        if word == "box_pair":
            pair = box.box_pair(P)
        elif word == "overlap":
            box.overlap(P, pair, e_union, e_height, low, least)
        elif word == "hull_sides":
            box.hull_sides(P, pair)
        elif word == "hull_term":
            box.hull_term(P, pair, other, e_height, low, least, hull)
        elif word == "center_distance":
            box.center_distance(P, pair, other)
        elif word == "aspect_term":
            aspect.aspect_term(P, pair, other, unit, sign, scale, attach)
        named[word] = {let.target.name for let in P.program.lets} - before
    return P, named


@pytest.mark.parametrize("form", ["plain", "stable"])
@pytest.mark.parametrize("word", PUBLIC)
def test_both_forms_define_the_same_public_names(word, form):
    _, named = built(form, *NEEDS[word], word)
    assert PUBLIC[word] <= named[word]


def at(layout):
    named = zip(box.COORDINATES, LAYOUTS[layout], strict=True)
    return {name: {(0,): mp.mpf(value)} for name, value in named}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_public_quantities_agree_at_every_layout(layout):
    """Ties and degenerate boxes included: the forms differ in rounding alone."""
    words = list(PUBLIC)
    found = []
    for form in ("plain", "stable"):
        P, _ = built(form, *words)
        found.append(unrolled.evaluate(P.program, at(layout), PLAIN, ONE))
    plain, stable = found
    for name in set().union(*PUBLIC.values()):
        assert mp.almosteq(plain[name][0,], stable[name][0,], abs_eps=mp.mpf(10) ** -45), name


def kinks(expr):
    """Yield every primitive with arms, and the expression whose sign says which one is taken."""
    for call in expr.atoms(Step, Relu):
        yield call, call.args[0]
    for call in expr.atoms(Ratio):
        yield call, sp.Abs(call.args[1])
    for call in expr.atoms(sp.Max, sp.Min):
        first, second = call.args
        yield call, first - second
    for call in expr.atoms(sp.Piecewise):
        condition = call.args[0][1]
        yield call, condition.lhs - condition.rhs


def arms(call):
    """Return the signs that must occur, all of one row at least."""
    if isinstance(call, Ratio):
        return [{0, 1}]
    if isinstance(call, sp.Piecewise) and isinstance(call.args[0][1], sp.Eq):
        return [{0, 1}, {0, -1}]
    return [{-1, 1}, {-1, 0}] if isinstance(call, sp.Piecewise) else [{-1, 1}]


SETTINGS = (
    {},
    {"eps_union": 0.25, "eps_height": 0.5, "eps_hull": 0.25, "eps_diagonal": 0.5, "eps_ratio": 0.5}
    | {"eps_rho": 0.5, "eps_alpha": 0.25, "ceiling": 1.0, "attach": 1.0, "unit": 1.0},
    {"least_area": 30.0, "threshold": 0.5, "at_threshold": 0.0},
    {"least_area": 10.0, "ceiling": 0.0, "threshold": 0.0, "least_iou": 0.0},
    {"least_height": 1.5, "least_hull": 10.0},
)
FLOORED = {"least_iou": 0.25}
"""A floor that some layouts reach, unless a setting says otherwise."""


def coverage(program, gradient):
    """Return the arms that the layouts and settings reach, by primitive."""
    reached: dict = {}
    for given in SETTINGS:
        given = FLOORED | given
        names = [str(c) for c in program.consts]
        constants = {n: given.get(n, boxes.CONSTANTS[n].default) for n in names}
        symbols = {s: mp.mpf(constants[str(s)]) for s in program.consts}
        symbols |= {s: mp.mpmathify(sp.N(v, 50)) for s, v in program.numbers}
        for layout in LAYOUTS:
            inputs = at(layout) | {"loss_bar": {(0,): mp.mpf(1)}}
            values = unrolled.evaluate(gradient, inputs, constants, ONE)
            index = {gradient.lets[0].target.axes[0]: 0}
            for let in gradient.lets:
                for call, decides in kinks(let.expr):
                    number = unrolled._number(decides, index, values, symbols)
                    reached.setdefault(call, set()).add(int(mp.sign(number)))
    return reached


@pytest.mark.parametrize("form", [0, 1], ids=["plain", "stable"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_arm_is_reached(name, form):
    """Of value and gradient: both sides of each kink, each guard, each vanishing denominator."""
    program = PROGRAMS[name][form]
    gradient = emit.derive(program, "loss", box.COORDINATES).grad
    for call, taken in coverage(program, gradient).items():
        assert any(needed <= taken for needed in arms(call)), (call, taken)


def test_an_unknown_quantity_is_named():
    P = Build("words")
    pair = box.box_pair(P)
    with pytest.raises(AttributeError, match="no box quantity is named 'iou' yet"):
        _ = pair.iou


def test_the_weight_of_v_is_gated():
    P, _ = built("plain", "box_pair", "overlap", "aspect_term")
    pair = box.Boxes(P)
    for tensor in P.program.tensors():
        pair.names[tensor.name] = tensor
    attach = P.program.consts[-1]
    weight = aspect.aspect_weight(
        P, pair, sp.S.Zero, sp.S.Half, sp.S.One, attach, sp.S.Zero, sp.S.Zero
    )
    assert weight == Gate(pair.alpha, attach)


@pytest.mark.parametrize(("shift", "digits"), [(1e-9, 13), (1e-12, 13), (1e-15, 13)])
def test_the_stable_gap_keeps_its_digits(shift, digits):
    """Near full overlap, where the plain 1 - IoU keeps few or none."""
    from ..execution import compiled

    columns = [np.array([v]) for v in (0.0, 0.0, 1.0, 1.0, shift, 0.0, 1.0, 1.0)]
    exact = mp.mpf(shift)
    errors = []
    for program in PROGRAMS["iou_linear"]:
        (loss,) = compiled(program)["value"](*columns, *[0.0] * len(program.consts))
        errors.append(abs(mp.mpf(float(loss)) - exact) / exact)
    plain, stable = errors
    assert stable < mp.mpf(10) ** -digits
    assert plain > 1000 * stable
