"""Mistakes in heads over given cosines: each named; right ones have no finding."""

import pytest

FILE = "torch_cosine_rows.py"

RIGHT = [
    ("raw", "arcface_cosine", {}),
    ("cos_fallback", "arcface_cosine", {"policy": "cos_fallback"}),
    ("straight_through", "arcface_cosine", {"gradient": "straight_through"}),
    ("combined", "combined_margin_cosine", {}),
    ("sphereface", "sphereface_cosine", {"scale": 64.0}),
]

# target, axes that are declared, check in which it is found, words that name it
NAMED = [
    ("cos_fallback", {}, "value", "policy is 'cos_fallback'"),
    ("easy", {}, "value", "policy is 'easy'"),
    ("straight_through", {}, "grad[cosine]", "gradient is 'straight_through'"),
    (
        "mirror_of_degrees",
        {"margin": 28.6, "policy": "mirror"},
        "value",
        "unit is 'degrees'",
    ),
    ("away", {}, "value", "the margin is subtracted from the angle"),
    ("from_the_cosine", {}, "value", "the margin is taken from the cosine"),
    ("unscaled", {}, "value", "the scale has no effect"),
    ("of_all_classes", {}, "value", "every class's cosine has the margin"),
]


@pytest.mark.parametrize(("name", "loss", "axes"), RIGHT)
def test_right_heads_have_no_finding(judged, name, loss, axes):
    certificate = judged(FILE, name, loss, axes=axes)
    assert not certificate.findings


@pytest.mark.parametrize(("name", "axes", "check", "words"), NAMED)
def test_a_slip_is_named(judged, name, axes, check, words):
    certificate = judged(FILE, name, "arcface_cosine", axes=axes)
    found = [f"{f.message} {f.cause}" for f in certificate.findings if f.check == check]
    assert any(words in each for each in found), found


def test_a_slope_at_1_of_a_class_that_is_not_taken_is_explained(judged):
    """The arc cosine of every class is differentiated, and 0 times its slope is NaN."""
    certificate = judged(FILE, "arc_cosine", "arcface_cosine")
    found = [f"{f.check}: {f.message} {f.cause}" for f in certificate.findings]
    assert any("for a class too whose result is not taken" in f for f in found), found
    assert any("arc cosine" in f and "beyond 1" in f for f in found), found
