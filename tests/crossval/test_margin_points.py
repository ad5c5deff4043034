"""The pinned rows of margin losses: on their grid, unchanged, beside every kink and on it."""

from fractions import Fraction

import numpy as np
import pytest

from crossval.families import FAMILIES, family_of
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.margins import MARGIN_EDGES, REGIMES, point_set
from crossval.points.rows import CLASSES
from refloss.run.kernels import library

FORMS = ("crammer_singer", "weston_watkins", "one_vs_all", "categorical_hinge")
DIGESTS = {
    "float64": "c913997ac5d550b690a8c33bdcb38bdd9a535a4683d59dfe91a2fd777ab62e73",
    "float32": "6f9d930b1f3b6e2cdc7b9697f79885b1b6f1e0075a48fa3125b2a6074db15b01",
    "float16": "2968d35a63aa1d1202fcd8e951fc77110b6cc8d942bc68da99dc3ffadec4dbac",
    "bfloat16": "f6811272cf92d1b9d8d8a49bba24cab21bd93d03d8321ad9ac12af7ab97c4812",
}
SIGNS = set("<=>")
ARMS = {
    "margin + largest other - own ? 0": SIGNS,
    "margin + another - own ? 0": SIGNS,
    "margin + largest other or 0 - own ? 0": SIGNS,
    "margin - own ? 0": SIGNS,
    "margin + another ? 0": SIGNS,
    "largest others, margin missed": {"one", "several", "all"},
    "largest other ? 0, margin missed": SIGNS,
    "others ruled out": {"none", "some", "all"},
}
"""What the comparisons of a row can come to, at margin 1."""


def sign(number):
    return "<" if number < 0 else ">" if number > 0 else "="


def arms(row):
    """Return the arms that a row takes, decided exactly."""
    scores, target = row[:-1], int(row[-1])
    others = np.delete(scores, target)
    finite = [Fraction(x) for x in others[np.isfinite(others)].tolist()]
    own, out = Fraction(scores[target]), len(others) - len(finite)
    found = {name: set() for name in ARMS}
    found["others ruled out"] |= {"none" if not out else "some" if finite else "all"}
    found["margin - own ? 0"] |= {sign(1 - own)}
    largest = max(finite, default=None)
    for each in finite:
        found["margin + another - own ? 0"] |= {sign(1 + each - own)}
        found["margin + another ? 0"] |= {sign(1 + each)}
    rival = max([*finite, Fraction(0)])
    found["margin + largest other or 0 - own ? 0"] |= {sign(1 + rival - own)}
    if 1 + rival > own and largest is not None:
        found["largest other ? 0, margin missed"] |= {sign(largest)}
    if largest is not None:
        found["margin + largest other - own ? 0"] |= {sign(1 + largest - own)}
        if 1 + largest > own:
            count = finite.count(largest)
            many = {1: "one", len(others): "all"}.get(count, "several")
            found["largest others, margin missed"] |= {many}
    return found


def reached(points):
    found = [arms(row) for row in points.columns]
    return {name: set().union(*(each[name] for each in found)) for name in ARMS}


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_arm_is_reached_at_the_smallest_level(dtype):
    assert reached(point_set(dtype, "smoke")) == ARMS


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_regime_reaches_what_it_is_for(dtype):
    points = point_set(dtype, "standard")
    found = {name: reached(points.take(points.places == name)) for name in REGIMES}
    for name in ("at the margin", "margin times 1 ± 2^-j", "a hair off the margin"):
        assert found[name]["margin + another - own ? 0"] >= {"<", ">"}
    assert found["at the margin"]["margin + another - own ? 0"] == SIGNS
    assert found["scores at ±1"]["margin + another ? 0"] == SIGNS
    assert found["scores at ±1"]["margin - own ? 0"] == SIGNS
    assert found["near ties"]["largest others, margin missed"] >= {"one", "several"}


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("level", ["smoke", "standard"])
def test_rows_lie_on_their_grid(dtype, level):
    points, number = point_set(dtype, level), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
    assert np.isfinite(points.columns[~points.special]).all()
    edges = np.array([[*scores, target] for scores, target in MARGIN_EDGES.values()])
    assert np.array_equal(points.columns[points.special], edges)
    assert points.places[points.special].tolist() == list(MARGIN_EDGES)


@pytest.mark.parametrize("dtype", FORMATS)
def test_the_rows_of_a_version_never_change(dtype):
    assert point_set(dtype, "standard").digest == DIGESTS[dtype]


@pytest.mark.parametrize("form", FORMS)
def test_every_program_is_judged_at_these_points(form):
    assert library().index["programs"][form]["loss"] == "multi_margin"
    family = family_of("multi_margin", form)
    assert family is FAMILIES["margins"]
    few = family.resized(3)
    points = few.points("float32", "smoke")
    assert points.columns.shape[1] == 4
    assert not points.special.any()
    assert family.points("float32", "smoke").columns.shape[1] == CLASSES + 1
    assert set(family.regimes) <= set(REGIMES)
