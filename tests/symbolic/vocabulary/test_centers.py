"""Vectors and their centres: both forms agree, with SymPy's own derivatives too."""

import itertools

import mpmath as mp
import pytest
import sympy as sp

import refloss
from derivations import centers
from refloss.symbolic import emit

from .. import unrolled
from .test_rows import TIGHT, table

WRT = ("x", "own")
SETTINGS = [
    {"factor": factor, "clip": clip}
    for factor, clip in itertools.product(("half", "one"), ("none", "own", "masked"))
]
WIDTH = 3
#: At the centre, near it, within both ends of a clip, and beyond each.
VECTORS = [
    ([0.5, 0.25, -0.75], [0.5, 0.25, -0.75]),
    ([0.5, 0.25, -0.75], [0.5, 0.25, -0.75 + 2.0**-22]),
    ([0.5, 0.25, -0.75], [0.25, 0.5, -0.5]),
    ([3e6, 0.0, 1.0], [-1.0, 3.0, 0.5]),
]


def points():
    along = [mp.mpf(k * k - 3) / 4 for k in range(WIDTH)]
    across = [mp.mpf(5 - 3 * k) / 8 for k in range(WIDTH)]
    for x, own in VECTORS:
        yield {
            "x": table(x),
            "own": table(own),
            "loss_bar": {(0,): mp.mpf(-7) / 4},
            "x_dot": table(along),
            "own_dot": table(across),
        }


def constants(axes):
    known = refloss.resolve("center", None, axes).constants | {"others": 6.0}
    return {name: mp.mpf(number) for name, number in known.items()}


def outcome(parts, inputs, setting):
    """Return value, gradient and Hessian-vector product of a form as one list of numbers."""
    sizes, found = {"B": 1, "D": WIDTH}, []
    for part, suffix in ((parts.grad, "_bar"), (parts.hvp, "_bar_dot")):
        values = unrolled.evaluate(part, inputs, setting, sizes)
        found += [values["loss"][0,]] if suffix == "_bar" else []
        found += [values[name + suffix][0, k] for name in WRT for k in range(WIDTH)]
    return found


def textbook(axes, inputs):
    """Return the loss of the papers times the upstream gradient, and its symbols."""
    symbols = sp.symbols(f"x:{WIDTH} c:{WIDTH}", real=True)
    x, own = symbols[:WIDTH], symbols[WIDTH:]
    squared = sp.Add(*((a - b) ** 2 for a, b in zip(x, own, strict=True)))
    least, most = sp.Rational(centers.LEAST), sp.Rational(centers.MOST)
    if axes["clip"] != "none":
        squared = sp.Min(sp.Max(squared, least), most)
    if axes["clip"] == "masked":
        squared += 6 * least
    factor = sp.Rational(1, 2) if axes["factor"] == "half" else sp.S.One
    return symbols, sp.Float(inputs["loss_bar"][0,], 50) * factor * squared


@pytest.mark.parametrize("axes", SETTINGS, ids=lambda axes: "-".join(axes.values()))
def test_both_forms_have_the_derivatives_of_sympy(axes):
    plain, stable = (emit.derive(form, "loss", WRT) for form in centers.PROGRAMS["center"])
    modules = [{"Heaviside": lambda x, *_: mp.mpf(x > 0)}, "mpmath"]
    with mp.workdps(60):
        for inputs in points():
            symbols, loss = textbook(axes, inputs)
            at = [inputs[name][0, k] for name in WRT for k in range(WIDTH)]
            dots = [inputs[f"{name}_dot"][0, k] for name in WRT for k in range(WIDTH)]
            slopes = [sp.diff(loss, s) for s in symbols]
            along = sp.Add(*(sp.Float(d, 50) * s for d, s in zip(dots, slopes, strict=True)))
            wanted = [loss / sp.Float(inputs["loss_bar"][0,], 50), *slopes]
            wanted += [sp.diff(along, s).replace(sp.DiracDelta, lambda *_: 0) for s in symbols]
            expected = [sp.lambdify(symbols, each, modules=modules)(*at) for each in wanted]
            found = [outcome(form, inputs, constants(axes)) for form in (plain, stable)]
            for one, other, known in zip(*found, expected, strict=True):
                assert abs(one - other) < TIGHT
                assert abs(one - known) < mp.mpf(10) ** -30 * (1 + abs(known)), (axes, inputs)
