"""Hypothesis strategies for boxes: they draw specifications, never tensors.

A drawn :class:`BoxCase` shrinks to few rows, scale 0, no offset, no steps and no ties, replays from
its printed form, and costs a millisecond however many rows it makes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from crossval.bits import dtype_of
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.boxes import upstreams
from crossval.points.relations import EDGES, RELATIONS, Recipe


@dataclass(frozen=True)
class BoxCase:
    """A drawn specification and the boxes it stands for.

    Attributes
    ----------
    recipe : Recipe
        Everything that was drawn.
    """

    recipe: Recipe

    @property
    def columns(self) -> np.ndarray:
        """Corners (n, 8) as float64: prediction's, then target's."""
        return np.concatenate(self.recipe.make(), axis=1)

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """``(pred, target)``, each (n, 4), in the drawn dtype."""
        pred, target = self.recipe.make()
        dtype = dtype_of(format_of(self.recipe.dtype))
        return pred.astype(dtype), target.astype(dtype)

    @property
    def upstream(self) -> np.ndarray:
        """Upstream gradient (n,) in the drawn dtype, of both signs."""
        number = format_of(self.recipe.dtype)
        return upstreams(self.recipe.rows, number, self.recipe.seed).astype(dtype_of(number))

    def __iter__(self):
        return iter(self.arrays)

    def describe(self) -> str:
        """One line from which the case can be made again."""
        return repr(self.recipe)


def box_cases(
    dtype: str | st.SearchStrategy[str] = "float64",
    max_rows: int = 16,
    relations: tuple[str, ...] = tuple(RELATIONS),
    min_rows: int = 1,
) -> st.SearchStrategy[BoxCase]:
    """Strategy of pairs of boxes in every relation, scale and near-tie.

    Parameters
    ----------
    dtype : str or strategy
        Format of the boxes; ``st.sampled_from(FORMATS)`` draws it too.
    max_rows, min_rows : int
        Bounds on the number of pairs.
    relations : tuple of str
        Keys of ``crossval.points.relations.RELATIONS`` to draw from.

    Returns
    -------
    SearchStrategy of BoxCase
        Iterating a case gives ``pred, target``.
    """
    formats = st.just(dtype) if isinstance(dtype, str) else dtype
    return formats.flatmap(lambda name: _cases(name, min_rows, max_rows, relations))


def _cases(
    dtype: str, min_rows: int, max_rows: int, relations: tuple[str, ...]
) -> st.SearchStrategy[BoxCase]:
    reach = 7 if FORMATS[dtype].emax < 32 else 26
    return st.builds(
        Recipe,
        relation=st.sampled_from(relations),
        dtype=st.just(dtype),
        rows=st.integers(min_rows, max_rows),
        seed=st.integers(0, 2**32 - 1),
        scale=st.integers(0, 2 * reach).map(_zigzag),
        offset=st.sampled_from((0.0, 1.0, -50.0, 1000.0)),
        steps=st.integers(0, 4),
        ties=st.lists(st.sampled_from(EDGES), unique=True, max_size=4).map(tuple),
    ).map(BoxCase)


def _zigzag(index: int) -> int:
    """0, -1, 1, -2, 2, ...: so that small means near 0 when a case shrinks."""
    return -(index + 1) // 2 if index % 2 else index // 2
