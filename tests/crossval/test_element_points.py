"""The pinned points of losses of single numbers: on their grid, unchanged, reaching every arm."""

from fractions import Fraction

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS, format_of
from crossval.points.residuals import KNEES, RESIDUALS

DIGESTS = {
    "float64": "c9d8e53d7558abdaf93212bb55cdeb23f664bf6a9de91d3c611442a05b5cfd6c",
    "float32": "3e69680ad4ae688fb709826b3b7983dbb244edb38f79aefc4518c95f3c377ff7",
    "float16": "bc9b9fa88dbe991f052d73843471414c107f6a080ac84feafbe25a8838c32e92",
    "bfloat16": "940712decd9c584e51e9621628f96bd67b9e9f6ebec14ce0702045a5a2e27b5c",
}


def arms(columns):
    """Return which side of 0 and of every knee the differences lie on, decided exactly."""
    found = {}
    for pred, target in columns.tolist():
        d = Fraction(pred) - Fraction(target)
        for name, bound in {"0": 0, **{str(k): Fraction(k) for k in KNEES}}.items():
            size = d if name == "0" else abs(d)
            found.setdefault(name, set()).add((size > bound) - (size < bound))
    return found


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("level", ["smoke", "standard"])
def test_every_arm_of_every_case_is_reached(dtype, level):
    assert all(
        sides == {-1, 0, 1} for sides in arms(RESIDUALS.points(dtype, level).columns).values()
    )


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_lie_on_their_grid_and_are_pinned(dtype):
    points, number = RESIDUALS.points(dtype), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    assert points.digest == DIGESTS[dtype], "a changed point is residuals@2"


def test_named_points_that_a_format_holds_are_the_same_in_all():
    wide = RESIDUALS.points("float64")
    for dtype in FORMATS:
        points = RESIDUALS.points(dtype)
        for name, row in zip(
            points.places[points.special], points.columns[points.special], strict=True
        ):
            assert (wide.columns[wide.places == name] == row).all()
