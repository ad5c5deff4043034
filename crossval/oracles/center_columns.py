"""Truth, near witness, condition and rounding bound of vectors and the centres of classes.

A row of columns has a vector, the centres of all classes and a label. The text of the loss takes
the vector and the centre of its own class; what is by other centres is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles.arithmetic_exact import ExactBalls
from crossval.oracles.enclosure import Truth
from crossval.oracles.packing import MOST_JETS
from crossval.oracles.texts import Definition
from crossval.oracles.vector_columns import VectorColumns

__all__ = ["PARTS", "CenterColumns", "CenterPacking", "Layout"]

Array = NDArray[np.float64]

PARTS = 4
"""Numbers of a vector of the pinned points."""
OTHERS = "others"
"""The constant that a call sets: how many other classes there are."""


@dataclass(frozen=True)
class Layout:
    """Where a vector, centres and a label lie in a row of columns.

    Attributes
    ----------
    parts, classes : int
        Numbers of a vector, and classes.
    """

    parts: int
    classes: int

    @property
    def label(self) -> int:
        """Column of the label, behind all others."""
        return self.parts * (1 + self.classes)

    @property
    def inputs(self) -> dict[str, slice]:
        """Input to its columns, in their order."""
        return {
            "x": slice(0, self.parts),
            "centers": slice(self.parts, self.label),
            "target": slice(self.label, self.label + 1),
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """Name of each column."""
        parts = range(self.parts)
        centers = [f"c{c}.{d}" for c in range(self.classes) for d in parts]
        return (*(f"x{d}" for d in parts), *centers, "class")

    def own(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the columns (n, D) of the centres of classes."""
        return self.parts * (1 + labels[:, None]) + np.arange(self.parts)

    @classmethod
    def of(cls, columns: int, parts: int) -> Layout:
        """Return the layout of a row of so many columns, the label among them."""
        return cls(parts, (columns - 1) // parts - 1)


@dataclass(frozen=True)
class _Counted:
    """A definition with the constants that a call knows."""

    program: str
    constants: Mapping[str, float]

    @classmethod
    def of(cls, spec: Definition, classes: int) -> _Counted:
        return cls(spec.program, {**spec.constants, OTHERS: float(classes - 1)})


@dataclass(frozen=True)
class CenterColumns:
    """What the oracles say of vectors and centres of classes.

    Attributes
    ----------
    parts : int
        Numbers of a vector.
    kernels : path, optional
        Directory of the kernel texts, for losses of one's own.
    """

    parts: int = PARTS
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
        direction = None if hvp is None else rows.read(np.asarray(hvp, np.float64))
        options = {"dtype": dtype, "hvp": direction, **options}
        found = rows.oracle.truth(rows.spec, rows.vectors, upstream, **options)
        for part in ("grad_hi", "grad_lo", "grad_rad", "hvp_hi", "hvp_lo", "hvp_rad"):
            array = getattr(found, part)
            if array is not None:
                setattr(found, part, rows.spread(array))
        for vertices in (found.vertices, found.hvp_vertices):
            vertices.update({row: rows.spread(table, row) for row, table in vertices.items()})
        return found

    def packed(self, spec: Definition, columns: ArrayLike) -> tuple[Array, CenterPacking]:
        """Columns without the label, and how they become the arguments of a text."""
        table = np.asarray(columns, np.float64)
        return table[:, :-1], CenterPacking(self.parts, table[:, -1].astype(np.int64))

    def kernel(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike
    ) -> tuple[Array, Array]:
        """Loss and gradient as the float64 kernel computes them."""
        rows = _Rows.of(self, spec, columns)
        value, grad = rows.oracle.kernel(rows.spec, rows.vectors, upstream)
        return value, rows.spread(grad)

    def condition(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike | None = None
    ) -> tuple[Array, Array]:
        """Absolute componentwise condition; see `crossval.oracles.conditioning.condition`."""
        rows = _Rows.of(self, spec, columns)
        value, grad = rows.oracle.condition(rows.spec, rows.vectors, upstream)
        return value, rows.spread(grad)

    def rounding_bound(
        self,
        spec: Definition,
        columns: ArrayLike,
        upstream: ArrayLike | None = None,
        *,
        dtype: Any,
    ) -> tuple[Array, Array]:
        """Bounds of |computed - true|; see `crossval.oracles.rounding.rounding_bound`."""
        rows = _Rows.of(self, spec, columns)
        value, grad = rows.oracle.rounding_bound(rows.spec, rows.vectors, upstream, dtype=dtype)
        return value, rows.spread(grad)


@dataclass(frozen=True)
class _Rows:
    """Vectors beside the centres of their classes, taken out of columns.

    Attributes
    ----------
    oracle : VectorColumns
        Of two vectors a row.
    spec : _Counted
    vectors : (n, 2 D) array
    own : (n, D) array of int
        Columns of the centres.
    width : int
        Of the columns, the label among them.
    """

    oracle: VectorColumns
    spec: _Counted
    vectors: Array
    own: NDArray[np.int64]
    width: int

    @classmethod
    def of(cls, oracle: CenterColumns, spec: Definition, columns: ArrayLike) -> _Rows:
        table = np.asarray(columns, np.float64)
        layout = Layout.of(table.shape[1], oracle.parts)
        own = layout.own(table[:, layout.label].astype(np.int64))
        vectors = np.hstack([table[:, : layout.parts], np.take_along_axis(table, own, axis=1)])
        pair = VectorColumns(2, labelled=False, kernels=oracle.kernels)
        return cls(pair, _Counted.of(spec, layout.classes), vectors, own, table.shape[1])

    def read(self, table: Array) -> Array:
        """Return of columns those of the vectors."""
        parts = self.own.shape[1]
        return np.hstack([table[:, :parts], np.take_along_axis(table, self.own, axis=1)])

    def spread(self, table: Array, row: int | None = None) -> Array:
        """Return results by the vectors as results by all columns; of one row, several."""
        parts = self.own.shape[1]
        found = np.zeros((len(table), self.width))
        found[:, :parts] = table[:, :parts]
        own = self.own if row is None else np.tile(self.own[row], (len(table), 1))
        np.put_along_axis(found, own, table[:, parts:], axis=1)
        return found


@dataclass(frozen=True)
class CenterPacking:
    """A vector, the centres of all classes and a label.

    Attributes
    ----------
    parts : int
        Numbers of a vector.
    labels : (n,) array of int
        The class of every row.
    """

    parts: int
    labels: NDArray[np.int64]
    elementwise: bool = False

    def known(self, columns: Array) -> NDArray[np.bool_]:
        """Return which rows are finite."""
        return np.asarray(np.isfinite(columns).all(axis=1))

    def width(self, columns: int) -> int:
        """Return how many arguments stand before the constants: those of the text itself."""
        return 2

    def differentiable(self, columns: int) -> bool:
        """Return whether the problem is small."""
        return columns <= MOST_JETS

    def arguments(self, row: int, arithmetic: ExactBalls, elements: Sequence[Any]) -> list[Any]:
        """Return vector, centres and label."""
        return [*self.tangents(elements), int(self.labels[row])]

    def tangents(self, elements: Sequence[Any]) -> list[Any]:
        """Return the direction by vector and centres."""
        rows = [list(elements[k : k + self.parts]) for k in range(0, len(elements), self.parts)]
        return [rows[0], rows[1:]]

    def wrapped(self, text: Any) -> CenterText:
        """Return a text that takes centres and a label."""
        return CenterText(text)


@dataclass(frozen=True)
class CenterText:
    """A text of a vector and its centre as one of all centres and a label."""

    text: ModuleType

    @property
    def value(self) -> Callable[..., Any]:
        """The loss, with the text's own signature."""

        def value(F: Any, x: list, centers: list, label: int, **constants: Any) -> Any:
            return self.text.value(F, x, centers[label], **_counted(F, centers, constants))

        value.__wrapped__ = self.text.value  # type: ignore[attr-defined]
        return value

    def grad(
        self, F: Any, x: list, centers: list, label: int, bar: Any, **constants: Any
    ) -> tuple[Any, ...]:
        """Return the loss and its gradient by all columns."""
        known = _counted(F, centers, constants)
        loss, by_x, by_own = self.text.grad(F, x, centers[label], bar, **known)
        return (loss, *by_x, *_placed(F, by_own, centers, label))

    def hvp(
        self,
        F: Any,
        x: list,
        centers: list,
        label: int,
        bar: Any,
        x_dot: list,
        centers_dot: list,
        **constants: Any,
    ) -> tuple[Any, ...]:
        """Return the Hessian-vector product by all columns."""
        known = _counted(F, centers, constants)
        given = (x, centers[label], bar, x_dot, centers_dot[label])
        by_x, by_own = self.text.hvp(F, *given, **known)
        return (*by_x, *_placed(F, by_own, centers, label))


def _counted(F: Any, centers: list, constants: Mapping[str, Any]) -> dict[str, Any]:
    return {**constants, OTHERS: F.constant(float(len(centers) - 1))}


def _placed(F: Any, by_own: list, centers: list, label: int) -> list[Any]:
    """Return derivatives by all centres from those by one."""
    zero = F.constant(0.0)
    by_class = [by_own if c == label else [zero] * len(by_own) for c in range(len(centers))]
    return [each for part in by_class for each in part]
