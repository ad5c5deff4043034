"""Box layouts as linear maps onto corners, and the adjoints that bring derivatives back.

Kernels know corners only. Every layout here is linear without a constant, so boxes and directions
go forward through the same map, gradients and Hessian-vector products back through its adjoint:
``<J x, y> = <x, J^T y>``. The maps are evaluated in float64; from float32 and narrower they are
exact unless the exponents of two terms lie more than 29 apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["LAYOUTS", "Layout"]

Columns = Sequence[np.ndarray]


@dataclass(frozen=True)
class Layout:
    """One way of writing a box in four numbers.

    Attributes
    ----------
    columns : tuple of str
        What the four columns are called.
    corners : callable
        Four float64 columns to ``x1, y1, x2, y2``; no argument is written to.
    adjoint : callable
        Derivatives with respect to corners to those with respect to the layout's columns.
    sides : callable
        Four columns to width and height, negative where a box is inverted.
    order : str
        What a box that is not inverted satisfies, for errors.
    """

    columns: tuple[str, str, str, str]
    corners: Callable[[Columns], Columns]
    adjoint: Callable[[Columns], Columns]
    sides: Callable[[Columns], Columns]
    order: str

    def to_corners(self, block: np.ndarray) -> None:
        """Replace the rows of a ``(4, n)`` float64 block by corners."""
        rows = list(block)
        for row, corner in zip(rows, self.corners(rows), strict=True):
            if corner is not row:
                np.copyto(row, corner)


def _same(columns: Columns) -> Columns:
    return columns


def _from_sizes(columns: Columns) -> Columns:
    x, y, w, h = columns
    return x, y, x + w, y + h


def _from_sizes_adjoint(columns: Columns) -> Columns:
    x1, y1, x2, y2 = columns
    return x1 + x2, y1 + y2, x2, y2


def _from_centre(columns: Columns) -> Columns:
    x, y, w, h = columns
    half_w, half_h = 0.5 * w, 0.5 * h
    return x - half_w, y - half_h, x + half_w, y + half_h


def _from_centre_adjoint(columns: Columns) -> Columns:
    x1, y1, x2, y2 = columns
    return x1 + x2, y1 + y2, 0.5 * (x2 - x1), 0.5 * (y2 - y1)


def _between_corners(columns: Columns) -> Columns:
    x1, y1, x2, y2 = columns
    return x2 - x1, y2 - y1


def _last_two(columns: Columns) -> Columns:
    return columns[2:]


_SIZES = "w >= 0 and h >= 0"

LAYOUTS: dict[str, Layout] = {
    "xyxy": Layout(
        ("x1", "y1", "x2", "y2"), _same, _same, _between_corners, "x1 <= x2 and y1 <= y2"
    ),
    "xywh": Layout(("x", "y", "w", "h"), _from_sizes, _from_sizes_adjoint, _last_two, _SIZES),
    "cxcywh": Layout(("cx", "cy", "w", "h"), _from_centre, _from_centre_adjoint, _last_two, _SIZES),
}
