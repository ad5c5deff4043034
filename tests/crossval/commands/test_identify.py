"""refloss identify."""

import json
from pathlib import Path

import pytest

TARGETS = Path(__file__).parents[1] / "targets"
NUMPY = ("--adapter", "numpy")


def target(attribute, file="conventions.py"):
    return f"{TARGETS / file}:{attribute}"


@pytest.mark.parametrize("width", [80, 100])
def test_the_answer_names_the_definition_axes_and_the_input_that_separates(refloss, width):
    code, out, err = refloss("identify", target("eps_in_union_only"), *NUMPY, width=width)
    assert code == 0, err
    assert max(map(len, out.splitlines())) <= width
    for words in (
        "giou/paper with eps={eps_union: 1e-06}",
        "reduction  none: one number a row",
        "eps_union",
        "1e-06 ±",
        "2nd",
        "pred = (",
        "0x4024000000000000",
        "inputs yxyx or swapped",
    ):
        assert words in out


def test_the_digits_of_all_three_values_are_shown(refloss):
    _, out, _ = refloss("identify", target("unknown_eps"), *NUMPY)
    (line,) = [line for line in out.splitlines() if line.strip().startswith("got")]
    words = line.split()
    assert words[1] == "value"
    assert words[2] == words[4] != words[6]
    assert (words[3], words[5]) == ("best", "2nd")


def test_json_holds_everything(refloss):
    code, out, _ = refloss("identify", target("takes_cxcywh"), *NUMPY, "--format", "json")
    assert code == 0
    answer = json.loads(out, parse_constant=pytest.fail)
    assert answer["schema"] == "refloss-identification-1"
    assert answer["found"] is True
    assert answer["best"]["definition"]["reading"] == "cxcywh"
    assert answer["best"]["definition"]["title"].endswith("inputs cxcywh")
    assert answer["notes"][0]["code"]
    assert answer["separation"]["inputs"]["pred"]["bits"]


def test_nothing_fits_is_1_and_shows_the_nearest(refloss):
    code, out, _ = refloss("identify", target("manhattan"), *NUMPY)
    assert code == 1
    assert "no definition of ciou, diou, giou, iou" in out
    assert "nearest" in out
    assert "the plainest input where it departs" in out


def test_a_target_that_raises_is_4_with_code_and_fix(refloss):
    code, out, _ = refloss("identify", target("always_raises"), *NUMPY)
    assert code == 4
    assert "RL208" in out
    assert "no such thing" in out


def test_among_limits_the_losses(refloss):
    code, out, _ = refloss("identify", target("unknown_eps"), *NUMPY, "--among", "diou,iou")
    assert code == 1
    assert "no definition of diou, iou fits" in out


def test_set_passes_arguments_and_call_adapts(refloss):
    code, out, _ = refloss("identify", target("demands"), *NUMPY, "--set", "eps=0.001")
    assert code == 0
    assert "giou/paper with eps=0.001" in out
    call = "f(pred, target, union_eps=0, hull_eps=1e-3)"
    code, out, _ = refloss("identify", target("giou"), *NUMPY, "--call", call)
    assert code == 0
    assert "eps_hull" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nonsense",), "MODULE:ATTR or FILE.py:ATTR"),
        ((target("giou"), *NUMPY, "--among", "gioux"), "ciou"),
        ((target("giou"), *NUMPY, "--among", ","), "at least one of"),
        ((target("giou"), *NUMPY, "--set", "eps=1"), "union_eps, hull_eps"),
        ((target("giou"), *NUMPY, "--call", "g(pred, target)"), "must call f"),
        ((target("giou"), "--dtype", "bfloat16"), "float32"),
    ],
)
def test_usage_errors_are_4_in_one_line_that_says_what_there_is(refloss, arguments, words):
    code, _, err = refloss("identify", *arguments)
    assert code == 4
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_head_is_asked_for_by_the_option_that_certify_has(refloss):
    head = target("ArcFace", "torch_margin_heads.py")
    code, out, err = refloss("identify", head, "--as", "arcface", "--level", "smoke")
    assert code == 0, err
    assert "best       arcface/insightface" in out
