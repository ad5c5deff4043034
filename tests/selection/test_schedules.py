"""Annealing schedules: published numbers, the code that they come from, bounds and errors."""

import doctest
import math
from fractions import Fraction

import numpy as np
import pytest
import torch

import refloss
from refloss.selection import SCHEDULES, Schedule, annealing, schedules

U = 2.0**-53
NUMBERED = sorted(name for name, plan in SCHEDULES.items() if plan.base is not None)


def test_the_published_numbers():
    at = np.array([100, 1000])
    assert np.round(annealing(at, "sphereface"), 2).tolist() == [76.92, 8.26]
    assert np.round(annealing(at, "clcarwin"), 2).tolist() == [136.36, 14.85]
    assert annealing(np.array([0, 7, 10**9]), "l_softmax_proto").tolist() == [1.0, 1.0, 1.0]
    assert annealing(10**6, "l_softmax") == 0.0 + 1000.0 / 26.0**35


@pytest.mark.parametrize("name", NUMBERED)
@pytest.mark.parametrize("it", [0, 1, 3, 99, 1000, 70_000])
def test_a_schedule_is_its_formula(name, it):
    plan = SCHEDULES[name]
    base, gamma = Fraction(plan.base), Fraction(plan.gamma)
    if plan.form == "power":
        roundings = (
            plan.power * 2 + 3
        )  # of 1 + gamma it, taken to the power; the power; the quotient
        exact = base / (1 + gamma * it) ** int(plan.power)
    else:
        roundings = 3
        exact = base * gamma**it
    exact = max(exact, Fraction(plan.least))
    found = Fraction(annealing(it, name))
    assert abs(found - exact) <= Fraction(roundings * U) * exact + Fraction(5e-324)


def as_sphereface(calls):
    """Return λ of the Caffe layers and of SphereProduct: incremented, then used."""
    return [max(5.0, 1000.0 * (1 + 0.12 * it) ** (-1 * 1)) for it in range(1, calls + 1)]


def as_clcarwin(calls):
    """Return λ of AngleLoss: incremented, then used."""
    return [max(5.0, 1500.0 / (1 + 0.1 * it)) for it in range(1, calls + 1)]


def as_amirhfarzaneh(calls):
    """Return β of LSoftmaxLinear: used, then multiplied."""
    beta, found = 100, []
    for _ in range(calls):
        found.append(max(beta, 0))
        beta *= 0.99
    return found


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("sphereface", as_sphereface),
        ("clcarwin", as_clcarwin),
        ("amirhfarzaneh", as_amirhfarzaneh),
    ],
)
def test_the_counter_starts_as_in_the_published_code(name, published):
    calls = 2500
    counter = SCHEDULES[name].first + np.arange(calls)
    rounding = calls * U if name == "amirhfarzaneh" else 4 * U
    np.testing.assert_allclose(annealing(counter, name), published(calls), rtol=rounding, atol=0)


def test_an_annealed_bias_is_that_of_the_layer():
    base, gamma, power, low, high = -0.1, 1e-3, -0.5, -0.35, 0.0
    biases = [base + math.pow(1.0 + gamma * it, power) - 1.0 for it in range(2000)]
    found = [min(max(bias, low), high) for bias in biases]  # the layer increments after use
    counter = SCHEDULES["happynear"].first + np.arange(2000)
    amounts = {"base": base, "gamma": gamma, "power": power, "least": low, "most": high}
    ours = annealing(counter, "happynear", **amounts)
    np.testing.assert_allclose(ours, found, rtol=0, atol=4 * U)  # two sums of numbers up to 1
    assert ours[0] == base
    assert ours.min() == low


def test_a_bias_keeps_its_digits_at_the_start():
    found = annealing(1, "happynear", base=0.0, gamma=1e-12, power=0.5)
    assert found == pytest.approx(5e-13, rel=1e-12)  # 1 + gamma has 4 of them


@pytest.mark.parametrize("name", NUMBERED)
def test_schedules_never_rise_and_end_at_the_floor(name):
    values = annealing(np.arange(200_000, dtype=np.int32), name)
    assert (np.diff(values) <= 0.0).all()
    assert values[0] == SCHEDULES[name].base
    assert values.min() >= SCHEDULES[name].least
    if SCHEDULES[name].least:
        assert values[-1] == SCHEDULES[name].least


def test_amounts_replace_those_of_the_schedule():
    assert annealing(100, "sphereface", base=1500.0, gamma=0.1) == annealing(100, "clcarwin")
    assert annealing(10**6, "clcarwin", least=0.0) == 1500.0 / (1.0 + 0.1 * 10**6)
    own = Schedule("exponential", base=8.0, gamma=0.5, least=1.0)
    assert annealing(np.arange(5), own).tolist() == [8.0, 4.0, 2.0, 1.0, 1.0]
    assert annealing(0, "l_softmax", base=0.0) == 0.0


def test_bounds_apply_where_a_power_leaves_the_range():
    assert annealing(10**15, "l_softmax", power=400.0) == 0.0
    assert annealing(10**15, "happynear", base=0.0, gamma=1.0, power=99.0, most=0.5) == 0.5
    assert annealing(10**6, Schedule("exponential", base=1.0, gamma=2.0, most=9.0)) == 9.0


def test_results_are_of_the_kind_of_the_iteration():
    assert type(annealing(3, "clcarwin")) is float
    assert isinstance(annealing(np.int64(3), "clcarwin"), np.float64)
    counter = np.arange(6, dtype=np.uint8).reshape(2, 3)
    before = counter.copy()
    found = annealing(counter, "clcarwin")
    assert found.shape == (2, 3)
    assert found.dtype == np.float64
    assert np.array_equal(counter, before)
    tensor = annealing(torch.arange(3), "clcarwin")
    assert tensor.tolist() == annealing(np.arange(3), "clcarwin").tolist()
    assert annealing(torch.tensor(3), "clcarwin").shape == ()
    assert annealing(np.zeros(0, int), "clcarwin").shape == (0,)


@pytest.mark.parametrize(
    ("error", "message", "arguments", "amounts"),
    [
        (TypeError, "iteration: expected an int or an array of int.*1.5", (1.5, "clcarwin"), {}),
        (TypeError, "iteration: expected an int .*True", (True, "clcarwin"), {}),
        (TypeError, "iteration: expected an int .*float64", (np.ones(2), "clcarwin"), {}),
        (TypeError, "iteration: expected an int .*bool", (np.array([True]), "clcarwin"), {}),
        (TypeError, "iteration: expected an array .*list", ([1], "clcarwin"), {}),
        (ValueError, "iteration: expected numbers >= 0, got -3", (-3, "clcarwin"), {}),
        (ValueError, "iteration: .*got -2", (np.array([1, -2, -5]), "clcarwin"), {}),
        (ValueError, "schedule: expected one of .*did you mean 'clcarwin'", (1, "clcarwn"), {}),
        (ValueError, "schedule: form: expected one of", (1, Schedule("linear")), {}),
        (ValueError, "base: expected a number for .*got none", (1, "happynear"), {}),
        (ValueError, "amount: expected one of .*got 'power'", (1, "amirhfarzaneh"), {"power": 2.0}),
        (ValueError, "amount: .*got 'floor'", (1, "clcarwin"), {"floor": 2.0}),
        (ValueError, "gamma: expected a number >= 0, got -1.0", (1, "clcarwin"), {"gamma": -1.0}),
        (
            ValueError,
            "base: expected a finite number, got nan",
            (1, "clcarwin"),
            {"base": math.nan},
        ),
        (ValueError, "least: expected a number, got nan", (1, "clcarwin"), {"least": math.nan}),
        (ValueError, "least: expected at most most = 1.0", (1, "clcarwin"), {"most": 1.0}),
        (TypeError, "power: expected a number, got '1'", (1, "clcarwin"), {"power": "1"}),
    ],
)
def test_errors_name_the_argument(error, message, arguments, amounts):
    with pytest.raises(error, match=message):
        annealing(*arguments, **amounts)


def test_schedules_are_data_that_nothing_writes_to():
    with pytest.raises(TypeError):
        SCHEDULES["sphereface"] = Schedule("power")
    assert all(plan.source for plan in SCHEDULES.values())
    assert {plan.form for plan in SCHEDULES.values()} == set(schedules.FORMS)
    assert refloss.selection.annealing is annealing


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(schedules)
    assert tried
    assert not failed
