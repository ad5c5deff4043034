"""Heads over given cosines: both forms agree, with SymPy's own derivatives too."""

import itertools

import mpmath as mp
import pytest
import sympy as sp

import refloss
from derivations import cosine_rows
from refloss.symbolic import emit
from refloss.symbolic import functions as fn

from .test_rows import TIGHT, outcome, table, vector

PROGRAMS = {name: loss for loss in cosine_rows.DEFINITIONS for name in loss.programs}
COSINES = {
    2: [("0.5", "-0.25"), ("-0.96875", "0.875")],
    4: [("0.5", "0.25", "-0.75", "0.5"), ("-0.96875", "0.125", "0.9375", "-0.5")],
}
SETTINGS = {
    "arcface_cosine": [
        {"policy": policy, "scale": 2.0}
        for policy in ("raw", "cos_fallback", "easy", "mirror", "min")
    ]
    + [
        {"policy": "angle_clip", "clip": 0.75, "scale": 3.0},
        {"limit": 0.9, "cuts": "all", "unit": "degrees", "margin": 28.6, "scale": 2.0},
        {"gradient": "straight_through", "scale": 2.0},
    ],
    "cosface_cosine": [{"scale": 2.0}, {"limit": 0.9, "cuts": "all", "margin": 0.0}],
    "combined_margin_cosine": [
        {"scale": 2.0},
        {"guard": "mirror", "scale": 2.0},
        {"form": "separate", "limit": 0.9},
    ],
    "combined_multiple_cosine": [
        {"multiple": 1.75, "scale": 2.0},
        {"multiple": 0.875, "margin": 0.375, "guard": "mirror", "scale": 2.0},
        {"preset": "sphereface_r", "limit": 0.9, "scale": 2.0},
    ],
    "sphereface_cosine": [{}, {"form": "bare", "annealing": 5.0, "limit": 0.9, "cuts": "all"}],
}


def settings(program):
    """Yield the constants of every setting, those of a function of others in 60 digits."""
    loss = PROGRAMS[program]
    chosen = {}
    if loss.program_axis:
        values = loss.axes[loss.program_axis].values
        chosen = {loss.program_axis: next(v for v in values if values[v].program == program)}
    for axes in SETTINGS.get(program, SETTINGS.get(loss.name, [])):
        plain, _ = loss.programs[program]
        axes = {**chosen, **axes}
        given = refloss.resolve(loss.name, axes.pop("preset", None), axes).constants
        exact = {c: sp.Rational(given[str(c)]) for c in plain.consts if str(c) in given}
        whole = {str(c): mp.mpmathify(x) for c, x in exact.items()}
        for nearest, rest, value in plain.derived:
            whole[str(nearest)] = mp.mpmathify(sp.N(value.subs(exact), 60))
            whole[str(rest)] = mp.mpf(0)
        yield whole


def points(classes):
    """Yield rows with every class as the target, and one weight of 0."""
    along = table([mp.mpf(k * k - 3) / 4 for k in range(classes)])
    weights = vector([mp.mpf(k + 1) / 2 for k in range(classes)])
    for row, label in itertools.product(COSINES[classes], range(classes)):
        yield {
            "cosine": table(list(map(mp.mpf, row))),
            "class_weight": weights,
            "loss_bar": {(0,): mp.mpf(-7) / 4},
            "cosine_dot": along,
            "target": {(0,): label},
        }


def forms(program):
    return [emit.derive(form, "loss", ("cosine",)) for form in PROGRAMS[program].programs[program]]


@pytest.mark.parametrize("classes", COSINES)
@pytest.mark.parametrize("program", PROGRAMS)
def test_both_forms_agree_under_every_convention(program, classes):
    """In 50 digits: value, gradient and Hessian-vector product."""
    derived, every = forms(program), list(points(classes))
    for number, setting in enumerate(settings(program)):
        for inputs in every[number % 2 :: 2]:
            plain, stable = (outcome(f, ("cosine",), inputs, setting, classes) for f in derived)
            for one, other in zip(plain, stable, strict=True):
                assert abs(one - other) < TIGHT, (setting, inputs)


def textbook(program, setting, inputs, classes):
    """Return the loss of symbols: minus the logarithm of a softmax of cosines of angles."""
    c = sp.symbols(f"c0:{classes}", real=True)
    y, w = inputs["target"][0,], inputs["class_weight"][inputs["target"][0,],]
    theta = sp.acos(c[y])
    margin = sp.Rational(float(setting.get("margin", 0)))
    if program == "arcface_cosine":
        logit = sp.cos(theta + margin)
    elif program == "cosface_cosine":
        logit = c[y] - margin
    elif program == "combined_margin_cosine":
        logit = sp.cos(theta + margin) - sp.Rational(float(setting["cosine_margin"]))
    elif program == "combined_multiple_cosine":
        times, less = (sp.Rational(float(setting[c])) for c in ("multiple", "cosine_margin"))
        logit = sp.cos(times * theta + margin) - less
    else:
        times = int(program[-1])
        turn = int(mp.floor(times * mp.acos(inputs["cosine"][0, y]) / mp.pi))
        logit = (-1) ** turn * sp.cos(times * theta) - 2 * turn
    s = sp.Integer(int(setting["scale"]))
    scores = [s * (logit if k == y else c[k]) for k in range(classes)]
    loss = sp.log(sp.Add(*map(sp.exp, scores))) - scores[y]
    return c, sp.Float(w * inputs["loss_bar"][0,], 50) * loss


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_stable_form_has_the_derivatives_of_sympy(program):
    """Of the textbook formula, with arc cosines, before the border."""
    setting, classes = next(settings(program)), 2
    with mp.workdps(60):
        setting = {**setting, "scale": mp.mpf(2)}
        inputs = next(points(classes))
        c, loss = textbook(program, setting, inputs, classes)
        at = [inputs["cosine"][0, k] for k in range(classes)]
        slopes = [sp.diff(loss, x) for x in c]
        dots = [inputs["cosine_dot"][0, k] for k in range(classes)]
        along = sp.Add(*(sp.Float(d, 50) * slope for d, slope in zip(dots, slopes, strict=True)))
        wanted = [*slopes, *(sp.diff(along, x) for x in c)]
        expected = [sp.lambdify(c, fn.to_exact(e), modules="mpmath")(*at) for e in wanted]
        found = outcome(forms(program)[1], ("cosine",), inputs, setting, classes)
        for one, other in zip(found[1:], expected, strict=True):
            assert abs(one - other) < mp.mpf(10) ** -35 * max(1, abs(other))
