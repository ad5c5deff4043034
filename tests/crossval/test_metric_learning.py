"""Heads of pytorch-metric-learning in this process: presets give their logits, and their slopes."""

import math

import numpy as np
import pytest
import torch
from pytorch_metric_learning import losses

import refloss

# PyTorch's array protocol is older than NumPy's, and the library counts with tensors
pytestmark = pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")

THETA = np.linspace(0.05, 3.1, 300)
PRESET = "pytorch_metric_learning"


def logits(module, cosine):
    """Return a module's logit over its scale, and the slope by the cosine."""
    leaf = torch.tensor(cosine, requires_grad=True)
    found = module.double().modify_cosine_of_target_classes(leaf)
    return found.detach().numpy(), torch.autograd.grad(found.sum(), leaf)[0].numpy()


def near(found, expected, tolerance=1e-12):
    np.testing.assert_array_less(np.abs(found - expected), tolerance * (1 + np.abs(expected)))


def test_arcface_falls_back_to_the_cosine_and_takes_degrees():
    module = losses.ArcFaceLoss(2, 2)
    value, slope = logits(module, np.cos(THETA))
    found, gradient = refloss.arcface_logit.value_and_grad(np.cos(THETA), preset=PRESET, scale=1.0)
    near(found, value)
    near(gradient["cosine"], slope, 1e-9)  # theirs is that of acos, near 0 and pi
    assert module.margin == pytest.approx(math.radians(28.6), rel=1e-15)
    probe, _ = logits(losses.ArcFaceLoss(2, 2, margin=math.degrees(0.5)), np.array([-0.95]))
    assert abs(probe[0] + 1.18971) <= 5.1e-6


def test_arcface_cuts_a_cosine_that_rounding_left_beyond_1():
    beyond = np.nextafter([1.0, -1.0], [2.0, -2.0])
    value, slope = logits(losses.ArcFaceLoss(2, 2), beyond)
    found, gradient = refloss.arcface_logit.value_and_grad(beyond, preset=PRESET, scale=1.0)
    near(found, value)
    assert (gradient["cosine"] == 0).all()
    assert (slope == 0).all()


@pytest.mark.parametrize("margin", range(1, 6))
def test_the_multiple_of_an_angle_by_binomials_is_the_falling_logit(margin):
    cosine = np.cos(THETA)
    value, slope = logits(losses.LargeMarginSoftmaxLoss(2, 2, margin=margin), cosine)
    found, gradient = refloss.sphereface_logit.value_and_grad(cosine, margin=margin, preset=PRESET)
    near(found, value, 1e-11)
    near(gradient["cosine"], slope, 1e-10)


@pytest.mark.parametrize("margin", range(1, 6))
def test_the_branch_of_a_multiple_is_one_too_far_at_minus_1(margin):
    """Beyond 1 only the angle is cut. At -1 floor(pi / (pi / m)) is m: the slope is reflected."""
    cosine = np.array([1.0, np.nextafter(1, 2), -1.0, np.nextafter(-1, -2)])
    value, slope = logits(losses.SphereFaceLoss(2, 2, margin=margin), cosine)
    found, gradient = refloss.sphereface_logit.value_and_grad(cosine, margin=margin, preset=PRESET)
    near(found, value)
    near(gradient["cosine"] * [1, 1, -1, -1], slope)
    near(gradient["cosine"], margin**2)


def test_cosface_takes_the_margin_from_the_cosine():
    value, slope = logits(losses.CosFaceLoss(2, 2), np.cos(THETA))
    np.testing.assert_array_equal(refloss.cosface_logit(np.cos(THETA), margin=0.35), value)
    assert (slope == 1).all()
