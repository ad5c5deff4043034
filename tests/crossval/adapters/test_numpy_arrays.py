"""NumPy targets that give their gradients in one of several forms, or not at all."""

import pytest

from crossval.adapters.numpy_arrays import MULTIPLIED, NO_GRADIENT

FILE = "numpy_pairs.py"


@pytest.fixture
def certificate_of(judged):
    """Return a function that certifies a target once."""
    return lambda name, **rest: judged(FILE, name, "giou/fvcore", ("float32", "float16"), **rest)


def says(certificate):
    return [(f.check, f.dtype, f.code, f.message) for f in certificate.findings]


def graded(certificate, name):
    return {o.grade for o in certificate.outcomes if o.check == name and o.ran}


@pytest.mark.parametrize("name", ["rows", "ordered", "upstream", "mean"])
def test_gradients_that_are_returned_are_judged(certificate_of, name):
    certificate = certificate_of(name)
    assert certificate.problem is None
    assert certificate.findings == (), says(certificate)
    assert graded(certificate, "grad[pred]") <= {"A", "B"}
    assert graded(certificate, "grad[target]") <= {"A", "B"}
    assert graded(certificate, "grad[pred]")


@pytest.mark.parametrize(("name", "by_us"), [("rows", True), ("mean", True), ("upstream", False)])
def test_the_certificate_says_who_multiplied_by_upstream(certificate_of, name, by_us):
    assert (MULTIPLIED in certificate_of(name).not_tested) == by_us


def test_upstream_is_no_argument_that_kept_its_default(certificate_of):
    untested = certificate_of("upstream").not_tested
    assert not [words for words in untested if words.startswith("argument")]


def test_a_value_alone_is_judged_and_the_certificate_says_so(certificate_of):
    certificate = certificate_of("value")
    assert certificate.exit_code == 0, says(certificate)
    assert graded(certificate, "value") == {"A"}
    assert graded(certificate, "grad[pred]") == graded(certificate, "grad[target]") == set()
    (words,) = [words for words in certificate.not_tested if NO_GRADIENT in words]
    assert "grad[pred] float32" in words
    assert "grad[target] float16" in words


@pytest.mark.parametrize(
    ("name", "check", "code", "words"),
    [
        ("upstream_ignored", "grad[pred]", "RL406", "upstream is ignored"),
        ("partial", "grad[target]", "RL408", "target receives no gradient"),
        ("one_too_few", "call", "RL202", "2 gradients (pred, target); got 1"),
        ("summed", "call", "RL202", "the gradient by pred must have shape"),
        ("doubled", "grad[target]", "RL802", "got / reference = 2"),
    ],
)
def test_a_wrong_form_or_number_is_named(certificate_of, name, check, code, words):
    found = [f for f in certificate_of(name).findings if f.check == check]
    assert code in {f.code for f in found}, found
    assert any(words in f"{f.message} {f.cause}" for f in found), found


def test_a_gradient_that_is_right_stays_so_beside_one_that_is_missing(certificate_of):
    assert graded(certificate_of("partial"), "grad[pred]") <= {"A", "B"}
