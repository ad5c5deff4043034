"""Mistakes in losses of rows of similarities: each named; right ones have no finding."""

import pytest

FILE = "torch_similarities.py"

RIGHT = [
    ("circle", "circle", {"gamma": 80.0, "margin": 0.4}),
    ("supcontrast", "supcon", {"temperature": 0.1, "base_temperature": 0.07}),
    ("simclr", "ntxent", {"temperature": 0.5, "others": "in"}),
]

# target, loss, axes that are declared, check in which it is found, words that name it
NAMED = [
    ("inside", "supcon", {}, "value", "logarithm is 'inside'"),
    ("with_itself", "ntxent", {}, "value", "what is left out counts as a negative"),
    (
        "circle_of_keras",
        "circle",
        {"gamma": 80.0, "margin": 0.4},
        "grad[similarities]",
        "weights is 'attached'",
    ),
    ("divided_by_none", "supcon", {}, "special points", "an anchor that has none are divided by"),
    ("bare_exponentials", "supcon", {}, "special points", "exceeds the format's range"),
]


def beside_shapes(certificate):
    """Return the findings but that arrays of other shapes broadcast."""
    return [f for f in certificate.findings if f.code != "RL201"]


@pytest.mark.parametrize(("name", "loss", "axes"), RIGHT)
def test_right_losses_have_no_finding(judged, name, loss, axes):
    assert not beside_shapes(judged(FILE, name, loss, axes=axes))


@pytest.mark.parametrize(("name", "loss", "axes", "check", "words"), NAMED)
def test_a_slip_is_named(judged, name, loss, axes, check, words):
    certificate = judged(FILE, name, loss, axes=axes, only=[check])
    found = [f"{f.message} {f.cause}" for f in certificate.findings if f.check == check]
    assert any(words in each for each in found), [
        (f.check, f.message, f.cause) for f in certificate.findings
    ]
