"""One call of a loss of rows: what there is to run, on the CPU, and where results go."""

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
from refloss.losses.row_checks import first_of
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.blocks import Sink, Store
from refloss.run.kernels import Kernel, Library
from refloss.run.rounding import format_of, narrow, widen

__all__ = ["RowProblem"]


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


@dataclass(frozen=True)
class RowProblem:
    """One call with its arguments checked: what there is to run and where results go.

    `target` is what can be read at: class 0 where the `given` one is ignored.
    """

    spec: Spec
    library: Library
    logits: Adopted
    given: np.ndarray
    target: np.ndarray
    weight: np.ndarray | None
    kept: np.ndarray | None
    backend: Backend

    @property
    def kernel(self) -> Kernel:
        """The program's NumPy text."""
        return self.library.kernel(self.spec.program)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and classes."""
        rows, classes = self.logits.array.shape
        return rows, classes

    @property
    def reduction(self) -> Reduction:
        """What is made of the losses."""
        return REDUCTIONS[self.spec.reduction]

    @property
    def leading(self) -> np.ndarray:
        """The array that results are like."""
        return self.logits.array

    @property
    def names(self) -> tuple[str, ...]:
        """What can be differentiated by."""
        return (self.first,) if self.labelled else (self.first, "target")

    @property
    def first(self) -> str:
        """What the logits are called."""
        return first_of(self.library.index["losses"][self.spec.loss])

    @property
    def labelled(self) -> bool:
        """Whether the target is a class."""
        return self.spec.axes["targets"] == "index"

    @cached_property
    def divisor(self) -> float:
        """What divides the sum of the losses."""
        denominator = self.spec.axes["denominator"]
        assert isinstance(denominator, str | Real)
        return self.reduction.divisor(self.counts, denominator)

    @cached_property
    def counts(self) -> Counts:
        """What the mean may divide by."""
        items, classes = self.size
        kept = items if self.kept is None else int(self.kept.sum())
        if self.weight is None or not self.labelled:
            return Counts(items, kept, float(kept), classes=classes)
        weights = np.empty(self.weight.shape)
        widen(weights, self.weight)
        total = Total()
        if kept:
            total.put(0, [weights[self.target if self.kept is None else self.target[self.kept]]])
        return Counts(items, kept, total.result(), classes=classes)

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
            Inputs beside logits, target and class weight, by name.
        outputs : mapping of str to array or Total
            Those that are wanted, by name.
        """
        run = self._compiled if self.backend.compiled else self._blocked
        run(function, more, outputs)

    def _compiled(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        target = self.target
        if self.labelled:
            target = np.asarray(target, np.int64)
            target = target if self.kept is None else np.where(self.kept, target, -1)
        weight = 1.0 if self.weight is None else self.weight
        given = {self.first: self.logits.array, "target": target, "class_weight": weight, **more}
        native = self.library.native(self.spec.program)
        constants, real = self.spec.constants, self.backend.real
        native.run(function, self.size, given, outputs, constants, real=real)

    def _blocked(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        entry = self.library.index["programs"][self.spec.program]
        given = {"class_weight": 1.0 if self.weight is None else self.weight, **more}
        sources = {self.first: self.logits.array, "target": self.target}
        sources |= {name: array for name, array in given.items() if isinstance(array, np.ndarray)}
        fixed = tuple((name, number) for name, number in given.items() if name not in sources)
        order = [name for name, _ in entry["arrays"][function]["outputs"]]
        program = self.kernel.rows(
            function,
            entry["shapes"],
            self.spec.constants,
            outputs=tuple(order.index(name) for name in outputs),
            fixed=fixed,
            errors=format_of(self.logits.array.dtype) == "float64" or entry.get("exact", False),
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

    def value_room(self) -> np.ndarray | Total:
        """Return where the loss goes: one number a row, or their sum."""
        return self._empty(self.size[0]) if self.reduction.per_item else Total()

    def finish(self, value: np.ndarray | Total) -> Any:
        """Return what has been collected of a value, in the caller's library."""
        if isinstance(value, np.ndarray):
            return self.logits.give_back(value)
        empty = str(self.spec.axes["empty"])
        return self.finished(self.reduction.divide(value.result(), self.divisor, empty))

    def finished(self, number: float) -> Any:
        """Return one number in the caller's format and library."""
        return self.back(self._rounded(number))

    def back(self, array: np.ndarray) -> Any:
        """Return an array in the caller's library."""
        return self.logits.give_back(array)

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
        return {name: self.logits.give_back(array) for name, array in found.items()}

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        """Return the Hessian-vector product by every name in `wrt`."""
        names = checks.wanted_gradients(wrt, self.names)
        dots = checks.direction(direction, self.logits.array, self.names)
        more = {"loss_bar": self.spread(self._weight(upstream))}
        more |= {f"{name}_dot": array for name, array in dots.items()}
        found = {name: self._empty(*self.size) for name in names}
        self.run("hvp", more, {f"{name}_bar_dot": array for name, array in found.items()})
        return {name: self.logits.give_back(array) for name, array in found.items()}

    def trace(self, upstream: Any) -> dict[str, Any]:
        """Return every named quantity of the plain program and its adjoint."""
        weight = np.ones(self.size[1]) if self.weight is None else self.weight
        given = {self.first: self.logits.array, "target": self.target, "class_weight": weight}
        named = {name: _float64(array) for name, array in given.items()}
        bars = np.broadcast_to(np.asarray(self._weight(upstream)), self.size[:1])
        bars = np.where(True if self.kept is None else self.kept, _float64(bars), 0.0)
        named |= self.kernel.trace_rows({**named, "loss_bar": bars}, self.spec.constants)
        named["target"] = _float64(self.given)
        return {name: self.logits.give_back(np.asarray(array)) for name, array in named.items()}

    def _weight(self, upstream: Any) -> float | np.ndarray:
        """Return the upstream gradient of every item: one number, or one each."""
        given = checks.upstream(upstream, self.logits.array, self.reduction.per_item, self.first)
        if isinstance(given, np.ndarray):
            return given
        return self.reduction.divide(given, self.divisor, str(self.spec.axes["empty"]))

    def spread(self, weight: float | np.ndarray) -> float | np.ndarray:
        """Return the upstream gradient as the program takes it: 1, or one number an item."""
        if isinstance(weight, np.ndarray) or weight == 1.0 or self.backend.compiled:
            return weight
        return np.broadcast_to(np.array(weight), self.size[:1])

    def _empty(self, *shape: int) -> np.ndarray:
        return np.empty(shape, self.logits.array.dtype.newbyteorder("="))

    def _rounded(self, number: float) -> np.ndarray:
        out = self._empty()
        with np.errstate(all="ignore"):
            narrow(out, np.array(number))
        return out


def _float64(array: np.ndarray) -> np.ndarray:
    """Return a copy: numbers in float64, and labels of their own type."""
    if array.dtype.kind in "iu":
        return array.copy()
    out = np.empty(array.shape)
    with np.errstate(all="ignore"):
        widen(out, array)
    return out
