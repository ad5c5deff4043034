"""The mistakes that people make with losses of boxes: each named, and right ones not."""

import numpy as np
import pytest

from crossval.catalog import losses, spec_of
from crossval.checks.slopes import Slopes, evaluated
from crossval.families import family_of

FILE = "numpy_box_slips.py"
VALUE = {"RL301", "RL801"}
SLOPE = {"RL402", "RL404", "RL801"}

# target, words that name it in the value, and in the gradients where they differ
NAMED = [
    ("Pixels", "sides are x2 - x1 + 1", ""),
    ("Unclamped", "not clamped at 0", ""),
    ("Counted", "not subtracted from the sum of the areas", ""),
    ("Dice", "this is Dice", ""),
    ("Squared", "IoU is squared", ""),
    ("Rooted", "the square root of IoU is taken", ""),
    ("SquaredLoss", "the loss is squared", ""),
    ("Similarity", "the similarity 1 - loss is returned", "-1 everywhere"),
    ("Layout", "corners (x1, y1, x2, y2) are read as xywh", ""),
    ("TargetLayout", "the target's corners (x1, y1, x2, y2) are read as xywh", ""),
    ("Centred", "corners (x1, y1, x2, y2) are read as cxcywh", ""),
]


@pytest.fixture
def findings_of(judged):
    """Return a function that certifies a target and returns its findings in a check."""

    def find(name, check, declared="giou/fvcore", **rest):
        certificate = judged(FILE, name, declared, ("float64",), **rest)
        return [finding for finding in certificate.findings if finding.check == check]

    return find


@pytest.mark.parametrize(("name", "words", "gradient"), NAMED)
def test_a_slip_is_named_in_value_and_gradients(findings_of, name, words, gradient):
    for check in ("value", "grad[pred]", "grad[target]"):
        expected = words if check == "value" else gradient or words
        codes = VALUE if check == "value" else SLOPE
        found = [f for f in findings_of(name, check) if f.code in codes]
        assert any(expected in f"{f.message} {f.cause}" for f in found), found


def test_a_loss_less_one_has_the_right_gradient(findings_of):
    (found,) = findings_of("Negative", "value")
    assert "the negated similarity, loss - 1" in found.cause
    assert not findings_of("Negative", "grad[pred]")


def test_the_root_of_a_loss_is_named(findings_of):
    # its derivative at losses near 0 is all rounding
    (found,) = findings_of("RootedLoss", "value")
    assert "the square root of the loss" in found.cause


def test_a_slip_is_named_without_a_hull(findings_of):
    for check in ("value", "grad[pred]"):
        found = findings_of("UnclampedIou", check, "iou", axes={"eps": 1e-7})
        assert any("not clamped at 0" in f.cause for f in found)


def test_the_right_losses_have_none(findings_of):
    for name, declared, axes in (("Giou", "giou/fvcore", {}), ("Iou", "iou", {"eps": 1e-7})):
        for check in ("value", "grad[pred]", "grad[target]", "special points"):
            assert not findings_of(name, check, declared, axes=axes)


def test_another_loss_is_not_given_a_name(findings_of):
    for check in ("value", "grad[pred]", "grad[target]"):
        (found,) = findings_of("Other", check)
        assert found.cause == ""
        assert found.code == ("RL301" if check == "value" else "RL402")


@pytest.mark.parametrize("loss", ["iou", "giou", "diou", "ciou"])
def test_without_a_slip_the_forward_arithmetic_gives_what_the_kernel_gives(loss):
    """For every preset: values and gradients at ordinary points."""
    for preset in losses()[loss]["presets"]:
        spec = spec_of(loss, preset, {})
        family = family_of(loss, spec.program)
        points = family.points("float64", "smoke")
        rows = points.take(np.flatnonzero(points.places == "random"))
        value, gradient = family.oracle.kernel(spec, rows.columns, rows.upstream)
        plain = Slopes(len(rows), rows.columns.shape[1])
        got = evaluated(plain, spec, rows.columns, rows.upstream)
        np.testing.assert_allclose(got[0], value, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(got[1], gradient, rtol=1e-9, atol=1e-12)
