"""The pinned points of losses of single numbers: on their grid, unchanged, reaching every arm."""

from fractions import Fraction

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS, format_of
from crossval.points.residuals import KNEES, RESIDUALS

DIGESTS = {
    "float64": "9ba140c81d97c0b465d0f283c0b82529c5c074dc73dd54d881d77f3bc3c22a82",
    "float32": "9703e346b648e9ac2626d44b0d2512b03b821322a5dc72e58bbca77c3470f3b3",
    "float16": "2278d9833139d71d19d055302148220a7b80efedcc0c57def8dcbf2b070fdf46",
    "bfloat16": "54d769fe88feb3b807b575b670ee33535f9b07dc693baabe4255c645683780b8",
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
