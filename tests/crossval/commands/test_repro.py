"""refloss repro: the emitted script shows the deviation, and ends as its numbers say."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crossval.case_ids import CaseId
from crossval.families import family_of
from crossval.points.boxes import point_set
from crossval.reproduction.lines import HYGIENE
from crossval.reproduction.rows import row_of

TARGETS = Path(__file__).parents[1] / "targets"
NUMPY, TORCH = TARGETS / "numpy_losses.py", TARGETS / "torch_losses.py"
JAX = TARGETS / "jax_losses.py"
NUMBER = point_set("float32", "smoke").places.tolist().index("probe, no tie")
OWNED = ("--target", f"{TARGETS / 'torch_modules.py'}:Boxes", "--bind", "pred=f.boxes")
BARE = ("refloss", "crossval", "flint", "sympy")
CASE = f"giou/fvcore@1-smoke#{NUMBER}:float32"


def execute(script, code=None, blocked=(), raises=""):
    """Run a script in a process of its own that cannot import what is blocked; return its lines.

    Its exit code must be `code`; without one it must end as its numbers say. What it raises, if it
    does, must be of that name.
    """
    block = "".join(f"import sys; sys.modules[{name!r}] = None\n" for name in blocked)
    done = subprocess.run(
        [sys.executable, "-c", block + script],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    if code is None:
        judged = [line for line in lines if line[1:2] == ["got"]]
        assert judged, done.stderr
        code = int(any(not float(line[6]) <= float(line[8]) for line in judged))
    assert done.returncode == code, done.stdout + done.stderr
    assert bool(raises) == bool(done.stderr), done.stderr
    assert raises in done.stderr
    return lines


def numbers(lines, start):
    """Got, truth and ulp of the results whose name starts so."""
    found = [line for line in lines if line[0].startswith(start)]
    return [(float(line[2]), float(line[4]), float(line[6])) for line in found]


def emit(refloss, *arguments):
    code, out, err = refloss("repro", *arguments)
    assert code == 0, err
    assert len(code_of(out)) <= 12, out
    assert "import refloss" not in out
    return out


def code_of(script):
    """Lines that are neither comments nor say what is called."""
    setup = (
        "#",
        "import ",
        "from ",
        "sys.path",
        "def f(",
        "f = ",
        "f.",
        "if isinst",
        "else: f.",
        "jax.config",
    )
    return [line for line in script.splitlines() if line and not line.startswith(setup)]


def row_at(place, dtype="float32"):
    return point_set(dtype, "smoke").places.tolist().index(place)


def test_numpy_script_sees_the_factor(refloss):
    script = emit(refloss, CASE, "--target", f"{NUMPY}:Scaled", "--adapter", "numpy")
    assert "torch" not in script
    lines = execute(script, code=1, blocked=("crossval", "flint", "sympy"))
    assert len(lines) == 9
    for got, truth, ulp in numbers(lines, ""):
        assert got == pytest.approx(2 * truth, rel=1e-6)
        assert ulp > 1e6
    right = emit(refloss, CASE, "--target", f"{NUMPY}:Giou", "--adapter", "numpy")
    assert all(ulp <= 1 for *_, ulp in numbers(execute(right, code=0), ""))


def test_torch_script_sees_the_wrong_value(refloss):
    case = f"ciou/detectron2@1-smoke#{NUMBER}:float64"
    script = emit(refloss, case, "--target", f"{TORCH}:four_over_pi")
    assert "import sys, torch" in script
    ((got, truth, ulp),) = numbers(execute(script, code=1, blocked=BARE), "value")
    assert got > truth
    assert ulp > 10**12
    right = emit(refloss, case, "--target", f"{TORCH}:ciou")
    assert numbers(execute(right, code=0, blocked=BARE), "value")[0][2] <= 4


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
@pytest.mark.parametrize(("emitted", "file"), [("python", NUMPY), ("torch", TORCH)])
def test_right_targets_are_within_their_format_in_every_dialect(refloss, dtype, emitted, file):
    declared = "giou/fvcore" if emitted == "python" else "ciou/detectron2"
    adapter = "numpy" if emitted == "python" else "torch"
    case = f"{declared}@1-smoke#{NUMBER}:{dtype}"
    target = f"{file}:{declared[:4]}"
    lines = execute(emit(refloss, case, "--target", target, "--adapter", adapter), code=0)
    expected = point_set(dtype, "smoke").columns[NUMBER]
    assert expected.tolist() == [0, 0, 10, 2, 2, -1, 6, 7]
    assert len(numbers(lines, "value")) == 1
    assert len(numbers(lines, "d/d")) == 8


def test_input_and_truth_are_in_the_script(refloss):
    script = emit(refloss, CASE)
    row = row_of(CaseId.parse(CASE), {})
    assert f'"value": {row.value.hi!r}' in script
    assert "pred = np.array([[0, 0, 10, 2]], dtype=np.float32)" in script
    assert "put the implementation under test here" in script


@pytest.mark.parametrize(("returned", "code"), [("1.2681818", 0), ("1.2682", 1), ("np.nan", 1)])
def test_a_script_without_a_target_runs_once_it_has_one(refloss, returned, code):
    script = emit(refloss, CASE)
    place = "...  # put the implementation under test here"
    assert place in script
    mine = script.replace(place, f"return np.full(1, {returned}, np.float32)")
    execute(mine, code, blocked=("refloss", "crossval", "torch", "ml_dtypes"))


def test_nan_is_wrong(refloss):
    case = f"ciou/detectron2@1-smoke#{row_at('identical square')}:float32"
    script = emit(refloss, case, "--target", f"{TORCH}:textbook_alpha")
    assert "several gradients are right" in script
    said = execute(script, code=1)
    assert ["RL302", "value", "is", "not", "finite"] in [line[:5] for line in said]
    execute(emit(refloss, case, "--target", f"{TORCH}:ciou"), code=0)


@pytest.mark.parametrize(("attribute", "code"), [("giou", 0), ("StrictTies", 1), ("NanAtTies", 1)])
def test_the_judge_decides_where_several_gradients_are_right(refloss, judged, attribute, code):
    wrong = "StrictTies" if attribute == "giou" else attribute
    certificate = judged("numpy_losses.py", wrong, "giou/fvcore")
    case = next(f.case.id for f in certificate.findings if f.code in ("RL405", "RL401"))
    script = emit(refloss, case, "--target", f"{NUMPY}:{attribute}", "--adapter", "numpy")
    assert "crossval.compare(" in script
    execute(script, code)


@pytest.mark.parametrize(
    "place", ["tiny", "elongated", "both of zero width", "two points", "contained"]
)
@pytest.mark.parametrize(("attribute", "code"), [("ciou", 0), ("four_over_pi", None)])
def test_every_kind_of_point(refloss, place, attribute, code):
    case = f"ciou/detectron2@1-smoke#{row_at(place)}:float64"
    script = emit(refloss, case, "--target", f"{TORCH}:{attribute}")
    if code is not None:
        execute(script, code)
    elif "crossval" not in script:
        execute(script)


def test_an_input_without_gradient_is_wrong(refloss):
    case = f"ciou/detectron2@1-smoke#{NUMBER}:float32"
    lines = execute(emit(refloss, case, "--target", f"{TORCH}:detached_target"), code=1)
    assert [got for got, *_ in numbers(lines, "d/dt")] == [0, 0, 0, 0]
    assert all(ulp <= 64 for *_, ulp in numbers(lines, "d/dp"))


def test_a_target_without_gradients_is_judged_by_its_value(refloss):
    script = emit(refloss, CASE, "--target", f"{NUMPY}:ValueOnly", "--adapter", "numpy")
    assert len(execute(script, code=0)) == 1


def test_class_call_and_axes_are_part_of_the_script(refloss):
    case = f"ciou/detectron2@1-smoke#{NUMBER}:float64"
    call = ("--call", "f(first=pred, second=target)", "--init", "scale=0.5")
    lines = execute(emit(refloss, case, "--target", f"{TORCH}:Module", *call), code=1)
    ((got, truth, _),) = numbers(lines, "value")
    assert got == pytest.approx(truth / 2, rel=1e-12)
    for how in ((), ("--call", "f(pred, target, eps=eps)")):
        script = emit(refloss, case, "--target", f"{TORCH}:ciou", "--set", "eps=0.5", *how)
        execute(script, code=0)
    ignoring = emit(refloss, case, "--target", f"{TORCH}:eps_ignored", "--set", "eps=0.5")
    execute(ignoring, code=1)


def test_what_a_module_owns_is_put_into_it(refloss):
    case = f"ciou/detectron2@1-smoke#{NUMBER}:float64"
    target = f"{TARGETS / 'torch_modules.py'}:Boxes"
    lines = execute(emit(refloss, case, "--target", target, "--bind", "pred=f.boxes"), code=0)
    assert len(numbers(lines, "d/dp")) == 4
    detached = target.replace("Boxes", "Detached")
    lines = execute(emit(refloss, case, "--target", detached, "--bind", "pred=f.boxes"), code=1)
    assert {got for got, *_ in numbers(lines, "d/dp")} == {0}
    buffer = target.replace("Boxes", "Buffer")
    execute(emit(refloss, case, "--target", buffer, "--bind", "target=f.truth"), code=0)
    only = emit(refloss, case, "--target", target, "--bind", "pred=f.boxes", "--wrt", "target")
    assert "d/dpx1" not in only


@pytest.mark.parametrize("targets", ["index", "probabilities"])
def test_rows_of_logits(refloss, targets):
    call = "f(logits, target, weight=class_weight, reduction=reduction)"
    how = ("--target", "torch.nn.functional:cross_entropy", "--set", f"targets={targets}")
    case = "cross_entropy/torch@1-smoke#5:float64"
    script = emit(refloss, case, *how, "--call", call)
    assert ("target = torch.tensor([" in script and "target = torch.tensor([[" not in script) == (
        targets == "index"
    )
    lines = execute(script, code=0, blocked=BARE)
    assert len(numbers(lines, "d/dz")) == 6
    assert len(numbers(lines, "d/dq")) == (6 if targets == "probabilities" else 0)
    smoothed = call.replace(")", ", label_smoothing=0.1)")
    execute(emit(refloss, case, *how, "--call", smoothed), code=1, blocked=BARE)


def test_infinite_logits(refloss):
    family = family_of("cross_entropy")
    points = family.points("float32", "smoke")
    row = int(np.isinf(points.columns).any(axis=1).argmax())
    case = f"cross_entropy/torch@1-smoke#{row}:float32"
    script = emit(refloss, case, "--target", "torch.nn.functional:cross_entropy")
    assert "-inf" in script
    execute(script)


def test_numpy_call_expressions_reach_grad_too(refloss):
    how = ("--call", "f(pred, target=target)", "--adapter", "numpy")
    script = emit(refloss, CASE, "--target", f"{NUMPY}:Flipped", *how)
    lines = execute(script, code=1)
    assert numbers(lines, "value")[0][2] <= 1
    assert any(got == pytest.approx(-truth) for got, truth, _ in numbers(lines, "d/dp"))


def test_a_case_of_a_certificate_by_code_by_row_and_by_check(refloss, judged, tmp_path):
    certificate = judged("numpy_losses.py", "Flipped", "giou/fvcore")
    file = certificate.write(tmp_path / "c.json")
    finding = next(f for f in certificate.findings if f.code == "RL404")
    script = emit(refloss, f"{file}#RL404")
    assert script.startswith(f"# {finding.case.id} RL404 gradient has the opposite sign")
    execute(script, code=1)
    row = finding.case.id.partition("#")[2]
    assert emit(refloss, f"{file}#{row}") == script
    assert finding.case.id in emit(refloss, f"{file}#grad[pred]")
    value = emit(refloss, f"{file}#value")
    assert "grads" not in value
    execute(value, code=0)
    code, _, err = refloss("repro", f"{file}#RL999")
    assert code == 4
    assert "RL404" in err


def test_the_line_that_a_finding_carries_runs_as_it_is(refloss, judged):
    certificate = judged("torch_losses.py", "four_over_pi", "ciou/detectron2")
    finding = next(f for f in certificate.findings if f.check == "value")
    code, script, err = refloss(*shlex.split(finding.repro)[1:])
    assert code == 0, err
    ((got, *_),) = numbers(execute(script, code=1), "value")
    assert got == float(finding.case.got)


WRONG = {
    "mutation": (TORCH, "changes_input", ""),
    "determinism": (NUMPY, "Stale", ""),
    "row independence": (NUMPY, "Neighbour", ""),
    "strides": (NUMPY, "Contiguous", "ValueError"),
    "dtype": (NUMPY, "Wide", ""),
    "shape misuse": (NUMPY, "Broadcasting", ""),
    "empty batch": (NUMPY, "NoEmpty", "IndexError"),
}


def hygiene(refloss, check, path, name):
    declared = "giou/fvcore" if path == NUMPY else "ciou/detectron2"
    adapter = "numpy" if path == NUMPY else "torch"
    how = ("--target", f"{path}:{name}", "--adapter", adapter, "--check", check)
    return emit(refloss, f"{declared}@1-smoke#0:float32", *how)


@pytest.mark.parametrize("check", HYGIENE)
def test_checks_that_are_not_about_numbers(refloss, check):
    *wrong, raises = WRONG[check]
    execute(hygiene(refloss, check, *wrong), 1, raises=raises)
    for right in ((NUMPY, "giou"), (TORCH, "ciou")):
        execute(hygiene(refloss, check, *right), 0)


@pytest.mark.parametrize("check", [check for check in HYGIENE if check != "shape misuse"])
def test_such_checks_of_rows_with_classes(refloss, check):
    how = ("--target", "torch.nn.functional:cross_entropy", "--check", check)
    execute(emit(refloss, "cross_entropy/torch@1-smoke#0:float32", *how), code=0)


def test_a_repeated_call_that_differs(refloss):
    how = ("--target", f"{NUMPY}:Noisy", "--adapter", "numpy", "--check", "determinism")
    execute(emit(refloss, CASE, *how), code=1)


def test_a_finding_without_a_row_has_a_script_too(refloss, judged, tmp_path):
    certificate = judged("numpy_losses.py", "Neighbour", "giou/fvcore")
    (finding,) = [f for f in certificate.findings if f.code == "RL603"]
    code, script, err = refloss(*shlex.split(finding.repro)[1:])
    assert code == 0, err
    execute(script, code=1)
    file = certificate.write(tmp_path / "c.json")
    assert code_of(emit(refloss, f"{file}#RL603")) == code_of(script)


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
        (("giou#3",), "LOSS[/PRESET][,AXIS=VALUE...]@VERSION"),
        (("giou@1#999999",), "ROW must be below"),
        (("gioux@1#1",), "did you mean giou"),
        (("nowhere.json#1",), "nowhere.json is no certificate"),
        ((CASE, "--target", "nonsense"), "MODULE:ATTR"),
        ((CASE, "--emit", "fortran"), "fortran"),
        ((CASE, "--check", "value"), "mutation"),
        ((CASE, "--check", "dtype", *OWNED), "--bind"),
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
    assert "label_smoothing=0.0" in script
    assert "ignore_index" not in script


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_jax_script_runs_without_refloss(refloss, dtype):
    case = f"giou/fvcore@1-smoke#{NUMBER}:{dtype}"
    script = emit(refloss, case, "--target", f"{JAX}:giou", "--adapter", "jax")
    assert "import jax" in script
    assert ("jax_enable_x64" in script) == (dtype == "float64")
    lines = execute(script, code=0, blocked=("refloss", "crossval", "torch"))
    assert len(numbers(lines, "d/d")) == 8


def test_jax_script_sees_the_wrong_gradient(refloss):
    case = "cross_entropy/torch@1-smoke#0:float32"
    script = emit(refloss, case, "--target", f"{JAX}:upstream_ignored", "--adapter", "jax-jit")
    lines = execute(script, code=1)
    assert all(ulp <= 64 for *_, ulp in numbers(lines, "value"))
    assert all(ulp > 1e4 for *_, ulp in numbers(lines, "d/d"))


def test_a_script_for_keras_chooses_its_backend(refloss):
    case = "cross_entropy/keras@1-smoke#0:float16"
    script = emit(
        refloss,
        case,
        "--check",
        "dtype",
        "--target",
        "keras.losses:sparse_categorical_crossentropy",
    )
    assert execute(script, code=1)[0][:3] == ["came", "float32", "float16"]
