"""Mistakes in divergences of a softmax are named; right ones are told by their conventions."""

from functools import cache

import pytest

from crossval.engine import certify
from crossval.target import Target
from tests.crossval.conftest import TARGETS

FILE = "numpy_divergences.py"

# target, loss, words that name what is wrong with its values
HINTON = "softmax_kl/hinton"
NAMED = [
    ("averaged", "softmax_kl", "averaged over the classes"),
    ("crossed", "softmax_kl", "the entropy of the target is not subtracted"),
    ("raised", "softmax_kl", "1e-06 is added to the softmax before its logarithm"),
    ("raised_both", "softmax_kl", "1e-06 is added to the softmax and to the target before"),
    ("exchanged", "softmax_kl", "the arguments are exchanged"),
    ("of_a_softmax", "softmax_kl", "the softmax is given where its logarithm"),
    ("without_square", HINTON, "not multiplied by the temperature's square"),
    ("untempered", HINTON, "the temperature has no effect"),
    ("js_twice", "softmax_js", "twice what is defined"),
    ("js_in_bits", "softmax_js", "logarithms are to base 2"),
]


@cache
def findings(name, loss):
    """Return what is said of a target's values."""
    declared, _, preset = loss.partition("/")
    target = Target(f"{TARGETS / FILE}:{name}", declared, preset or None, adapter="numpy", init={})
    options = {"dtypes": ("float32",), "level": "smoke", "known": (), "only": ("value",)}
    return [f"{f.message} {f.cause}" for f in certify(target, **options).findings]


@pytest.mark.parametrize(("name", "loss", "words"), NAMED)
def test_a_slip_is_named(name, loss, words):
    found = findings(name, loss)
    assert any(words in each for each in found), found


@pytest.mark.parametrize(("name", "loss"), [("student", HINTON), ("js_in_bits", "softmax_js/lin")])
def test_right_values_have_no_finding(name, loss):
    assert not findings(name, loss)


def test_a_right_loss_passes_every_check(judged):
    certificate = judged(FILE, "kl", "softmax_kl")
    assert not certificate.findings
    assert "gradient by target" in certificate.not_tested
