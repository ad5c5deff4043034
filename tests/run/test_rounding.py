"""One rounding to every format, judged by exact rational arithmetic."""

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from refloss.run.rounding import format_of, narrow, widen, widened

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)

#: Digits, exponent of the least subnormal, and largest finite number of each format.
FORMATS = {
    np.dtype(np.float16): (11, -24, 65504.0),
    BFLOAT16: (8, -133, math.ldexp(255, 120)),
    np.dtype(np.float32): (24, -149, math.ldexp(2**24 - 1, 104)),
    np.dtype(np.float64): (53, -1074, math.ldexp(2**53 - 1, 971)),
}


def exactly_rounded(value: float, dtype: np.dtype) -> float:
    """Return `value` rounded to nearest, ties to even, by rational arithmetic."""
    if value == 0 or not math.isfinite(value):
        return value
    digits, least, largest = FORMATS[dtype]
    unit = max(math.frexp(value)[1] - digits, least)
    steps = round(Fraction(value) / Fraction(2) ** unit)
    rounded = steps * Fraction(2) ** unit
    infinite = abs(rounded) > Fraction(largest)
    return math.copysign(math.inf if infinite else float(rounded), value)


def points(dtype: np.dtype) -> np.ndarray:
    """Return float64 numbers about the midpoints, limits and subnormals of a format."""
    digits, least, largest = FORMATS[dtype]
    rng = np.random.default_rng(digits)
    mantissas = rng.integers(2 ** (digits - 1), 2**digits, 300).astype(float)
    exponents = rng.integers(least, 20, 300)
    middles = np.ldexp(mantissas + 0.5, exponents)
    nudges = np.ldexp(rng.choice([-1.0, 1.0], 300), exponents - rng.integers(1, 53 - digits, 300))
    subnormal = np.ldexp(rng.integers(0, 4096, 300).astype(float), least - 10)
    edges = largest * (1 + np.ldexp(np.arange(-8.0, 9.0), -digits - 3))
    patterns = rng.integers(0, 2**64, 600, dtype=np.uint64).view(np.float64)
    named = [0.0, -0.0, 1 + 2**-8 + 2**-40, 1 + 2**-11 + 2**-50, math.inf, 5e-324, 1.7e308]
    positive = np.concatenate([middles, middles + nudges, subnormal, edges, patterns, named])
    values = np.concatenate([positive, -positive])
    return values[~np.isnan(values)]


@pytest.mark.parametrize("dtype", [d for d in FORMATS if d != np.float64], ids=format_of)
def test_narrow_rounds_once(dtype):
    values = points(dtype)
    out = np.empty(values.shape, dtype)
    with np.errstate(all="ignore"):
        narrow(out, values)
    expected = np.array([exactly_rounded(float(v), dtype) for v in values])
    found = out.astype(np.float64)
    wrong = (found != expected) | (np.signbit(found) != np.signbit(expected))
    assert not wrong.any(), [v.hex() for v in values[wrong][:3]]


def test_the_points_catch_a_rounding_through_float32():
    values = points(BFLOAT16)
    with np.errstate(all="ignore"):
        twice = values.astype(np.float32).astype(BFLOAT16).astype(np.float64)
    expected = np.array([exactly_rounded(float(v), BFLOAT16) for v in values])
    assert (twice != expected).sum() > 100


@pytest.mark.parametrize("dtype", FORMATS, ids=format_of)
def test_nan_stays_nan_whatever_its_payload(dtype):
    payloads = [0x7FF8 << 48, 0xFFF8 << 48, 0x7FFFFFFFFFFFFFFF, 0x7FF0000000000001]
    values = np.array(payloads, np.uint64).view(np.float64)
    out = np.zeros(values.shape, dtype)
    with np.errstate(all="ignore"):
        narrow(out, values)
    assert np.isnan(out.astype(np.float64)).all()


@pytest.mark.parametrize("dtype", [np.dtype(np.float16), BFLOAT16], ids=format_of)
def test_every_16_bit_number_widens_exactly_and_comes_back(dtype):
    every = np.arange(2**16, dtype=np.uint16).view(dtype)
    wide = np.empty(every.shape)
    back = np.empty_like(every)
    with np.errstate(all="ignore"):
        widen(wide, every)
        narrow(back, wide)
        np.testing.assert_array_equal(wide, every.astype(np.float32))
    numbers = ~np.isnan(wide)
    np.testing.assert_array_equal(back.view(np.uint16)[numbers], every.view(np.uint16)[numbers])


@pytest.mark.parametrize("dtype", FORMATS, ids=format_of)
def test_columns_of_a_matrix_are_written_and_read_in_place(dtype):
    values = np.array([1.5, -2.25, 3.0])
    out = np.zeros((3, 4), dtype)
    narrow(out[:, 2], values)
    np.testing.assert_array_equal(out.astype(np.float64)[:, 2], values)
    assert not out.astype(np.float64)[:, [0, 1, 3]].any()
    wide = np.empty((4, 3))
    widen(wide, out.T)
    np.testing.assert_array_equal(wide[2], values)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_narrow_numbers_are_widened_exactly_and_float64_stays_itself(dtype):
    values = np.array([1.5, -0.0, np.inf, 2.0**-14], dtype)
    found = widened(values)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [1.5, -0.0, np.inf, 2.0**-14])
    assert np.signbit(found[1])
    assert widened(found) is found
