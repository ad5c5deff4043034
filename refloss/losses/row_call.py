"""One call of a program over rows, on the CPU: running it block by block, and where results go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from refloss.losses import checks
from refloss.losses.backends import Backend
from refloss.losses.reductions import REDUCTIONS, Counts, Reduction, Total
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.blocks import Sink, Store
from refloss.run.kernels import Kernel, Library
from refloss.run.rounding import format_of, narrow, widen

__all__ = ["RowCall", "as_float64"]


@dataclass(frozen=True)
class _Kept:
    """A sink that sees 0 where a row is ignored."""

    sink: Store | Total
    kept: np.ndarray
    width: int = 1

    def put(self, start: int, columns: Sequence[np.ndarray]) -> None:
        """Take the column of a block."""
        kept = self.kept[start : start + len(columns[0])]
        self.sink.put(start, [np.where(kept, columns[0], 0.0)])


class RowCall:
    """What calls over rows have in common; a subclass says what its inputs are.

    Attributes
    ----------
    spec : Spec
    library : Library
    backend : Backend
    kept : (N,) array of bool or None
        Which rows are not ignored, None for all.
    """

    spec: Spec
    library: Library
    backend: Backend
    kept: np.ndarray | None

    @property
    def lead(self) -> Adopted:
        """The matrix that results are like."""
        raise NotImplementedError

    @property
    def names(self) -> tuple[str, ...]:
        """What can be differentiated by, that matrix first."""
        raise NotImplementedError

    @property
    def counts(self) -> Counts:
        """What the mean may divide by."""
        raise NotImplementedError

    def inputs(self) -> dict[str, Any]:
        """Return the program's inputs by name: arrays, or numbers that are the same everywhere."""
        raise NotImplementedError

    def native_inputs(self) -> dict[str, Any]:
        """Return the same as the compiled program takes them."""
        return self.inputs()

    @property
    def kernel(self) -> Kernel:
        """The program's NumPy text."""
        return self.library.kernel(self.spec.program)

    @property
    def leading(self) -> np.ndarray:
        """The array that results are like."""
        return self.lead.array

    @property
    def size(self) -> tuple[int, int]:
        """Rows, and what a row has."""
        rows, width = self.leading.shape
        return rows, width

    @property
    def reduction(self) -> Reduction:
        """What is made of the losses."""
        return REDUCTIONS[self.spec.reduction]

    @cached_property
    def divisor(self) -> float:
        """What divides the sum of the losses."""
        denominator = self.spec.axes["denominator"]
        assert isinstance(denominator, str | Real)
        return self.reduction.divisor(self.counts, denominator)

    def run(
        self,
        function: str,
        more: Mapping[str, np.ndarray | float],
        outputs: Mapping[str, np.ndarray | Total],
    ) -> None:
        """Run one function of the program.

        Parameters
        ----------
        function : {'value', 'grad', 'hvp'}
        more : mapping of str to array or float
            What it takes beside the inputs, by name.
        outputs : mapping of str to array or Total
            Those that are wanted, by name.
        """
        run = self._compiled if self.backend.compiled else self._blocked
        run(function, more, outputs)

    def _compiled(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        given = {**self.native_inputs(), **more}
        native = self.library.native(self.spec.program)
        constants, real = self.spec.constants, self.backend.real
        native.run(function, self.size, given, outputs, constants, real=real)

    def _blocked(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        entry = self.library.index["programs"][self.spec.program]
        given = {**self.inputs(), **more}
        sources = {name: array for name, array in given.items() if isinstance(array, np.ndarray)}
        fixed = tuple((name, number) for name, number in given.items() if name not in sources)
        order = [name for name, _ in entry["arrays"][function]["outputs"]]
        program = self.kernel.rows(
            function,
            entry["shapes"],
            self.spec.constants,
            outputs=tuple(order.index(name) for name in outputs),
            fixed=fixed,
            errors=format_of(self.leading.dtype) == "float64" or entry.get("exact", False),
        )
        sinks = [self._sink(output) for output in outputs.values()]
        after = None if self.kept is None else self._clear(sinks)
        program.run(*self.size, sources, sinks, after=after)

    def _sink(self, output: np.ndarray | Total) -> np.ndarray | Sink:
        """Return a sink for a column, or a matrix as it is."""
        if isinstance(output, np.ndarray) and output.ndim > 1:
            return output
        sink = output if isinstance(output, Total) else Store(output)
        return sink if self.kept is None else _Kept(sink, self.kept)

    def _clear(self, sinks: Sequence[Any]) -> Callable[[int, int], None]:
        """Return a function that sets the derivatives of a block's ignored rows to 0."""
        assert self.kept is not None
        ignored = ~self.kept

        def clear(start: int, stop: int) -> None:
            for sink in sinks:
                if isinstance(sink, np.ndarray):
                    sink[start:stop][ignored[start:stop]] = 0

        return clear

    def some(self, rows: np.ndarray) -> tuple[Any, np.ndarray | None]:
        """Return a call whose derivatives by some rows are wanted, and which results those are.

        Parameters
        ----------
        rows : (N,) bool array
        """
        return self, rows

    def value_room(self) -> np.ndarray | Total:
        """Return where the loss goes: one number a row, or their sum."""
        return self._empty(self.size[0]) if self.reduction.per_item else Total()

    def finish(self, value: np.ndarray | Total) -> Any:
        """Return what has been collected of a value, in the caller's library."""
        if isinstance(value, np.ndarray):
            return self.lead.give_back(value)
        empty = str(self.spec.axes["empty"])
        return self.finished(self.reduction.divide(value.result(), self.divisor, empty))

    def finished(self, number: float) -> Any:
        """Return one number in the caller's format and library."""
        return self.back(self._rounded(number))

    def back(self, array: np.ndarray) -> Any:
        """Return an array in the caller's library."""
        return self.lead.give_back(array)

    @staticmethod
    def flat(array: np.ndarray) -> np.ndarray:
        """Return an array that is like the leading one as the program takes it."""
        return array

    def cleared(self, array: np.ndarray) -> np.ndarray:
        """Return derivatives, those of ignored rows 0."""
        return array if self.kept is None else np.where(self.kept[:, None], array, 0.0)

    def gradients(
        self, upstream: Any, wrt: Any, value: Mapping[str, np.ndarray | Total]
    ) -> dict[str, Any]:
        """Return the gradient by every name in `wrt`; `value` takes the loss along."""
        names = checks.wanted_gradients(wrt, self.names)
        found = {name: self._empty(*self.size) for name in names}
        outputs = {**value, **{f"{name}_bar": array for name, array in found.items()}}
        self.run("grad", {"loss_bar": self.spread(self._weight(upstream))}, outputs)
        return {name: self.lead.give_back(array) for name, array in found.items()}

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        """Return the Hessian-vector product by every name in `wrt`."""
        names = checks.wanted_gradients(wrt, self.names)
        dots = checks.direction(direction, self.leading, self.names)
        more = {"loss_bar": self.spread(self._weight(upstream))}
        more |= {f"{name}_dot": array for name, array in dots.items()}
        found = {name: self._empty(*self.size) for name in names}
        self.run("hvp", more, {f"{name}_bar_dot": array for name, array in found.items()})
        return {name: self.lead.give_back(array) for name, array in found.items()}

    def traced(self, inputs: Mapping[str, np.ndarray], upstream: Any) -> dict[str, Any]:
        """Return every named quantity of the plain program and its adjoint, in float64."""
        named = {name: as_float64(array) for name, array in inputs.items()}
        bars = np.broadcast_to(np.asarray(self._weight(upstream)), self.size[:1])
        bars = np.where(True if self.kept is None else self.kept, as_float64(bars), 0.0)
        return named | self.kernel.trace_rows({**named, "loss_bar": bars}, self.spec.constants)

    def _weight(self, upstream: Any) -> float | np.ndarray:
        """Return the upstream gradient of every item: one number, or one each."""
        given = checks.upstream(upstream, self.leading, self.reduction.per_item, self.names[0])
        if isinstance(given, np.ndarray):
            return given
        return self.reduction.divide(given, self.divisor, str(self.spec.axes["empty"]))

    def spread(self, weight: float | np.ndarray) -> float | np.ndarray:
        """Return the upstream gradient as the program takes it: 1, or one number an item."""
        if isinstance(weight, np.ndarray) or weight == 1.0 or self.backend.compiled:
            return weight
        return np.broadcast_to(np.array(weight), self.size[:1])

    def _empty(self, *shape: int) -> np.ndarray:
        return np.empty(shape, self.leading.dtype.newbyteorder("="))

    def _rounded(self, number: float) -> np.ndarray:
        out = self._empty()
        with np.errstate(all="ignore"):
            narrow(out, np.array(number))
        return out


def as_float64(array: np.ndarray) -> np.ndarray:
    """Return a copy: numbers in float64, and labels of their own type."""
    if array.dtype.kind in "iu":
        return array.copy()
    out = np.empty(array.shape)
    with np.errstate(all="ignore"):
        widen(out, array)
    return out
