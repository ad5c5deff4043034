"""The accuracy bars of what means over a whole batch are made of: modulators, and their quotient.

Values: 4 + 2γ ulp, for a power multiplies the error of its base. Gradients: 8 + γ ulp of the parts
of their last sum. Hessian-vector products, along the prediction: 64 ulp of theirs.
"""

from functools import cache
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from crossval.oracles.enclosure import overlap, truth
from crossval.oracles.packing import Columns
from derivations import sigmoid_focal, softmax_focal
from refloss.run.derived import completed
from refloss.run.kernels import library
from refloss.symbolic import emit
from refloss.symbolic.printers import numpy_text

from .magnitudes import gradient_parts, product_parts

LOGITS = (0.0, 2.0**-40, 0.5, -0.5, 3.0, -3.0, 36.0, -36.0, 170.0, -170.0)
TARGETS = (0.0, 1.0, 0.5, 0.25, 1 - 2.0**-20)
ELEMENTS = np.array(list(product(LOGITS, TARGETS)))
SUMS = np.array([(3.0, 2.0), (1e-9, 1e-3), (5.0, 1e-7), (0.0, 4.0), (7.0, 2.0**-20), (1e200, 1e9)])
MEANS = np.array([[2.0**-100], [1e-9], [0.1], [1.0], [2.5], [40.0], [800.0]])
ULP = 2.0**-52

CASES = [
    (sigmoid_focal, "sigmoid_focal_modulator", {"gamma": gamma}, ELEMENTS)
    for gamma in (0.0, 0.5, 1.0, 2.0, 3.5)
]
CASES += [
    (sigmoid_focal, "sigmoid_focal_chance_modulator", {"gamma": gamma, "smoothing": eps}, ELEMENTS)
    for gamma, eps in ((0.5, 0.0), (1.0, 0.125), (2.0, 0.0), (3.5, 0.125))
]
CASES += [
    (sigmoid_focal, "quotient", {"least": least, "flows": flows}, SUMS)
    for least, flows in product((0.0, 2.0**-20), (0.0, 1.0))
]
CASES += [
    (softmax_focal, "focal_of_mean", {"gamma": gamma, "attached": gate}, MEANS)
    for gamma, gate in product((0.0, 0.5, 1.0, 2.0), (0.0, 1.0))
]
IDS = [f"{name}-{'-'.join(f'{n}={v:g}' for n, v in given.items())}" for _, name, given, _ in CASES]


@cache
def parts(module, name: str):
    """Return functions of the inputs: the parts of gradients, and of products."""
    (definition,) = [d for d in module.DEFINITIONS if name in d.programs]
    derived = emit.derive(definition.programs[name][1], "loss", definition.differentiable(name))
    found = []
    for program in (gradient_parts(derived.grad), product_parts(derived.hvp)):
        scope: dict = {}
        exec(numpy_text.module("", [program], [numpy_text.function("parts", program)]), scope)
        found.append(scope["parts"])
    return found


def of_chance(points, gamma: float, smoothing: float):
    """Return Σ|terms| of derivatives of the modulator that is a function of the cross-entropy.

    The slope of the cross-entropy is the difference of two shares, and is 0 at a soft target.
    """
    (x, t), keep = points.T, 1 - smoothing
    tail = np.exp(-np.abs(x))
    lacks = keep * np.where(x >= 0, 1 - t, t) + smoothing / 2
    major = 1 / (1 + tail)
    cost = lacks * np.abs(x) + np.log1p(tail)
    miss, chance = -np.expm1(-cost), np.exp(-cost)
    rise = major * (lacks + (1 - lacks) * tail)
    pitch, width = rise / miss, major * major * tail / miss
    size, lift = gamma * miss**gamma * chance, gamma * chance * miss ** (gamma - 1)
    turn = rise + abs(gamma - 1) * chance * pitch
    slopes = size * pitch, keep * np.abs(x) * lift
    return slopes, (size * (width + pitch * turn), keep * lift * (1 + np.abs(x) * turn))


@pytest.mark.parametrize(("module", "name", "given", "points"), CASES, ids=IDS)
def test_the_bars_are_met(module, name, given, points):
    weights = (1.0,) if points is ELEMENTS else ()
    given = completed(library().index["programs"][name], given)
    spec, packing = SimpleNamespace(program=name, constants=given), Columns(weights)
    direction = np.zeros_like(points)
    direction[:, 0] = 1.0
    known = truth(spec, points, hvp=direction, packing=packing)
    assert set(known.kind.tolist()) <= {"regular", "tie"}
    apart, compared = overlap(spec, points, hvp=direction, packing=packing)
    assert apart == []
    assert compared > len(points) / 2
    some = known.kind == "regular"
    inputs = [*points.T, *(np.full(len(points), w) for w in weights), np.ones(len(points))]
    kernel, power = library().kernel(name).module, given.get("gamma", 0.0)
    with np.errstate(all="ignore"):
        value, *slopes = kernel.grad(*inputs, **given)
        products = kernel.hvp(*inputs, *direction.T, **given)
        sizes, moved = (part for part in parts(module, name))
        _, *sizes = sizes(*inputs, **given)
        moved = moved(*inputs, *direction.T, **given)
    products = products if isinstance(products, tuple) else (products,)
    moved = moved if isinstance(moved, tuple) else (moved,)
    if name == "sigmoid_focal_chance_modulator":
        sizes, moved = of_chance(points, given["gamma"], given["smoothing"])
    off = np.abs((value - known.value_hi) - known.value_lo)
    assert (off <= (4 + 2 * power) * ULP * np.abs(known.value_hi)).all()
    for k, (slope, size) in enumerate(zip(slopes, sizes, strict=True)):
        off = np.abs((slope - known.grad_hi[:, k]) - known.grad_lo[:, k])
        assert (off <= (8 + power) * ULP * size + 5e-324)[some].all(), k
    for k, (moves, size) in enumerate(zip(products, moved, strict=True)):
        off = np.abs((moves - known.hvp_hi[:, k]) - known.hvp_lo[:, k])
        assert (off <= 64 * ULP * size + 5e-324)[some].all(), k
