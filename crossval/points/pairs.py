"""The pinned pairs of vectors, version ``pairs@1``.

What a loss of pairs sees is a distance. Regimes put it about the margins that presets have, on both
sides and within a few steps; at 0 and near it, where vectors coincide; far from the origin, where
the expanded form |a|^2 + |b|^2 - 2ab has no digits left; and at sizes whose squares leave the
range. Everything lies on the grid of the format under test.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format, format_of
from crossval.points.boxes import PointSet, upstreams

__all__ = [
    "PAIR_EDGES",
    "PARTS",
    "REGIMES",
    "ROWS",
    "VERSION",
    "columns",
    "drawn",
    "inputs",
    "pinned",
    "point_set",
    "sized",
    "spread",
    "way",
]

VERSION = "pairs@1"
PARTS = 4
"""Numbers of a vector of the pinned points; other numbers are drawn alike."""
ROWS = {"smoke": 8, "standard": 48, "full": 1000}
"""Pairs a regime."""
MARGINS = (1.0, 0.5, 0.25)
"""Distances about which conventions part: the margins of the presets, and one for similar pairs."""

Draw = np.random.Generator
Pair = tuple[np.ndarray, np.ndarray]
Regime = Callable[[Draw, tuple[int, int], Format], Pair]


def inputs(parts: int) -> dict[str, slice]:
    """Return the columns of each input for vectors of so many numbers."""
    ends = {"x1": slice(0, parts), "x2": slice(parts, 2 * parts)}
    return ends | {"same": slice(2 * parts, 2 * parts + 1)}


def columns(parts: int) -> tuple[str, ...]:
    """Return the name of each column."""
    return (*(f"x1.{d}" for d in range(parts)), *(f"x2.{d}" for d in range(parts)), "same")


def spread(draw: Draw, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform in (-1, 1): nothing that depends on how a generator makes normal numbers."""
    return 2 * draw.random(shape) - 1


def way(draw: Draw, shape: tuple[int, int]) -> np.ndarray:
    """Return vectors of length 1."""
    found = spread(draw, shape) + 0.125
    return found / np.sqrt((found * found).sum(axis=1, keepdims=True))


def drawn(reach: float) -> Regime:
    """Return a regime of vectors that are drawn on their own."""

    def make(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
        return reach * spread(draw, shape), reach * spread(draw, shape)

    return make


def _at_a_margin(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    """Put the two a margin apart, as nearly as the format can."""
    margin = draw.choice(MARGINS, (shape[0], 1))
    first = number.round(spread(draw, shape) / 4)
    return first, first - margin * way(draw, shape)


def _near_a_margin(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    """Put the two a margin times 1 ± 2^-j apart."""
    sign = 1 - 2.0 * draw.integers(0, 2, (shape[0], 1))
    power = draw.integers(1, number.precision, (shape[0], 1))
    margin = draw.choice(MARGINS, (shape[0], 1)) * (1 + np.ldexp(sign, -power))
    return np.zeros(shape), margin * way(draw, shape)


def _along_an_axis(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    """Let one number alone differ, by a margin to within three steps."""
    margin = draw.choice(MARGINS, shape[0])
    second = np.zeros(shape)
    moved = step(margin, draw.integers(-3, 4, shape[0]), number)
    second[np.arange(shape[0]), draw.integers(0, shape[1], shape[0])] = moved
    return np.zeros(shape), second


def _few_steps(size: float) -> Regime:
    """Return a regime of vectors of a size that nearly coincide."""

    def make(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
        first = number.round(size * spread(draw, shape))
        return first, step(first, draw.integers(-3, 4, shape), number)

    return make


def _offset(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    """Put both far from the origin, 2^-j apart."""
    first = number.round(1000 + spread(draw, shape))
    power = draw.integers(0, 18, (shape[0], 1))
    return first, first + np.ldexp(way(draw, shape), -power)


def _scaled(power: int, narrow: int) -> Regime:
    """Return a regime of differences times a power of two, a smaller one if narrow."""

    def make(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
        size = sized(power, narrow, number)
        return size * spread(draw, shape), size * spread(draw, shape)

    return make


def sized(power: int, narrow: int, number: Format) -> float:
    """Return a power of two, a smaller one in a format that has not so many, or is narrow."""
    most = {True: narrow, False: 48}[number.emax < 32] if number.precision < 53 else 1 << 10
    return 2.0 ** float(np.clip(power, -most, most))


REGIMES: dict[str, Regime] = {
    "random": drawn(0.5),
    "wide": drawn(2.0),
    "close": drawn(0.125),
    "at a margin": _at_a_margin,
    "margin times 1 ± 2^-j": _near_a_margin,
    "apart along an axis": _along_an_axis,
    "few steps apart": _few_steps(1.0),
    "few steps apart at 1000": _few_steps(1000.0),
    "offset 1000": _offset,
    "huge": _scaled(150, 5),
    "tiny": _scaled(-150, 5),
}

_NO = (0.0, 0.0, 0.0, 0.0)
_ONE = (1.0, 0.0, 0.0, 0.0)
_HALVES = (0.5, 0.5, 0.5, 0.5)
_QUARTERS = (0.25, 0.25, 0.25, 0.25)

PAIR_EDGES: dict[str, tuple[tuple[float, ...], tuple[float, ...], int]] = {
    "coincident, one kind": (_HALVES, _HALVES, 1),
    "coincident, two kinds": (_HALVES, _HALVES, 0),
    "zero vectors, one kind": (_NO, _NO, 1),
    "zero vectors, two kinds": (_NO, _NO, 0),
    "zeros of both signs, two kinds": (_NO, (-0.0, -0.0, -0.0, -0.0), 0),
    "1 apart, one kind": (_ONE, _NO, 1),
    "1 apart, two kinds": (_ONE, _NO, 0),
    "1 apart in all numbers, two kinds": (_HALVES, _NO, 0),
    "1/2 apart, one kind": (_QUARTERS, _NO, 1),
    "1/2 apart, two kinds": (_QUARTERS, _NO, 0),
    "1/4 apart, one kind": ((0.25, 0.0, 0.0, 0.0), _NO, 1),
    "1/4 apart, two kinds": ((0.25, 0.0, 0.0, 0.0), _NO, 0),
    "opposite, one kind": (_HALVES, (-0.5, -0.5, -0.5, -0.5), 1),
    "opposite, two kinds": (_HALVES, (-0.5, -0.5, -0.5, -0.5), 0),
    "5 apart, one kind": ((3.0, 0.0, 4.0, 0.0), _NO, 1),
    "5 apart, two kinds": ((3.0, 0.0, 4.0, 0.0), _NO, 0),
    "far from the origin": ((1024.0, 1024.0, 1024.0, 1024.0), (1024.0, 1024.0, 1024.0, 1025.0), 0),
}
"""Name to two vectors and the label, the same numbers in every format."""


@lru_cache(maxsize=32)
def point_set(dtype: str, level: str = "standard", parts: int = PARTS) -> PointSet:
    """Return the pinned points: columns are two vectors, then the label.

    Parameters
    ----------
    dtype : {"float64", "float32", "float16", "bfloat16"}
        Format under test.
    level : {"smoke", "standard", "full"}
        Rows per regime; the named edges are always all there.
    parts : int
        Numbers of a vector; the named edges are left out of any number but `PARTS`.

    Returns
    -------
    PointSet
        Regimes first, then the named edges.
    """
    return pinned(VERSION, REGIMES, PAIR_EDGES, (dtype, level, parts))


def pinned(
    version: str,
    regimes: dict[str, Regime],
    edges: dict[str, tuple[tuple[float, ...], tuple[float, ...], int]],
    asked: tuple[str, str, int],
) -> PointSet:
    """Return pinned pairs: those of regimes, and named ones.

    Parameters
    ----------
    version : str
        What the random numbers are drawn by, beside the name of a regime.
    regimes : dict of str to callable
    edges : dict
        As `PAIR_EDGES`.
    asked : tuple
        Format, level, and numbers of a vector.
    """
    dtype, level, parts = asked
    number, count = format_of(dtype), ROWS[level]

    def draw(name: str) -> Draw:
        return np.random.Generator(np.random.PCG64(zlib.crc32(f"{version} {name}".encode())))

    made = [make(draw(name), (count, parts), number) for name, make in regimes.items()]
    named = edges if parts == PARTS else {}
    table = np.array([(*x1, *x2, y) for x1, x2, y in named.values()], float)
    table = table.reshape(-1, 2 * parts + 1)
    labels = [draw(f"labels of {name}").integers(0, 2, (count, 1)) for name in regimes]
    blocks = [np.hstack([*pair, label]) for pair, label in zip(made, labels, strict=True)]
    columns = number.round(np.concatenate([*blocks, table]))
    places = [name for name in regimes for _ in range(count)] + list(named)
    numbers = np.arange(len(columns))
    special = numbers >= len(columns) - len(named)
    return PointSet(
        version, dtype, columns, upstreams(len(columns), number), np.array(places), special, numbers
    )
