"""The combined margin with a real multiple: where its formula turns, and what it is equal to."""

import math

import numpy as np
import pytest

import refloss
from crossval.bits import step
from crossval.oracles.enclosure import truth
from crossval.oracles.formats import format_of
from refloss.run.derived import two_floats

NUMBER = format_of("float64")
FIRST = "2*atan2(sqrt(1 - less), sqrt(1 + less))"
PLACES = {
    "zero": f"cos(({FIRST} - margin)/multiple)",
    "second zero": f"cos((2*pi - {FIRST} - margin)/multiple)",
    "third zero": f"cos((2*pi + {FIRST} - margin)/multiple)",
    "turn": "cos((pi - margin)/multiple)",
    "second turn": "cos((2*pi - margin)/multiple)",
}
MARGINS = [(1.0, 0.3, 0.2), (1.7, 0.0, 0.0), (1.35, 0.0, 0.0), (0.9, 0.4, 0.15), (2.0, 0.25, 0.0)]
MARGINS += [(1.9, 1.5, 0.5)]


def axes_of(multiple, margin, less, **more):
    chosen = {"multiple": multiple, "margin": margin, "cosine_margin": less}
    return {"form": "multiplied", **chosen, **more}


def called(cosine, *margins, **more):
    """Return logits and slopes."""
    axes = axes_of(*margins, **more)
    value, grad = refloss.combined_margin_logit.value_and_grad(np.array(cosine, float), **axes)
    return value, grad["cosine"]


def reached(place, multiple, margin, less):
    """Return whether an angle between 0 and pi comes to a place."""
    first = math.acos(less)
    far = {
        "zero": first,
        "turn": math.pi,
        "second zero": 2 * math.pi - first,
        "second turn": 2 * math.pi,
        "third zero": 2 * math.pi + first,
    }
    return 0 < (far[place] - margin) / multiple < math.pi


def refuse(margins, cosine, value, slope):
    """Hold values to 4 ulp and slopes to 8."""
    spec = refloss.resolve("combined_margin_logit", axes=axes_of(*margins))
    known = truth(spec, cosine[:, None])
    for found, hi, lo, bar in (
        (value, known.value_hi, known.value_lo, 4),
        (slope, known.grad_hi[:, 0], known.grad_lo[:, 0], 8),
    ):
        off = np.abs((found - hi) - lo) / np.spacing(np.abs(hi))
        assert (off <= bar).all(), (margins, cosine[off.argmax()], off.max())


CASES = [(place, m) for place in PLACES for m in MARGINS if reached(place, *m)]


@pytest.mark.parametrize(("place", "margins"), CASES)
def test_a_zero_and_a_turn_keep_their_digits(place, margins):
    """There, at the next two floats on either side, and a little further."""
    given = tuple(zip(("multiple", "margin", "less"), margins, strict=True))
    at, _ = two_floats(PLACES[place], given)
    cosine = [step(np.array([at]), steps, NUMBER)[0] for steps in range(-2, 3)]
    cosine = np.array([*cosine, *(at * (1 + sign * 2.0**-j) for j in (30, 12) for sign in (1, -1))])
    value, slope = called(cosine, *margins)
    refuse(margins, cosine, value, slope)
    small = value if "zero" in place else slope
    assert np.abs(small[2]) < 2.0**-45
    assert small[2] != 0


FAR = (0.1704663938648945, -0.7747172651831851, -0.7818381578445429, 0.5660461211232315)
"""Cosines at which a way from the zero that is a difference of products has 4 to 6 ulp."""


@pytest.mark.parametrize("margins", [*MARGINS, (1.2, 0.3, 0.1), (2.0, 0.0, 0.0)])
def test_far_from_zeros_and_turns_nothing_is_lost(margins):
    cosine = np.array([*FAR, *np.cos(np.linspace(0.01, 3.13, 300))])
    refuse(margins, cosine, *called(cosine, *margins))


@pytest.mark.parametrize("margins", MARGINS)
def test_the_slope_at_an_end_is_what_the_definition_says(margins):
    times, added, less = margins
    value, slope = called([1.0, -1.0, 1 + 2.0**-52, -1 - 2.0**-52], *margins)
    far = math.cos(times * math.pi + added)
    ends = np.array([math.cos(added) - less, far - less] * 2)
    np.testing.assert_allclose(value, ends, rtol=2.0**-48)
    wanted = times**2 * np.array([math.cos(added), -far] * 2)
    np.testing.assert_allclose(slope, wanted, rtol=2.0**-48)


def test_the_slope_tends_to_that_where_it_has_a_limit():
    near = np.array([1 - 2.0**-40, -1 + 2.0**-40])
    for margins in ((1.7, 0.0, 0.0), (2.0, 0.0, 0.0)):
        _, end = called([1.0, -1.0], *margins)
        _, slope = called(near, *margins)
        limits = 2 if margins[0] == 2 else 1
        np.testing.assert_allclose(slope[:limits], end[:limits], rtol=1e-11)


def test_once_the_angle_it_is_the_combined_logit():
    cosine = np.cos(np.linspace(0.01, 3.13, 300))
    found, slope = called(cosine, 1.0, 0.3, 0.2)
    expected, grad = refloss.combined_margin_logit.value_and_grad(cosine)
    assert (np.abs(found - expected) <= 8 * np.spacing(np.abs(expected))).all()
    assert (np.abs(slope - grad["cosine"]) <= 16 * np.spacing(np.abs(slope))).all()


def test_twice_the_angle_is_the_polynomial_of_sphereface():
    """Bare without a guard, falling under the mirror."""
    cosine = np.cos(np.linspace(0.01, 3.13, 300))
    for guard, form in (("none", "bare"), ("mirror", "falling")):
        found, slope = called(cosine, 2.0, 0.0, 0.0, guard=guard)
        expected, grad = refloss.sphereface_logit.value_and_grad(cosine, margin=2, form=form)
        assert (np.abs(found - expected) <= 8 * np.spacing(np.abs(expected))).all()
        assert (np.abs(slope - grad["cosine"]) <= 16 * np.spacing(np.abs(grad["cosine"]))).all()


@pytest.mark.parametrize("margins", [(1.7, 0.0, 0.0), (1.35, 0.2, 0.1), (2.0, 0.0, 0.0)])
def test_what_is_mirrored_falls_on(margins):
    cosine = np.cos(np.linspace(0.01, 3.13, 500))
    found, slope = called(cosine, *margins, guard="mirror")
    assert (np.diff(found) < 0).all()
    assert (slope >= 0).all()


def test_sphereface_r_has_the_slope_of_the_cosine():
    cosine = np.array([0.75, -0.25, -0.75])
    value, grad = refloss.combined_margin_logit.value_and_grad(cosine, preset="sphereface_r")
    turn = np.floor(1.7 * np.arccos(cosine) / np.pi)
    expected = (-1) ** turn * np.cos(1.7 * np.arccos(cosine)) - 2 * turn
    np.testing.assert_allclose(value, 30 * expected, rtol=1e-14)
    np.testing.assert_array_equal(grad["cosine"], np.full(3, 30.0))


def test_a_multiple_needs_its_form():
    remedy = "leave it out or choose form='multiplied'"
    for loss in ("combined_margin_logit", "combined_margin_cosine", "combined_margin"):
        for form in ("combined", "separate"):
            words = f"{loss}: multiple: expected none with form='{form}', got 1.7; {remedy}"
            with pytest.raises(ValueError, match=words):
                refloss.resolve(loss, form=form, multiple=1.7)
    for wrong in (0.0, -1.0, 3.0):
        with pytest.raises(ValueError, match=r"multiple: expected a number from 0\.25 to 2"):
            called([0.5], wrong, 0.3, 0.2)
