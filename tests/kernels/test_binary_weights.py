"""Binary cross-entropy under weights of elements and of positives meets the bars of elements.

With a weight of positives the slope by a probability is a difference of two products, and its terms
are what the two classes pull by; so are those of a slope by a target: two logarithms.
"""

import numpy as np
import pytest

import refloss
from crossval.families import FAMILIES
from crossval.oracles.elementwise import Elementwise
from crossval.oracles.formats import format_of
from refloss.losses import resolve

from .element_subject import GRADIENT, VALUE
from .subject import refuse

LOSSES = {"bce": ("logits", "target"), "bce_probs": ("probs", "target")}


def logarithms(loss, first):
    """Return -log(1 - p) and -log p, and the sizes of their slopes by the first input."""
    with np.errstate(divide="ignore"):
        if loss == "bce_probs":
            return -np.log1p(-first), -np.log(first), 1 / (1 - first), 1 / first
        left = np.exp(-np.abs(first))
        rise = np.where(first >= 0, 1, left) / (1 + left)
        tail = np.log1p(left)
        fall = np.where(first >= 0, left, 1) / (1 + left)
        return np.maximum(first, 0) + tail, np.maximum(-first, 0) + tail, rise, fall


@pytest.mark.parametrize("weight", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("positive", [0.0, 0.25, 3.0, 1000.0])
@pytest.mark.parametrize("loss", LOSSES)
def test_weights_meet_the_bars(loss, positive, weight):
    names = LOSSES[loss]
    family = FAMILIES["binary" if loss == "bce" else "probabilities"]
    points = family.points("float64", "smoke")
    inside = (points.columns[:, 0] > 0) & (points.columns[:, 0] < 1)
    if loss == "bce_probs":  # at 0 and 1 a logarithm is infinite
        points = points.take(inside)
    columns, upstream, unit = points.columns, points.upstream, format_of("float64")
    oracle = Elementwise((("pos_weight", positive), ("weight", weight)))
    known = oracle.truth(resolve(loss), columns, upstream)
    assert set(known.kind) == {"regular"}
    given = {
        "pos_weight": np.full(len(columns), positive),
        "weight": np.full(len(columns), weight),
    }
    value, grad = getattr(refloss, loss).value_and_grad(
        *columns.T, upstream=upstream, wrt=names, **given
    )
    lost = max(positive, 1.0) * max(weight, 1.0) * unit.tiny  # of what has underflowed before
    room = VALUE * (unit.ulp(known.value_hi) + lost)
    off = np.abs((value - known.value_hi) - known.value_lo) > room
    refuse(off, columns, f"{loss}, {positive}, {weight}: value", value, known.value_hi)
    first, target = columns.T
    missed, hit, rise, fall = logarithms(loss, first)
    terms = np.stack(
        [(1 - target) * rise + positive * target * fall, missed + positive * hit], axis=1
    )
    terms *= (weight * np.abs(upstream))[:, None]
    found = np.stack([grad[name] for name in names], axis=1)
    off = np.abs((found - known.grad_hi) - known.grad_lo) > GRADIENT * (unit.ulp(terms) + lost)
    refuse(off, columns, f"{loss}, {positive}, {weight}: gradient", found, known.grad_hi)
