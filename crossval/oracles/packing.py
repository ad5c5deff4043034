"""How a row of columns becomes the arguments of a text, and its results a row of columns again.

An elementwise text takes one element a column. A text of rows takes lists: the logits, a class or a
list of probabilities, and the class weights, which are constants of the point.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from flint import arb
from numpy.typing import ArrayLike, NDArray

from crossval.oracles.arithmetic_exact import ExactBalls

__all__ = ["Columns", "Packing", "RowPacking", "flat"]


class Packing(Protocol):
    """Columns to arguments."""

    @property
    def elementwise(self) -> bool:
        """Whether every column is an argument of its own."""
        ...

    def known(self, columns: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows hold numbers that the definition speaks of."""
        ...

    def width(self, columns: int) -> int:
        """Return how many arguments that many columns make."""
        ...

    def differentiable(self, columns: int) -> bool:
        """Return whether jets are affordable for that many columns."""
        ...

    def arguments(self, row: int, arithmetic: ExactBalls, elements: Sequence[Any]) -> list[Any]:
        """Return the arguments of one row."""
        ...

    def tangents(self, elements: Sequence[Any]) -> list[Any]:
        """Return a direction's columns as the tangent arguments of the differentiable inputs."""
        ...

    def wrapped(self, text: Any) -> Any:
        """Return a text that takes these arguments and gives results by columns."""
        ...


@dataclass(frozen=True)
class Columns:
    """Every column is an argument; behind them stand numbers that do not vary.

    Attributes
    ----------
    beside : tuple of float
        The other inputs of a text: weights.
    """

    beside: tuple[float, ...] = ()
    elementwise: bool = True

    def known(self, columns: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows are finite."""
        return np.asarray(np.isfinite(columns).all(axis=1))

    def width(self, columns: int) -> int:
        """Return the number of columns and numbers."""
        return columns + len(self.beside)

    def differentiable(self, columns: int) -> bool:
        """Return True: there are few."""
        return True

    def arguments(self, row: int, arithmetic: ExactBalls, elements: Sequence[Any]) -> list[Any]:
        """Return the elements, then the numbers."""
        return [*elements, *(arithmetic.constant(arb(x)) for x in self.beside)]

    def tangents(self, elements: Sequence[Any]) -> list[Any]:
        """Return the elements."""
        return list(elements)

    def wrapped(self, text: Any) -> Any:
        """Return the text itself."""
        return text

    def filled(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the columns with one more for each number."""
        if not self.beside:
            return columns
        return np.hstack([columns, np.tile(self.beside, (len(columns), 1))])


MOST_JETS = 24
"""Columns up to which a gradient is taken by jets: they cost the square of it."""


@dataclass(frozen=True)
class RowPacking:
    """Logits, and a class or probabilities, with class weights.

    Attributes
    ----------
    weights : (C,) array of float64
        Class weights.
    labels : (n,) array of int, optional
        The class of every row; without it the columns behind the logits are probabilities.
    """

    weights: NDArray[np.float64]
    labels: NDArray[np.integer] | None = None
    elementwise: bool = False

    @classmethod
    def of(cls, classes: int, labels: ArrayLike | None, weights: ArrayLike | None) -> RowPacking:
        """Return the packing for optional labels and weights; weights are 1 by default."""
        given = np.ones(classes) if weights is None else np.asarray(weights, np.float64)
        return cls(given, None if labels is None else np.asarray(labels))

    def known(self, columns: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows are finite but for logits of -inf, the target's not among them."""
        logits, rest = columns[:, : len(self.weights)], columns[:, len(self.weights) :]
        known = (np.isfinite(logits) | np.isneginf(logits)).all(axis=1)
        known &= np.isfinite(logits).any(axis=1) & np.isfinite(rest).all(axis=1)
        if self.labels is not None:
            known &= np.isfinite(logits[np.arange(len(logits)), self.labels])
        return np.asarray(known)

    def width(self, columns: int) -> int:
        """Return 3: logits, target, class weights."""
        return 3

    def differentiable(self, columns: int) -> bool:
        """Return whether rows are narrow."""
        return columns <= MOST_JETS

    def arguments(self, row: int, arithmetic: ExactBalls, elements: Sequence[Any]) -> list[Any]:
        """Return logits, target and class weights."""
        classes = len(self.weights)
        logits, rest = list(elements[:classes]), list(elements[classes:])
        target = rest if self.labels is None else int(self.labels[row])
        return [logits, target, [arithmetic.constant(arb(w)) for w in self.weights.tolist()]]

    def tangents(self, elements: Sequence[Any]) -> list[Any]:
        """Return the direction by logits, and by probabilities where they are the target."""
        classes = len(self.weights)
        logits, rest = list(elements[:classes]), list(elements[classes:])
        return [logits] if self.labels is not None else [logits, rest]

    def wrapped(self, text: Any) -> Any:
        """Return the text itself."""
        return text


def flat(results: Iterable[Any]) -> list[Any]:
    """Return results with lists opened."""
    found: list[Any] = []
    for result in results:
        found += result if isinstance(result, list) else [result]
    return found
