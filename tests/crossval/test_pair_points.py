"""The pinned pairs of vectors: on their grid, unchanged, on both sides of whatever turns."""

import numpy as np
import pytest

from crossval.families import FAMILIES, family_of
from crossval.oracles.formats import FORMATS, format_of
from crossval.points import directions
from crossval.points.pairs import MARGINS, PAIR_EDGES, PARTS, REGIMES, point_set

DIGESTS = {
    "float64": "37f5da27995b024f4f4c9f4fd32758e1eb2449412f84319c191f1b054916887f",
    "float32": "3d718978818d739dc283534c37105a0c5d26d66da25554784ae6b47824e40b9c",
    "float16": "61c7e4bc7fff436d27c92ef682dbba90eafa60797b776b1f604290c266554a84",
    "bfloat16": "ea4f45794bf2483dbf6c4db12362db225a2734ef42a5da32938f1b1cfd873d7e",
}
DIRECTIONS = {
    "float64": "26675c25d351fa3074d4ab4f368b49cbf6459580eb923bd91ec1ecb76aab852a",
    "float32": "216d0173237ec64cc3f7c3e0b11337cb97acfed5758c65e0ac9d382309c7a705",
    "float16": "4be805f3acf2919ca6ab401217f31d82d98927021436cbe438f73a36d9a6587f",
    "bfloat16": "2533ebcf8c609313fce7e0f378e188aef2705ca333524c6774b06b7e040e7e18",
}
REACH = 2.0**60


def distance(points):
    first, second = np.split(points.columns[:, :-1], 2, axis=1)
    return np.linalg.norm(first - second, axis=1)


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_lie_on_their_grid_and_are_pinned(dtype):
    points, number = point_set(dtype), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    assert points.digest == DIGESTS[dtype], "a changed point is pairs@2"


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_of_directions_are_pinned(dtype):
    points, number = directions.point_set(dtype), format_of(dtype)
    assert np.array_equal(number.round(points.columns), points.columns)
    assert np.isfinite(points.columns).all()
    assert points.digest == DIRECTIONS[dtype], "a changed point is directions@2"


def test_directions_reach_what_a_loss_of_them_turns_at():
    """Both sides of angles at which formulas part, each margin, zeros, and every range of sizes."""
    points = directions.point_set("float64")
    first, second = np.split(points.columns[:, :-1], 2, axis=1)
    sizes = np.stack([np.abs(x).max(axis=1) for x in (first, second)])
    with np.errstate(all="ignore"):
        units = [x / s[:, None] for x, s in zip((first, second), sizes, strict=True)]
        units = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in units]
    chord = np.linalg.norm(units[0] - units[1], axis=1)
    for low, high in ((0.0, 2.0**-40), (2.0**-40, 2.0**-16), (2.0**-12, 1.0), (1.9, 2.1)):
        assert ((chord > low) & (chord < high)).sum() > 8
    assert (sizes == 0).any(axis=1).all()
    for power in (56, 256, 512):
        assert (sizes > 2.0**power).any()
        assert ((sizes > 0) & (sizes < 2.0**-power)).any()
    for kappa in (0.5, 0.25, 0.125):
        gap = np.abs(chord**2 / 2 - kappa)
        assert ((gap > 0) & (gap < 2.0**-48)).any()


@pytest.mark.parametrize("dtype", FORMATS)
def test_both_labels_are_in_every_regime(dtype):
    points = point_set(dtype)
    for place in REGIMES:
        assert set(points.columns[points.places == place, -1]) == {0.0, 1.0}


@pytest.mark.parametrize("margin", MARGINS)
def test_both_sides_of_every_margin_are_reached_and_the_margin_itself(margin):
    """With each label: at the margin, within some steps of it, and far from it."""
    points = point_set("float64")
    room, same = distance(points) - margin, points.columns[:, -1]
    for label in (0, 1):
        mine = room[same == label]
        assert mine.min() < -margin / 2
        assert mine.max() > margin
        assert (mine == 0).any()
        for side in (mine[mine > 0], -mine[mine < 0]):
            assert side.min() <= 2.0**-48


def test_vectors_coincide_with_both_labels_and_nearly_do():
    points = point_set("float64")
    apart, same = distance(points), points.columns[:, -1]
    assert set(same[apart == 0]) == {0.0, 1.0}
    near = apart[(apart > 0) & (points.places == "few steps apart at 1000")]
    assert near.max() < 2.0**-38


def test_differences_reach_sizes_whose_squares_are_not_carried_exactly():
    """Both arms of what is exact between 2^-60 and 2^60, in float64 and in float32."""
    for dtype in ("float64", "float32"):
        points = point_set(dtype)
        first, second = np.split(points.columns[:, :-1], 2, axis=1)
        top = np.abs(first - second).max(axis=1)
        inside = (top > 1 / REACH) & (top < REACH)
        assert inside.any()
        if dtype == "float64":
            assert (top[~inside] > 1).any()
            assert (top[~inside] < 1).any()


@pytest.mark.parametrize("parts", [1, 2, 33])
def test_other_numbers_of_coordinates_have_the_regimes_alone(parts):
    points = point_set("float32", "smoke", parts)
    assert points.columns.shape[1] == 2 * parts + 1
    assert set(points.places) == set(REGIMES)


def test_the_family_is_that_of_pairs():
    assert family_of("contrastive", "contrastive_cosine") is FAMILIES["directions"]
    assert set(FAMILIES["directions"].regimes) <= set(directions.REGIMES)
    family = family_of("contrastive")
    assert family is FAMILIES["pairs"]
    assert family.wrt == family.differentiable == ("x1", "x2")
    assert set(family.regimes) <= set(REGIMES)
    assert all(len(x1) == len(x2) == PARTS for x1, x2, _ in PAIR_EDGES.values())
    assert family.resized(2).columns == ("x1.0", "x1.1", "x2.0", "x2.1", "same")
