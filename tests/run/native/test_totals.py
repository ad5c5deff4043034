"""Sums on a device: exact to twice the precision, and the same however they are launched."""

import math
from itertools import product

import numpy as np
import pytest

from refloss.run.device_arrays import home_of
from refloss.run.native import device
from tests.kernels.cuda.fibers import REVERSED
from tests.run.native.pretend import PretendArray, PretendDriver, pretend_cupy

U = 2.0**-53


@pytest.fixture
def driver(monkeypatch):
    made = PretendDriver()
    pretend_cupy(monkeypatch, made)
    monkeypatch.setattr(device, "PARTS_MOST", 3)  # so that threads take many numbers each
    return made


def total(numbers, bottom=1.0, empty=math.nan):
    home = home_of("numbers", PretendArray.of(numbers))
    shares = device.parts(home, home.adopt("numbers", PretendArray.of(numbers)).array)
    return float(np.asarray(device.quotient(home, shares, bottom, empty, "float64").owner))


@pytest.mark.parametrize("n", [1, 2, 255, 256, 257, 769, 5000])
def test_sums_that_cancel_keep_their_digits(driver, n):
    rng = np.random.default_rng(n)
    numbers = rng.normal(size=n) * 10.0 ** rng.uniform(-8, 8, n)
    numbers = np.concatenate([numbers, -numbers, rng.random(1)])
    exact = math.fsum(numbers)
    room = U * abs(exact) + (2 * n + 1) ** 2 * U**2 * np.abs(numbers).sum()
    assert abs(total(numbers) - exact) <= room


def test_neither_blocks_nor_their_order_change_a_bit(driver):
    numbers = np.random.default_rng(0).normal(size=3000) * 1e9
    found = set()
    for driver.blocks, driver.schedule in product((1, 2, 7), (0, REVERSED, 5)):
        found.add(total(numbers))
    assert len(found) == 1


@pytest.mark.parametrize("dtype", ["f4", "f2"])
def test_numbers_of_narrower_formats_are_added_in_double(driver, dtype):
    numbers = np.random.default_rng(0).random(2000).astype(dtype)
    assert total(numbers) == math.fsum(numbers.astype(float))


def test_infinities_and_nan(driver):
    assert total(np.array([1.0, np.inf, 2.0])) == math.inf
    assert math.isnan(total(np.array([1.0, np.inf, -np.inf])))
    assert math.isnan(total(np.array([1.0, np.nan])))


def test_quotients(driver):
    numbers = np.array([1.0, 2.0, 4.0])
    assert total(numbers, 3.0) == 7.0 / 3.0
    assert total(numbers, 0.0, empty=5.0) == 5.0
    assert total(np.empty(0), 2.0) == 0.0


def test_rows_to_ignore_do_not_count_and_weights_do(driver):
    home = home_of("labels", PretendArray.of(np.zeros(1)))
    labels, weights = np.array([0, 2, -7, 1] * 300), np.array([0.1, 0.2, 0.7])
    taken = [home.adopt("x", PretendArray.of(a)).array for a in (labels, weights)]

    def counted(weight, ignore):
        shares = device.kept_parts(home, 3, taken[0], weight, ignore)
        return float(np.asarray(device.quotient(home, shares, 1.0, 0.0, "float64").owner))

    assert counted(1.0, -7) == 900
    assert counted(taken[1], -7) == math.fsum([0.1, 0.7, 0.2] * 300)
    assert math.isnan(counted(1.0, -100))
