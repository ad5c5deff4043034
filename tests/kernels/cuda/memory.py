"""Arrays in memory that notices what a kernel does to it.

Every array lies in a buffer of its own, of which all bytes are set: between its elements, before
and behind it. What an output does not write, and what lies around it, stays as it was. As numbers
these bytes are NaN, and around inputs another NaN, so that results show what was read there.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from math import prod

import numpy as np

__all__ = ["LAYOUTS", "Held", "Nowhere", "Same"]

GUARD, ALIGNED, UNSET = 256, 64, 0xFF
LAYOUTS = ("whole", "misaligned", "strided", "reversed", "transposed")
FOUR_ALIGNED = 16
QUADS = ("4", "xywh", "cxcywh")


class Column(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p), ("step", ctypes.c_longlong)]


class Quad(ctypes.Structure):
    _fields_ = [
        ("at", ctypes.c_void_p),
        ("step", ctypes.c_longlong),
        ("inner", ctypes.c_longlong),
        ("whole", ctypes.c_longlong),
    ]


class Matrix(ctypes.Structure):
    _fields_ = [
        ("at", ctypes.c_void_p),
        ("step", ctypes.c_longlong),
        ("inner", ctypes.c_longlong),
    ]


class Labels(ctypes.Structure):
    _fields_ = [
        ("at", ctypes.c_void_p),
        ("step", ctypes.c_longlong),
        ("ignore", ctypes.c_longlong),
    ]


class Same(ctypes.Structure):
    _fields_ = [("value", ctypes.c_double)]


class Nowhere(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p)]


@dataclass
class Held:
    """An array of some layout with guarded memory around it.

    Parameters
    ----------
    kind : str
        What it holds, as in the index: ``"4"``, ``"bc"``, ``"label"``, ...
    shape : tuple of int
    dtype : dtype
    layout : str
        One of `LAYOUTS`.
    ignore : int
        The label to ignore.
    """

    kind: str
    shape: tuple[int, ...]
    dtype: np.dtype
    layout: str = "whole"
    ignore: int = -1
    view: np.ndarray = field(init=False)
    """The elements."""

    def __post_init__(self) -> None:
        steps = _steps(self.shape, self.layout)
        reach = [abs(step) * max(n - 1, 0) for n, step in zip(self.shape, steps, strict=True)]
        back = sum(r for r, step in zip(reach, steps, strict=True) if step < 0)
        item = self.dtype.itemsize
        offset = GUARD + (item if self.layout == "misaligned" else 0)
        self._raw = _aligned(offset + (sum(reach) + 1) * item + GUARD)
        strides = [step * item for step in steps]
        self.view = np.ndarray(self.shape, self.dtype, self._raw, offset + back * item, strides)

    @classmethod
    def of(cls, array: np.ndarray, kind: str, layout: str = "whole", ignore: int = -1) -> Held:
        """Return an input: a copy of an array."""
        held = cls(kind, array.shape, array.dtype, layout, ignore)
        if kind != "label":
            held._raw[:] = np.resize(
                np.array(np.nan, array.dtype)[None].view(np.uint8), held._raw.size
            )
        held.view[...] = array
        return held

    @property
    def argument(self) -> ctypes.Structure:
        """What a kernel takes."""
        at = self.view.ctypes.data
        steps = [step // self.dtype.itemsize for step in self.view.strides]
        if self.kind == "label":
            return Labels(at, steps[0], self.ignore)
        if self.kind == "bc":
            return Matrix(at, *steps)
        if self.kind in QUADS:
            aligned = at % min(FOUR_ALIGNED, 4 * self.dtype.itemsize) == 0
            return Quad(at, *steps, steps == [4, 1] and aligned)
        return Column(at, steps[0])

    def bytes(self) -> np.ndarray:
        """Return a copy of all bytes, those around the elements too."""
        return self._raw.copy()

    def result(self) -> np.ndarray:
        """Return a dense copy of an output.

        Raises
        ------
        AssertionError
            If an element was not written, or something else was.
        """
        found = self.view.copy()
        pattern = found.view(np.uint8).reshape(prod(self.shape), self.dtype.itemsize)
        left = np.flatnonzero((pattern == UNSET).all(1))
        assert not left.size, f"{left.size} elements were not written: {left[:5]}"
        self.view.view(np.dtype(f"u{self.dtype.itemsize}"))[...] = (
            2 ** (8 * self.dtype.itemsize) - 1
        )
        assert (self._raw == UNSET).all(), "bytes around the array were written"
        self.view[...] = found
        return found


def _steps(shape: tuple[int, ...], layout: str) -> list[int]:
    """Return the distances between neighbours along each axis, in elements."""
    if len(shape) == 1:
        return [{"strided": 3, "reversed": -1}.get(layout, 1)]
    rows, width = shape
    steps = {"strided": [2 * width + 3, 2], "reversed": [-width, 1], "transposed": [1, rows]}
    return steps.get(layout, [width, 1])


def _aligned(count: int) -> np.ndarray:
    raw = np.full(count + ALIGNED, UNSET, np.uint8)
    start = -raw.ctypes.data % ALIGNED
    return raw[start : start + count]
