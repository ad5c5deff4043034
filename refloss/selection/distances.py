"""Distances of all pairs of embeddings, a block of rows at a time.

A distance is computed from the differences of the coordinates, whose errors are relative to the
distance itself. The expansion ``|a|² + |b|² - 2 a·b``, which libraries use since it is a product
of matrices, has errors relative to the norms: of points close to each other no digit is left. It
is here by name, to follow those libraries. Either way no array of all pairs times all coordinates
exists: pairs come in tiles that fit a cache, rows in blocks that fit a budget.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from refloss.losses.checks import choice, same_format
from refloss.losses.head_checks import memory as budget
from refloss.run.rounding import narrow
from refloss.selection import checks
from refloss.selection.checks import Given

__all__ = ["MEMORY", "METRICS", "Distances", "pairwise_distances"]

MEMORY = 64 << 20
"""Bytes that a call may take beside its inputs and results, unless it says otherwise."""

METRICS = ("euclidean", "squared", "cosine")
"""``|a - b|``, ``|a - b|²``, and ``1 - cos(a, b)``."""

_TILE = 1 << 15
"""Differences of coordinates at a time: they stay in the cache."""

_BLOCK = 1 << 18
"""Distances at a time, at most."""

_TEMPORARIES = 6
"""Arrays as large as a block of distances that its reader may need."""

_SOUND = (1e-280, 1e300)
"""Sums of squares between these have lost nothing to underflow or overflow."""


def pairwise_distances(
    x: object,
    y: object = None,
    *,
    metric: str = "euclidean",
    method: str = "difference",
    memory: int = MEMORY,
) -> Any:
    """Return the distances of every embedding from every other.

    Parameters
    ----------
    x : array of shape (N, D)
        float64, float32, float16 or bfloat16.
    y : array of shape (M, D), optional
        Of the format of `x`, which it is by default.
    metric : {'euclidean', 'squared', 'cosine'}
        ``|a - b|``, ``|a - b|²``, or ``1 - cos(a, b)``.
    method : {'difference', 'expanded'}
        From differences of coordinates, or from ``|a|² + |b|² - 2 a·b`` cut off at 0, and from
        ``1 - a·b`` of unit vectors.
    memory : int
        Bytes beside inputs and result.

    Returns
    -------
    array of shape (N, M)
        In the library and format of `x`. By differences, computed in float64 and rounded once;
        expanded, in float64 for float64 and in float32 for all else, as users of that form do.

    Raises
    ------
    TypeError
        If an argument is no floating-point array, or the formats differ.
    ValueError
        If a shape is not as described or a name does not exist.

    Notes
    -----
    By differences, the relative error of a Euclidean distance is at most ``(D/2 + 3) u``, of a
    squared one ``(D + 5) u``, with ``u = 2^-53``, however close the points and however far from
    0: no intermediate overflows or underflows. The cosine distance is ``|a/|a| - b/|b||²/2``: never
    negative, and accurate for nearly parallel vectors as far as their coordinates determine it.
    The matrix of `x` with itself is symmetric, and 0 on its diagonal and wherever rows are equal.

    A vector of zeros has no direction: its cosine with every other vector is taken as 0, as in
    scikit-learn, so that the distance is 1. An infinite or NaN coordinate spoils its own row and
    column alone. Of an expansion, the diagonal is whatever rounding leaves there.

    References
    ----------
    Hermans, Beyer, Leibe: In defense of the triplet loss, arXiv 1703.07737, on Euclidean against
    squared distances; Schroff, Kalenichenko, Philbin: FaceNet, arXiv 1503.03832.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1000.0, 0.0], [1000.0, 1e-5], [0.0, 0.0]])
    >>> pairwise_distances(x)[0]
    array([0.e+00, 1.e-05, 1.e+03])
    >>> pairwise_distances(x, metric="cosine")[0]
    array([0.e+00, 5.e-17, 1.e+00])
    >>> float(pairwise_distances(x, method="expanded")[0, 1])
    0.0
    """
    first = checks.points("x", x)
    second = first if y is None else checks.points("y", y)
    if y is not None:
        same_format("y", np.empty(0, second.held), np.empty(0, first.held), "x")
    if first.array.shape[1] != second.array.shape[1]:
        expected, found = first.array.shape[1], second.array.shape[1]
        raise ValueError(f"y: expected {expected} columns as in x, got {found}")
    distances = Distances.of(first, second, metric, method, memory)
    out = first.room(*distances.shape)
    for rows, block in distances.blocks():
        with np.errstate(all="ignore"):
            narrow(out[rows], np.asarray(block, np.float64))
    return first.library(out)


Rows: TypeAlias = "slice | np.ndarray"


@dataclass(frozen=True)
class Distances:
    """Distances that are computed as they are read.

    Attributes
    ----------
    x, y : array of shape (N, D) and (M, D)
        Embeddings; unit vectors for the cosine; in the format that is computed in.
    itself : bool
        Whether `y` is `x`.
    metric, method : str
    memory : int
    """

    x: np.ndarray
    y: np.ndarray
    itself: bool
    metric: str
    method: str
    memory: int

    @classmethod
    def of(cls, x: Given, y: Given, metric: object, method: object, memory: object) -> Distances:
        """Return the distances of two sets of embeddings, which may be one, arguments checked."""
        unit = choice("metric", metric, {name: name == "cosine" for name in METRICS})
        expanded = choice("method", method, {"difference": False, "expanded": True})
        limit = budget(memory)
        single = expanded and x.held != np.float64
        prepared = [
            (_unit(array) if unit else array).astype(
                np.float32 if single else np.float64, copy=False
            )
            for array in ((x.array,) if y is x else (x.array, y.array))
        ]
        return cls(prepared[0], prepared[-1], y is x, str(metric), str(method), limit)

    @property
    def shape(self) -> tuple[int, int]:
        """How many embeddings there are on either side."""
        return len(self.x), len(self.y)

    def parts(self) -> Iterator[slice]:
        """Yield rows whose distances are within the budget, one at least."""
        items, others = self.shape
        width = max(others, 1)
        size = max(1, min(self.memory // (8 * _TEMPORARIES * width), _BLOCK // width))
        for start in range(0, items, size):
            yield slice(start, min(start + size, items))

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield rows with their distances, in blocks within the budget."""
        return ((rows, self.rows(rows)) for rows in self.parts())

    def rows(self, rows: Rows) -> np.ndarray:
        """Return the distances of some of the rows from all others."""
        with np.errstate(all="ignore"):
            if self.method == "expanded":
                return self._expanded(rows)
            sums = self._squares(rows)
            self._mend(sums, rows)
            return self._of_cosine(sums, rows) if self.metric == "cosine" else sums

    def _places(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return the places of rows among themselves, and among all."""
        items = np.arange(len(self.x))[rows]
        return np.arange(len(items)), items

    def _squares(self, rows: Rows) -> np.ndarray:
        """Return sums of squared differences, tile by tile."""
        x, parts = self.x[rows], max(self.x.shape[1], 1)
        sums = np.empty((len(x), len(self.y)))
        wide = max(1, min(len(self.y), _TILE // parts))
        high = max(1, min(len(x), _TILE // (wide * parts)))
        room = np.empty((high, wide, self.x.shape[1]))
        for i in range(0, len(x), high):
            left = x[i : i + high, None]
            for j in range(0, len(self.y), wide):
                right = self.y[None, j : j + wide]
                tile = room[: left.shape[0], : right.shape[1]]
                np.subtract(left, right, out=tile)
                here = sums[i : i + high, j : j + wide]
                np.einsum("ijk,ijk->ij", tile, tile, out=here)
        return sums

    def _mend(self, sums: np.ndarray, rows: Rows) -> None:
        """Finish sums of squares in place; those that left the range are computed anew, scaled."""
        low, high = _SOUND
        off = ~((sums > low) & (sums < high))
        here, items = self._places(rows)
        if self.itself:
            off[here, items] &= sums[here, items] != 0.0  # NaN stays
        if self.metric == "euclidean":
            np.sqrt(sums, out=sums)
        lost, others = np.nonzero(off)
        size = max(1, _TILE // max(self.x.shape[1], 1))
        for start in range(0, len(lost), size):
            i, j = lost[start : start + size], others[start : start + size]
            sums[i, j] = self._scaled(items[i], j)

    def _scaled(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return sums of squared differences of pairs, or their roots, at any magnitude."""
        apart = np.abs(self.x[i] - self.y[j])
        most = apart.max(axis=1, initial=0.0)
        unit = np.where((most > 0.0) & np.isfinite(most), most, 1.0)
        sums = np.square(apart / unit[:, None]).sum(axis=1)
        return unit * np.sqrt(sums) if self.metric == "euclidean" else unit * sums * unit

    def _of_cosine(self, sums: np.ndarray, rows: Rows) -> np.ndarray:
        """Return ``1 - cos`` from squared distances of unit vectors; of a vector of zeros, 1."""
        sums = np.minimum(0.5 * sums, 2.0)
        none = ~(self.x[rows].any(axis=1, keepdims=True) & self.y.any(axis=1))
        if none.any():
            none &= ~np.isnan(sums)
            if self.itself:
                none[self._places(rows)] = False
            sums[none] = 1.0
        return sums

    def _expanded(self, rows: Rows) -> np.ndarray:
        """Return distances from products."""
        x, y = self.x[rows], self.y
        products = x @ y.T
        if self.metric == "cosine":
            return 1.0 - products
        sums = np.einsum("ij,ij->i", x, x)[:, None] + np.einsum("ij,ij->i", y, y) - 2.0 * products
        np.maximum(sums, 0.0, out=sums)
        return np.sqrt(sums) if self.metric == "euclidean" else sums


def _unit(rows: np.ndarray) -> np.ndarray:
    """Return rows over their norms; a row of zeros stays."""
    with np.errstate(all="ignore"):
        most = np.abs(rows).max(axis=1, initial=0.0)
        scaled = np.ldexp(rows, -np.frexp(most)[1][:, None])
        norm = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))
        return np.where(most[:, None] == 0.0, 0.0, scaled / norm[:, None])
