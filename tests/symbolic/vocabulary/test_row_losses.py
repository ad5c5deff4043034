"""Focal loss and Poly-1 of rows: both forms agree, with SymPy's own derivatives too."""

import itertools

import mpmath as mp
import pytest
import sympy as sp

from derivations import poly1, softmax_focal
from refloss.symbolic import emit
from refloss.symbolic import functions as fn
from refloss.symbolic.program import size_of
from refloss.symbolic.vocabulary import rows as row

from .. import unrolled
from .test_rows import TIGHT, outcome, points

LOSSES = {
    "softmax_focal": (softmax_focal.SOFTMAX_FOCAL, "cross_entropy"),
    "softmax_focal_soft": (softmax_focal.SOFTMAX_FOCAL, "cross_entropy_soft"),
    "poly1": (poly1.POLY1, "cross_entropy"),
    "poly1_soft": (poly1.POLY1, "cross_entropy_soft"),
}
"""Definitions by program, and the program of cross-entropy that takes the same inputs."""


def settings(names, *values):
    return [
        dict(zip(names, map(mp.mpf, itertools.chain.from_iterable(each)), strict=True))
        for each in itertools.product(*values)
    ]


FOCAL = settings(
    softmax_focal.CONSTANTS,
    [("0",), ("0.5",), ("1",), ("2",), ("3.5",)],
    [("1", "1", "1"), ("0.25", "0", "1"), ("0.25", "1", "0")],
    [("1",), ("0",)],
    [("0", "0", "1")],
    [("0",)],
)
TURNS = itertools.cycle([("0", "0", "1"), ("1", "-1", "1"), ("0", "1.5", "0")])
TURNED = ("weight_inside", "epsilon", "poly_balanced")
FOCAL = [
    setting | dict(zip(TURNED, map(mp.mpf, turn), strict=True))
    for setting, turn in zip(FOCAL, TURNS, strict=False)
]
SMOOTHED = [setting | {"label_smoothing": mp.mpf("0.1")} for setting in FOCAL[1::2]]
POLY = settings(
    poly1.CONSTANTS,
    [("0",), ("0.1",), ("1",)],
    [("0", "0"), ("1", "0"), ("0", "1")],
    [("0",), ("-1",)],
)
SETTINGS = {
    "softmax_focal": FOCAL,
    "softmax_focal_soft": FOCAL[::2] + SMOOTHED,
    "poly1": POLY,
    "poly1_soft": POLY,
}


def forms(program):
    definition, _ = LOSSES[program]
    wrt = definition.wrt[program]
    return wrt, [emit.derive(form, "loss", wrt) for form in definition.programs[program]]


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("program", LOSSES)
def test_both_forms_agree_under_every_convention(program, classes):
    """In 50 digits: value, gradient by all that has one, and Hessian-vector product."""
    wrt, derived = forms(program)
    every = list(points(LOSSES[program][1], classes))
    for number, setting in enumerate(SETTINGS[program]):
        for inputs in every[number % 3 :: 3]:
            plain, stable = (outcome(form, wrt, inputs, setting, classes) for form in derived)
            for one, other in zip(plain, stable, strict=True):
                assert abs(one - other) < TIGHT, (setting, inputs)


def witness(program, inputs, setting, classes):
    """Return the same numbers from SymPy's ``diff`` of the unrolled plain program."""
    definition, _ = LOSSES[program]
    plain, wrt = definition.programs[program][0], definition.wrt[program]
    sizes = {"B": 1, "C": classes}
    given = {t.name: inputs[t.name] for t in plain.inputs}
    values = unrolled.evaluate(plain, given, setting, sizes)
    told = unrolled.told(plain, setting)
    whole = {c: sp.Integer(int(value)) for c, value in told.items() if mp.isint(value)}
    total = unrolled.unroll(plain, sizes, values)[0,].xreplace(whole)  # cases are decided
    total *= sp.Float(inputs["loss_bar"][0,], 50)
    symbols = [unrolled.entry(plain.tensor(n), (0, k)) for n in wrt for k in range(classes)]
    dots = [sp.Float(inputs[f"{n}_dot"][0, k], 50) for n in wrt for k in range(classes)]
    point = told | {size_of(row.CLASS): mp.mpf(classes)}
    for name in ("logits", "class_weight", *wrt):
        point |= {unrolled.entry(plain.tensor(name), i): v for i, v in inputs[name].items()}
    exact = fn.to_exact(total)
    along = sp.Add(*(dot * sp.diff(exact, s) for dot, s in zip(dots, symbols, strict=True)))
    order = sorted(point, key=str)
    value = sp.lambdify(order, exact, modules="mpmath")(*(point[s] for s in order))
    first = unrolled.derivatives(total, symbols, point)
    return [value / inputs["loss_bar"][0,], *first, *unrolled.derivatives(along, symbols, point)]


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("program", LOSSES)
def test_the_stable_form_has_the_derivatives_of_sympy(program, number):
    """Whatever is differentiated: what is detached is another loss's derivative."""
    attached = [s for s in SETTINGS[program] if s.get("attached", 1) == 1]
    setting, classes = attached[number * len(attached) // 3 + 1], 3
    wrt, (_, stable) = forms(program)
    every = list(points(LOSSES[program][1], classes))
    for inputs in every[number :: len(every) // 3]:
        expected = witness(program, inputs, setting, classes)
        found = outcome(stable, wrt, inputs, setting, classes)
        for one, other in zip(found, expected, strict=True):
            assert abs(one - other) < mp.mpf(10) ** -35, inputs


@pytest.mark.parametrize("form", [0, 1], ids=["plain", "stable"])
def test_without_power_or_epsilon_a_loss_is_cross_entropy(form):
    """Statement by statement in 50 digits: value and both derivatives."""
    from derivations import classification

    nothing = dict.fromkeys(classification.CONSTANTS, mp.mpf(0)) | {"temperature": mp.mpf(1)}
    changes = {
        "softmax_focal": {**FOCAL[0], "gamma": mp.mpf(0)},
        "softmax_focal_soft": {**FOCAL[0], "gamma": mp.mpf(0)},
        "poly1": dict.fromkeys(poly1.CONSTANTS, mp.mpf(0)),
        "poly1_soft": dict.fromkeys(poly1.CONSTANTS, mp.mpf(0)),
    }
    for program, setting in changes.items():
        wrt, derived = forms(program)
        entropy = LOSSES[program][1]
        other = emit.derive(classification.PROGRAMS[entropy][form], "loss", wrt)
        for inputs in itertools.islice(points(entropy, 3), 6):
            found = outcome(derived[form], wrt, inputs, setting, 3)
            expected = outcome(other, wrt, inputs, nothing, 3)
            assert all(abs(a - b) < TIGHT for a, b in zip(found, expected, strict=True))
