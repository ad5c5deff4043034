"""Running a row plan over blocks of rows, and over tiles of classes where rows are wide.

A block is as many rows as fit the cache, at least one. A row that does not fit is cut into tiles of
`TILE` classes, whose width depends on nothing else: the order of every sum, and so every bit of a
result, is the same whatever the number of rows. Beyond the outputs there are a few registers of one
block, and nothing as large as the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from refloss.run.blocks import Sink
from refloss.run.rounding import format_of, narrow, widen
from refloss.run.row_lowering import FULL, ROW
from refloss.run.row_plan import RowPlan
from refloss.run.row_text import block_text, whole_text

__all__ = ["TILE", "RowProgram"]

TILE = 65536  # 512 KiB a register
_NATIVE = frozenset({"float32", "float64"})
_UFUNCS = {name: ufunc for name, ufunc in vars(np).items() if isinstance(ufunc, np.ufunc)}

After = Callable[[int, int], None]


class RowProgram:
    """A plan that can be run.

    Parameters
    ----------
    plan : RowPlan
    """

    def __init__(self, plan: RowPlan):
        self.plan = plan

    def run(
        self,
        rows: int,
        classes: int,
        sources: Mapping[str, np.ndarray],
        sinks: Sequence[np.ndarray | Sink],
        *,
        after: After | None = None,
        tile: int = TILE,
    ) -> None:
        """Run over all rows.

        Parameters
        ----------
        rows, classes : int
            Sizes; no row is fine.
        sources : mapping of str to array
            Inputs by name: ``(N, C)``, ``(N,)``, ``(C,)`` or ``()``, of any floating-point format
            (labels: of any integer one) and any strides.
        sinks : sequence of array or Sink
            One an output: an ``(N, C)`` array of the format to round to, or a sink of one column.
        after : callable, optional
            Called with the first row of a block and its end when the block is done.
        tile : int
            Elements a block and classes a tile; rows wider than it are cut.
        """
        block = max(1, min(tile // classes, rows))
        width = min(classes, tile)
        cuts = [(left, min(left + width, classes)) for left in range(0, classes, width)]
        run = self._tiled if len(cuts) > 1 else self._whole
        registers = [np.empty((block, width)) for _ in range(self.plan.registers)]
        kept = [np.empty((block, classes)) for _ in range(self.plan.kept)]
        graph, outputs = self.plan.graph, self.plan.outputs
        columns = [
            (sink, graph.axes(node))
            for sink, node in zip(sinks, outputs, strict=True)
            if graph.axes(node) != FULL
        ]
        index = np.arange(block)
        with np.errstate(all="ignore"):
            known = self._once(sources, {"B": float(rows), "C": float(classes)})
            for start in range(0, rows, block):
                stop = min(start + block, rows)
                found = run(start, stop, sources, sinks, known, registers, kept, index, cuts)
                for (sink, axes), column in zip(columns, found, strict=True):
                    _put(sink, start, stop, column, axes)
                if after is not None:
                    after(start, stop)

    @cached_property
    def _once(self) -> Callable[..., dict[int, Any]]:
        return _compiled(whole_text(self.plan), "whole")

    @cached_property
    def _whole(self) -> Callable[..., list]:
        return _compiled(block_text(self.plan, tiled=False), "block")

    @cached_property
    def _tiled(self) -> Callable[..., list]:
        return _compiled(block_text(self.plan, tiled=True), "block")


def _compiled(text: str, name: str) -> Callable:
    scope = {**_UFUNCS, **_HELPERS}
    exec(compile(text, "<row plan>", "exec"), scope)
    return scope[name]


def _reduced(op: str, tile: np.ndarray) -> np.ndarray:
    """Return a reduction of every row."""
    tile = _native(tile)
    return tile.argmax(axis=1) if op == "argmax" else getattr(tile, op)(axis=1)


def _overall(op: str, vector: np.ndarray) -> Any:
    """Return a reduction of one number a class."""
    return getattr(vector, op)()


def _put(sink: np.ndarray | Sink, start: int, stop: int, column: Any, axes: str) -> None:
    """Hand over a result that is not one number a row and class, repeated if need be."""
    if isinstance(sink, np.ndarray):
        rows = sink[start:stop]
        narrow(rows, np.broadcast_to(column[:, None] if axes == ROW else column, rows.shape))
    else:
        sink.put(start, [np.broadcast_to(column, (stop - start,))])


def _part(op: str, tile: np.ndarray, left: int) -> Any:
    """Return what one tile of a row says of a reduction; of argmax the place and the value."""
    row = _native(tile)[0]
    if op != "argmax":
        return getattr(row, op)()
    place = int(row.argmax())
    return left + place, row[place]


def _joined(op: str, parts: list) -> np.ndarray:
    """Return a reduction of one row from its parts, one a tile."""
    if op == "argmax":
        return np.array([parts[int(np.argmax([value for _, value in parts]))][0]])
    return np.array([getattr(np.array(parts), op)()])


def _staged(register: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Return a window of an input in float64: itself, or widened into a register."""
    if source.dtype == np.float64:
        return source
    widen(register, source)
    return register


def _native(tile: np.ndarray) -> np.ndarray:
    """Return an array of a format whose comparisons NumPy knows well."""
    return tile if format_of(tile.dtype) in _NATIVE else _wide(tile)


def _numbers(array: np.ndarray) -> np.ndarray:
    """Return labels as they are, and numbers in float64."""
    return array if array.dtype.kind in "iu" else _wide(array)


def _wide(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.float64:
        return array
    out = np.empty(array.shape)
    widen(out, array)
    return out


_HELPERS = {
    "arange": np.arange,
    "constant": np.float64,
    "copyto": np.copyto,
    "inf": np.inf,
    "joined": _joined,
    "nan": np.nan,
    "narrow": narrow,
    "numbers": _numbers,
    "overall": _overall,
    "part": _part,
    "reduced": _reduced,
    "staged": _staged,
    "where": np.where,
    "wide": _wide,
}
