"""Float64 balls contain what exact balls say, operation by operation and through whole texts."""

import math

import numpy as np
import pytest
from flint import arb

from crossval.oracles.arithmetic_exact import ExactBalls, precision
from crossval.oracles.arithmetic_float import Ball, FloatBalls, enclose, evaluate
from crossval.oracles.enclosure import truth
from crossval.oracles.formats import FORMATS
from crossval.oracles.rounding import rounding_bound
from crossval.oracles.texts import load

EXACT = ExactBalls()
PROGRAMS = ["ciou", "diou", "giou", "iou_linear", "iou_log", "iou_square"]

SPECIAL = [0.0, 5e-324, 3e-320, 2.0**-1022, 1e-160, 0.1, 1 - 2**-53, 1.0, 1 + 2**-52, 3.0, 1e160]

BINARY = {
    "add": lambda F, a, b: a + b,
    "subtract": lambda F, a, b: a - b,
    "multiply": lambda F, a, b: a * b,
    "divide": lambda F, a, b: a / b,
    "max": lambda F, a, b: F.max(a, b),
    "min": lambda F, a, b: F.min(a, b),
    "atan2": lambda F, a, b: F.atan2(a, b),
    "select": lambda F, a, b: F.select(F.lt(a, b), a * 2, b * 3),
}
UNARY = {
    "log": lambda F, a: F.log(a),
    "log1p": lambda F, a: F.log1p(a),
    "exp": lambda F, a: F.exp(a),
    "sqrt": lambda F, a: F.sqrt(a),
    "abs": lambda F, a: F.abs(a),
    "relu": lambda F, a: F.relu(a),
    "power": lambda F, a: F.power(a, 3),
    "raised to 1/2": lambda F, a: F.raised(a, 0.5),
    "raised to 2.5": lambda F, a: F.raised(a, 2.5),
    "raised to 0": lambda F, a: a * F.raised(a, 0.0),
    "reciprocal": lambda F, a: F.power(a, -2),
    "rational": lambda F, a: a * F.rational(1, 3),
    "pi": lambda F, a: a + F.pi(),
}


def operands(rng, count, positive):
    """Return special numbers, random ones of all exponents and around 1, with radii."""
    spread = np.exp2(rng.uniform(-1000, 1000, count))
    mid = np.concatenate([SPECIAL, spread, rng.uniform(0, 4, count)])
    if not positive:
        mid = rng.choice([-1.0, 1.0], len(mid)) * mid
    mid = rng.permutation(mid)
    rad = np.where(
        rng.random(len(mid)) < 0.5, 0.0, np.abs(mid) * 2.0 ** -rng.uniform(5, 60, len(mid))
    )
    return mid, rad


def inside(mid, rad, rng):
    """Return a float of each ball, often at its border."""
    shift = rng.choice([-1.0, 1.0, 0.3], len(mid)) * rad
    moved = mid + shift
    fits = np.array(
        [abs(arb(m) - arb(x)) <= arb(r) for m, x, r in zip(mid, moved, rad, strict=True)]
    )
    return np.where(fits, moved, mid)


def assert_contains(ball, exact, context):
    mids, rads = np.broadcast_arrays(ball.mid, ball.rad)
    known = 0
    for i, (m, r, true) in enumerate(zip(mids, rads, exact, strict=True)):
        if math.isfinite(m) and math.isfinite(r):
            known += 1
            assert abs(true - arb(m)) <= arb(r), context(i, m, r, true)
    return known


@pytest.mark.parametrize("fmt", [None, "float32", "bfloat16"])
@pytest.mark.parametrize("name", [*BINARY, *UNARY])
def test_each_operation_encloses_the_exact_result(name, fmt, rng):
    operation = BINARY.get(name) or UNARY[name]
    arity = 2 if name in BINARY else 1
    positive = name in {"log", "log1p", "sqrt", "atan2"} or name.startswith("raised")
    pairs = [operands(rng, 400, positive) for _ in range(arity)]
    if name == "exp":
        pairs = [(np.clip(m, -800, 800), r * (np.abs(m) < 800)) for m, r in pairs]
    floats = FloatBalls(len(pairs[0][0]), fmt and FORMATS[fmt])
    with np.errstate(all="ignore"):
        ball = operation(floats, *(Ball(m, r, floats) for m, r in pairs))
    with precision(3000):
        numbers = [[arb(x) for x in inside(m, r, rng)] for m, r in pairs]
        exact = []
        for row in zip(*numbers, strict=True):
            try:
                exact.append(operation(EXACT, *row))
            except ZeroDivisionError:
                exact.append(arb("nan"))
        known = assert_contains(
            ball,
            exact,
            lambda i, m, r, true: f"{name} of {[p[i] for p in numbers]}: {true} not in {m}±{r}",
        )
    # Overflow of a narrow format leaves nothing known, by design.
    assert known > (0.3 if fmt is None else 0.05) * len(exact)


def test_radii_are_tight_for_exact_operands(rng):
    a, b = rng.uniform(0.5, 2, (2, 1000))
    F = FloatBalls(1000)
    a, b = F.lift(a), F.lift(b)
    for ball, units in (
        (a * b, 2),
        (a / b, 2),
        (a + b, 1),
        (F.log(a + 1.0), 16),
        (F.atan2(a, b), 12),
    ):
        assert (ball.rad <= units * 2.0**-53 * np.abs(ball.mid) * 1.5).all()


def test_differences_of_exact_floats_are_decided_however_small():
    a = np.array([1.0, 2.0**-1074, 1e308])
    b = np.array([1 + 2.0**-52, 0.0, 1e308 * (1 - 2.0**-53)])
    F = FloatBalls(3)
    order = F.lt(F.lift(a) - F.lift(b), 0.0)
    assert order.true.tolist() == [True, False, False]
    assert order.false.tolist() == [False, True, True]
    assert not F.open.any()


def test_an_open_step_is_the_hull_of_both_values_and_marked():
    F = FloatBalls(3)
    ball = F.step(Ball([1.0, 0.0, 0.0], [2.0, 0.0, 0.0], F), np.array([0.5, 0.25, 1.0]))
    assert ball.mid.tolist() == [0.5, 0.25, 1.0]
    assert ball.rad.tolist() == [0.5, 0.0, 0.0]
    assert F.open.tolist() == [True, True, True]


def test_infinite_constants_are_exact(loss, points, rng):
    spec = loss("ciou", ceiling=math.inf)
    x = points["boxes"](rng, 50)
    assert np.isfinite(rounding_bound(spec, x, dtype="float32")[1]).all()


@pytest.mark.parametrize("program", PROGRAMS)
def test_stable_balls_overlap_the_plain_truth_in_hard_regimes(program, loss, points, rng):
    spec, x = loss(program), points["hard"](rng, 10)
    bar = rng.normal(size=len(x))
    mid, rad, _ = enclose(spec, x, bar)
    exact = truth(spec, x, bar)
    regular = exact.kind == "regular"
    hi = np.column_stack([exact.value_hi, exact.grad_hi])[regular]
    lo = np.column_stack([exact.value_lo, exact.grad_lo])[regular]
    slack = np.column_stack([exact.value_rad, exact.grad_rad])[regular]
    mid, rad = mid[regular], rad[regular]
    known = np.isfinite(rad)
    with np.errstate(invalid="ignore"):
        outside = known & (np.abs((mid - hi) - lo) > rad + slack)
    assert not outside.any(), x[regular][np.argwhere(outside)[0][0]]
    # iou_log at disjoint boxes is the one place where nothing is known.
    assert known.mean() > 0.9


class Ordinary:
    """A text computed as an ordinary NumPy implementation in one dtype would."""

    def __init__(self, dtype):
        self.dtype = dtype

    def lift(self, x):
        return np.asarray(x, self.dtype)

    def rational(self, p, q):
        return self.lift(p) / self.lift(q)

    def pi(self):
        return self.lift(np.pi)

    def max(self, a, b):
        return np.maximum(self.lift(a), self.lift(b))

    def min(self, a, b):
        return np.minimum(self.lift(a), self.lift(b))

    def relu(self, x):
        return self.max(x, 0)

    def step(self, x, at0):
        return np.where(x > 0, self.lift(1), np.where(x < 0, self.lift(0), self.lift(at0)))

    def ratio(self, n, d, at0):
        return np.where(d == 0, self.lift(at0), self.lift(n) / self.lift(d))

    def eq(self, a, b):
        return a == b

    def select(self, condition, a, b):
        return self.lift(a if condition else b)

    def stop(self, x):
        return x

    def gate(self, x, g):
        return x

    def aspect(self, w, h, unit, sign):
        return np.arctan2(w, h)

    def log(self, x):
        return np.log(x)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_rounding_bound_covers_an_ordinary_implementation(program, dtype, loss, points, rng):
    spec = loss(program)
    x = np.concatenate([points["boxes"](rng, 60), points["near"](rng, 60)]).astype(dtype)
    bar = rng.normal(size=len(x)).astype(dtype)
    wide, bar64 = x.astype(np.float64), bar.astype(np.float64)
    value, grad = rounding_bound(spec, wide, bar64, dtype=dtype)
    F = Ordinary(np.dtype(dtype).type)
    constants = {k: F.lift(v) for k, v in spec.constants.items()}
    with np.errstate(all="ignore"):
        computed = load(program, "balls").plain_grad(F, *x.T, bar, **constants)
    assert all(out.dtype == dtype for out in computed)
    computed = np.stack(computed, axis=1).astype(np.float64)
    exact = truth(spec, wide, bar64, dtype="float64")
    regular = exact.kind == "regular"
    hi = np.column_stack([exact.value_hi, exact.grad_hi])[regular]
    lo = np.column_stack([exact.value_lo, exact.grad_lo])[regular]
    bound = np.column_stack([value, grad])[regular]
    error = np.abs((computed[regular] - hi) - lo)
    known = np.isfinite(bound)
    assert (error <= bound)[known].all(), (error / bound)[known].max()
    assert known.mean() > (0.5 if dtype == "float16" else 0.9)
    # Not vacuous: the worst ratio of error and bound is of the order of one.
    with np.errstate(invalid="ignore", divide="ignore"):
        assert np.nanmax(np.where(known & (bound > 0), error / bound, 0)) > 0.05


def test_bounds_are_infinite_where_a_narrow_format_overflows(loss):
    big = np.array([[0.0, 0, 300, 300, 10, 10, 310, 310]])
    assert np.isinf(rounding_bound(loss("giou"), big, dtype="float16")[0]).all()
    assert np.isfinite(rounding_bound(loss("giou"), big, dtype="bfloat16")[0]).all()


def test_evaluate_reports_rows_that_met_a_tie(loss):
    spec = loss("giou")
    x = np.array([[0.0, 0, 1, 1, 0.5, 0.5, 2, 2], [0.0, 0, 1, 1, 0, 0.5, 2, 2]])
    text = load("giou", "balls")
    certain = evaluate(text.grad, x, np.ones(2), dict(spec.constants))[2]
    assert certain.tolist() == [True, False]
