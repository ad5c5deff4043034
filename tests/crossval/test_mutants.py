"""The judge judged: right implementations pass, each subtly wrong one is caught and named."""

import pytest

from crossval.engine import certify_all
from crossval.runner import Limits
from crossval.target import Target
from tests.crossval.conftest import TARGETS

# target, check in which it is found, code, words that name it
NUMPY = [
    ("UpstreamIgnored", "grad[pred]", "RL406", "ignored"),
    ("FirstUpstream", "grad[target]", "RL406", "row 0"),
    ("Swapped", "grad[pred]", "RL407", "gradient by target"),
    ("Scaled", "value", "RL802", "2"),
    ("Scaled", "grad[pred]", "RL802", "2"),
    ("Flipped", "grad[pred]", "RL404", "-1"),
    ("Zero", "grad[pred]", "RL403", "0"),
    ("Paper", "value", "RL801", "eps=0.0"),
    ("Wide", "dtype", "RL204", "float64"),
    ("Nonfinite", "special points", "RL401", "NaN"),
    ("Noisy", "determinism", "RL601", "repeated"),
    ("Stale", "determinism", "RL602", "before"),
    ("Neighbour", "row independence", "RL603", "revers"),
    ("Contiguous", "strides", "RL206", "strided"),
    ("Broadcasting", "shape misuse", "RL201", "accepted"),
    ("OneForAll", "shape misuse", "RL201", "beside target (1, 4)"),
    ("NanAtTies", "grad[pred]", "RL401", "NaN"),
    ("ContiguousOnly", "strides", "RL105", "must be contiguous"),
    ("Offset", "value", "RL301", "ulp"),
    ("Tilted", "grad[target]", "RL402", "ulp"),
    ("NoEmpty", "empty batch", "RL207", "IndexError"),
    ("StrictTies", "ties", "RL405", "one-sided"),
]
TORCH = [
    ("attached", "grad[pred]", "RL804", "alpha=attached"),
    ("four_over_pi", "value", "RL301", "ulp"),
    ("eps_ignored", "parameter eps", "RL805", "eps_alpha, eps_diagonal, eps_union"),
    ("eps_in_alpha_only", "parameter eps", "RL805", "reaches eps_alpha only"),
    ("reads_xywh", "value", "RL801", "xywh"),
    ("changes_input", "mutation", "RL205", "target"),
    ("detached_target", "grad[target]", "RL408", "no gradient"),
    ("textbook_alpha", "special points", "RL302", "NaN"),
]


def found(certificate, check):
    return [finding for finding in certificate.findings if finding.check == check]


def says(certificate):
    return [(f.check, f.dtype, f.code, f.message, f.cause, f.case) for f in certificate.findings]


@pytest.mark.parametrize(("name", "check", "code", "words"), NUMPY)
def test_numpy_mutant_is_caught_and_named(judged, name, check, code, words):
    certificate = judged("numpy_losses.py", name, "giou/fvcore")
    named = [f for f in found(certificate, check) if f.code == code]
    assert named, says(certificate)
    assert any(words in f"{f.message} {f.cause}" for f in named), says(certificate)
    assert certificate.exit_code == 1


@pytest.mark.parametrize(("name", "check", "code", "words"), TORCH)
def test_torch_mutant_is_caught_and_named(judged, name, check, code, words):
    certificate = judged("torch_losses.py", name, "ciou/detectron2")
    named = [f for f in found(certificate, check) if f.code == code]
    assert named, says(certificate)
    assert any(words in f"{f.message} {f.cause}" for f in named), says(certificate)


def test_float32_inside_float64_is_named(judged):
    certificate = judged("torch_losses.py", "float32_inside", "ciou/detectron2", ("float64",))
    (value,) = found(certificate, "value")
    assert value.code == "RL301"
    assert "float32" in value.cause


def test_right_numpy_loss_passes_in_every_format(judged):
    formats = ("float32", "float64", "bfloat16", "float16")
    certificate = judged("numpy_losses.py", "giou", "giou/fvcore", formats)
    assert certificate.findings == (), says(certificate)
    assert certificate.exit_code == 0
    assert {o.check for o in certificate.outcomes if o.dtype == "float32"} == {
        "call",
        "value",
        "grad[pred]",
        "grad[target]",
        "ties",
        "special points",
        "mutation",
        "determinism",
        "row independence",
        "strides",
        "dtype",
        "shape misuse",
        "empty batch",
        "reduction",
    }


def test_refloss_own_values_are_graded_a(judged):
    certificate = judged("numpy_losses.py", "giou", "giou/fvcore", ("float32",))
    graded = {outcome.check: outcome.grade for outcome in certificate.outcomes if outcome.ulp}
    assert graded["value"] == graded["special points"] == "A"
    assert {graded["grad[pred]"], graded["grad[target]"]} <= {"A", "B"}


def test_right_torch_loss_passes(judged):
    certificate = judged("torch_losses.py", "ciou", "ciou/detectron2", ("float32", "float64"))
    assert certificate.findings == (), says(certificate)
    assert certificate.grade in "BC"
    notes = {note for outcome in certificate.outcomes for note in outcome.notes}
    assert any("even split" in note for note in notes)
    assert any("overlap's derivative 0" in note for note in notes)


def test_identical_boxes_name_their_cause(judged):
    certificate = judged("torch_losses.py", "textbook_alpha", "ciou/detectron2")
    patterns = {f.pattern for f in found(certificate, "special points") if f.code == "RL302"}
    assert "alpha-0/0" in patterns


def test_class_is_instantiated_and_scale_found(judged):
    certificate = judged("torch_losses.py", "Module", "ciou/detectron2", init={"scale": 0.5})
    (value,) = found(certificate, "value")
    assert value.code == "RL802"
    assert "0.5" in value.message


def test_call_expression_maps_names(judged):
    certificate = judged(
        "torch_losses.py",
        "Module",
        "ciou/detectron2",
        init={"scale": 1.0},
        call="f(first=pred, second=target)",
    )
    assert certificate.findings == (), says(certificate)


def test_reduced_loss_is_judged_row_by_row(judged):
    certificate = judged("torch_losses.py", "mean", "ciou/detectron2")
    assert certificate.findings == (), says(certificate)
    assert certificate.form.reduction == "mean"
    assert next(o for o in certificate.outcomes if o.check == "reduction").grade == "ok"


def test_crash_is_one_finding_and_the_rest_says_so(judged):
    certificate = judged("numpy_losses.py", "exits", "giou/fvcore")
    codes = {finding.code for finding in certificate.findings}
    assert codes == {"RL102"}
    assert "status 7" in certificate.findings[0].message
    assert certificate.exit_code == 1
    assert any(not outcome.ran for outcome in certificate.outcomes)


def test_crash_at_named_points_keeps_what_the_regimes_gave(judged):
    certificate = judged("numpy_losses.py", "exits_at_special_points", "giou/fvcore")
    value = next(o for o in certificate.outcomes if o.check == "value")
    assert value.grade == "A"
    assert [f.code for f in found(certificate, "call")] == ["RL102"]


def test_hang_is_ended(judged):
    limits = Limits(seconds=0.5, deaths=1)
    certificate = judged("numpy_losses.py", "hangs", "giou/fvcore", limits=limits)
    assert [f.code for f in certificate.findings] == ["RL103"]
    assert "0.5 s" in certificate.findings[0].message


def test_memory_limit_is_enforced(judged):
    limits = Limits(seconds=20, memory=400 << 20, deaths=1)
    certificate = judged("numpy_losses.py", "hoards", "giou/fvcore", limits=limits)
    assert [f.code for f in certificate.findings] == ["RL104"]


def test_raising_rows_are_found_and_the_others_judged(judged):
    certificate = judged("numpy_losses.py", "raises_at_points", "giou/fvcore")
    (call,) = found(certificate, "call")
    assert call.code == "RL105"
    assert "boxes must have a width" in call.message
    assert any("zero width" in place for place in call.places)
    value = next(o for o in certificate.outcomes if o.check == "value")
    assert value.grade == "A"


def test_a_target_that_always_raises_passes_nothing(judged):
    certificate = judged("numpy_losses.py", "always_raises", "giou/fvcore")
    (finding,) = certificate.findings
    assert (finding.check, finding.code) == ("call", "RL208")
    assert finding.message.startswith("RuntimeError: first line second line at numpy_losses.py:")
    assert {o.status for o in certificate.outcomes if o.check != "call"} == {"not run"}
    assert any("shape misuse float32" in words for words in certificate.not_tested)


def test_arguments_left_at_their_defaults_are_said_to_be_untested(judged):
    certificate = judged("numpy_losses.py", "weighted", "giou/fvcore")
    assert "argument weight beyond its default" in certificate.not_tested
    assert not any("argument eps" in words for words in certificate.not_tested)


def test_what_cannot_be_called_is_a_problem(judged):
    certificate = judged("numpy_losses.py", "NOT_CALLABLE", "giou/fvcore")
    assert certificate.exit_code == 4
    assert certificate.problem.message == "TypeError: the target must be callable; got int"
    missing = judged("numpy_losses.py", "absent", "giou/fvcore")
    assert "has no attribute 'absent'" in missing.problem.message
    assert "install" not in missing.problem.fix.partition(";")[0]
    assert missing.not_tested == ("everything: the target was not run",)


def test_a_signature_that_does_not_fit_is_a_problem_and_nothing_runs(judged):
    certificate = judged("numpy_losses.py", "three_inputs", "giou/fvcore")
    assert certificate.problem.code == "RL203"
    assert "three_inputs takes (pred, target, anchors)" in certificate.problem.message
    assert '--call "f(pred, target, ...)"' in certificate.problem.fix
    assert certificate.exit_code == 4


def test_an_axis_without_a_default_gets_the_definitions_value(judged):
    certificate = judged("numpy_losses.py", "demands_eps", "giou/fvcore", wrt=("pred",))
    grades = {o.check: o.grade for o in certificate.outcomes}
    assert grades["value"] == "A"
    assert "gradient by target" in certificate.not_tested


def test_printing_does_not_disturb_the_protocol(judged):
    certificate = judged("numpy_losses.py", "prints", "giou/fvcore")
    assert next(o for o in certificate.outcomes if o.check == "value").grade == "A"


def test_import_failure_is_a_problem_with_exit_code_4(judged):
    certificate = judged("broken_import.py", "loss", "giou/fvcore")
    assert certificate.problem.code == "RL101"
    assert "a_module_that_does_not_exist" in certificate.problem.message
    assert certificate.exit_code == 4


def test_a_target_that_cannot_be_imported_does_not_end_the_run():
    targets = [
        Target(f"{TARGETS / file}:{name}", "giou", "fvcore", adapter="numpy", dtypes=("float32",))
        for file, name in (("broken_import.py", "loss"), ("numpy_losses.py", "giou"))
    ]
    first, second = certify_all(targets, level="smoke")
    assert first.problem.code == "RL101"
    assert second.exit_code == 0
