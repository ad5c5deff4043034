"""Extremes by products are those of the accurate distances: ties, near ties, any magnitude."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refloss.selection import METRICS, batch_hard, checks, distances, extremes
from tests.selection.drawing import draws

ITEMS = 24


def plain(metric, x):
    given = checks.points("x", x)
    return distances.Distances.of(given, given, metric, "difference", 1 << 20)


def found(metric, x, labels):
    """Return the extremes by products, by all accurate distances, and how many rows were open."""
    every = extremes.Extremes.of(plain(metric, x))
    same = labels[:, None] == labels
    rows = np.flatnonzero(~same.all(axis=1))
    far, near = same[rows], ~same[rows]
    accurate = extremes.Extremes(every.distances, None).find(rows, far, near)
    several = (
        len(rows)
        if every.norms is None
        else len(every._by_products(rows, far, near, every.norms)[2])
    )
    return every.find(rows, far, near), accurate, several


@pytest.mark.parametrize("metric", METRICS)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["grid", "cluster", "smooth", "far", "shared", "tiny", "subnormal", "huge"]),
    st.integers(1, 9),
)
@draws(60)
def test_they_are_those_of_the_accurate_distances(metric, seed, kind, parts):
    random = np.random.default_rng(seed)
    x = random.normal(size=(ITEMS, parts))
    match kind:
        case "grid":
            x = np.round(x)
        case "cluster":
            x = 1000.0 + 1e-6 * x
        case "far":
            x[0] = 1e9
        case "shared":
            x[::2] = x[1::2]
        case "tiny":
            x *= 1e-170
        case "subnormal":
            x *= 2.0**-536  # squares are a few times the smallest number
        case "huge":
            x *= 1e160
    ours, accurate, _ = found(metric, x, random.integers(0, 4, ITEMS))
    for got, expected in zip(ours, accurate, strict=True):
        assert got.tolist() == expected.tolist()


def test_smooth_batches_are_decided_by_products_and_near_ones_are_not():
    random = np.random.default_rng(0)
    x, labels = random.normal(size=(200, 32)), np.arange(200) % 20
    assert found("euclidean", x, labels)[2] == 0
    assert found("euclidean", 1e6 + 1e-3 * x, labels)[2] == 200
    x[1] = x[0]  # an item as near as another
    assert 0 < found("euclidean", x, labels)[2] < 60


def test_a_near_tie_goes_to_the_item_that_is_nearer():
    x = np.array([[1e6, 0.0], [1e6, 3e-6], [1e6, 1e-6], [1e6, 2e-6], [-1e6, 0.0]])
    labels = np.array([0, 1, 2, 3, 0])
    norms = (x**2).sum(axis=1)
    assert len(set(norms.tolist())) == 1  # products cannot tell
    assert batch_hard(x, labels).negative[0] == 2


@pytest.mark.parametrize(
    ("metric", "x"),
    [
        ("euclidean", np.full((3, 2), 1e200)),
        ("cosine", np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])),
        ("squared", np.zeros((3, 0))),
    ],
)
def test_where_there_is_no_bound_all_distances_are_computed(metric, x):
    assert extremes.Extremes.of(plain(metric, x)).norms is None
    assert len(batch_hard(x, np.array([0, 0, 1]), metric=metric).anchor) == 2
