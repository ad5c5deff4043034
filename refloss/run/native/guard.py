"""A quick look at boxes before a compiled kernel takes them."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from refloss.run.native import compiler
from refloss.run.native.unit import STORED, guard_text
from refloss.run.rounding import format_of

__all__ = ["sound"]


def sound(boxes: np.ndarray, smallest: float, largest: float) -> bool:
    """Return whether nothing about boxes given as corners is unusual.

    Parameters
    ----------
    boxes : array of shape (N, 4)
    smallest : float
        A side is 0 or at least this.
    largest : float
        No coordinate is larger.

    Returns
    -------
    bool
        False also where the look cannot be taken, in an array that is not dense.
    """
    if not (boxes.flags.c_contiguous and boxes.flags.aligned and boxes.dtype.isnative):
        return False
    look = _look(format_of(boxes.dtype))
    return look(len(boxes), boxes.ctypes.data, smallest, largest) == 0


@cache
def _look(held: str) -> Any:
    function = compiler.load(guard_text(STORED[held])).suspicious
    function.restype = ctypes.c_int
    function.argtypes = [ctypes.c_longlong, ctypes.c_void_p, ctypes.c_double, ctypes.c_double]
    return function
