"""Decisions that a rounded quantity would get wrong, and floors beside the branch of a formula."""

import numpy as np
import pytest

import refloss
from crossval.oracles.autograd import witness
from crossval.oracles.enclosure import truth
from refloss import ciou, iou, resolve

WIDE = 2.0**29
BELOW = [0.5, 100, WIDE + 0.5, WIDE / 2 + 101, 0, 0, WIDE + 1, WIDE + 1]
"""IoU = ½(1 − 1/(2²⁹ + 1)²): less than ½, and ½ after rounding."""


def pair(columns):
    return np.array([columns[:4]], float), np.array([columns[4:]], float)


@pytest.mark.parametrize("alpha", ["gated", "gated_strict", "detached"])
@pytest.mark.parametrize("shift", [-1.0, 0.0, 1.0])
def test_threshold_is_decided_by_the_exact_iou(alpha, shift):
    columns = np.array(BELOW)
    columns[3] += shift
    reference = truth(resolve("ciou", alpha=alpha), [columns])
    value, grads = ciou.value_and_grad(*pair(columns), alpha=alpha)
    assert reference.kind[0] == "regular"
    assert abs(value[0] - reference.value_hi[0]) <= 4 * np.spacing(value[0])
    got = np.concatenate([grads["pred"][0], grads["target"][0]])
    assert np.allclose(got, reference.grad_hi[0], rtol=2.0**-40, atol=0)


@pytest.mark.parametrize("least_iou", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("top", [11.0, 10.05])
@pytest.mark.parametrize("form", ["linear", "log", "square"])
def test_floor_of_iou_holds_on_both_sides_of_one_half(form, least_iou, top):
    pred, target = pair([0, 0, 10, 10, 0, 0, 10.5, top])
    reference = truth(
        resolve("iou", form=form, least_iou=least_iou), np.hstack([pred, target]), [1.0]
    )
    value, grads = iou.value_and_grad(pred, target, form=form, least_iou=least_iou)
    assert abs(value[0] - reference.value_hi[0]) <= 4 * np.spacing(value[0])
    got = np.concatenate([grads["pred"][0], grads["target"][0]])
    regular = np.isfinite(reference.grad_hi[0])
    assert np.allclose(got[regular], reference.grad_hi[0][regular], rtol=2.0**-40, atol=0)
    floored = 10 * 10 / (10.5 * top) < least_iou
    assert (np.abs(got[regular]).sum() == 0) == floored


FLOORED = [
    ("iou", {"placement": "clamp"}),
    ("iou", {"form": "linear", "least_iou": 0.25}),
    ("iou", {"form": "square", "least_iou": 0.25, "placement": "clamp"}),
    ("iou", {"form": "log", "least_iou": 0.25}),
    ("giou", {"placement": "clamp"}),
    ("giou", {"placement": "hull"}),
    ("giou", {"clip": "unit", "eps": {"least_hull": 0.5, "least_height": 0.25}}),
    ("diou", {"placement": "clamp"}),
    ("ciou", {"placement": "clamp"}),
    ("ciou", {"placement": "clamp", "alpha": "attached"}),
]


@pytest.mark.parametrize(("loss", "axes"), FLOORED)
def test_floors_are_those_of_torch(loss, axes):
    """Heights, hulls and IoU below and above their floors, asked of torch.clamp itself."""
    rng = np.random.default_rng(12)
    low, size = rng.uniform(0, 0.5, (2, 200, 2)), rng.uniform(0.05, 0.5, (2, 200, 2))
    pred, target = np.concatenate([low, low + size], axis=2)
    spec, upstream = resolve(loss, axes={"eps": 0.25, **axes}), rng.normal(size=200)
    value, grads = getattr(refloss, loss).value_and_grad(
        pred, target, upstream=upstream, **{"eps": 0.25, **axes}
    )
    expected, slopes = witness(spec, np.hstack([pred, target]), upstream)
    assert np.allclose(value, expected, rtol=2.0**-40, atol=0)
    found = np.hstack([grads["pred"], grads["target"]])
    # Torch's backward pass cancels, to some roundings of the largest terms.
    assert np.abs(found - slopes).max() <= 2.0**-40 * np.abs(slopes).max()


def test_trace_of_disjoint_boxes_has_the_documented_derivative():
    pred, target = pair([0, 0, 1, 1, 2, 2, 3, 3])
    trace = iou.trace(pred, target, form="log")
    assert trace["loss"][0] == np.inf
    assert all(trace[f"p{edge}_bar"][0] == 0 for edge in ("x1", "y1", "x2", "y2"))
