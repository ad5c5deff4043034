"""Numbers worked out by hand that tell conventions of two classes and of divergences apart."""

import math

import numpy as np
import pytest

import refloss

ONE, ZERO = np.array([1.0]), np.array([0.0])


def softplus(x):
    return math.log1p(math.exp(x))


def close(found, expected):
    return abs(float(found[0]) - expected) <= 4 * 2.0**-52 * abs(expected)


@pytest.mark.parametrize(
    ("axes", "on", "off"),
    [
        ({}, 1.0, 0.0),
        ({"label_smoothing": 0.1}, 0.95, 0.05),
        ({"label_smoothing": 0.1, "smoothing": "flip"}, 0.9, 0.1),
        ({"label_smoothing": 0.1, "smoothing": "one_sided"}, 0.9, 0.0),
    ],
)
def test_smoothed_targets_show_in_the_gradient_at_0(axes, on, off):
    """At x = 0 it is 1/2 less the target: .95 and .05 toward 1/2."""
    for target, goal in ((ONE, on), (ZERO, off)):
        grad = refloss.bce.grad(ZERO, target, **axes)["logits"]
        assert abs(grad[0] - (0.5 - goal)) <= 2.0**-53


def test_a_positive_weight_is_no_weight_of_all():
    x = np.array([0.7])
    three = np.array([3.0])
    assert close(refloss.bce(x, ONE, pos_weight=three), 3 * softplus(-0.7))
    assert close(refloss.bce(x, ZERO, pos_weight=three), softplus(0.7))
    assert close(refloss.bce(x, ZERO, weight=three), 3 * softplus(0.7))


def test_what_clips_a_logarithm():
    p = np.array([0.0])
    assert refloss.bce_probs(p, ONE)[0] == math.inf
    assert refloss.bce_probs(p, ONE, preset="torch")[0] == 100.0
    assert close(refloss.bce_probs(p, ONE, preset="keras"), -math.log(1e-7))
    assert close(refloss.bce_probs(p, ONE, preset="tensorflow"), -math.log(1e-7))
    assert refloss.bce_probs.grad(p, ZERO)["probs"][0] == 1.0
    for preset in ("torch", "keras"):
        assert refloss.bce_probs.grad(p, ONE, preset=preset)["probs"][0] == 0.0


def test_one_against_all_hinge_of_the_catalogue():
    """For z = (-.5, -.3, -2) and y = 1 it is 1.8 in all."""
    z, side = np.array([[-0.5, -0.3, -2.0]]), np.array([[-1.0, 1.0, -1.0]])
    found = refloss.hinge(z, side, preset="caffe", reduction="mean")
    assert abs(found - 1.8) <= 2.0**-51
    squared = refloss.squared_hinge(z, side, preset="caffe", reduction="mean")
    assert abs(squared - (0.5**2 + 1.3**2)) <= 2.0**-51
    assert refloss.hinge(z, (side + 1) / 2, labels="binary", reduction="sum") == found


def test_labels_0_and_1_are_not_sides():
    s = np.array([0.25])
    assert refloss.hinge(s, -ONE)[0] == refloss.hinge(s, ZERO, labels="binary")[0] == 1.25
    assert refloss.hinge(s, ONE, labels="binary")[0] == refloss.hinge(s, ONE)[0] == 0.75


def test_a_mean_of_terms_is_no_divergence():
    q, p = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]]), np.full((2, 3), 1 / 3)
    entropy = -(q * np.log(np.where(q > 0, q, 1))).sum()
    total = 2 * math.log(3) - entropy
    logs = np.log(p)
    for preset, divisor in (("torch", 6), ("torch_batchmean", 2), ("optax", 2)):
        found = refloss.kl_div(logs, q, preset=preset, reduction="mean")
        assert abs(found - total / divisor) <= 2.0**-50, preset
    rows = refloss.kl_div_probs(p, q, reduction="mean", denominator="rows")
    assert abs(rows - total / 2) <= 2.0**-50


def test_a_target_of_0_adds_nothing_but_where_it_is_clipped():
    x = np.array([-5.0])
    assert refloss.kl_div(x, ZERO)[0] == 0.0
    assert refloss.kl_div.grad(x, ZERO)["log_probs"][0] == 0.0
    clipped = refloss.kl_div_probs(np.exp(x), ZERO, preset="keras")
    assert close(clipped, 1e-7 * (math.log(1e-7) + 5))


@pytest.mark.parametrize("size", [1e4, 1e300])
def test_logits_of_any_size_give_numbers(size):
    x = np.array([size, -size])
    for target in (0.0, 0.25, 1.0):
        t = np.full(2, target)
        value, grad = refloss.bce.value_and_grad(x, t, label_smoothing=0.1)
        assert np.isfinite(value).all()
        assert np.isfinite(grad["logits"]).all()
    assert refloss.bce(x, np.array([1.0, 0.0])).tolist() == [0.0, 0.0]


def test_infinite_logits_of_the_right_class_cost_nothing():
    x, target = np.array([np.inf, -np.inf]), np.array([1.0, 0.0])
    value, grad = refloss.bce.value_and_grad(x, target)
    assert value.tolist() == [0.0, 0.0]
    assert np.abs(grad["logits"]).tolist() == [0.0, 0.0]
    assert refloss.bce(x, 1 - target).tolist() == [np.inf, np.inf]
