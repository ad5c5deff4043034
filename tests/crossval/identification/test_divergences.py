"""Divergences of a softmax: the temperature is solved for, factors and means are told apart."""

import numpy as np
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


@pytest.mark.parametrize(
    ("attribute", "name", "words", "value"),
    [
        ("mean", "torch", "N (items)", "items"),
        ("mean_of_all", "torch_mean", "N * C", "logits"),
        ("student_mean_of_all", "hinton with denominator=logits", "N * C", "logits"),
    ],
)
def test_what_a_mean_divides_by_chooses_the_preset(attribute, name, words, value):
    answer = identified(attribute)
    assert title(answer) == f"softmax_kl/{name}"
    assert f"/ {words}," in answer.reduction
    told = {axis.name: axis.value for axis in answer.axes if axis.told_by == ("reduction",)}
    assert told == {"denominator": value}
    assert not answer.open
    assert "RL807" not in {note.code for note in answer.notes}


def test_a_sum_over_the_entries_is_no_denominator_of_a_loss_without_it(near):
    def loss(logits, target):
        below = logits - logits.max(axis=1, keepdims=True)
        log_p = below - np.log(np.exp(below).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(target)), target].sum() / logits.size

    answer = near(loss, ("cross_entropy", "softmax_focal"), "rows")
    assert "the sum is divided by N * C: no choice of denominator" in [
        note.words for note in answer.notes
    ]
