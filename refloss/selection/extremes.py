"""The farthest of some items and the nearest of others, mostly without computing all distances.

A product of matrices gives all squared distances at once, with an error that is bounded by the
norms. Where just one item is within that bound of the extreme, it is the extreme of the accurate
distances too; the few rows where several are get their accurate distances. Found is what the
accurate distances of all would give, ties included.

The bound, with ``u = 2^-53``, ``S = |a|² + |b|²`` and D coordinates: the product of two rows and
the squared norms have errors of at most ``D u S/2`` and ``D u S``, whatever the order of their
sums, so that ``|a|² + |b|² - 2 a·b <= 2 S`` has at most ``(2 D + 4) u S``. An accurate squared
distance has the relative error ``(D + 6) u``, and may exceed one that is truly larger by twice
that. Both, for two items, are ``(8 D + 32) u S``; 8 more stand for what is of higher order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refloss.selection.distances import Distances

__all__ = ["Extremes", "first_least"]

_LARGEST = 1e300
_UNDERFLOW = 1e-290
"""More than what products lose that underflow."""


@dataclass(frozen=True)
class Extremes:
    """Extreme distances of a set from itself.

    Attributes
    ----------
    distances : Distances
    norms : array of shape (N,) or None
        Squared norms, None where there is no bound.
    """

    distances: Distances
    norms: np.ndarray | None

    @classmethod
    def of(cls, distances: Distances) -> Extremes:
        """Return the extremes of distances."""
        x = distances.x
        if distances.method != "difference" or not x.size:
            return cls(distances, None)
        with np.errstate(over="ignore"):
            norms = np.einsum("ij,ij->i", x, x)
        by_definition = distances.metric == "cosine" and not norms.all()  # of vectors of zeros
        return cls(distances, None if by_definition or norms.max() > _LARGEST else norms)

    def find(
        self, rows: np.ndarray, far: np.ndarray, near: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the item farthest from each row and the one nearest to it, of equals the first.

        Parameters
        ----------
        rows : int array of shape (R,)
        far, near : bool array of shape (R, N)
            Among which items either is looked for, one at least.

        Returns
        -------
        farthest, nearest : int array of shape (R,)
        """
        if self.norms is None:
            return self._by_distances(rows, far, near)
        farthest, nearest, several = self._by_products(rows, far, near, self.norms)
        if len(several):
            accurate = self._by_distances(rows[several], far[several], near[several])
            farthest[several], nearest[several] = accurate
        return farthest, nearest

    def _by_distances(
        self, rows: np.ndarray, far: np.ndarray, near: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        block = self.distances.rows(rows)
        return np.where(far, block, -np.inf).argmax(axis=1), first_least(block, near)

    def _by_products(
        self, rows: np.ndarray, far: np.ndarray, near: np.ndarray, norms: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return both by products, and the places of the rows where others come as close."""
        x = self.distances.x
        bound = (8 * x.shape[1] + 40) * 2.0**-53
        slack = bound * (norms[rows] + norms.max()) + _UNDERFLOW
        sums = (-2.0 * x[rows]) @ x.T
        sums += norms  # but for the row's own, which is the same for all
        nearest, many_near = _least(np.where(near, sums, np.inf), slack)
        farthest, many_far = _least(np.where(far, np.negative(sums, out=sums), np.inf), slack)
        return farthest, nearest, np.flatnonzero(many_far | many_near)


def _least(values: np.ndarray, slack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of the least value of every row, and whether another is within reach."""
    at = values.argmin(axis=1)
    reach = np.take_along_axis(values, at[:, None], axis=1) + slack[:, None]
    return at, np.count_nonzero(values <= reach, axis=1) > 1


def first_least(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return in every row the first place of the least value among some."""
    at = np.where(among, values, np.inf).argmin(axis=1)
    missed = ~np.take_along_axis(among, at[:, None], axis=1)[:, 0]  # all of them are infinite
    return np.where(missed, among.argmax(axis=1), at)
