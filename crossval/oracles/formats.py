"""The binary floating-point formats that candidates compute in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["FORMATS", "Format", "format_of"]


@dataclass(frozen=True)
class Format:
    """A binary interchange format with gradual underflow.

    Attributes
    ----------
    name : str
        The name that NumPy, ml_dtypes and torch share.
    precision : int
        Bits of the significand, the hidden one included.
    emin, emax : int
        Exponents of the smallest normal and of the largest finite number.
    """

    name: str
    precision: int
    emin: int
    emax: int

    @property
    def roundoff(self) -> float:
        """Unit roundoff u: rounding to nearest errs by at most u times the result."""
        return math.ldexp(1.0, -self.precision)

    @property
    def tiny(self) -> float:
        """The smallest positive (subnormal) number."""
        return math.ldexp(1.0, self.emin - self.precision + 1)

    @property
    def smallest(self) -> float:
        """The smallest positive normal number."""
        return math.ldexp(1.0, self.emin)

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return math.ldexp(2.0 - math.ldexp(1.0, 1 - self.precision), self.emax)

    @property
    def overflow(self) -> float:
        """The least magnitude that rounds to infinity (infinity itself for float64)."""
        if self.precision == 53:
            return math.inf
        return math.ldexp(2.0 - self.roundoff, self.emax)

    def ulp(self, hi: ArrayLike, lo: ArrayLike = 0.0) -> NDArray[np.float64]:
        """Return the unit in the last place of ``hi + lo``, at least the smallest subnormal.

        Parameters
        ----------
        hi, lo : array_like of float64
            A two-float number: ``hi`` is ``hi + lo`` rounded to nearest.

        Returns
        -------
        ndarray of float64
            Spacing of the format in the binade of ``hi + lo``; that of the top binade beyond it.
        """
        hi, lo = np.broadcast_arrays(np.asarray(hi, np.float64), np.asarray(lo, np.float64))
        mantissa, exponent = np.frexp(hi)
        # A power of two with a negative remainder lies in the binade below.
        below = (np.abs(mantissa) == 0.5) & (lo != 0) & (np.signbit(lo) != np.signbit(hi))
        top = np.where(np.isfinite(hi), exponent - 1 - below, self.emax)
        clipped = np.clip(top, self.emin, self.emax)
        zero = hi == 0
        return np.ldexp(1.0, np.where(zero, self.emin, clipped) - (self.precision - 1))

    def round(self, x: ArrayLike) -> NDArray[np.float64]:
        """Round float64 numbers to the nearest of this format, ties to even, as float64.

        Parameters
        ----------
        x : array_like of float64
            Numbers to round; NaN and infinities pass through.
        """
        x = np.asarray(x, np.float64)
        if self.precision == 53:
            return x.copy()
        with np.errstate(invalid="ignore", over="ignore"):
            quantum = self.ulp(x)
            rounded = np.rint(x / quantum) * quantum
            rounded = np.where(np.abs(x) >= self.overflow, np.copysign(np.inf, x), rounded)
        return np.where(np.isfinite(x), rounded, x)


FORMATS = {
    "float64": Format("float64", 53, -1022, 1023),
    "float32": Format("float32", 24, -126, 127),
    "float16": Format("float16", 11, -14, 15),
    "bfloat16": Format("bfloat16", 8, -126, 127),
}


def format_of(dtype: Any) -> Format:
    """Format of a dtype given by name, NumPy or ml_dtypes dtype, or torch dtype.

    Raises
    ------
    ValueError
        If the dtype is none of `FORMATS`.
    """
    if isinstance(dtype, Format):
        return dtype
    name = str(dtype).removeprefix("torch.")
    if name not in FORMATS:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = str(dtype)
    if name not in FORMATS:
        raise ValueError(f"dtype must be one of {', '.join(FORMATS)}; got {dtype!r}")
    return FORMATS[name]
