"""The pinned points: on their grid, valid, unchanged, and reaching every arm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossval.bits import hexadecimal, step, to_bits
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.arms import REACHABLE, arms, missed
from crossval.points.boxes import point_set
from crossval.points.edges import EDGE_CASES
from crossval.points.relations import RELATIONS, Recipe
from crossval.points.strategies import box_cases

DIGESTS = {
    "float64": "b4910be32f347eb10f1c4ee2995962ad7af0c3e3a3a53c25820547b7cf1f8411",
    "float32": "34cda04292088b4c45aa560e2a35467fa63916f3b0767cb88b8ca12dffb44fd5",
    "float16": "f567d2ab7ddf0829cb4c9a8bfd830586db64da33eb506b15254d5e77a2a28429",
    "bfloat16": "410bae0e28014ba01e4888ec19a2364bfd2fa187a4626fe16078c7542239d27e",
}


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_arm_is_reached_at_the_smallest_level(dtype):
    assert missed(point_set(dtype, "smoke").columns) == {}


@pytest.mark.parametrize("dtype", FORMATS)
def test_regimes_alone_reach_what_random_boxes_can(dtype):
    points = point_set(dtype, "standard")
    gaps = missed(points.columns[~points.special])
    for comparison in ("px1 ? tx1", "overlap in x ? 0", "overlap in y ? 0", "IoU ? 1/2"):
        assert not gaps.get(comparison, frozenset()) & {"<", ">"}


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("level", ["smoke", "standard"])
def test_points_lie_on_their_grid_and_are_valid(dtype, level):
    points, number = point_set(dtype, level), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    for boxes in points.inputs.values():
        assert (boxes[:, :2] <= boxes[:, 2:]).all()
    assert (points.upstream > 0).any()
    assert (points.upstream < 0).any()
    assert len(np.unique(points.upstream)) > len(points) // 20


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_are_pinned(dtype):
    assert point_set(dtype, "standard").digest == DIGESTS[dtype], "a changed point is boxes@2"


def test_named_points_are_the_same_boxes_in_every_format():
    sets = [point_set(dtype, "smoke") for dtype in FORMATS]
    for points in sets:
        rows = points.columns[points.special]
        assert np.array_equal(rows, sets[0].columns[sets[0].special])
    assert len(EDGE_CASES) == sets[0].special.sum()


def test_arms_decide_exactly():
    half = np.array([[0, 0, 6, 6, 0.5, 1, 5, 5]])
    above = half.copy()
    above[0, 7] = np.nextafter(5.0, 6.0)
    assert arms(half)["IoU ? 1/2"] == ["="]
    assert arms(above)["IoU ? 1/2"] == [">"]
    assert set(arms(half)) == set(REACHABLE)


def test_take_keeps_rows_together():
    points = point_set("float32", "smoke")
    some = points.take(points.places == "huge")
    assert set(some.places) == {"huge"}
    assert len(some) == len(some.upstream) == 8


@pytest.mark.parametrize("dtype", FORMATS)
def test_step_moves_one_unit_through_zero(dtype):
    number = format_of(dtype)
    around = np.array([0.0, number.tiny, -number.tiny, 1.0, -1.0])
    moved = step(around, 1, number)
    assert moved.tolist()[:3] == [number.tiny, 2 * number.tiny, 0.0]
    assert moved[3] == 1 + 2 * number.roundoff
    assert moved[4] == -1 + number.roundoff
    assert np.array_equal(step(moved, -1, number), around)


def test_bits_are_those_of_ieee():
    assert hexadecimal(17.0, format_of("float32")) == "0x41880000"
    assert to_bits(np.array([1.0]), format_of("bfloat16")).tolist() == [0x3F80]


@given(box_cases(dtype=st.sampled_from(sorted(FORMATS)), max_rows=6))
def test_drawn_cases_are_valid_boxes_that_replay(case):
    pred, target = case
    number = format_of(case.recipe.dtype)
    assert pred.shape == target.shape == (case.recipe.rows, 4)
    for boxes in (pred, target):
        wide = boxes.astype(np.float64)
        assert np.isfinite(wide).all(), case.describe()
        assert (wide[:, :2] <= wide[:, 2:]).all(), case.describe()
        assert np.array_equal(number.round(wide), wide)
    again = type(case)(case.recipe)
    assert np.array_equal(again.columns, case.columns)
    for edge in case.recipe.ties:
        assert edge in case.describe()


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_relation_makes_pairs(relation):
    pred, target = Recipe(relation, "float32", 5, seed=1).make()
    assert pred.shape == target.shape == (5, 4)
    assert not np.array_equal(pred, target) or relation == "identical"
