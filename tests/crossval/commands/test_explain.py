"""refloss explain."""

import pytest

from crossval.codes import CHECKS, CODES, TOPICS


@pytest.mark.parametrize("name", [*CODES, *CHECKS, *TOPICS])
@pytest.mark.parametrize("width", [80, 100])
def test_everything_that_has_a_name_is_explained(refloss, name, width):
    code, out, err = refloss("explain", *name.split(), width=width)
    assert code == 0, err
    about = {**CODES, **CHECKS, **TOPICS}[name]
    assert " ".join(about.meaning.split()) in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= width


def test_a_code_has_cause_fix_and_example(refloss):
    _, out, _ = refloss("explain", "rl401")
    for words in ("cause", "infinite derivative", "fix", "example", "torch.atan", "4xx, gradient"):
        assert words in out


def test_names_as_reports_print_them_are_understood(refloss):
    assert "by one input" in refloss("explain", "grad[pred]")[1]
    assert "an argument acts" in refloss("explain", "parameter eps")[1]
    assert "0 pass" in refloss("explain", "exit-codes")[1]


def test_a_family_of_codes_and_the_whole_list(refloss):
    code, out, _ = refloss("explain", "4xx")
    assert code == 0
    assert "RL408" in out
    assert "RL301" not in out
    _, out, _ = refloss("explain")
    assert all(name in out for name in (*CODES, *CHECKS, *TOPICS))


def test_json(strict_json):
    body = strict_json("explain", "RL802", "--format", "json")
    assert body["schema"] == "refloss-explain-1"
    assert body["codes"]["RL802"]["remedy"].startswith("Look for a logarithm")
    assert body["checks"] == {}
    assert strict_json("explain", "value", "--format", "json")["checks"]["value"]["codes"]


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("RL999", "RL902, RL901, "),
        ("RL409", "RL408, "),
        ("411", "RL408, "),
        ("strdes", "strides, "),
    ],
)
def test_unknown_names_get_one_line_with_the_nearest(refloss, asked, nearest):
    code, out, err = refloss("explain", asked)
    assert (code, out) == (4, "")
    assert err.startswith(f"refloss: no code, check or word {asked!r}; nearest: {nearest}")
    assert err.count("\n") == 1
    assert len(err) < 120
    assert "refloss explain lists all" in err


def test_without_a_subject_codes_come_with_their_titles(refloss):
    _, out, _ = refloss("explain")
    lines = [line.split(maxsplit=1) for line in out.splitlines() if line.startswith("  RL")]
    assert {name: title.strip() for name, title in lines} == {
        name: code.title for name, code in CODES.items()
    }
