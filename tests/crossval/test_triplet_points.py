"""The pinned triplets of vectors: on their grid, unchanged, on both sides of whatever turns."""

from fractions import Fraction

import numpy as np
import pytest

from crossval.families import FAMILIES, family_of
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.triplets import INPUTS, MARGINS, PARTS, REGIMES, TRIPLET_EDGES, point_set

DIGESTS = {
    "float64": "00cdc47f7070aadbb3e4bdbda72c84dabb0898d114342489fe41614a38fe43bb",
    "float32": "3c53a543f8f8b76820426ad767207087ad445fa3e17d3649de1d574308ffd49a",
    "float16": "d2775c8b425e6946a91005c3ef9d4ae52a141d370e05e0b45303a5f3729888f1",
    "bfloat16": "2e49f95ad4dd01735dc113cded80b1f367645368021b9a9e7e9bc9cf900e9e17",
}


def distances(points, power=2):
    """Return the distances of the three pairs; of squares with power 2, in exact arithmetic."""
    rows = [[Fraction(x) for x in row] for row in points.columns.tolist()]
    found = []
    for row in rows:
        vectors = [row[k : k + PARTS] for k in range(0, len(row), PARTS)]
        pairs = ((0, 1), (0, 2), (1, 2))
        found.append(
            [
                sum(abs(x - y) ** power for x, y in zip(vectors[i], vectors[j], strict=True))
                for i, j in pairs
            ]
        )
    return np.array(found).T


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_lie_on_their_grid_and_are_pinned(dtype):
    points, number = point_set(dtype), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    assert points.digest == DIGESTS[dtype], "a changed point is triplets@2"


@pytest.mark.parametrize("margin", MARGINS)
def test_both_sides_of_every_margin_are_reached(margin):
    """Of distances, far from the margin and within some steps of it."""
    near, far, _ = (np.sqrt(d.astype(float)) for d in distances(point_set("float64")))
    room = far - near - margin
    assert room.min() < -1
    assert room.max() > 1
    for side in (room[room > 0], -room[room < 0]):
        assert side.min() <= 2.0**-32


@pytest.mark.parametrize("margin", [m for m in MARGINS if m])
def test_squares_are_about_every_margin(margin):
    points = point_set("float64")
    near, far, _ = distances(points)
    room = [far - near - Fraction(margin) for far, near in zip(far, near, strict=True)]
    close = [r for r in room if r and abs(r) < Fraction(2) ** -50]
    assert min(close) < 0 < max(close)


def test_margins_are_kept_exactly_by_each_distance():
    points = point_set("float64", "smoke")
    near, far, other = distances(points)
    at = dict(zip(points.places.tolist(), range(len(near)), strict=True))
    assert far[at["squares 1 apart"]] - near[at["squares 1 apart"]] == 1
    row = at["1 farther"]
    assert (near[row], far[row]) == (4, 9)
    row = at["as far, of no rational length"]
    assert near[row] == far[row] == Fraction("5.3125")
    sums = distances(points, 1)
    assert sums[1][at["sums of sizes 1 apart"]] - sums[0][at["sums of sizes 1 apart"]] == 1
    assert (far == other).any()
    assert (sums[1] == sums[2]).any()


def test_every_pair_coincides_somewhere_and_nearly_does():
    points = point_set("float64")
    for apart in distances(points):
        assert (apart == 0).any()
        assert min(apart[apart > 0]) < Fraction(2) ** -80


def test_the_negative_is_nearer_to_either_and_as_far_from_both():
    _, far, other = distances(point_set("float64"))
    gap = far - other
    near = np.array(
        [bool(g) and abs(g) < f * Fraction(2) ** -48 for g, f in zip(gap, far, strict=True)]
    )
    assert near.any()
    assert (gap > 1).any()
    assert (gap < -1).any()


def test_vectors_reach_sizes_whose_squares_are_not_carried_exactly():
    columns = point_set("float64").columns
    size = np.abs(columns).max(axis=1)
    assert (size > 2.0**60).any()
    assert ((size > 0) & (size < 2.0**-60)).any()


@pytest.mark.parametrize("parts", [1, 2, 33])
def test_other_numbers_of_coordinates_have_the_regimes_alone(parts):
    points = point_set("float32", "smoke", parts)
    assert points.columns.shape[1] == 3 * parts
    assert set(points.places) == set(REGIMES)


def test_the_family_is_that_of_triplets():
    family = family_of("triplet")
    assert family is FAMILIES["triplets"]
    assert family.wrt == family.differentiable == INPUTS
    assert set(family.regimes) <= set(REGIMES)
    assert all(len(vector) == PARTS for edge in TRIPLET_EDGES.values() for vector in edge)
    assert family.resized(1).columns == ("anchor.0", "positive.0", "negative.0")
