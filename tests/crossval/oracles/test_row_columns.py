"""The oracles of rows under one roof: columns in, columns out, as for boxes."""

import numpy as np
import pytest

import refloss
from crossval.oracles import enclosure
from crossval.oracles.formats import format_of
from crossval.oracles.packing import RowPacking
from crossval.oracles.row_columns import RowColumns, has_labels

WEIGHTS = (0.5, 2.0, 0.0, 4.0)
CONVENTIONS = [{}, {"label_smoothing": 0.25}, {"z_loss": 0.5, "label_smoothing": 0.1}]
CASES = [(program, c) for program in ("cross_entropy", "cross_entropy_soft") for c in CONVENTIONS]


def table(program, rng, rows=5, classes=4, scale=3.0):
    """Return rows of columns: logits, then the class or the probabilities."""
    logits = np.round(rng.normal(size=(rows, classes)) * scale * 64) / 64
    if program == "cross_entropy":
        return np.hstack([logits, rng.integers(0, classes, (rows, 1))])
    goal = rng.integers(1, 9, (rows, classes))
    return np.hstack([logits, np.round(goal / goal.sum(axis=1, keepdims=True) * 64) / 64])


def parts(program, columns):
    """Return logits and target as refloss takes them."""
    classes = columns.shape[1] - 1 if program == "cross_entropy" else columns.shape[1] // 2
    target = columns[:, classes:]
    hard = program == "cross_entropy"
    return columns[:, :classes], target[:, 0].astype(int) if hard else target


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(("program", "changes"), CASES)
def test_the_kernel_is_that_of_the_public_function(program, changes, weights, loss, rng):
    columns = table(program, rng)
    upstream = np.array([1.0, -2.0, 0.5, 3.0, -0.25])
    logits, target = parts(program, columns)
    given = None if weights is None else np.array(weights)
    value, gradient = RowColumns(weights).kernel(loss(program, **changes), columns, upstream)
    soft = program == "cross_entropy_soft"
    expected, by = refloss.cross_entropy.value_and_grad(
        logits,
        target,
        class_weight=given,
        upstream=upstream,
        wrt=("logits", "target") if soft else ("logits",),
        **changes,
    )
    assert np.array_equal(value, expected)
    rest = by["target"] if soft else np.zeros((len(columns), 1))
    assert np.array_equal(gradient, np.hstack([by["logits"], rest]))


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(("program", "changes"), CASES)
def test_truth_is_that_of_the_enclosure_with_a_column_for_every_column(
    program, changes, weights, loss, rng
):
    columns, upstream = table(program, rng), np.array([1.0, -2.0, 0.5, 3.0, -0.25])
    spec, oracle = loss(program, **changes), RowColumns(weights)
    found = oracle.truth(spec, columns, upstream, dtype="float32")
    logits, target = parts(program, columns)
    labels = target if target.ndim == 1 else None
    numbers = logits if labels is not None else columns
    packing = RowPacking.of(4, labels, weights)
    straight = enclosure.truth(spec, numbers, upstream, dtype="float32", packing=packing)
    assert np.array_equal(found.value_hi, straight.value_hi)
    assert (found.kind == "regular").all()
    for name in ("grad_hi", "grad_lo", "grad_rad"):
        got, own = getattr(found, name), getattr(straight, name)
        assert got.shape == columns.shape
        assert np.array_equal(got[:, : own.shape[1]], own)
        assert not got[:, own.shape[1] :].any()
    value, gradient = oracle.kernel(spec, columns, upstream)
    assert np.allclose(found.value_hi, value, rtol=1e-14, atol=0)
    assert np.allclose(found.grad_hi, gradient, rtol=1e-13, atol=1e-15)
    assert np.array_equal(oracle.packed(spec, columns)[0], numbers)


def test_directions_leave_the_class_alone(loss, rng):
    columns = table("cross_entropy", rng)
    direction = rng.integers(-2, 3, columns.shape).astype(float)
    found = RowColumns().truth(loss("cross_entropy"), columns, hvp=direction)
    other = direction.copy()
    other[:, -1] += 5
    again = RowColumns().truth(loss("cross_entropy"), columns, hvp=other)
    assert found.hvp_hi.shape == columns.shape
    assert np.array_equal(found.hvp_hi, again.hvp_hi)
    assert not found.hvp_hi[:, -1].any()


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(("program", "changes"), CASES)
def test_condition_bounds_what_relative_errors_of_the_input_do(
    program, changes, weights, loss, rng
):
    spec, oracle = loss(program, **changes), RowColumns(weights)
    columns, upstream = table(program, rng), np.array([1.0, -2.0, 0.5, 3.0, -0.25])
    value_condition, gradient_condition = oracle.condition(spec, columns, upstream)
    moving = 4 if program == "cross_entropy" else 8
    value, gradient = oracle.kernel(spec, columns, upstream)
    reached = np.zeros_like(value), np.zeros_like(gradient)
    step = 2.0**-20
    for signs in rng.choice([-1.0, 1.0], (400, 5, moving + 1)):
        moved = columns.copy()
        moved[:, :moving] *= 1 + step * signs[:, :moving]
        found = oracle.kernel(spec, moved, upstream * (1 + step * signs[:, -1]))
        moves = np.abs(found[0] - value) / step, np.abs(found[1] - gradient) / step
        reached = np.maximum(reached[0], moves[0]), np.maximum(reached[1], moves[1])
    assert (reached[0] <= value_condition * 1.001 + 1e-9).all()
    assert (reached[1] <= gradient_condition * 1.001 + 1e-9).all()
    # and it is no larger than need be: some choice of signs comes near
    assert (reached[0] >= 0.5 * value_condition).all()
    assert (reached[1] >= 0.2 * gradient_condition).all()


def test_logits_of_minus_infinity_have_no_condition_of_their_own(loss):
    columns = np.array([[1.0, -np.inf, 2.0, 0.0, 0.0]])
    value, gradient = RowColumns().condition(loss("cross_entropy"), columns)
    without = np.delete(columns, 1, axis=1)
    less, slopes = RowColumns().condition(loss("cross_entropy"), without)
    assert np.array_equal(value, less)
    assert np.array_equal(np.delete(gradient, 1, axis=1), slopes)
    assert gradient[0, 1] == 0


@pytest.mark.parametrize("scale", [2.0, 100.0])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("program", ["cross_entropy", "cross_entropy_soft"])
def test_rounding_bounds_hold_for_the_textbook_formula_in_the_format(
    program, dtype, scale, loss, rng
):
    columns = format_of(dtype).round(table(program, rng, rows=64, scale=scale))
    spec, oracle, number = loss(program), RowColumns(WEIGHTS), format_of(dtype)
    value, gradient = oracle.rounding_bound(spec, columns, dtype=dtype)
    known = oracle.truth(spec, columns, dtype=dtype)
    logits, target = parts(program, columns)
    goal = np.eye(4)[target] if target.ndim == 1 else target
    rounded = number.round
    largest = logits.max(axis=1, keepdims=True)
    masses = rounded(np.exp(rounded(logits - largest)))
    total = masses[:, 0]
    for j in range(1, 4):
        total = rounded(total + masses[:, j])
    log_sum = rounded(rounded(np.log(total))[:, None] + largest)
    asked = rounded(goal * np.array(WEIGHTS))
    terms = rounded(asked * rounded(log_sum - logits))
    loss_of = terms[:, 0]
    share = asked[:, 0]
    for j in range(1, 4):
        loss_of, share = rounded(loss_of + terms[:, j]), rounded(share + asked[:, j])
    slopes = rounded(rounded(rounded(masses / total[:, None]) * share[:, None]) - asked)
    assert (np.abs(loss_of - known.value_hi) <= value).all()
    assert (np.abs(slopes - known.grad_hi[:, :4]) <= gradient[:, :4]).all()
    # the other way to write the softmax
    shares = rounded(np.exp(rounded(logits - log_sum)))
    slopes = rounded(rounded(shares * share[:, None]) - asked)
    assert (np.abs(slopes - known.grad_hi[:, :4]) <= gradient[:, :4]).all()
    # the bound is worth something: it is small beside typical results
    size = np.maximum(known.value_hi, np.abs(logits).max(axis=1))
    assert np.median(value / size) < 40 * number.roundoff
    assert gradient.shape == columns.shape


def test_rounding_bounds_do_not_depend_on_the_order_of_the_rows(loss, rng):
    columns = table("cross_entropy", rng, rows=12)
    upstream = rng.integers(1, 9, 12).astype(float)
    order = rng.permutation(12)
    spec, oracle = loss("cross_entropy"), RowColumns()
    straight = oracle.rounding_bound(spec, columns, upstream, dtype="float32")
    turned = oracle.rounding_bound(spec, columns[order], upstream[order], dtype="float32")
    for one, other in zip(straight, turned, strict=True):
        assert np.array_equal(one[order], other)


def test_oracles_that_say_the_same_are_equal_and_programs_know_their_target(loss):
    assert RowColumns(WEIGHTS) == RowColumns(tuple(WEIGHTS))
    assert hash(RowColumns(WEIGHTS)) == hash(RowColumns(tuple(WEIGHTS)))
    assert RowColumns(WEIGHTS) != RowColumns()
    assert has_labels(loss("cross_entropy"))
    assert not has_labels(loss("cross_entropy_soft"))
