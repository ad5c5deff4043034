"""Running a tape over blocks of rows that stay in the cache.

A block is staged column by column into float64 registers, run through the tape, and its results
rounded once into the caller's outputs. Registers belong to the thread and are reused; beyond them
nothing is allocated, whatever the number of rows. Every operation works row by row, so the size of
a block cannot change a bit of the result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from refloss.run.rounding import narrow, widen
from refloss.run.tape import Tape

__all__ = ["BLOCK_ROWS", "Sink", "Source", "Store", "execute"]

BLOCK_ROWS = 16384  # 128 KiB a register: a call is cheap beside its work, all registers in L3
_SKEW = 72  # float64 between registers, so that equal rows of two never fall into one cache set

Hook = Callable[[int, np.ndarray], None]


@dataclass(frozen=True)
class Source:
    """Columns to stage: a 1-D array is one register, an ``(N, k)`` array is ``k`` of them.

    Attributes
    ----------
    array : numpy.ndarray
        Of any floating-point format and any strides.
    prepare : callable, optional
        Called with the first row's number and the staged ``(k, n)`` float64 block, which it may
        check and change in place.
    """

    array: np.ndarray
    prepare: Hook | None = None

    @property
    def width(self) -> int:
        """How many registers the source fills."""
        return 1 if self.array.ndim == 1 else self.array.shape[1]

    def stage(self, start: int, block: np.ndarray) -> None:
        """Fill the ``(k, n)`` block with the rows from ``start`` on."""
        rows = self.array[start : start + block.shape[1]]
        widen(block, rows.T if rows.ndim == 2 else rows[None])
        if self.prepare is not None:
            self.prepare(start, block)


class Sink(Protocol):
    """A consumer of result columns."""

    @property
    def width(self) -> int:
        """How many result columns the sink takes."""
        ...

    def put(self, start: int, columns: Sequence[np.ndarray]) -> None:
        """Take ``width`` columns of a block whose first row is ``start``."""
        ...


@dataclass(frozen=True)
class Store:
    """Rounds result columns into an ``(N,)`` or ``(N, k)`` array.

    Attributes
    ----------
    array : numpy.ndarray
        The output, of the format to round to.
    convert : callable, optional
        Turns the columns of a block into those to store, without writing to them.
    """

    array: np.ndarray
    convert: Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]] | None = None

    @property
    def width(self) -> int:
        """How many result columns the sink takes."""
        return 1 if self.array.ndim == 1 else self.array.shape[1]

    def put(self, start: int, columns: Sequence[np.ndarray]) -> None:
        """Round the columns of one block into their rows."""
        if self.convert is not None:
            columns = self.convert(columns)
        rows = self.array[start : start + len(columns[0])]
        targets = [rows] if rows.ndim == 1 else [rows[:, k] for k in range(len(columns))]
        for target, column in zip(targets, columns, strict=True):
            narrow(target, column)


def execute(
    tape: Tape,
    rows: int,
    sources: Sequence[Source],
    sinks: Sequence[Sink],
    *,
    uniform: Sequence[float] = (),
    block_rows: int = BLOCK_ROWS,
) -> None:
    """Run a tape over all rows.

    Parameters
    ----------
    tape : Tape
    rows : int
        Number of rows of every source and every storing sink; 0 is fine.
    sources : sequence of Source
        Together they fill the tape's inputs, in its order.
    sinks : sequence of Sink
        Together they take the tape's outputs, in its order.
    uniform : sequence of float
        Values of the tape's uniform inputs, in its order.
    block_rows : int
        Rows to a block; it changes the speed and nothing else.

    Raises
    ------
    ValueError
        If sources and sinks do not cover the tape's inputs and outputs.
    """
    _require(sum(s.width for s in sources) == len(tape.inputs), "sources", tape.inputs)
    _require(sum(s.width for s in sinks) == len(tape.outputs), "sinks", tape.outputs)
    numbers = [np.array(float(value)) for value in uniform]
    with np.errstate(all="ignore"):
        for start in range(0, rows, block_rows):
            n = min(block_rows, rows - start)
            registers = _registers(tape, max(n, 2))  # NumPy is slow on arrays of one element
            _stage(sources, start, registers.table[:, :n])
            tape.run(registers.floats, registers.bits, registers.flags, registers.bytes, numbers)
            _drain(sinks, start, [registers.floats[k][:n] for k in tape.outputs])


def _require(agrees: bool, what: str, wanted: tuple) -> None:
    if not agrees:
        raise ValueError(f"{what}: expected them to cover {wanted} column by column")


def _stage(sources: Sequence[Source], start: int, table: np.ndarray) -> None:
    first = 0
    for source in sources:
        source.stage(start, table[first : first + source.width])
        first += source.width


def _drain(sinks: Sequence[Sink], start: int, columns: list[np.ndarray]) -> None:
    first = 0
    for sink in sinks:
        sink.put(start, columns[first : first + sink.width])
        first += sink.width


@dataclass(frozen=True)
class _Registers:
    """Views of one thread's memory: the same registers seen by row, by bits and as flags."""

    table: np.ndarray
    floats: list[np.ndarray]
    bits: list[np.ndarray]
    flags: list[np.ndarray]
    bytes: list[np.ndarray]


class _Arena(threading.local):
    """Memory that a thread keeps between calls, with the last few ways of cutting it up."""

    def __init__(self) -> None:
        self.floats = np.empty(0)
        self.flags = np.empty(0, dtype=bool)
        self.views: dict[tuple, _Registers] = {}


_ARENA = _Arena()
_VIEWS_KEPT = 8


def _registers(tape: Tape, n: int) -> _Registers:
    """Return registers of ``n`` rows for a tape, constants that it wants whole filled in."""
    key = (n, tape.floats, tape.flags, tape.fills)
    if key not in _ARENA.views:
        if len(_ARENA.views) >= _VIEWS_KEPT:
            _ARENA.views.clear()
        _ARENA.views[key] = _cut(n, tape.floats + len(tape.fills), tape.flags)
    registers = _ARENA.views[key]
    for k, value in enumerate(tape.fills):
        registers.floats[tape.floats + k].fill(value)
    return registers


def _cut(n: int, floats: int, flags: int) -> _Registers:
    pitch = -(-n // 8) * 8 + _SKEW
    if _ARENA.floats.size < floats * pitch or _ARENA.flags.size < flags * pitch:
        _ARENA.floats = np.empty(max(floats * pitch, _ARENA.floats.size))
        _ARENA.flags = np.empty(max(flags * pitch, _ARENA.flags.size), dtype=bool)
        _ARENA.views.clear()
    table = _ARENA.floats[: floats * pitch].reshape(floats, pitch)[:, :n]
    truth = _ARENA.flags[: flags * pitch].reshape(flags, pitch)[:, :n]
    return _Registers(
        table, list(table), list(table.view(np.int64)), list(truth), list(truth.view(np.int8))
    )
