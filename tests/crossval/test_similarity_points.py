"""The pinned rows of similarities: on their grid, unchanged, with and without every kind."""

import numpy as np
import pytest

from crossval.families import FAMILIES, family_of
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.similarities import COLUMNS, REGIMES, SIMILARITY_EDGES, point_set
from crossval.points.similarity_probes import SIMILARITIES

DIGESTS = {
    "float64": "3cb580d89048388c9ab78d1ad0bfe90ffb9b1eab2123b774ac7b9c3ead4c86a3",
    "float32": "6a6842c7ccc1baa671cd7f780fbcb5e60c90a9acf3fcef02da241af5fb2c33a2",
    "float16": "130d90bd8134788c80822585e2bcccd367e4b6dcef542f38932b2c32e75ab2cf",
    "bfloat16": "11693225255a52775856ad4ca952ef0ebcb82097b1094f759a6202c6817b282b",
}
ONE_KIND = ("positives alone", "negatives alone")


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_lie_on_their_grid_and_are_pinned(dtype):
    points, number = point_set(dtype), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    assert points.digest == DIGESTS[dtype], "a changed point is similarities@2"


def test_every_regime_has_rows_with_one_positive_with_several_and_with_something_left_out():
    points = point_set("float64")
    for place in REGIMES:
        same = points.columns[points.places == place, COLUMNS:]
        assert {*np.unique(same)} <= {-1.0, 0.0, 1.0}
        assert (same < 0).any()
        if place not in ONE_KIND:
            counts = (same == 1).sum(axis=1)
            assert (counts == 1).any()
            assert (counts > 1).any()


def test_negatives_are_ahead_of_positives_and_behind_by_every_distance():
    points = point_set("float64")
    similarities, same = np.split(points.columns, 2, axis=1)
    best = np.where(same == 1, similarities, -np.inf).max(axis=1)
    rival = np.where(same == 0, similarities, -np.inf).max(axis=1)
    both = np.isfinite(best) & np.isfinite(rival)
    lead = best[both] - rival[both]
    assert (lead == 0).any()
    assert lead.min() < -500
    assert lead.max() > 500
    near = np.abs(lead[lead != 0])
    assert near.min() < 2.0**-48


def test_named_rows_lack_positives_negatives_and_both():
    kinds = {(1 in same, 0 in same) for _, same in SIMILARITY_EDGES.values()}
    assert kinds == {(True, True), (True, False), (False, True), (False, False)}
    assert all(len(s) == len(same) == COLUMNS for s, same in SIMILARITY_EDGES.values())


@pytest.mark.parametrize("width", [1, 2, 33])
def test_other_numbers_of_columns_have_the_regimes_alone(width):
    points = point_set("float32", "smoke", width)
    assert points.columns.shape[1] == 2 * width
    assert set(points.places) == set(REGIMES)


def test_the_family_is_that_of_similarities():
    family = family_of("supcon")
    assert family is family_of("ntxent", "ntxent_all") is FAMILIES["similarities"]
    assert family.wrt == family.differentiable == ("similarities",)
    assert set(family.regimes) <= set(REGIMES)
    assert family.resized is not None
    assert family.resized(2).columns == ("s0", "s1", "same0", "same1")
    split = family.split(point_set("float32", "smoke").columns)
    assert split["same"].dtype == np.int64
    assert split["same"].shape == split["similarities"].shape


def test_probes_have_both_kinds_and_hint_at_the_temperature():
    probes = SIMILARITIES.rows("float64", "smoke", ())
    assert all(((p.inputs["same"] == k).any(axis=1)).all() for p in probes for k in (0, 1))
    values = []
    for probe in probes:
        z = probe.inputs["similarities"] / 0.3
        lse = np.logaddexp.reduce(np.where(probe.inputs["same"] >= 0, z, -np.inf), axis=1)
        values.append(np.where(probe.inputs["same"] == 1, lse[:, None] - z, 0).sum(axis=1))
    assert SIMILARITIES.hints is not None
    found = SIMILARITIES.hints(probes, np.concatenate(values))
    assert found == {"temperature": (0.3,)}
    assert SIMILARITIES.hints(probes, 2 * np.concatenate(values)) == {}
