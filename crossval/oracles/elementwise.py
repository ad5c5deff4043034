"""The oracles of an elementwise loss under one roof, as the judge asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles import conditioning, enclosure, rounding
from crossval.oracles.composed import first_of
from crossval.oracles.enclosure import Truth
from crossval.oracles.packing import Columns, Packing
from crossval.oracles.texts import Definition

__all__ = ["Elementwise", "Oracle", "weights_of"]

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


class Oracle(Protocol):
    """What is known of a definition at rows of columns; equal oracles say the same."""

    def truth(
        self,
        spec: Definition,
        columns: ArrayLike,
        upstream: ArrayLike | None = None,
        *,
        dtype: Any = "float64",
        hvp: ArrayLike | None = None,
    ) -> Truth:
        """Certified results; see `crossval.oracles.enclosure.truth`."""
        ...

    def kernel(self, spec: Definition, columns: ArrayLike, upstream: ArrayLike) -> Pair:
        """Results of the float64 kernel; see `crossval.oracles.conditioning.kernel`."""
        ...

    def condition(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike | None = None
    ) -> Pair:
        """Absolute condition; see `crossval.oracles.conditioning.condition`."""
        ...

    def rounding_bound(
        self,
        spec: Definition,
        columns: ArrayLike,
        upstream: ArrayLike | None = None,
        *,
        dtype: Any,
    ) -> Pair:
        """Bound what rounding does; see `crossval.oracles.rounding.rounding_bound`."""
        ...

    def packed(self, spec: Definition, columns: ArrayLike) -> tuple[NDArray[np.float64], Packing]:
        """Columns that are numbers, and how they become the arguments of a text."""
        ...


@dataclass(frozen=True)
class Elementwise:
    """Every column is an argument of the texts.

    Attributes
    ----------
    weights : tuple of (str, float)
        Inputs of a text that are no columns and not 1, by name.
    """

    weights: tuple[tuple[str, float], ...] = ()

    def truth(
        self,
        spec: Definition,
        columns: ArrayLike,
        upstream: ArrayLike | None = None,
        *,
        dtype: Any = "float64",
        hvp: ArrayLike | None = None,
    ) -> Truth:
        """Certified results."""
        columns, packing = self.packed(spec, columns)
        return enclosure.truth(spec, columns, upstream, dtype=dtype, hvp=hvp, packing=packing)

    def kernel(self, spec: Definition, columns: ArrayLike, upstream: ArrayLike) -> Pair:
        """Results of the float64 kernel."""
        columns, packing = self.packed(spec, columns)
        return conditioning.kernel(spec, columns, upstream, beside=packing.beside)

    def condition(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike | None = None
    ) -> Pair:
        """Absolute condition."""
        columns, packing = self.packed(spec, columns)
        return conditioning.condition(spec, columns, upstream, beside=packing.beside)

    def rounding_bound(
        self,
        spec: Definition,
        columns: ArrayLike,
        upstream: ArrayLike | None = None,
        *,
        dtype: Any,
    ) -> Pair:
        """Bound what rounding does to the textbook formula."""
        columns, packing = self.packed(spec, columns)
        return rounding.rounding_bound(spec, columns, upstream, dtype=dtype, beside=packing.beside)

    def packed(self, spec: Definition, columns: ArrayLike) -> tuple[NDArray[np.float64], Columns]:
        """Return the columns themselves, and the weights that stand behind them."""
        given, names = dict(self.weights), weights_of(spec.program)
        packing = Columns(tuple(given.get(name, 1.0) for name in names))
        return np.asarray(columns, np.float64), packing


def weights_of(program: str) -> tuple[str, ...]:
    """Return the inputs of a program that need not be given."""
    from refloss.run.kernels import library

    index = library().index
    entry = index["programs"].get(first_of(program))
    if entry is None:  # a loss of somebody's own, all of whose inputs are columns
        return ()
    optional = index["losses"][entry["loss"]]["weights"]
    return tuple(n for n, _ in entry["arrays"]["value"]["inputs"] if n in optional)
