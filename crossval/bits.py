"""Bits of the formats under test: words on the wire, steps on the grid, hex in reports.

The judge holds every number as float64, which contains the other formats exactly; bits appear
only where a number meets the target or the reader.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from crossval.oracles.formats import Format


def dtype_of(number: Format) -> np.dtype:
    """NumPy dtype of a format (ml_dtypes' for bfloat16)."""
    if number.name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(number.name)


def word_of(number: Format) -> np.dtype:
    """Unsigned integer dtype of the format's width."""
    return np.dtype(f"uint{8 * dtype_of(number).itemsize}")


def to_bits(values: np.ndarray, number: Format) -> np.ndarray:
    """Words of float64 ``values`` that lie on the format's grid."""
    with np.errstate(over="ignore"):
        narrow = np.asarray(values, dtype=np.float64).astype(dtype_of(number))
    return np.ascontiguousarray(narrow).view(word_of(number)).reshape(narrow.shape)


def from_bits(words: np.ndarray, number: Format) -> np.ndarray:
    """Float64 values of ``words``."""
    narrow = np.ascontiguousarray(words, dtype=word_of(number)).view(dtype_of(number))
    return narrow.reshape(np.shape(words)).astype(np.float64)


def step(values: np.ndarray, count: np.ndarray | int, number: Format) -> np.ndarray:
    """Move ``values`` by ``count`` steps on the format's grid, through zero where needed."""
    magnitude_mask = np.uint64(np.iinfo(word_of(number)).max >> 1)
    words = to_bits(values, number).astype(np.uint64)
    magnitude = (words & magnitude_mask).astype(np.int64)
    ordinal = np.where(words > magnitude_mask, -magnitude, magnitude) + count
    moved = from_bits(np.abs(ordinal).astype(np.uint64).astype(word_of(number)), number)
    return np.copysign(moved, ordinal)


def hexadecimal(value: float, number: Format) -> str:
    """Word of one value, most significant digit first, e.g. ``0x41880000``."""
    return f"0x{int(to_bits(np.array(value), number)):0{2 * word_of(number).itemsize}x}"


def nearest(hi: float, lo: float, number: Format) -> float:
    """Round the exact sum ``hi + lo`` to the nearest number of the format.

    Rounding ``hi`` alone would be wrong where it lies half way between two numbers and ``lo``
    decides.
    """
    first = float(number.round(hi))
    if not np.isfinite(first):
        return first
    exact = Fraction(hi) + Fraction(lo)
    around = [float(step(np.array(first), count, number)) for count in (0, -1, 1)]
    finite = [candidate for candidate in around if np.isfinite(candidate)]
    return min(finite, key=lambda candidate: abs(Fraction(candidate) - exact))
