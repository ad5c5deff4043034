"""The pinned rows: on their grid, unchanged, and reaching every arm of softmax in every format."""

import numpy as np
import pytest
from mpmath import exp, mp, mpf

from crossval.families import FAMILIES
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.boxes import ROWS
from crossval.points.row_edges import ROW_EDGES
from crossval.points.rows import CLASSES, REGIMES, columns, point_set, soft_point_set

SETS = [point_set, soft_point_set]
DIGESTS = {
    "float64": "226087b6070e8d6e22f308f579ab1d6dd85d119d516103b14807e6445a199317",
    "float32": "b808762625dddfcd6087db604b6cdc5ad0afb69da574cfed86d5417969455014",
    "float16": "7baba789142fbd32db175fcce412f3290bd080d1aae052a42c32ca9746497daf",
    "bfloat16": "07ec96cd695d40540eefb58c3398e69446384efbe925d76ac1b60a38bef2ec95",
}
SOFT_DIGESTS = {
    "float64": "e49d1f3dea0f4c2f5625279518bc1e4a8406aa4b9dafde1af29f6d8ea7ed03e9",
    "float32": "3f865d514671db6c172f9552a14cf4bf8c70f0d1c18c6974ce7016b346963a06",
    "float16": "88596d16e5937aee40db6a99ea5487dceb91c6e9cb484eba982ecec7125b9085",
    "bfloat16": "1c774af0e4084cb735d1d869a95a6b6a0897386f82a440f462421adf75416262",
}

ARMS = {
    "target ? largest other": {"<", "=", ">"},
    "largest logits": {"one", "several", "all"},
    "classes ruled out": {"none", "some", "all but two", "all but the target"},
    "exp(largest)": {"overflows", "finite", "underflows"},
    "exp(smallest - largest)": {"normal", "subnormal", "underflows"},
    "p of the target": {"rounds to 1", "between", "rounds to 0"},
    "1 - p of the target": {"normal", "subnormal", "underflows"},
    "log p of the target": {"normal", "beyond exp"},
}
"""What the arithmetic of a row can come to."""


def size(number, fmt):
    """Whether a positive real is normal, subnormal, or rounds to 0."""
    if number <= mpf(fmt.tiny) / 2:
        return "underflows"
    return "normal" if number >= mpf(2) ** fmt.emin else "subnormal"


def arms(row, fmt):
    """Return the arm of every comparison for the logits and the class of a row, to 1000 digits."""
    logits, target = row[:-1], int(row[-1])
    finite = logits[np.isfinite(logits)]
    largest, others = logits.max(), np.delete(logits, target)
    ruled_out = len(logits) - len(finite)
    with mp.workdps(1000):
        masses = [exp(mpf(z) - mpf(largest)) for z in finite]
        hit = exp(mpf(logits[target]) - mpf(largest))
        share, rest = hit / sum(masses), (sum(masses) - hit) / sum(masses)
        single = exp(mpf(largest))
        rounded = "rounds to 1" if rest <= fmt.roundoff / 2 else "between"
        return {
            "target ? largest other": "<=>"[int(np.sign(logits[target] - others.max())) + 1],
            "largest logits": {1: "one", len(logits): "all"}.get(
                int((logits == largest).sum()), "several"
            ),
            "classes ruled out": {
                0: "none",
                len(logits) - 2: "all but two",
                len(logits) - 1: "all but the target",
            }.get(ruled_out, "some"),
            "exp(largest)": "overflows"
            if single > fmt.largest
            else ("underflows" if size(single, fmt) == "underflows" else "finite"),
            "exp(smallest - largest)": size(exp(mpf(finite.min()) - mpf(largest)), fmt),
            "p of the target": rounded if size(share, fmt) != "underflows" else "rounds to 0",
            "1 - p of the target": size(rest, fmt),
            "log p of the target": "beyond exp"
            if largest - logits[target] > float(mp.log(fmt.largest))
            else "normal",
        }


def reached(points):
    fmt = format_of(points.dtype)
    found = [arms(row, fmt) for row in points.columns]
    return {name: {each[name] for each in found} for name in ARMS}


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_arm_is_reached_at_the_smallest_level(dtype):
    assert reached(point_set(dtype, "smoke")) == ARMS


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_regime_reaches_what_it_is_for(dtype):
    points = point_set(dtype, "standard")
    found = {name: reached(points.take(points.places == name)) for name in REGIMES}
    assert found["very confident"]["target ? largest other"] == {">"}
    assert found["confident"]["target ? largest other"] == {">"}
    assert found["wrong"]["target ? largest other"] == {"<"}
    assert found["very wrong"]["p of the target"] >= {"rounds to 0"}
    assert found["very confident"]["p of the target"] == {"rounds to 1"}
    assert found["near ties"]["largest logits"] == {"one", "several"}
    assert found["random"]["target ? largest other"] >= {"<", ">"}
    assert found["one logit far below"]["exp(smallest - largest)"] == {"underflows"}
    assert {arm for each in found.values() for arm in each["classes ruled out"]} == {"none"}


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_offsets_take_exponentials_out_of_range(dtype):
    points = point_set(dtype, "standard")
    above, below = (points.take(points.places == f"offset {by}") for by in (1000, -1000))
    assert reached(above)["exp(largest)"] == {"overflows"}
    assert reached(below)["exp(largest)"] == {"underflows"}


@pytest.mark.parametrize("make", SETS)
@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("level", ["smoke", "standard"])
def test_rows_lie_on_their_grid(make, dtype, level):
    points, number = make(dtype, level), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
    assert not np.isnan(points.columns).any()
    assert not np.isposinf(points.columns).any()
    assert np.isfinite(points.columns[~points.special]).all()
    assert (points.upstream > 0).any()
    assert (points.upstream < 0).any()
    assert len(np.unique(points.upstream)) > len(points) // 20


@pytest.mark.parametrize("dtype", FORMATS)
def test_named_rows_are_the_same_numbers_in_every_format(dtype):
    number, points = format_of(dtype), point_set(dtype, "smoke")
    expected = np.array([[*logits, target] for logits, target in ROW_EDGES.values()])
    assert np.array_equal(number.round(expected), expected)
    assert np.array_equal(points.columns[points.special], expected)
    assert points.places[points.special].tolist() == list(ROW_EDGES)
    soft = soft_point_set(dtype, "smoke")
    finite = np.isfinite(expected).all(axis=1)
    assert np.array_equal(soft.columns[soft.special][:, :CLASSES], expected[finite, :CLASSES])


@pytest.mark.parametrize("dtype", FORMATS)
def test_points_are_pinned(dtype):
    assert point_set(dtype).digest == DIGESTS[dtype], "a changed point is rows@2"
    assert soft_point_set(dtype).digest == SOFT_DIGESTS[dtype], "a changed point is another version"


@pytest.mark.parametrize("make", SETS)
def test_points_are_made_anew_alike(make):
    first = make("float32", "smoke")
    make.cache_clear()
    again = make("float32", "smoke")
    assert first is not again
    assert np.array_equal(first.columns, again.columns)
    assert np.array_equal(first.upstream, again.upstream)
    assert first.digest == again.digest


@pytest.mark.parametrize("dtype", FORMATS)
def test_classes_exist_and_never_have_a_logit_of_minus_infinity(dtype):
    for points in (point_set(dtype, "smoke"), point_set(dtype, "smoke", 3)):
        logits, target = points.columns[:, :-1], points.columns[:, -1].astype(int)
        assert np.array_equal(points.columns[:, -1], target)
        assert set(target) == set(range(logits.shape[1]))
        assert np.isfinite(logits[np.arange(len(target)), target]).all()


@pytest.mark.parametrize("dtype", FORMATS)
def test_probabilities_are_hard_in_a_third_and_spread_in_the_others(dtype):
    points, number = soft_point_set(dtype, "standard"), format_of(dtype)
    goal = points.columns[:, CLASSES:]
    assert (goal >= 0).all()
    assert (np.abs(goal.sum(axis=1) - 1) <= CLASSES * number.roundoff).all()
    hard, part, whole = (goal[share::3] for share in range(3))
    assert set(hard.ravel()) == {0.0, 1.0}
    assert (part > 0).all()
    assert (part.max(axis=1) > 0.75).all()
    assert (whole > 0).all()
    assert (whole.max(axis=1) < 0.75).all()
    assert not (goal.sum(axis=1) == 1).all() or dtype == "float64"


@pytest.mark.parametrize("make", SETS)
@pytest.mark.parametrize("classes", [2, 3, 33, 1000])
def test_other_numbers_of_classes_are_drawn_alike(make, classes):
    points = make("float32", "smoke", classes)
    width = classes + 1 if make is point_set else 2 * classes
    assert points.columns.shape == (ROWS["smoke"] * len(REGIMES), width)
    assert not points.special.any()
    assert list(dict.fromkeys(points.places)) == list(REGIMES)
    logits = points.columns[points.places == "one logit far below"][:, :classes]
    assert ((logits < -1000).sum(axis=1) == 1).all()


@pytest.mark.parametrize("name", ["rows", "rows of probabilities"])
def test_a_family_splits_its_rows_and_stacks_them_again(name):
    family = FAMILIES[name]
    for some in (family, family.resized(3)):
        points = some.points("float32", "smoke")
        inputs = some.split(points.columns)
        assert np.array_equal(some.stack(inputs), points.columns)
        assert len(some.columns) == points.columns.shape[1]
        kinds = {name: array.dtype.kind for name, array in inputs.items()}
        assert kinds == {n: "i" if n in some.labels else "f" for n in inputs}
    assert family.columns == columns(CLASSES, soft=not family.labels)
    assert family.resized(3).resized is None
    assert set(family.regimes) <= set(REGIMES)
