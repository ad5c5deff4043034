"""What the texts of heads compute with: parts of the classes, and matrices of one format.

A text visits the classes in parts. A matrix that has an axis of classes is of the format that
products are computed in; everything else is float64. Beside inputs and outputs there are a few
blocks of the batch times one part, and, where asked for, the products of all classes, which then
need not be computed anew by a later visit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np

from refloss.run.rounding import narrow, widen

__all__ = ["ClassBlocks", "LogSumExp", "Shards", "blocks_for"]


class Columns(NamedTuple):
    """Where the items' labels lie in a part of the classes.

    Attributes
    ----------
    items, places : array of int
        The items whose label lies in it, and the label's place there.
    width, total : int
        How many classes the part has, and how many items there are.
    """

    items: Any
    places: Any
    width: int
    total: int


class Shards(Protocol):
    """What the shards of a matrix of classes say to each other: every one calls, all get the same.

    Arrays are float64, one number a row. A shard has some of the classes, and labels -1 where the
    class of a row is not among them.
    """

    def logsumexp(self, rows: Any) -> Any:
        """Return the log-sum-exp over the shards."""
        ...

    def sum(self, rows: Any) -> Any:
        """Return the sum over the shards."""
        ...


class LogSumExp:
    """The logarithm of a sum of exponentials of every row, a part of the row at a time."""

    def __init__(self, np: ModuleType, shards: Shards | None = None):
        self.np, self.shards = np, shards
        self.top: Any = -np.inf
        self.total: Any = 0.0

    def add(self, part: Any) -> None:
        """Take the part of every row in a matrix."""
        np = self.np
        top = np.maximum(self.top, part.max(axis=1).astype(np.float64))
        shift = np.where(np.isinf(top) & (top < 0), 0.0, top)  # a row that is all -inf stays so
        mass = part - shift.astype(part.dtype)[:, None]
        np.exp(mass, out=mass)
        shrink = np.exp(self.top - shift)
        self.total = self.total * shrink + mass.sum(axis=1).astype(np.float64)
        self.top = top

    def result(self) -> Any:
        """Return one number a row."""
        np = self.np
        shift = np.where(np.isinf(self.top) & (self.top < 0), 0.0, self.top)
        with np.errstate(divide="ignore"):  # of nothing, -inf
            found = shift + np.log(self.total)
        return found if self.shards is None else self.shards.logsumexp(found)


class ClassBlocks:
    """Array operations of a text of a head.

    Parameters
    ----------
    real : dtype
        Format of matrices that have an axis of classes: float32 or float64.
    size : int
        Classes a part.
    keeps : bool
        Whether products are held from one visit to the next.
    np : module
        NumPy, or a library like it.
    shards : Shards, optional
        What tells the other shards, if there are any.
    """

    def __init__(
        self,
        real: Any,
        size: int,
        *,
        keeps: bool,
        np: ModuleType = np,
        shards: Shards | None = None,
    ):
        self.np, self.size, self.keeps, self.shards = np, size, keeps, shards
        self.dtype = np.dtype(real)
        self._held: dict[tuple[str, int], Any] = {}
        self._rooms: dict[str, Any] = {}
        self._classes = 0
        self._cast: dict[int, tuple[Any, Any]] = {}

    # --- formats -------------------------------------------------------------------------

    def wide(self, array: Any) -> Any:
        """Return an array in float64: itself, or a copy."""
        if not _is_array(array) or array.dtype == np.float64:
            return array
        return self._widened(array, np.float64)

    def real(self, array: Any) -> Any:
        """Return an array in the format of matrices: itself, or a copy that is made once."""
        if not _is_array(array):
            return array
        if array.dtype == self.dtype:
            return array
        if array.ndim < 2:
            return array.astype(self.dtype)
        if id(array) not in self._cast:
            self._cast[id(array)] = array, array.astype(self.dtype)
        return self._cast[id(array)][1]

    def _widened(self, array: Any, dtype: Any) -> Any:
        if array.dtype == dtype or (array.dtype.kind == "f" and array.dtype.itemsize >= 4):
            return array.astype(dtype, copy=False)
        out = np.empty(array.shape)
        widen(out, array)
        return out.astype(dtype, copy=False)

    # --- parts of classes ----------------------------------------------------------------

    def parts(self, classes: int) -> Iterator[slice]:
        """Yield the parts of a number of classes."""
        self._cast.clear()
        self._classes = classes
        for start in range(0, classes, self.size):
            yield slice(start, min(start + self.size, classes))

    def part(self, array: Any, here: slice) -> Any:
        """Return the rows of a part in the format of matrices."""
        return self._widened(array[here], self.dtype)

    def at(self, array: Any, labels: Any) -> Any:
        """Return the rows of labels in float64, zeros where a class is on another shard."""
        if self.shards is None:
            return self.wide(array[labels])
        here = labels >= 0
        out = self.np.zeros((len(labels), *array.shape[1:]))
        out[here] = self.wide(array[labels[here]])
        return out

    def shared(self, rows: Any, labels: Any) -> Any:
        """Return one number a row from the shard that has the row's class, on every shard."""
        if self.shards is None:
            return rows
        return self.shards.sum(self.np.where(labels >= 0, rows, 0.0))

    def owned(self, labels: Any) -> Any:
        """Return 1 where a row's class is at hand, and 0 where another shard has it."""
        return 1.0 if self.shards is None else self.np.where(labels >= 0, 1.0, 0.0)

    def columns(self, labels: Any, here: slice) -> Columns:
        """Return where the items' labels lie in a part."""
        items = self.np.flatnonzero((labels >= here.start) & (labels < here.stop))
        return Columns(items, labels[items] - here.start, here.stop - here.start, len(labels))

    def like(self, array: Any) -> Any:
        """Return room for a result like an input."""
        return self.np.empty(array.shape, array.dtype)

    def store(self, room: Any, here: slice, rows: Any) -> None:
        """Round the rows of a part into their room."""
        if room.dtype == rows.dtype:
            room[here] = rows
        else:
            narrow(room[here], rows)

    def hold(self, name: str, here: slice, made: Any) -> Any:
        """Keep what a later visit reads again: always if it is one number a class."""
        if made.ndim == 1:
            self._held[name, here.start] = made
        if made.ndim == 1 or not self.keeps:
            return made
        kept = self._room(name, here, made.shape)
        kept[...] = made
        return kept

    def hold_product(self, name: str, here: slice, a: Any, b: Any) -> Any:
        """Return ``a @ b``, computed where it is kept."""
        if not self.keeps:
            return a @ b
        return self.np.matmul(a, b, out=self._room(name, here, (len(a), b.shape[1])))

    def _room(self, name: str, here: slice, shape: tuple[int, ...]) -> Any:
        """Return room for a part's matrix that is kept.

        Matrices of all parts lie in one room: the system hands out large pages at once, and the
        memory of a part is free for the next.
        """
        each = math.prod(shape) // (here.stop - here.start)
        if name not in self._rooms:
            self._rooms[name] = self.np.empty(each * self._classes, self.dtype)
        room = self._rooms[name][each * here.start : each * here.stop].reshape(shape)
        self._held[name, here.start] = room
        return room

    def held(self, name: str, here: slice, make: Callable[[], Any]) -> Any:
        """Return what was kept, or make it anew."""
        found = self._held.get((name, here.start))
        return make() if found is None else found

    # --- operations ----------------------------------------------------------------------

    def norm(self, rows: Any) -> Any:
        """Return the norm of every row, the last axis, in float64, however large or small."""
        np = self.np
        wide = rows.astype(np.float64, copy=False)
        with np.errstate(over="ignore", under="ignore"):
            squares = np.vecdot(wide, wide)
        size = np.sqrt(squares)
        off = ~((squares > 1e-280) & (squares < 1e300))
        if off.any():
            some = wide[off]
            most = np.abs(some).max(axis=1, initial=0.0)
            unit = np.where((most > 0) & np.isfinite(most), most, 1.0)
            size[off] = unit * np.sqrt(((some / unit[:, None]) ** 2).sum(axis=1))
        return size

    def sum(self, array: Any, axis: int | tuple[int, ...]) -> Any:
        """Return a sum over axes, in float64."""
        if not _is_array(array) or array.ndim == 0:
            return array
        return array.sum(axis=axis).astype(np.float64)

    def logsumexp(self) -> LogSumExp:
        """Return the logarithm of a sum of exponentials, to be fed part by part."""
        return LogSumExp(self.np, self.shards)

    def ratio(self, n: Any, d: Any, at0: float) -> Any:
        """Return n/d, and `at0` where d = 0."""
        zero = d == 0.0
        if not self.np.any(zero):
            return n / d
        return self.np.where(zero, at0, n / self.np.where(zero, 1.0, d))

    def scaled(self, matrix: Any, factor: Any, divisor: Any = 1.0) -> Any:
        """Return a matrix times a number or vector in float64, over another, 0 where that is 0.

        Both are one factor where the matrix's format holds their quotient with all its digits.
        Times 1 it is the matrix itself.
        """
        np = self.np
        if not _is_array(factor) and not _is_array(divisor) and factor == divisor:
            return matrix
        once = self.ratio(factor, np.asarray(divisor), 0.0)
        size, limits = np.abs(once), np.finfo(matrix.dtype)
        if np.all((size >= limits.tiny) & (size <= limits.max) | (once == 0) & (factor == 0)):
            return matrix * np.asarray(once, matrix.dtype)
        wide = self.ratio(matrix.astype(np.float64), np.asarray(divisor), 0.0) * factor
        return wide.astype(matrix.dtype, copy=False)

    def fresh(self, array: Any, than: Any = None) -> Any:
        """Return an array that may be written to: a copy, unless it is another one than `than`."""
        named = than is None or array is than
        return array.copy() if named and _is_array(array) else array

    def pinned(self, elsewhere: Any, columns: Columns, there: Any) -> Any:
        """Return a matrix with every item's own column replaced; the given one is written to."""
        if not _is_array(elsewhere) or elsewhere.ndim == 0:
            elsewhere = self.np.full((columns.total, columns.width), elsewhere, self.dtype)
        value = there[columns.items] if _is_array(there) and there.ndim else there
        elsewhere[columns.items, columns.places] = value
        return elsewhere

    def scattered(self, columns: Columns, rows: Any, dtype: Any = None) -> Any:
        """Return the rows of items added up at their columns, zero elsewhere.

        Of vectors they are in the format of matrices, of numbers in float64, unless `dtype` says
        which.
        """
        if not _is_array(rows):
            rows = self.np.full(columns.total, float(rows))
        dtype = dtype or (self.dtype if rows.ndim > 1 else self.np.float64)
        out = self.np.zeros((columns.width, *rows.shape[1:]), dtype)
        return self.scattered_onto(out, columns, rows)

    def scattered_onto(self, matrix: Any, columns: Columns, rows: Any) -> Any:
        """Return a matrix with the rows of items added at their columns; it is written to."""
        some = rows[columns.items].astype(matrix.dtype, copy=False)
        if math.prod(matrix.shape[1:]) < _LONG:
            self.np.add.at(matrix, columns.places, some)
        else:
            for place, row in zip(columns.places.tolist(), some, strict=True):
                matrix[place] += row
        return matrix

    def dots(self, a: Any, b: Any, axis: int) -> Any:
        """Return the sums of the products of two arrays over an axis, in float64."""
        axes = "ijk"[: a.ndim]
        kept = axes.replace(axes[axis], "")
        return self.np.einsum(f"{axes},{axes}->{kept}", a, b, dtype=self.np.float64)

    def max(self, array: Any, axis: int) -> Any:
        """Return the largest along an axis."""
        return array.max(axis=axis)


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype")


class Needs(NamedTuple):
    """What a text holds at a time beside inputs and results.

    Attributes
    ----------
    rows : int
        Matrices in float64 of as many numbers as the embeddings have.
    blocks : int
        Matrices of the batch and a part, and of a part's classes.
    products : int
        Products of the batch and all classes, where they are held for a later visit.
    """

    rows: int
    blocks: int
    products: int


_NEEDS = {"value": Needs(8, 5, 0), "grad": Needs(10, 6, 1), "hvp": Needs(19, 14, 2)}

_LONG = 16
"""Numbers of a row from which adding rows one by one is faster than all numbers by index."""

_LARGEST = 1024
"""Classes a part, at most: more than fit a cache gain nothing."""

_RETAINED = 31 << 20
"""Bytes that glibc's allocator is asked to keep: beyond 32 MiB it takes no hint."""


def blocks_for(
    function: str,
    real: Any,
    rows: int,
    classes: int,
    parts: int,
    memory: int,
    shards: Shards | None = None,
    centers: int = 1,
) -> ClassBlocks:
    """Return how a batch is computed within a budget.

    Parameters
    ----------
    function : {"value", "grad", "hvp"}
        What is computed.
    real : dtype
        Format of matrices.
    rows, classes, parts : int
        Sizes of the batch, of the matrix of classes, and of an embedding.
    memory : int
        Bytes beside inputs and results. A part has one class at least, whatever the budget.
    shards : Shards, optional
        What tells the other shards, if there are any.
    centers : int
        How many vectors a class has.
    """
    each = np.dtype(real).itemsize
    held = centers + (centers > 1)
    needs = _NEEDS[function]
    left = memory - needs.rows * rows * parts * 8
    column = needs.blocks * (rows + parts) * each * held
    size = max(1, min(max(1, _LARGEST // centers), classes, left // column))
    keeps = needs.products * held * classes * rows * each + size * column <= left
    _retain(size * column)
    return ClassBlocks(real, size, keeps=keeps, shards=shards)


def _retain(size: int) -> None:
    """Have the allocator keep the memory of temporaries from one part to the next.

    A block that is freed raises the sizes from which glibc maps memory, and gives it back, to its
    own (mallopt(3), M_MMAP_THRESHOLD). Otherwise every temporary is mapped and zeroed anew, which
    takes longer than what is computed with it.
    """
    np.empty(min(size, _RETAINED), np.uint8)
