"""Checks of vectors, the centres of classes, and labels; errors as in `refloss.losses.checks`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refloss.losses import row_checks
from refloss.losses.checks import floating, same_format
from refloss.run.arrays import Adopted, adopt, held_format
from refloss.run.rounding import widened

__all__ = ["Given", "given", "refuse_nan"]


@dataclass(frozen=True)
class Given:
    """The arrays of a call, checked.

    Attributes
    ----------
    x, centers : Adopted
        Vectors ``(N, D)`` and centres ``(C, D)``, of one format.
    labels : numpy.ndarray
        Classes ``(N,)``, 0 where the given one is ignored.
    kept : numpy.ndarray or None
        Which are not ignored, None for all.
    """

    x: Adopted
    centers: Adopted
    labels: np.ndarray
    kept: np.ndarray | None


def given(x: object, centers: object, target: object, ignore_index: object) -> Given:
    """Adopt vectors, centres and classes.

    Raises
    ------
    TypeError
        If an argument is no array, or has a dtype that it cannot have.
    ValueError
        If a shape does not fit, or a class does not exist; the error names the first.
    """
    rows, classes, goal = adopt("x", x), adopt("centers", centers), adopt("target", target)
    for name, adopted, shape in (("x", rows, "(N, D)"), ("centers", classes, "(C, D)")):
        floating(name, adopted.array)
        if adopted.array.ndim != 2 or not adopted.array.shape[1]:
            raise ValueError(
                f"{name}: expected shape {shape} with D at least 1, got {adopted.array.shape}"
            )
    same_format("centers", classes.array, rows.array, "x")
    if classes.array.shape[1] != rows.array.shape[1]:
        raise ValueError(
            f"centers: expected {rows.array.shape[1]} numbers a class as a vector of x has, got "
            f"shape {classes.array.shape}"
        )
    if not len(classes.array):
        raise ValueError(f"centers: expected a class at least, got shape {classes.array.shape}")
    held = held_format(goal.array)
    if not held.startswith(("int", "uint")):
        raise TypeError(f"target: expected integers of shape (N,), got {held}")
    if goal.array.shape != rows.array.shape[:1]:
        raise ValueError(
            f"target: expected shape {rows.array.shape[:1]}, one class for every row of x; "
            f"got {goal.array.shape}"
        )
    labels, kept = row_checks.labels(goal.array, len(classes.array), ignore_index)
    return Given(rows, classes, labels.astype(np.int64), kept)


def refuse_nan(of: Given) -> None:
    """Require that no vector that is kept holds NaN, and no centre."""
    row_checks.no_nan("x", of.x.array, of.kept)
    bad = np.isnan(widened(of.centers.array))
    if bad.any():
        row, column = np.unravel_index(int(bad.argmax()), bad.shape)
        where = f"class {row}, column {column}"
        raise ValueError(f"centers: expected no NaN (nan='raise'); got nan in {where}")
