"""Center losses are named: factor, clip and denominator, of modules that own their centres too."""

import pytest

from crossval.identification import identify
from tests.crossval.identification.conftest import TARGETS

FILE = TARGETS / "torch_centers.py"

NAMED = [
    ("of_rows", {"factor": "half", "clip": "none"}),
    ("CenterLoss", {"factor": "half", "clip": "none", "denominator": "items"}),
    ("OfMatrix", {"factor": "one", "clip": "masked"}),
    ("Masked", {"factor": "one", "clip": "own"}),
]


@pytest.mark.parametrize(("name", "axes"), NAMED)
def test_small_implementations(name, axes):
    answer = identify(f"{FILE}:{name}", level="smoke")
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == ("center", "")
    assert {name: definition.axes[name] for name in axes} == axes


def test_the_denominator_of_a_mean_is_told():
    answer = identify(f"{FILE}:Summed", level="smoke", among=("center",))
    assert answer.found
    assert "sum over the rows / 1 (sum)" in answer.reduction


def test_directions_are_a_way_of_reading():
    answer = identify(f"{FILE}:of_directions", level="smoke", among=("center",))
    assert answer.found
    assert "normalised vectors" in answer.best.definition.title
