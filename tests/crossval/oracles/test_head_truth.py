"""The truth of heads beside jets, autograd and refloss's kernels; bounds beside real roundings."""

from itertools import product

import numpy as np
import pytest

import refloss
from crossval.catalog import losses, spec_of
from crossval.oracles.autograd import witness
from crossval.oracles.enclosure import overlap
from crossval.oracles.head_columns import HeadColumns, Layout
from crossval.oracles.head_forwards import HEAD_FORWARDS
from crossval.points.heads import CENTERED, LAYOUTS, point_set

HEADS = [name for name, entry in losses().items() if entry["family"].startswith("heads")]
PLACES = {
    "none": {},
    "max": {"placement": "max", "eps": 0.75},
    "inside": {"placement": "inside", "eps": 0.125},
    "added": {"placement": "added", "eps": 0.125},
}
KEPT = [
    {},
    {"embedding": "kept", "classes": "unit"},
    {"embedding": "unit", "classes": "kept"},
    {"embedding": "kept", "classes": "kept"},
]
KEEPING = [name for name in HEADS if "embedding" in losses()[name]["axes"]]
IN_PLACE = [("cosface", "max"), ("modified_softmax", "inside"), ("arcface", "none")]
IN_PLACE += [("sphereface", "max")]
CASES = [*product(HEADS, PLACES, [{}]), *product(KEEPING, ["none"], KEPT[1:])]
CASES += [(name, place, {"classes": "in_place"}) for name, place in IN_PLACE]
CASES += [("sphereface", "none", {"gradient": "caffe", "classes": "in_place"})]
MULTIPLIED = {"form": "multiplied", "multiple": 1.7, "guard": "mirror"}
CASES += [("combined_margin", place, MULTIPLIED) for place in ("none", "inside")]
IDS = [f"{n}-{place}-{'-'.join(map(str, kept.values()))}".rstrip("-") for n, place, kept in CASES]


def layout_of(loss):
    several = losses()[loss]["family"] == "heads of sub-centres"
    return CENTERED if several else LAYOUTS["bias" in losses()[loss]["inputs"]]


def oracle_of(loss):
    return HeadColumns(biased=layout_of(loss).biased, centers=layout_of(loss).centers)


def points_of(loss, dtype="float64"):
    layout = layout_of(loss)
    return point_set(dtype, "smoke", layout.classes, biased=layout.biased, centers=layout.centers)


def some(loss, dtype="float64", rows=1):
    """Return a few ordinary points."""
    points = points_of(loss, dtype)
    return points.take(np.flatnonzero(~points.special)[::2][:: 1 if rows == 1 else rows])


def spec(loss, place="none", kept=None):
    return spec_of(loss, None, {"scale": 8.0, **PLACES[place], **(kept or {})})


TIMES = [(n, "none", {"margin": m}) for n in ("sphereface", "l_softmax") for m in "1235"]
# the derivative of the layer for Caffe is that of no forward
WITNESSED = [case for case in [*CASES, *TIMES] if case[2].get("gradient") != "caffe"]


def test_every_head_has_a_forward_of_its_own():
    programs = {spec(*case).program for case in CASES + TIMES}
    assert programs == set(HEAD_FORWARDS)


@pytest.mark.parametrize(("loss", "place", "kept"), CASES, ids=IDS)
def test_derived_gradient_and_hessian_overlap_the_jets(loss, place, kept, rng):
    points, oracle = some(loss, rows=4), oracle_of(loss)
    columns, packing = oracle.packed(spec(loss, place, kept), points.columns)
    direction = rng.normal(size=columns.shape)
    found = overlap(
        spec(loss, place, kept), columns, points.upstream, hvp=direction, packing=packing
    )
    apart, compared = found
    assert apart == []
    assert compared >= len(points) - 1  # one lies at a right angle, where some heads have a branch


@pytest.mark.parametrize(("loss", "place", "kept"), WITNESSED)
def test_autograd_agrees_with_the_truth(loss, place, kept):
    points, oracle, definition = some(loss), oracle_of(loss), spec(loss, place, kept)
    truth = oracle.truth(definition, points.columns, points.upstream)
    columns, packing = oracle.packed(definition, points.columns)
    value, grad = witness(definition, columns, points.upstream, packing=packing)
    regular = truth.kind == "regular"
    assert regular.sum() >= len(points) - 1  # one lies at a right angle, where some have a branch
    _, bound = oracle.rounding_bound(definition, points.columns, points.upstream, dtype="float64")
    label = layout_of(loss).label
    expected, allowed = np.delete(truth.grad_hi, label, 1), np.delete(bound, label, 1)
    # far above the rounding of float64, far below any difference of convention
    size = np.abs(truth.value_hi) + np.abs(columns).max(1) + 1
    assert (np.abs(value - truth.value_hi) <= 2.0**-38 * size)[regular].all()
    # the witness adds up softmaxes of differences of logits, which round as the value does
    steps = 2.0**-50 * (1 + truth.value_hi)[:, None] * np.abs(expected)
    assert (np.abs(grad - expected) <= 4 * allowed + steps)[regular].all()


@pytest.mark.parametrize(("loss", "axes"), [*product(HEADS, [{}]), ("combined_margin", MULTIPLIED)])
def test_kernels_give_the_truth_of_every_point(loss, axes):
    points, oracle = points_of(loss), oracle_of(loss)
    definition = spec(loss, "max", axes)
    truth = oracle.truth(definition, points.columns, points.upstream)
    bounds = oracle.rounding_bound(definition, points.columns, points.upstream, dtype="float64")
    layout, public = layout_of(loss), getattr(refloss, loss)
    several = (layout.centers,) if layout.centers else ()
    options = {"scale": 8.0, **PLACES["max"], **axes}
    for row, numbers in enumerate(points.columns):
        if truth.kind[row] != "regular":
            continue
        given = {name: numbers[part] for name, part in layout.inputs.items()}
        given["x"], given["target"] = given["x"][None], given["target"].astype(int)
        given["weight"] = given["weight"].reshape(layout.classes, *several, -1)
        named = {name: array for name, array in given.items() if name == "bias"}
        wrt = [name for name in given if name != "target"]
        first = (given["x"], given["weight"], given["target"])
        up = points.upstream[row : row + 1]
        value, grads = public.value_and_grad(*first, upstream=up, wrt=wrt, **named, **options)
        assert abs(value[0] - truth.value_hi[row]) <= 2 * bounds[0][row]
        for name in wrt:
            part = layout.inputs[name]
            gap = np.abs(grads[name].ravel() - truth.grad_hi[row, part])
            assert (gap <= 2 * bounds[1][row, part]).all(), (points.places[row], name)


def rounded(x, weight, target, scale, margin, *, order):
    """Return a CosFace loss and its gradients in the format of `x`, sums in an order."""
    one = x.dtype.type
    x, weight = x[order], weight[:, order]

    def summed(terms):
        total = terms[..., 0]
        for j in range(1, terms.shape[-1]):
            total = total + terms[..., j]
        return total

    nx, nw = np.sqrt(summed(x * x)), np.sqrt(summed(weight * weight))
    u, w = x / nx, weight / nw[:, None]
    cosine = summed(w * u)
    logits = one(scale) * cosine
    logits[target] = one(scale) * (cosine[target] - one(margin))
    top = logits.max()
    lse = top + np.log(summed(np.exp(logits - top)))
    slopes = np.exp(logits - lse)
    slopes[target] -= one(1)
    slopes = slopes * one(scale)
    by_u = summed((slopes[:, None] * w).T)
    by_w = slopes[:, None] * u
    by_x = (by_u - u * summed(by_u * u)) / nx
    by_weight = (by_w - w * summed(by_w * w)[:, None]) / nw[:, None]
    back = np.argsort(order)
    return lse - logits[target], np.concatenate([by_x[back], by_weight[:, back].ravel()])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]], ids=["forwards", "turned"])
def test_the_rounding_bound_holds_in_every_order(dtype, order):
    points, oracle = point_set(dtype, "standard"), HeadColumns()
    definition = spec_of("cosface", None, {"scale": 16.0})
    truth = oracle.truth(definition, points.columns, dtype=dtype)
    values, grads = oracle.rounding_bound(definition, points.columns, dtype=dtype)
    layout, judged = LAYOUTS[False], 0
    with np.errstate(all="ignore"):
        for row in np.flatnonzero(truth.kind == "regular"):
            numbers = points.columns[row].astype(dtype)
            x, target = numbers[:3], int(numbers[layout.label])
            weight = numbers[3 : layout.label].reshape(4, 3)
            value, slopes = rounded(x, weight, target, 16.0, 0.35, order=order)
            assert abs(float(value) - truth.value_hi[row]) <= values[row] or np.isinf(values[row])
            gap = np.abs(slopes.astype(float) - truth.grad_hi[row, : layout.label])
            assert (gap[np.isfinite(gap)] <= grads[row, : layout.label][np.isfinite(gap)]).all()
            judged += np.isfinite(grads[row]).all() and np.isfinite(gap).all()
    assert judged > 100


def test_bounds_tell_a_gradient_from_nothing_and_from_that_of_a_transposed_matrix():
    points, oracle = point_set("float32", "standard"), HeadColumns()
    definition = spec_of("cosface", "ronghuaiyang", {})
    plain = points.take(np.isin(points.places, ["random", "wrong", "near another class"]))
    truth = oracle.truth(definition, plain.columns)
    _, bound = oracle.rounding_bound(definition, plain.columns, dtype="float32")
    part = LAYOUTS[False].inputs["weight"]
    true, allowed = truth.grad_hi[:, part], 2 * bound[:, part]
    telling = np.abs(true) > 2.0**-20 * np.abs(true).max(axis=1, keepdims=True)
    assert (np.abs(true) > allowed)[telling].mean() > 0.75
    places = np.arange(12).reshape(3, 4).T.ravel()
    assert ((np.abs(true[:, places] - true) > allowed).any(axis=1)).all()


def test_condition_is_what_a_relative_change_of_every_input_does():
    points, oracle = some("cosface"), HeadColumns()
    definition = spec_of("cosface", None, {"scale": 4.0})
    value, grad = oracle.condition(definition, points.columns, points.upstream)
    layout, step = LAYOUTS[False], 2.0**-20
    moved_value, moved_grad = (
        np.zeros_like(value),
        np.abs(oracle.kernel(definition, points.columns, points.upstream)[1]),
    )
    for column in range(layout.label):
        ends = []
        for way in (-step, step):
            columns = points.columns.copy()
            columns[:, column] *= 1 + way
            ends.append(oracle.kernel(definition, columns, points.upstream))
        moved_value += np.abs(ends[1][0] - ends[0][0]) / (2 * step)
        moved_grad += np.abs(ends[1][1] - ends[0][1]) / (2 * step)
    np.testing.assert_allclose(value, moved_value, rtol=1e-6, atol=1e-8 * value.max())
    np.testing.assert_allclose(grad, moved_grad, rtol=1e-6, atol=1e-8 * grad.max())


@pytest.mark.parametrize("loss", HEADS)
def test_the_label_and_the_order_of_classes_do_not_matter(loss):
    points, oracle = some(loss), oracle_of(loss)
    layout, definition = layout_of(loss), spec(loss)
    turned = points.columns.copy()
    turned[:, layout.label] = (turned[:, layout.label] + 1) % layout.classes
    for name in ("weight", "bias"):
        if name in layout.inputs:
            part = layout.inputs[name]
            width = (part.stop - part.start) // layout.classes
            turned[:, part] = np.roll(turned[:, part], width, axis=1)
    first = oracle.truth(definition, points.columns, points.upstream)
    regular = first.kind == "regular"
    assert regular.mean() > 0.8
    other = oracle.truth(definition, turned, points.upstream)
    assert (other.kind == first.kind).all()
    apart = np.abs(first.value_hi - other.value_hi)[regular]
    assert (apart <= 2.0**-52 * np.abs(first.value_hi[regular])).all()
    assert (first.grad_hi[regular, layout.label] == 0).all()
    x = layout.inputs["x"]
    gap = np.abs(first.grad_hi[:, x] - other.grad_hi[:, x])
    assert (gap <= 2.0**-52 * np.abs(first.grad_hi[:, x]))[regular].all()


def test_centres_that_are_equally_near_are_a_tie_with_a_gradient_for_each():
    oracle, definition = oracle_of("subcenter_arcface"), spec("subcenter_arcface")
    one, other, far, farther = (0, 1, 0), (0, 0, 4), (-1, 0, 1), (-1, 0, 0)
    row = np.array([[2.0, 0.0, 0.0, *one, *other, *far, *farther, 0.0]])
    truth = oracle.truth(definition, row)
    assert truth.kind[0] == "tie"
    ends, taken = truth.vertices[0], slice(3, 9)
    assert sorted((end[3:6] == 0).all() + 2 * (end[6:9] == 0).all() for end in ends) == [1, 2]
    weight = row[0, 3:15].reshape(2, 2, 3)
    got = refloss.subcenter_arcface.grad(row[:, :3], weight, np.array([0]), scale=8.0)["weight"]
    np.testing.assert_allclose(got[0].ravel(), ends.mean(axis=0)[taken], rtol=1e-14)


def test_a_layout_says_where_everything_lies():
    layout = Layout(3, 4, biased=True)
    assert len(layout.columns) == 20
    assert layout.columns[layout.label] == "class"
    assert Layout.of(20, 3, biased=True) == layout
    assert Layout.of(16, 3, biased=False) == Layout(3, 4)
    assert Layout.of(16, 3, biased=False, centers=2) == CENTERED
    assert CENTERED.columns[3:9] == ("w0.0.0", "w0.0.1", "w0.0.2", "w0.1.0", "w0.1.1", "w0.1.2")
    taken = [column for part in layout.inputs.values() for column in range(20)[part]]
    assert sorted(taken) == list(range(20))
