"""The judge of cross-entropy judged: right ones pass, each subtly wrong one is caught and named."""

import numpy as np
import pytest

from crossval.checks.causes import Situation
from crossval.checks.row_causes import LABELLED_PATTERNS, SOFT_PATTERNS
from crossval.families import FAMILIES
from crossval.oracles.formats import FORMATS

FILE = "numpy_cross_entropy.py"
OPTIONS = ("label_smoothing", "class_weight", "ignore_index", "reduction")
SOFT = ("class_weight", "reduction")

# target, check in which it is found, code, words that name it
MUTANTS = [
    ("Items", "reduction", "RL807", "this is denominator=items"),
    ("Kept", "reduction", "RL807", "this is denominator=kept"),
    ("Total", "reduction", "RL807", "this is the sum"),
    ("PerNumber", "reduction", "RL807", "this is the mean over all N * C"),
    ("PlainMean", "reduction", "RL805", "denominator=kept of the losses without their class"),
    ("HalfPlainMean", "reduction", "RL805", "denominator=weights of the losses without their"),
    ("PlainSlope", "reduction", "RL805", "this is that of denominator=kept of the losses without"),
    ("EmptyIsZero", "reduction", "RL801", "you said empty=nan, this behaves like empty=zero"),
    ("ValueOnlyMean", "reduction", "RL807", "this is the gradient of the sum"),
    ("KeptShape", "reduction", "RL202", "'mean' must give one number: got shape (1,)"),
    ("Unreduced", "reduction", "RL105", "'sum' raised NotImplementedError: no sum yet"),
    ("ScalarUpstreamIgnored", "reduction", "RL406", "upstream is ignored"),
    ("Others", "class_weight", "RL801", "label_smoothing=0.25: you said cross_entropy/torch"),
    ("Others", "parameter label_smoothing", "RL806", "this behaves like smoothing=others"),
    ("SmoothingIgnored", "parameter label_smoothing", "RL805", "does not reach label_smoothing"),
    ("RowWeight", "class_weight", "RL301", "scales the smoothing term too"),
    ("RowWeight", "class_weight", "RL402", "scales the smoothing term too"),
    ("HardWeight", "class_weight", "RL301", "not on the smoothing term"),
    ("HardWeight", "class_weight", "RL402", "not on the smoothing term"),
    ("NoWeight", "class_weight", "RL805", "class weights have no effect"),
    ("SmoothingLeaks", "ignore_index", "RL502", "the smoothing term is added to ignored rows too"),
    ("Multiplied", "ignore_index", "RL503", "logits NaN: loss, grad[logits] of an ignored row"),
    ("NotIgnored", "ignore_index", "RL502", "the argument has no effect"),
    ("LastMissed", "value", "RL301", "the last class is missing from the sum"),
    ("LastMissed", "grad[logits]", "RL402", "the last class is missing from the sum"),
    ("LastMissed", "class_weight", "RL301", "the last class is missing from the sum"),
    ("FirstMissed", "class count", "RL301", "the first class is missing from the sum"),
    ("Shifted", "value", "RL301", "the class target - 1 is read"),
    ("Shifted", "grad[logits]", "RL402", "the class target - 1 is read"),
    ("Shifted", "class count", "RL301", "2 classes: "),
    ("Twice", "value", "RL301", "the softmax is taken twice"),
    ("Twice", "grad[logits]", "RL402", "the softmax is taken twice"),
    ("Clamped", "value", "RL301", "clamped to [1e-7, 1 - 1e-7]"),
    ("Clamped", "grad[logits]", "RL403", "clamped to [1e-7, 1 - 1e-7]"),
    ("Plus", "value", "RL301", "1e-8 is added to the probability"),
    ("Plus", "grad[logits]", "RL402", "1e-8 is added to the probability"),
    ("Naive", "special points", "RL302", "exponential of the largest logit exceeds the format"),
    ("Naive", "special points", "RL401", "exponential of the largest logit exceeds the format"),
    ("Naive", "value", "RL302", "the exponentials of all logits round to 0"),
    ("LogOfSoftmax", "value", "RL302", "the target's softmax rounds to 0"),
    ("Masked", "special points", "RL302", "0 times -inf is NaN"),
    ("Narrow", "value", "RL301", "every result lies on the float32 grid"),
    ("Narrow", "grad[logits]", "RL402", "an intermediate is float32"),
    ("UpstreamIgnored", "grad[logits]", "RL406", "upstream is ignored"),
    ("FirstUpstream", "grad[logits]", "RL406", "upstream of row 0 is used for all rows"),
    ("FirstUpstream", "special points", "RL406", "upstream of row 0 is used for all rows"),
    ("Mutating", "mutation", "RL205", "logits"),
    ("Stale", "determinism", "RL602", "same bits as the call before: value"),
    ("StaleByClass", "determinism", "RL602", "other logits, same bits as the call before: value"),
    ("StaleByLogits", "determinism", "RL602", "target is no part of what it is kept by"),
    ("Wrapping", "class range", "RL210", "class 6 and class -1 of 6 classes"),
]
SOFT_MUTANTS = [
    ("SoftAssumed", "class_weight", "RL402", "weights times probabilities add up to 1"),
    ("SoftSwapped", "grad[logits]", "RL407", "this is the gradient by target"),
    ("SoftSwapped", "class count", "RL407", "this is the gradient by target"),
]
# targets whose only fault is one option: whatever else they do is right
FAULTS = {
    "Items": {"reduction"},
    "Kept": {"reduction"},
    "PlainMean": {"reduction"},
    "HalfPlainMean": {"reduction"},
    "PlainSlope": {"reduction"},
    "EmptyIsZero": {"reduction"},
    "RowWeight": {"class_weight"},
    "HardWeight": {"class_weight"},
    "NoWeight": {"class_weight"},
    "SmoothingLeaks": {"ignore_index"},
    "Multiplied": {"ignore_index"},
    "NotIgnored": {"ignore_index"},
    "Others": {"class_weight", "ignore_index", "parameter label_smoothing"},
    "Masked": {"special points"},
    "Mutating": {"mutation"},
    "Wrapping": {"class range"},
}


@pytest.fixture
def certificate_of(judged):
    """Return a function that certifies a target once."""

    def certify(name, dtypes=("float64",), parameters=OPTIONS, **rest):
        if name.startswith("Soft"):
            parameters = SOFT if not name.startswith("Smoothing") else parameters
            rest.setdefault("axes", {"targets": "probabilities"})
        return judged(FILE, name, "cross_entropy/torch", dtypes, parameters=parameters, **rest)

    return certify


def found(certificate, check):
    return [finding for finding in certificate.findings if finding.check == check]


def says(certificate):
    return [(f.check, f.dtype, f.code, f.message, f.cause) for f in certificate.findings]


@pytest.mark.parametrize(("name", "check", "code", "words"), [*MUTANTS, *SOFT_MUTANTS])
def test_a_wrong_loss_is_caught_and_named(certificate_of, name, check, code, words):
    certificate = certificate_of(name)
    named = [f for f in found(certificate, check) if f.code == code]
    assert any(words in f"{f.message} {f.cause}" for f in named), says(certificate)
    assert certificate.exit_code == 1


@pytest.mark.parametrize("name", FAULTS)
def test_a_single_fault_fails_in_no_other_check(certificate_of, name):
    certificate = certificate_of(name)
    assert {finding.check for finding in certificate.findings} == FAULTS[name]


@pytest.mark.parametrize("dtype", FORMATS)
def test_the_right_loss_passes_with_all_options(certificate_of, dtype):
    certificate = certificate_of("CrossEntropy", (dtype,))
    assert certificate.findings == (), says(certificate)
    grades = {outcome.check: outcome.grade for outcome in certificate.outcomes}
    assert {grades["value"], grades["grad[logits]"], grades["special points"]} <= {"A", "B"}
    assert certificate.grade in "ABC"
    ran = {outcome.check for outcome in certificate.outcomes if outcome.ran}
    assert ran >= {"class_weight", "ignore_index", "reduction", "class range", "class count"}
    assert not [words for words in certificate.not_tested if "class_weight" in words]


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_the_right_loss_of_probabilities_passes(certificate_of, dtype):
    certificate = certificate_of("Soft", (dtype,))
    assert certificate.findings == (), says(certificate)
    ran = {outcome.check for outcome in certificate.outcomes if outcome.ran}
    assert ran >= {"grad[logits]", "grad[target]", "class_weight", "reduction", "class count"}
    assert not ran & {"ignore_index", "class range", "ties"}


@pytest.mark.parametrize(
    ("axes", "name"),
    [
        ({"denominator": "items"}, "Items"),
        ({"denominator": "kept"}, "Kept"),
        ({"empty": "zero"}, "EmptyIsZero"),
        ({"smoothing": "others"}, "Others"),
    ],
)
def test_a_convention_that_is_declared_passes(certificate_of, axes, name):
    certificate = certificate_of(name, axes=axes)
    assert certificate.findings == (), says(certificate)


def test_smoothing_over_k_minus_1_given_as_k_is_named(certificate_of):
    certificate = certificate_of("Others", axes={"label_smoothing": 0.1})
    for check in ("value", "grad[logits]"):
        (finding,) = found(certificate, check)
        assert finding.code == "RL801"
        assert "this behaves like smoothing=others" in finding.message


def test_options_that_a_target_lacks_are_said_to_be_untested(certificate_of):
    certificate = certificate_of("Plain", parameters=())
    assert certificate.exit_code == 0
    skipped = {o.check: o.text for o in certificate.outcomes if not o.ran}
    assert skipped == {
        "class_weight": "takes no argument class_weight",
        "ignore_index": "takes no argument ignore_index",
        "reduction": "takes no argument reduction",
        "parameter label_smoothing": "takes no argument label_smoothing",
        "parameter z_loss": "takes no argument z_loss",
        "parameter temperature": "takes no argument temperature",
    }
    assert any("reduction float64" in words for words in certificate.not_tested)


def test_a_reduction_of_wrong_losses_is_not_blamed(certificate_of):
    certificate = certificate_of("LastMissed")
    (outcome,) = (o for o in certificate.outcomes if o.check == "reduction")
    assert not outcome.ran
    assert outcome.text == "not judged: the losses are off before they are reduced"


def test_findings_of_variations_carry_no_id_of_a_pinned_row(certificate_of):
    for name, check in (("HardWeight", "class_weight"), ("FirstMissed", "class count")):
        for finding in found(certificate_of(name), check):
            assert finding.case is not None
            assert finding.case.id == ""
            assert f"--check '{check}'" in finding.repro or f"--check {check}" in finding.repro


def names(patterns, row, dtype):
    here = Situation(np.array(row, float), "cross_entropy", {}, FORMATS[dtype])
    return [pattern.name for pattern in patterns if pattern.applies(here)]


@pytest.mark.parametrize(
    ("dtype", "largest"), [("float64", 709), ("float32", 88), ("bfloat16", 88), ("float16", 11)]
)
def test_the_exponential_overflows_where_the_format_says(dtype, largest):
    zeros = [largest] * 3
    assert names(LABELLED_PATTERNS, [largest, *zeros, 0], dtype) == []
    assert names(LABELLED_PATTERNS, [largest + 1, *zeros, 0], dtype) == ["exp-overflow"]


def test_patterns_know_which_columns_are_logits():
    # as many columns as a row of probabilities has: three logits and a class, two and two
    assert names(LABELLED_PATTERNS, [2000, 0, 0, 1], "float32") == ["log-of-0", "exp-overflow"]
    assert names(LABELLED_PATTERNS, [0, 0, -np.inf, 1], "float32") == ["times-infinity"]
    assert names(SOFT_PATTERNS, [20, 0, 0, 2000], "float32") == []
    assert names(SOFT_PATTERNS, [0, -200, 0.5, 0.5], "float32") == ["log-of-0"]
    assert names(SOFT_PATTERNS, [0, -200, 1, 0], "float32") == []
    assert names(SOFT_PATTERNS, [-200, -200, 1, 0], "float32") == ["exp-underflow"]


def test_targets_name_the_options_of_their_family():
    assert set(OPTIONS) - {"label_smoothing"} == set(FAMILIES["rows"].options)
    assert set(SOFT) == set(FAMILIES["rows of probabilities"].options)


@pytest.mark.parametrize("call", ["f(logits, target, class_weight)", None])
def test_class_weights_that_are_demanded_are_given(certificate_of, call):
    certificate = certificate_of("Demanding", parameters=None, call=call)
    assert certificate.findings == (), says(certificate)
    (outcome,) = (o for o in certificate.outcomes if o.check == "class_weight")
    assert outcome.ran


def test_class_weights_that_a_target_owns_are_bound(certificate_of):
    bind = {"class_weight": "f.weights"}
    certificate = certificate_of("Owning", parameters=None, bind=bind)
    assert certificate.findings == (), says(certificate)
    (outcome,) = (o for o in certificate.outcomes if o.check == "class_weight")
    assert outcome.ran


@pytest.mark.parametrize(
    ("name", "codes"), [("Multiplied", ["RL503"]), ("Wrapping", ["RL210"]), ("CrossEntropy", [])]
)
def test_hygiene_stands_beside_the_grade(certificate_of, name, codes):
    certificate = certificate_of(name)
    assert certificate.grade == certificate_of("CrossEntropy").grade
    assert certificate.hygiene == {
        "codes": codes, "findings": len(codes), "undeclared": len(codes)
    }  # fmt: skip
    assert certificate.exit_code == bool(codes)
    assert certificate.to_dict()["hygiene"] == certificate.hygiene


def test_what_is_stale_or_changed_in_place_is_no_hygiene(certificate_of):
    for name in ("StaleByLogits", "Mutating"):
        certificate = certificate_of(name)
        assert certificate.grade == "F"
        assert certificate.hygiene["findings"] == 0


def test_hygiene_is_said_in_the_verdict_and_in_a_column(certificate_of, capsys):
    from rich.console import Console

    from crossval.report.terminal import show, show_summary

    console = Console(width=100, highlight=False)
    show(certificate_of("Wrapping"), console)
    verdict = capsys.readouterr().out
    grade = certificate_of("Wrapping").grade
    assert f"FAILED in hygiene only · grade {grade} · hygiene: 1 finding (RL210)" in verdict
    show_summary([certificate_of("Wrapping"), certificate_of("Twice")], [], console)
    heading, wrong, other = (
        line
        for line in capsys.readouterr().out.splitlines()
        if "hygiene " in line or "numpy_cross_entropy.py" in line
    )
    assert wrong.index("RL210") == heading.index("hygiene")
    assert other.index("RL301") == heading.index("codes")


def test_a_target_that_ignores_an_input_is_wrong_but_not_stale(certificate_of):
    certificate = certificate_of("FirstClass")
    assert found(certificate, "value")
    assert "RL602" not in {finding.code for finding in certificate.findings}, says(certificate)
