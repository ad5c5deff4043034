"""Calling compiled kernels on the host: dense blocks of rows, threads over blocks.

ctypes releases the interpreter's lock while a kernel runs. Rows are independent, so neither blocks
nor threads can change a bit of a result.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from refloss.run.blocks import Sink
from refloss.run.native import compiler
from refloss.run.native.unit import CONSTANTS_LEAST, Unit, unit_text

__all__ = ["HostKernel", "threads"]

BLOCK = 1 << 18  # numbers of a block whose inputs are copied or whose values go to a sink
SHARE = 1 << 14  # numbers that are worth a thread
NARROW_ROW, LANE_BYTES = 64, 64  # rows of fewer classes keep fewer partial results

Input: TypeAlias = "np.ndarray | float"
Output: TypeAlias = "np.ndarray | Sink | None"


class HostKernel:
    """One kernel, compiled for the host when it is first run.

    Parameters
    ----------
    unit : Unit
        Arrays of labels hold int64; a negative one marks a row to ignore.
    kernels, elementary : str
        The committed texts.
    """

    def __init__(self, unit: Unit, kernels: str, elementary: str) -> None:
        self.unit = unit
        self._texts = kernels, elementary

    def run(
        self,
        sizes: Sequence[int],
        inputs: Mapping[str, Input],
        outputs: Mapping[str, Output],
        constants: Mapping[str, float],
    ) -> None:
        """Run over all rows.

        Parameters
        ----------
        sizes : sequence of int
            Items, and classes where there are any.
        inputs : mapping of str to array or float
            By name, of any strides; a number for what is the same everywhere.
        outputs : mapping of str to array, Sink or None
            Dense arrays; a sink takes float64 columns; None for what nobody wants.
        constants : mapping of str to float

        Raises
        ------
        CompilerError
            If the text cannot be compiled.
        """
        items, width = sizes[0], sizes[-1] if len(sizes) > 1 else 1
        call = _Call(self._function(sizes), self.unit, sizes[1:], constants)
        step = self._step(items, width, inputs, outputs)
        for start in range(0, items, step):
            stop = min(start + step, items)
            given = [_staged(inputs[n], k, start, stop) for n, k in self._named("inputs")]
            taken = [_room(outputs[n], start, stop) for n, _ in self._named("outputs")]
            call.spread(stop - start, width, [*given, *taken])
            for (name, _), filled in zip(self._named("outputs"), taken, strict=True):
                sink = outputs[name]
                if sink is not None and not isinstance(sink, np.ndarray):
                    with np.errstate(all="ignore"):
                        sink.put(start, [filled])  # type: ignore[list-item]

    def _named(self, which: str) -> list[tuple[str, str]]:
        arrays = self.unit.inputs if which == "inputs" else self.unit.outputs
        return [(name, kind) for name, kind, _ in arrays]

    def _function(self, sizes: Sequence[int]) -> Any:
        return self._narrow if len(sizes) > 1 and sizes[1] < NARROW_ROW else self._wide

    @cached_property
    def _wide(self) -> Any:
        return self._loaded("")

    @cached_property
    def _narrow(self) -> Any:
        return self._loaded(f"#define LANES int({LANE_BYTES}/sizeof(real))")

    def _loaded(self, before: str) -> Any:
        text = unit_text(self.unit, *self._texts, loops="host", before=before)
        function = getattr(compiler.load(text), self.unit.name)
        function.restype = None
        return function

    def _step(
        self, items: int, width: int, inputs: Mapping[str, Input], outputs: Mapping[str, Output]
    ) -> int:
        """Return how many rows to take at a time: all of them if nothing must be copied."""
        kinds = dict(self._named("inputs"))
        dense = all(_dense(array) for name, array in inputs.items() if kinds[name] != "c")
        stored = all(sink is None or isinstance(sink, np.ndarray) for sink in outputs.values())
        return max(1, items) if dense and stored else max(1, BLOCK // width)


class _Call:
    """A function with what is the same in every call of it."""

    def __init__(
        self, function: Any, unit: Unit, more: Sequence[int], constants: Mapping[str, float]
    ) -> None:
        values = [float(constants[name]) for name in unit.arguments]
        self.function = function
        self.kinds = [kind for _, kind, _ in (*unit.inputs, *unit.outputs)]
        self.more = more
        self.constants = _table(max(len(values), CONSTANTS_LEAST))()
        self.constants.at[: len(values)] = values

    def spread(self, rows: int, width: int, arrays: Sequence[Any]) -> None:
        """Run over the rows of `arrays`, on as many threads as are worth it."""
        shares = max(1, min(threads(), rows * width // SHARE, rows))
        edges = [rows * k // shares for k in range(shares + 1)]
        if shares == 1:
            self(0, rows, arrays)
            return
        pairs = pairwise(edges)
        try:
            waiting = [_pool(shares).submit(self, low, high, arrays) for low, high in pairs]
        except RuntimeError:  # the interpreter shuts down, and starts no thread
            self(0, rows, arrays)
        else:
            for share in waiting:
                share.result()

    def __call__(self, low: int, high: int, arrays: Sequence[Any]) -> None:
        sizes = [ctypes.c_longlong(high - low), *map(ctypes.c_longlong, self.more)]
        given = [
            _argument(array, kind, low, self.more)
            for array, kind in zip(arrays, self.kinds, strict=True)
        ]
        self.function(*sizes, *given, self.constants)


class _Pointer(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p)]


class _Pitched(ctypes.Structure):
    """A pointer and a number: classes of a row, or the label to ignore."""

    _fields_ = [("at", ctypes.c_void_p), ("number", ctypes.c_longlong)]


class _Number(ctypes.Structure):
    _fields_ = [("value", ctypes.c_double)]


@cache
def _table(length: int) -> type[ctypes.Structure]:
    return type("_Table", (ctypes.Structure,), {"_fields_": [("at", ctypes.c_double * length)]})


def _argument(array: Any, kind: str, low: int, more: Sequence[int]) -> ctypes.Structure:
    """Return an array from row `low` on as the structure that a kernel takes."""
    if array is None:
        return _Pointer(None)
    if isinstance(array, float):
        return _Number(array)
    offset = 0 if kind == "c" else low * (array.strides[0] if array.size else 0)
    at = array.ctypes.data + offset
    if kind == "bc":
        return _Pitched(at, more[0])
    return _Pitched(at, -1) if kind == "label" else _Pointer(at)


def _dense(array: Input) -> bool:
    if not isinstance(array, np.ndarray):
        return True
    return array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative


def _staged(array: Input, kind: str, start: int, stop: int) -> Input:
    """Return rows of an input, dense; itself if it is."""
    if not isinstance(array, np.ndarray):
        return array
    rows = array if kind == "c" else array[start:stop]
    native = rows.dtype.newbyteorder("=")
    return rows if _dense(rows) else np.require(rows, native, ["C", "A"]).copy()


def _room(output: Output, start: int, stop: int) -> np.ndarray | None:
    """Return where rows of an output go."""
    if output is None:
        return None
    return output[start:stop] if isinstance(output, np.ndarray) else np.empty(stop - start)


def threads() -> int:
    """Return how many threads a kernel may use: ``$REFLOSS_THREADS``, or one a processor.

    Raises
    ------
    ValueError
        If the variable is no positive whole number.
    """
    given = os.environ.get("REFLOSS_THREADS", "")
    if not given:
        return _processors()
    if not (given.isascii() and given.isdecimal() and int(given)):
        raise ValueError(f"REFLOSS_THREADS: expected a positive whole number, got {given!r}")
    return int(given)


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, thread_name_prefix="refloss")


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
