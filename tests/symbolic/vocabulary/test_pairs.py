"""Pairs of vectors: both forms agree, with SymPy's own derivatives too."""

import itertools
from functools import cache

import mpmath as mp
import pytest
import sympy as sp

import refloss
from derivations import pairs
from refloss.symbolic import emit

from .. import unrolled
from .test_rows import TIGHT, table

DEFINITION = pairs.CONTRASTIVE
WRT = ("x1", "x2")
SETTINGS = [
    {"form": form, "positive_margin": positive, "eps": eps, "factor": factor, "labels": labels}
    for form, positive, eps, (factor, labels) in itertools.product(
        ("hadsell", "legacy", "linear"),
        (0.0, 0.25),
        (0.0, 0.125),
        (("half", "same"), ("one", "different")),
    )
]

DIRECTIONS = [
    {"distance": distance, "form": form, "least_norm": least, "positive_margin": 0.25}
    for distance, form, least in itertools.product(
        ("normalised", "cosine"), ("hadsell", "legacy", "linear"), (0.0, 1.0)
    )
]
"""With a least norm of 1 some of the vectors are shorter."""

#: Two vectors about each margin, far beyond them, on an axis, and close.
VECTORS = {
    1: [([0.75], [0.25]), ([-2.0], [1.5])],
    3: [
        ([0.5, 0.25, -0.75], [0.25, 0.5, -0.5]),
        ([0.5, 0.25, -0.75], [0.5, 0.25, -0.5]),
        ([2.0, 0.0, 1.0], [-1.0, 3.0, 0.5]),
        ([0.125, 0.0, 0.0], [0.0, 0.0, 0.0]),
    ],
}
#: Two vectors of which each has a direction: nearly the same, the opposite, and an angle by which
#: differences of products take over.
TURNED = [
    ([2.0, 0.25, -0.75], [0.25, 2.5, -0.5]),
    ([2.0, 0.25, -0.75], [-4.0, -0.5, 1.5625]),
    ([2.0, 0.25, -0.75], [6.0, 0.75, -2.25 + 2.0**-40]),
    ([2.0, 0.25, -0.75], [2.0, 0.25 + 2.0**-17, -0.75]),
    ([0.5, 0.25, -0.75], [0.25, 0.5, -0.5]),
    ([0.5, 0.25, -0.75], [2.0, 1.0, -3.0625]),
]


def points(parts, vectors=None):
    """Yield inputs with both labels."""
    along = [mp.mpf(k * k - 3) / 4 for k in range(parts)]
    across = [mp.mpf(5 - 3 * k) / 8 for k in range(parts)]
    for (first, second), same in itertools.product(vectors or VECTORS[parts], (0, 1)):
        yield {
            "x1": table(first),
            "x2": table(second),
            "same": {(0,): mp.mpf(same)},
            "loss_bar": {(0,): mp.mpf(-7) / 4},
            "x1_dot": table(along),
            "x2_dot": table(across),
        }


def constants(axes):
    known = refloss.resolve("contrastive", None, axes).constants
    return {name: mp.mpf(number) for name, number in known.items()}


def outcome(parts, inputs, setting, width):
    """Return value, gradient and Hessian-vector product of a form as one list of numbers."""
    sizes, found = {"B": 1, "D": width}, []
    for part, suffix in ((parts.grad, "_bar"), (parts.hvp, "_bar_dot")):
        values = unrolled.evaluate(part, inputs, setting, sizes)
        found += [values["loss"][0,]] if suffix == "_bar" else []
        found += [values[name + suffix][0, k] for name in WRT for k in range(width)]
    return found


@cache
def forms(program="contrastive"):
    return [emit.derive(form, "loss", WRT) for form in DEFINITION.programs[program]]


def of(axes):
    """Return the derived forms of the program that axes choose."""
    return forms(refloss.resolve("contrastive", None, axes).program)


@pytest.mark.parametrize("width", VECTORS)
def test_both_forms_agree_under_every_convention(width):
    """In 50 digits: value, gradient and Hessian-vector product."""
    derived, every = forms(), list(points(width))
    for axes in SETTINGS:
        for inputs in every:
            plain, stable = (outcome(f, inputs, constants(axes), width) for f in derived)
            for one, other in zip(plain, stable, strict=True):
                assert abs(one - other) < TIGHT, (axes, inputs)


@pytest.mark.parametrize("axes", DIRECTIONS, ids=lambda axes: "-".join(map(str, axes.values())))
def test_both_forms_of_directions_agree(axes):
    for inputs in points(3, TURNED):
        plain, stable = (outcome(f, inputs, constants(axes), 3) for f in of(axes))
        for one, other in zip(plain, stable, strict=True):
            assert abs(one - other) <= mp.mpf(10) ** -30 * (1 + abs(one)), (axes, inputs)


def textbook(axes, inputs, width):
    """Return the symbols of a pair, and its loss times the upstream gradient, by the paper."""
    x, y = (sp.symbols(f"{name}:{width}", real=True) for name in ("x", "y"))
    known = refloss.resolve("contrastive", None, axes).constants
    names = ("eps_difference", "margin", "positive_margin")
    eps, margin, positive = (sp.Rational(known.get(name, 0)) for name in names)
    first, second = x, y
    if axes.get("distance"):
        first, second = (_unit(z, sp.Rational(known["least_norm"])) for z in (x, y))
    squared = sp.Add(*((p - q + eps) ** 2 for p, q in zip(first, second, strict=True)))
    distance = sp.sqrt(squared)
    if axes.get("distance") == "cosine":
        distance = 1 - sp.Add(*(p * q for p, q in zip(first, second, strict=True)))
        squared = distance**2
    alike = bool(inputs["same"][0,]) ^ (axes["labels"] == "different")
    pull = {"linear": sp.Max(distance - positive, 0)}.get(axes["form"], squared)
    push = {
        "hadsell": sp.Max(margin - distance, 0) ** 2,
        "legacy": sp.Max(margin - squared, 0),
        "linear": sp.Max(margin - distance, 0),
    }[axes["form"]]
    factor = sp.Rational(1, 2) if axes["factor"] == "half" else sp.S.One
    return (*x, *y), sp.Float(inputs["loss_bar"][0,], 50) * factor * (pull if alike else push)


def _unit(x, least):
    """Return a vector over its length, or the least one."""
    length = sp.Max(sp.sqrt(sp.Add(*(p**2 for p in x))), least)
    return [p / length for p in x]


@pytest.mark.parametrize("axes", SETTINGS[::3], ids=lambda axes: axes["form"])
def test_the_stable_form_has_the_derivatives_of_sympy(axes):
    check(axes, points(3))


@pytest.mark.parametrize("axes", DIRECTIONS[1:12:6], ids=lambda axes: axes["distance"])
def test_so_has_that_of_directions(axes):
    check({"factor": "half", "labels": "same", **axes}, list(points(3, TURNED[4:5]))[:1])


def check(axes, given):
    width, stable = 3, of(axes)[1]
    with mp.workdps(60):
        for inputs in given:
            symbols, loss = textbook(axes, inputs, width)
            at = [inputs[name][0, k] for name in ("x1", "x2") for k in range(width)]
            dots = [inputs[f"{name}_dot"][0, k] for name in WRT for k in range(width)]
            slopes = [sp.diff(loss, x) for x in symbols]
            along = sp.Add(*(sp.Float(d, 50) * s for d, s in zip(dots, slopes, strict=True)))
            wanted = [*slopes, *(sp.diff(along, x) for x in symbols)]
            expected = [_number(each, symbols, at) for each in wanted]
            found = outcome(stable, inputs, constants(axes), width)[1:]
            for one, other in zip(found, expected, strict=True):
                assert abs(one - other) < mp.mpf(10) ** -30, (axes, inputs)


def _number(expr, symbols, at):
    """Return a number; steps and their slopes are those off the kinks."""
    off = {sp.DiracDelta: lambda *_: sp.S.Zero}
    for function, value in off.items():
        expr = expr.replace(function, value)
    modules = [{"Heaviside": lambda x, *_: mp.mpf(x > 0)}, "mpmath"]
    return sp.lambdify(symbols, expr, modules=modules)(*at)
