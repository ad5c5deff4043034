"""The public multi-class margin loss: the formulas of libraries, probes, kinks, edge points."""

import math
import os

import numpy as np
import pytest
import torch

import refloss
from tests.losses.rows import WEIGHTS, rows, some_ignored

MM = refloss.multi_margin
FORMS = ("crammer_singer", "weston_watkins", "one_vs_all", "categorical_hinge")
POWERS = {1: "linear", 2: "squared"}
#: Far above the rounding of sums of order 100 in float64, far below any difference of convention.
NEAR = {"rtol": 2.0**-42, "atol": 2.0**-42}


def off_the_kinks(seed=0):
    """Rows at none of whose margins a sum of scores is 0."""
    logits, labels, _ = rows(seed=seed)
    logits = logits + np.arange(logits.shape[1]) / 64 + 1 / 128
    return logits, labels


def assert_is(formula, options):
    """See value, gradient and second derivative of a formula of PyTorch and of options agree."""
    logits, labels = off_the_kinks()
    z = torch.tensor(logits, requires_grad=True)
    direction = np.random.default_rng(1).normal(size=logits.shape)
    expected = formula(z, torch.tensor(labels))
    (slopes,) = torch.autograd.grad(expected.sum(), z, create_graph=True)
    bends = torch.zeros_like(z)
    if slopes.requires_grad:
        (found,) = torch.autograd.grad(slopes, z, torch.tensor(direction), allow_unused=True)
        bends = bends if found is None else found
    value, grad = MM.value_and_grad(logits, labels, **options)
    product = MM.hvp(logits, labels, {"logits": direction}, **options)["logits"]
    for ours, theirs in zip(
        (value, grad["logits"], product), (expected, slopes, bends), strict=True
    ):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), **NEAR)


def hot(labels, classes):
    return torch.nn.functional.one_hot(labels, classes)


@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize("margin", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("p", POWERS)
def test_torchs_preset_is_torch(p, margin, weight):
    """The weight multiplies after the power, and the sum is divided by K, not by K - 1."""
    logits, labels = off_the_kinks()
    z, given = (
        torch.tensor(logits, requires_grad=True),
        None if weight is None else torch.tensor(weight),
    )
    for reduction in ("none", "mean", "sum"):
        expected = torch.nn.functional.multi_margin_loss(
            z, torch.tensor(labels), p, margin, given, reduction=reduction
        )
        (slopes,) = torch.autograd.grad(expected.sum(), z)
        options = {"preset": "torch", "power": POWERS[p], "margin": margin, "reduction": reduction}
        value, grad = MM.value_and_grad(logits, labels, class_weight=weight, **options)
        np.testing.assert_allclose(value, expected.detach().numpy(), **NEAR)
        np.testing.assert_allclose(grad["logits"], slopes.numpy(), **NEAR)


def test_optaxs_preset_is_its_formula():
    def formula(z, labels):
        marked = hot(labels, z.shape[1])
        return (z + 1 - marked).amax(1) - (z * marked).sum(1)

    assert_is(formula, {"preset": "optax"})


def test_kerass_preset_is_its_formula():
    def formula(z, labels):
        marked = hot(labels, z.shape[1])
        return (((1 - marked) * z).amax(1) - (z * marked).sum(1) + 1).clamp(min=0)

    assert_is(formula, {"preset": "keras"})


@pytest.mark.parametrize(("preset", "p"), [("caffe", 1), ("caffe_l2", 2)])
def test_caffes_presets_are_its_formula(preset, p):
    def formula(z, labels):
        signs = 1 - 2 * hot(labels, z.shape[1])
        return ((1 + signs * z).clamp(min=0) ** p).sum(1)

    assert_is(formula, {"preset": preset})


@pytest.mark.parametrize(("division", "parts"), [("none", 1), ("classes", 5), ("others", 4)])
@pytest.mark.parametrize("p", POWERS)
def test_a_sum_over_the_others_is_divided_by_what_it_says(division, parts, p):
    def formula(z, labels):
        own = z.gather(1, labels[:, None])
        missed = (0.75 + z - own).clamp(min=0) ** p
        return (missed * (1 - hot(labels, z.shape[1]))).sum(1) / parts

    options = {"form": "weston_watkins", "division": division, "power": POWERS[p], "margin": 0.75}
    assert_is(formula, options)


# --- probes of the catalogue

PROBE, SECOND = np.array([[-0.5, -0.3, -2.0]]), np.array([1])
PROBES = {
    "crammer_singer": ({}, "0.8"),
    "weston_watkins": ({"form": "weston_watkins"}, "0.8"),
    "torch, divided by K": ({"preset": "torch"}, "0.26667"),
    "divided by K - 1": ({"form": "weston_watkins", "division": "others"}, "0.4"),
    "keras, with a 0 among the others": ({"preset": "keras"}, "1.3"),
    "one against all": ({"form": "one_vs_all"}, "1.8"),
}


@pytest.mark.parametrize("name", PROBES)
@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_the_probe_of_the_catalogue(name, backend):
    options, printed = PROBES[name]
    value = MM(PROBE, SECOND, backend=backend, **options)[0]
    assert f"{value:.5g}" == printed


def test_the_probe_in_torch_and_keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")  # read when keras is imported
    import keras

    z, target = torch.tensor(PROBE), torch.tensor(SECOND)
    assert f"{torch.nn.functional.multi_margin_loss(z, target).item():.5g}" == "0.26667"
    value = keras.losses.categorical_hinge(np.eye(3)[SECOND], PROBE)
    assert f"{float(value[0]):.5g}" == "1.3"


# --- kinks


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("form", FORMS)
def test_a_margin_just_reached_is_kept(form, dtype, backend):
    """The convention of torch: no loss, and slope 0, of whatever power."""
    row = {"one_vs_all": [1, -1, -1]}.get(form, [1.5, 0.5, 0.5])
    logits = np.array([row, [1, 0, 0], [1, 0, -3]][: 1 if form == "one_vs_all" else 3], dtype)
    target = np.zeros(len(logits), int)
    for power in POWERS.values():
        options = {"form": form, "power": power, "backend": backend}
        value, grad = MM.value_and_grad(logits, target, **options)
        assert not value.any()
        assert not grad["logits"].any()


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_largest_scores_share_evenly(backend):
    logits, target = np.array([[0.0, 2.0, 2.0, -1.0, 2.0, 1.0]]), np.array([0])
    value, grad = MM.value_and_grad(logits, target, backend=backend)
    third = 1 / 3
    np.testing.assert_array_equal(value, [3.0])
    np.testing.assert_array_equal(grad["logits"], [[-1, third, third, 0, third, 0]])
    value, grad = MM.value_and_grad(
        np.array([[-0.5, 0.0, -1.0]]), target, form="categorical_hinge", backend=backend
    )
    np.testing.assert_array_equal(value, [1.5])
    np.testing.assert_array_equal(grad["logits"], [[-1.0, 0.5, 0.0]])  # the target's 0 has a half


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", ["crammer_singer", "weston_watkins"])
def test_what_a_sum_cannot_hold_decides_the_side_of_the_kink(form, dtype, backend):
    """1 - 1 ± 2^-k, the small number the target's score: the loss is that small number, or 0."""
    for power in (30, 60, 100):
        tiny = dtype(2.0**-power)
        logits = np.array([[-tiny, -1, -9], [tiny, -1, -9]], dtype)
        value, grad = MM.value_and_grad(logits, np.zeros(2, int), form=form, backend=backend)
        np.testing.assert_array_equal(value, [tiny, 0])
        np.testing.assert_array_equal(grad["logits"], [[-1, 1, 0], [0, 0, 0]])


# --- edge points


def test_singular_points_are_as_documented():
    inf, zero = math.inf, np.array([0])
    for form in ("crammer_singer", "weston_watkins", "categorical_hinge"):
        value, grad = MM.value_and_grad(np.array([[0.5, -inf, 1.0]]), zero, form=form)
        np.testing.assert_array_equal(value, [1.5])
        np.testing.assert_array_equal(grad["logits"], [[-1.0, 0.0, 1.0]])
        value, grad = MM.value_and_grad(np.array([[-inf, 0.0, -1.0]]), zero, form=form)
        np.testing.assert_array_equal(value, [inf])
        assert grad["logits"][0, 0] < 0
        value, grad = MM.value_and_grad(np.array([[0.0, inf, -1.0]]), zero, form=form)
        np.testing.assert_array_equal(value, [inf])
        assert grad["logits"][0, 1] == 1
    value, grad = MM.value_and_grad(np.array([[0.0, -inf, -inf]]), zero)
    assert not value.any()
    assert not grad["logits"].any()


@pytest.mark.parametrize("form", FORMS)
def test_nan_is_nan(form):
    for place in range(3):
        row = np.array([[0.0, 0.25, -0.5]])
        row[0, place] = math.nan
        assert np.isnan(MM(row, np.array([0]), form=form)).all()


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("form", FORMS)
def test_everything_is_finite_up_to_scores_of_1e4(form, dtype, backend):
    leads = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 40), -np.geomspace(1e-3, 1e4, 40)])
    logits = np.stack([leads, np.zeros(81), -np.ones(81)], 1).astype(dtype)
    value, grad = MM.value_and_grad(logits, np.zeros(81, int), form=form, backend=backend)
    assert np.isfinite(value).all()
    assert (value >= 0).all()
    assert np.isfinite(grad["logits"]).all()
    assert (grad["logits"][:, 0] <= 0).all()
    assert (grad["logits"][:, 1:] >= 0).all()


def test_probabilities_are_refused_by_name():
    with pytest.raises(TypeError, match=r"target: expected integers of shape \(N,\).*got float64"):
        MM(PROBE, np.array([[0.5, 0.25, 0.25]]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("denominator", ["weights", "kept", "items", 7.5])
def test_a_mean_divides_by_what_it_says(denominator, form):
    logits, labels = off_the_kinks()
    ignored = some_ignored(labels)
    kept = ignored >= 0
    size = {"items": 24, "kept": kept.sum()}.get(denominator, denominator)
    size = WEIGHTS[labels[kept]].sum() if denominator == "weights" else size
    options = {"class_weight": WEIGHTS, "denominator": denominator, "form": form}
    each = MM(logits, ignored, class_weight=WEIGHTS, form=form)
    assert not each[~kept].any()
    found = MM(logits, ignored, reduction="mean", **options)
    assert found == pytest.approx(each.sum() / size, rel=1e-14)
    slopes = MM.grad(logits, ignored, class_weight=WEIGHTS, form=form)["logits"]
    grad = MM.grad(logits, ignored, reduction="mean", **options)["logits"]
    np.testing.assert_allclose(grad, slopes / size, rtol=1e-14, atol=0)


@pytest.mark.parametrize("form", FORMS)
def test_a_trace_names_every_quantity_of_the_textbook(form):
    logits, labels = off_the_kinks()
    traced = MM.trace(logits, labels, form=form)
    np.testing.assert_allclose(traced["loss"], MM(logits, labels, form=form), rtol=1e-13)
    grad = MM.grad(logits, labels, form=form)["logits"]
    np.testing.assert_allclose(traced["logits_bar"], grad, rtol=1e-13)
    assert {"excess", "lack", "fault"} <= traced.keys()
