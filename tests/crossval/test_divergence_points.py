"""The pinned points of divergences of a softmax: their grid, their digests and their arms."""

import numpy as np
import pytest

from crossval.families import FAMILIES
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.divergences import DIVERGENCE_EDGES, point_set

DIGESTS = {
    "float64": "20052160e1db3bc426c9ad1e65873a307e3cf2c3856f34c13ef24b7337531916",
    "float32": "97f16d1afccf723659a2095882304d6dfb13d30c2f7288dd6aff0b517f492d32",
    "float16": "62329a8a6c760c1c99cb074cc4ebff54922dc3e75c9c69f69a40802c0e0f3e4b",
    "bfloat16": "85341207c37077b5bbc5605399380d038e52a1cd7f45c0cfa1f065cf20cd2aed",
}


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_lie_on_their_grid_and_are_pinned(dtype):
    points, number = point_set(dtype), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    assert points.digest == DIGESTS[dtype], "a changed point is divergences@2"
    assert set(DIVERGENCE_EDGES) <= set(points.places)


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_arm_is_reached_at_the_smallest_level(dtype):
    """Of q and p: 0, less than half, close, more than twice; sums of 0, about 1 and far from it."""
    logits, q = np.split(point_set(dtype, "smoke").columns, 2, axis=1)
    mass = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = mass / mass.sum(axis=1, keepdims=True)
    assert (q == 0).any()
    assert ((q > 0) & (q < p / 3)).any()
    assert (q > 3 * p).any()
    assert ((q < 2 * p) & (p < 2 * q) & (q != p)).any()
    lean = np.divide(p - q, p + q, where=p + q > 0, out=np.ones_like(p))
    assert (np.abs(lean) < 0.5).any()
    assert (np.abs(lean) > 0.5).any()
    total = q.sum(axis=1)
    assert {0.0, 2.0} < set(total)
    assert (np.abs(total - 1) < 0.5).mean() > 0.9


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_half_of_the_rows_are_close_to_the_optimum(dtype):
    logits, q = np.split(point_set(dtype).columns, 2, axis=1)
    mass = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = mass / mass.sum(axis=1, keepdims=True)
    off = np.abs(p - q).max(axis=1)
    assert 0.3 < (off < 0.125).mean() < 0.8
    assert (off < 2.0**-20).any()


def test_a_family_judges_by_the_logits_and_takes_other_numbers_of_classes():
    family = FAMILIES["divergences"]
    assert family.wrt == ("logits",)
    assert set(family.regimes) <= set(family.points("float32", "smoke").places)
    other = family.resized(4)
    assert other.points("float32", "smoke").columns.shape[1] == 8
