"""Heads are named by what they return: policy, slope, unit, margin, scale, eps and reduction."""

from functools import cache

import pytest

from crossval.catalog import losses
from crossval.identification import identify
from tests.crossval.identification.conftest import TARGETS

FILE = TARGETS / "torch_margin_heads.py"
EASY = {"easy_margin": True}
OTHER = {"s": 37.5, "m": 0.45}

# target, what it is made with, loss, axes that are told
NAMED = [
    ("ArcMarginProduct", {}, "arcface", {"policy": "cos_fallback", "scale": 30.0, "margin": 0.5}),
    ("ArcMarginProduct", EASY, "arcface", {"policy": "easy", "placement": "max", "eps": 1e-12}),
    ("ArcMarginProduct", OTHER, "arcface", {"policy": "cos_fallback", "scale": 37.5}),
    ("ArcFace", {}, "arcface", {"policy": "raw", "gradient": "straight_through", "scale": 64.0}),
    ("Mirrored", {}, "arcface", {"policy": "mirror", "gradient": "true", "unit": "radians"}),
    ("Lesser", {}, "arcface", {"policy": "min", "margin": 0.5}),
    ("Clipped", {}, "arcface", {"policy": "angle_clip", "clip": 1e-3, "scale": 30.0}),
    ("MarginLoss", {}, "arcface", {"policy": "cos_fallback", "unit": "degrees", "margin": 28.6}),
    ("combined", {}, "combined_margin", {"margin": 0.3, "cosine_margin": 0.2, "guard": "none"}),
    ("of_sums", {}, "cosface", {"margin": 0.4, "scale": 32.0, "placement": "inside", "eps": 1e-6}),
    ("AngleLinear", {}, "sphereface", {"margin": "4", "annealing": 5.0, "embedding": "kept"}),
    ("LargeMargin", {}, "l_softmax", {"margin": "2", "classes": "kept", "form": "falling"}),
]


HEADS = tuple(name for name, entry in losses().items() if entry["family"] == "heads")
WIDELY = ("ArcMarginProduct", "LargeMargin")
"""Targets that are asked among all heads; others among the heads of one loss, which is quicker."""

# target, verdict, code of the note that says more, words of it
WRONG = [
    ("StepUp", "nothing fits", "", ""),
    ("Unprojected", "values only", "RL402", "the gradient by weight follows no convention"),
    ("Halved", "identified", "RL802", "the gradient by weight is 0.5 times the value's"),
]


@cache
def answered(attribute, loss, init=()):
    among = HEADS if attribute in WIDELY and not init else [loss]
    return identify(f"{FILE}:{attribute}", among, level="smoke", init=dict(init))


@pytest.mark.parametrize(("attribute", "init", "loss", "axes"), NAMED)
def test_a_head_is_named(attribute, init, loss, axes):
    answer = answered(attribute, loss, tuple(init.items()))
    assert answer.verdict == "identified", answer
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == (loss, "")
    found = {name: definition.axes[name] for name in axes}
    assert {n: float(f"{v:.9g}") if isinstance(v, float) else v for n, v in found.items()} == axes
    assert answer.gradient == definition.title


def test_what_a_batch_becomes_is_told():
    assert answered("MarginLoss", "arcface", ()).reduction.startswith(
        "sum over the rows / N (items)"
    )
    by_name = answered("of_sums", "cosface", ()).reduction
    assert "reduction='mean': sum over the rows / N (items)" in by_name
    assert "reduction='sum': sum over the rows / 1 (sum)" in by_name


def test_what_is_not_the_heads_own_is_said():
    (words,) = [note.words for note in answered("ArcFace", "arcface", ()).notes]
    assert words.startswith("cross-entropy: the target returns logits")
    words = " ".join(note.words for note in answered("AngleLinear", "sphereface", ()).notes)
    assert "its results change from call to call for about" in words
    assert "an annealing; this is what it comes to" in words


@pytest.mark.parametrize(("attribute", "verdict", "code", "words"), WRONG)
def test_a_wrong_head_is_rejected_or_its_slip_named(attribute, verdict, code, words):
    answer = answered(attribute, "arcface")
    assert answer.verdict == verdict
    told = {note.code: note.words for note in answer.notes}
    assert words in told.get(code, "")


def test_biases_are_asked_for_with_the_classes():
    among = ["cosface", "l2_softmax"]
    answer = identify(f"{FILE}:Linear", among, level="smoke", call="f(x)")
    assert answer.verdict == "identified"
    assert answer.best.definition.title == "l2_softmax/torch"


def test_a_head_of_several_centres_is_named():
    answer = answered("SubCentres", "subcenter_arcface")
    assert answer.verdict == "identified"
    axes = answer.best.definition.axes
    assert (axes["policy"], axes["gradient"]) == ("raw", "true")
    assert (axes["scale"], axes["margin"]) == pytest.approx((32.0, 0.4), rel=1e-9)


def test_the_mean_over_centres_fits_nothing():
    assert answered("MeanOfCentres", "subcenter_arcface").verdict == "nothing fits"


def test_a_random_head_is_said_to_be_random():
    answer = answered("Jittered", "arcface")
    assert (answer.verdict, [note.code for note in answer.notes]) == ("nothing fits", ["RL601"])
