"""Mistakes in losses of pairs: each named; right ones have no finding beside the shapes."""

import pytest

FILE = "torch_pairs.py"

RIGHT = [
    ("hadsell", {}),
    ("of_the_paper", {"labels": "different"}),
    ("sentence_transformers", {"margin": 0.5, "eps": 1e-6}),
    ("legacy", {"form": "legacy", "factor": "one", "margin": 1.25}),
    ("linear", {"form": "linear", "factor": "one", "positive_margin": 0.25}),
    ("of_unit_vectors", {"distance": "normalised", "least_norm": 1e-12}),
]

# target, axes that are declared, check in which it is found, words that name it
NAMED = [
    ("of_the_paper", {}, "value", "labels is 'different'"),
    ("legacy", {"factor": "one", "margin": 1.25}, "value", "form is 'legacy'"),
    ("hadsell", {"factor": "one"}, "value", "factor is 'half'"),
    ("hadsell", {"eps": 1e-6}, "value", "nothing is added to the differences"),
    ("sentence_transformers", {"margin": 0.5}, "value", "1e-06 is added to every difference"),
    ("wider", {}, "value", "the margin is 1.25"),
    ("mean_of_squares", {}, "value", "the mean of the squared differences is taken"),
    ("of_unit_vectors", {}, "value", "distance is 'normalised'"),
    ("of_cosines", {"margin": 0.5}, "value", "distance is 'cosine'"),
    ("of_cosines", {"distance": "normalised", "margin": 0.5}, "value", "distance is 'cosine'"),
    ("detached", {}, "grad[x2]", "x2 receives no gradient"),
    ("bare_root", {}, "special points", "the slope of the root is infinite at a distance of 0"),
]


def beside_shapes(certificate):
    """Return the findings but that arrays of other shapes broadcast."""
    return [f for f in certificate.findings if f.code != "RL201"]


@pytest.mark.parametrize(("name", "axes"), RIGHT)
def test_right_losses_have_no_finding(judged, name, axes):
    assert not beside_shapes(judged(FILE, name, "contrastive", axes=axes))


def test_one_less_a_cosine_is_right_and_loses_digits(judged):
    """Its values have them where the loss is flat; the slopes do not."""
    axes = {"distance": "cosine", "least_norm": 1e-8, "margin": 0.5}
    found = beside_shapes(judged(FILE, "of_cosines", "contrastive", axes=axes))
    assert {f.code for f in found} == {"RL402"}


@pytest.mark.parametrize(("name", "axes", "check", "words"), NAMED)
def test_a_slip_is_named(judged, name, axes, check, words):
    certificate = judged(FILE, name, "contrastive", axes=axes)
    found = [f"{f.message} {f.cause}" for f in certificate.findings if f.check == check]
    assert any(words in each for each in found), [
        (f.check, f.message, f.cause) for f in certificate.findings
    ]
