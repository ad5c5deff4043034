"""The truth beside rational arithmetic, at kinks, where nothing is defined, over the ladder."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from flint import ctx

from crossval.oracles.enclosure import overlap, truth
from crossval.oracles.formats import FORMATS
from crossval.oracles.metric import ulp_error

PROGRAMS = ["ciou", "diou", "giou", "iou_linear", "iou_log", "iou_square"]

IDENTICAL = [0.1, 0.2, 0.3, 0.7, 0.1, 0.2, 0.3, 0.7]
TOUCHING = [0.0, 0, 1, 2, 1, 0.5, 2, 2.5]
ALIGNED = [0.0, 0, 1, 1, 0, 0.5, 2, 3]
POINTS = [1.0, 2, 1, 2, 1, 2, 1, 2]
FLAT = [0.0, 0, 2, 0, 1, 0, 3, 0]
ZERO_AREA = [0.0, 0, 0, 1, 2, 2, 3, 2]


def rational_giou(row):
    """GIoU loss and gradient over the rationals; written for boxes without ties."""
    x1, y1, x2, y2, u1, v1, u2, v2 = map(Fraction, row)
    unit = [[Fraction(int(i == j)) for j in range(8)] for i in range(8)]
    dx1, dy1, dx2, dy2, du1, dv1, du2, dv2 = map(np.array, unit)

    def pick(first, a, b):
        return a if first else b

    left, right = pick(x1 > u1, (x1, dx1), (u1, du1)), pick(x2 < u2, (x2, dx2), (u2, du2))
    low, high = pick(y1 > v1, (y1, dy1), (v1, dv1)), pick(y2 < v2, (y2, dy2), (v2, dv2))
    far_l, far_r = pick(x1 > u1, (u1, du1), (x1, dx1)), pick(x2 < u2, (u2, du2), (x2, dx2))
    far_b, far_t = pick(y1 > v1, (v1, dv1), (y1, dy1)), pick(y2 < v2, (v2, dv2), (y2, dy2))

    def minus(a, b):
        return a[0] - b[0], a[1] - b[1]

    def times(a, b):
        return a[0] * b[0], a[1] * b[0] + b[1] * a[0]

    def over(a, b):
        return a[0] / b[0], (a[1] * b[0] - b[1] * a[0]) / (b[0] * b[0])

    def relu(a):
        return a if a[0] > 0 else (Fraction(0), 0 * a[1])

    inter = times(relu(minus(right, left)), relu(minus(high, low)))
    pred = times(minus((x2, dx2), (x1, dx1)), minus((y2, dy2), (y1, dy1)))
    target = times(minus((u2, du2), (u1, du1)), minus((v2, dv2), (v1, dv1)))
    union = pred[0] + target[0] - inter[0], pred[1] + target[1] - inter[1]
    hull = times(minus(far_r, far_l), minus(far_t, far_b))
    iou, filled = over(inter, union), over(union, hull)
    return 2 - iou[0] - filled[0], -iou[1] - filled[1]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_truth_is_the_rational_number_that_it_claims_to_enclose(dtype, loss, points, rng):
    with np.errstate(over="ignore"):
        x = points["hard"](rng, 6).astype(dtype).astype(np.float64)
    bar = rng.normal(size=len(x))
    found = truth(loss("giou"), x, bar, dtype=dtype)
    compared = 0
    for i in np.flatnonzero(found.kind == "regular"):
        value, grad = rational_giou(x[i])
        exact = [value, *(Fraction(bar[i]) * grad)]
        hi, lo, rad = (
            np.append(getattr(found, f"value_{part}")[i], getattr(found, f"grad_{part}")[i])
            for part in ("hi", "lo", "rad")
        )
        for e, h, low, r in zip(exact, hi, lo, rad, strict=True):
            assert abs(e - Fraction(h) - Fraction(low)) <= Fraction(r)
            sharp = FORMATS[dtype].ulp(h, low) * (2.0**-30 if dtype == "float64" else 2.0**-6)
            assert r <= max(sharp, 5e-324)
            compared += 1
    assert compared > 100


@pytest.mark.parametrize(
    ("program", "changes"),
    [
        *((program, {}) for program in PROGRAMS),
        ("ciou", {"attach": 1.0}),
        ("ciou", {"unit": 1.0}),
        ("ciou", {"sign": -1.0}),
    ],
)
def test_derived_gradient_and_hessian_overlap_the_jets(program, changes, loss, points, rng):
    x = points["hard"](rng, 4)
    bar, direction = rng.normal(size=len(x)), rng.normal(size=x.shape)
    # The calculus of refloss keeps what is detached so at every order.
    spec = loss(program, **changes)
    apart, compared = overlap(spec, x, bar, hvp=direction)
    assert apart == []
    assert compared >= len(x) // 3


def test_overlap_finds_a_wrong_gradient(loss, points, rng, kernels):
    value = "def value(F, x, y):\n    return x*y\n\n"
    grad = "def grad(F, x, y, bar):\n    return x*y, bar*y, {}\n"
    right = kernels("right", value + grad.format("bar*x"))
    wrong = kernels("wrong", value + grad.format("-bar*x"))
    x = rng.uniform(1, 2, (3, 2))
    spec = type(loss("giou"))
    assert overlap(spec("right", {}), x, kernels=right) == ([], 3)
    assert overlap(spec("wrong", {}), x, kernels=wrong) == ([0, 1, 2], 3)


@pytest.mark.parametrize(
    ("program", "row", "kind", "value"),
    [
        ("iou_linear", IDENTICAL, "tie", 0.0),
        ("ciou", IDENTICAL, "tie", 0.0),
        ("giou", IDENTICAL, "tie", 0.0),
        ("iou_linear", TOUCHING, "tie", 1.0),
        ("giou", ALIGNED, "tie", None),
        ("iou_linear", POINTS, "undefined", 1.0),
        ("giou", POINTS, "undefined", 1.0),
        ("diou", POINTS, "undefined", 1.0),
        ("ciou", POINTS, "undefined", 1.0),
        ("ciou", FLAT, "undefined", None),
        ("giou", ZERO_AREA, "undefined", 2.0),
        ("iou_log", TOUCHING, "undefined", math.inf),
        ("iou_log", ZERO_AREA, "undefined", math.inf),
        ("ciou", [1.0, 2, 3, 5, 1, 2, math.nan, 3], "nan", math.nan),
        ("ciou", [1.0, 2, 3, 5, 1, 2, math.inf, 3], "nan", math.nan),
    ],
)
def test_kinds_and_values_of_special_points(program, row, kind, value, loss):
    found = truth(loss(program), [row])
    assert found.kind.tolist() == [kind]
    if value is not None:
        assert np.array_equal(found.value_hi, [value], equal_nan=True)
    if kind != "undefined":
        assert (0 in found.vertices) == (kind == "tie")


def test_vertices_of_identical_boxes_are_all_sides_of_four_ties(loss):
    # Unit squares: dL/dx of 1 - I/U at I = U = 1 is dA - 2 dI, with dI from pred or target.
    found = truth(loss("iou_linear"), [[0.0, 0, 1, 1, 0, 0, 1, 1]])
    edges = np.array([-1.0, -1, 1, 1])
    expected = set()
    for inner in product((0, 1), repeat=4):
        d = np.array(inner)
        pred = edges * (1 - 2 * d)
        target = edges * (1 - 2 * (1 - d))
        expected.add((*pred, *target))
    assert {tuple(v) for v in found.vertices[0]} == expected
    assert np.isnan(found.grad_hi).all()
    assert np.isinf(found.grad_rad).all()


def test_touching_boxes_have_the_two_derivatives_of_the_overlap(loss):
    found = truth(loss("iou_linear"), [TOUCHING], [2.0])
    # Either the overlap stays 0, or it grows by 1.5 (its height) over a union of 4.
    apart = np.zeros(8)
    growing = np.array([0, 0, -0.75, 0, 0.75, 0, 0, 0])
    assert {tuple(v) for v in found.vertices[0]} == {tuple(apart), tuple(growing)}
    assert found.grad_hi[0, [0, 1, 3, 5, 6, 7]].tolist() == [0.0] * 6


def test_comparisons_of_the_same_two_inputs_are_one_decision(loss, kernels):
    make = type(loss("giou"))
    both = kernels("both", "def value(F, a, b):\n    return F.max(a, b) + F.min(a, b)\n")
    split = kernels("split", "def value(F, a, b):\n    return F.max(a, b)*2 + F.relu(a - b)\n")
    regular = truth(make("both", {}), [[1.5, 1.5]], kernels=both)
    assert regular.kind.tolist() == ["regular"]
    assert regular.grad_hi.tolist() == [[1.0, 1.0]]
    kernels("turned", "def value(F, a, b):\n    return F.max(a, b) + F.min(b, a)\n")
    assert truth(make("turned", {}), [[1.5, 1.5]], kernels=both).grad_hi.tolist() == [[1.0, 1.0]]
    tied = truth(make("split", {}), [[1.5, 1.5]], kernels=split)
    assert {tuple(v) for v in tied.vertices[0]} == {(2, 0), (0, 2), (3, -1), (1, 1)}


def test_an_undefined_factor_counts_only_where_it_reaches_the_gradient(loss, kernels):
    make = type(loss("giou"))
    root = kernels("held", "def value(F, x, y):\n    return F.stop(F.ratio(x, y, 3))*x + y\n")
    kernels("gated", "def value(F, x, y, g):\n    return F.gate(F.ratio(x, y, 3), g)*x + y\n")
    kernels("free", "def value(F, x, y):\n    return F.ratio(x, y, 3)*(x + 1) + y\n")
    kernels("vanishing", "def value(F, x, y):\n    return F.ratio(x, y, 3)*(x*x) + y\n")
    at = [[0.0, 0.0]]
    held = truth(make("held", {}), at, kernels=root)
    assert (held.kind[0], held.grad_hi.tolist()) == ("regular", [[3.0, 1.0]])
    gated = truth(make("gated", {"g": 0.0}), at, kernels=root)
    assert (gated.kind[0], gated.grad_hi.tolist()) == ("regular", [[3.0, 1.0]])
    assert truth(make("free", {}), at, kernels=root).kind[0] == "undefined"
    assert truth(make("vanishing", {}), at, kernels=root).kind[0] == "regular"


def test_what_no_precision_decides_is_said_to_be_undecided(loss, kernels):
    make = type(loss("giou"))
    root = kernels(
        "open",
        "def value(F, x):\n    d = F.sqrt(x*2)*F.sqrt(x*2) - x*2\n    return x + F.max(d, 0)\n",
    )
    found = truth(make("open", {}), [[1.5]], kernels=root)
    assert found.kind.tolist() == ["undecided"]
    assert found.value_hi.tolist() == [1.5]  # the value needs no decision
    assert np.isnan(found.grad_hi).all()
    many = " + ".join(f"F.relu(x - y*{2**k})" for k in range(7))
    kernels("many", f"def value(F, x, y):\n    return {many}\n")
    assert truth(make("many", {}), [[0.0, 0.0]], kernels=root).kind.tolist() == ["undecided"]


def test_detachment_thresholds_and_aspect_conventions_change_the_gradient_only(loss, points, rng):
    x = points["near"](rng, 5)
    plain = truth(loss("ciou"), x)
    for changes in ({"attach": 1.0}, {"unit": 1.0}, {"sign": -1.0}):
        other = truth(loss("ciou", **changes), x)
        assert np.array_equal(other.value_hi, plain.value_hi)
        assert not np.array_equal(other.grad_hi, plain.grad_hi)
    flipped = truth(loss("ciou", sign=-1.0), x).grad_hi + plain.grad_hi
    without = truth(loss("diou"), x).grad_hi
    assert np.allclose(flipped, 2 * without, rtol=1e-9, atol=0)


def test_narrow_truth_agrees_with_exact_balls_and_is_cheap(loss, points, rng):
    x = points["boxes"](rng, 200).astype(np.float32).astype(np.float64)
    wide, narrow = truth(loss("ciou"), x), truth(loss("ciou"), x, dtype="float32")
    assert (narrow.bits == 53).mean() > 0.99
    assert (wide.bits >= 96).all()
    error = np.abs((narrow.grad_hi - wide.grad_hi) - wide.grad_lo)
    assert (error <= narrow.grad_rad + wide.grad_rad).all()
    assert ulp_error(narrow.value_hi, wide.value_hi, wide.value_lo, dtype="float32").max() < 2**-6


def test_float_balls_that_are_too_wide_for_a_narrow_format_are_not_accepted(loss, kernels):
    make = type(loss("giou"))
    body = "def value(F, x, y):\n    return x + y - x\n"
    kernels("cancelling", body)
    root = kernels("cancelling", body, "balls")
    tiny = np.array([1.3 * 2.0**-30, 2.0**-20])
    found = truth(
        make("cancelling", {}),
        np.stack([[1.0, 1.0], tiny], 1),
        grad=False,
        dtype="float32",
        kernels=root,
    )
    assert found.value_hi.tolist() == tiny.tolist()
    assert found.bits.tolist() == [96, 53]


def test_ties_of_narrow_candidates_go_to_exact_balls(loss):
    found = truth(loss("ciou"), [IDENTICAL, ALIGNED], dtype="bfloat16")
    assert found.kind.tolist() == ["tie", "tie"]
    assert [len(found.vertices[i]) for i in (0, 1)] == [16, 2]


def test_infinite_and_underflowing_truths(loss, kernels):
    make = type(loss("giou"))
    root = kernels("product", "def value(F, x, y):\n    return x*y\n")
    x = [[1e200, 1e200], [-1e200, 1e200], [1e-200, 1e-200], [3e-320, 0.5]]
    found = truth(make("product", {}), x, kernels=root)
    assert found.value_hi.tolist() == [math.inf, -math.inf, 0.0, 1.5e-320]
    assert found.value_rad[2] == 5e-324
    assert found.kind.tolist() == ["regular"] * 4


def test_hessian_vector_product_differentiates_the_gradient_that_is_returned(loss, kernels):
    # L = stop(x^2) y: the gradient is (0, x^2), its derivative along (1, 0) is (0, 2x).
    make = type(loss("giou"))
    root = kernels("held", "def value(F, x, y):\n    return F.stop(x*x)*y\n")
    kernels("gated", "def value(F, x, y, g):\n    return F.gate(x*x, g)*y\n")
    at, along = [[3.0, 5.0]], [[1.0, 0.0]]
    held = truth(make("held", {}), at, [2.0], hvp=along, every_order=False, kernels=root)
    assert held.grad_hi.tolist() == [[0.0, 18.0]]
    assert held.hvp_hi.tolist() == [[0.0, 12.0]]
    twice = truth(make("held", {}), at, hvp=along, kernels=root)
    assert twice.hvp_hi.tolist() == [[0.0, 0.0]]
    half = truth(make("gated", {"g": 0.5}), at, hvp=along, every_order=False, kernels=root)
    assert half.grad_hi.tolist() == [[15.0, 9.0]]
    assert truth(make("gated", {"g": 0.5}), at, kernels=root).grad_hi.tolist() == [[15.0, 9.0]]
    assert half.hvp_hi.tolist() == [[5.0, 6.0]]


def test_value_alone_and_no_rows(loss):
    value = truth(loss("giou"), [IDENTICAL], grad=False)
    assert value.grad_hi is None
    assert (value.value_hi[0], value.kind[0]) == (0.0, "regular")
    none = truth(loss("giou"), np.empty((0, 8)), dtype="float32")
    assert none.value_hi.shape == (0,)
    assert none.grad_hi.shape == (0, 8)


def test_inputs_and_precision_are_left_as_they_were(loss, points, rng):
    x, before = points["boxes"](rng, 3), ctx.prec
    copy = x.copy()
    truth(loss("ciou"), x)
    assert ctx.prec == before
    assert np.array_equal(x, copy)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.0] * 8,), r"columns must have shape \(n, k\); got \(8,\)"),
        (([[0.0] * 8], [1.0, 2.0]), r"upstream must have shape \(1,\); got \(2,\)"),
    ],
)
def test_shapes_are_checked(arguments, message, loss):
    with pytest.raises(ValueError, match=message):
        truth(loss("giou"), *arguments)


def test_constants_must_be_those_of_the_program(loss):
    spec = type(loss("giou"))("giou", {"eps": 0.1})
    with pytest.raises(ValueError, match=r"constants of 'giou' must be .*eps_hull.*; got .*eps"):
        truth(spec, [IDENTICAL])
    with pytest.raises(FileNotFoundError, match="program 'none' has no arb text"):
        truth(type(spec)("none", {}), [IDENTICAL])
