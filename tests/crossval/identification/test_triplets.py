"""Losses of triplets are named: distance, margin, swap, hinge, eps and its place, denominator."""

import pytest

from crossval.identification import identify
from tests.crossval.identification.conftest import TARGETS

FILE = TARGETS / "torch_triplets.py"

NAMED = [
    ("facenet", {"distance": "squared", "hinge": "hinge", "margin": 0.2, "swap": "anchor"}),
    ("swapped", {"distance": "euclidean", "swap": "nearest", "margin": 1.0, "eps": 1e-6}),
    ("inside", {"distance": "euclidean", "placement": "sum", "eps": 1e-6, "margin": 1.0}),
    ("taxi", {"distance": "manhattan", "margin": 0.3}),
    ("soft", {"distance": "euclidean", "hinge": "soft", "margin": 0.0}),
]


@pytest.mark.parametrize(("function", "axes"), NAMED)
def test_small_implementations(function, axes):
    answer = identify(f"{FILE}:{function}", level="smoke")
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == ("triplet", "")
    found = {name: definition.axes[name] for name in axes}
    assert {n: float(f"{v:.9g}") if isinstance(v, float) else v for n, v in found.items()} == axes


def test_the_denominator_of_a_mean_is_told():
    answer = identify(f"{FILE}:averaged", level="smoke", among=("triplet",))
    assert answer.found
    assert "N (items)" in str(answer.best) or answer.best.definition.axes["denominator"] == "items"


def test_unit_vectors_are_a_way_of_reading():
    answer = identify(f"{FILE}:of_unit_vectors", level="smoke", among=("triplet",))
    assert answer.found
    assert answer.best.definition.title.endswith("with inputs normalised")
