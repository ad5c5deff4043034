"""How kernels are laid out on a device, as data.

What a row's results are depends on the threads that share it, and so on its number of classes; it
never depends on the device or on the number of blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ITEMS", "ROWS", "WIDE", "Shape", "grid", "shape"]


@dataclass(frozen=True)
class Shape:
    """Threads of a block, and those that share a row: a warp, or all of a block."""

    block: int
    group: int

    @property
    def before(self) -> str:
        """What stands before a text."""
        return f"#define BLOCK {self.block}\n#define GROUP {self.group}"


ITEMS = Shape(256, 32)
"""A thread an item."""

ROWS = ((1024, Shape(256, 32)), (8192, Shape(256, 256)))
"""The largest number of classes, and the shape."""

WIDE = {"float32": Shape(1024, 1024), "float64": Shape(512, 512)}
"""Shapes of wider rows, by what is computed with. Few rows at a time, so that they stay in the
cache between the passes over them; more threads of float64 would not have the registers."""


def shape(sizes: Sequence[int], real: str) -> Shape:
    """Return the shape for items, or for items and classes."""
    if len(sizes) == 1:
        return ITEMS
    return next((shape for most, shape in ROWS if sizes[1] <= most), WIDE[real])


def grid(sizes: Sequence[int], shape: Shape, room: int) -> int:
    """Return the number of blocks: no more than the device has room for at a time."""
    each = shape.block if len(sizes) == 1 else shape.block // shape.group
    return min(-(-sizes[0] // each), room)
