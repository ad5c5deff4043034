"""refloss repro: the emitted script shows the deviation, without refloss."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crossval.points.boxes import point_set

TARGETS = Path(__file__).parents[1] / "targets"
NUMPY, TORCH = TARGETS / "numpy_losses.py", TARGETS / "torch_losses.py"
NUMBER = point_set("float32", "smoke").places.tolist().index("probe, no tie")
CASE = f"giou/fvcore@1-smoke#{NUMBER}:float32"


def execute(script, blocked=()):
    """Run a script in a process of its own that cannot import what is blocked."""
    block = "".join(f"import sys; sys.modules[{name!r}] = None\n" for name in blocked)
    done = subprocess.run(
        [sys.executable, "-c", block + script],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def numbers(lines, name):
    """Got, expected and ulp of one result."""
    found = [line for line in lines if line[0] == name]
    return [(float(line[2]), float(line[4]), line[6]) for line in found]


def emit(refloss, *arguments):
    code, out, err = refloss("repro", *arguments)
    assert code == 0, err
    assert "import refloss" not in out
    assert "import crossval" not in out
    return out


def test_numpy_script_sees_the_factor(refloss):
    script = emit(refloss, CASE, "--target", f"{NUMPY}:Scaled", "--adapter", "numpy")
    assert "torch" not in script
    lines = execute(script)
    for name in ("value", "pred", "target"):
        assert numbers(lines, name)
        for got, expected, ulp in numbers(lines, name):
            assert got == pytest.approx(2 * expected, rel=1e-6)
            assert (ulp == "0") == (expected == 0)


def test_torch_script_sees_the_wrong_value(refloss):
    case = f"ciou/detectron2@1-smoke#{NUMBER}:float64"
    script = emit(refloss, case, "--target", f"{TORCH}:four_over_pi")
    assert "import torch" in script
    lines = execute(script, blocked=("refloss", "crossval", "flint", "sympy"))
    ((got, expected, ulp),) = numbers(lines, "value")
    assert got > expected
    assert int(ulp) > 10**12
    right = execute(emit(refloss, case, "--target", f"{TORCH}:ciou"), blocked=("refloss",))
    assert int(numbers(right, "value")[0][2]) <= 4


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
@pytest.mark.parametrize(("emitted", "file"), [("python", NUMPY), ("torch", TORCH)])
def test_right_targets_are_within_their_format_in_every_dialect(refloss, dtype, emitted, file):
    declared = "giou/fvcore" if emitted == "python" else "ciou/detectron2"
    adapter = "numpy" if emitted == "python" else "torch"
    case = f"{declared}@1-smoke#{NUMBER}:{dtype}"
    target = f"{file}:{declared[:4]}"
    lines = execute(emit(refloss, case, "--target", target, "--adapter", adapter))
    expected = point_set(dtype, "smoke").columns[NUMBER]
    assert expected.tolist() == [0, 0, 10, 2, 2, -1, 6, 7]
    for name in ("value", "pred", "target"):
        for _, _, ulp in numbers(lines, name):
            assert int(ulp) <= (64 if emitted == "torch" else 4), lines


def test_the_expected_words_are_the_rounded_truth(refloss):
    import refloss as library

    script = emit(refloss, CASE)
    words = [int(word, 16) for word in re.search(r'"value": \[(.*)\]', script)[1].split(", ")]
    boxes = [np.array([b], np.float32) for b in ([0, 0, 10, 2], [2, -1, 6, 7])]
    value = library.giou(*boxes, preset="fvcore")
    assert words == value.view(np.uint32).tolist()
    assert "# 0, 0, 10, 2" in script
    assert "put the implementation under test here" in script
    assert len(script.splitlines()) < 35


def test_a_script_without_a_target_runs_once_it_has_one(refloss):
    script = emit(refloss, CASE)
    place = "...  # put the implementation under test here"
    assert place in script
    mine = script.replace(place, "return np.ones(1, np.float32)")
    ((got, expected, _),) = numbers(
        execute(mine, blocked=("refloss", "torch", "ml_dtypes")), "value"
    )
    assert (got, expected != 1) == (1, True)


def test_nan_is_shown(refloss):
    number = point_set("float32", "smoke").places.tolist().index("identical square")
    case = f"ciou/detectron2@1-smoke#{number}:float32"
    lines = execute(emit(refloss, case, "--target", f"{TORCH}:textbook_alpha"))
    ((got, expected, ulp),) = numbers(lines, "value")
    assert np.isnan(got)
    assert 0 < expected < 1e-8
    assert ulp == "-"
    assert any(line[3:6] == ["expected", "any", "from"] for line in lines if line[0] == "pred")


def test_an_input_without_gradient_is_said_to_have_none(refloss):
    case = f"ciou/detectron2@1-smoke#{NUMBER}:float32"
    lines = execute(emit(refloss, case, "--target", f"{TORCH}:detached_target"))
    assert ["target", "nothing", "came"] in lines


def test_class_call_and_axes_are_part_of_the_script(refloss):
    case = f"ciou/detectron2@1-smoke#{NUMBER}:float64"
    call = ("--call", "f(first=pred, second=target)", "--init", "scale=0.5")
    lines = execute(emit(refloss, case, "--target", f"{TORCH}:Module", *call))
    ((got, expected, _),) = numbers(lines, "value")
    assert got == pytest.approx(expected / 2, rel=1e-12)
    for how in ((), ("--call", "f(pred, target, eps=eps)")):
        script = emit(refloss, case, "--target", f"{TORCH}:ciou", "--set", "eps=0.5", *how)
        ((got, expected, _),) = numbers(execute(script), "value")
        assert got == pytest.approx(expected, rel=1e-14)
    ignoring = emit(refloss, case, "--target", f"{TORCH}:eps_ignored", "--set", "eps=0.5")
    ((got, expected, _),) = numbers(execute(ignoring), "value")
    assert abs(got - expected) > 1e-3


def test_what_a_module_owns_is_put_into_it(refloss):
    case = f"ciou/detectron2@1-smoke#{NUMBER}:float64"
    target = f"{TARGETS / 'torch_modules.py'}:Boxes"
    lines = execute(emit(refloss, case, "--target", target, "--bind", "pred=f.boxes"))
    assert all(int(ulp) <= 64 for name in ("value", "pred") for *_, ulp in numbers(lines, name))
    detached = target.replace("Boxes", "Detached")
    lines = execute(emit(refloss, case, "--target", detached, "--bind", "pred=f.boxes"))
    assert ["pred", "nothing", "came"] in lines
    only = emit(refloss, case, "--target", target, "--bind", "pred=f.boxes", "--wrt", "target")
    assert '"pred": [' not in only


@pytest.mark.parametrize("targets", ["index", "probabilities"])
def test_rows_of_logits(refloss, targets):
    call = "f(logits, target, weight=class_weight, reduction=reduction)"
    how = ("--target", "torch.nn.functional:cross_entropy", "--set", f"targets={targets}")
    script = emit(refloss, "cross_entropy/torch@1-smoke#5:float64", *how, "--call", call)
    assert ("target = torch.tensor([" in script) == (targets == "index")
    lines = execute(script, blocked=("refloss", "crossval"))
    assert int(numbers(lines, "value")[0][2]) <= 4
    assert len(numbers(lines, "logits")) == 6
    assert len(numbers(lines, "target")) == (6 if targets == "probabilities" else 0)


def test_numpy_call_expressions_reach_grad_too(refloss):
    how = ("--call", "f(pred, target=target)", "--adapter", "numpy")
    lines = execute(emit(refloss, CASE, "--target", f"{NUMPY}:Flipped", *how))
    assert numbers(lines, "value")[0][2] == "0"
    assert any(got == -expected != 0 for got, expected, _ in numbers(lines, "pred"))


def test_a_case_of_a_certificate_by_code_by_row_and_by_check(refloss, judged, tmp_path):
    certificate = judged("numpy_losses.py", "Flipped", "giou/fvcore")
    file = certificate.write(tmp_path / "c.json")
    finding = next(f for f in certificate.findings if f.code == "RL404")
    script = emit(refloss, f"{file}#RL404")
    assert script.startswith(f"# {finding.case.id} RL404 gradient has the opposite sign")
    lines = execute(script)
    assert any(got == -expected != 0 for got, expected, _ in numbers(lines, "pred"))
    row = finding.case.id.partition("#")[2]
    assert emit(refloss, f"{file}#{row}") == script
    assert finding.case.id in emit(refloss, f"{file}#grad[pred]")
    value = emit(refloss, f"{file}#value")
    assert "upstream" not in value
    code, _, err = refloss("repro", f"{file}#RL999")
    assert code == 4
    assert "RL404" in err


def test_the_line_that_a_finding_carries_runs_as_it_is(refloss, judged):
    certificate = judged("torch_losses.py", "four_over_pi", "ciou/detectron2")
    finding = next(f for f in certificate.findings if f.check == "value")
    code, script, err = refloss(*shlex.split(finding.repro)[1:])
    assert code == 0, err
    ((got, _, ulp),) = numbers(execute(script), "value")
    assert got == float(finding.case.got)
    assert int(ulp) > 4


def test_json_holds_the_row_and_the_script(strict_json):
    body = strict_json("repro", CASE, "--target", f"{NUMPY}:Scaled", "--format", "json")
    assert body["schema"] == "refloss-case-1"
    assert body["id"] == CASE
    assert body["where"] == "probe, no tie"
    assert [x["bits"] for x in body["inputs"]["pred"]][2] == "0x41200000"
    assert float.fromhex(body["value"]["hi_lo"][0]) == pytest.approx(
        float(body["value"]["decimal"])
    )
    assert body["script"].startswith("# giou/fvcore@1-smoke")
    assert body == strict_json("repro", CASE, "--target", f"{NUMPY}:Scaled", "--emit", "json")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("giou#3",), "LOSS[/PRESET]@VERSION"),
        (("giou@1#999999",), "ROW must be below"),
        (("gioux@1#1",), "did you mean giou"),
        (("nowhere.json#1",), "nowhere.json is no certificate"),
        ((CASE, "--target", "nonsense"), "MODULE:ATTR"),
        ((CASE, "--emit", "fortran"), "fortran"),
    ],
)
def test_mistakes_are_4(refloss, arguments, words):
    code, _, err = refloss("repro", *arguments)
    assert code == 4
    assert words in err


def test_what_is_no_certificate_is_refused(refloss, tmp_path):
    file = tmp_path / "x.json"
    for text in ("[]", "{}", "no json", json.dumps({"target": {}, "checks": []})):
        file.write_text(text)
        code, _, err = refloss("repro", f"{file}#1")
        assert code == 4
        assert "is no certificate" in err


def test_the_script_of_probabilities_calls_as_their_declaration_says(refloss):
    how = ("--target", "torch.nn.functional:cross_entropy", "--set", "targets=probabilities")
    script = emit(refloss, "cross_entropy/torch@1-smoke#5:float64", *how)
    assert "label_smoothing=label_smoothing" in script
    assert "ignore_index" not in script
