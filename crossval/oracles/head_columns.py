"""Truth, near witness, condition and rounding bound of heads, one whole problem a row of columns.

A row is an embedding, all classes, the label as one more number, and the biases of the classes
where a head has them. The label has no derivative, and shows 0. The scale is a constant.

Matrix products may be summed in any order: a sum of n products is off by n roundings of the sum of
their sizes, whatever cancels in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles import enclosure
from crossval.oracles.arithmetic_float import LIBM, Ball, FloatBalls
from crossval.oracles.arithmetic_plain import PlainNumbers
from crossval.oracles.enclosure import Truth
from crossval.oracles.formats import Format, format_of
from crossval.oracles.head_packing import HeadPacking, HeadText, arranged
from crossval.oracles.texts import Definition, load

__all__ = ["PARTS", "HeadColumns", "Layout"]

Array = NDArray[np.float64]

PARTS = 3
"""Numbers of an embedding of the pinned points."""


@dataclass(frozen=True)
class Layout:
    """Where the parts of a problem lie in a row of columns.

    Attributes
    ----------
    parts, classes : int
        Numbers of an embedding, and classes.
    biased : bool
        Whether classes have biases.
    centers : int
        How many vectors a class has a list of, 0 where it is one.
    """

    parts: int
    classes: int
    biased: bool = False
    centers: int = 0

    @property
    def width(self) -> int:
        """Columns of a class without its bias."""
        return self.parts * (self.centers or 1)

    @property
    def label(self) -> int:
        """Column of the label."""
        return self.parts + self.width * self.classes

    @property
    def inputs(self) -> dict[str, slice]:
        """Input to its columns, in the order of the columns."""
        found = {
            "x": slice(0, self.parts),
            "weight": slice(self.parts, self.label),
            "target": slice(self.label, self.label + 1),
        }
        end = self.label + 1 + self.classes
        return found | ({"bias": slice(self.label + 1, end)} if self.biased else {})

    @property
    def columns(self) -> tuple[str, ...]:
        """Name of each column."""
        x = [f"x{d}" for d in range(self.parts)]
        one = [f"{d}" for d in range(self.parts)]
        several = [f"{k}.{d}" for k in range(self.centers) for d in one]
        weight = [f"w{c}.{place}" for c in range(self.classes) for place in several or one]
        bias = [f"b{c}" for c in range(self.classes)] if self.biased else []
        return (*x, *weight, "class", *bias)

    @classmethod
    def of(cls, columns: int, parts: int, *, biased: bool, centers: int = 0) -> Layout:
        """Return the layout of a row of so many columns."""
        width = parts * (centers or 1) + biased
        return cls(parts, (columns - 1 - parts) // width, biased, centers)


@dataclass(frozen=True)
class HeadColumns:
    """What the oracles say of heads.

    Attributes
    ----------
    parts : int
        Numbers of an embedding.
    biased : bool
        Whether classes have biases.
    centers : int
        How many vectors a class has a list of, 0 where it is one.
    kernels : path, optional
        Directory of the kernel texts, for heads of one's own.
    """

    parts: int = PARTS
    biased: bool = False
    centers: int = 0
    kernels: Path | str | None = None

    def layout(self, columns: int) -> Layout:
        """Return the layout of a row of so many columns."""
        return Layout.of(columns, self.parts, biased=self.biased, centers=self.centers)

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
        heads = _Problems.of(self, spec, columns)
        numbers, packing = heads.numbers, heads.packing
        direction = None if hvp is None else heads.moving(np.asarray(hvp, np.float64))
        options = {"dtype": dtype, "hvp": direction, "kernels": self.kernels, **options}
        found = enclosure.truth(spec, numbers, upstream, packing=packing, **options)
        for part in ("grad_hi", "grad_lo", "grad_rad", "hvp_hi", "hvp_lo", "hvp_rad"):
            array = getattr(found, part)
            if array is not None:
                setattr(found, part, heads.padded(array))
        for vertices in (found.vertices, found.hvp_vertices):
            vertices.update({row: heads.padded(table) for row, table in vertices.items()})
        return found

    def packed(self, spec: Definition, columns: ArrayLike) -> tuple[Array, HeadPacking]:
        """Columns without the label, and how they become the arguments of a text."""
        heads = _Problems.of(self, spec, columns)
        return heads.numbers, heads.packing

    def kernel(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike
    ) -> tuple[Array, Array]:
        """Loss and gradient by the textbook formula in float64."""
        heads = _Problems.of(self, spec, columns)
        with np.errstate(all="ignore"):
            table, _ = heads.balls(_Textbook(len(heads.first)), np.asarray(upstream, np.float64))
        return table[:, 0], heads.restored(table[:, 1:])

    def condition(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike | None = None
    ) -> tuple[Array, Array]:
        """Absolute componentwise condition; see `crossval.oracles.conditioning.condition`."""
        heads = _Problems.of(self, spec, columns)
        count, width = heads.first.shape
        factors = np.ones(count) if upstream is None else np.asarray(upstream, np.float64)
        size = np.abs(heads.first)
        # every direction at once: the rows come as often as there are columns
        unit = np.repeat(np.eye(width), count, axis=0)
        rows, bars = np.tile(heads.first, (width, 1)), np.tile(factors, width)
        with np.errstate(all="ignore"):
            slopes = _stacked(heads.grad(PlainNumbers(), heads.first, np.ones(count)), count)[:, 1:]
            slopes = np.where(np.isfinite(slopes), slopes, 0.0)
            found = _stacked(heads.hvp(PlainNumbers(), rows, bars, unit), len(rows))
            moves = np.abs(found.reshape(width, count, width)) * size.T[:, :, None]
            grad = np.abs(factors[:, None] * slopes) + moves.sum(axis=0)
        grad = np.where(np.isfinite(grad), grad, 0.0)  # where it is 0/0 nothing is granted
        return (size * np.abs(slopes)).sum(axis=1), heads.restored(grad)

    def rounding_bound(
        self,
        spec: Definition,
        columns: ArrayLike,
        upstream: ArrayLike | None = None,
        *,
        dtype: Any,
    ) -> tuple[Array, Array]:
        """Bounds of |computed - true|; see `crossval.oracles.rounding.rounding_bound`.

        The softmax may be a quotient of exponentials or exp(z - lse), which has the error of lse
        in it; the bound covers both, and every order of every sum.
        """
        heads = _Problems.of(self, spec, columns)
        count, fmt = len(heads.first), format_of(dtype)
        factors = np.ones(count) if upstream is None else np.asarray(upstream, np.float64)
        plain = _AnyOrder(count, fmt)
        with np.errstate(all="ignore"):
            true = heads.balls(_Textbook(count), factors)
            bounds = _apart(heads.balls(plain, factors), true)
            other = heads.balls(_ByDifference(count, fmt, plain.room), factors)
            bounds = np.maximum(bounds, _apart(other, true)) * (1 + 2.0**-50)
        return bounds[:, 0], heads.restored(bounds[:, 1:])


class _Textbook(FloatBalls):
    """Balls of what the textbook formula gives, and of nothing where a part of it is 0/0.

    A derivative that is 0 because the quantity does not move stays 0 over a norm of 0.
    """

    def divide(self, a: Ball, b: Ball) -> Ball:
        """Return a quotient, 0 for 0/0."""
        ball = super().divide(a, b)
        nothing = (a.mid == 0) & (a.rad == 0) & (b.mid == 0) & (b.rad == 0)
        return Ball(np.where(nothing, 0.0, ball.mid), np.where(nothing, 0.0, ball.rad), self)


class _AnyOrder(_Textbook):
    """Balls of sums that may be added up in any order, and of exponentials however wide.

    Attributes
    ----------
    room : array
        How much farther z - lse may be off than z - max is, once a log-sum-exp was taken.
    """

    def __init__(self, rows: int, fmt: Format) -> None:
        super().__init__(rows, fmt)
        self.room: Any = np.zeros(rows)

    def sum(self, xs: Sequence[Any]) -> Any:
        """Return the sum of a list."""
        balls = [self.lift(x) for x in xs]
        mid = reduce(np.add, [ball.mid for ball in balls])
        spread = reduce(np.add, [ball.rad for ball in balls])
        size = reduce(np.add, [np.abs(ball.mid) + ball.rad for ball in balls])
        return self._rounded(mid, spread, (len(balls) - 1) * 1.01 * self._unit * size)

    def stop(self, x: Any) -> Any:
        """Return the value of x, which is the largest logit wherever one is held."""
        ball = self.lift(x)
        self.room = np.maximum(self.room, ball.rad + self._unit * np.abs(ball.mid))
        return x

    def exp(self, x: Any) -> Ball:
        """Return the exponential, about the middle of its ends: it stays away from 0."""
        return self._between(np.exp, self.lift(x))

    def log(self, x: Any) -> Ball:
        """Return the logarithm of a sum of exponentials, about the middle of its ends."""
        ball = self._between(np.log, self.lift(x))
        self.room = self.room + ball.rad + 2 * self._unit * np.abs(ball.mid)
        return ball

    def _between(self, function: Any, x: Ball) -> Ball:
        """Return an increasing function of the library."""
        low, high = function(x.mid - x.rad), function(x.mid + x.rad)
        most = np.maximum(np.abs(low), np.abs(high))
        own = 2 * LIBM * 2.0**-53 * most + 2.0**-1070  # of this very computation
        spread = (high - low) / 2 + own
        return self._library((high + low) / 2, np.where(np.isnan(spread), np.inf, spread))


class _ByDifference(_AnyOrder):
    """Balls in which the argument of every exponential is off by `room` more."""

    def __init__(self, rows: int, fmt: Format, room: Array) -> None:
        super().__init__(rows, fmt)
        self._room = room

    def exp(self, x: Any) -> Ball:
        """Return the exponential."""
        ball = self.lift(x)
        return super().exp(Ball(ball.mid, ball.rad + self._room, self))


def _apart(one: tuple[Array, Array], other: tuple[Array, Array]) -> Array:
    """Return how far numbers of two tables of balls are apart at most."""
    found = np.abs(one[0] - other[0]) + one[1] + other[1]
    return np.where(np.isfinite(found), found, np.inf)


def _stacked(found: Sequence[Any], rows: int) -> Array:
    return np.stack([np.broadcast_to(each, rows) for each in found], axis=1)


@dataclass(frozen=True)
class _Problems:
    """Columns taken apart, with the text that they are for.

    Attributes
    ----------
    layout : Layout
        Of the columns.
    numbers : (n, k) array
        Columns without the label.
    first : (n, k) array
        The same with each row's class in the place of class 0, and that in its place. A text sees
        one label at a time, and a head does not mind the order of classes: so one evaluation
        serves rows of every class.
    order : (n, k) array of int
        Which column stands in which place of `first`; its own inverse.
    labels : (n,) array of int
        Classes.
    text : HeadText
        Plain.
    constants : dict of str to float
        Of the definition, the scale among them.
    """

    layout: Layout
    numbers: Array
    first: Array
    order: NDArray[np.int64]
    labels: NDArray[np.int64]
    text: HeadText
    constants: dict[str, float]

    @classmethod
    def of(cls, oracle: HeadColumns, spec: Definition, columns: ArrayLike) -> _Problems:
        table = np.asarray(columns, np.float64)
        layout = oracle.layout(table.shape[1])
        labels = table[:, layout.label].astype(np.int64)
        numbers = np.delete(table, layout.label, axis=1)
        order = _order(layout, labels)
        text = HeadText(load(spec.program, "arb", oracle.kernels), oracle.biased)
        first = np.take_along_axis(numbers, order, axis=1)
        return cls(layout, numbers, first, order, labels, text, dict(spec.constants))

    @property
    def packing(self) -> HeadPacking:
        """How a row becomes the arguments of a text."""
        return HeadPacking(self.layout.parts, self.labels, self.layout.biased, self.layout.centers)

    def moving(self, table: Array) -> Array:
        """Return columns without the label."""
        return np.delete(table, self.layout.label, axis=1)

    def padded(self, table: Array) -> Array:
        """Return results by moving columns with a column of 0 for the label."""
        return np.insert(table, self.layout.label, 0.0, axis=1)

    def restored(self, table: Array) -> Array:
        """Return results by the columns of `first` as results by all columns."""
        return self.padded(np.take_along_axis(table, self.order, axis=1))

    def arguments(self, F: Any, rows: Array) -> tuple[list[Any], dict[str, Any]]:
        """Return what a text takes before upstream, and its constants, in an arithmetic."""
        x, weight, bias = self._arranged(F, rows)
        constants = {name: F.constant(value) for name, value in self.constants.items()}
        return [x, weight, [0], *([bias] if self.layout.biased else [])], constants

    def _arranged(self, F: Any, rows: Array) -> tuple[list, list, list]:
        lift = getattr(F, "lift", F.constant)
        layout = self.layout
        return arranged([lift(c) for c in rows.T], layout.parts, layout.classes, layout.centers)

    def grad(self, F: Any, rows: Array, upstream: Array) -> tuple[Any, ...]:
        """Return loss and gradient by the columns of `first`."""
        given, constants = self.arguments(F, rows)
        return self.text.grad(F, *given, getattr(F, "lift", F.constant)(upstream), **constants)

    def hvp(self, F: Any, rows: Array, upstream: Array, direction: Array) -> tuple[Any, ...]:
        """Return the Hessian-vector product by the columns of `first`."""
        given, constants = self.arguments(F, rows)
        x, weight, bias = self._arranged(F, direction)
        dots = [x, weight, *([bias] if self.layout.biased else [])]
        return self.text.hvp(F, *given, F.constant(upstream), *dots, **constants)

    def balls(self, F: FloatBalls, upstream: Array) -> tuple[Array, Array]:
        """Return middles and radii of loss and gradient by the columns of `first`."""
        found = [F.lift(each) for each in self.grad(F, self.first, upstream)]
        mid = _stacked([ball.mid for ball in found], len(self.first))
        return mid, _stacked([ball.rad for ball in found], len(self.first))


def _order(layout: Layout, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of columns when every row's class changes places with class 0."""
    parts, classes = layout.parts, layout.classes
    place = np.tile(np.arange(classes), (len(labels), 1))
    place[:, 0] = labels
    place[np.arange(len(labels)), labels] = 0
    within = parts + place[:, :, None] * layout.width + np.arange(layout.width)
    blocks = [np.tile(np.arange(parts), (len(labels), 1)), within.reshape(len(labels), -1)]
    if layout.biased:
        blocks.append(layout.label + place)
    return np.concatenate(blocks, axis=1)
