"""The mistakes that people make with margin losses: each named; right ones have none."""

import pytest

FILE = "numpy_margin_slips.py"
SUM = {"form": "weston_watkins"}

# target, axes, words that name it, in the value and in the gradient
NAMED = [
    ("OverClasses", {**SUM, "division": "others"}, "divided by K, the number of classes"),
    ("OverOthers", {**SUM, "division": "classes"}, "divided by K - 1"),
    ("Hinges", {**SUM, "division": "classes"}, "divided by nothing"),
    ("Hinges", {**SUM, "power": "squared"}, "what is missed is not squared"),
    ("Squared", SUM, "what is missed is squared"),
    ("Halved", SUM, "the margin is 0.5, not 1"),
]
VALUES = [
    ("Narrow", SUM, "the margin is 0.35, not 1"),
    ("OwnTerm", SUM, "the sum over the classes holds the target's own term too"),
    ("with_a_zero", {}, "a 0 stands in the target's place of the maximum"),
    ("crammer_singer", SUM, "the largest other score alone"),
    ("crammer_singer", {"form": "categorical_hinge"}, "the largest other score alone"),
    ("unhinged", {}, "the hinge is missing"),
]


@pytest.fixture
def findings_of(judged):
    """Return a function that certifies a target and returns its findings in a check."""

    def find(name, check, axes, dtypes=("float64",), **how):
        options = {"axes": axes, "parameters": (), **how}
        certificate = judged(FILE, name, "multi_margin", dtypes, **options)
        return [finding for finding in certificate.findings if finding.check == check]

    return find


def named(findings, words):
    return any(words in f"{f.message} {f.cause}" for f in findings)


@pytest.mark.parametrize(("name", "axes", "words"), NAMED)
@pytest.mark.parametrize("check", ["value", "grad[logits]"])
def test_a_slip_is_named(findings_of, name, axes, words, check):
    found = findings_of(name, check, axes)
    assert named(found, words), found


@pytest.mark.parametrize(("name", "axes", "words"), VALUES)
def test_a_slip_of_the_value_is_named(findings_of, name, axes, words):
    found = findings_of(name, "value", axes)
    assert named(found, words), found


def test_a_weight_inside_the_power_is_named(findings_of):
    axes = {**SUM, "power": "squared"}
    found = findings_of("WeightInside", "class_weight", axes, parameters=None)
    assert named(found, "the class weight is inside the power"), found
    assert not findings_of("Squared", "class_weight", axes, parameters=None)


RIGHT = [
    ("Hinges", SUM),
    ("Squared", {**SUM, "power": "squared"}),
    ("OverClasses", {**SUM, "division": "classes"}),
    ("OverOthers", {**SUM, "division": "others"}),
]


@pytest.mark.parametrize(("name", "axes"), RIGHT)
def test_the_right_loss_has_none(findings_of, name, axes):
    for check in ("value", "grad[logits]", "ties", "special points", "class count"):
        assert not findings_of(name, check, axes, ("float64", "float32", "bfloat16"))
