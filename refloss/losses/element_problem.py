"""One call of a loss of single numbers: what there is to run, on the CPU, and where results go."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from refloss.losses import checks
from refloss.losses.backends import Backend
from refloss.losses.reductions import ELEMENT_REDUCTIONS, Counts, Reduction, RowTotals, Total
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.blocks import Sink, Source, Store, execute
from refloss.run.kernels import Library
from refloss.run.rounding import format_of, narrow

__all__ = ["ElementProblem"]

Room = np.ndarray | RowTotals | Total


@dataclass(frozen=True)
class ElementProblem:
    """One call with its arguments checked: what there is to run and where results go.

    Attributes
    ----------
    spec : Spec
    library : Library
    given : mapping of str to Adopted
        Arrays of one shape that can be differentiated by, the leading one first.
    beside : mapping of str to array or float
        The program's other inputs: flat arrays, or one number for all elements.
    backend : Backend
    """

    spec: Spec
    library: Library
    given: Mapping[str, Adopted]
    beside: Mapping[str, np.ndarray | float]
    backend: Backend

    @property
    def names(self) -> tuple[str, ...]:
        """What can be differentiated by."""
        return tuple(self.given)

    @property
    def leading(self) -> np.ndarray:
        """The array that results are like."""
        return self.given[self.names[0]].array

    @property
    def reduction(self) -> Reduction:
        """What is made of the losses."""
        return ELEMENT_REDUCTIONS[self.spec.reduction]

    @cached_property
    def counts(self) -> Counts:
        """What the mean may divide by."""
        target = self.given.get("target")
        weight = self.beside.get("weight", 1.0)
        return counts_of(self.leading, None if target is None else target.array, weight)

    @cached_property
    def divisor(self) -> float:
        """What divides the sum of the losses."""
        if not self.reduction.averaged:
            return 1.0  # nothing need be counted
        denominator = self.spec.axes.get("denominator", "items")
        assert isinstance(denominator, str | Real)
        return self.reduction.divisor(self.counts, denominator)

    def run(
        self,
        function: str,
        more: Mapping[str, np.ndarray | float],
        outputs: Mapping[str, Room],
    ) -> None:
        """Run one function of the program.

        Parameters
        ----------
        function : {'value', 'grad', 'hvp'}
        more : mapping of str to array or float
            Inputs beside those of the call, by name; flat.
        outputs : mapping of str to array or Total
            Those that are wanted, by name.
        """
        flat = {name: adopted.array.reshape(-1) for name, adopted in self.given.items()}
        inputs = {**flat, **self.beside, **more}
        written = {n: o.reshape(-1) if isinstance(o, np.ndarray) else o for n, o in outputs.items()}
        run = self._compiled if self.backend.compiled else self._blocked
        run(function, inputs, written)

    def _compiled(
        self, function: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
    ) -> None:
        native = self.library.native(self.spec.program)
        size, real = (self.leading.size,), self.backend.real
        native.run(function, size, inputs, outputs, self.spec.constants, real=real)

    def _blocked(
        self, function: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
    ) -> None:
        arrays = self.library.index["programs"][self.spec.program]["arrays"][function]
        order = [name for name, _ in arrays["outputs"]]
        known = [name for name, _ in arrays["inputs"]]
        tape = self.library.kernel(self.spec.program).tape(
            function,
            self.spec.constants,
            outputs=tuple(order.index(name) for name in outputs),
            fixed=tuple((n, inputs[n]) for n in known if _folded(inputs[n])),
            uniform=tuple(n for n in known if _free(inputs[n])),
            errors=format_of(self.leading.dtype) == "float64",
        )
        sources = [Source(inputs[n]) for n in known if isinstance(inputs[n], np.ndarray)]
        uniform = [inputs[n] for n in known if _free(inputs[n])]
        sinks = [self._sink(output) for output in outputs.values()]
        execute(tape, self.leading.size, sources, sinks, uniform=uniform)

    @staticmethod
    def _sink(output: Room) -> Sink:
        return Store(output) if isinstance(output, np.ndarray) else output

    def value_room(self) -> Room:
        """Return where the loss goes: one number an element, or sums of them."""
        if self.reduction.per_item:
            return self._empty(self.leading.shape)
        return RowTotals.of(self.leading.shape) if self.reduction.per_row else Total()

    def finish(self, value: Room) -> Any:
        """Return what has been collected of a value, in the caller's library."""
        give_back = self.given[self.names[0]].give_back
        if isinstance(value, np.ndarray):
            return give_back(value)
        if isinstance(value, RowTotals):
            return give_back(self._rounded(value.sums.reshape(self.leading.shape[:1])))
        return self.finished(self._divided(value.result()))

    def finished(self, number: float) -> Any:
        """Return one number in the caller's format and library."""
        return self.back(self._rounded(np.array(number)))

    def back(self, array: np.ndarray) -> Any:
        """Return an array in the caller's library."""
        return self.given[self.names[0]].give_back(array)

    @staticmethod
    def flat(array: np.ndarray) -> np.ndarray:
        """Return an array that is like the leading one as the program takes it."""
        return array.reshape(-1)

    @staticmethod
    def spread(weight: float) -> float:
        """Return one upstream gradient for all elements as the program takes it."""
        return weight

    @staticmethod
    def cleared(array: np.ndarray) -> np.ndarray:
        """Return derivatives of elements, none of which is ignored."""
        return array

    def gradients(self, upstream: Any, wrt: Any, value: Mapping[str, Room]) -> dict[str, Any]:
        """Return the gradient by every name in `wrt`; `value` takes the loss along."""
        names = checks.wanted_gradients(wrt, self.names)
        found = {name: self._empty(self.leading.shape) for name in names}
        outputs = {**value, **{f"{name}_bar": array for name, array in found.items()}}
        self.run("grad", {"loss_bar": self._weight(upstream)}, outputs)
        return self._given_back(found)

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        """Return the Hessian-vector product by every name in `wrt`."""
        names = checks.wanted_gradients(wrt, self.names)
        dots = checks.direction(direction, self.leading, self.names)
        more: dict[str, Any] = {"loss_bar": self._weight(upstream)}
        more |= {f"{name}_dot": dot.reshape(-1) for name, dot in dots.items()}
        found = {name: self._empty(self.leading.shape) for name in names}
        self.run("hvp", more, {f"{name}_bar_dot": array for name, array in found.items()})
        return self._given_back(found)

    def trace(self, upstream: Any) -> dict[str, Any]:
        """Return every named quantity of the plain program and its adjoint."""
        weight = self._weight(upstream)
        numbers = {name: adopted.array for name, adopted in self.given.items()}
        columns = [
            np.broadcast_to(np.asarray(array, np.float64).reshape(-1), self.leading.size)
            for array in [*numbers.values(), *self.beside.values(), weight]
        ]
        named = dict(zip([*numbers, *self.beside], columns, strict=False))
        kernel = self.library.kernel(self.spec.program)
        named |= kernel.trace(*columns, **self.spec.constants)
        shaped = {n: np.array(array).reshape(self.leading.shape) for n, array in named.items()}
        return self._given_back(shaped)

    def _given_back(self, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
        give_back = self.given[self.names[0]].give_back
        return {name: give_back(array) for name, array in arrays.items()}

    def _weight(self, upstream: Any) -> float | np.ndarray:
        """Return the upstream gradient of every element: one number, or one each."""
        shape, per_row = self.leading.shape, self.reduction.per_row
        found = checks.upstream(
            upstream,
            self.leading,
            self.reduction.per_item or per_row,
            self.names[0],
            shape=shape[:1] if per_row else shape,
        )
        if not isinstance(found, np.ndarray):
            return self._divided(found)
        return np.repeat(found, math.prod(shape[1:])) if per_row else found.reshape(-1)

    def _divided(self, number: float) -> float:
        """Return a sum of losses, or the gradient by their reduction, over the denominator."""
        return self.reduction.divide(number, self.divisor, str(self.spec.axes.get("empty", "nan")))

    def _empty(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.empty(shape, self.leading.dtype.newbyteorder("="))

    def _rounded(self, numbers: np.ndarray) -> np.ndarray:
        out = self._empty(numbers.shape)
        with np.errstate(all="ignore"):
            narrow(out, numbers)
        return out


def _folded(value: Any) -> bool:
    """Whether an input is 1 for all elements: products with it fold away."""
    return isinstance(value, float) and value == 1.0


def _free(value: Any) -> bool:
    """Whether an input is one number for all elements that stays an input."""
    return isinstance(value, float) and value != 1.0


def counts_of(array: np.ndarray, target: np.ndarray | None, weight: np.ndarray | float) -> Counts:
    """Return what the mean of a loss of an array may divide by.

    Parameters
    ----------
    array : array of any shape
    target : array of that shape, optional
        Elements above 0 in it are positives.
    weight : flat array, or one number for all
    """
    rows = array.shape[0] if array.ndim else 1
    weights = weight * array.size
    if isinstance(weight, np.ndarray):
        total = Total()
        if weight.size:
            total.put(0, [np.asarray(weight, np.float64)])
        weights = total.result()
    with np.errstate(invalid="ignore"):
        positives = 0 if target is None else int(np.count_nonzero(target > 0))
    return Counts(array.size, array.size, float(weights), rows, positives)
