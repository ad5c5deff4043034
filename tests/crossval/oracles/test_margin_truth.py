"""The truth of margin losses beside rational arithmetic, jets, autograd; hulls at their ties."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from crossval.oracles.autograd import witness
from crossval.oracles.enclosure import overlap, truth
from crossval.oracles.metric import membership
from crossval.oracles.packing import RowPacking
from crossval.oracles.row_columns import RowColumns
from crossval.points.margins import point_set

FORMS = ("crammer_singer", "weston_watkins", "one_vs_all", "categorical_hinge")
CONVENTIONS = [
    {},
    {"squared": 1.0},
    {"margin": 0.75, "divided": 1.0},
    {"margin": 0.0, "divided": 1.0, "over_others": 1.0},
    {"margin": 2.5, "squared": 1.0, "divided": 1.0, "over_others": 1.0},
]
CASES = list(product(FORMS, CONVENTIONS))
IDS = [f"{form}-{'-'.join(map(str, changes.values()))}".rstrip("-") for form, changes in CASES]
WEIGHTS = [0.5, 1.0, 2.0, 4.0]


def made(rng, rows, classes=4, scale=3.0, weights=None):
    logits = rng.normal(size=(rows, classes)) * scale
    return logits, RowPacking.of(classes, rng.integers(0, classes, rows), weights)


def textbook(form, scores, target, weight, changes):
    """Return value and gradient of a row of fractions, its ties left to the first."""
    margin, classes = Fraction(changes.get("margin", 1.0)), len(scores)
    others = [j for j in range(classes) if j != target]
    if form == "one_vs_all":
        terms = [(margin - scores[target], {target: -1})]
        terms += [(margin + scores[j], {j: 1}) for j in others]
    elif form == "weston_watkins":
        terms = [(margin + scores[j] - scores[target], {j: 1, target: -1}) for j in others]
    else:
        rivals = [(scores[j], {j: 1}) for j in others]
        rivals += [(Fraction(0), {})] if form == "categorical_hinge" else []
        most, moves = max(rivals, key=lambda rival: rival[0])
        terms = [(margin + most - scores[target], {**moves, target: -1})]
    p = 2 if changes.get("squared") else 1
    parts = classes - int(changes.get("over_others", 0)) if changes.get("divided") else 1
    factor = Fraction(weight[target]) / parts
    value, slopes = Fraction(0), [Fraction(0)] * classes
    for excess, moves in terms:
        if excess > 0:
            value += factor * excess**p
            for j, way in moves.items():
                slopes[j] += way * factor * p * excess ** (p - 1)
    return value, slopes


@pytest.mark.parametrize("scale", [1.0, 300.0])
@pytest.mark.parametrize(("form", "changes"), CASES, ids=IDS)
def test_values_and_gradients_are_those_of_fractions(form, changes, scale, loss, rng):
    columns, packing = made(rng, 12, scale=scale, weights=WEIGHTS)
    found = truth(loss(form, **changes), columns, packing=packing)
    assert set(found.kind) == {"regular"}
    for row, scores in enumerate(columns.tolist()):
        target = int(packing.labels[row])
        numbers = [Fraction(x) for x in scores]
        value, slopes = textbook(form, numbers, target, WEIGHTS, changes)
        gap = abs(value - Fraction(found.value_hi[row]) - Fraction(found.value_lo[row]))
        assert gap <= Fraction(found.value_rad[row])
        for j, slope in enumerate(slopes):
            hi, lo = Fraction(found.grad_hi[row, j]), Fraction(found.grad_lo[row, j])
            assert abs(slope - hi - lo) <= Fraction(found.grad_rad[row, j])


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize(("form", "changes"), CASES, ids=IDS)
def test_derived_gradient_and_hessian_overlap_the_jets(form, changes, weights, loss, rng):
    columns, packing = made(rng, 12, weights=weights)
    bar, direction = rng.normal(size=12), rng.normal(size=columns.shape)
    spec = loss(form, **changes)
    assert overlap(spec, columns, bar, hvp=direction, packing=packing) == ([], 12)


@pytest.mark.parametrize(("form", "changes"), CASES, ids=IDS)
def test_autograd_agrees_with_the_truth(form, changes, loss, rng):
    columns, packing = made(rng, 12, weights=WEIGHTS)
    spec, bar = loss(form, **changes), rng.normal(size=12)
    value, grad = witness(spec, columns, bar, packing=packing)
    found = truth(spec, columns, bar, packing=packing)
    # Far above the rounding of sums of order one, far below any difference of convention.
    size = 1 + np.abs(found.grad_hi).max(1, keepdims=True)
    assert (np.abs(grad - found.grad_hi) <= 2.0**-40 * size).all()
    assert (np.abs(value - found.value_hi) <= 2.0**-40 * (1 + found.value_hi)).all()


# --- ties

TIES = {
    "two largest": ("crammer_singer", [0.0, 3, 3, 1], [[-1, 1, 0, 0], [-1, 0, 1, 0]]),
    "three largest": (
        "crammer_singer",
        [3.0, 3, 3, 3],
        [[-1, 1, 0, 0], [-1, 0, 1, 0], [-1, 0, 0, 1]],
    ),
    "margin reached": ("crammer_singer", [2.0, 1, 0, 0], [[0, 0, 0, 0], [-1, 1, 0, 0]]),
    "both": (
        "crammer_singer",
        [2.0, 1, 1, 0],
        [[0, 0, 0, 0], [-1, 1, 0, 0], [-1, 0, 1, 0]],
    ),
    "reached by two": (
        "weston_watkins",
        [2.0, 1, 1, 0],
        [[0, 0, 0, 0], [-1, 1, 0, 0], [-1, 0, 1, 0], [-2, 1, 1, 0]],
    ),
    "a side each": (
        "one_vs_all",
        [1.0, -1, -2, -3],
        [[0, 0, 0, 0], [-1, 0, 0, 0], [0, 1, 0, 0], [-1, 1, 0, 0]],
    ),
    "the target's 0": ("categorical_hinge", [-0.5, 0, -1, -2], [[-1, 0, 0, 0], [-1, 1, 0, 0]]),
}


@pytest.mark.parametrize("name", TIES)
def test_the_hull_at_a_tie_has_these_corners(name, loss):
    form, scores, corners = TIES[name]
    packing = RowPacking.of(4, [0], None)
    found = truth(loss(form), [scores], packing=packing)
    assert found.kind[0] == "tie"
    assert sorted(found.vertices[0].tolist()) == sorted(corners)


@pytest.mark.parametrize("name", TIES)
def test_a_square_has_no_kink_at_its_margin(name, loss):
    form, scores, corners = TIES[name]
    packing = RowPacking.of(4, [0], None)
    found = truth(loss(form, squared=1.0), [scores], packing=packing)
    largest = form in ("crammer_singer", "categorical_hinge") and 0 not in map(abs, corners[0][:1])
    assert found.kind[0] == ("tie" if largest else "regular")


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("form", FORMS)
def test_kernels_choose_within_the_hull(form, dtype, loss):
    points, oracle = point_set(dtype, "smoke"), RowColumns()
    found = oracle.truth(loss(form), points.columns, points.upstream)
    assert set(found.kind) == {"regular", "tie"}
    _, grad = oracle.kernel(loss(form), points.columns, points.upstream)
    for row, corners in found.vertices.items():
        assert corners.shape[1] == points.columns.shape[1]
        assert membership(grad[row], corners, np.spacing(np.abs(corners).max(0))).inside
    regular = found.kind == "regular"
    np.testing.assert_array_equal(grad[regular], found.grad_hi[regular])


# --- rounding in any order


@pytest.mark.parametrize("form", ["crammer_singer", "weston_watkins"])
def test_the_rounding_bound_holds_whatever_is_added_first(form, loss):
    points = point_set("float32", "standard")
    some = points.take(np.isfinite(points.columns).all(1))
    oracle = RowColumns()
    found = oracle.truth(loss(form), some.columns, grad=False)
    bound, _ = oracle.rounding_bound(loss(form), some.columns, dtype="float32")
    scores, target = some.columns[:, :-1].astype(np.float32), some.columns[:, -1].astype(int)
    own, one = scores[np.arange(len(target)), target][:, None], np.float32(1)
    others = np.arange(scores.shape[1]) != target[:, None]
    for missed in ((scores - own) + one, (one - own) + scores, (one + scores) - own):
        each = np.where(others, np.maximum(missed, 0), np.float32(0))
        value = each.max(1) if form == "crammer_singer" else each.sum(1, dtype=np.float32)
        assert (np.abs(value - found.value_hi) <= bound).all()


def test_only_a_sum_of_three_is_open_where_orders_differ(loss):
    """2^-14 beyond the kink at scores of 1000, 1 less the target's is rounded."""
    columns = [[1000 + 2.0**-14, 999, -5, 0]]
    bounds = {
        form: RowColumns().rounding_bound(loss(form), columns, dtype="float32")[1].max()
        for form in FORMS
    }
    assert bounds["one_vs_all"] < 2.0**-20
    for form in set(FORMS) - {"one_vs_all"}:
        assert bounds[form] >= 0.5  # half the way from slope 0 to 1
