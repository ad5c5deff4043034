"""Target logits with an angular margin are named: policy, slope, unit, margin and scale."""

import pytest

from crossval.identification import identify
from tests.crossval.identification.conftest import TARGETS

FILE = TARGETS / "torch_angles.py"

NAMED = [
    ("straight_through", {"policy": "raw", "gradient": "straight_through", "scale": 64.0}),
    ("of_degrees", {"policy": "mirror", "unit": "degrees", "margin": 28.6, "gradient": "true"}),
]


@pytest.mark.parametrize(("function", "axes"), NAMED)
def test_small_implementations(function, axes):
    answer = identify(f"{FILE}:{function}", level="smoke")
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == ("arcface_logit", "")
    found = {name: definition.axes[name] for name in axes}
    assert {n: float(f"{v:.9g}") if isinstance(v, float) else v for n, v in found.items()} == axes


def test_a_multiple_of_the_angle():
    answer = identify(f"{FILE}:sphereface", level="smoke")
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == ("sphereface_logit", "")
    assert {name: definition.axes[name] for name in ("margin", "form")} == {
        "margin": "4",
        "form": "falling",
    }


def test_a_real_multiple_of_the_angle():
    answer = identify(f"{FILE}:sphereface_r", level="smoke")
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == ("combined_margin_logit", "")
    wanted = {"form": "multiplied", "multiple": 1.7, "guard": "mirror", "scale": 30.0}
    assert {name: definition.axes[name] for name in wanted} == wanted
