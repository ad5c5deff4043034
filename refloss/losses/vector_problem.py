"""One call of a loss of given vectors, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from refloss.losses.backends import Backend
from refloss.losses.reductions import Counts
from refloss.losses.row_call import RowCall
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.kernels import Library
from refloss.run.rounding import widened

__all__ = ["VectorProblem", "positives_of"]

_BLOCK = 65536  # relations widened at a time


@dataclass(frozen=True)
class VectorProblem(RowCall):
    """One call with its arguments checked: what there is to run and where results go.

    `vectors` are matrices of one shape, the leading one first; `beside` has one number an item, or
    says of each number of a row of similarities what it is.
    """

    spec: Spec
    library: Library
    vectors: Mapping[str, Adopted]
    beside: Mapping[str, np.ndarray]
    backend: Backend
    kept: None = None

    @property
    def lead(self) -> Adopted:
        """The first vectors."""
        return self.vectors[self.names[0]]

    @property
    def names(self) -> tuple[str, ...]:
        """What can be differentiated by: every vector."""
        return tuple(self.vectors)

    @cached_property
    def counts(self) -> Counts:
        """What the mean may divide by."""
        counts = Counts.of(*self.size)
        for array in self.beside.values():
            if array.ndim == 2:
                positives = positives_of(array)
                anchors = int(np.count_nonzero(positives))
                counts = replace(counts, pairs=int(positives.sum()), anchors=anchors)
        return counts

    def inputs(self) -> dict[str, Any]:
        """Return the vectors, and what is beside them."""
        return {**{name: a.array for name, a in self.vectors.items()}, **self.beside}

    def native_inputs(self) -> dict[str, Any]:
        """Return the same, all of one format."""
        dtype = self.leading.dtype
        return {name: np.asarray(array, dtype) for name, array in self.inputs().items()}

    def trace(self, upstream: Any) -> dict[str, Any]:
        """Return every named quantity of the plain program and its adjoint."""
        named = self.traced(self.inputs(), upstream)
        return {name: self.lead.give_back(np.asarray(array)) for name, array in named.items()}


def positives_of(relations: np.ndarray) -> np.ndarray:
    """Return of every row how many of its numbers are 1."""
    rows, columns = relations.shape
    step = max(1, _BLOCK // columns)
    found = np.empty(rows, np.int64)
    for start in range(0, rows, step):
        block = widened(relations[start : start + step])
        found[start : start + step] = np.count_nonzero(block == 1, axis=1)
    return found
