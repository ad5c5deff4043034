"""Means that are functions of the whole batch are certified, and what is another is told."""

from pathlib import Path

import pytest

from crossval.engine import certify
from crossval.target import UsageError

FILE = Path(__file__).parent / "targets" / "torch_whole_batches.py"
MEAN = "softmax_focal/ronghuaiyang"
SMP = "sigmoid_focal/smp_normalized"
CHECKS = ("call", "value", "grad*", "reduction")


def certificate_of(name, declared, dtype="float64", only=CHECKS, **rest):
    return certify(
        f"{FILE}:{name}", declared, dtypes=[dtype], only=only, level="smoke", known=(), **rest
    )


def says(certificate):
    return [(f.check, f.dtype, f.code, f.message, f.cause) for f in certificate.findings]


RIGHT = [
    ("FocalOfMean", MEAN, {"gamma": 1.5}, {"gamma": 1.5}, "float32"),
    ("Normalised", SMP, {}, {}, "float32"),
    (
        "Normalised",
        "sigmoid_focal/toolbelt_normalized",
        {"alpha": 0.25, "mixed": True, "mean": False, "detach": True},
        {"denominator": "modulators_detached"},
        "float64",
    ),
]


@pytest.mark.parametrize(("name", "declared", "init", "axes", "dtype"), RIGHT)
def test_a_right_one_passes(name, declared, init, axes, dtype):
    certificate = certificate_of(name, declared, dtype, init=init, axes=axes)
    assert certificate.findings == (), says(certificate)
    grades = {outcome.check: outcome.grade for outcome in certificate.outcomes}
    assert grades["reduction"] == "ok"
    assert {grades["value"], grades["grad[logits]"]} <= {"A", "B", "C"}
    assert certificate.form.reduction == "mean"


def test_class_weights_and_ignored_rows_are_inside_the_mean():
    only, axes = (*CHECKS, "class_weight"), {"denominator": "weights"}
    certificate = certificate_of("weighted_of_mean", MEAN, only=only, axes=axes)
    assert certificate.findings == (), says(certificate)
    assert {outcome.check for outcome in certificate.outcomes if outcome.ran} >= {"class_weight"}


OTHERS = [
    ("mean_of_items", MEAN, {}, "RL807", "expected"),
    ("spoiled", MEAN, {}, "RL402", "is not that of its value"),
    ("Normalised", SMP, {"mean": False}, "RL807", "this is denominator=modulators"),
]


@pytest.mark.parametrize(("name", "declared", "init", "code", "words"), OTHERS)
def test_another_mean_is_found(name, declared, init, code, words):
    certificate = certificate_of(name, declared, init=init, reduction="mean")
    (found,) = certificate.findings
    assert (found.check, found.code) == ("reduction", code), says(certificate)
    assert words in found.message


def test_a_detached_divisor_is_told_from_one_that_is_not():
    certificate = certificate_of("Normalised", SMP, init={"detach": True})
    words = " ".join(f"{f.code} {f.message} {f.cause}" for f in certificate.findings)
    assert "RL804" in words
    assert "denominator=modulators_detached" in words


def test_a_divisor_that_is_not_declared_is_named_by_single_rows():
    init = {"alpha": 0.25, "mixed": True, "mean": False}
    certificate = certificate_of("Normalised", "sigmoid_focal", init=init, reduction="mean")
    found = {(f.check, f.code): f.message for f in certificate.findings}
    behaves = "you said sigmoid_focal, this behaves like denominator=modulators or "
    assert found == {
        ("value", "RL801"): f"{behaves}modulators_detached or modulators_items, least=1e-06",
        ("grad[logits]", "RL801"): f"{behaves}modulators_items, least=1e-06",
    }


def test_one_that_is_not_declared_is_named():
    certificate = certificate_of(
        "FocalOfMean", "softmax_focal", init={"gamma": 2}, reduction="mean"
    )
    (found,) = certificate.findings
    assert (found.check, found.code) == ("reduction", "RL807"), says(certificate)
    assert "this is of=mean" in found.message


def test_an_undeclared_form_points_to_identify():
    certificate = certificate_of("FocalOfMean", "softmax_focal", init={"gamma": 2})
    (found,) = certificate.findings
    assert found.code == "RL202"
    assert "refloss identify" in found.fix


def test_means_that_one_row_does_not_show_are_not_judged():
    with pytest.raises(UsageError, match="denominator must be one of items, kept, weights"):
        certificate_of("FocalOfMean", MEAN, axes={"denominator": "logits"})
