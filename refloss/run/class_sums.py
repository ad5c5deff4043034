"""Sums of rows by class, in the order of the rows, with twice the digits of a float64.

Rows come in blocks. Those of a class are split at a power of two into parts whose sum is exact and
remainders some 2**-40 of them (Rump, Ogita and Oishi, "Accurate floating-point summation part I",
2008); the sums of blocks are added up with the error of every addition beside them. A sum is
therefore within an ulp, or within 2**-80 of the sum of its rows' sizes, however many there are, and
the same in every run: nothing depends on threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ROWS", "ClassSums"]

ROWS = 1 << 16
"""Rows of a block at most: the remainders of more would have remainders of their own."""

_LARGEST = 2.0**1000


@dataclass(frozen=True)
class ClassSums:
    """Sums by class so far, of so many numbers each.

    Attributes
    ----------
    high, low : (C, D) float64 array
        Their sum is the sum.
    """

    high: np.ndarray
    low: np.ndarray

    @classmethod
    def of(cls, classes: int, parts: int) -> ClassSums:
        """Return sums of nothing."""
        return cls(np.zeros((classes, parts)), np.zeros((classes, parts)))

    def add(self, labels: np.ndarray, rows: np.ndarray) -> None:
        """Add rows to their classes.

        Parameters
        ----------
        labels : (n,) array of int
            Classes, n at most `ROWS`.
        rows : (n, D) float64 array
        """
        if not len(rows):
            return
        order = np.argsort(labels, kind="stable")
        ordered = labels[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
        with np.errstate(all="ignore"):
            coarse, fine = _split_sums(rows[order], starts)
            self._join(ordered[starts], coarse, fine)

    def result(self) -> np.ndarray:
        """Return the sums, infinite or NaN as plain sums would be."""
        with np.errstate(all="ignore"):
            return np.where(np.isfinite(self.high), self.high + self.low, self.high)

    def _join(self, classes: np.ndarray, coarse: np.ndarray, fine: np.ndarray) -> None:
        before = self.high[classes]
        total = before + coarse
        back = total - before
        lost = (before - (total - back)) + (coarse - back)
        self.high[classes] = total
        self.low[classes] += fine + lost


def _split_sums(rows: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two sums a class whose rows stand behind each other: one exact, one small."""
    counts = np.diff(starts, append=len(rows))
    if counts.max() == 1:
        return rows, np.zeros_like(rows)
    top = np.maximum.reduceat(np.abs(rows), starts, axis=0)
    unit = 2.0 * counts[:, None] * top
    tame = unit < _LARGEST  # of what is not, a plain sum is all there is
    anchor = np.where(tame & (unit > 0.0), np.ldexp(1.0, np.frexp(unit)[1]), 0.0)
    anchors = np.repeat(anchor, counts, axis=0)
    coarse = rows + anchors
    coarse -= anchors
    fine = np.add.reduceat(rows - coarse, starts, axis=0)
    return np.add.reduceat(coarse, starts, axis=0), np.where(tame, fine, 0.0)
