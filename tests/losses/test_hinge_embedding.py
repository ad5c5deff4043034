"""The hinge of a given distance: torch's numbers, what a label counts, and the margin itself."""

import numpy as np
import pytest
import torch

import refloss

DISTANCE = np.array([0.0, 0.3, 0.3, 0.3, 1.0, 1.0, 2.5, -0.5])
TARGET = np.array([1.0, 1.0, -1.0, 0.0, -1.0, 0.0, 0.0, -1.0])


@pytest.mark.parametrize("margin", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_values_and_slopes_are_those_of_torch(margin, reduction):
    """Off the kinks: PyTorch passes on the hinge's slope at a margin that is just reached."""
    x, target = torch.tensor(DISTANCE, requires_grad=True), torch.tensor(TARGET)
    expected = torch.nn.functional.hinge_embedding_loss(
        x, target, margin=margin, reduction=reduction
    )
    expected.sum().backward()
    given = {"margin": margin, "preset": "torch", "reduction": reduction}
    found, grad = refloss.hinge_embedding.value_and_grad(DISTANCE, TARGET, wrt="scores", **given)
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-15)
    off = margin != DISTANCE
    np.testing.assert_allclose(grad["scores"][off], x.grad.numpy()[off], rtol=1e-15)


def test_a_label_of_neither_kind_takes_both_terms():
    both = refloss.hinge_embedding(DISTANCE, np.zeros(8))
    each = [refloss.hinge_embedding(DISTANCE, np.full(8, label)) for label in (1.0, -1.0)]
    np.testing.assert_allclose(both, sum(each), rtol=1e-15)
    np.testing.assert_array_equal(each[0], DISTANCE)
    np.testing.assert_array_equal(each[1], np.maximum(1 - DISTANCE, 0))


def test_the_hinge_has_slope_0_where_the_margin_is_just_reached():
    grad = refloss.hinge_embedding.grad(np.ones(3), np.array([1.0, -1.0, 0.0]), wrt="scores")
    np.testing.assert_array_equal(grad["scores"], [1.0, 0.0, 1.0])


def test_a_term_that_does_not_count_is_not_looked_at():
    """An infinite distance of a pair of two kinds costs nothing, and NaN stays in its element."""
    distance = np.array([np.inf, np.nan, 0.25])
    found, grad = refloss.hinge_embedding.value_and_grad(distance, -np.ones(3), wrt="scores")
    np.testing.assert_array_equal(found, [0.0, np.nan, 0.75])
    np.testing.assert_array_equal(grad["scores"][[0, 2]], [0.0, -1.0])


def test_other_labels_are_refused():
    with pytest.raises(ValueError, match=r"target: expected -1 or 0 or 1 .*; got 0.5 at 1"):
        refloss.hinge_embedding(DISTANCE[:2], np.array([1.0, 0.5]))
    assert refloss.hinge_embedding(DISTANCE[1:2], np.array([0.5]), check="none") == 1.0


def test_margin_ranking_of_torch_is_the_hinge_of_a_difference():
    one, other = np.array([0.3, -1.0, 2.0]), np.array([0.1, 0.5, 2.0])
    side = np.array([1.0, -1.0, 1.0])
    given = (torch.tensor(one), torch.tensor(other), torch.tensor(side))
    expected = torch.nn.functional.margin_ranking_loss(*given, margin=0.25)
    found = refloss.hinge(one - other, side, margin=0.25, reduction="mean")
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-15)
