"""The judge of heads judged: right ones pass, in every form; each wrong one is caught and named."""

import pytest

from crossval.engine import certify
from crossval.target import Target

FILE = "torch_heads.py"
RONGHUAIYANG = "cosface/ronghuaiyang"
MARGIN = {"axes": {"margin": 0.35}}
COSINES = {"call": "20 * f(x)", "axes": {"scale": 20.0}, "only": ("value", "grad*", "batch")}

GRADED = ("value", "grad[x]", "grad[weight]")
NUMBERS = ("value", "grad*", "special points", "batch")

RIGHT = [
    ("cosface", "cosface/insightface", MARGIN),
    ("l2_softmax", "l2_softmax/torch", {"only": NUMBERS}),
    ("AddMarginProduct", RONGHUAIYANG, {}),
    ("NormFace", "normface/pytorch_metric_learning", {}),
    ("Cosines", "normface/torch", COSINES),
]

# target, check in which it is found, code, words that name it
MUTANTS = [
    ("Rebound", "value", "RL301", "classes are not divided by their lengths"),
    ("Rebound", "grad[x]", "RL402", "classes are not divided by their lengths"),
    ("Rebound", "grad[weight]", "RL402", "classes are not divided by their lengths"),
    ("MarginEverywhere", "value", "RL805", "the margin has no effect: it is taken from no class"),
    ("MarginEverywhere", "grad[weight]", "RL805", "or from all of them alike"),
    ("DetachedWeight", "grad[weight]", "RL408", "weight receives no gradient"),
    ("ConstantNorm", "grad[weight]", "RL402", "the lengths of classes are constants"),
    ("OtherScale", "value", "RL801", "this behaves like scale=64.0"),
    ("MeanOfRows", "batch", "RL402", "it must be the sum over the rows, and is their mean"),
    ("Whitened", "batch", "RL603", "are not those of calls with one row each"),
]
VALUES_RIGHT = {"DetachedWeight", "ConstantNorm", "MeanOfRows", "Whitened"}
ONLY_BATCH = {"MeanOfRows", "Whitened"}


def graded(certificate, *names):
    return {o.check: o.grade for o in certificate.outcomes if o.check in names}


@pytest.mark.parametrize(("attribute", "declared", "how"), RIGHT)
def test_a_right_head_passes_in_every_form(attribute, declared, how, judged):
    certificate = judged(FILE, attribute, declared, **how)
    assert certificate.problem is None
    wrong = [f for f in certificate.findings if f.code != "RL201"]
    assert wrong == [], [(f.check, f.message, f.cause) for f in wrong]
    grades = graded(certificate, *GRADED)
    assert set(grades) == set(GRADED)
    assert set(grades.values()) <= set("ABC")
    conclusive = {o.check: o.conclusive / o.n for o in certificate.outcomes if o.check in grades}
    assert conclusive["value"] > 0.5


@pytest.mark.parametrize(("attribute", "check", "code", "words"), MUTANTS)
def test_a_wrong_head_is_caught_and_named(attribute, check, code, words, judged):
    certificate = judged(FILE, attribute, RONGHUAIYANG, only=NUMBERS)
    found = [f for f in certificate.findings if f.check == check and f.code == code]
    assert found, [(f.check, f.code, f.message, f.cause) for f in certificate.findings]
    assert any(words in f"{f.message} {f.cause}" for f in found), found


@pytest.mark.parametrize("attribute", sorted(VALUES_RIGHT))
def test_what_is_right_about_a_wrong_head_is_not_blamed(attribute, judged):
    grades = graded(judged(FILE, attribute, RONGHUAIYANG, only=NUMBERS), *GRADED)
    assert grades["value"] in "ABC"
    assert grades["grad[x]"] in "ABC"
    assert (grades["grad[weight]"] in "ABC") == (attribute in ONLY_BATCH)


def test_a_certificate_says_what_was_not_the_targets_own(judged):
    layer = judged(FILE, "AddMarginProduct", RONGHUAIYANG)
    assert any(words.startswith("cross-entropy: the target returns") for words in layer.not_tested)
    loss = judged(FILE, "NormFace", "normface/pytorch_metric_learning")
    assert "layout of weight: f.W holds it transposed" in loss.not_tested
    assert not any(words.startswith("cross-entropy") for words in loss.not_tested)
    assert loss.form.reduction == "mean"
    assert graded(loss, "reduction") == {"reduction": "ok"}


def test_an_argument_reaches_the_definition(judged):
    certificate = judged(FILE, "cosface", "cosface/insightface", **MARGIN)
    names = ("parameter eps", "parameter margin", "parameter scale", "reduction", "batch")
    assert graded(certificate, *names) == dict.fromkeys(names, "ok")
    sizes = graded(certificate, "class count", "coordinates")
    assert len(sizes) == 2
    assert set(sizes.values()) <= set("ABC")


@pytest.mark.parametrize(
    ("attribute", "codes"),
    [("ignoring", set()), ("masking", {"RL503"}), ("counting", {"RL502", "RL503"})],
)
def test_ignored_rows_have_no_effect(attribute, codes, judged):
    certificate = judged(FILE, attribute, "cosface/insightface", only=("ignore_index",), **MARGIN)
    assert {f.code for f in certificate.findings} == codes
    right = graded(certificate, "ignore_index")["ignore_index"] in "ABC"
    assert right == ("RL502" not in codes)  # NaN through a mask is no wrong number


def test_a_head_of_some_coordinates_is_caught_where_there_are_more(judged):
    only = ("value", "coordinates")
    certificate = judged(FILE, "lanes", "cosface/insightface", axes={"margin": 0.35}, only=only)
    assert graded(certificate, "value")["value"] in "ABC"
    found = [f for f in certificate.findings if f.check == "coordinates"]
    assert found
    assert all(f.message.startswith("33 coordinates: ") for f in found)


def test_a_finding_is_shown_again_with_what_was_found_in_the_target(judged):
    finding = judged(FILE, "Rebound", RONGHUAIYANG, only=NUMBERS).findings[0]
    assert "--init in_features=3 --init out_features=4 --bind weight=f.weight" in finding.repro


def test_what_is_not_finite_for_a_known_reason_says_nothing_about_strides(judged):
    only = ("strides", "grad[x]")
    certificate = judged(FILE, "Rounded", "arcface/open_metric_learning", only=only)
    assert {f.pattern for f in certificate.findings} == {"slope-at-1"}
    assert graded(certificate, *only) == {"strides": "ok", "grad[x]": "F"}


def test_refloss_passes_before_its_own_judge():
    call = "f(x, weight, target, scale=scale, placement='max', eps=eps)"
    axes = {"scale": 24.0, "placement": "max", "eps": 2.0**-20}
    target = Target("refloss:cosface", "cosface", axes=axes, adapter="numpy", call=call)
    only = (*NUMBERS, "ties", "shape misuse", "empty batch", "parameter*", "mutation")
    certificate = certify(target, dtypes=("bfloat16",), level="smoke", known=(), only=only)
    assert certificate.findings == (), [(f.check, f.message) for f in certificate.findings]
    grades = graded(certificate, *GRADED)
    assert set(grades.values()) <= set("AB")
