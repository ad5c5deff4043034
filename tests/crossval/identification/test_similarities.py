"""Losses of rows of similarities are named: denominators, temperature, factor and place of log."""

import pytest

from crossval.identification import identify
from tests.crossval.identification.conftest import TARGETS

FILE = TARGETS / "torch_similarities.py"

NAMED = [
    (
        "supcontrast",
        "supcon",
        {"logarithm": "outside", "temperature": 0.1, "base_temperature": 0.07},
    ),
    ("inside", "supcon", {"logarithm": "inside", "temperature": 0.07}),
    ("averaged", "ntxent", {"others": "out", "pairs": "averaged", "temperature": 0.2}),
    ("multi_similarity", "multi_similarity", {"alpha": 2.0, "beta": 50.0, "base": 0.5}),
    ("circle", "circle", {"gamma": 80.0, "margin": 0.4, "weights": "detached"}),
    ("circle_of_keras", "circle", {"gamma": 80.0, "margin": 0.4, "weights": "attached"}),
    ("simclr", "ntxent", {"others": "in", "pairs": "added", "temperature": 0.5}),
]


@pytest.mark.parametrize(("function", "loss", "axes"), NAMED)
def test_small_implementations(function, loss, axes):
    answer = identify(f"{FILE}:{function}", level="smoke", among=(loss,))
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == (loss, "")
    found = {name: definition.axes[name] for name in axes}
    assert {n: float(f"{v:.9g}") if isinstance(v, float) else v for n, v in found.items()} == axes


def test_the_denominator_of_a_mean_is_told():
    answer = identify(f"{FILE}:ntxent_of_pairs", level="smoke", among=("ntxent",))
    assert answer.found
    assert answer.best.definition.axes["denominator"] == "pairs"
