"""Truth, near witness, condition and rounding bound of rows, over columns like those of boxes.

A row is logits, then its class as one more number, or one probability a class. Results have one
column for every column of the input; a class has no derivative, and shows 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles import enclosure
from crossval.oracles.arithmetic_float import Ball, FloatBalls
from crossval.oracles.enclosure import Truth
from crossval.oracles.formats import Format, format_of
from crossval.oracles.packing import RowPacking, flat
from crossval.oracles.texts import Definition, constants_of, load

__all__ = ["RowColumns", "has_labels"]

Array = NDArray[np.float64]

SUMS_OF_THREE = frozenset({"crammer_singer", "weston_watkins", "categorical_hinge"})
"""Programs that ask for the sign of a margin and two scores, added up."""

ARGUMENTS = 3
"""Logits, target, class weights."""


def has_labels(spec: Definition) -> bool:
    """Whether the target of a program of rows is a class."""
    from refloss.run.kernels import library

    return library().index["programs"][spec.program]["shapes"]["target"] == ["b"]


@dataclass(frozen=True)
class RowColumns:
    """What the oracles say of rows, under class weights.

    Attributes
    ----------
    weights : tuple of float, optional
        A weight for every class; 1 without it.
    kernels : path, optional
        Directory of the kernel texts, for losses of one's own.
    """

    weights: tuple[float, ...] | None = None
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
        rows = _Rows.of(self, spec, columns)
        direction = None if hvp is None else np.asarray(hvp, np.float64)[:, : rows.moving]
        found = enclosure.truth(
            spec,
            rows.numbers,
            upstream,
            dtype=dtype,
            hvp=direction,
            packing=RowPacking.of(rows.classes, rows.labels, self.weights),
            kernels=self.kernels,
            **options,
        )
        for part in ("grad_hi", "grad_lo", "grad_rad", "hvp_hi", "hvp_lo", "hvp_rad"):
            array = getattr(found, part)
            if array is not None:
                setattr(found, part, rows.padded(array))
        for vertices in (found.vertices, found.hvp_vertices):
            vertices.update({row: rows.padded(table) for row, table in vertices.items()})
        return found

    def packed(self, spec: Definition, columns: ArrayLike) -> tuple[Array, RowPacking]:
        """Columns without the classes, and how they become the arguments of a text."""
        rows = _Rows.of(self, spec, columns)
        return rows.numbers, RowPacking.of(rows.classes, rows.labels, self.weights)

    def kernel(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike
    ) -> tuple[Array, Array]:
        """Loss and gradient as the float64 kernel computes them."""
        rows = _Rows.of(self, spec, columns)
        with np.errstate(all="ignore"):
            value, *bars = rows.text.grad(
                *rows.inputs, np.asarray(upstream, np.float64), **rows.constants
            )
        return np.asarray(value), rows.padded(np.hstack(bars))

    def condition(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike | None = None
    ) -> tuple[Array, Array]:
        """Absolute componentwise condition; see `crossval.oracles.conditioning.condition`."""
        rows = _Rows.of(self, spec, columns)
        upstream = np.ones(len(rows.numbers)) if upstream is None else np.asarray(upstream)
        size = np.where(np.isfinite(rows.numbers), np.abs(rows.numbers), 0.0)
        slopes = self.kernel(spec, columns, np.ones(len(size)))[1][:, : rows.moving]
        grad = np.abs(upstream[:, None] * slopes)
        with np.errstate(all="ignore"):
            for j in range(rows.moving):
                unit = np.zeros_like(size)
                unit[:, j] = 1.0
                moves = rows.text.hvp(*rows.inputs, upstream, *rows.parts(unit), **rows.constants)
                moves = np.hstack(moves if isinstance(moves, tuple) else (moves,))
                grad += size[:, [j]] * np.abs(moves)
        return (size * np.abs(slopes)).sum(axis=1), rows.padded(grad)

    def rounding_bound(
        self,
        spec: Definition,
        columns: ArrayLike,
        upstream: ArrayLike | None = None,
        *,
        dtype: Any,
    ) -> tuple[Array, Array]:
        """Bounds of |computed - true|; see `crossval.oracles.rounding.rounding_bound`.

        The softmax of a gradient is written in two ways, as a quotient of exponentials and as
        exp(z - lse); the second has the error of lse in it. A margin, a score and the target's may
        be added up in any order, and their sum rounds otherwise in each. The bound covers all.
        """
        rows = _Rows.of(self, spec, columns)
        factors = np.ones(len(rows.numbers)) if upstream is None else np.asarray(upstream)
        block = rows.with_the_class_first(), factors
        computed = self._balls(spec, rows, *block, format_of(dtype))
        bounds = (computed + self._balls(spec, rows, *block, None)) * (1 + 2.0**-50)
        return bounds[:, 0], rows.padded(rows.exchanged(bounds[:, 1:]))

    def _balls(
        self, spec: Definition, rows: _Rows, given: _Block, upstream: Array, fmt: Format | None
    ) -> Array:
        """Return the radii of loss and gradient of the plain text in float64 balls."""
        count = len(given[0])
        balls = FloatBalls(count, fmt)
        with np.errstate(all="ignore"):
            radii = self._radii(spec, rows, given, upstream, balls)
            if fmt is not None:
                logits = rows.constants.get("scale", 1.0) * given[0][:, : rows.classes]
                room = _room(balls, logits, fmt)
                other = _ByDifference(count, fmt, room)
                slopes = self._radii(spec, rows, given, upstream, other)[:, 1:]
                radii[:, 1:] = np.maximum(radii[:, 1:], slopes)
            if fmt is not None and spec.program in SUMS_OF_THREE:
                other = _InAnyOrder(count, fmt, rows.constants["margin"] + _size(given[0]))
                radii = np.maximum(radii, self._radii(spec, rows, given, upstream, other))
        return radii

    def _radii(
        self,
        spec: Definition,
        rows: _Rows,
        given: _Block,
        upstream: Array,
        balls: FloatBalls,
    ) -> Array:
        text = load(spec.program, "arb", self.kernels)
        numbers, weights = given
        elements = [balls.lift(column) for column in numbers.T]
        logits, rest = elements[: rows.classes], elements[rows.classes :]
        target = rest if rows.labels is None else 0
        arguments = [logits, target, [balls.lift(weight) for weight in weights.T]]
        constants = {name: balls.constant(value) for name, value in rows.constants.items()}
        found = flat(text.grad(balls, *arguments, balls.lift(upstream), **constants))
        lifted = [balls.lift(ball) for ball in found]
        mid = np.stack([np.broadcast_to(ball.mid, len(numbers)) for ball in lifted], 1)
        rad = np.stack([np.broadcast_to(ball.rad, len(numbers)) for ball in lifted], 1)
        return np.where(np.isfinite(mid) & np.isfinite(rad), rad, np.inf)


class _ByDifference(FloatBalls):
    """Balls in which the argument of every exponential is off by `room` more."""

    def __init__(self, rows: int, fmt: Format, room: Array) -> None:
        super().__init__(rows, fmt)
        self._room = room

    def exp(self, x: Any) -> Ball:
        """Return the exponential."""
        ball = self.lift(x)
        return super().exp(Ball(ball.mid, ball.rad + self._room, self))


class _InAnyOrder(FloatBalls):
    """Balls in which a sum of three is off, before its sign is asked, by what any order loses."""

    def __init__(self, rows: int, fmt: Format, size: Array) -> None:
        super().__init__(rows, fmt)
        self._room = 2.02 * fmt.roundoff * size

    def relu(self, x: Any) -> Ball:
        """Return max(x, 0)."""
        return super().relu(self._wider(x))

    def step(self, x: Any, at0: Any) -> Ball:
        """Return 1 above 0, 0 below."""
        return super().step(self._wider(x), at0)

    def _wider(self, x: Any) -> Ball:
        ball = self.lift(x)
        return Ball(ball.mid, ball.rad + self._room, self)


def _size(scores: Array) -> Array:
    """Return the largest finite number of each row."""
    return np.where(np.isfinite(scores), np.abs(scores), 0.0).max(axis=1)


def _room(balls: FloatBalls, logits: Array, fmt: Format) -> Array:
    """Return how much farther z - lse may be off than z - max is: by lse, and by its rounding."""
    elements = [balls.lift(column) for column in logits.T]
    top = balls.largest(elements)
    lse = balls.log(balls.sum([balls.exp(each - top) for each in elements])) + top
    return np.asarray(lse.rad + 1.01 * fmt.roundoff * np.log(len(elements)))


_Block = tuple[Array, Array]
"""Logits (and probabilities), and the weight of every class, row by row."""


@dataclass(frozen=True)
class _Rows:
    """Columns taken apart, with the NumPy text that they are for."""

    numbers: Array
    labels: NDArray[np.int64] | None
    classes: int
    width: int
    weights: Array
    constants: dict[str, float]
    text: Any

    @classmethod
    def of(cls, oracle: RowColumns, spec: Definition, columns: ArrayLike) -> _Rows:
        table = np.asarray(columns, np.float64)
        labelled = has_labels(spec)
        classes = table.shape[1] - 1 if labelled else table.shape[1] // 2
        labels = table[:, -1].astype(np.int64) if labelled else None
        weights = np.ones(classes) if oracle.weights is None else np.array(oracle.weights)
        constants = constants_of(load(spec.program, "arb", oracle.kernels), spec, ARGUMENTS)
        text = load(spec.program, "numpy", oracle.kernels)
        numbers = table[:, :classes] if labelled else table
        return cls(numbers, labels, classes, table.shape[1], weights, constants, text)

    @property
    def moving(self) -> int:
        """How many columns have a derivative."""
        return self.numbers.shape[1]

    @property
    def inputs(self) -> list[np.ndarray]:
        """Arguments of the NumPy text."""
        if self.labels is not None:
            return [self.numbers, self.labels, self.weights]
        return [*self.parts(self.numbers), self.weights]

    def parts(self, table: Array) -> list[Array]:
        """Return columns as arrays of the differentiable inputs."""
        if self.labels is not None:
            return [table]
        return [table[:, : self.classes], table[:, self.classes :]]

    def padded(self, table: Array) -> Array:
        """Return results by moving columns with a column of 0 for a class."""
        if table.shape[1] == self.width:
            return table
        return np.hstack([table, np.zeros((len(table), self.width - table.shape[1]))])

    def with_the_class_first(self) -> _Block:
        """Return numbers and weights with each row's class in place of class 0, and that there.

        A text sees one class at a time, and a loss of rows does not mind the order of classes: so
        one evaluation serves rows of every class.
        """
        weights = np.broadcast_to(self.weights, (len(self.numbers), self.classes))
        return self.exchanged(self.numbers), self.exchanged(weights)

    def exchanged(self, table: Array) -> Array:
        """Return a table with class 0 and each row's class exchanged; twice, it is the table."""
        if self.labels is None:
            return table
        order = np.tile(np.arange(self.classes), (len(table), 1))
        order[:, 0] = self.labels
        order[np.arange(len(table)), self.labels] = 0
        return np.take_along_axis(table, order, axis=1)
