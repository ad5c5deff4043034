"""Rows of similarities: both forms agree, with SymPy's own derivatives too."""

import itertools

import mpmath as mp
import pytest
import sympy as sp

import refloss
from derivations import similarities, weighted_similarities
from refloss.symbolic import emit
from refloss.symbolic import functions as fn

from .. import unrolled
from .test_rows import TIGHT, table

LOSSES = (*similarities.DEFINITIONS, *weighted_similarities.DEFINITIONS)
PROGRAMS = {name: loss for loss in LOSSES for name in loss.programs}
WRT = ("similarities",)
SETTINGS = {
    "supcon": [{"temperature": 0.25}, {"temperature": 1.0, "base_temperature": 0.5}],
    "supcon_inside": [
        {"logarithm": "inside", "temperature": 0.25},
        {"logarithm": "inside", "temperature": 1.0, "base_temperature": 0.5},
    ],
    "ntxent": [
        {"temperature": 0.25},
        {"temperature": 1.0, "pairs": "averaged", "least": 0.125},
        {"temperature": 0.5, "least": 0.75},
    ],
    "ntxent_all": [
        {"others": "in", "temperature": 0.25},
        {"others": "in", "temperature": 1.0, "pairs": "averaged"},
    ],
    "multi_similarity": [{"alpha": 2.0, "beta": 8.0, "base": 0.5}, {"alpha": 0.5, "base": -1.0}],
    "circle": [
        {"gamma": 4.0, "margin": 0.25, "weights": weights} for weights in ("attached", "detached")
    ]
    + [{"gamma": 2.0, "margin": 0.75, "weights": "attached"}],
}

#: Similarities, with a negative ahead and behind, and relations with and without each kind.
ROWS = {
    1: [([0.5], [1]), ([0.5], [0]), ([0.5], [-1])],
    4: [
        (row, same)
        for row, same in itertools.product(
            ([0.5, 0.25, -0.75, 0.5], [-0.75, 0.875, -0.5, 0.25]),
            ([1, 0, 0, 1], [0, 1, -1, 0], [-1, 0, 1, 1], [1, 1, -1, 1], [0, 0, 0, -1]),
        )
    ],
}


def points(width):
    """Yield inputs with every set of relations."""
    along = [mp.mpf(k * k - 3) / 4 for k in range(width)]
    for row, same in ROWS[width]:
        yield {
            "similarities": table(list(map(mp.mpf, row))),
            "same": table(list(map(mp.mpf, same))),
            "loss_bar": {(0,): mp.mpf(-7) / 4},
            "similarities_dot": table(along),
        }


def constants(program, axes):
    known = refloss.resolve(PROGRAMS[program].name, None, axes).constants
    return {name: mp.mpf(number) for name, number in known.items()}


def outcome(parts, inputs, setting, width):
    """Return value, gradient and Hessian-vector product of a form as one list of numbers."""
    sizes, found = {"B": 1, "C": width}, []
    for part, suffix in ((parts.grad, "_bar"), (parts.hvp, "_bar_dot")):
        values = unrolled.evaluate(part, inputs, setting, sizes)
        found += [values["loss"][0,]] if suffix == "_bar" else []
        found += [values[f"similarities{suffix}"][0, k] for k in range(width)]
    return found


def forms(program):
    return [emit.derive(form, "loss", WRT) for form in PROGRAMS[program].programs[program]]


@pytest.mark.parametrize("width", ROWS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_both_forms_agree_under_every_convention(program, width):
    """In 50 digits: value, gradient and product, also of anchors that lack a kind."""
    derived = forms(program)
    for axes, inputs in itertools.product(SETTINGS[program], points(width)):
        known = constants(program, axes)
        plain, stable = (outcome(f, inputs, known, width) for f in derived)
        for one, other in zip(plain, stable, strict=True):
            assert abs(one - other) < TIGHT, (axes, inputs)


def _multi_similarity(setting, inputs, s):
    """Return equation 15 of Wang et al."""
    alpha, beta, base = (sp.Rational(float(setting[n])) for n in ("alpha", "beta", "base"))
    same = [int(inputs["same"][0, k]) for k in range(len(s))]
    ours = sp.Add(*(sp.exp(-alpha * (x - base)) for x, y in zip(s, same, strict=True) if y == 1))
    others = sp.Add(*(sp.exp(beta * (x - base)) for x, y in zip(s, same, strict=True) if y == 0))
    return sp.log(1 + ours) / alpha + sp.log(1 + others) / beta


def _circle(setting, inputs, s):
    """Return equation 6 of Sun et al., weights and all, each maximum decided."""
    gamma, m = (sp.Rational(float(setting[n])) for n in ("gamma", "margin"))
    ours, others = sp.S.Zero, sp.S.Zero
    for k, x in enumerate(s):
        at, kind = inputs["similarities"][0, k], int(inputs["same"][0, k])
        if kind == 1:
            ours += sp.exp(-gamma * (1 + m - x) * (x - (1 - m)) if at < 1 + m else 0)
        elif kind == 0:
            others += sp.exp(gamma * (x + m) * (x - m) if at > -m else 0)
    return sp.log(1 + ours * others)


WEIGHTED = {"multi_similarity": _multi_similarity, "circle": _circle}


def textbook(program, setting, inputs, width):
    """Return the loss of symbols, times the upstream gradient, as it is published."""
    s = sp.symbols(f"s0:{width}", real=True)
    if program in WEIGHTED:
        return s, sp.Float(inputs["loss_bar"][0,], 50) * WEIGHTED[program](setting, inputs, s)
    same = [int(inputs["same"][0, k]) for k in range(width)]
    t, least = (sp.Rational(float(setting.get(n, 0))) for n in ("temperature", "least"))
    mass = [sp.exp(x / t) for x in s]
    ours = [k for k in range(width) if same[k] == 1]
    every = sp.Add(*(mass[k] for k in range(width) if same[k] >= 0))
    against = sp.Add(*(mass[k] for k in range(width) if same[k] == 0))
    if program == "supcon_inside":
        loss = -sp.log(sp.Add(*(mass[k] / every for k in ours)) / len(ours))
    elif program == "ntxent":
        loss = -sp.Add(*(sp.log(mass[k] / (mass[k] + against) + least) for k in ours))
    else:
        loss = -sp.Add(*(sp.log(mass[k] / every) for k in ours))
    if program == "supcon" or setting.get("averaged"):
        loss /= len(ours)
    base = sp.Rational(float(setting.get("base_temperature", 0)))
    return s, sp.Float(inputs["loss_bar"][0,], 50) * (t / base if base else 1) * loss


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_stable_form_has_the_derivatives_of_sympy(program):
    width, stable = 4, forms(program)[1]
    whole = [p for p in points(width) if 1 in [int(x) for x in p["same"].values()]]
    with mp.workdps(60):
        for number, axes in enumerate(SETTINGS[program]):
            setting, inputs = constants(program, axes), whole[number]
            if setting.get("attached") == 0 and program == "circle":
                continue  # what is held constant is no function's derivative
            s, loss = textbook(program, setting, inputs, width)
            at = [inputs["similarities"][0, k] for k in range(width)]
            slopes = [sp.diff(loss, x) for x in s]
            dots = [inputs["similarities_dot"][0, k] for k in range(width)]
            along = sp.Add(*(sp.Float(d, 50) * m for d, m in zip(dots, slopes, strict=True)))
            wanted = [*slopes, *(sp.diff(along, x) for x in s)]
            expected = [sp.lambdify(s, fn.to_exact(e), modules="mpmath")(*at) for e in wanted]
            found = outcome(stable, inputs, setting, width)
            for one, other in zip(found[1:], expected, strict=True):
                assert abs(one - other) < mp.mpf(10) ** -35 * max(1, abs(other))
