"""Losses of single numbers are named: of PyTorch, and small ones with conventions of their own."""

import pytest

from crossval.identification import identify
from crossval.identification.questions import eligible, questions
from crossval.target import Target
from tests.crossval.identification.conftest import TARGETS

FILE = TARGETS / "torch_elements.py"
TORCH = "torch.nn.functional"


def named(answer):
    """Return the loss with the axes that were told, and the relation."""
    definition = answer.best.definition
    axes = dict(definition.axes)
    return definition.loss, {**axes, "": answer.best.relation}


def rounded(value):
    """Return a solved number to the digits that are said."""
    return float(f"{value:.9g}") if isinstance(value, float) else value


@pytest.mark.parametrize(
    ("reference", "loss", "axes"),
    [
        ("smooth_l1_loss", "smooth_l1", {"beta": 1.0}),
        ("huber_loss", "huber", {"delta": 1.0}),
        ("mse_loss", "l2", {"factor": "one"}),
        ("l1_loss", "l1", {}),
        ("binary_cross_entropy_with_logits", "bce", {"label_smoothing": 0.0}),
        ("binary_cross_entropy", "bce_probs", {"clip": 0.0, "added": 0.0}),
        ("kl_div", "kl_div", {"targets": "probabilities"}),
    ],
)
def test_torch(reference, loss, axes):
    answer = identify(f"{TORCH}:{reference}")
    assert answer.found
    assert answer.best.definition.loss == loss
    found = named(answer)[1]
    expected = {**axes, "denominator": "items", "": ""}
    assert {name: found[name] for name in expected} == expected
    assert "reduction='sum'" in answer.reduction


@pytest.mark.parametrize("beta", [0.5, 0.0625])
def test_an_argument_of_torch_shows(beta):
    answer = identify(f"{TORCH}:smooth_l1_loss", arguments={"beta": beta})
    assert answer.best.definition.loss == "smooth_l1"
    axes = answer.best.definition.axes
    assert (1 / axes["sigma"] ** 2 if axes.get("sigma") else axes["beta"]) == beta


@pytest.mark.parametrize(
    ("function", "loss", "axes"),
    [
        ("smooth_l1_sigma", "smooth_l1", {"sigma": 3.0, "denominator": "rows"}),
        ("narrow", "smooth_l1", {"beta": 0.3, "denominator": "items"}),
        ("half_square", "l2", {"factor": "half"}),
        ("huber_sum", "huber", {"delta": 0.25}),
        ("smoothed", "bce", {"label_smoothing": 0.1, "smoothing": "half"}),
        ("flipped", "bce", {"label_smoothing": 0.4, "smoothing": "half"}),
        ("per_positive", "bce", {"denominator": "positives_or_one"}),
        ("clipped_probs", "bce_probs", {"clip": 1e-5, "denominator": "items"}),
        ("hinge_01", "hinge", {"labels": "binary", "margin": 1.0}),
        ("hinge_signed", "squared_hinge", {"labels": "signed", "margin": 0.5}),
        ("hinged_distance", "hinge_embedding", {"margin": 0.5, "denominator": "items"}),
        ("batchmean", "kl_div", {"denominator": "rows"}),
    ],
)
def test_small_implementations(function, loss, axes):
    answer = identify(f"{FILE}:{function}")
    assert answer.found
    assert answer.best.definition.loss == loss
    found = named(answer)[1]
    expected = {**axes, "": ""}
    assert {name: rounded(found[name]) for name in expected} == expected


@pytest.mark.parametrize(
    ("function", "loss", "divided"),
    [("row_sums", "smooth_l1", ""), ("row_means", "l1", " / the length of the last axis")],
)
def test_one_number_for_each_row_of_two_axes(function, loss, divided):
    answer = identify(f"{FILE}:{function}")
    assert answer.found
    assert answer.best.definition.loss == loss
    assert answer.reduction == f"one number a row, the sum of its losses{divided}"
    if loss == "smooth_l1":
        assert rounded(dict(answer.best.definition.axes)["beta"]) == 0.5


@pytest.mark.parametrize(
    ("function", "reading"),
    [
        ("clamped", "1e-06 <= p <= 1 - 1e-06"),
        ("added", "p + 1e-08"),
        ("other_class", "target 1 - t"),
    ],
)
def test_readings_of_binary_cross_entropy(function, reading):
    answer = identify(f"{FILE}:{function}")
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, definition.reading) == ("bce", reading)
    assert definition.slip == (function == "other_class")


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (("input", "target", "beta"), "residuals"),
        (("logits", "labels"), "binary"),
        (("probs", "labels"), "probabilities"),
        (("scores", "labels"), "scores"),
        (("log_probs", "target"), "log_probabilities"),
        (("boxes", "target"), "boxes"),
    ],
)
def test_names_of_arguments_speak_for_families(names, first):
    answering = [q for q in questions(Target("m:f", ""), None) if q.family.name != "rows"]
    left = [question.family.name for question in eligible(answering, names)]
    assert first in left
    assert len(left) < len(answering)


def test_names_that_say_nothing_leave_all():
    answering = questions(Target("m:f", ""), None)
    answering = [q for q in answering if q.family.name != "rows"]
    assert eligible(answering, ("a", "b")) == answering
