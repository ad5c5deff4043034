"""Heads over given cosines are named: policy, slope, unit, margin and scale."""

import pytest

from crossval.families import FAMILIES
from crossval.identification import identify
from crossval.identification.questions import eligible, questions
from crossval.target import Target
from tests.crossval.identification.conftest import TARGETS

FILE = TARGETS / "torch_cosine_rows.py"

NAMED = [
    ("cos_fallback", "arcface_cosine", {"policy": "cos_fallback", "margin": 0.5, "scale": 64.0}),
    (
        "mirror_of_degrees",
        "arcface_cosine",
        {"policy": "mirror", "unit": "degrees", "margin": 28.6, "scale": 64.0, "gradient": "true"},
    ),
    ("straight_through", "arcface_cosine", {"policy": "raw", "gradient": "straight_through"}),
    ("combined", "combined_margin_cosine", {"margin": 0.3, "cosine_margin": 0.2, "scale": 64.0}),
]


@pytest.mark.parametrize(("function", "loss", "axes"), NAMED)
def test_small_implementations(function, loss, axes):
    answer = identify(f"{FILE}:{function}", level="smoke", among=(loss,))
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == (loss, "")
    found = {name: definition.axes[name] for name in axes}
    assert {n: float(f"{v:.9g}") if isinstance(v, float) else v for n, v in found.items()} == axes


def test_among_all_losses_it_is_a_head_over_cosines():
    answer = identify(f"{FILE}:cosface", level="smoke")
    assert answer.found
    assert answer.best.definition.title == "cosface_cosine/ronghuaiyang"


def test_names_that_speak_of_cosines_are_asked_for_them_before_rows_of_logits():
    rows = [q for q in questions(Target("m:f", ""), None) if q.family.name in _ROWS]
    asked = [question.family.name for question in eligible(rows, ("cos_theta", "labels"))]
    assert asked == ["cosine_rows", "rows"]
    assert [q.family.name for q in eligible(rows, ("input", "target"))] == ["rows"]


_ROWS = {"rows", "cosine_rows"} & FAMILIES.keys()
