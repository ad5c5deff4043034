"""Truth, near witness, condition and rounding bound of given vectors, over rows of columns.

A row has the numbers of every vector, one vector behind the other, and where a loss has labels one
more number, or as many as a vector has: a label of each of its numbers. Labels have no derivative,
and show 0.

A sum over the coordinates may be taken in any order: it is off by as many roundings of the sum of
sizes as it has terms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import ArrayLike, NDArray

from crossval.oracles import enclosure
from crossval.oracles.arithmetic_exact import ExactBalls
from crossval.oracles.arithmetic_float import Ball, FloatBalls
from crossval.oracles.enclosure import Truth
from crossval.oracles.formats import Format, format_of
from crossval.oracles.packing import MOST_JETS, flat
from crossval.oracles.texts import Definition, constants_of, load

__all__ = ["SimilarityColumns", "VectorColumns", "VectorPacking", "largest_logit"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class VectorPacking:
    """Vectors of one size, and labels beside them.

    Attributes
    ----------
    vectors : int
        How many vectors an item has.
    labels : (n,) or (n, k) array of float64, optional
        The label of every row, or of every number of a vector of it, where there are any.
    """

    vectors: int
    labels: Array | None = None
    elementwise: bool = False

    def known(self, columns: Array) -> NDArray[np.bool_]:
        """Return which rows are finite."""
        return np.asarray(np.isfinite(columns).all(axis=1))

    def width(self, columns: int) -> int:
        """Return how many arguments stand before the constants."""
        return self.vectors + (self.labels is not None)

    def differentiable(self, columns: int) -> bool:
        """Return whether vectors are short."""
        return columns <= MOST_JETS

    def arguments(self, row: int, arithmetic: ExactBalls, elements: Sequence[Any]) -> list[Any]:
        """Return the vectors, and the label."""
        vectors = self.tangents(elements)
        if self.labels is None:
            return vectors
        label = [arithmetic.constant(arb(x)) for x in np.atleast_1d(self.labels[row]).tolist()]
        return [*vectors, label if self.labels.ndim == 2 else label[0]]

    def tangents(self, elements: Sequence[Any]) -> list[Any]:
        """Return the direction by vectors."""
        parts = len(elements) // self.vectors
        return [list(elements[k * parts : (k + 1) * parts]) for k in range(self.vectors)]

    def wrapped(self, text: Any) -> Any:
        """Return the text itself."""
        return text


@dataclass(frozen=True)
class VectorColumns:
    """What the oracles say of given vectors.

    Attributes
    ----------
    vectors : int
        How many vectors an item has.
    labelled : bool
        Whether a label stands behind them.
    each : bool
        Whether there is a label of each number of a vector.
    kernels : path, optional
        Directory of the kernel texts, for losses of one's own.
    """

    vectors: int
    labelled: bool
    each: bool = False
    kernels: Path | str | None = None

    def truth(
        self,
        spec: Definition,
        columns: ArrayLike,
        upstream: ArrayLike | None = None,
        *,
        dtype: Any = "float64",
        hvp: ArrayLike | None = None,
        **options: Any,
    ) -> Truth:
        """Certified results; see `crossval.oracles.enclosure.truth`."""
        numbers, packing = self.packed(spec, columns)
        direction = None if hvp is None else np.asarray(hvp, np.float64)[:, : numbers.shape[1]]
        options = {"dtype": dtype, "hvp": direction, "kernels": self.kernels, **options}
        found = enclosure.truth(spec, numbers, upstream, packing=packing, **options)
        for part in ("grad_hi", "grad_lo", "grad_rad", "hvp_hi", "hvp_lo", "hvp_rad"):
            array = getattr(found, part)
            if array is not None:
                setattr(found, part, self._padded(array))
        for vertices in (found.vertices, found.hvp_vertices):
            vertices.update({row: self._padded(table) for row, table in vertices.items()})
        return found

    def packed(self, spec: Definition, columns: ArrayLike) -> tuple[Array, VectorPacking]:
        """Columns without labels, and how they become the arguments of a text."""
        table = np.asarray(columns, np.float64)
        if not self.labelled:
            return table, VectorPacking(self.vectors)
        width = table.shape[1]
        numbers = width * self.vectors // (self.vectors + 1) if self.each else width - 1
        labels = table[:, numbers:] if self.each else table[:, -1]
        return table[:, :numbers], VectorPacking(self.vectors, labels)

    def kernel(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike
    ) -> tuple[Array, Array]:
        """Loss and gradient as the float64 kernel computes them."""
        problem = _Problem.of(self, spec, columns)
        with np.errstate(all="ignore"):
            value, *bars = load(spec.program, "numpy", self.kernels).grad(
                *problem.arrays(problem.numbers),
                *problem.label,
                np.asarray(upstream, np.float64),
                **problem.constants,
            )
        return np.asarray(value), self._padded(np.hstack(bars))

    def condition(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike | None = None
    ) -> tuple[Array, Array]:
        """Absolute componentwise condition; see `crossval.oracles.conditioning.condition`."""
        problem = _Problem.of(self, spec, columns)
        count, width = problem.numbers.shape
        factors = np.ones(count) if upstream is None else np.asarray(upstream, np.float64)
        size = np.abs(problem.numbers)
        text = load(spec.program, "numpy", self.kernels)
        slopes = self.kernel(spec, columns, np.ones(count))[1][:, :width]
        grad = np.abs(factors[:, None] * slopes)
        with np.errstate(all="ignore"):
            for j in range(width):
                unit = np.zeros_like(size)
                unit[:, j] = 1.0
                given = (*problem.arrays(problem.numbers), *problem.label, factors)
                moves = text.hvp(*given, *problem.arrays(unit), **problem.constants)
                moves = np.hstack(moves if isinstance(moves, tuple) else (moves,))
                grad += size[:, [j]] * np.abs(moves)
        return (size * np.abs(slopes)).sum(axis=1), self._padded(grad)

    def rounding_bound(
        self,
        spec: Definition,
        columns: ArrayLike,
        upstream: ArrayLike | None = None,
        *,
        dtype: Any,
    ) -> tuple[Array, Array]:
        """Bounds of |computed - true|; see `crossval.oracles.rounding.rounding_bound`."""
        problem = _Problem.of(self, spec, columns)
        count = len(problem.numbers)
        factors = np.ones(count) if upstream is None else np.asarray(upstream, np.float64)
        with np.errstate(all="ignore"):
            computed = self._computed(problem, format_of(dtype), factors)
            exact = problem.radii(_AnyOrder(count, None), factors)
        bounds = (computed + exact) * (1 + 2.0**-50)
        return bounds[:, 0], self._padded(bounds[:, 1:])

    def _computed(self, problem: _Problem, fmt: Format, upstream: Array) -> Array:
        """Return the radii of what is computed in a format."""
        return problem.radii(_AnyOrder(len(problem.numbers), fmt), upstream)

    def _padded(self, table: Array) -> Array:
        """Return results by vectors with columns of 0 for labels."""
        width = table.shape[1] // self.vectors if self.each else 1
        return np.hstack([table, np.zeros((len(table), width))]) if self.labelled else table


class _AnyOrder(FloatBalls):
    """Balls of sums that may be added up in any order."""

    def sum(self, xs: Sequence[Any]) -> Any:
        """Return the sum of a list."""
        balls = [self.lift(x) for x in xs]
        mid = reduce(np.add, [ball.mid for ball in balls])
        spread = reduce(np.add, [ball.rad for ball in balls])
        size = reduce(np.add, [np.abs(ball.mid) + ball.rad for ball in balls])
        return self._rounded(mid, spread, (len(balls) - 1) * 1.01 * self._unit * size)


@dataclass(frozen=True)
class _Problem:
    """Columns taken apart, with what the texts of a program take."""

    oracle: VectorColumns
    spec: Definition
    numbers: Array
    label: tuple[Array, ...]
    constants: dict[str, float]

    @classmethod
    def of(cls, oracle: VectorColumns, spec: Definition, columns: ArrayLike) -> _Problem:
        numbers, packing = oracle.packed(spec, columns)
        label = () if packing.labels is None else (packing.labels,)
        text = load(spec.program, "arb", oracle.kernels)
        return cls(oracle, spec, numbers, label, constants_of(text, spec, packing.width(0)))

    def arrays(self, table: Array) -> list[Array]:
        """Return columns as one array a vector."""
        return np.split(table, self.oracle.vectors, axis=1)

    def radii(self, balls: FloatBalls, upstream: Array) -> Array:
        """Return the radii of loss and gradient of the plain text in float64 balls."""
        text = load(self.spec.program, "arb", self.oracle.kernels)
        given = [[balls.lift(column) for column in part.T] for part in self.arrays(self.numbers)]
        label = [
            [balls.lift(each) for each in part.T] if part.ndim == 2 else balls.lift(part)
            for part in self.label
        ]
        constants = {name: balls.constant(value) for name, value in self.constants.items()}
        found = flat(text.grad(balls, *given, *label, balls.lift(upstream), **constants))
        lifted = [balls.lift(each) for each in found]
        rows = len(self.numbers)
        mid = np.stack([np.broadcast_to(ball.mid, rows) for ball in lifted], 1)
        rad = np.stack([np.broadcast_to(ball.rad, rows) for ball in lifted], 1)
        return np.where(np.isfinite(mid) & np.isfinite(rad), rad, np.inf)


@dataclass(frozen=True)
class SimilarityColumns(VectorColumns):
    """The same of rows of similarities with a label each.

    The softmax of a gradient is written in two ways, as a quotient of exponentials and as
    exp(z - lse), and a temperature divides similarities or their differences. The bound covers all:
    the argument of every exponential may be off by the roundings of the largest logit.
    """

    def _computed(self, problem: _Problem, fmt: Format, upstream: Array) -> Array:
        numbers, constants = problem.numbers, problem.constants
        finite = np.where(np.isfinite(numbers), np.abs(numbers), 0.0)
        size = largest_logit(finite.max(axis=1), constants)
        room = fmt.roundoff * (4.04 * size + 1.01 * np.log(numbers.shape[1]))
        other = problem.radii(_ByDifference(len(numbers), fmt, room), upstream)
        return np.maximum(super()._computed(problem, fmt, upstream), other)


def largest_logit(largest: Any, constants: Mapping[str, float]) -> Any:
    """Return a bound of what exponentials are taken of, from the largest similarity."""
    if "temperature" in constants:
        return largest / constants["temperature"]
    if "gamma" in constants:
        return constants["gamma"] * (1 + largest + constants["margin"]) ** 2
    scale = max(constants["alpha"], constants["beta"])
    return scale * (largest + abs(constants["base"]))


class _ByDifference(_AnyOrder):
    """Balls in which the argument of every exponential is off by `room` more."""

    def __init__(self, rows: int, fmt: Format, room: Array) -> None:
        super().__init__(rows, fmt)
        self._room = room

    def exp(self, x: Any) -> Ball:
        """Return the exponential."""
        ball = self.lift(x)
        return super().exp(Ball(ball.mid, ball.rad + self._room, self))
