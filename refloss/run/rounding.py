"""Widening to float64 and rounding back, once, to the format of a result.

Every float16, bfloat16 and float32 number is a float64 number, so widening is exact. NumPy rounds
float64 to float32 and float16 in one step; ml_dtypes' way to bfloat16 passes through float32 and so
rounds twice: ``1 + 2**-8 + 2**-40`` becomes ``1`` instead of ``1 + 2**-7``. Here the first of the
two steps rounds to odd (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008):
an inexact result has its last bit set, which keeps the second step on the right side of every
midpoint.
"""

from __future__ import annotations

import numpy as np

__all__ = ["format_of", "narrow", "widen", "widened"]


def format_of(dtype: np.dtype) -> str:
    """Return a format's name, ``"bfloat16"`` for that of ml_dtypes, which is not imported."""
    return dtype.type.__name__


def widen(out: np.ndarray, values: np.ndarray) -> None:
    """Copy floating-point ``values`` of any format into the float64 array ``out``, exactly.

    The caller silences NumPy's warnings: a signalling NaN is reported as an invalid value.
    """
    if format_of(values.dtype) == "bfloat16":
        values = (values.view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)
    np.copyto(out, values)


def widened(values: np.ndarray) -> np.ndarray:
    """Return floating-point ``values`` in float64, the array itself if it is of that format."""
    if values.dtype == np.float64:
        return values
    out = np.empty(values.shape)
    with np.errstate(all="ignore"):
        widen(out, values)
    return out


def narrow(out: np.ndarray, values: np.ndarray) -> None:
    """Round float64 ``values`` into ``out``: to nearest, ties to even, in one rounding.

    Parameters
    ----------
    out : array of float16, bfloat16, float32 or float64
    values : float64 array of the same shape

    Notes
    -----
    Overflow gives an infinity and NaN stays NaN. The caller silences NumPy's warnings.
    """
    if format_of(out.dtype) == "bfloat16":
        np.copyto(out.view(np.uint16), _bfloat16_bits(values))
    else:
        np.copyto(out, values, casting="same_kind")


def _bfloat16_bits(values: np.ndarray) -> np.ndarray:
    """Return the uint16 patterns of float64 ``values`` rounded to bfloat16."""
    odd = _round_to_odd(values).view(np.uint32)
    even = (odd >> np.uint32(16)) & np.uint32(1)
    rounded = ((odd + np.uint32(0x7FFF) + even) >> np.uint32(16)).astype(np.uint16)
    return np.where(np.isnan(values), np.uint16(0x7FC0), rounded)


def _round_to_odd(values: np.ndarray) -> np.ndarray:
    """Return float32 ``values``: truncated, the last bit set where digits were lost."""
    nearest = values.astype(np.float32)
    back = nearest.astype(np.float64)
    bits = nearest.view(np.int32)
    bits -= np.abs(back) > np.abs(values)  # one step towards zero undoes a rounding away from it
    bits |= back != values
    return nearest
