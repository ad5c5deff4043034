"""What the judge must know of a family of losses: its inputs, columns, points and arms.

A new family adds one entry; the checks themselves speak only of named inputs and rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crossval.catalog import losses
from crossval.points.box_probes import BOXES
from crossval.points.boxes import COLUMNS, PointSet, point_set
from crossval.points.probes import Prober
from crossval.target import UsageError


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
    shapes : dict of str to str
        Input name to the shape that the loss takes, in words.
    prober : Prober, optional
        What identifying a target needs; without it a family is not identified.
    """

    name: str
    inputs: dict[str, slice]
    columns: tuple[str, ...]
    points: Callable[[str, str], PointSet]
    shapes: dict[str, str]
    prober: Prober | None = None

    def shape(self, name: str) -> tuple[int | None, ...]:
        """Shape of an input, None for a size that varies."""
        sizes = [size.strip() for size in self.shapes[name].strip("()").split(",")]
        return tuple(int(size) if size.isdigit() else None for size in sizes if size)

    def stack(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return columns (n, k) from one array an input."""
        return np.concatenate([arrays[name] for name in self.inputs], axis=1)

    def split(self, columns: np.ndarray) -> dict[str, np.ndarray]:
        """Return arrays by input from columns (n, k); the inverse of :meth:`stack`."""
        return {name: columns[:, part] for name, part in self.inputs.items()}


FAMILIES = {
    "boxes": Family(
        "boxes",
        {"pred": slice(0, 4), "target": slice(4, 8)},
        COLUMNS,
        point_set,
        {"pred": "(N, 4)", "target": "(N, 4)"},
        BOXES,
    ),
}


def family_of(loss: str) -> Family:
    """Return the family of a loss; raises :class:`UsageError` if it has none to be judged by."""
    name = losses()[loss]["family"]
    if name not in FAMILIES:
        raise UsageError(f"{loss} cannot be judged yet: there are no points of family {name}")
    return FAMILIES[name]
