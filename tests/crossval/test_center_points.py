"""The pinned vectors and centres: on their grid, unchanged, on both sides of whatever turns."""

import numpy as np
import pytest

from crossval.families import FAMILIES, family_of
from crossval.oracles.center_columns import PARTS
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.centers import CLASSES, ENDS, REGIMES, point_set

DIGESTS = {
    "float64": "3073bdf40abd2c94c5906c278cc198e03b95a12e1d3ad7575989c21c292c82ab",
    "float32": "345a74d29525fafdbfe7c25cf8d549f7ebfb6da58f9a68c6584c942825893a42",
    "float16": "cd8591e94eb9828010910bb01a569844fdbf8524f5363e93652f86a99ebebc42",
    "bfloat16": "e7687e41b7733de8cfd61e9820951ebbf42137f3ec6dd6fe2d4f3b5ffcfbe2d4",
}


def differences(points):
    columns = points.columns
    at = PARTS * (1 + columns[:, -1:].astype(int)) + np.arange(PARTS)
    return columns[:, :PARTS] - np.take_along_axis(columns, at, axis=1)


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_lie_on_their_grid_and_are_pinned(dtype):
    points, number = point_set(dtype), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    assert points.digest == DIGESTS[dtype], "a changed point is centers@2"


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_class_is_in_every_regime(dtype):
    points = point_set(dtype)
    for place in REGIMES:
        assert set(points.columns[points.places == place, -1]) == set(range(CLASSES))


def test_both_sides_of_both_ends_of_a_clip_are_reached_and_one_end_itself():
    squares = (differences(point_set("float64")) ** 2).sum(axis=1)
    for end in ENDS:
        assert (squares[squares < end] > end / 8).any()
        assert (squares[squares > end] < end * 8).any()
    assert (squares == ENDS[1]).any()


def test_vectors_are_at_their_centres_and_nearly_are():
    apart = differences(point_set("float64"))
    places = point_set("float64").places
    assert (~apart.any(axis=1)).sum() == 3
    near = np.abs(apart[places == "few steps apart at 1000"]).max(axis=1)
    assert 0 < near[near > 0].min() < near.max() < 2.0**-40


@pytest.mark.parametrize("classes", [1, 2, 33])
def test_other_numbers_of_classes_have_the_regimes_alone(classes):
    points = point_set("float32", "smoke", classes)
    assert points.columns.shape[1] == 4 * (1 + classes) + 1
    assert set(points.places) == set(REGIMES)
    assert points.columns[:, -1].max() < classes


def test_the_family_is_that_of_centres():
    family = family_of("center")
    assert family is FAMILIES["centers"]
    assert family.wrt == family.differentiable == ("x", "centers")
    assert set(family.regimes) <= set(REGIMES)
    assert family.resized(2).wholes == {"centers": (2, 4)}
    given = {"x": np.zeros((5, 7)), "centers": np.zeros((9, 7)), "target": np.zeros(5)}
    assert family.fitted(given).wholes == {"centers": (9, 7)}
