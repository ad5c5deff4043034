"""Reductions: sums to the last place, weights that match them, and the empty batch."""

import math

import numpy as np
import pytest

from refloss.losses.reductions import DENOMINATORS, REDUCTIONS, Counts, Total


def total(values: np.ndarray, block: int) -> float:
    """Return the sum that a `Total` collects from blocks."""
    sink = Total()
    for start in range(0, len(values), block):
        sink.put(start, [values[start : start + block]])
    return sink.result()


def losses(kind: str, n: int) -> np.ndarray:
    """Return `n` non-negative numbers that are hard to add up."""
    rng = np.random.default_rng(n)
    match kind:
        case "uniform":
            return rng.random(n)
        case "scales":
            return rng.random(n) * 10.0 ** rng.uniform(-20, 20, n)
        case "one large":
            return np.where(np.arange(n) == n // 2, 1e16, rng.random(n))
        case "tiny":
            return rng.integers(0, 50, n) * 5e-324
    return np.full(n, 0.1)


@pytest.mark.parametrize("n", [1, 2, 3, 1000, 100_003])
@pytest.mark.parametrize("kind", ["uniform", "scales", "one large", "tiny", "equal"])
def test_a_sum_is_within_one_ulp_of_the_exact_sum(kind, n):
    values = losses(kind, n)
    exact = math.fsum(values)
    for block in (7, 1024, n):
        assert abs(total(values, block) - exact) <= math.ulp(exact), block


def test_a_plain_sum_would_be_further_off():
    values = losses("one large", 100_003)
    exact = math.fsum(values)
    assert abs(sum(values.tolist()) - exact) > math.ulp(exact)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], 0.0),
        ([1.0, math.inf, 2.0], math.inf),
        ([1.0, -math.inf], -math.inf),
        ([math.inf, -math.inf], math.nan),
        ([1.0, math.nan, 2.0], math.nan),
        ([1.7e308, 1.7e308], math.inf),
        ([1.7e308, 1.7e308, -1.7e308], math.inf),
        ([0.0, 0.0], 0.0),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_what_is_not_finite_adds_up_as_ieee_754_says(values, expected):
    found = total(np.array(values), 2)
    assert found == expected or (math.isnan(found) and math.isnan(expected))


COUNTS = Counts(items=8, kept=6, weights=4.5)


@pytest.mark.parametrize(
    ("name", "denominator", "divisor"),
    [
        ("none", "items", 1.0),
        ("sum", "weights", 1.0),
        ("mean", "items", 8.0),
        ("mean", "kept", 6.0),
        ("mean", "weights", 4.5),
        ("mean", 37, 37.0),
    ],
)
def test_a_mean_divides_by_the_denominator_and_nothing_else_divides(name, denominator, divisor):
    reduction = REDUCTIONS[name]
    assert reduction.divisor(COUNTS, denominator) == divisor
    assert reduction.divide(9.0, divisor) == 9.0 / divisor
    assert reduction.per_item == (name == "none")


def test_items_without_weights_are_all_alike():
    counts = Counts.of(5)
    alike = ("items", "kept", "weights", "rows")
    assert {DENOMINATORS[name](counts) for name in alike} == {5.0}
    assert DENOMINATORS["positives"](counts) == 0
    assert (
        DENOMINATORS["positives_or_one"](counts) == DENOMINATORS["positives_plus_one"](counts) == 1
    )


def test_a_mean_over_nothing_is_nan_or_zero_as_asked_and_a_sum_is_zero():
    mean = REDUCTIONS["mean"]
    assert math.isnan(mean.divide(0.0, mean.divisor(Counts.of(0))))
    assert mean.divide(0.0, 0.0, "zero") == 0.0
    assert REDUCTIONS["sum"].divide(0.0, REDUCTIONS["sum"].divisor(Counts.of(0))) == 0.0


@pytest.mark.parametrize("denominator", [*DENOMINATORS, 11.5])
@pytest.mark.parametrize("cut", [1, 3, 7])
def test_micro_batches_that_share_the_denominator_add_up_to_the_batch(denominator, cut):
    rng = np.random.default_rng(cut)
    losses, weights, kept = rng.random(8), rng.random(8), rng.random(8) > 0.3
    counts = Counts(8, int(kept.sum()), float(weights[kept].sum()), 2, 3, pairs=9, anchors=5)
    divisor = REDUCTIONS["mean"].divisor(counts, denominator)
    whole = REDUCTIONS["mean"].divide(losses[kept].sum(), divisor)
    parts = [
        REDUCTIONS["mean"].divide(losses[s][kept[s]].sum(), divisor)
        for s in (slice(cut), slice(cut, None))
    ]
    assert sum(parts) == pytest.approx(whole, rel=1e-14, abs=0)
