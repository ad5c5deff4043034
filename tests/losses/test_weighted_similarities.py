"""Multi-similarity and circle loss, called: papers, libraries, kinks, anchors that lack a kind."""

import numpy as np
import pytest
import torch
from pytorch_metric_learning import losses as pml
from pytorch_metric_learning.reducers import DoNothingReducer

import refloss

from .test_similarities import batch, rows

CALLS = [
    ("multi_similarity", {}),
    ("multi_similarity", {"preset": "malong", "alpha": 10.0}),
    ("circle", {}),
    ("circle", {"preset": "keras"}),
]
by_call = pytest.mark.parametrize(("loss", "axes"), CALLS, ids=str)


def test_the_numbers_of_the_papers():
    """One positive at 1/2 and one negative at 1/4, with constants that make plain numbers."""
    pair = np.array([[0.5, 0.25, 0.9]]), np.array([[1, 0, -1]])
    found = refloss.multi_similarity(*pair, alpha=2.0, beta=4.0, base=0.5)
    np.testing.assert_allclose(found, np.log(2) / 2 + np.log1p(np.exp(-1)) / 4, rtol=4e-16)
    # circle, m = 1/4, gamma = 16: 16 (1/4 - 1/16) = 3, and 16 (1/16 - 1/16) = 0
    found = refloss.circle(*pair, gamma=16.0)
    np.testing.assert_allclose(found, np.log1p(np.exp(3)), rtol=4e-16)
    slopes = {
        "detached": refloss.circle.grad(*pair, gamma=16.0),
        "attached": refloss.circle.grad(*pair, gamma=16.0, weights="attached"),
    }
    chance = 1 / (1 + np.exp(-3))
    expected = {"detached": [-0.75, 0.5, 0.0], "attached": [-1.0, 0.5, 0.0]}
    for name, each in expected.items():
        wanted = 16 * chance * np.array([each])
        np.testing.assert_allclose(slopes[name]["similarities"], wanted, rtol=1e-15)


@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("loss", ["multi_similarity", "circle"])
def test_the_presets_are_those_of_pytorch_metric_learning(loss, reduced):
    """Of circle an anchor that lacks a kind is left out of the mean."""
    x, labels, similarities, same = batch()
    theirs = {"multi_similarity": pml.MultiSimilarityLoss, "circle": pml.CircleLoss}[loss]
    how = {"preset": "pytorch_metric_learning"}
    if reduced:
        expected = theirs()(x, labels).item()
        over = {"denominator": "anchors"} if loss == "circle" else {}
        found = getattr(refloss, loss)(similarities, same, reduction="mean", **how, **over)
    else:
        expected = theirs(reducer=DoNothingReducer())(x, labels)["loss"]["losses"].numpy().ravel()
        found = getattr(refloss, loss)(similarities, same, **how)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("weights", ["detached", "attached"])
def test_weights_are_held_constant_or_differentiated(weights):
    similarities, same = rows()
    s = torch.tensor(similarities, requires_grad=True)
    ap, an = (1.4 - s).relu(), (s + 0.4).relu()
    if weights == "detached":
        ap, an = ap.detach(), an.detach()
    p = torch.where(torch.tensor(same) == 1, -4 * ap * (s - 0.6), -torch.inf)
    n = torch.where(torch.tensor(same) == 0, 4 * an * (s - 0.4), -torch.inf)
    both = ((same == 1).any(axis=1)) & ((same == 0).any(axis=1))
    x = p[both].logsumexp(1) + n[both].logsumexp(1)
    (expected,) = torch.autograd.grad(torch.nn.functional.softplus(x).sum(), s)
    found = refloss.circle.grad(similarities, same, gamma=4.0, margin=0.4, weights=weights)
    np.testing.assert_allclose(found["similarities"], expected.numpy(), rtol=1e-12, atol=1e-15)


@by_call
def test_anchors_that_lack_a_kind_have_a_value_and_a_slope(loss, axes):
    similarities, same = rows()
    function = getattr(refloss, loss)
    value, grad = function.value_and_grad(similarities, same, **axes)
    dots = {"similarities": np.ones_like(similarities)}
    product = function.hvp(similarities, same, dots, **axes)["similarities"]
    for array in (value, grad["similarities"], product):
        assert np.isfinite(array).all()
    lacking = ~((same == 1).any(axis=1) & (same == 0).any(axis=1))
    if loss == "circle":
        assert not value[lacking].any()
        assert not grad["similarities"][lacking].any()
    assert not grad["similarities"][same < 0].any()
    assert value[2] == 0  # all left out


@by_call
@pytest.mark.parametrize("stranger", [np.nan, np.inf, 1e300])
def test_what_is_left_out_has_any_number(loss, axes, stranger):
    similarities, same = rows()
    strange, function = np.where(same < 0, stranger, similarities), getattr(refloss, loss)
    for backend in ("numpy", "c"):
        value, grad = function.value_and_grad(strange, same, backend=backend, **axes)
        known, slopes = function.value_and_grad(similarities, same, backend=backend, **axes)
        np.testing.assert_array_equal(value, known)
        np.testing.assert_array_equal(grad["similarities"], slopes["similarities"])


@by_call
@pytest.mark.parametrize("width", [1, 9, 300])
def test_the_compiled_program_agrees(loss, axes, width):
    similarities, same = rows(width=width)
    dots = {"similarities": np.random.default_rng(2).normal(size=similarities.shape)}
    function = getattr(refloss, loss)
    value, grad = function.value_and_grad(similarities, same, **axes)
    other, slopes = function.value_and_grad(similarities, same, backend="c", **axes)
    np.testing.assert_allclose(other, value, rtol=4e-15, atol=1e-300)
    size = np.abs(grad["similarities"]).max(axis=1, keepdims=True)
    assert (np.abs(slopes["similarities"] - grad["similarities"]) <= 1e-14 * size).all()
    found = function.hvp(similarities, same, dots, **axes)["similarities"]
    other = function.hvp(similarities, same, dots, backend="c", **axes)["similarities"]
    size = np.abs(found).max(axis=1, keepdims=True)
    assert (np.abs(other - found) <= 1e-12 * size).all()


def test_large_scales_do_not_leave_the_range():
    similarities = np.array([[1.0, -1.0, 0.5, 0.25], [-1.0, 1.0, 1.0, -1.0]])
    same = np.array([[0, 1, 1, 0], [0, 1, 1, 0]])
    for loss, axes in (
        ("multi_similarity", {"alpha": 1e4, "beta": 1e4}),
        ("circle", {"gamma": 1e4}),
    ):
        function = getattr(refloss, loss)
        value, grad = function.value_and_grad(similarities, same, **axes)
        product = function.hvp(similarities, same, {"similarities": similarities}, **axes)
        for array in (value, grad["similarities"], product["similarities"]):
            assert np.isfinite(array).all()
    assert refloss.circle(similarities, same, gamma=1e4)[0] > 1e4


def test_a_weight_that_just_ends_has_the_slope_0():
    """A negative at -m, and a positive at 1 + m: where the weight is differentiated, a tie."""
    for margin in (0.25, 0.5):
        kinks = np.array([[1 + margin, -margin, 0.5, 0.5]]), np.array([[1, 0, 1, 0]])
        for weights in ("detached", "attached"):
            how = {"gamma": 2.0, "margin": margin, "weights": weights}
            grad = refloss.circle.grad(*kinks, **how)["similarities"]
            assert not grad[:, :2].any()
            assert grad[:, 2:].all()
    near = np.array([[0.5, -0.25 + 2.0**-40]]), np.array([[1, 0]])
    held = refloss.circle.grad(*near, gamma=2.0)["similarities"][0, 1]
    moved = refloss.circle.grad(*near, gamma=2.0, weights="attached")["similarities"][0, 1]
    assert 0 < held < 2.0**-38
    assert moved < -0.1
