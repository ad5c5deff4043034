"""Means over the losses above 0, of all pairs or of either kind apart: values, slopes, edges."""

import numpy as np
import pytest
import torch
from pytorch_metric_learning.losses import ContrastiveLoss
from pytorch_metric_learning.reducers import AvgNonZeroReducer

import refloss
from crossval.families import FAMILIES
from crossval.oracles.formats import format_of
from crossval.oracles.sums import enclosed, parts, terms
from crossval.points.pairs import point_set
from crossval.reference import standard
from refloss.losses import resolve

from .test_vectors import pairs

AXES = {"form": "linear", "factor": "one", "margin": 1.0, "positive_margin": 0.25}


def by_hand(first, second, same, split):
    """Return the mean and, by item, what its slope is multiplied by."""
    losses = refloss.contrastive(first, second, same, **AXES)
    groups = [same == 1, same == 0] if split else [np.ones(len(same), bool)]
    value, weights = 0.0, np.zeros(len(same))
    for rows in groups:
        count = np.count_nonzero(losses[rows] > 0)
        if count:
            value += losses[rows].sum() / count
            weights[rows] = 1 / count
    return value, weights


@pytest.mark.parametrize("backend", [None, "c"])
@pytest.mark.parametrize("denominator", ["nonzero", "separate_nonzero"])
def test_each_mean_is_over_the_losses_above_0(denominator, backend):
    first, second, same = pairs()
    options = {**AXES, "denominator": denominator, "reduction": "mean", "backend": backend}
    value, grad = refloss.contrastive.value_and_grad(first, second, same, upstream=2.0, **options)
    expected, weights = by_hand(first, second, same, denominator != "nonzero")
    np.testing.assert_allclose(value, expected, rtol=1e-15)
    each = refloss.contrastive.grad(first, second, same, upstream=2 * weights, **AXES)
    dots = {"x1": np.random.default_rng(4).normal(size=first.shape)}
    found = refloss.contrastive.hvp(first, second, same, dots, upstream=2.0, **options)
    turned = refloss.contrastive.hvp(first, second, same, dots, upstream=2 * weights, **AXES)
    for name in ("x1", "x2"):
        np.testing.assert_allclose(grad[name], each[name], rtol=1e-14)
        np.testing.assert_allclose(found[name], turned[name], rtol=1e-12)


@pytest.mark.parametrize("margin", [0.5, 1.0])
@pytest.mark.parametrize("kinds", ["both", "similar", "dissimilar"])
def test_the_mean_of_pytorch_metric_learning(margin, kinds):
    """Its separate means, added; a kind of which there is no pair counts 0."""
    first, second, same = pairs(12)
    same = {"both": same, "similar": 0 * same + 1, "dissimilar": 0 * same}[kinds]
    x1, x2 = (torch.tensor(x, requires_grad=True) for x in (first, second))
    rows, labels = torch.arange(12), torch.tensor(same)
    alike, apart = rows[labels == 1], rows[labels == 0]
    given = (alike, alike + 12, apart, apart + 12)
    loss = ContrastiveLoss(pos_margin=0.25, neg_margin=margin, reducer=AvgNonZeroReducer())
    expected = loss(torch.cat([x1, x2]), indices_tuple=given)
    expected.backward()
    options = {"preset": "pytorch_metric_learning", "positive_margin": 0.25, "margin": margin}
    value, grad = refloss.contrastive.value_and_grad(
        first, second, same, reduction="mean", **options
    )
    np.testing.assert_allclose(value, expected.item(), rtol=1e-13)
    for name, x in (("x1", x1), ("x2", x2)):
        np.testing.assert_allclose(grad[name], x.grad.numpy(), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(("empty", "expected"), [("nan", np.nan), ("zero", 0.0)])
@pytest.mark.parametrize("denominator", ["nonzero", "separate_nonzero"])
@pytest.mark.parametrize("count", [0, 5])
def test_a_mean_over_no_loss_above_0_is_what_empty_says(denominator, empty, expected, count):
    """Without a pair, and where no pair costs anything: so is its gradient."""
    first = np.ones((count, 3))
    same = np.ones(count, int)
    options = {"denominator": denominator, "empty": empty, "reduction": "mean"}
    value, grad = refloss.contrastive.value_and_grad(first, first, same, **AXES, **options)
    np.testing.assert_array_equal(value, expected)
    if count:
        np.testing.assert_array_equal(grad["x1"], np.full((count, 3), expected))


def test_one_kind_without_a_loss_leaves_the_other_where_empty_is_zero():
    first, second, _ = pairs()
    same = np.ones(len(first), int)
    options = {**AXES, "denominator": "separate_nonzero", "reduction": "mean"}
    value = refloss.contrastive(first, second, same, empty="zero", **options)
    np.testing.assert_allclose(value, by_hand(first, second, same, True)[0], rtol=1e-15)
    assert np.isnan(refloss.contrastive(first, second, same, **options))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_narrow_losses_are_added_up_before_they_are_rounded(dtype):
    first, second, same = pairs()
    first, second = first.astype(dtype), second.astype(dtype)
    options = {**AXES, "denominator": "separate_nonzero", "reduction": "mean"}
    value, grad = refloss.contrastive.value_and_grad(first, second, same, **options)
    wide = refloss.contrastive.value_and_grad(
        first.astype(float), second.astype(float), same, **options
    )
    assert value.dtype == grad["x1"].dtype == dtype
    assert value == wide[0].astype(dtype)
    np.testing.assert_array_equal(grad["x1"], wide[1]["x1"].astype(dtype))


@pytest.mark.parametrize("denominator", ["nonzero", "separate_nonzero"])
def test_certified_sums_enclose_value_and_gradient(denominator):
    axes = {**AXES, "denominator": denominator}
    spec = resolve("contrastive", None, axes, reduction="mean")
    points = point_set("float64", "smoke")
    points = points.take(np.flatnonzero(np.isin(points.places, ("random", "close"))))
    oracle, columns = FAMILIES["pairs"].oracle, points.columns
    points.upstream[:] = 1.0
    known = [standard(part, points, oracle) for part in parts(spec)]
    ones = columns[:, -1] == 1 if spec.batch.split else None
    truth = enclosed(spec.batch, terms(spec.batch, known, ones), format_of("float64"), 1.0)
    arrays = (*np.split(columns[:, :-1], 2, axis=1), columns[:, -1])
    value, grad = refloss.contrastive.value_and_grad(*arrays, reduction="mean", **axes)
    assert abs(value - truth.value) <= 4 * np.spacing(truth.value) <= 4 * truth.room
    found = np.hstack([grad["x1"], grad["x2"], np.zeros((len(columns), 1))])
    assert (np.abs(found - truth.gradient) <= truth.rooms).all()


def test_results_of_items_do_not_depend_on_the_denominator():
    first, second, same = pairs()
    expected = refloss.contrastive(first, second, same, **AXES)
    for reduction in ("none", "sum"):
        options = {"denominator": "separate_nonzero", "reduction": reduction}
        found = refloss.contrastive(first, second, same, **AXES, **options)
        np.testing.assert_allclose(found, expected if reduction == "none" else expected.sum())
