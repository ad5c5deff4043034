"""refloss certify: the selection of checks, and the line that leads back to a finding."""

import json
from pathlib import Path

import pytest

from crossval.catalog import losses, spec_of
from crossval.commands.options import pairs
from crossval.elsewhere import LAYOUT_CALLS

TARGETS = Path(__file__).parents[1] / "targets"
SCALED = f"{TARGETS / 'numpy_losses.py'}:Scaled"
QUICK = ("--as", "giou/fvcore", "--adapter", "numpy", "--level", "smoke", "--dtype", "float32")


def certified(refloss, *arguments):
    code, out, err = refloss("certify", SCALED, *QUICK, *arguments, "--format", "json")
    assert code in (0, 1), err
    (body,) = json.loads(out)
    return code, body


@pytest.mark.parametrize(
    ("globs", "names", "code"),
    [
        (["value"], ["value"], 1),
        (["grad[pred]"], ["grad[pred]"], 1),
        (["grad*"], ["grad[pred]", "grad[target]"], 1),
        (["mutation,strides"], ["mutation", "strides"], 0),
        (["mutation", "dtype"], ["mutation", "dtype"], 0),
    ],
)
def test_globs_select_checks_and_the_rest_is_said_to_be_untested(refloss, globs, names, code):
    options = [word for glob in globs for word in ("--check", glob)]
    got, body = certified(refloss, *options)
    assert [check["check"] for check in body["checks"] if check["status"] != "not run"] == names
    assert got == code
    assert any("ties" in words for words in body["not_tested"])


def test_the_table_shows_what_was_selected(refloss):
    _, out, _ = refloss("certify", SCALED, *QUICK, "--check", "value,strides")
    table = out.partition("points ")[0]
    assert "strides" in table
    assert "mutation" not in table
    assert "mutation" in " ".join(out.split()).partition("untested")[2]


def test_a_glob_that_names_nothing_is_an_error(refloss):
    code, _, err = refloss("certify", SCALED, *QUICK, "--check", "valu")
    assert code == 4
    assert "one of call, value" in err


PROJECT = """
[tool.refloss]
level = "smoke"
dtypes = ["float32"]

[tool.refloss.targets.scaled]
object = "losses.py:Scaled"
loss = "giou/fvcore"
adapter = "numpy"
init = {}

[[tool.refloss.targets.scaled.xfail]]
check = "value-*"
reason = "twice the loss"
issue = "https://example.org/7"

[tool.refloss.targets.right]
object = "losses.py:Giou"
loss = "giou/fvcore"
adapter = "numpy"
init = {}
dtypes = ["float32", "float16"]

[[tool.refloss.targets.right.xfail]]
check = "dtype-float32"
reason = "it was so once"
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a folder with a pyproject and its losses, which is the current one."""
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "losses.py").write_text((TARGETS / "numpy_losses.py").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def named(refloss, *arguments):
    code, out, err = refloss("certify", *arguments, "--format", "json")
    assert code in (0, 1), err
    (body,) = json.loads(out)
    return code, body, {(c["check"], c["dtype"]): c["status"] for c in body["checks"]}


def test_a_name_of_the_project_is_judged_as_its_table_says(refloss, project):
    code, body, statuses = named(refloss, "scaled", "--check", "value,grad*,dtype")
    assert (code, body["level"], body["target"]["adapter"]) == (1, "smoke", "numpy")
    assert body["target"]["reference"] == "losses.py:Scaled"
    assert {dtype for _, dtype in statuses if _ == "value"} == {"float32"}
    assert statuses["value", "float32"] == "known"
    assert statuses["grad[pred]", "float32"] == "fail"
    (finding,) = (f for check in body["checks"] for f in check["findings"] if f["known"])
    assert (finding["known"], finding["link"]) == ("twice the loss", "https://example.org/7")
    assert named(refloss, "scaled", "--check", "value")[0] == 0


def test_an_expected_failure_that_passes_fails_here_too(refloss, project):
    code, body, statuses = named(refloss, "right", "--check", "value,dtype")
    assert code == 1
    assert statuses["dtype", "float32"] == "fail"
    assert statuses["dtype", "float16"] == statuses["value", "float32"] == "pass"
    (finding,) = (f for check in body["checks"] for f in check["findings"])
    assert finding["code"] == "RL901"
    assert "it was so once" in finding["message"]


STALE = """
[[tool.refloss.targets.right.xfail]]
check = "grad-pred-float31"
reason = "a slip of the pen"
"""


@pytest.mark.parametrize("style", ["text", "json"])
def test_an_expected_failure_that_names_no_check_fails_and_the_rest_runs(refloss, project, style):
    file = project / "pyproject.toml"
    file.write_text(PROJECT + STALE, encoding="utf-8")
    code, out, err = refloss("certify", "right", "--check", "value", "--format", style)
    assert code == 1
    said = " ".join((out if style == "text" else err).split())
    assert "RL902" in said
    assert "got 'grad-pred-float31' (did you mean 'grad-pred-float32'?)" in said
    assert "PASSED" in out or json.loads(out)[0]["counts"]["pass"] == 2
    # it is that target's alone
    assert refloss("certify", "scaled", "--check", "value")[0] == 0


def test_level_and_formats_of_the_command_line_win(refloss, project):
    how = ("--level", "standard", "--dtype", "float64", "--check", "value")
    _, body, statuses = named(refloss, "right", *how)
    assert body["level"] == "standard"
    assert {dtype for _, dtype in statuses} == {"float64"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("wrong",), "MODULE:ATTR or FILE.py:ATTR, or a name of [tool.refloss.targets.NAME]"),
        (("wrong",), "pyproject.toml (one of scaled, right); got 'wrong'"),
        (("right", "--as", "giou"), "--as needs a TARGET by reference"),
        (("right", "--set", "eps=1", "--adapter", "torch"), "--set, --adapter needs a TARGET"),
        (("right", "--library", "torch"), "TARGET and --library"),
    ],
)
def test_what_contradicts_the_project_is_an_error(refloss, project, arguments, words):
    code, out, err = refloss("certify", *arguments)
    assert (code, out) == (4, "")
    assert words in err


@pytest.mark.parametrize("text", [None, "", "[tool.refloss]\nlevel = 'full'\n"])
def test_a_folder_without_targets_says_so(refloss, tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    code, _, err = refloss("certify", "right")
    assert code == 4
    assert "(none is there); got 'right'" in err


def test_a_table_that_cannot_be_read_is_named(refloss, project):
    (project / "pyproject.toml").write_text(PROJECT.replace("init = {}", "inti = {}", 1))
    code, _, err = refloss("certify", "right")
    assert code == 4
    assert "pyproject.toml: [tool.refloss.targets.scaled] inti: expected one of" in err
    (project / "pyproject.toml").write_text("[tool")
    code, _, err = refloss("certify", "right")
    assert code == 4
    assert "pyproject.toml: expected TOML" in err


@pytest.mark.parametrize("width", [80, 100])
def test_each_block_of_findings_ends_in_its_command(refloss, width):
    code, out, _ = refloss("certify", SCALED, *QUICK, width=width)
    assert code == 1
    assert max(map(len, out.splitlines())) <= width
    words = " ".join(out.split())
    assert "repro refloss repro 'giou/fvcore@1-smoke#" in words
    assert "--target" in words


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("gioo", "module 'numpy_losses' ({path}) has no attribute 'gioo' fix did you mean giou?"),
        ("Z", "has no attribute 'Z' fix correct the name"),
    ],
)
def test_what_is_not_there_is_all_that_is_said(refloss, target, words):
    path = TARGETS / "numpy_losses.py"
    code, out, err = refloss("certify", f"{path}:{target}", "--as", "giou", width=200)
    assert (code, err) == (4, "")
    assert words.format(path=path) in " ".join(out.split())
    assert "RL101 cannot import target" in out
    assert not any(word in out for word in ("repro", "grade", "tolerance", "within", "untested"))


def test_a_file_that_is_not_there(refloss, tmp_path):
    code, out, _ = refloss("certify", f"{tmp_path}/none.py:loss", "--as", "giou", width=300)
    assert code == 4
    assert f"expected a Python file at {tmp_path}/none.py; there is none" in out
    assert "within" not in out


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("layout=xywh", "--call 'f(pred - pred.roll(2, 1)"),
        ("layout=ltrb", "convert them in --call"),
        ("reduction=mean", "--reduction declares it"),
        ("class_weight=2", "the check class_weight"),
        ("eps_union=0.5", "eps=\"{'eps_union': 0.5}\""),
        ("ceiling=2", "which the axis clip sets"),
        ("placment=floor", "(did you mean 'placement'?)"),
    ],
)
def test_what_is_no_axis_names_what_does_it(refloss, setting, words):
    code, out, err = refloss("certify", SCALED, "--as", "giou", "--set", setting)
    assert (code, out) == (4, "")
    assert words in err
    assert "clip" in err


@pytest.mark.parametrize("loss", losses())
def test_whatever_a_card_lists_can_be_set(loss):
    for name, axis in losses()[loss]["axes"].items():
        for value in axis["values"] or (axis["default"],):
            ((read, given),) = pairs([f"{name}={value}"], "--set")
            assert spec_of(loss, None, {read: given}).axes[name] == value


CORNERS = """
from tests.crossval.targets.torch_losses import ciou
import torch

def corners(b, share):
    low = b[..., :2] - share * b[..., 2:]
    return torch.cat([low, low + b[..., 2:]], -1)

def xywh(pred, target):
    return ciou(corners(pred, 0), corners(target, 0))

def cxcywh(pred, target):
    return ciou(corners(pred, 0.5), corners(target, 0.5))
"""


@pytest.mark.parametrize("layout", LAYOUT_CALLS)
def test_the_call_that_is_named_for_a_layout_fits(refloss, tmp_path, layout):
    file = tmp_path / "layouts.py"
    file.write_text(CORNERS, encoding="utf-8")
    how = ("--as", "ciou/detectron2", "--dtype", "float64", "--level", "smoke")
    how += ("--check", "value,shape misuse,empty batch,strides", "--call", LAYOUT_CALLS[layout])
    code, out, _ = refloss("certify", f"{file}:{layout}", *how)
    assert code == 0, out
