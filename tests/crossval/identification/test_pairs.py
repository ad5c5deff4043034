"""Losses of pairs are named: form, factor, label, margin, eps and denominator."""

import pytest

from crossval.identification import identify
from tests.crossval.identification.conftest import TARGETS

FILE = TARGETS / "torch_pairs.py"

NAMED = [
    ("hadsell", {"form": "hadsell", "factor": "half", "labels": "same", "margin": 1.0}),
    ("of_the_paper", {"form": "hadsell", "factor": "half", "labels": "different"}),
    ("sentence_transformers", {"form": "hadsell", "margin": 0.5, "eps": 1e-6}),
    ("legacy", {"form": "legacy", "factor": "one", "margin": 1.25}),
    ("linear", {"form": "linear", "factor": "one", "margin": 1.0, "positive_margin": 0.25}),
    ("of_unit_vectors", {"distance": "normalised", "form": "hadsell", "factor": "half"}),
    ("of_cosines", {"distance": "cosine", "margin": 0.5, "form": "hadsell"}),
    ("separate_means", {"distance": "euclidean", "denominator": "separate_nonzero"}),
    ("mean_of_nonzero", {"form": "linear", "denominator": "nonzero"}),
]


@pytest.mark.parametrize(("function", "axes"), NAMED)
def test_small_implementations(function, axes):
    answer = identify(f"{FILE}:{function}", level="smoke")
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, answer.best.relation) == ("contrastive", "")
    found = {name: definition.axes[name] for name in axes}
    assert {n: float(f"{v:.9g}") if isinstance(v, float) else v for n, v in found.items()} == axes


def test_the_denominator_of_a_mean_is_told():
    answer = identify(f"{FILE}:averaged", level="smoke", among=("contrastive",))
    assert answer.found
    assert "N (items)" in str(answer.best) or answer.best.definition.axes["denominator"] == "items"
