"""Numbers that tell conventions of heads apart, of whole heads: the logit is read from the loss."""

import math

import numpy as np
import pytest

import refloss

SCALE = 8.0
OF_095 = {
    "raw": -0.98340,
    "cos_fallback": -1.18971,
    "easy": -0.95,
    "mirror": -1.01660,
    "angle_clip": -1.0,
}


def close(found, expected, digits=5):
    return abs(found - expected) <= 0.51 * 10.0**-digits


def problem(cosine, long=3.0):
    """Return an embedding at an angle to its class, at right angles to the only other one."""
    sine = math.sqrt((1 - cosine) * (1 + cosine))
    return np.array([[long * cosine, long * sine, 0.0]]), np.array([[2.0, 0, 0], [0, 0, 5.0]])


def called(loss, cosine, *, scale=SCALE, **axes):
    """Return the target's logit over the scale, its slope, and both gradients without softmax.

    The loss is softplus(-goal), for the other logit is 0.
    """
    x, weight = problem(cosine)
    found, gradients = loss.value_and_grad(x, weight, np.array([0]), scale=scale, **axes)
    goal = -math.log(math.expm1(found[0]))
    share = -1 / (1 + math.exp(goal))
    return goal / scale, gradients["x"][0] / share / scale, gradients["weight"][0] / share / scale


def slope_of(by_x, cosine, long=3.0):
    """Return the derivative by the cosine of the gradient by the embedding, which turns with it."""
    sine = math.sqrt((1 - cosine) * (1 + cosine))
    turned = np.array([sine, -cosine, 0.0])  # d x / d angle over -long
    return by_x @ turned * long / sine


@pytest.mark.parametrize("policy", OF_095)
def test_policies_part_beyond_the_border(policy):
    found, *_ = called(refloss.arcface, -0.95, policy=policy)
    assert close(found, OF_095[policy])


def test_the_smaller_of_both_is_the_cosine_only_past_pi_less_half_the_margin():
    assert close(called(refloss.arcface, -0.95, policy="min")[0], OF_095["raw"])
    assert close(called(refloss.arcface, -0.99, policy="min")[0], -0.99)


@pytest.mark.parametrize(("gradient", "slope"), [("true", 1.02835), ("straight_through", 1.0)])
def test_the_slope_shows_a_margin_that_is_detached(gradient, slope):
    _, by_x, _ = called(refloss.arcface, 0.3, gradient=gradient)
    # of the other class nothing: its logit's gradient is at right angles to the plane of both
    assert close(slope_of(by_x, 0.3), slope)


def test_degrees_are_no_radians():
    found, *_ = called(refloss.arcface, 0.3, margin=28.6, unit="degrees")
    same, *_ = called(refloss.arcface, 0.3, margin=math.radians(28.6))
    other, *_ = called(refloss.arcface, 0.3, margin=28.6)
    assert found == pytest.approx(same, rel=1e-14)
    assert abs(other - found) > 0.1


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ({}, 0.021740),
        ({"form": "separate"}, 0.300),
        ({"form": "separate", "cosine_margin": 0.0}, 0.221740),
    ],
)
def test_both_margins_are_combined_or_one_of_them_is_dropped(axes, expected):
    found, *_ = called(refloss.combined_margin, 0.5, **axes)
    assert close(found, expected, 6)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [({}, -1.34636), ({"form": "bare"}, -0.65364), ({"annealing": 5.0}, 0.22586)],
)
def test_a_multiple_of_an_angle_by_the_embeddings_length(axes, expected):
    found, *_ = called(refloss.sphereface, math.cos(1.0), scale=1.0, **axes)
    assert close(found / 3.0, expected)
    of_unit, *_ = called(refloss.sphereface, math.cos(1.0), embedding="unit", **axes)
    assert close(of_unit, expected)


def test_a_targets_gradient_of_sphereface_is_the_true_one():
    """It is psi' w + (psi - c psi') x / |x|, and not that over its own length."""
    cosine = math.cos(1.0)
    (psi,), slope = refloss.sphereface_logit.value_and_grad(np.array([cosine]))
    x, weight = problem(cosine)
    unit, own, other = x[0] / 3.0, weight[0] / 2.0, weight[1] / 5.0
    _, by_x, _ = called(refloss.sphereface, cosine, scale=1.0)
    expected = slope["cosine"] * own + (psi - cosine * slope["cosine"]) * unit
    assert np.abs(by_x + other - expected).max() <= 1e-14 * np.linalg.norm(expected)
    assert abs(np.linalg.norm(expected) - 1) > 0.1


def test_l_softmax_has_both_lengths():
    cosine = math.cos(1.0)
    found, *_ = called(refloss.l_softmax, cosine, scale=1.0)
    assert close(found / 6.0, -1.34636)


@pytest.mark.parametrize("name", ["modified_softmax", "normface", "cosface", "arcface"])
def test_five_times_the_classes_are_the_same_classes(name):
    loss, (x, weight) = getattr(refloss, name), problem(0.3)
    found, gradient = loss.value_and_grad(x, weight, np.array([0]), scale=SCALE)
    longer, other = loss.value_and_grad(x, 5 * weight, np.array([0]), scale=SCALE)
    assert longer == pytest.approx(found, rel=1e-14)
    np.testing.assert_allclose(5 * other["weight"], gradient["weight"], rtol=1e-13, atol=1e-300)
    along = np.abs((gradient["weight"] * weight).sum(axis=1)).max()
    kept = loss.grad(x, weight, np.array([0]), scale=SCALE, classes="kept")["weight"]
    assert along <= 1e-14 * np.abs((kept * weight).sum(axis=1)).max()
