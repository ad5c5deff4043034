"""The truth of rows beside mpmath, closed forms, jets, autograd and finite differences."""

import math
from itertools import product

import mpmath
import numpy as np
import pytest

from crossval.oracles.autograd import witness
from crossval.oracles.differences import exact, exact_hvp, finite
from crossval.oracles.enclosure import overlap, truth
from crossval.oracles.packing import MOST_JETS, RowPacking
from crossval.oracles.texts import load

PROGRAMS = ("cross_entropy", "cross_entropy_soft")
CONVENTIONS = [
    {},
    {"label_smoothing": 0.1},
    {"label_smoothing": 0.1, "over_others": 1.0},
    {"label_smoothing": 0.1, "classy": 1.0},
    {"z_loss": 0.25},
    {"label_smoothing": 0.3, "over_others": 1.0, "z_loss": 0.25},
    {"label_smoothing": 1.0},
]
CASES = list(product(PROGRAMS, CONVENTIONS))
IDS = [f"{program}-{'-'.join(changes)}".rstrip("-") for program, changes in CASES]
WEIGHTS = [0.5, 1.0, 2.0, 4.0]


def made(program, rng, rows, classes=4, scale=3.0, weights=None):
    """Return columns and their packing: rows of logits of one scale, and targets."""
    logits = rng.normal(size=(rows, classes)) * scale
    if program == "cross_entropy":
        return logits, RowPacking.of(classes, rng.integers(0, classes, rows), weights)
    probabilities = rng.dirichlet(np.ones(classes), rows)
    return np.hstack([logits, probabilities]), RowPacking.of(classes, None, weights)


def textbook(logits, q, weight, changes):
    """Return -sum w q' log p + z lse^2 for numbers of mpmath, q' as its authors print it."""
    eps, classes = mpmath.mpf(changes.get("label_smoothing", 0)), len(logits)
    if changes.get("over_others"):
        q = [x * (1 - eps) + (1 - x) * eps / (classes - 1) for x in q]
    elif changes.get("classy"):
        q = [(x + eps / classes) / (1 + eps) for x in q]
    else:
        q = [x * (1 - eps) + eps / classes for x in q]
    total = mpmath.fsum(mpmath.exp(z) for z in logits)
    parts = zip(weight, q, logits, strict=True)
    terms = [w * x * mpmath.log(mpmath.exp(z) / total) for w, x, z in parts]
    return -mpmath.fsum(terms) + changes.get("z_loss", 0) * mpmath.log(total) ** 2


def numbers(columns, packing, row):
    """Return logits, probabilities and weights of a row as numbers of mpmath."""
    classes = len(packing.weights)
    every = [mpmath.mpf(float(x)) for x in columns[row]]
    hard = packing.labels is not None
    q = [int(j == packing.labels[row]) for j in range(classes)] if hard else every[classes:]
    return every[:classes], q, [mpmath.mpf(float(w)) for w in packing.weights]


@pytest.mark.parametrize("scale", [1.0, 300.0])
@pytest.mark.parametrize(("program", "changes"), CASES, ids=IDS)
def test_values_are_those_of_mpmath(program, changes, scale, loss, rng):
    columns, packing = made(program, rng, 4, scale=scale, weights=WEIGHTS)
    found = truth(loss(program, **changes), columns, grad=False, packing=packing)
    with mpmath.workdps(700):
        for row in range(4):
            number = textbook(*numbers(columns, packing, row), changes)
            gap = abs(number - mpmath.mpf(found.value_hi[row]) - mpmath.mpf(found.value_lo[row]))
            # mpmath has 700 digits; two floats have 106 bits or the smallest number.
            assert gap <= found.value_rad[row] + mpmath.mpf(2) ** -1074
            assert found.value_rad[row] <= np.spacing(found.value_hi[row]) * 2.0**-20


@pytest.mark.parametrize(("program", "changes"), CASES, ids=IDS)
def test_gradients_are_those_of_mpmath(program, changes, loss, rng):
    columns, packing = made(program, rng, 2, scale=30.0, weights=WEIGHTS)
    bar = np.array([1.5, -0.75])
    found = truth(loss(program, **changes), columns, bar, packing=packing)
    with mpmath.workdps(120):
        step = mpmath.mpf(10) ** -40
        for row, k in np.ndindex(*columns.shape):
            z, q, w = numbers(columns, packing, row)
            sides = []
            for sign in (-1, 1):
                moved = [*z, *q]
                moved[k] += sign * step
                sides.append(textbook(moved[:4], moved[4:], w, changes))
            slope = mpmath.mpf(bar[row]) * (sides[1] - sides[0]) / (2 * step)
            hi, lo = found.grad_hi[row, k], found.grad_lo[row, k]
            assert (
                abs(slope - mpmath.mpf(hi) - mpmath.mpf(lo))
                <= mpmath.mpf(10) ** -60 + abs(slope) * mpmath.mpf(2) ** -80
            )


def test_closed_forms(loss):
    """Two classes are a softplus and a sigmoid; equal logits cost log C."""
    gaps = np.array([-700.0, -40, -1, 0, 1e-8, 2, 40, 700])
    columns = np.stack([gaps, np.zeros(8)], axis=1)
    found = truth(loss("cross_entropy"), columns, packing=RowPacking.of(2, [0] * 8, None))
    with mpmath.workdps(40):
        for row, gap in enumerate(gaps.tolist()):
            assert found.value_hi[row] == float(mpmath.log1p(mpmath.exp(-mpmath.mpf(gap))))
            assert found.grad_hi[row, 1] == float(1 / (1 + mpmath.exp(mpmath.mpf(gap))))
    assert (found.grad_hi[:, 0] == -found.grad_hi[:, 1]).all()
    level = np.full((1, 5), 123.25)
    found = truth(loss("cross_entropy"), level, packing=RowPacking.of(5, [3], None))
    assert found.value_hi[0] == math.log(5)
    assert found.grad_hi[0].tolist() == [0.2, 0.2, 0.2, -0.8, 0.2]


def test_equal_logits_are_no_kink(loss):
    """The largest logit is a reference point that cancels: its ties are no ties."""
    columns = np.zeros((3, 4))
    columns[1, :2] = 7.0
    packing = RowPacking.of(4, [0, 1, 2], None)
    found = truth(loss("cross_entropy"), columns, hvp=np.eye(3, 4), packing=packing)
    assert set(found.kind) == {"regular"}
    assert not found.vertices


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize(("program", "changes"), CASES, ids=IDS)
def test_derived_gradient_and_hessian_overlap_the_jets(program, changes, weights, loss, rng):
    columns, packing = made(program, rng, 6, weights=weights)
    columns[0, :4] = 2.0  # equal logits
    columns[1, :4] *= 100
    bar, direction = rng.normal(size=6), rng.normal(size=columns.shape)
    spec = loss(program, **changes)
    assert overlap(spec, columns, bar, hvp=direction, packing=packing) == ([], 6)


def test_overlap_finds_a_wrong_gradient_of_rows(loss, rng, kernels):
    body = (
        "def value(F, logits, target, class_weight):\n"
        "    total = F.sum([F.exp(z) for z in logits])\n"
        "    return F.log(total) - logits[target]\n\n"
        "def grad(F, logits, target, class_weight, bar):\n"
        "    total = F.sum([F.exp(z) for z in logits])\n"
        "    hit = [{} if c == target else 0 for c in range(len(logits))]\n"
        "    return None, [bar*(F.exp(z)/total - h) for z, h in zip(logits, hit)]\n"
    )
    right, wrong = (kernels(n, body.format(one)) for n, one in (("right", 1), ("wrong", 2)))
    columns, packing = made("cross_entropy", rng, 3)
    spec = type(loss("giou"))
    assert overlap(spec("right", {}), columns, packing=packing, kernels=right) == ([], 3)
    assert overlap(spec("wrong", {}), columns, packing=packing, kernels=wrong) == ([0, 1, 2], 3)


@pytest.mark.parametrize(("program", "changes"), CASES, ids=IDS)
def test_wide_rows_are_narrow_rows_and_more(program, changes, loss, rng, monkeypatch):
    """The derived text, which speaks for wide rows, says what the jets say, to the last bit."""
    spec = loss(program, **changes)
    columns, packing = made(program, rng, 3, classes=5, scale=30.0)
    bar, direction = rng.normal(size=3), rng.normal(size=columns.shape)
    narrow = truth(spec, columns, bar, hvp=direction, packing=packing)
    monkeypatch.setattr("crossval.oracles.packing.MOST_JETS", 2)
    wide = truth(spec, columns, bar, hvp=direction, packing=packing)
    for part in ("value", "grad", "hvp"):
        for end in ("hi", "lo"):
            ours, theirs = (getattr(known, f"{part}_{end}") for known in (narrow, wide))
            np.testing.assert_allclose(ours, theirs, rtol=0 if end == "hi" else 1e-6, atol=0)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_class_far_below_adds_nothing_to_a_wide_row(program, loss, rng):
    """1,000 classes, all but a few 2000 below the rest: what a narrow row says of the few."""
    columns, packing = made(program, rng, 2, classes=4)
    few = truth(loss(program), columns, packing=packing)
    below = np.full((2, 996), -2000.0)
    labels, probabilities = packing.labels, columns[:, 4:]
    parts = [columns[:, :4], below]
    if labels is None:
        parts += [probabilities, np.zeros((2, 996))]
    many = truth(loss(program), np.hstack(parts), packing=RowPacking.of(1000, labels, None))
    assert MOST_JETS < 1000
    assert set(many.kind) == {"regular"}
    np.testing.assert_array_equal(many.value_hi, few.value_hi)
    np.testing.assert_array_equal(many.grad_hi[:, :4], few.grad_hi[:, :4])
    assert (many.grad_hi[:, 4:1000] == 0).all()


@pytest.mark.parametrize("program", PROGRAMS)
def test_impossible_classes_are_as_good_as_gone(program, loss, rng):
    """A logit of -inf: the row without it, and derivative 0 there."""
    columns, packing = made(program, rng, 3)
    spec = loss(program)
    alone = truth(spec, columns, packing=packing)
    minus, nothing = np.full((3, 1), -np.inf), np.zeros((3, 1))
    parts = [columns[:, :4], minus] + ([columns[:, 4:], nothing] if packing.labels is None else [])
    found = truth(spec, np.hstack(parts), packing=RowPacking.of(5, packing.labels, None))
    np.testing.assert_array_equal(found.value_hi, alone.value_hi)
    assert set(found.kind) <= {"regular", "undecided"}
    if program == "cross_entropy":
        np.testing.assert_array_equal(found.grad_hi[:, :4], alone.grad_hi)
        assert (found.grad_hi[:, 4] == 0).all()


@pytest.mark.parametrize("asked", [0.0, 0.25])
def test_a_class_of_weight_0_is_no_class(asked, loss, rng):
    """Of probability 0 or more, and with a logit of -inf: value and derivatives without it."""
    columns, packing = made("cross_entropy_soft", rng, 3, weights=WEIGHTS)
    spec = loss("cross_entropy_soft")
    alone = truth(spec, columns, packing=packing)
    minus, share = np.full((3, 1), -np.inf), np.full((3, 1), asked)
    whole = np.hstack([columns[:, :4], minus, columns[:, 4:], share])
    found = truth(spec, whole, packing=RowPacking.of(5, None, (*WEIGHTS, 0.0)))
    np.testing.assert_array_equal(found.value_hi, alone.value_hi)
    np.testing.assert_array_equal(found.grad_hi[:, [0, 1, 2, 3, 5, 6, 7, 8]], alone.grad_hi)
    assert (found.grad_hi[:, [4, 9]] == 0).all()


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize(("program", "changes"), CASES, ids=IDS)
def test_autograd_agrees_with_the_truth_of_rows(program, changes, weights, loss, rng):
    columns, packing = made(program, rng, 8, weights=weights)
    spec, bar = loss(program, **changes), rng.normal(size=8)
    value, grad = witness(spec, columns, bar, packing=packing)
    found = truth(spec, columns, bar, packing=packing)
    # Far above the rounding of sums of order one, far below any difference of convention.
    size = 1 + np.abs(found.grad_hi).max(1, keepdims=True)
    assert (np.abs(grad - found.grad_hi) <= 2.0**-40 * size).all()
    assert (np.abs(value - found.value_hi) <= 2.0**-40 * (1 + found.value_hi)).all()


@pytest.mark.parametrize(("program", "changes"), CASES, ids=IDS)
def test_jets_are_the_exact_differences_of_rows(program, changes, loss, rng):
    columns, packing = made(program, rng, 3, scale=20.0, weights=WEIGHTS)
    spec, bar = loss(program, **changes), rng.normal(size=3)
    direction = rng.normal(size=columns.shape)
    found = truth(spec, columns, bar, hvp=direction, packing=packing)
    assert np.array_equal(found.grad_hi, exact(spec, columns, bar, packing=packing))
    assert np.array_equal(found.hvp_hi, exact_hvp(spec, columns, direction, bar, packing=packing))


@pytest.mark.parametrize("program", PROGRAMS)
def test_float_differences_agree_with_the_truth_of_rows(program, loss, rng):
    spec = loss(program, label_smoothing=0.1, z_loss=0.25)
    columns, packing = made(program, rng, 4, scale=1.0)
    if packing.labels is not None:
        packing = RowPacking.of(4, [1] * 4, None)
    kernel = load(program, "numpy").value

    labels = packing.labels

    def value(*moved):
        inputs = np.stack([np.ravel(column) for column in moved], axis=1)
        target = inputs[:, 4:] if labels is None else np.full(len(inputs), labels[0])
        found = kernel(inputs[:, :4], target, np.ones(4), **spec.constants)
        return found.reshape(moved[0].shape)

    bar = rng.normal(size=4)
    grad, error = finite(value, columns, bar, initial_step=1e-2)
    found = truth(spec, columns, bar, packing=packing).grad_hi
    assert (np.abs(grad - found) <= 1e-7 * (1 + np.abs(found))).all()
    assert (error < 1e-6 * (1 + np.abs(found))).all()


def test_a_width_that_does_not_belong_to_the_weights_is_seen(loss):
    with pytest.raises(ValueError, match="constants of 'cross_entropy' must be"):
        truth(
            type(loss("giou"))("cross_entropy", {}),
            [[0.0, 1.0]],
            packing=RowPacking.of(2, [0], None),
        )
