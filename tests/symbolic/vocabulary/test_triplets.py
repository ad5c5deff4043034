"""Triplets of vectors: both forms agree, with SymPy's own derivatives too."""

import itertools

import mpmath as mp
import pytest
import sympy as sp

import refloss
from derivations import triplets
from refloss.symbolic import emit

from .. import unrolled
from .test_pairs import _number as number
from .test_rows import TIGHT, table

DEFINITION = triplets.TRIPLET
WRT = ("anchor", "positive", "negative")
SETTINGS = [
    {"distance": distance, "hinge": hinge, "swap": swap, "eps": eps, "placement": place}
    for distance, hinge, swap, (eps, place) in itertools.product(
        ("squared", "euclidean", "manhattan"),
        ("hinge", "soft"),
        ("anchor", "nearest"),
        ((0.0, "difference"), (0.125, "difference"), (0.25, "sum")),
    )
    if (distance, place) != ("manhattan", "sum")
]

#: Anchor, positive and negative: the margin missed and kept, the negative nearer to either.
VECTORS = {
    1: [([0.75], [0.25], [1.0]), ([-2.0], [1.5], [1.0])],
    3: [
        ([0.5, 0.25, -0.75], [0.25, 0.5, -0.5], [0.75, 0.0, -0.25]),
        ([0.5, 0.25, -0.75], [2.0, 0.75, -2.5], [1.75, 0.5, -2.25]),
        ([2.0, 0.0, 1.0], [-1.0, 3.0, 0.5], [1.5, 0.25, 0.75]),
        ([0.125, 0.0, 0.5], [0.0, 0.5, 0.25], [4.0, -3.0, 2.0]),
    ],
}


def points(parts):
    """Yield inputs, an upstream gradient and a direction."""
    dots = [[mp.mpf((k + 2) * (j + 1) - 5) / 8 for k in range(parts)] for j in range(3)]
    for vectors in VECTORS[parts]:
        inputs = {name: table(vector) for name, vector in zip(WRT, vectors, strict=True)}
        inputs |= {f"{n}_dot": table(dot) for n, dot in zip(WRT, dots, strict=True)}
        yield inputs | {"loss_bar": {(0,): mp.mpf(-7) / 4}}


def resolved(axes):
    """Return the program's name and its constants."""
    spec = refloss.resolve("triplet", None, {"margin": 0.25, **axes})
    return spec.program, {name: mp.mpf(number) for name, number in spec.constants.items()}


def outcome(parts, inputs, setting, width):
    """Return value, gradient and Hessian-vector product of a form as one list of numbers."""
    sizes, found = {"B": 1, "D": width}, []
    for part, suffix in ((parts.grad, "_bar"), (parts.hvp, "_bar_dot")):
        values = unrolled.evaluate(part, inputs, setting, sizes)
        found += [values["loss"][0,]] if suffix == "_bar" else []
        found += [values[name + suffix][0, k] for name in WRT for k in range(width)]
    return found


def forms(program):
    return [emit.derive(form, "loss", WRT) for form in DEFINITION.programs[program]]


@pytest.mark.parametrize("width", VECTORS)
def test_both_forms_agree_under_every_convention(width):
    """In 50 digits: value, gradient and Hessian-vector product."""
    every = list(points(width))
    for axes in SETTINGS[:: 1 if width == 1 else 3]:
        program, setting = resolved(axes)
        for inputs in every:
            plain, stable = (outcome(f, inputs, setting, width) for f in forms(program))
            for one, other in zip(plain, stable, strict=True):
                assert abs(one - other) < TIGHT, (axes, inputs)


def textbook(axes, inputs, width):
    """Return the symbols of a triplet, and its loss times the upstream gradient, by the papers."""
    vectors = [sp.symbols(f"{name}:{width}", real=True) for name in "apn"]
    _, setting = resolved(axes)
    eps, inside = (
        sp.Rational(str(setting.get(n, mp.mpf(0)))) for n in ("eps_difference", "eps_sum")
    )

    def apart(x, y):
        differences = [p - q + eps for p, q in zip(x, y, strict=True)]
        if axes["distance"] == "manhattan":
            return sp.Add(*map(sp.Abs, differences))
        squared = sp.Add(inside, *(d**2 for d in differences))
        return squared if axes["distance"] == "squared" else sp.sqrt(squared)

    anchor, positive, negative = vectors
    far = apart(anchor, negative)
    if axes["swap"] == "nearest":
        far = sp.Min(far, apart(positive, negative))
    missed = apart(anchor, positive) - far + sp.Rational(1, 4)
    soft = axes["hinge"] == "soft"
    loss = sp.log(1 + sp.exp(missed)) if soft else sp.Max(missed, 0)
    return sum(vectors, ()), sp.Float(inputs["loss_bar"][0,], 50) * loss


@pytest.mark.parametrize("axes", SETTINGS[1::8], ids=lambda axes: "-".join(map(str, axes.values())))
def test_the_stable_form_has_the_derivatives_of_sympy(axes):
    width, (program, setting) = 3, resolved(axes)
    stable = forms(program)[1]
    with mp.workdps(60):
        for inputs in [*points(width)][:2]:
            symbols, loss = textbook(axes, inputs, width)
            at = [inputs[name][0, k] for name in WRT for k in range(width)]
            dots = [inputs[f"{name}_dot"][0, k] for name in WRT for k in range(width)]
            slopes = [sp.diff(loss, x) for x in symbols]
            along = sp.Add(*(sp.Float(d, 50) * s for d, s in zip(dots, slopes, strict=True)))
            wanted = [*slopes, *(sp.diff(along, x) for x in symbols)]
            expected = [number(each, symbols, at) for each in wanted]
            found = outcome(stable, inputs, setting, width)[1:]
            for one, other in zip(found, expected, strict=True):
                assert abs(one - other) < mp.mpf(10) ** -35, (axes, inputs)
