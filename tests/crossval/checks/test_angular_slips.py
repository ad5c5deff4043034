"""Mistakes in target logits with an angular margin: each named; right ones have no finding."""

import pytest

FILE = "torch_angles.py"
M = {"margin": 0.5, "scale": 64.0}

RIGHT = [
    ("raw", "raw"),
    ("cos_fallback", "cos_fallback"),
    ("easy", "easy"),
    ("mirror", "mirror"),
    ("least", "min"),
    ("angle_clip", "angle_clip"),
]

# target, declared policy, check in which it is found, words that name it
NAMED = [
    ("cos_fallback", "raw", "value", "policy is 'cos_fallback'"),
    ("easy", "raw", "value", "policy is 'easy'"),
    ("straight_through", "raw", "grad[cosine]", "gradient is 'straight_through'"),
    ("degrees", "raw", "value", "unit is 'radians'"),
    ("away", "raw", "value", "the margin is subtracted from the angle"),
    ("from_the_cosine", "raw", "value", "the margin is taken from the cosine"),
    ("unscaled", "raw", "value", "the scale has no effect"),
]


def said(certificate, check):
    return [f"{f.message} {f.cause}" for f in certificate.findings if f.check == check]


@pytest.mark.parametrize(("name", "policy"), RIGHT)
def test_right_logits_have_no_finding(judged, name, policy):
    certificate = judged(FILE, name, "arcface_logit", axes={**M, "policy": policy})
    assert not certificate.findings


def test_a_straight_through_gradient_that_is_declared_has_no_finding(judged):
    axes = {**M, "gradient": "straight_through"}
    assert not judged(FILE, "straight_through", "arcface_logit", axes=axes).findings


@pytest.mark.parametrize(("name", "policy", "check", "words"), NAMED)
def test_a_slip_is_named(judged, name, policy, check, words):
    axes = {**M, "policy": policy}
    if name == "degrees":
        axes |= {"margin": 28.6, "unit": "degrees"}
    found = said(judged(FILE, name, "arcface_logit", axes=axes), check)
    assert any(words in each for each in found), found


def test_what_an_arc_cosine_does_at_both_ends_is_explained(judged):
    certificate = judged(FILE, "arc_cosine", "arcface_logit", axes=M)
    found = [f"{f.check}: {f.message} {f.cause}" for f in certificate.findings]
    assert any("cut cosines to [-1, 1]" in f or "arc cosine" in f for f in found), found


@pytest.mark.parametrize(
    ("name", "loss", "axes"),
    [
        ("sphereface", "sphereface_logit", {}),
        ("cosface", "cosface_logit/insightface", {"limit": 2.0}),
        ("combined", "combined_margin_logit/insightface_mxnet", {}),
    ],
)
def test_other_right_logits_have_no_finding(judged, name, loss, axes):
    assert not judged(FILE, name, loss, axes=axes).findings


@pytest.mark.parametrize(
    ("name", "words"),
    [("doubled", "the margin is 2"), ("bare_multiple", "form is 'bare'")],
)
def test_a_slip_of_a_multiple_is_named(judged, name, words):
    found = said(judged(FILE, name, "sphereface_logit"), "value")
    assert any(words in each for each in found), found


def test_a_margin_that_is_dropped_is_named(judged):
    found = said(judged(FILE, "separate", "combined_margin_logit/insightface_mxnet"), "value")
    assert any("form is 'separate'" in each for each in found), found


MULTIPLIED = {
    **{"form": "multiplied", "multiple": 1.7, "margin": 0.25, "cosine_margin": 0.125},
    **{"guard": "mirror", "scale": 64.0},
}


def test_a_right_multiple_has_no_finding_and_its_slips_are_named(judged):
    loss = "combined_margin_logit"
    assert not judged(FILE, "multiplied", loss, axes=MULTIPLIED).findings
    found = said(judged(FILE, "multiplied", loss, axes={**MULTIPLIED, "guard": "none"}), "value")
    assert any("guard is 'mirror'" in each for each in found), found
    axes = {**MULTIPLIED, "margin": 0.3, "cosine_margin": 0.2, "guard": "none"}
    found = said(judged(FILE, "combined", loss, axes=axes), "value")
    assert any("the multiple has no effect" in each for each in found), found
