"""refloss certify: the selection of checks, and the line that leads back to a finding."""

import json
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("width", [80, 100])
def test_each_block_of_findings_ends_in_its_command(refloss, width):
    code, out, _ = refloss("certify", SCALED, *QUICK, width=width)
    assert code == 1
    assert max(map(len, out.splitlines())) <= width
    words = " ".join(out.split())
    assert "repro refloss repro 'giou/fvcore@1-smoke#" in words
    assert "--target" in words
