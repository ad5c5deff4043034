"""refloss show."""

import pytest

from crossval.catalog import losses

CARDS = [
    (f"{name}/{preset}" if preset else name)
    for name, entry in losses().items()
    for preset in (None, *entry["presets"])
]


@pytest.mark.parametrize("width", [80, 100])
def test_the_card_of_a_preset_says_what_holds(refloss, width):
    code, out, _ = refloss("show", "ciou/torchvision", width=width)
    assert code == 0
    assert max(map(len, out.splitlines())) <= width
    for words in (
        "CIoU = IoU - rho^2/c^2 - alpha v",
        "(N, 4)",
        "px1, py1, px2, py2",
        "* detached",
        "* 1e-07",
        "eps_alpha",
        "union = 0",
        "undefined",
        "an even split between the two",
        "complete_box_iou_loss 0.28",
        "arXiv 1911.08287",
    ):
        assert words in " ".join(out.split()), words


def test_a_preset_moves_the_marks_and_the_constants(strict_json):
    plain = strict_json("show", "giou", "--format", "json")
    mmdet = strict_json("show", "giou/mmdet", "--format", "json")
    assert plain["axes"]["placement"]["value"] == "added"
    assert mmdet["axes"]["placement"]["value"] == "floor"
    assert (
        plain["constants"]["least_area"]["decimal"] != mmdet["constants"]["least_area"]["decimal"]
    )
    assert float.fromhex(mmdet["constants"]["least_area"]["hex"]) == 1e-7


@pytest.mark.parametrize("declared", CARDS)
def test_every_card_is_strict_json_and_says_the_same_in_text(refloss, strict_json, declared):
    body = strict_json("show", declared, "--format", "json")
    assert body["schema"] == "refloss-card-1"
    code, out, _ = refloss("show", declared)
    assert code == 0
    words = " ".join(out.split())
    assert declared in words
    for name in (*body["axes"], *body["constants"], *body["inputs"]):
        assert name in words


def test_latex_is_the_program_and_nothing_else(refloss):
    code, out, _ = refloss("show", "giou", "--latex")
    assert code == 0
    assert out.startswith("\\begin{aligned}")
    assert out.rstrip().endswith("\\end{aligned}")


def test_markdown_has_tables_of_one_width(refloss):
    code, out, _ = refloss("show", "ciou/mmdet", "--markdown")
    assert code == 0
    assert out.startswith("# ciou/mmdet: CIoU loss\n")
    assert "```math" in out
    width = 0
    for line in out.splitlines():
        cells = line.replace("\\|", "").count("|")
        assert not line.startswith("|") or width in (0, cells), line
        width = cells if line.startswith("|") else 0
    assert "| alpha | gated_strict | * |" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cio",), "did you mean ciou"),
        (("ciou/torchvison",), "did you mean torchvision"),
        (("ciou", "--latex", "--markdown"), "one of --latex"),
        ((), "LOSS[/PRESET]"),
    ],
)
def test_mistakes_are_4(refloss, arguments, words):
    code, _, err = refloss("show", *arguments)
    assert code == 4
    assert words in err
