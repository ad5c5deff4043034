"""Numbers that tell conventions of angular margins apart, and points at which formulas turn."""

import math

import numpy as np
import pytest

import refloss
from crossval.bits import step
from crossval.oracles.enclosure import truth
from crossval.oracles.formats import format_of

OF_095 = {
    "raw": -0.98340,
    "cos_fallback": -1.18971,
    "easy": -0.95,
    "mirror": -1.01660,
    "angle_clip": -1.0,
}


def arrays(*numbers):
    return np.array(numbers, float)


def close(found, expected, digits=5):
    return np.abs(found - expected) <= 0.51 * 10.0**-digits


@pytest.mark.parametrize("policy", OF_095)
def test_policies_part_beyond_the_border(policy):
    found = refloss.arcface_logit(arrays(-0.95), policy=policy)
    assert close(found[0], OF_095[policy])


def test_the_smaller_of_both_is_the_cosine_past_pi_less_half_the_margin():
    cosine = np.cos(np.linspace(0.01, 3.13, 500))
    found = refloss.arcface_logit(cosine, policy="min")
    raw = refloss.arcface_logit(cosine)
    np.testing.assert_array_equal(found, np.minimum(raw, cosine))
    assert (found == cosine).any()
    assert (found == raw).any()


@pytest.mark.parametrize(("gradient", "slope"), [("true", 1.02835), ("straight_through", 1.0)])
def test_the_slope_shows_a_margin_that_is_detached(gradient, slope):
    cosine = arrays(0.3)
    scaled = refloss.arcface_logit.grad(cosine, gradient=gradient, scale=64.0)["cosine"] / 64
    assert close(scaled[0], slope)
    product = refloss.arcface_logit.hvp(cosine, {"cosine": cosine}, gradient=gradient)["cosine"]
    assert (product[0] == 0) == (gradient == "straight_through")


def test_degrees_are_no_radians():
    cosine = np.linspace(-0.9, 0.9, 7)
    found = refloss.arcface_logit(cosine, margin=28.6, unit="degrees")
    expected = refloss.arcface_logit(cosine, margin=math.radians(28.6))
    assert (np.abs(found - expected) <= 4 * np.spacing(1.0)).all()
    wrong = refloss.arcface_logit(cosine, margin=28.6)
    assert (np.abs(wrong - expected) > 0.1).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_slope_is_that_of_a_fixed_sine_at_both_ends_and_beyond(dtype):
    number = format_of(dtype)
    cosine = step(arrays(1, 1, -1, -1), arrays(0, 1, 0, -1).astype(int), number)
    if dtype == "float64":
        assert (np.abs(cosine) >= 1).all()
    value, grad = refloss.arcface_logit.value_and_grad(cosine.astype(dtype))
    np.testing.assert_array_equal(value, (cosine * math.cos(0.5)).astype(dtype))
    np.testing.assert_array_equal(grad["cosine"], np.full(4, math.cos(0.5), dtype))
    assert (refloss.arcface_logit.hvp(cosine, {"cosine": cosine})["cosine"] == 0).all()


def test_a_limit_cuts_cosines_and_their_slopes():
    cosine = arrays(1 + 2.0**-52, 1.0, 0.9, -0.9, -1.0, 0.95)
    value, grad = refloss.arcface_logit.value_and_grad(cosine, limit=0.9)
    kept, slope = refloss.arcface_logit.value_and_grad(np.clip(cosine, -0.9, 0.9))
    np.testing.assert_array_equal(value, kept)
    inside = np.abs(cosine) <= 0.9
    np.testing.assert_array_equal(grad["cosine"], np.where(inside, slope["cosine"], 0))


def test_an_angle_is_no_less_than_clip_nor_more_than_pi_less_clip():
    theta = arrays(0.0, 1e-4, 8e-4, 1.2e-3, 0.5, 3.141)
    cosine = np.cos(theta)
    axes = {"policy": "angle_clip", "margin": 1e-4, "clip": 1e-3}
    value, grad = refloss.arcface_logit.value_and_grad(cosine, **axes)
    expected = np.cos(np.clip(np.arccos(cosine) + 1e-4, 1e-3, math.pi - 1e-3))
    assert (np.abs(value - expected) <= 2.0**-50).all()
    assert (value[:3] == math.cos(1e-3)).all()
    np.testing.assert_array_equal(grad["cosine"] == 0, [True, True, True, False, False, True])
    found = truth(refloss.resolve("arcface_logit", None, axes), cosine[:, None])
    np.testing.assert_array_equal(value, found.value_hi)


@pytest.mark.parametrize("policy", ["cos_fallback", "easy", "mirror", "min", "angle_clip"])
@pytest.mark.parametrize("steps", range(-2, 3))
def test_the_border_is_met_to_the_step(policy, steps):
    share = {"easy": None, "min": 0.5}.get(policy, 1.0)
    at = 0.0 if share is None else -math.cos(share * 0.5 + (policy == "angle_clip") * 1e-5)
    cosine = step(arrays(at), steps, format_of("float64"))
    value, grad = refloss.arcface_logit.value_and_grad(cosine, policy=policy)
    found = truth(refloss.resolve("arcface_logit", None, {"policy": policy}), cosine[:, None])
    assert abs(value[0] - found.value_hi[0]) <= 2 * np.spacing(abs(found.value_hi[0]))
    assert abs(grad["cosine"][0] - found.grad_hi[0, 0]) <= 4 * np.spacing(abs(found.grad_hi[0, 0]))


@pytest.mark.parametrize("margin", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("steps", range(-2, 3))
def test_zeros_of_the_logit_and_of_its_slope_keep_their_digits(margin, steps):
    """The logit is 0 at sin m, its slope at -cos m: what is left is the constants' second float."""
    spec = refloss.resolve("arcface_logit", margin=margin)
    cosine = step(arrays(math.sin(margin), -math.cos(margin)), steps, format_of("float64"))
    value, grad = refloss.arcface_logit.value_and_grad(cosine, margin=margin)
    found = truth(spec, cosine[:, None])
    if margin < math.pi / 2:
        assert abs(value[0]) < 2.0**-50
    assert (np.abs(value - found.value_hi) <= 4 * np.spacing(np.abs(found.value_hi))).all()
    slopes = found.grad_hi[:, 0]
    assert abs(grad["cosine"][1]) < 2.0**-46
    assert (np.abs(grad["cosine"] - slopes) <= 8 * np.spacing(np.abs(slopes))).all()


def test_every_cosine_of_half_precision_is_rounded_once():
    cosine = np.arange(0, 0x3C01, dtype=np.uint16).view(np.float16)
    cosine = np.concatenate([cosine, -cosine])
    value = refloss.arcface_logit(cosine, policy="cos_fallback")
    wide = refloss.arcface_logit(cosine.astype(np.float64), policy="cos_fallback")
    np.testing.assert_array_equal(value, wide.astype(np.float16))


def test_scores_that_are_no_cosines_are_refused():
    with pytest.raises(ValueError, match=r"cosine: expected numbers from -1.0625 to 1.0625; got 2"):
        refloss.arcface_logit(arrays(0.5, 2.0))


def test_a_multiple_of_an_angle_goes_on_falling():
    """At m = 4 and theta = 1: -1.34636, where cos 4 is -.65364; .22586 beside 5 times cos 1."""
    cosine = np.cos(arrays(1.0))
    assert close(refloss.sphereface_logit(cosine)[0], -1.34636)
    assert close(refloss.sphereface_logit(cosine, annealing=5.0)[0], 0.22586)
    assert close(refloss.sphereface_logit(cosine)[0], -2 - math.cos(4))
    assert close(refloss.sphereface_logit(cosine, form="bare")[0], -0.65364)


@pytest.mark.parametrize("margin", range(1, 6))
def test_a_margin_is_a_whole_number_or_its_name(margin):
    cosine = np.cos(np.linspace(0, math.pi, 99))
    found = refloss.sphereface_logit(cosine, margin=margin)
    np.testing.assert_array_equal(found, refloss.sphereface_logit(cosine, margin=str(margin)))
    np.testing.assert_array_equal(found, refloss.sphereface_logit(cosine, margin=float(margin)))
    ends = arrays(1, 1 - 2 * margin)
    assert (np.abs(found[[0, -1]] - ends) <= 4 * np.spacing(np.abs(ends))).all()
    assert (np.diff(found) <= 4 * np.spacing(np.abs(found[1:]))).all()


@pytest.mark.parametrize("margin", [0, 6, 1.5, True, "four"])
def test_no_other_margin_is_taken(margin):
    with pytest.raises(ValueError, match="sphereface_logit: margin: expected one of '1', '2'"):
        refloss.sphereface_logit(arrays(0.5), margin=margin)


@pytest.mark.parametrize("margin", range(2, 6))
@pytest.mark.parametrize("steps", range(-1, 2))
def test_slopes_at_the_turns_keep_their_digits(margin, steps):
    """The slope is 0 where cos(m theta) turns, and the logit where m theta is pi/2."""
    at = [math.cos(k * math.pi / (2 * margin)) for k in range(1, 2 * margin)]
    at = [round(c) if abs(c - round(c)) < 2.0**-50 else c for c in at]
    cosine = step(arrays(*at), steps, format_of("float64"))
    value, grad = refloss.sphereface_logit.value_and_grad(cosine, margin=margin)
    found = truth(refloss.resolve("sphereface_logit", margin=margin), cosine[:, None])
    slopes = found.grad_hi[:, 0]
    assert (np.abs(value - found.value_hi) <= 4 * np.spacing(np.abs(found.value_hi))).all()
    assert (np.abs(grad["cosine"] - slopes) <= 8 * np.spacing(np.abs(slopes))).all()
    assert (np.abs(slopes[1::2]) < 2.0**-44).all()
    assert (grad["cosine"] >= 0).all()


def test_the_slope_at_both_ends_is_the_square_of_the_margin():
    cosine = arrays(1.0, -1.0)
    for margin in range(1, 6):
        slope = refloss.sphereface_logit.grad(cosine, margin=margin)["cosine"]
        np.testing.assert_allclose(slope, margin**2, rtol=2.0**-50)


def test_cosface_rounds_once():
    cosine = np.cos(np.linspace(0, math.pi, 99))
    found = refloss.cosface_logit(cosine, margin=0.4, scale=64.0)
    np.testing.assert_array_equal(found, 64 * (cosine - 0.4))
    slope = refloss.cosface_logit.grad(cosine, scale=64.0)["cosine"]
    np.testing.assert_array_equal(slope, np.full(99, 64.0))


def test_both_margins_are_combined_or_one_of_them_is_dropped():
    """At (1, .3, .2) and c = 1/2: .02174, where m3 alone gives .3 and m2 alone .22174."""
    cosine = arrays(0.5)
    assert close(refloss.combined_margin_logit(cosine)[0], 0.021740, 6)
    assert close(refloss.combined_margin_logit(cosine, form="separate")[0], 0.3, 6)
    alone = refloss.combined_margin_logit(cosine, form="separate", cosine_margin=0.0)
    assert close(alone[0], 0.221740, 6)
    np.testing.assert_array_equal(alone, refloss.arcface_logit(cosine, margin=0.3))


@pytest.mark.parametrize("steps", range(-2, 3))
def test_the_zero_of_the_combined_logit_keeps_its_digits(steps):
    at = math.cos(math.acos(0.2) - 0.3)
    cosine = step(arrays(at), steps, format_of("float64"))
    value = refloss.combined_margin_logit(cosine)
    found = truth(refloss.resolve("combined_margin_logit"), cosine[:, None]).value_hi
    assert abs(value[0]) < 2.0**-50
    assert abs(value[0] - found[0]) <= 4 * np.spacing(abs(found[0]))


def test_what_is_mirrored_falls_on():
    cosine = np.cos(np.linspace(0.01, 3.13, 500))
    found = refloss.combined_margin_logit(cosine, guard="mirror")
    assert (np.diff(found) < 0).all()
    plain = refloss.combined_margin_logit(cosine)
    beyond = cosine < -math.cos(0.3)
    np.testing.assert_array_equal(found[~beyond], plain[~beyond])
    assert np.abs(found + 2 * 1.2 + plain)[beyond].max() < 2.0**-50
