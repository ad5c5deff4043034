"""Sums of losses by groups of items, and how many of them are above 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refloss.losses.reductions import Total

__all__ = ["GroupedSums"]


class GroupedSums(Total):
    """A sink that adds up one column apart for each group of items.

    Parameters
    ----------
    groups : sequence of (N,) bool array or None
        Which items are of a group; None for all.
    counted : bool
        Whether beside every sum the number of its terms above 0 is wanted.
    """

    def __init__(self, groups: Sequence[np.ndarray | None], counted: bool):
        super().__init__()
        self.groups, self.counted = tuple(groups), counted
        self.sums = [Total() for _ in self.groups]
        self.counts = [0] * len(self.groups)

    def put(self, start: int, columns: Sequence[np.ndarray]) -> None:
        """Add the rows of a block."""
        for number, rows in enumerate(self.groups):
            column = columns[0]
            if rows is not None:
                column = column[rows[start : start + len(column)]]
            if column.size:
                self.sums[number].put(start, [column])
                self.counts[number] += int(np.count_nonzero(column > 0))

    def results(self) -> list[float]:
        """Return the sum of every group, each with its number behind it if that is wanted."""
        found = []
        for total, count in zip(self.sums, self.counts, strict=True):
            found += [total.result(), float(count)] if self.counted else [total.result()]
        return found
