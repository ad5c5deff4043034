"""The pinned problems of heads: on their grid, unchanged, at every angle and in every arm."""

from fractions import Fraction

import numpy as np
import pytest

from crossval.catalog import losses, spec_of
from crossval.families import FAMILIES, family_of
from crossval.oracles.formats import FORMATS, format_of
from crossval.oracles.head_columns import PARTS
from crossval.points.heads import (
    CENTERED,
    CENTERS,
    CLASSES,
    HEAD_EDGES,
    LAYOUTS,
    REGIMES,
    point_set,
)

HEADS = [name for name, entry in losses().items() if entry["family"] == "heads"]
EPS = Fraction(1e-12)
SIGNS = set("<=>")


def sign(number):
    return "<" if number < 0 else ">" if number > 0 else "="


def exact(numbers):
    return [Fraction(x) for x in numbers.tolist()]


def dot(a, b):
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def arms(row):
    """Return the arms of a row, decided exactly: of lengths, of angles, of labels."""
    layout = LAYOUTS[False]
    x = exact(row[:PARTS])
    weight = [exact(row[3 + 3 * c : 6 + 3 * c]) for c in range(CLASSES)]
    label = int(row[layout.label])
    own, others = weight[label], [w for c, w in enumerate(weight) if c != label]
    product = dot(x, own)
    right = product**2 == dot(x, x) * dot(own, own)
    return {
        "length of x ? 1e-12": {sign(dot(x, x) - EPS**2)},
        "length of a class ? 1e-12": {sign(dot(w, w) - EPS**2) for w in weight},
        "length of x": {"0" if not any(x) else "more"},
        "length of the target's class": {"0" if not any(own) else "more"},
        "length of another class": {"more" if any(w) else "0" for w in others},
        "cosine": {{True: "1", False: "-1"}[product > 0] if right and product else "between"},
        "cosine ? 0": {sign(product)},
        "label": {"first" if label == 0 else "last" if label == CLASSES - 1 else "between"},
    }


ARMS = {
    "length of x ? 1e-12": SIGNS,
    "length of a class ? 1e-12": SIGNS,
    "length of x": {"0", "more"},
    "length of the target's class": {"0", "more"},
    "length of another class": {"0", "more"},
    "cosine": {"1", "-1", "between"},
    "cosine ? 0": SIGNS,
    "label": {"first", "last", "between"},
}


def reached(points):
    found = [arms(row) for row in points.columns]
    return {name: set().union(*(each[name] for each in found)) for name in ARMS}


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_arm_is_reached_at_the_smallest_level(dtype):
    expected = dict(ARMS)
    if dtype != "float64":  # whose grid alone holds the eps that conventions have
        for name in ("length of x ? 1e-12", "length of a class ? 1e-12"):
            expected[name] = {"<", ">"}
    assert reached(point_set(dtype, "smoke")) == expected


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("biased", [False, True])
def test_rows_lie_on_their_grid(dtype, biased):
    points, number = point_set(dtype, "smoke", biased=biased), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    assert points.columns.shape[1] == len(LAYOUTS[biased].columns)
    assert points.places[points.special].tolist() == list(HEAD_EDGES)
    labels = points.columns[:, LAYOUTS[biased].label]
    assert set(labels) == set(range(CLASSES))


DIGESTS = {
    "float64": "73e991bcb766eabce06533b5c52869e17a551d686adbbdcfbf12cd1a0d26aa6f",
    "float32": "d37a2ca2e4479518b9a7417e083d441679dd8634800ac8cb5c028b41ae48c4c2",
    "float16": "92afd87c096e86cf49a424dbbb3da699b7f9fa9afc053292dced79911da6501a",
    "bfloat16": "e4092afa55deb779d3d770e362a630100ffcf87a457b6210fe0c562174167391",
}


@pytest.mark.parametrize("dtype", FORMATS)
def test_the_rows_of_a_version_never_change(dtype):
    assert point_set(dtype, "standard").digest == DIGESTS[dtype]


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_regime_is_at_the_angles_it_is_for(dtype):
    points, layout = point_set(dtype, "standard"), LAYOUTS[False]
    x = points.columns[:, :PARTS]
    weight = points.columns[:, PARTS : layout.label].reshape(-1, CLASSES, PARTS)
    size = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(weight, axis=2)
    with np.errstate(invalid="ignore"):
        cosines = np.einsum("nd,ncd->nc", x, weight) / size
    label = points.columns[:, layout.label].astype(int)
    own = cosines[np.arange(len(points)), label]
    best = np.where(np.arange(CLASSES) == label[:, None], -2, cosines).max(axis=1)
    near = 1 - 2.0**-6
    assert (own[points.places == "near its class"] > near).all()
    assert (own[points.places == "opposite its class"] < -near).all()
    assert (best[points.places == "near another class"] > near).all()
    assert (own[points.places == "at a right angle"] == 0).all()
    assert (own - best)[points.places == "confident"].min() > 0.5
    assert (own - best)[points.places == "wrong"].max() < -0.5


@pytest.mark.parametrize("loss", HEADS)
def test_every_head_is_judged_at_these_points(loss):
    family = family_of(loss, spec_of(loss, None, {}).program)
    biased = "bias" in losses()[loss]["inputs"]
    assert family is FAMILIES["heads with biases" if biased else "heads"]
    few = family.resized(2)
    points = few.points("float32", "smoke")
    assert points.columns.shape[1] == len(few.columns) == PARTS + 2 * PARTS + 1 + 2 * biased
    assert few.wholes["weight"] == (2, PARTS)
    assert not points.special.any()
    assert set(family.regimes) <= set(REGIMES)


@pytest.mark.parametrize("parts", [1, 2, 33])
def test_points_of_other_lengths_are_drawn_alike(parts):
    family = FAMILIES["heads"].lengthened(parts)
    points = family.points("float32", "smoke")
    assert points.columns.shape[1] == len(family.columns) == parts * (1 + CLASSES) + 1
    assert family.wholes["weight"] == (CLASSES, parts)
    assert not points.special.any()
    assert set(points.places) == set(REGIMES) - ({"at a right angle"} if parts == 1 else set())
    x, weight = points.columns[:, None, :parts], points.columns[:, parts:-1]
    vectors = weight.reshape(-1, CLASSES, parts)
    assert ((x * vectors).sum(axis=2)[points.places == "at a right angle"] == 0).any(axis=1).all()


def test_centres_are_the_vectors_of_more_classes():
    family = FAMILIES[losses()["subcenter_arcface"]["family"]]
    points, flat = family.points("float64", "smoke"), point_set("float64", "smoke")
    label = CENTERED.label
    assert len(points.columns[0]) == len(family.columns) == len(CENTERED.columns)
    assert np.array_equal(points.columns[:, :label], flat.columns[:, :label])
    assert np.array_equal(points.columns[:, label], flat.columns[:, label] // CENTERS)
    assert points.name != flat.name
    call = family.one_call(points.columns[:2])
    assert call["weight"].shape == family.wholes["weight"] == (2, 2, 3)
    assert np.array_equal(call["weight"].ravel(), points.columns[0, 3:15])
    fitted = family.fitted({**call, "weight": np.zeros((5, 3, 7)), "x": np.zeros((1, 7))})
    assert fitted.wholes["weight"] == (5, 3, 7)
    assert family.resized(3).wholes["weight"] == (3, 2, 3)


def test_one_call_has_one_matrix_and_rows_that_share_it():
    family = FAMILIES["heads with biases"]
    points = family.points("float64", "smoke").take(np.arange(3))
    shared = family.sharing(points)
    inputs = family.one_call(shared.columns)
    assert {name: array.shape for name, array in inputs.items()} == {
        "x": (3, 3),
        "weight": (4, 3),
        "target": (3,),
        "bias": (4,),
    }
    assert np.array_equal(shared.columns[2, family.inputs["weight"]], inputs["weight"].ravel())
    assert np.array_equal(shared.columns[:, family.inputs["x"]], points.columns[:, :3])
    assert inputs["target"].dtype == np.int64
