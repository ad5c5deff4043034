"""What the checks of rows have in common: weights for every class, and rows that are ignored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from crossval.points.boxes import PointSet

if TYPE_CHECKING:
    from crossval.families import Family

__all__ = ["classes_of", "marked", "weights_for"]

_WEIGHTS = np.array([0.5, 1.0, 2.0, 0.0, 4.0, 0.25])


def classes_of(family: Family) -> int:
    """Return the number of classes, one logit of a row each."""
    if family.wholes:
        return next(iter(family.wholes.values()))[0]
    part = next(iter(family.inputs.values()))
    return part.stop - part.start


def weights_for(family: Family) -> np.ndarray:
    """Return a weight for every class: small dyadic numbers, every sixth 0."""
    return _WEIGHTS[np.arange(classes_of(family)) % len(_WEIGHTS)]


def marked(family: Family, points: PointSet, value: int) -> tuple[PointSet, np.ndarray]:
    """Mark every third row as ignored; where `value` is a class, rows of that class are too.

    Returns
    -------
    tuple
        The rows, and which of them are ignored.
    """
    (name,) = family.labels
    part = family.inputs[name]
    columns = points.columns.copy()
    ignored = (np.arange(len(points)) % 3 == 1) | (columns[:, part][:, 0] == value)
    columns[ignored, part] = value
    return replace(points, columns=columns), ignored
