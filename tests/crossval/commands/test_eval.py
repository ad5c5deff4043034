"""refloss eval: kernel beside certified numbers, and input that cannot be misread."""

import json
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx

import refloss as library

PROBE = ("pred=[[0,0,10,2]]", "target=[[2,-1,6,7]]")
TIE = ("pred=[[0,0,4,4]]", "target=[[0,0,4,4]]")


def row_of(strict_json, *arguments):
    body = strict_json("eval", *arguments, "--format", "json")
    (row,) = body["rows"]
    return body, row


def test_text_has_kernel_enclosure_condition_and_kind(refloss):
    code, out, err = refloss("eval", "ciou/torchvision", *PROBE, "--grad", "--cond")
    assert code == 0, err
    for words in ("d/dtx2", " ± ", "ulp", "cond.", "kind", "regular", "float64"):
        assert words in out
    _, out, _ = refloss("eval", "ciou", *PROBE)
    assert "d/dpx1" not in out
    assert "0.9462030506947085" in out


@pytest.mark.parametrize("width", [80, 100])
def test_tables_fit(refloss, width):
    arguments = ("--grad", "--cond", "--digits", "40", "--hvp", "pred=[[1,0,0,0]]")
    code, out, _ = refloss("eval", "giou", *PROBE, *arguments, width=width)
    assert code == 0
    assert max(map(len, out.splitlines())) <= width
    code, out, _ = refloss("eval", "giou", *TIE, "--grad", width=width)
    assert max(map(len, out.splitlines())) <= width


def test_kernel_and_bits_are_those_of_the_public_function(strict_json):
    _, row = row_of(strict_json, "ciou/torchvision", *PROBE, "--grad", "--dtype", "float32")
    boxes = [np.array([x], np.float32) for x in ([0, 0, 10, 2], [2, -1, 6, 7])]
    value, grads = library.ciou.value_and_grad(*boxes, preset="torchvision")
    assert row["value"]["bits"] == f"{value.view(np.uint32)[0]:#x}"
    assert float(row["gradient"]["ty2"]["kernel"]) == grads["target"][0, 3]
    assert 0 <= row["value"]["ulp"] <= 0.51


def test_the_enclosure_holds_the_rational_truth(strict_json):
    # IoU of these boxes is 8/44: the loss is 36/44 exactly
    for digits in ("12", "17", "30", "200"):
        _, row = row_of(strict_json, "iou/linear", *PROBE, "--digits", digits)
        middle, radius = row["value"]["certified"].split(" ± ")
        error = abs(Fraction(middle) - Fraction(36, 44))
        assert error <= Fraction(radius)
        assert Fraction(radius) <= Fraction(10) ** (1 - int(digits))


def test_more_digits_agree_with_fewer_and_with_a_formula_of_their_own(strict_json):
    _, few = row_of(strict_json, "ciou", *PROBE, "--digits", "15")
    _, many = row_of(strict_json, "ciou", *PROBE, "--digits", "100")
    assert many["value"]["certified"][:15] == few["value"]["certified"][:15]
    before, ctx.prec = ctx.prec, 500
    try:
        iou, distance = arb(8) / 44, arb(5) / 164
        turn = (arb(4) / 8).atan() - (arb(10) / 2).atan()
        v = 4 / arb.pi() ** 2 * turn**2
        truth = 1 - iou + distance + v**2 / (1 - iou + v)
        middle, radius = many["value"]["certified"].split(" ± ")
        assert abs(arb(middle) - truth) <= arb(radius)
    finally:
        ctx.prec = before


def test_an_exact_number_has_no_radius_and_one_that_only_looks_exact_has(strict_json):
    halves = ("pred=[[0,0,1,1]]", "target=[[0,0,1,2]]")
    _, row = row_of(strict_json, "iou/linear", *halves)
    assert row["value"]["certified"] == "0.5"
    _, row = row_of(strict_json, "iou/linear", "pred=[[0,0,9,1]]", "target=[[0,0,10,1]]")
    assert " ± " in row["value"]["certified"], "1/10 is no float"


def test_a_tie_shows_the_vertices_and_no_single_derivative(strict_json, refloss):
    _, row = row_of(strict_json, "giou", *TIE, "--grad")
    assert row["kind"] == "tie"
    assert len(row["vertices"]) == 16
    assert row["gradient"]["px1"]["certified"] is None
    assert row["gradient"]["px1"]["ulp"] is None
    _, out, _ = refloss("eval", "giou", *TIE, "--grad")
    assert "any from -0.25 to 0.25" in out
    assert "vertex" in out


def test_an_undefined_derivative_is_called_so(refloss):
    _, out, _ = refloss("eval", "giou", "pred=[[3,5,3,5]]", "target=[[3,5,3,5]]", "--grad")
    assert "no derivative exists here" in out


def test_upstream_and_hvp(strict_json):
    _, one = row_of(strict_json, "giou", *PROBE, "--grad", "--hvp", "pred=[[1,0,0,0]]")
    _, half = row_of(
        strict_json, "giou", *PROBE, "--grad", "--hvp", "pred=[[1,0,0,0]]", "upstream=[-0.5]"
    )
    for part in ("gradient", "hvp"):
        for name, number in one[part].items():
            ours = float(half[part][name]["kernel"])
            assert ours == pytest.approx(-0.5 * float(number["kernel"]), rel=1e-14, abs=1e-18)
    assert one["hvp"]["px1"]["ulp"] is not None
    assert one["value"] == half["value"]


def test_axes_reach_kernel_and_truth(strict_json):
    body, row = row_of(strict_json, "giou", *PROBE, "--set", "eps=0.5")
    assert body["axes"]["eps"] == 0.5
    assert row["value"]["ulp"] < 4
    assert row["value"] != row_of(strict_json, "giou", *PROBE)[1]["value"]


def test_files(strict_json, tmp_path):
    np.save(tmp_path / "pred.npy", np.array([[0, 0, 10, 2]], np.float32))
    (tmp_path / "target.json").write_text("[[2, -1, 6, 7]]")
    names = f"pred=@{tmp_path}/pred.npy", f"target=@{tmp_path}/target.json"
    body, row = row_of(strict_json, "ciou", *names)
    assert body["dtype"] == "float32"
    assert row["inputs"]["target"] == [2, -1, 6, 7]


def test_many_rows(strict_json, refloss):
    pred, target = [[0, 0, 2, 2 + i] for i in range(20)], [[1, 1, 3, 4]] * 20
    names = f"pred={json.dumps(pred)}", f"target={target}"
    body = strict_json("eval", "iou", *names, "--format", "json")
    assert len(body["rows"]) == 20
    _, out, _ = refloss("eval", "iou", *names)
    assert "row 15" in out
    assert "4 more rows" in out


def test_infinite_values_stay_strict_json(strict_json):
    apart = ("pred=[[0,0,1,1]]", "target=[[5,5,6,6]]")
    _, row = row_of(strict_json, "iou", "--set", "form=log", *apart)
    assert row["value"]["kernel"] == row["value"]["certified"] == "inf"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("pred=[0,0,1,1]", PROBE[1]),
            "pred: expected shape (N, 4), rows first; got (4,): write pred='[[...]]'",
        ),
        (
            (PROBE[0], "target=[[1,1,2,2],[1,1,2,2]]"),
            "target: expected shape (N, 4) with N = 1; got (2, 4)",
        ),
        ((PROBE[0],), "expected pred (N, 4), target (N, 4); target missing"),
        ((*PROBE, "eps=1"), "NAME must be one of pred, target, upstream"),
        ((PROBE[0], "targe=[[1]]"), "did you mean target"),
        ((*PROBE, PROBE[0]), "given twice"),
        ((PROBE[0], "target"), "NAME=VALUE"),
        ((PROBE[0], "target=[[1,2],[3]]"), "array literal"),
        ((PROBE[0], "target=__import__('os')"), "array literal"),
        ((PROBE[0], "target=[['a']]"), "numbers"),
        ((PROBE[0], "target=@nowhere.npy"), "nowhere.npy"),
        ((PROBE[0], "target=@x.txt"), ".npy or .json"),
        ((PROBE[0], "target=[[5,5,1,1]]"), "x1 <= x2"),
        ((*PROBE, "upstream=[1,2]"), "upstream must have shape (1,)"),
        ((*PROBE, "--hvp", "pred=[[1]]"), "--hvp pred must have shape"),
        ((*PROBE, "--set", "epss=1"), "did you mean 'eps'"),
        ((*PROBE, "--digits", "0"), "--digits"),
        ((*PROBE, "--digits", "1001"), "--digits"),
    ],
)
def test_mistakes_are_4_and_say_what_is_wanted(refloss, arguments, words):
    code, out, err = refloss("eval", "giou", *arguments)
    assert code == 4, out
    assert words in err
    assert "Traceback" not in err


def test_rows_of_logits_with_classes(strict_json):
    arguments = ("logits=[[1,2,0.5],[0,-1,3]]", "target=[1,-100]", "--grad", "--cond")
    body = strict_json("eval", "cross_entropy", *arguments, "--format", "json")
    first, ignored = body["rows"]
    assert first["inputs"]["target"] == 1
    assert first["kind"] == "regular"
    assert first["value"]["certified"].startswith("0.46436878410794")
    assert body["columns"] == ["z0", "z1", "z2"]
    assert all(number["ulp"] < 8 for number in first["gradient"].values())
    assert ignored["kind"] == "ignored"
    assert ignored["value"]["certified"] == "0"
    assert {number["ulp"] for number in ignored["gradient"].values()} == {0.0}


def test_rows_of_logits_with_probabilities_and_weights(strict_json):
    arguments = ("logits=[[1,2,0.5]]", "target=[[0.25,0.5,0.25]]", "class_weight=[1,2,3]")
    more = ("--set", "label_smoothing=0.1", "--grad", "--hvp", "logits=[[1,0,0]]", "--digits", "40")
    body = strict_json("eval", "cross_entropy", *arguments, *more, "--format", "json")
    (row,) = body["rows"]
    assert body["axes"]["targets"] == "probabilities"
    assert body["columns"] == [*(f"z{k}" for k in range(3)), *(f"q{k}" for k in range(3))]
    assert row["value"]["ulp"] < 4
    before, ctx.prec = ctx.prec, 200
    try:
        logits, eps = [arb(1), arb(2), arb("0.5")], arb(0.1)
        total = sum((z.exp() for z in logits), arb(0))
        spread = [(1 - eps) * q + eps / 3 for q in (arb("0.25"), arb("0.5"), arb("0.25"))]
        terms = zip((1, 2, 3), spread, logits, strict=True)
        truth = sum((w * q * (total.log() - z) for w, q, z in terms), arb(0))
        middle, radius = row["value"]["certified"].split(" ± ")
        assert abs(arb(middle) - truth) <= arb(radius)
    finally:
        ctx.prec = before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("logits=[[1,2,3]]", "target=[5]"), "target: expected classes from 0 to 2"),
        (("logits=[[1,2,3]]", "target=[1.0]"), "target: expected integers"),
        (("logits=[1,2,3]", "target=[1]"), "write logits='[[...]]'"),
        (("logits=[[1,2,3]]", "target=[1,2]"), "shape (N,) with N = 1"),
        (("logits=[[1,2,3]]", "target=[[1,2]]"), "shape (N, C) with C = 3; got (1, 2)"),
        (("logits=[[1,2,3]]", "target=[1]", "class_weight=[1]"), "class_weight: expected shape"),
        (("logits=[[1,2,3]]", "target=[1]", "--hvp", "target=[1]"), "NAME must be one of logits"),
        (("logits=[[1,2,3]]", "target=[[0,0,1]]", "ignore_index=2"), "got ignore_index"),
    ],
)
def test_mistakes_in_rows_are_4(refloss, arguments, words):
    code, out, err = refloss("eval", "cross_entropy", *arguments)
    assert code == 4, out
    assert words in err


def test_a_head_is_evaluated_row_by_row_before_its_matrix(refloss, strict_json):
    x, weight, bias = "x=[[1,2],[0.5,-1]]", "weight=[[1,0],[0,1],[1,1]]", "bias=[1,2,0.5]"
    inputs = (x, weight, "target=[0,2]", bias)
    found = strict_json("eval", "l2_softmax", *inputs, "--grad", "--cond", "--format", "json")
    names = ["x0", "x1", *(f"w{c}.{d}" for c in range(3) for d in range(2)), "b0", "b1", "b2"]
    assert found["columns"] == names
    for row in found["rows"]:
        assert row["kind"] == "regular"
        assert row["value"]["ulp"] < 8
        biases = [float(row["gradient"][f"b{c}"]["kernel"]) for c in range(3)]
        assert abs(sum(biases)) < 2.0**-46  # softmax less one, by logits of 16 and their roundings
        assert all(each["ulp"] < 2.0**10 for each in row["gradient"].values())
    code, _, err = refloss("eval", "cosface", x, "weight=[[1,0,0]]", "target=[0,0]")
    assert code == 4
    assert "weight: expected shape (C, D) with D = 2; got (1, 3)" in err


def test_a_direction_of_a_head_moves_its_matrix_alike_for_every_row(refloss, strict_json):
    inputs = ("x=[[1,2],[0.5,-1]]", "weight=[[1,0.5],[0.25,1],[1,1]]", "target=[0,2]")
    turns = ("--hvp", "x=[[1,0],[0,1]]", "--hvp", "weight=[[1,0],[0,2],[-1,1]]")
    options = ("--set", "scale=4", *turns, "--format", "json")
    found = strict_json("eval", "cosface", *inputs, *options)
    for row in found["rows"]:
        assert row["kind"] == "regular"
        assert set(row["hvp"]) == set(found["columns"])
        assert all(each["ulp"] < 2.0**10 for each in row["hvp"].values())
        assert any(float(each["kernel"]) for each in row["hvp"].values())
    code, _, err = refloss("eval", "cosface", *inputs, "--hvp", "weight=[[1,0],[0,2]]")
    assert code == 4
    assert "--hvp weight must have shape (3, 2); got (2, 2)" in err
