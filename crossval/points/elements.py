"""Pinned points of losses of single numbers: how a family's regimes and edges become a set."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crossval.oracles.formats import Format, format_of
from crossval.points.boxes import ROWS, PointSet, upstreams

__all__ = ["Draw", "Elements", "Regime"]

Draw = np.random.Generator
Regime = Callable[[Draw, int, Format], tuple[np.ndarray, ...]]
"""``regime(draw, rows, format)`` gives one array a column; rounding comes later."""


@dataclass(frozen=True)
class Elements:
    """A family's points as a specification.

    Attributes
    ----------
    version : str
        Name of the set; other rows are another version.
    regimes : mapping of str to Regime
        What is drawn, by name.
    edges : mapping of str to tuple of float
        Named points, one number a column; those that a format does not hold are left out of it.
    """

    version: str
    regimes: Mapping[str, Regime]
    edges: Mapping[str, tuple[float, ...]]

    def points(self, dtype: str, level: str = "standard") -> PointSet:
        """Return the pinned points, regimes first.

        Parameters
        ----------
        dtype : {"float64", "float32", "float16", "bfloat16"}
            Format under test.
        level : {"smoke", "standard", "full"}
            Rows per regime; the named edges are always all there.
        """
        number, rows = format_of(dtype), ROWS[level]
        drawn = [
            np.stack(make(self._draw(name), rows, number), axis=1)
            for name, make in self.regimes.items()
        ]
        held = {name: edge for name, edge in self.edges.items() if _holds(number, edge)}
        named = np.array(list(held.values()), float).reshape(len(held), -1)
        columns = np.concatenate([number.round(np.concatenate(drawn)), named])
        places = [name for name in self.regimes for _ in range(rows)] + list(held)
        numbers = np.arange(len(columns))
        special = numbers >= len(columns) - len(held)
        upstream = upstreams(len(columns), number)
        return PointSet(self.version, dtype, columns, upstream, np.array(places), special, numbers)

    def _draw(self, name: str) -> Draw:
        return np.random.Generator(np.random.PCG64(zlib.crc32(f"{self.version} {name}".encode())))


def _holds(number: Format, edge: tuple[float, ...]) -> bool:
    values = np.array(edge)
    return bool((number.round(values) == values).all())
