"""Slips that any loss of given vectors may have: other vectors, or the mean of squares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crossval.checks.hypotheses import Prediction
from crossval.oracles.elementwise import Oracle

__all__ = ["Vectors"]

_SHORT = 1e-3
_NORMS = 8
"""Roundings of a unit vector's numbers, and of a distance of two."""
_ROUNDOFF = 2.0**-53


@dataclass(frozen=True)
class Vectors:
    """Where slips are tried.

    Attributes
    ----------
    oracle : Oracle
        Of the family.
    columns, upstream : array
        The points.
    count : int
        How many vectors an item has; what stands behind them is a label.
    """

    oracle: Oracle
    columns: np.ndarray
    upstream: np.ndarray
    count: int

    @property
    def width(self) -> int:
        """How many columns are numbers of vectors."""
        return self.columns.shape[1] // self.count * self.count

    @property
    def parts(self) -> int:
        """How many numbers a vector has."""
        return self.width // self.count

    def scaled(self, factor: float) -> Vectors:
        """Return the same of vectors times a factor."""
        return self._of(factor * self.columns[:, : self.width])

    def prediction(self, words: str, fix: str, spec: Any, factor: float = 1.0) -> Prediction:
        """Return the results of a definition, and how far rounding moves them."""
        value, grad = self.oracle.kernel(spec, self.columns, self.upstream)
        moves = self._moves(spec)
        return Prediction(words, fix, value, factor * grad, moves=(moves[0], factor * moves[1]))

    def normalised(self, words: str, fix: str, spec: Any) -> Prediction:
        """Return results of unit vectors, and nothing where one has hardly a length."""
        given = np.split(self.columns[:, : self.width], self.count, axis=1)
        with np.errstate(all="ignore"):
            lengths = [np.sqrt((x * x).sum(axis=1, keepdims=True)) for x in given]
            units = [x / length for x, length in zip(given, lengths, strict=True)]
            found = self._of(np.hstack(units)).prediction(words, fix, spec)
            bars = np.split(found.gradient[:, : self.width], self.count, axis=1)
            back = [
                (bar - unit * (unit * bar).sum(axis=1, keepdims=True)) / length
                for bar, unit, length in zip(bars, units, lengths, strict=True)
            ]
        least = np.minimum.reduce(lengths)
        short, behind = least[:, 0] < _SHORT, found.gradient[:, self.width :]
        assert found.moves is not None
        room = np.abs(found.moves[1]) / np.maximum(least, _SHORT)
        return replace(
            found,
            value=np.where(short, np.nan, found.value),
            gradient=np.where(short[:, None], np.nan, np.hstack([*back, behind])),
            moves=(_NORMS * (1 + found.moves[0]), _NORMS * (1 + room)),
        )

    def _of(self, vectors: np.ndarray) -> Vectors:
        """Return the same with other vectors."""
        return replace(self, columns=np.hstack([vectors, self.columns[:, self.width :]]))

    def _moves(self, spec: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return by how much results move for a relative change of 1 in what is computed with."""
        bounds = self.oracle.rounding_bound(spec, self.columns, self.upstream, dtype="float64")
        value, grad = (np.where(np.isfinite(b), b, 0.0) / _ROUNDOFF for b in bounds)
        return value, grad
