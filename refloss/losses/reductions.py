"""From one loss per item to the result that was asked for, and back to a weight per item.

A reduction divides the sum of the losses by a denominator that depends on no differentiable input;
the same denominator divides the upstream gradient. ``"none"`` keeps the items.

The sum is taken over the float64 losses, before they are rounded to the inputs' format. Each block
is split at a power of two into a part whose sum is exact and a remainder some 2**-40 of it (Rump,
Ogita and Oishi, "Accurate floating-point summation part I", 2008); the parts of all blocks are
added by `math.fsum`, which rounds once. The sum of n losses is therefore within 1 ulp of the exact
sum of the float64 losses, for every n and every size of block, unless they cancel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real

import numpy as np

__all__ = [
    "DENOMINATORS",
    "ELEMENT_REDUCTIONS",
    "EMPTY",
    "REDUCTIONS",
    "Counts",
    "Reduction",
    "RowTotals",
    "Total",
]


@dataclass(frozen=True)
class Counts:
    """What a batch offers to divide by.

    Attributes
    ----------
    items : int
        Items of the batch.
    kept : int
        Those that are not ignored.
    weights : float
        The sum of their weights; an item without a weight counts 1.
    rows : int
        Length of the first axis.
    positives : int
        Items whose target is above 0.
    classes : int
        Logits, or other numbers, an item.
    pairs, anchors : int
        Positives of all rows of similarities, and rows that have one.
    """

    items: int
    kept: int
    weights: float
    rows: int = 0
    positives: int = 0
    classes: int = 1
    pairs: int = 0
    anchors: int = 0

    @classmethod
    def of(cls, items: int, classes: int = 1) -> Counts:
        """Return the counts of items that are all kept and have no weights."""
        return cls(items, items, float(items), items, classes=classes)


DENOMINATORS: dict[str, Callable[[Counts], float]] = {
    "items": lambda counts: float(counts.items),
    "kept": lambda counts: float(counts.kept),
    "weights": lambda counts: counts.weights,
    "logits": lambda counts: float(counts.items * counts.classes),
    "numbers": lambda counts: float(counts.items * counts.classes),
    "rows": lambda counts: float(counts.rows),
    "pairs": lambda counts: float(counts.pairs),
    "anchors": lambda counts: float(counts.anchors),
    "positives": lambda counts: float(counts.positives),
    "positives_or_one": lambda counts: max(1.0, counts.positives),
    "positives_plus_one": lambda counts: 1.0 + counts.positives,
}
"""What a mean may divide by; a number of the caller's own is the other possibility."""

EMPTY = {"nan": math.nan, "zero": 0.0}
"""The mean over nothing, and the weight of an item in it."""


@dataclass(frozen=True)
class Reduction:
    """What is made of the losses of a batch.

    Attributes
    ----------
    per_item : bool
        Whether there is one result per item.
    averaged : bool
        Whether the sum is divided.
    per_row : bool
        Whether there is one result for each index of the first axis.
    """

    per_item: bool
    averaged: bool = False
    per_row: bool = False

    def divisor(self, counts: Counts, denominator: str | float | Real = "items") -> float:
        """Return what divides the sum of the losses."""
        if not self.averaged:
            return 1.0
        if isinstance(denominator, str):
            return DENOMINATORS[denominator](counts)
        return float(denominator)

    @staticmethod
    def divide(number: float, divisor: float, empty: str = "nan") -> float:
        """Return a sum of losses, or an upstream gradient, divided; by 0 what `empty` says."""
        if divisor == 0.0:
            return EMPTY[empty]
        with np.errstate(all="ignore"):
            return float(np.float64(number) / np.float64(divisor))


REDUCTIONS: dict[str, Reduction] = {
    "none": Reduction(per_item=True),
    "mean": Reduction(per_item=False, averaged=True),
    "sum": Reduction(per_item=False),
}


ELEMENT_REDUCTIONS = {**REDUCTIONS, "rows": Reduction(per_item=False, per_row=True)}
"""What can be made of losses of single numbers: also the sum of each row of them."""


@dataclass
class RowTotals:
    """A sink that adds up one column by rows.

    Attributes
    ----------
    sums : (N,) float64 array
        The sums so far.
    size : int
        Items of a row, one after the other.
    """

    sums: np.ndarray
    size: int
    width: int = 1

    @classmethod
    def of(cls, shape: Sequence[int]) -> RowTotals:
        """Return a sink for an array of some shape; without axes it is a row of one."""
        rows = shape[0] if shape else 1
        return cls(np.zeros(rows), math.prod(shape[1:]))

    def put(self, start: int, columns: Sequence[np.ndarray]) -> None:
        """Add the items of a block, whose first is ``start``."""
        (column,) = columns
        first = start // self.size
        ends = np.arange(first + 1, -(-(start + len(column)) // self.size)) * self.size - start
        parts = np.add.reduceat(column, [0, *ends.tolist()])
        self.sums[first : first + len(parts)] += parts


@dataclass
class Total:
    """A sink that adds up one column.

    Attributes
    ----------
    parts : list of float
        Numbers whose sum is the total so far.
    """

    parts: list[float] = field(default_factory=list)
    width: int = 1

    def put(self, start: int, columns: Sequence[np.ndarray]) -> None:
        """Add the rows of a block."""
        self.parts.extend(_split_sum(columns[0]))

    def result(self) -> float:
        """Return the sum of all rows, infinite or NaN as a plain sum would be."""
        if all(map(math.isfinite, self.parts)):
            try:
                return math.fsum(self.parts)
            except OverflowError:
                pass
        with np.errstate(all="ignore"):
            return float(np.sum(self.parts))


def _split_sum(values: np.ndarray) -> tuple[float, float]:
    """Return two numbers that add up to the sum of ``values``: one exact, one small."""
    largest = float(np.maximum(values.max(), -values.min()))
    unit = 2.0 * len(values) * largest
    if not 0.0 < unit < 2.0**1000:
        return float(values.sum()), 0.0
    anchor = math.ldexp(1.0, math.frexp(unit)[1])
    coarse = values + anchor
    coarse -= anchor
    return float(coarse.sum()), float((values - coarse).sum())
