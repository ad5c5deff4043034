"""One call of a head: what there is to run, how much of it at a time, and where results go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from refloss.losses import checks, head_checks
from refloss.losses.head_checks import Given
from refloss.losses.reductions import REDUCTIONS, Counts, Reduction, Total
from refloss.losses.spec import Spec
from refloss.run.class_blocks import ClassBlocks, Shards, blocks_for
from refloss.run.kernels import Kernel, Library
from refloss.run.rounding import format_of, narrow, widen

__all__ = ["HeadProblem"]


@dataclass(frozen=True)
class HeadProblem:
    """One call with its arguments checked.

    `labels` are what can be read at: class 0 where the given one is ignored; `kept` says which are
    not, None for all. `more` are inputs beside those of every head, by name.
    """

    spec: Spec
    library: Library
    given: Given
    labels: np.ndarray
    kept: np.ndarray | None
    scale: float
    more: Mapping[str, np.ndarray]
    memory: int
    shards: Shards | None = None

    @property
    def kernel(self) -> Kernel:
        """The program's text."""
        return self.library.head(self.spec.program)

    @property
    def reduction(self) -> Reduction:
        """What is made of the losses."""
        return REDUCTIONS[self.spec.reduction]

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that the program reads but upstream gradient and direction, by name."""
        fixed = {"x": self._rows, "weight": self.given.classes}
        return {**fixed, "target": self.labels, "scale": self.scale, **self.more}

    @property
    def differentiable(self) -> tuple[str, ...]:
        """What can be differentiated by, in the order of the program's results."""
        outputs = self.library.index["programs"][self.spec.program]["arrays"]["grad"]["outputs"]
        return tuple(name.removesuffix("_bar") for name, _ in outputs[1:])

    @cached_property
    def divisor(self) -> float:
        """What divides the sum of the losses."""
        rows = len(self.labels)
        kept = rows if self.kept is None else int(self.kept.sum())
        denominator = self.spec.axes["denominator"]
        assert isinstance(denominator, str | Real)
        counts = Counts(rows, kept, float(kept))
        return self.reduction.divisor(counts, denominator)

    @cached_property
    def _rows(self) -> np.ndarray:
        """Embeddings, zeros in the rows that are ignored: what they hold is inert."""
        x = self.given.x.array
        return x if self.kept is None else np.where(self.kept[:, None], x, np.zeros((), x.dtype))

    def value(self) -> Any:
        """Return the loss."""
        return self._loss(self._call("value", {}, ("loss",))["loss"])

    def gradients(self, upstream: Any, wrt: Any, *, value: bool = False) -> Any:
        """Return the gradient by every name in `wrt`; with `value` the loss before it."""
        names = checks.wanted_gradients(wrt, self.differentiable)
        wanted = (*(f"{name}_bar" for name in names), *(("loss",) if value else ()))
        found = self._call("grad", {"loss_bar": self._bars(upstream)}, wanted)
        gradients = {name: self._like_input(name, found[f"{name}_bar"]) for name in names}
        return (self._loss(found["loss"]), gradients) if value else gradients

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        """Return the Hessian-vector product by every name in `wrt`."""
        names = checks.wanted_gradients(wrt, self.differentiable)
        like = {name: self.inputs[name] for name in self.differentiable}
        like["weight"] = self.given.weight.array
        dots = head_checks.direction(direction, like)
        dots["weight"] = dots["weight"].reshape(self.given.classes.shape)
        if self.kept is not None:
            dots["x"] = np.where(self.kept[:, None], dots["x"], np.zeros((), dots["x"].dtype))
        given = {"loss_bar": self._bars(upstream), **{f"{n}_dot": a for n, a in dots.items()}}
        found = self._call("hvp", given, tuple(f"{name}_bar_dot" for name in names))
        return {name: self._like_input(name, found[f"{name}_bar_dot"]) for name in names}

    def trace(self, upstream: Any) -> dict[str, Any]:
        """Return every named quantity of the plain program and its adjoint."""
        named = {name: _float64(array) for name, array in self.inputs.items()}
        named["loss_bar"] = self._bars(upstream)
        found = {**named, **self.kernel.trace_rows(named, self.spec.constants)}
        return {name: self.given.x.give_back(np.asarray(array)) for name, array in found.items()}

    def blocks(self, function: str) -> ClassBlocks:
        """Return how many classes come at a time, within the budget of memory."""
        (rows, parts), classes = self.given.x.array.shape, len(self.given.classes)
        wide = format_of(self.given.x.array.dtype) == "float64"
        real = np.float64 if wide else np.float32
        centers = max(self.given.centers, 1)
        return blocks_for(function, real, rows, classes, parts, self.memory, self.shards, centers)

    def _call(
        self, function: str, more: Mapping[str, Any], wanted: tuple[str, ...]
    ) -> dict[str, Any]:
        """Return the wanted results by name."""
        arguments = {**self.inputs, **more, **self.spec.constants}
        run = self.kernel.some(function, frozenset(wanted))
        with np.errstate(all="ignore"):
            return run(self.blocks(function), **arguments)

    def _bars(self, upstream: Any) -> np.ndarray:
        """Return the upstream gradient of every row, 0 where it is ignored."""
        rows = self.given.x.array
        given = checks.upstream(upstream, rows, self.reduction.per_item, "x")
        if not isinstance(given, np.ndarray):
            empty = str(self.spec.axes["empty"])
            given = np.full(len(rows), self.reduction.divide(given, self.divisor, empty))
        bars = _float64(given)
        return bars if self.kept is None else np.where(self.kept, bars, 0.0)

    def _loss(self, rows: np.ndarray) -> Any:
        losses = rows if self.kept is None else np.where(self.kept, rows, 0.0)
        if self.reduction.per_item:
            return self._rounded(losses)
        total = Total()
        if len(losses):
            total.put(0, [losses])
        empty = str(self.spec.axes["empty"])
        return self._rounded(np.array(self.reduction.divide(total.result(), self.divisor, empty)))

    def _like_input(self, name: str, array: Any) -> Any:
        """Return a derivative in the format, shape and library of what it is by."""
        if name == "weight":
            array = array.reshape(self.given.weight.array.shape)
        if name != "x" or self.kept is None:
            return self._rounded(np.asarray(array))
        return self._rounded(np.where(self.kept[:, None], array, 0.0))

    def _rounded(self, array: np.ndarray) -> Any:
        held = self.given.x.array.dtype.newbyteorder("=")
        if array.dtype != held:
            out = np.empty(array.shape, held)
            with np.errstate(all="ignore"):
                narrow(out, np.asarray(array, np.float64))
            array = out
        return self.given.x.give_back(array)


def _float64(array: Any) -> Any:
    """Return a copy: numbers in float64, and labels as they are."""
    if not isinstance(array, np.ndarray) or array.dtype.kind in "iu":
        return array
    out = np.empty(array.shape)
    with np.errstate(all="ignore"):
        widen(out, array)
    return out
