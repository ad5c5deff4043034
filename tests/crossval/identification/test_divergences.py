"""Divergences of a softmax: the temperature is solved for, factors and means are told apart."""

import pytest

from crossval.identification import identify
from tests.crossval.identification.conftest import TARGETS
from tests.crossval.identification.test_rows import title


def identified(attribute):
    file = TARGETS / "numpy_divergences.py"
    return identify(f"{file}:{attribute}", ("softmax_kl", "softmax_js"), adapter="numpy")


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("kl", "softmax_kl/torch"),
        ("student", "softmax_kl/hinton"),
        ("lukewarm", "softmax_kl/torch with temperature=2.5"),
        ("js", "softmax_js/scipy"),
    ],
)
def test_divergences_are_named(attribute, expected):
    assert title(identified(attribute)) == expected


@pytest.mark.parametrize(("attribute", "words"), [("mean", "N (items)"), ("mean_of_all", "N * C")])
def test_what_a_mean_divides_by_is_told(attribute, words):
    answer = identified(attribute)
    assert title(answer) == "softmax_kl/torch"
    assert f"/ {words}," in answer.reduction
