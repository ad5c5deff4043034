"""The pinned points of cosines: on their grid, unchanged, on both sides of whatever turns."""

import mpmath as mp
import numpy as np
import pytest

from crossval.families import FAMILIES
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.cosines import COSINES

DIGESTS = {
    "float64": "4acc43cf396a6e1a3f77c0e98a99bacc4b55819b1f57b1ee9beca427d90363cc",
    "float32": "61cbeedad78df7b692e5be77e6bfee17485baf20f5e4e0f23ece785fbc820a69",
    "float16": "2f376ffacb25d4671057263e955a9f5d181ab052fd857e2f96d062636c84760c",
    "bfloat16": "0dc32ee5bd921a3c92637298e905a4558a9ed06f833181aad7a711a3ee56b431",
}


def turns():
    """Return cosines at which a logit or its slope is 0, or a formula ends, to 40 digits."""
    with mp.workdps(40):
        margins = [mp.mpf(1) / 2, mp.mpf(2) / 5, mp.radians(mp.mpf("28.6"))]
        found = [sign * f(m) for m in margins for f in (mp.cos, mp.sin) for sign in (1, -1)]
        found += [-mp.cos(m / 2) for m in margins]
        multiples = [(times, part) for times in range(2, 6) for part in range(1, 2 * times)]
        return found + [mp.cos(part * mp.pi / (2 * times)) for times, part in multiples]


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_lie_on_their_grid_and_are_pinned(dtype):
    points, number = COSINES.points(dtype), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    assert points.digest == DIGESTS[dtype], "a changed point is cosines@2"


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_are_cosines_but_for_a_step_beyond_each_end(dtype):
    cosine, number = COSINES.points(dtype, "smoke").columns[:, 0], format_of(dtype)
    step = 2.0 ** (1 - number.precision)
    assert {-1 - step, -1.0, 1.0, 1 + step, 1 - step / 2, step / 2 - 1} <= set(cosine.tolist())
    assert np.abs(cosine).max() == 1 + step


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_turn_has_points_a_few_steps_beside_it_on_both_sides(dtype):
    cosine, number = COSINES.points(dtype, "standard").columns[:, 0], format_of(dtype)
    for turn in turns():
        room = 4 * number.ulp(np.array([float(turn)]))[0] + 1e-300
        near = [c for c in cosine.tolist() if abs(c - float(turn)) <= room]
        sides = {mp.sign(mp.mpf(c) - turn) for c in near}
        assert {-1, 1} <= sides or abs(float(turn)) < 1e-30, (turn, near)


def test_the_family_judges_by_its_only_input():
    family = FAMILIES["cosines"]
    assert family.wrt == family.differentiable == ("cosine",)
    assert set(family.regimes) <= set(COSINES.regimes)
