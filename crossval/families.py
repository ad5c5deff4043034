"""What the judge must know of a family of losses: its inputs, columns, points and arms.

A new family adds one entry; the checks themselves speak only of named inputs and rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crossval.points.boxes import COLUMNS, PointSet, point_set


@dataclass(frozen=True)
class Family:
    """A family of losses that take the same inputs.

    Attributes
    ----------
    name : str
        As in the kernels' index.
    inputs : dict of str to slice
        Input name to its columns, in the order of a target's positional arguments.
    columns : tuple of str
        Name of each column.
    points : callable
        ``points(dtype, level)`` gives the pinned points.
    """

    name: str
    inputs: dict[str, slice]
    columns: tuple[str, ...]
    points: Callable[[str, str], PointSet]


FAMILIES = {
    "boxes": Family("boxes", {"pred": slice(0, 4), "target": slice(4, 8)}, COLUMNS, point_set),
}
