"""Hypothesis strategies for losses of single numbers: they draw specifications, never tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from crossval.oracles.formats import format_of
from crossval.points.boxes import upstreams
from crossval.points.elements import Elements

__all__ = ["ElementCase", "element_cases"]


@dataclass(frozen=True)
class ElementCase:
    """A drawn specification and the rows that it stands for.

    Attributes
    ----------
    points : Elements
        Of a family.
    regime : str
        Key of its regimes.
    dtype : str
        Format whose grid the rows lie on.
    rows, seed : int
    """

    points: Elements
    regime: str
    dtype: str
    rows: int
    seed: int

    @property
    def columns(self) -> np.ndarray:
        """Inputs (n, k) as float64."""
        number, draw = format_of(self.dtype), np.random.Generator(np.random.PCG64(self.seed))
        made = self.points.regimes[self.regime](draw, self.rows, number)
        return number.round(np.stack(made, axis=1))

    @property
    def upstream(self) -> np.ndarray:
        """Upstream gradients (n,) of both signs."""
        return upstreams(self.rows, format_of(self.dtype), self.seed)

    def __repr__(self) -> str:
        return f"{self.regime}, {self.rows} rows in {self.dtype}, seed {self.seed}"


def element_cases(
    points: Elements, dtype: str = "float64", min_rows: int = 1, max_rows: int = 12
) -> st.SearchStrategy[ElementCase]:
    """Strategy of rows in every regime of a family."""
    return st.builds(
        ElementCase,
        points=st.just(points),
        regime=st.sampled_from(tuple(points.regimes)),
        dtype=st.just(dtype),
        rows=st.integers(min_rows, max_rows),
        seed=st.integers(0, 2**32 - 1),
    )
