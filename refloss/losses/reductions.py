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

import numpy as np

__all__ = ["REDUCTIONS", "Reduction", "Total"]


@dataclass(frozen=True)
class Reduction:
    """A denominator; None keeps one loss per item.

    Attributes
    ----------
    denominator : callable or None
        Number of items to the number that divides their sum.
    """

    denominator: Callable[[int], float] | None

    @property
    def per_item(self) -> bool:
        """Whether there is one result per item."""
        return self.denominator is None

    def value(self, total: float, items: int) -> float:
        """Return the reduced value of ``items`` losses whose sum is ``total``."""
        return _divide(total, self._divisor(items))

    def weight(self, upstream: float, items: int) -> float:
        """Return the upstream gradient of every item, from that of the reduced value."""
        return _divide(upstream, self._divisor(items))

    def _divisor(self, items: int) -> float:
        return 1.0 if self.denominator is None else self.denominator(items)


def _divide(number: float, divisor: float) -> float:
    with np.errstate(all="ignore"):  # a mean over nothing is 0/0, NaN as in torch
        return float(np.float64(number) / np.float64(divisor))


REDUCTIONS: dict[str, Reduction] = {
    "none": Reduction(None),
    "mean": Reduction(float),
    "sum": Reduction(lambda items: 1.0),
}


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
