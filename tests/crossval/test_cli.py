"""The command: exit codes, files, formats, messages."""

import io
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

import crossval
from crossval.certificate import SCHEMA
from crossval.report.terminal import show, show_summary

TARGETS = Path(__file__).parent / "targets"
GIOU = f"{TARGETS / 'numpy_losses.py'}:giou"
QUICK = ("--adapter", "numpy", "--level", "smoke", "--dtype", "float32")


@pytest.fixture(autouse=True)
def _usual_width(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)  # workers of xdist set it


def run(capsys, *arguments):
    code = crossval.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_pass_is_0_and_prints_table_and_conventions(capsys):
    code, out, err = run(capsys, "certify", GIOU, "--as", "giou/fvcore", *QUICK)
    assert code == 0, out + err
    for words in ("value", "grad[pred]", "special points", "placement=added", "even split"):
        assert words in out
    assert "untested" in out
    assert all(len(line.rstrip()) <= 100 for line in out.splitlines())


def test_the_last_lines_say_the_verdict_and_what_the_marks_mean(capsys):
    code, out, _ = run(capsys, "certify", GIOU, "--as", "giou/fvcore", *QUICK)
    assert code == 0
    assert "PASSED · grade" in out
    assert "15 checks: 14 pass, 1 not run" in out
    assert "tolerance would accept 0" in out
    _, out, _ = run(
        capsys, "certify", GIOU.replace(":giou", ":Zero"), "--as", "giou/fvcore", *QUICK
    )
    assert "FAILED · grade F" in out


@pytest.mark.parametrize("width", [80, 100])
def test_grades_and_codes_fit_the_terminal(judged, width):
    certificate = judged("numpy_losses.py", "Zero", "giou/fvcore")
    console = Console(width=width, record=True, file=io.StringIO())
    show(certificate, console)
    show_summary([certificate], [], console)
    lines = console.export_text().splitlines()
    assert max(len(line) for line in lines) <= width
    rows = [line.split() for line in lines if line.startswith(" grad[pred]")]
    assert rows[0][-2:] == ["F", "RL403"]
    assert any("RL403" in line for line in lines if "Zero" in line)


def test_failure_is_1_and_prints_code_input_bits_and_cause(capsys):
    target = f"{TARGETS / 'numpy_losses.py'}:Scaled"
    code, out, _ = run(capsys, "certify", target, "--as", "giou/fvcore", *QUICK)
    assert code == 1
    for words in ("RL802", "constant factor", "got / reference = 2", "pred = (", "0x", "fix"):
        assert words in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("certify", "nonsense"), "MODULE:ATTR or FILE.py:ATTR"),
        (("certify", "a:b"), "--as"),
        (("certify", GIOU, "--as", "gioux"), "ciou, "),
        (("certify", GIOU, "--as", "giou/nobody"), "torchvision"),
        (("certify", GIOU, "--as", "giou", "--set", "placement=somewhere"), "floor"),
        (("certify", GIOU, "--as", "giou", "--set", "eps"), "NAME=VALUE"),
        (("certify", GIOU, "--as", "giou", "--dtype", "int8"), "bfloat16"),
        (("certify", GIOU, "--as", "giou", "-o", "x.html"), "FILE.json"),
        (
            ("certify", "--library", "nobody"),
            "kornia, oml, optax, pytorch_metric_learning, torch, torchvision; got 'nobody'",
        ),
        (("certify", "--all-libraries", "-o", "x.json"), "folder"),
        (("certify", GIOU, "--as", "giou", "-o", f"{__file__}/c.json"), "can be written"),
        (("certify", GIOU, "--as", "giou", "--call", "f("), "expression"),
        (("certify", GIOU, "--as", "giou", "--call", "g(pred)"), "must call f"),
        (("certify", GIOU, "--as", "giou", "--time-limit", "-1"), "--time-limit"),
        (("certify", GIOU, "--as", "giou", "--all-libraries"), "TARGET and --all-libraries"),
        (("certify", "--all-libraries", "--as", "giou"), "--as needs a TARGET"),
        (("certify", "--library", "fvcore", "--set", "eps=1"), "--set needs a TARGET"),
        (("explain", "RL999"), "nearest: RL902, RL901, "),
        (("no-such-command",), "no-such-command"),
    ],
)
def test_usage_errors_are_4_and_say_what_is_possible(capsys, arguments, words):
    code, out, err = run(capsys, *arguments)
    assert code == 4
    assert words in err
    assert "Traceback" not in out + err


def test_import_failure_is_4_with_its_code(capsys):
    target = f"{TARGETS / 'broken_import.py'}:loss"
    code, out, _ = run(capsys, "certify", target, "--as", "giou", *QUICK)
    assert code == 4
    assert "RL101" in out
    assert "a_module_that_does_not_exist" in out


def test_nothing_selected_is_5(capsys):
    code, _, err = run(capsys, "certify")
    assert code == 5
    assert "nothing selected" in err


def test_interruption_is_2(capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("crossval.commands.certify.certify_all", interrupt)
    code, _, err = run(capsys, "certify", GIOU, "--as", "giou/fvcore", *QUICK)
    assert code == 2
    assert "interrupted" in err


def test_internal_error_is_3_in_one_line(capsys, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("boom")

    monkeypatch.setattr("crossval.commands.certify.certify_all", fail)
    code, _, err = run(capsys, "certify", GIOU, "--as", "giou/fvcore", *QUICK)
    assert code == 3
    assert err.strip() == "refloss: internal error: RuntimeError: boom (-v shows where)"
    code, _, err = run(capsys, "certify", GIOU, "--as", "giou/fvcore", "-v", *QUICK)
    assert "Traceback" in err


def test_certificate_validates_and_is_the_same_bytes_again(capsys, tmp_path):
    certify = ("certify", GIOU, "--as", "giou/fvcore", *QUICK)
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert run(capsys, *certify, "-o", one)[0] == 0
    assert run(capsys, *certify, "-o", two)[0] == 0
    assert one.read_bytes() == two.read_bytes()
    body = json.loads(one.read_text(), parse_constant=pytest.fail)
    schema_file = Path(crossval.__file__).parent / "report" / "certificate.schema.json"
    schema = json.loads(schema_file.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(body, schema)
    assert body["schema"] == SCHEMA
    assert list(body) == sorted(body)
    assert body["points"]["float32"]["set"] == "boxes@1"
    assert len(body["points"]["float32"]["sha256"]) == 64
    assert body["spec"]["constants"]["eps_union"]["hex"] == (1e-7).hex()
    assert {"numpy", "python", "python-flint"} <= set(body["versions"])
    assert "second derivatives" in body["not_tested"]
    value = next(check for check in body["checks"] if check["check"] == "value")
    assert value["worst"]["inputs"]["pred"]["bits"][0].startswith("0x")
    assert set(value["ulp"]) == {"p50", "p99.9", "max"}
    assert set(value["vacuity"]) == {"zero", "flip", "x1.05"}


def test_folder_gets_one_file_a_target_and_no_leftovers(capsys, tmp_path):
    run(capsys, "certify", GIOU, "--as", "giou/fvcore", *QUICK, "-o", tmp_path / "out")
    files = list((tmp_path / "out").iterdir())
    assert [file.name for file in files] == ["numpy_losses.giou--giou.fvcore.json"]


def test_a_failed_write_leaves_the_old_file(capsys, tmp_path, monkeypatch):
    file = tmp_path / "c.json"
    file.write_text("old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    code, _, err = run(capsys, "certify", GIOU, "--as", "giou/fvcore", *QUICK, "-o", file)
    assert code == 3
    assert "disk full" in err
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["c.json"]


def test_json_format_prints_nothing_else(capsys):
    code, out, _ = run(capsys, "certify", GIOU, "--as", "giou/fvcore", *QUICK, "--format", "json")
    assert code == 0
    (body,) = json.loads(out)
    assert body["grade"] in "AB"


def test_set_changes_definition_and_argument_together(capsys):
    certify = ("certify", GIOU, "--as", "giou/fvcore", *QUICK, "--set", "eps=0.5")
    code, out, _ = run(capsys, *certify)
    assert code == 0, out
    assert "eps=0.5" in out


def test_list_names_losses_axes_and_presets(capsys):
    code, out, _ = run(capsys, "list")
    assert code == 0
    for words in ("ciou", "giou", "placement", "torchvision", "detached"):
        assert words in out


def test_explain_says_meaning_and_remedy(capsys):
    code, out, _ = run(capsys, "explain", "rl405")
    assert code == 0
    assert "convex combination" in out


def test_derive_hands_over(capsys, monkeypatch):
    import derivations.__main__

    seen = []
    monkeypatch.setattr(derivations.__main__, "main", lambda argv: seen.append(argv) or 0)
    assert run(capsys, "derive", "--check", "boxes")[0] == 0
    assert seen == [["--check", "boxes"]]


def test_help_and_version_are_0(capsys):
    assert run(capsys, "certify", "--help")[0] == 0
    assert run(capsys, "--help")[0] == 0


def _python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )


def test_import_is_light():
    heavy = ("torch", "numpy", "sympy", "flint", "scipy", "rich", "click", "refloss")
    done = _python(f"import crossval, sys; print([m for m in {heavy} if m in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


def test_certifying_loads_neither_torch_nor_sympy_in_the_judge():
    done = _python(
        "import crossval.cli, crossval.commands.certify, crossval.report.terminal, sys;"
        "print([m for m in ('torch', 'sympy', 'derivations') if m in sys.modules])"
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("module", "extra"), [("click", "certify"), ("rich", "certify"), ("flint", "certify")]
)
def test_missing_extra_is_one_line_with_the_command(module, extra):
    done = _python(
        f"import sys; sys.modules[{module!r}] = None; import crossval;"
        "sys.exit(crossval.main(['certify', 'a:b', '--as', 'giou']))"
    )
    assert done.returncode == 4
    assert done.stderr.strip() == (
        f"refloss: {module} is not installed: pip install 'refloss[{extra}]'"
    )


def test_unknown_public_name():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = crossval.nothing
    assert crossval.Target("a:b", "giou").declared == "giou"
