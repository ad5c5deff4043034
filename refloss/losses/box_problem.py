"""One call of a loss of boxes: what there is to run, on the CPU, and where results go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from refloss.losses import checks
from refloss.losses.backends import Backend
from refloss.losses.layouts import LAYOUTS, Layout
from refloss.losses.reductions import REDUCTIONS, Counts, Reduction, Total
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.blocks import BLOCK_ROWS, Sink, Source, Store, execute
from refloss.run.kernels import Kernel, Library
from refloss.run.rounding import format_of, narrow, widen

__all__ = ["BOXES", "BoxProblem", "kinds_of"]

BOXES = ("pred", "target")

_WIDE = {("float64", "float64"), ("float32", "float32"), ("bfloat16", "float32")}
"""Formats that hold numbers whose products leave what is computed with."""


@dataclass(frozen=True)
class BoxProblem:
    """One call with its arguments checked: what there is to run and where results go."""

    spec: Spec
    library: Library
    pred: Adopted
    target: Adopted
    check_order: bool
    refuse_nan: bool
    backend: Backend

    @property
    def items(self) -> int:
        """How many pairs of boxes."""
        return len(self.pred.array)

    @property
    def kernel(self) -> Kernel:
        """The program's NumPy text."""
        return self.library.kernel(self.spec.program)

    @property
    def layout(self) -> Layout:
        """How the boxes are written."""
        return LAYOUTS[self.spec.layout]

    @property
    def reduction(self) -> Reduction:
        """What is made of the losses."""
        return REDUCTIONS[self.spec.reduction]

    @cached_property
    def boxes(self) -> list[Source]:
        """Both boxes, checked and turned into corners as they are staged."""
        return [
            Source(box.array, self._prepare(name))
            for name, box in zip(BOXES, (self.pred, self.target), strict=True)
        ]

    def _prepare(self, name: str) -> Callable[[int, np.ndarray], None]:
        check = self._check_of(name)

        def prepare(start: int, block: np.ndarray) -> None:
            check(start, block)
            self.layout.to_corners(block)

        return prepare

    def _check_of(self, name: str) -> checks.BoxValues:
        held, real = format_of(self.pred.array.dtype), self.backend.real
        ranged = checks.RANGES[real] if (held, real) in _WIDE else None
        return checks.BoxValues(name, self.layout, self.check_order, self.refuse_nan, ranged)

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
            Inputs beside the boxes, by name.
        outputs : mapping of str to array or Total
            Those that are wanted, by name.
        """
        run = self._compiled if self.backend.compiled else self._blocked
        run(function, more, outputs)

    def _compiled(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        given = {"pred": self.pred.array, "target": self.target.array, **more}
        if self.check_order or self.refuse_nan:
            for name in BOXES:
                self._require(name, given[name])
        native = self.library.native(self.spec.program)
        kinds = kinds_of(self.spec.layout)
        native.run(
            function,
            (self.items,),
            given,
            outputs,
            self.spec.constants,
            real=self.backend.real,
            kinds=kinds,
        )

    def _require(self, name: str, boxes: np.ndarray) -> None:
        """Check the numbers of boxes: quickly, and again where something is unusual."""
        from refloss.run.native.guard import sound  # costs time that NumPy's path spares

        if self.spec.layout == "xyxy" and sound(boxes, *checks.RANGES[self.backend.real]):
            return
        self._look(name, boxes)

    def look(self) -> None:
        """Check the numbers of both boxes."""
        for name, adopted in zip(BOXES, (self.pred, self.target), strict=True):
            self._look(name, adopted.array)

    def _look(self, name: str, boxes: np.ndarray) -> None:
        check = self._check_of(name)
        for start in range(0, len(boxes), BLOCK_ROWS):
            rows = boxes[start : start + BLOCK_ROWS]
            block = np.empty((4, len(rows)))
            with np.errstate(all="ignore"):
                widen(block, rows.T)
                check(start, block)

    def _blocked(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        sources = [Source(a, self._turn_of(name)) for name, a in more.items() if _many(a)]
        choices, options = _uniform(more.get("loss_bar"))
        positions, first = {}, 0
        for name, columns in self._arrays(function):
            positions[name] = tuple(range(first, first + columns))
            first += columns
        wanted = tuple(k for name in outputs for k in positions[name])
        errors = format_of(self.pred.array.dtype) == "float64"
        tape = self.kernel.tape(
            function, self.spec.constants, outputs=wanted, errors=errors, **choices
        )
        sinks = [self._sink(output) for output in outputs.values()]
        execute(tape, self.items, [*self.boxes, *sources], sinks, **options)

    def _arrays(self, function: str) -> list[tuple[str, int]]:
        """Return the outputs of a function and how many columns each has."""
        arrays = self.library.index["programs"][self.spec.program]["arrays"]
        return [(name, int(columns)) for name, columns in arrays[function]["outputs"]]

    def _sink(self, output: np.ndarray | Total) -> Sink:
        if isinstance(output, Total):
            return output
        return Store(output, self.layout.adjoint if output.ndim > 1 else None)

    def _turn_of(self, name: str) -> Callable[[int, np.ndarray], None] | None:
        return self._turn if name.endswith("_dot") else None

    def value_room(self) -> np.ndarray | Total:
        """Return where the loss goes: one number an item, or their sum."""
        return self._empty(self.items) if self.reduction.per_item else Total()

    def finish(self, value: np.ndarray | Total) -> Any:
        """Return what has been collected of a value, in the caller's library."""
        if isinstance(value, np.ndarray):
            return self.pred.give_back(value)
        return self.pred.give_back(self._rounded(self._divided(value.result())))

    def gradients(
        self, upstream: Any, wrt: Any, value: Mapping[str, np.ndarray | Total]
    ) -> dict[str, Any]:
        """Return the gradient by every name in `wrt`; `value` takes the loss along."""
        names = checks.wanted_gradients(wrt)
        weight = self._weight(upstream)
        found = {name: self._empty(self.items, 4) for name in names}
        outputs = {**value, **{f"{name}_bar": array for name, array in found.items()}}
        self.run("grad", {"loss_bar": weight}, outputs)
        return {name: self.pred.give_back(array) for name, array in found.items()}

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        """Return the Hessian-vector product by every name in `wrt`."""
        names = checks.wanted_gradients(wrt)
        dots = checks.direction(direction, self.pred.array)
        more = {"loss_bar": self._weight(upstream)}
        more |= {f"{name}_dot": dots[name] for name in BOXES}
        found = {name: self._empty(self.items, 4) for name in names}
        self.run("hvp", more, {f"{name}_bar_dot": array for name, array in found.items()})
        return {name: self.pred.give_back(array) for name, array in found.items()}

    def trace(self, upstream: Any) -> dict[str, Any]:
        """Return every named quantity of the plain program and its adjoint."""
        columns, weights = np.empty((8, self.items)), np.empty(self.items)
        weight = np.asarray(self._weight(upstream))
        with np.errstate(all="ignore"):
            for source, block in zip(self.boxes, (columns[:4], columns[4:]), strict=True):
                source.stage(0, block)
            widen(weights, np.broadcast_to(weight, self.items))
        named = dict(zip(_CORNERS, columns, strict=True))
        named |= self.kernel.trace(*columns, weights, **self.spec.constants)
        return {name: self.pred.give_back(array) for name, array in named.items()}

    def _turn(self, start: int, block: np.ndarray) -> None:
        self.layout.to_corners(block)

    def _weight(self, upstream: Any) -> float | np.ndarray:
        """Return the upstream gradient of every item: one number, or one each."""
        given = checks.upstream(upstream, self.pred.array, self.reduction.per_item)
        return given if isinstance(given, np.ndarray) else self._divided(given)

    def _divided(self, number: float) -> float:
        """Return a sum of losses, or the gradient by their reduction, over the denominator."""
        return self.reduction.divide(number, self.reduction.divisor(Counts.of(self.items)))

    def _empty(self, *shape: int) -> np.ndarray:
        return np.empty(shape, self.pred.array.dtype.newbyteorder("="))

    def _rounded(self, number: float) -> np.ndarray:
        out = self._empty()
        with np.errstate(all="ignore"):
            narrow(out, np.array(number))
        return out


_CORNERS = ("px1", "py1", "px2", "py2", "tx1", "ty1", "tx2", "ty2")


_QUADS = tuple(f"{name}{part}" for name in BOXES for part in ("", "_dot", "_bar", "_bar_dot"))


def kinds_of(layout: str) -> dict[str, str]:
    """Return what arrays of boxes hold where it is not corners."""
    return {} if layout == "xyxy" else dict.fromkeys(_QUADS, layout)


def _uniform(weight: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return one upstream gradient for all items as choices of the tape and of its run."""
    if weight is None or _many(weight):
        return {}, {}
    if weight == 1.0:
        return {"fixed": (("loss_bar", 1.0),)}, {}
    return {"uniform": ("loss_bar",)}, {"uniform": (weight,)}


def _many(array: object) -> bool:
    """Return whether there is one number an item, not one for all."""
    return isinstance(array, np.ndarray)
