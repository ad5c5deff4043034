"""The oracles of an elementwise loss under one roof, as the judge asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles import conditioning, enclosure, rounding
from crossval.oracles.enclosure import Truth
from crossval.oracles.packing import Columns, Packing
from crossval.oracles.texts import Definition

__all__ = ["Elementwise", "Oracle"]

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
    """Every column is an argument of the texts."""

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
        return enclosure.truth(spec, columns, upstream, dtype=dtype, hvp=hvp)

    def kernel(self, spec: Definition, columns: ArrayLike, upstream: ArrayLike) -> Pair:
        """Results of the float64 kernel."""
        return conditioning.kernel(spec, columns, upstream)

    def condition(
        self, spec: Definition, columns: ArrayLike, upstream: ArrayLike | None = None
    ) -> Pair:
        """Absolute condition."""
        return conditioning.condition(spec, columns, upstream)

    def rounding_bound(
        self,
        spec: Definition,
        columns: ArrayLike,
        upstream: ArrayLike | None = None,
        *,
        dtype: Any,
    ) -> Pair:
        """Bound what rounding does to the textbook formula."""
        return rounding.rounding_bound(spec, columns, upstream, dtype=dtype)

    def packed(self, spec: Definition, columns: ArrayLike) -> tuple[NDArray[np.float64], Packing]:
        """Return the columns themselves."""
        return np.asarray(columns, np.float64), Columns()
