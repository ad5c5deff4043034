"""Target logits with an angular margin are named: policy, slope, unit, margin and scale."""

import pytest

from crossval.identification import identify
from tests.crossval.identification.conftest import TARGETS

FILE = TARGETS / "torch_angles.py"

NAMED = [
    ("mirror", {"policy": "mirror", "margin": 0.5}),
    ("straight_through", {"policy": "raw", "gradient": "straight_through", "scale": 64.0}),
    ("of_degrees", {"policy": "raw", "unit": "degrees", "margin": 28.6, "gradient": "true"}),
]


@pytest.mark.parametrize(("function", "axes"), NAMED)
def test_small_implementations(function, axes):
    answer = identify(f"{FILE}:{function}", level="smoke")
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == ("arcface_logit", "")
    found = {name: definition.axes[name] for name in axes}
    assert {n: float(f"{v:.9g}") if isinstance(v, float) else v for n, v in found.items()} == axes


@pytest.mark.parametrize(
    ("function", "loss", "axes"),
    [
        ("sphereface", "sphereface_logit", {"margin": "4", "annealing": 0.0}),
        ("cosface", "cosface_logit", {"margin": 0.4, "scale": 64.0}),
    ],
)
def test_multiples_and_differences(function, loss, axes):
    answer = identify(f"{FILE}:{function}", level="smoke")
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == (loss, "")
    assert {name: definition.axes[name] for name in axes} == axes
