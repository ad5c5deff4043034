"""The pinned rows of similarities, version ``similarities@1``.

A row has similarities, mostly cosines, then for each what it is to the anchor: 1 a positive, 0 a
negative, -1 left out. Regimes put positives ahead of the negatives and behind them, all of them a
few steps apart, and near the ends; named rows lack one kind or both, or have the largest number
where nothing may read it. Everything lies on the grid of the format under test.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format, format_of
from crossval.points.boxes import ROWS, PointSet, upstreams

__all__ = [
    "COLUMNS",
    "REGIMES",
    "SIMILARITY_EDGES",
    "VERSION",
    "columns",
    "inputs",
    "point_set",
]

VERSION = "similarities@1"
COLUMNS = 6
"""Similarities of the pinned rows; other numbers are drawn alike."""

Draw = np.random.Generator
Shape = tuple[int, int]
Row = tuple[np.ndarray, np.ndarray]
Regime = Callable[[Draw, Shape, Format], Row]


def inputs(width: int) -> dict[str, slice]:
    """Return the columns of each input for rows of so many similarities."""
    return {"similarities": slice(0, width), "same": slice(width, 2 * width)}


def columns(width: int) -> tuple[str, ...]:
    """Return the name of each column."""
    return (*(f"s{c}" for c in range(width)), *(f"same{c}" for c in range(width)))


def _spread(draw: Draw, shape: Shape) -> np.ndarray:
    """Uniform in (-1, 1): nothing that depends on how a generator makes normal numbers."""
    return 2 * draw.random(shape) - 1


def _relations(draw: Draw, shape: Shape) -> np.ndarray:
    """Return relations with any share of positives, of which every third row has one alone."""
    share = draw.random((shape[0], 1))
    same = (draw.random(shape) < share).astype(float)
    left_out = draw.random(shape) < 0.125
    alone = np.arange(shape[0]) % 3 == 0
    first = draw.integers(0, shape[1], shape[0])
    single = (np.arange(shape[1]) == first[:, None]).astype(float)
    return np.where(alone[:, None], single, np.where(left_out, -1.0, same))


def _anywhere(reach: float) -> Regime:
    def make(draw: Draw, shape: Shape, number: Format) -> Row:
        return reach * _spread(draw, shape), _relations(draw, shape)

    return make


def _apart(positive: tuple[float, float], negative: tuple[float, float]) -> Regime:
    """Return a regime whose positives lie between two numbers, and negatives between two others."""

    def make(draw: Draw, shape: Shape, number: Format) -> Row:
        same, share = _relations(draw, shape), draw.random(shape)
        low, high = (np.where(same == 1, p, n) for p, n in zip(positive, negative, strict=True))
        return low + (high - low) * share, same

    return make


def _near_ties(draw: Draw, shape: Shape, number: Format) -> Row:
    """All similarities a few steps apart."""
    base = number.round(0.875 * _spread(draw, shape)[:, :1])
    steps = draw.integers(-3, 4, shape)
    return step(np.broadcast_to(base, steps.shape), steps, number), _relations(draw, shape)


def _near_ends(draw: Draw, shape: Shape, number: Format) -> Row:
    """Put similarities at 1 - 2^-j or its negative."""
    power = draw.integers(1, number.precision + 1, shape)
    sign = 1 - 2.0 * draw.integers(0, 2, shape)
    return sign * (1 - np.ldexp(1.0, -power)), _relations(draw, shape)


def _of_one_kind(kind: float) -> Regime:
    """Return a regime whose rows have positives alone, or negatives, and something left out."""

    def make(draw: Draw, shape: Shape, number: Format) -> Row:
        same = np.where(draw.random(shape) < 0.25, -1.0, kind)
        return _spread(draw, shape), same

    return make


REGIMES: dict[str, Regime] = {
    "random": _anywhere(1.0),
    "products": _anywhere(8.0),
    "small differences": _anywhere(2.0**-10),
    "right": _apart((0.5, 1.0), (-0.5, 0.25)),
    "very right": _apart((0.96875, 1.0), (-1.0, -0.96875)),
    "wrong": _apart((-0.5, 0.25), (0.5, 1.0)),
    "very wrong": _apart((-1.0, -0.96875), (0.96875, 1.0)),
    "near ties": _near_ties,
    "near the ends": _near_ends,
    "positives alone": _of_one_kind(1.0),
    "negatives alone": _of_one_kind(0.0),
}

_FAR = 512.0
SIMILARITY_EDGES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "all equal": ((0.5, 0.5, 0.5, 0.5, 0.5, 0.5), (1, 0, 0, 1, 0, -1)),
    "all 0": ((0, 0, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0)),
    "all 1": ((1, 1, 1, 1, 1, 1), (1, 1, 0, 0, 0, -1)),
    "all -1": ((-1, -1, -1, -1, -1, -1), (0, 0, 0, 1, 0, 0)),
    "no positive": ((0.5, -0.25, 0.75, 0, -1, 1), (0, 0, 0, 0, 0, -1)),
    "no negative": ((0.5, -0.25, 0.75, 0, -1, 1), (1, 1, 1, 1, 1, -1)),
    "one positive, no negative": ((0.5, -0.25, 0.75, 0, -1, 1), (-1, 1, -1, -1, -1, -1)),
    "one negative, no positive": ((0.5, -0.25, 0.75, 0, -1, 1), (-1, 0, -1, -1, -1, -1)),
    "all left out": ((0.5, -0.25, 0.75, 0, -1, 1), (-1, -1, -1, -1, -1, -1)),
    "one of each": ((0.5, -0.25, 0.75, 0, -1, 1), (-1, 1, -1, 0, -1, -1)),
    "positive 1, negatives -1": ((-1, -1, 1, -1, -1, -1), (0, 0, 1, 0, 0, 0)),
    "positive -1, negatives 1": ((1, 1, 1, 1, -1, 1), (0, 0, 0, 0, 1, 0)),
    "positives at both ends": ((1, -1, 0, 0, 0, 0), (1, 1, 0, 0, 0, 0)),
    "negatives at both ends": ((1, -1, 0.5, 0.5, 0, 0), (0, 0, 1, 1, 1, 1)),
    "ties of both kinds": ((0.75, 0.75, 0.75, 0.75, -0.5, 0), (1, 1, 0, 0, 0, 1)),
    "far ahead": ((_FAR, 0, 1, -1, 0.5, 0), (1, 0, 0, 0, 0, -1)),
    "far behind": ((-_FAR, 0, 1, -1, 0.5, 0), (1, 0, 0, 0, 0, -1)),
    "a negative far ahead": ((0, 0.5, _FAR, -1, 0.5, 0), (1, 1, 0, 0, 0, -1)),
    "largest is left out": ((_FAR, 0.5, 0.25, -0.75, 0.5, -_FAR), (-1, 1, 0, 0, 1, -1)),
    "first is left out, no negative": ((_FAR, 0.5, 0.25, -0.75, 0.5, 0), (-1, 1, 1, -1, -1, -1)),
}
"""Name to similarities and relations, the same numbers in every format."""


@lru_cache(maxsize=32)
def point_set(dtype: str, level: str = "standard", width: int = COLUMNS) -> PointSet:
    """Return the pinned points: columns are similarities, then what each of them is.

    Parameters
    ----------
    dtype : {"float64", "float32", "float16", "bfloat16"}
        Format under test.
    level : {"smoke", "standard", "full"}
        Rows per regime; the named edges are always all there.
    width : int
        Similarities of a row; the named edges are left out of any number but `COLUMNS`.

    Returns
    -------
    PointSet
        Regimes first, then the named edges.
    """
    number, count = format_of(dtype), ROWS[level]
    made = [make(_draw(name), (count, width), number) for name, make in REGIMES.items()]
    edges = SIMILARITY_EDGES if width == COLUMNS else {}
    table = np.array([(*s, *same) for s, same in edges.values()], float).reshape(-1, 2 * width)
    whole = number.round(np.concatenate([*(np.hstack(each) for each in made), table]))
    places = [name for name in REGIMES for _ in range(count)] + list(edges)
    numbers = np.arange(len(whole))
    special = numbers >= len(whole) - len(edges)
    upstream = upstreams(len(whole), number)
    return PointSet(VERSION, dtype, whole, upstream, np.array(places), special, numbers)


def _draw(name: str) -> Draw:
    return np.random.Generator(np.random.PCG64(zlib.crc32(f"{VERSION} {name}".encode())))
