"""Losses that return one number for a batch are judged row by row, and their reduction apart."""

import pytest

FILE = "numpy_reduced.py"
ROWS = ("label_smoothing", "class_weight", "ignore_index")


@pytest.fixture
def certificate_of(judged):
    """Return a function that certifies a target once."""

    def certify(name="Reduced", dtypes=("float64",), declared="cross_entropy/torch", **rest):
        rest.setdefault("parameters", ROWS)
        return judged(FILE, name, declared, dtypes, **rest)

    return certify


def says(certificate):
    return [(f.check, f.dtype, f.code, f.message, f.cause) for f in certificate.findings]


def found(certificate, check):
    return [finding for finding in certificate.findings if finding.check == check]


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_right_one_passes_without_a_declaration(certificate_of, reduction, dtype):
    certificate = certificate_of(dtypes=(dtype,), init={"reduction": reduction})
    assert certificate.findings == (), says(certificate)
    grades = {outcome.check: outcome.grade for outcome in certificate.outcomes}
    assert {grades["value"], grades["grad[logits]"], grades["special points"]} <= {"A", "B"}
    assert grades["reduction"] == "ok"
    form = certificate.form
    assert (form.reduction, form.declared, form.shape) == (reduction, False, ())
    ran = {outcome.check for outcome in certificate.outcomes if outcome.ran}
    assert ran >= {"class_weight", "ignore_index", "class count", "parameter label_smoothing"}
    assert not [words for words in certificate.not_tested if "judged by reduction" in words]


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_number_has_any_shape_of_one(certificate_of, shape):
    certificate = certificate_of(init={"shape": list(shape)})
    assert certificate.findings == (), says(certificate)
    assert certificate.form.shape == shape


def test_a_declared_reduction_is_taken_at_its_word(certificate_of):
    certificate = certificate_of(init={"reduction": "mean"}, reduction="mean")
    assert certificate.findings == (), says(certificate)
    assert certificate.form.declared
    assert certificate.to_dict()["reduction"] == {"name": "mean", "declared": True}


@pytest.mark.parametrize(
    ("inner", "reduction", "axes", "words"),
    [
        ("Items", "mean", {}, "this is denominator=items"),
        ("Kept", "mean", {}, "this is denominator=kept"),
        ("CrossEntropy", "mean", {"denominator": "items"}, "this is denominator=weights"),
        ("CrossEntropy", "mean", {"denominator": "kept"}, "this is denominator=weights"),
    ],
)
def test_another_denominator_is_named_and_fails_nowhere_else(
    certificate_of, inner, reduction, axes, words
):
    certificate = certificate_of(init={"inner": inner, "reduction": reduction}, axes=axes)
    assert {f.check for f in certificate.findings} == {"reduction"}, says(certificate)
    (finding,) = certificate.findings
    assert finding.code == "RL807"
    assert words in finding.message
    assert certificate.exit_code == 1


def test_a_denominator_that_is_declared_passes(certificate_of):
    for name in ("items", "kept"):
        init, axes = {"inner": name.capitalize()}, {"denominator": name}
        certificate = certificate_of(init=init, axes=axes)
        assert certificate.findings == (), says(certificate)


def test_a_number_of_ones_own_is_a_denominator(certificate_of):
    certificate = certificate_of(init={"inner": "ByEight"}, axes={"denominator": 8.0})
    assert certificate.findings == (), says(certificate)
    assert certificate.form.reduction == "mean"


def test_a_sum_that_is_declared_a_mean_is_named(certificate_of):
    certificate = certificate_of(init={"reduction": "sum"}, reduction="mean", parameters=())
    assert {f.check for f in certificate.findings} == {"reduction"}, says(certificate)
    assert "this is the sum" in certificate.findings[0].message


@pytest.mark.parametrize(
    ("inner", "check", "code", "words"),
    [
        ("EmptyIsZero", "reduction", "RL801", "you said empty=nan, this behaves like empty=zero"),
        ("ValueOnlyMean", "reduction", "RL807", "this is the gradient of the sum"),
        ("LastMissed", "value", "RL301", "the last class is missing from the sum"),
        ("LastMissed", "grad[logits]", "RL402", "the last class is missing from the sum"),
        ("Twice", "value", "RL301", "the softmax is taken twice"),
        ("Others", "parameter label_smoothing", "RL806", "this behaves like smoothing=others"),
        ("HardWeight", "class_weight", "RL301", "not on the smoothing term"),
        ("NotIgnored", "ignore_index", "RL502", "of an ignored row is not 0"),
        ("Naive", "special points", "RL302", "exponential of the largest logit"),
        ("UpstreamIgnored", "grad[logits]", "RL406", "upstream is ignored"),
        ("Wrapping", "class range", "RL210", "class 6 and class -1 of 6 classes"),
        ("Mutating", "mutation", "RL205", "logits"),
    ],
)
def test_a_wrong_loss_below_a_mean_is_caught_and_named(certificate_of, inner, check, code, words):
    certificate = certificate_of(init={"inner": inner})
    named = [f for f in found(certificate, check) if f.code == code]
    assert any(words in f"{f.message} {f.cause}" for f in named), says(certificate)


def test_an_ignored_row_of_nan_that_reaches_the_mean_is_found(certificate_of):
    (finding,) = certificate_of("Multiplied").findings
    assert (finding.check, finding.code) == ("ignore_index", "RL503")


def test_a_stale_mean_is_named(certificate_of):
    certificate = certificate_of(init={"inner": "StaleByClass"}, reduction="mean")
    (finding,) = found(certificate, "determinism")
    assert finding.code == "RL602"
    assert "other logits, same bits as the call before: value" in finding.message


def test_class_weights_that_do_nothing_show_in_batches(certificate_of):
    certificate = certificate_of("Unweighted")
    (finding,) = found(certificate, "reduction")
    assert finding.code == "RL805"
    assert "with class weights" in finding.message
    assert "this is denominator=kept of the losses without their class weights" in finding.message


def test_rows_that_feel_each_other_show_in_batches(certificate_of):
    certificate = certificate_of("ByTheBatch", reduction="mean")
    assert {f.check for f in certificate.findings} >= {"reduction"}, says(certificate)


@pytest.mark.parametrize(
    ("name", "rest", "words"),
    [
        ("OneTooMany", {}, "neither their mean nor their sum"),
        ("ByTheBatch", {}, "neither their mean nor their sum"),
        ("Reduced", {"reduction": "none"}, "must have one entry per row"),
        ("Reduced", {"init": {"reduction": "none", "shape": [-1]}, "reduction": "sum"},
         "reduction='sum' is declared, but 3 rows give shape (3,)"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_finding(certificate_of, name, rest, words):
    certificate = certificate_of(name, **rest)
    (finding,) = certificate.findings
    assert (finding.code, finding.check) == ("RL202", "call")
    assert words in finding.message
    assert "reduction" in finding.fix
    assert {o.check for o in certificate.outcomes if o.ran} == {"call"}
    assert certificate.exit_code == 1


def test_a_target_that_refuses_one_row_says_so(certificate_of):
    (finding,) = certificate_of("NeedsSeveral").findings
    assert finding.check == "call"
    assert "statistics of one row" in finding.message


def test_an_argument_reduction_that_does_nothing_is_no_declaration(certificate_of):
    parameters = (*ROWS, "reduction")
    certificate = certificate_of(init={"inner": "CrossEntropy"}, parameters=parameters)
    (finding,) = certificate.findings
    assert finding.code in ("RL202", "RL208")


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_the_mean_of_a_box_loss(certificate_of, dtype):
    certificate = certificate_of("Boxes", (dtype,), "giou/fvcore", parameters=())
    assert certificate.findings == (), says(certificate)
    grades = {outcome.check: outcome.grade for outcome in certificate.outcomes}
    assert grades["reduction"] == "ok"
    assert grades["ties"] in "ABC"


def test_the_mean_of_a_wrong_box_loss_is_named(certificate_of):
    init = {"inner": "Scaled"}
    certificate = certificate_of("Boxes", ("float64",), "giou/fvcore", parameters=(), init=init)
    assert {f.code for f in found(certificate, "value")} == {"RL802"}


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("SumOfBoxes", "RL807", "; this is the sum"),
        ("FifthOfTheSlope", "RL402", "of 3 rows is not that of its value"),
    ],
)
def test_boxes_have_no_classes_to_divide_by(certificate_of, name, code, words):
    certificate = certificate_of(name, declared="giou/fvcore", parameters=(), reduction="mean")
    (finding,) = certificate.findings
    assert (finding.check, finding.code) == ("reduction", code), says(certificate)
    assert finding.message.endswith(words)


def test_the_report_says_how_a_batch_was_read(certificate_of, capsys):
    from rich.console import Console

    from crossval.report.terminal import show

    show(certificate_of(init={"reduction": "sum"}), Console(width=100, highlight=False))
    words = " ".join(capsys.readouterr().out.split())
    assert "one number for a batch, the sum (found, not declared" in words
