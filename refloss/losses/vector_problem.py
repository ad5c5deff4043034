"""One call of a loss of given vectors, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from refloss.losses.backends import Backend
from refloss.losses.reductions import Counts
from refloss.losses.row_call import RowCall
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.kernels import Library

__all__ = ["VectorProblem"]


@dataclass(frozen=True)
class VectorProblem(RowCall):
    """One call with its arguments checked: what there is to run and where results go.

    `vectors` are matrices of one shape, the leading one first; `beside` has one number an item.
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

    @property
    def counts(self) -> Counts:
        """What the mean may divide by."""
        return Counts.of(*self.size)

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
