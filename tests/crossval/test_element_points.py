"""The pinned points of losses of single numbers: on their grid, unchanged, reaching every arm."""

from fractions import Fraction

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS, format_of
from crossval.points.residuals import KNEES, RESIDUALS

DIGESTS = {
    "float64": "69b892a94b4dd5d4af56084c71d96d323c7ead2de42352ad5f81c691d78183d3",
    "float32": "a4ff88a486087dfa25f140374a07e8255ab4d70351bb2c491837f2a939b866be",
    "float16": "dd5705d9f77bf27f29a50e519f7c7c5138410d0fcd8799fe93991c234a0527ba",
    "bfloat16": "bd8f875e2727b26ddf2bcf03e78eea03ca777788a54b3c9a9eb0da8b3cb15fc3",
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
