"""Mistakes in losses of two classes, of scores and of divergences: each named; right ones not."""

import pytest

FILE = "torch_binary_slips.py"

# target, loss, format, check in which it is found, words that name it
NAMED = [
    ("clipped", "bce", "float64", "value", "clipped to [1e-7, 1 - 1e-7]"),
    ("clipped", "bce", "float64", "grad[logits]", "clipped to [1e-7, 1 - 1e-7]"),
    ("added", "bce", "float64", "value", "1e-8 is added to both probabilities"),
    ("added", "bce", "float64", "grad[logits]", "1e-8 is added to both probabilities"),
    ("naive", "bce", "float64", "value", "the logarithm of 1 - p is taken of a rounded p"),
    ("naive", "bce", "float16", "value", "the sigmoid rounds to 1"),
    ("naive", "bce", "float32", "value", "the sigmoid rounds to 0"),
    ("exchanged", "bce", "float32", "value", "the target's two classes are exchanged"),
    ("exchanged", "bce", "float32", "grad[logits]", "the target's two classes are exchanged"),
    ("twice", "bce", "float32", "value", "the sigmoid is taken twice"),
    ("twice", "bce", "float32", "grad[logits]", "the sigmoid is taken twice"),
    ("one_sided", "bce", "float32", "value", "the term of class 0 is missing"),
    ("softplus_20", "bce", "float64", "value", "softplus returns its argument beyond 20"),
    ("unweighted", "bce", "float32", "pos_weight", "pos_weight has no effect"),
    ("weighs_all", "bce", "float32", "pos_weight", "pos_weight scales the whole loss"),
    ("hinge_of_01", "hinge", "float32", "value", "converted as if they were 0 and 1"),
    ("perceptron", "hinge", "float32", "value", "the margin is 0"),
    ("hinge_reversed", "hinge", "float32", "value", "the score's sign is reversed"),
    ("hinge_squared", "hinge", "float32", "value", "is squared"),
    ("hinge", "squared_hinge", "float32", "value", "the square is missing"),
    ("embedding_exchanged", "hinge_embedding", "float32", "value", "the two labels are exchanged"),
    ("cross_entropy", "kl_div", "float32", "value", "the target's own entropy is missing"),
    ("hed_swapped", "hed", "float32", "value", "the two classes' weights are exchanged"),
    ("hed_swapped", "hed", "float32", "grad[logits]", "the two classes' weights are exchanged"),
    ("hed_by_pixels", "hed", "float32", "value", "divided by its pixels"),
    ("hed_unbalanced", "hed", "float32", "value", "the classes are not balanced"),
    ("reversed_divergence", "kl_div", "float32", "value", "the two distributions are exchanged"),
]
SMOOTHED = [
    ("unsmoothed", "label smoothing has no effect"),
    ("smoothed_twice", "label smoothing moves the target twice as far"),
]
RIGHT = [("right", "bce"), ("hinge", "hinge"), ("hinge_squared", "squared_hinge")]
RIGHT += [("divergence", "kl_div"), ("hed", "hed"), ("embedding", "hinge_embedding")]


def said(certificate, check):
    return [f"{f.message} {f.cause}" for f in certificate.findings if f.check == check]


@pytest.mark.parametrize(("name", "loss", "dtype", "check", "words"), NAMED)
def test_a_slip_is_named(judged, name, loss, dtype, check, words):
    found = said(judged(FILE, name, loss, (dtype,)), check)
    assert any(words in each for each in found), found


@pytest.mark.parametrize(("name", "words"), SMOOTHED)
def test_slips_of_smoothing_are_named(judged, name, words):
    found = said(judged(FILE, name, "bce", axes={"label_smoothing": 0.1}), "value")
    assert any(words in each for each in found), found


@pytest.mark.parametrize(("name", "loss"), RIGHT)
def test_right_losses_have_no_finding(judged, name, loss):
    for dtype in ("float64", "float32", "bfloat16", "float16"):
        certificate = judged(FILE, name, loss, (dtype,))
        assert not certificate.findings, dtype


def test_a_weight_is_judged_where_it_is_taken(judged):
    certificate = judged(FILE, "right", "bce")
    outcomes = {outcome.check: outcome for outcome in certificate.outcomes}
    assert outcomes["pos_weight"].ran
    assert not outcomes["weight"].ran


def test_the_gradient_by_targets_is_judged_if_it_is_asked_for(judged):
    plain = judged(FILE, "right", "bce")
    assert "gradient by target" in plain.not_tested
    asked = judged(FILE, "exchanged", "bce", wrt=("logits", "target"))
    assert "gradient by target" not in asked.not_tested
    assert any("exchanged" in words for words in said(asked, "grad[target]"))
