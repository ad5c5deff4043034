"""How a row of columns becomes a whole problem of a head: an embedding, all classes, a label.

The texts of heads take lists of lists, for any number of embeddings. A row of columns has one: its
numbers, then those of every class, then the biases of the classes where a head has them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossval.oracles.arithmetic_exact import ExactBalls
from crossval.oracles.packing import MOST_JETS

__all__ = ["HeadPacking", "HeadText", "arranged"]


def arranged(
    numbers: Sequence[Any], parts: int, classes: int, centers: int = 0
) -> tuple[list, list, list]:
    """Return an embedding, the classes and their biases as the texts take them.

    Parameters
    ----------
    numbers : sequence
        `parts` numbers of the embedding, as many of every class, and biases, if there are any.
    parts, classes : int
        How many numbers an embedding has, and how many classes there are.
    centers : int
        How many vectors a class has a list of, 0 where it is one.
    """
    x, rest = list(numbers[:parts]), list(numbers[parts:])
    vectors = classes * (centers or 1)
    weight = [rest[c * parts : (c + 1) * parts] for c in range(vectors)]
    if centers:
        weight = [weight[c : c + centers] for c in range(0, vectors, centers)]
    return [x], weight, rest[vectors * parts :]


@dataclass(frozen=True)
class HeadText:
    """A text of a head for one embedding: the scale is a constant, results come by columns.

    Attributes
    ----------
    text : module
        In any dialect that takes lists.
    biased : bool
        Whether classes have biases.
    """

    text: ModuleType
    biased: bool

    @property
    def value(self) -> Callable[..., Any]:
        """The loss, with a signature in which the scale stands among the constants."""

        def value(F: Any, *given: Any, scale: Any, **constants: Any) -> Any:
            x, weight, target, *bias = given
            return self.text.value(F, x, weight, target, scale, *bias, **constants)[0]

        known = list(inspect.signature(self.text.value).parameters.values())
        scale = known.pop(_SCALE)
        known.insert(_SCALE + self.biased, scale)
        value.__signature__ = inspect.Signature(known)  # type: ignore[attr-defined]
        return value

    def grad(self, F: Any, *given: Any, scale: Any, **constants: Any) -> tuple[Any, ...]:
        """Return the loss and its gradient by the columns."""
        x, weight, target, *bias, bar = given
        loss, *bars = self.text.grad(F, x, weight, target, scale, *bias, [bar], **constants)
        return (loss[0], *_by_columns(bars))

    def hvp(self, F: Any, *given: Any, scale: Any, **constants: Any) -> tuple[Any, ...]:
        """Return the Hessian-vector product by the columns; the scale does not move."""
        x, weight, target, *rest = given
        bias, bar = rest[: self.biased], rest[self.biased]
        by_x, by_weight, *by_bias = rest[self.biased + 1 :]
        dots = [by_x, by_weight, F.constant(0.0), *by_bias]
        found = self.text.hvp(F, x, weight, target, scale, *bias, [bar], *dots, **constants)
        return tuple(_by_columns(found))


_SCALE = 4
"""Place of the scale in the texts: behind the arithmetic, embeddings, classes and labels."""


def _by_columns(bars: Sequence[Any]) -> list[Any]:
    """Return derivatives in the order of the columns, without that by the scale."""
    by_x, by_weight, _, *by_bias = bars
    return [*by_x[0], *_flat(by_weight), *(each for biases in by_bias for each in biases)]


def _flat(rows: Any) -> list[Any]:
    """Return the numbers of lists of lists, however deep."""
    if not isinstance(rows, list):
        return [rows]
    return [each for row in rows for each in _flat(row)]


@dataclass(frozen=True)
class HeadPacking:
    """An embedding, classes and a label.

    Attributes
    ----------
    parts : int
        Numbers of an embedding.
    labels : (n,) array of int
        The class of every row.
    biased : bool
        Whether classes have biases.
    centers : int
        How many vectors a class has a list of, 0 where it is one.
    """

    parts: int
    labels: NDArray[np.integer]
    biased: bool = False
    centers: int = 0
    elementwise: bool = False

    def classes(self, columns: int) -> int:
        """Return the number of classes that so many columns without a label have."""
        return (columns - self.parts) // (self.parts * (self.centers or 1) + self.biased)

    def known(self, columns: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows are finite."""
        return np.asarray(np.isfinite(columns).all(axis=1))

    def width(self, columns: int) -> int:
        """Return how many arguments stand before the constants."""
        return 3 + self.biased

    def differentiable(self, columns: int) -> bool:
        """Return whether the problem is small."""
        return columns <= MOST_JETS

    def wrapped(self, text: Any) -> HeadText:
        """Return a text as one of columns."""
        return HeadText(text, self.biased)

    def arguments(self, row: int, arithmetic: ExactBalls, elements: Sequence[Any]) -> list[Any]:
        """Return embedding, classes, label and biases."""
        x, weight, bias = self._arranged(elements)
        return [x, weight, [int(self.labels[row])], *([bias] if self.biased else [])]

    def tangents(self, elements: Sequence[Any]) -> list[Any]:
        """Return the direction by embedding, classes and biases."""
        x, weight, bias = self._arranged(elements)
        return [x, weight, *([bias] if self.biased else [])]

    def _arranged(self, elements: Sequence[Any]) -> tuple[list, list, list]:
        return arranged(elements, self.parts, self.classes(len(elements)), self.centers)
