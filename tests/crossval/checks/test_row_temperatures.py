"""A declared temperature: right at it, missed, another one; other slips are named beside it."""

from functools import cache

import pytest

from crossval.engine import certify
from crossval.target import Target
from tests.crossval.conftest import TARGETS

FILE = "numpy_row_slips.py"
BOTH = ("value", "grad*")


@cache
def findings(name, temperature):
    axes = {"temperature": temperature}
    target = Target(
        f"{TARGETS / FILE}:{name}", "cross_entropy", "torch", axes, adapter="numpy", init={}
    )
    options = {"dtypes": ("float64",), "level": "smoke", "known": (), "only": BOTH}
    return {f.check: f"{f.message} {f.cause}" for f in certify(target, **options).findings}


def test_the_right_temperature_has_no_finding():
    assert not findings("Tempered", 1.7)


@pytest.mark.parametrize(
    ("name", "temperature", "words"),
    [
        ("CrossEntropy", 1.7, "the temperature has no effect on the softmax"),
        ("Tempered", 2.5, "a temperature of 1.7, not 2.5"),
    ],
)
def test_a_slip_is_named(name, temperature, words):
    found = findings(name, temperature)
    assert set(found) == {"value", "grad[logits]"}
    assert all(words in each for each in found.values()), found
