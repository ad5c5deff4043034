"""Reductions: sums to the last place, weights that match them, and the empty batch."""

import math

import numpy as np
import pytest

from refloss.losses.reductions import REDUCTIONS, Total


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


@pytest.mark.parametrize(
    ("name", "value", "weight"), [("none", 12.0, 6.0), ("sum", 12.0, 6.0), ("mean", 3.0, 1.5)]
)
def test_value_and_weight_have_one_denominator(name, value, weight):
    reduction = REDUCTIONS[name]
    assert reduction.value(12.0, 4) == value
    assert reduction.weight(6.0, 4) == weight
    assert reduction.per_item == (name == "none")


def test_a_mean_over_nothing_is_nan_and_a_sum_is_zero():
    assert math.isnan(REDUCTIONS["mean"].value(0.0, 0))
    assert REDUCTIONS["sum"].value(0.0, 0) == 0.0
