"""One call of a loss of rows: logits, a target, and weights of classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from refloss.losses.backends import Backend
from refloss.losses.reductions import Counts, Total
from refloss.losses.row_call import RowCall, as_float64
from refloss.losses.row_checks import first_of
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.kernels import Library
from refloss.run.rounding import widen

__all__ = ["RowProblem"]


@dataclass(frozen=True)
class RowProblem(RowCall):
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
    def lead(self) -> Adopted:
        """The logits."""
        return self.logits

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

    def inputs(self) -> dict[str, Any]:
        """Return logits, target and class weights."""
        weight = 1.0 if self.weight is None else self.weight
        return {self.first: self.logits.array, "target": self.target, "class_weight": weight}

    def native_inputs(self) -> dict[str, Any]:
        """Return the same, classes as int64, negative where they are ignored."""
        if not self.labelled:
            return self.inputs()
        target = np.asarray(self.target, np.int64)
        target = target if self.kept is None else np.where(self.kept, target, -1)
        return {**self.inputs(), "target": target}

    def trace(self, upstream: Any) -> dict[str, Any]:
        """Return every named quantity of the plain program and its adjoint."""
        weight = np.ones(self.size[1]) if self.weight is None else self.weight
        named = self.traced({**self.inputs(), "class_weight": weight}, upstream)
        named["target"] = as_float64(self.given)
        return {name: self.logits.give_back(np.asarray(array)) for name, array in named.items()}
