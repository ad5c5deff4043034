"""Formats against NumPy and ml_dtypes, which implement them independently."""

import ml_dtypes
import numpy as np
import pytest

from crossval.oracles.formats import FORMATS, format_of

TYPES = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
}


@pytest.mark.parametrize("name", FORMATS)
def test_limits_are_those_of_the_dtype(name):
    info, fmt = ml_dtypes.finfo(TYPES[name]), FORMATS[name]
    assert fmt.largest == float(info.max)
    assert fmt.tiny == float(info.smallest_subnormal)
    assert 2 * fmt.roundoff == float(info.eps)


@pytest.mark.parametrize("name", ["float32", "float16", "bfloat16"])
def test_rounding_is_to_nearest_even_including_subnormals_and_overflow(name, rng):
    fmt, dtype = FORMATS[name], TYPES[name]
    exponents = rng.uniform(fmt.emin - fmt.precision - 2, fmt.emax + 2, 20_000)
    x = rng.choice([-1, 1], 20_000) * np.exp2(exponents)
    grid = np.frombuffer(rng.bytes(8000), np.uint16).astype(np.uint16)
    halves = grid.view(np.float16).astype(np.float64) if name == "float16" else fmt.round(x[:4000])
    halves = halves[np.isfinite(halves)]
    for values in (x, halves + fmt.ulp(halves) / 2):  # the latter are exact midpoints
        with np.errstate(over="ignore"):
            expected = values.astype(dtype).astype(np.float64)
        assert np.array_equal(fmt.round(values), expected)


def test_ulp_is_the_spacing_of_the_binade_of_the_truth():
    x = np.array([1.0, 1.5, 2.0, 1e-310, 0.0, 1e300])
    assert np.array_equal(FORMATS["float64"].ulp(x), np.spacing(x))
    # 2 - 2**-80 lies below 2, where numbers are twice as dense.
    assert FORMATS["float64"].ulp(2.0, -(2.0**-80)) == 2.0**-52
    assert FORMATS["float64"].ulp(2.0, 2.0**-80) == 2.0**-51
    assert FORMATS["float16"].ulp(1e9) == 32.0


@pytest.mark.parametrize("dtype", ["bfloat16", ml_dtypes.bfloat16, np.dtype(ml_dtypes.bfloat16)])
def test_formats_are_found_by_any_spelling(dtype):
    assert format_of(dtype) is FORMATS["bfloat16"]


def test_unknown_dtype_is_named():
    with pytest.raises(ValueError, match=r"dtype must be one of float64.*got 'int32'"):
        format_of("int32")
