"""The truth of losses of given vectors beside jets and autograd, and what it says at kinks."""

import numpy as np
import pytest

import refloss
from crossval.families import FAMILIES
from crossval.oracles.autograd import witness
from crossval.oracles.enclosure import overlap
from crossval.oracles.vector_columns import VectorColumns, VectorPacking
from crossval.points import directions
from crossval.points.pairs import point_set

ORACLE = FAMILIES["pairs"].oracle
CONVENTIONS = [
    {},
    {"form": "legacy", "factor": "one"},
    {"form": "linear", "positive_margin": 0.25},
    {"labels": "different", "eps": 1e-6, "margin": 0.5},
]
DIRECTIONS = [
    {"distance": "normalised", "form": "linear", "least_norm": 0.125},
    {"distance": "cosine", "margin": 0.5},
]


def ordinary():
    points = point_set("float64", "smoke")
    return points.columns[~np.isin(points.places, ("huge", "tiny"))]


@pytest.mark.parametrize("axes", CONVENTIONS, ids=str)
def test_truth_kernel_and_autograd_agree(axes):
    spec, columns = refloss.resolve("contrastive", None, axes), ordinary()
    upstream = np.linspace(-2, 2, len(columns))
    known = ORACLE.truth(spec, columns, upstream)
    value, grad = ORACLE.kernel(spec, columns, upstream)
    numbers, packing = ORACLE.packed(spec, columns)
    other, slopes = witness(spec, numbers, upstream, packing=packing)
    bound, bounds = ORACLE.rounding_bound(spec, columns, upstream, dtype="float64")
    np.testing.assert_allclose(value, known.value_hi, rtol=2.0**-50, atol=0)
    assert (np.abs(other - known.value_hi) <= bound).all()
    regular = known.kind == "regular"
    assert regular.mean() > 0.8
    near = np.abs(slopes - known.grad_hi[:, :-1]) <= bounds[:, :-1]
    assert near[regular].all()
    assert not grad[:, -1].any()  # a label has no slope


@pytest.mark.parametrize("axes", DIRECTIONS, ids=str)
def test_truth_kernel_and_autograd_agree_on_directions(axes):
    """Where autograd's formula, a difference of unit vectors or one less a cosine, has digits."""
    spec, points = refloss.resolve("contrastive", None, axes), directions.point_set("float64")
    clear = ("random", "near a margin", *directions.DIRECTION_EDGES)
    columns = points.columns[np.isin(points.places, clear)]
    upstream = np.linspace(-2, 2, len(columns))
    known = ORACLE.truth(spec, columns, upstream)
    value, _ = ORACLE.kernel(spec, columns, upstream)
    numbers, packing = ORACLE.packed(spec, columns)
    other, slopes = witness(spec, numbers, upstream, packing=packing)
    np.testing.assert_allclose(value, known.value_hi, rtol=2.0**-50, atol=2.0**-90)
    np.testing.assert_allclose(other, known.value_hi, rtol=0, atol=2.0**-46)
    regular = known.kind == "regular"
    assert regular.mean() > 0.8
    size = np.abs(known.grad_hi).max(axis=1, keepdims=True)
    near = np.abs(slopes - known.grad_hi[:, :-1]) <= 2.0**-40 * (1 + size)
    assert near[regular].all()


@pytest.mark.parametrize("axes", [*CONVENTIONS, *DIRECTIONS], ids=str)
def test_the_derived_derivatives_overlap_the_jets(axes):
    points = directions.point_set if "distance" in axes else point_set
    spec, columns = refloss.resolve("contrastive", None, axes), points("float64").columns[::9]
    numbers, packing = ORACLE.packed(spec, columns)
    rng = np.random.default_rng(5)
    bar, direction = rng.normal(size=len(columns)), rng.normal(size=numbers.shape)
    apart, compared = overlap(spec, numbers, bar, hvp=direction, packing=packing)
    assert apart == []
    assert compared > 0.75 * len(columns)


def kinds(axes, rows):
    spec = refloss.resolve("contrastive", None, axes)
    return ORACLE.truth(spec, np.array(rows, float), np.ones(len(rows)))


def test_coincident_vectors_are_regular_where_no_root_is_taken():
    """Of one kind by the squared distance, and of the legacy form; undefined by a distance.

    A hinge of a distance of 0 at a margin of 0 resolves to the side on which nothing is read.
    """
    rows = [[1, 2, 1, 2, 1], [1, 2, 1, 2, 0]]
    assert kinds({}, rows).kind.tolist() == ["regular", "undefined"]
    assert kinds({"form": "legacy"}, rows).kind.tolist() == ["regular", "regular"]
    found = kinds({"form": "linear"}, rows)
    assert found.kind.tolist() == ["regular", "undefined"]
    assert not found.grad_hi.any()
    margin = {"form": "linear", "positive_margin": 0.25}
    assert kinds(margin, rows).kind.tolist() == ["regular", "undefined"]


def test_a_distance_at_the_margin_is_a_tie_of_two_slopes():
    """5 of 3 and 4 is decided exactly, although it is a root."""
    found = kinds({"form": "linear", "margin": 5.0, "factor": "one"}, [[3, 4, 0, 0, 0]])
    assert found.kind.tolist() == ["tie"]
    slopes = sorted(map(tuple, found.vertices[0][:, :2].tolist()))
    np.testing.assert_allclose(slopes, [[-0.6, -0.8], [0, 0]], rtol=1e-15)
    assert kinds({"margin": 5.0}, [[3, 4, 0, 0, 0]]).kind.tolist() == ["regular"]


def test_vectors_without_a_label():
    """Three vectors a row: the packing of triplets."""
    packing = VectorPacking(3)
    assert packing.tangents(range(6)) == [[0, 1], [2, 3], [4, 5]]
    assert packing.width(6) == 3
    columns = np.arange(6.0)[None]
    numbers, found = VectorColumns(3, labelled=False).packed(None, columns)
    assert numbers.shape == (1, 6)
    assert found.labels is None
