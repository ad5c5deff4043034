"""The pinned rows of cosines: on their grid, unchanged, on both sides of whatever turns."""

import numpy as np
import pytest

import refloss
from crossval.families import FAMILIES, family_of
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.cosine_rows import COSINE_ROW_EDGES, REGIMES, point_set
from crossval.points.rows import CLASSES

DIGESTS = {
    "float64": "e638cc58aa2522424128471c50da7713b6559b0b4fe330c180cf2bc80c24c4aa",
    "float32": "470721e4d4784a57913cecf3a397813b7b72bbc9c7a5fc75bf2da5837e97c65d",
    "float16": "483bbc6a3f812d5ffe6c51775cd98d04dcb04ba0db9bcd76f193f9aceffed601",
    "bfloat16": "40e44d5d8e51efea486e663f0bfa63a96c37ae569a67b04a763d56b9f05d882f",
}


def own(points):
    labels = points.columns[:, -1].astype(int)
    return points.columns[np.arange(len(points)), labels]


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_lie_on_their_grid_and_are_pinned(dtype):
    points, number = point_set(dtype), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    assert points.digest == DIGESTS[dtype], "a changed point is cosine rows@2"


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_are_cosines_but_for_a_step_beyond_each_end(dtype):
    points, number = point_set(dtype, "smoke"), format_of(dtype)
    step = 2.0 ** (1 - number.precision)
    ends = {-1 - step, -1.0, 1.0, 1 + step, 1 - step / 2, step / 2 - 1}
    assert ends <= set(own(points).tolist())
    assert ends <= set(points.columns[points.places == "others at the ends", :-1].ravel().tolist())
    assert np.abs(points.columns[:, :-1]).max() == 1 + step


@pytest.mark.parametrize("policy", ["raw", "cos_fallback", "easy", "mirror", "min", "angle_clip"])
def test_both_sides_of_every_border_are_reached(policy):
    """In the target's cosine, a step beside the border and far from it."""
    points = point_set("float64")
    constants = refloss.resolve("arcface_cosine", None, {"policy": policy}).constants
    room = own(points) - constants["border"] - constants["border_lo"]
    assert (room > 0).any()
    assert (room <= 0).any()
    if policy != "angle_clip":
        assert np.abs(room).min() <= 2.0**-52


@pytest.mark.parametrize("times", range(2, 6))
def test_every_turn_of_a_multiple_is_reached(times):
    side = own(point_set("float64"))
    for part in range(1, 2 * times):
        turn = np.cos(part * np.pi / (2 * times))
        assert np.abs(side - turn).min() <= 2.0**-50
        assert side.min() < turn < side.max()


def test_the_target_is_ahead_level_and_behind():
    """By the softmax of ArcFace: near 1, near 0, and between."""
    points = point_set("float64", "smoke")
    value = refloss.arcface_cosine(points.columns[:, :-1], points.columns[:, -1].astype(int))
    assert value.min() < 1e-8
    assert value.max() > 60
    assert ((value > 0.1) & (value < 5)).any()


@pytest.mark.parametrize("classes", [2, 3, 33])
def test_other_numbers_of_classes_have_the_regimes_alone(classes):
    points = point_set("float32", "smoke", classes)
    assert points.columns.shape[1] == classes + 1
    assert set(points.places) == set(REGIMES)


def test_the_family_is_that_of_given_cosines():
    for loss in ("arcface_cosine", "cosface_cosine", "combined_margin_cosine"):
        assert family_of(loss) is FAMILIES["cosine_rows"]
    family = FAMILIES["cosine_rows"]
    assert family.wrt == family.differentiable == ("cosine",)
    assert set(family.regimes) <= set(REGIMES)
    assert all(len(row) == CLASSES for row, _ in COSINE_ROW_EDGES.values())
    (resized,) = (family.resized(9),)
    assert resized.columns == (*(f"c{k}" for k in range(9)), "class")
