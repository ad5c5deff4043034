"""The truth of losses of triplets beside jets and autograd, and what it says at kinks."""

import numpy as np
import pytest

import refloss
from crossval.families import FAMILIES
from crossval.oracles.autograd import witness
from crossval.oracles.enclosure import overlap
from crossval.points.triplets import point_set

ORACLE = FAMILIES["triplets"].oracle
CONVENTIONS = [
    {},
    {"distance": "euclidean", "margin": 1.0, "eps": 1e-6, "swap": "nearest"},
    {"distance": "euclidean", "eps": 0.25, "placement": "sum", "hinge": "soft"},
    {"distance": "manhattan", "margin": 1.0, "eps": 1e-6},
]


def ordinary():
    points = point_set("float64", "smoke")
    return points.columns[~np.isin(points.places, ("huge", "tiny", "offset 1000"))]


@pytest.mark.parametrize("axes", CONVENTIONS, ids=str)
def test_truth_kernel_and_autograd_agree(axes):
    spec, columns = refloss.resolve("triplet", None, axes), ordinary()
    upstream = np.linspace(-2, 2, len(columns))
    known = ORACLE.truth(spec, columns, upstream)
    value, grad = ORACLE.kernel(spec, columns, upstream)
    _, packing = ORACLE.packed(spec, columns)
    other, slopes = witness(spec, columns, upstream, packing=packing)
    bound, bounds = ORACLE.rounding_bound(spec, columns, upstream, dtype="float64")
    np.testing.assert_allclose(value, known.value_hi, rtol=2.0**-50, atol=0)
    assert (np.abs(other - known.value_hi) <= 2 * bound).all()
    regular = known.kind == "regular"
    assert regular.mean() > 0.7
    assert (np.abs(slopes - known.grad_hi) <= 2 * bounds)[regular].all()
    assert (np.abs(grad - known.grad_hi) <= bounds)[regular].all()


@pytest.mark.parametrize("axes", CONVENTIONS, ids=str)
def test_the_derived_derivatives_overlap_the_jets(axes):
    spec, columns = refloss.resolve("triplet", None, axes), point_set("float64").columns[::9]
    _, packing = ORACLE.packed(spec, columns)
    rng = np.random.default_rng(5)
    bar, direction = rng.normal(size=len(columns)), rng.normal(size=columns.shape)
    apart, compared = overlap(spec, columns, bar, hvp=direction, packing=packing)
    assert apart == []
    assert compared > 0.6 * len(columns)


def at(row, **axes):
    """Return the truth of one triplet of two numbers each."""
    spec = refloss.resolve("triplet", None, axes)
    return ORACLE.truth(spec, np.array([row], float), np.ones(1))


def vertices(found):
    """Return the distinct gradients of the only row."""
    return sorted(map(tuple, np.round(found.vertices[0], 12).tolist()))


def test_equal_distances_of_no_rational_length_are_told_exactly():
    """Both are the root of 5: their squares are compared."""
    row = [0, 0, 1, 2, 2, -1]
    assert at(row, distance="euclidean", margin=0.0).kind.tolist() == ["tie"]
    assert at(row, margin=0.0).kind.tolist() == ["tie"]
    assert at(row, distance="euclidean", margin=0.5).kind.tolist() == ["regular"]
    assert at([0, 0, 1, 2, 2, -1.5], distance="euclidean", margin=0.0).kind == ["regular"]


def test_a_margin_that_is_just_kept_has_two_slopes():
    """5 is 1 less than 6, by distances; the hinge passes on both unit vectors, or nothing."""
    found = at([0, 0, 3, 4, 0, 6], distance="euclidean", margin=1.0)
    assert found.kind.tolist() == ["tie"]
    assert vertices(found) == [(-0.6, 0.2, 0.6, 0.8, 0.0, -1.0), (0.0,) * 6]
    squared = at([0, 0, 1, 0, 1, 1], margin=1.0)
    assert vertices(squared) == [(0.0,) * 6, (0.0, 2.0, 2.0, 0.0, -2.0, -2.0)]


def test_a_negative_between_has_the_slope_of_either_distance_if_pairs_are_swapped():
    row = [-1, 0, 1, 0, 0, 1]
    found = at(row, swap="nearest", margin=0.0)
    assert found.kind.tolist() == ["tie"]
    assert vertices(found) == [(-4, 0, 2, 2, 2, -2), (-2, 2, 4, 0, -2, -2)]
    mean = refloss.triplet.grad(*np.split(np.array([row], float), 3, 1), swap="nearest", margin=0.0)
    np.testing.assert_array_equal(np.hstack(list(mean.values()))[0], found.vertices[0].mean(axis=0))
    assert at(row, margin=0.0).kind.tolist() == ["regular"]


def test_coincident_vectors_are_regular_where_no_root_is_taken():
    row = [1, 2, 1, 2, 3, 1]
    assert at(row, margin=9.0).kind.tolist() == ["regular"]
    found = at(row, distance="euclidean", margin=9.0)
    assert found.kind.tolist() == ["undefined"]
    assert at(row, distance="euclidean", margin=9.0, eps=0.25).kind.tolist() == ["regular"]
    assert at(row, distance="euclidean", margin=1.0).kind.tolist() == ["regular"]  # kept: 0
    taxi = at(row, distance="manhattan", margin=9.0)
    assert taxi.kind.tolist() == ["tie"]
    assert len(taxi.vertices[0]) == 4  # either sign of either number
