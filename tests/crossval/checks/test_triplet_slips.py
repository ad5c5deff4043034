"""Mistakes in losses of triplets: each named; right ones have no finding beside the shapes."""

import pytest

FILE = "torch_triplets.py"
EUCLIDEAN = {"distance": "euclidean", "margin": 0.5}
TORCH = {"distance": "euclidean", "margin": 1.0, "eps": 1e-6}

RIGHT = [
    ("facenet", {}),
    ("swapped", {**TORCH, "swap": "nearest"}),
    ("taxi", {"distance": "manhattan", "margin": 0.3}),
]

# target, axes that are declared, check in which it is found, words that name it
NAMED = [
    ("facenet", {"distance": "euclidean"}, "value", "distance is 'squared'"),
    ("euclidean", {"margin": 0.5}, "value", "distance is 'euclidean'"),
    ("taxi", {"distance": "euclidean", "margin": 0.3}, "value", "distance is 'manhattan'"),
    ("swapped", TORCH, "value", "swap is 'nearest'"),
    ("soft", {"distance": "euclidean", "margin": 0.0}, "value", "hinge is 'soft'"),
    ("wider", {}, "value", "the margin is 0.3"),
    ("mean_of_squares", {}, "value", "the mean over the coordinates is taken"),
    ("of_unit_vectors", {}, "value", "the vectors are normalised first"),
    ("detached", {}, "grad[positive]", "positive receives no gradient"),
    ("bare_root", EUCLIDEAN, "special points", "the slope of the root is infinite"),
    (
        "soft_by_exp",
        {"distance": "euclidean", "hinge": "soft", "margin": 0.0, "eps": 1e-6},
        "special points",
        "take max(x, 0) + log1p(exp(-|x|))",
    ),
]


def beside_shapes(certificate):
    """Return the findings but that arrays of other shapes broadcast, and that squares overflow."""
    known = ("RL201",)
    return [
        f
        for f in certificate.findings
        if f.code not in known and "square-overflow" not in str(f.cause)
    ]


@pytest.mark.parametrize(("name", "axes"), RIGHT)
def test_right_losses_have_no_finding(judged, name, axes):
    assert not beside_shapes(judged(FILE, name, "triplet", axes=axes))


@pytest.mark.parametrize(("name", "axes", "check", "words"), NAMED)
def test_a_slip_is_named(judged, name, axes, check, words):
    only = (check.partition("[")[0] + "*",)
    certificate = judged(FILE, name, "triplet", axes=axes, only=only)
    found = [f"{f.message} {f.cause} {f.fix}" for f in certificate.findings if f.check == check]
    assert any(words in each for each in found), [
        (f.check, f.message, f.cause) for f in certificate.findings
    ]
