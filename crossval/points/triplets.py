"""The pinned triplets of vectors, version ``triplets@1``.

What a loss of triplets sees are two distances from the anchor, and that of the other two vectors.
Regimes put their difference, and that of their squares, about the margins that presets have, on
both sides and within a few steps; the negative by the positive, where slopes by the anchor cancel,
and as far from the positive as from the anchor, where swapped pairs part; vectors together and far
from the origin; and sizes whose squares leave the range. Everything lies on the grid of the format
under test.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format, format_of
from crossval.points.boxes import PointSet, upstreams
from crossval.points.pairs import drawn, sized, spread, way

__all__ = [
    "INPUTS",
    "MARGINS",
    "PARTS",
    "REGIMES",
    "ROWS",
    "TRIPLET_EDGES",
    "VERSION",
    "columns",
    "inputs",
    "point_set",
]

VERSION = "triplets@1"
INPUTS = ("anchor", "positive", "negative")
PARTS = 4
"""Numbers of a vector of the pinned points; other numbers are drawn alike."""
ROWS = {"smoke": 6, "standard": 32, "full": 600}
"""Triplets a regime."""
MARGINS = (1.0, 0.2, 0.25, 0.05, 0.0)
"""Differences of distances about which conventions part: the margins of the presets."""

Draw = np.random.Generator
Triplet = tuple[np.ndarray, np.ndarray, np.ndarray]
Regime = Callable[[Draw, tuple[int, int], Format], Triplet]


def inputs(parts: int) -> dict[str, slice]:
    """Return the columns of each input for vectors of so many numbers."""
    return {name: slice(k * parts, (k + 1) * parts) for k, name in enumerate(INPUTS)}


def columns(parts: int) -> tuple[str, ...]:
    """Return the name of each column."""
    return tuple(f"{name}.{d}" for name in INPUTS for d in range(parts))


def _drawn(reach: float) -> Regime:
    """Return a regime of vectors that are drawn on their own."""
    pair = drawn(reach)

    def make(draw: Draw, shape: tuple[int, int], number: Format) -> Triplet:
        return (*pair(draw, shape, number), reach * spread(draw, shape))

    return make


def _margins(draw: Draw, count: int) -> np.ndarray:
    return draw.choice(MARGINS, (count, 1))


def _near_the_margin(draw: Draw, shape: tuple[int, int], number: Format) -> Triplet:
    """Put the negative a margin times 1 ± 2^-j farther away than the positive."""
    sign = 1 - 2.0 * draw.integers(0, 2, (shape[0], 1))
    power = draw.integers(1, number.precision, (shape[0], 1))
    near = draw.random((shape[0], 1))
    far = near + _margins(draw, shape[0]) * (1 + np.ldexp(sign, -power))
    return np.zeros(shape), near * way(draw, shape), far * way(draw, shape)


def _along_axes(squared: bool) -> Regime:
    """Return a regime of one number each that differs from the anchor's.

    Distances, or their squares, then differ by a margin to within three steps.
    """

    def make(draw: Draw, shape: tuple[int, int], number: Format) -> Triplet:
        rows = np.arange(shape[0])
        near = number.round(draw.random(shape[0]))
        margin = _margins(draw, shape[0])[:, 0]
        far = np.sqrt(near * near + margin) if squared else near + margin
        moved = step(number.round(far), draw.integers(-3, 4, shape[0]), number)
        positive, negative = np.zeros(shape), np.zeros(shape)
        positive[rows, draw.integers(0, shape[1], shape[0])] = near
        negative[rows, draw.integers(0, shape[1], shape[0])] = moved
        return np.zeros(shape), positive, negative

    return make


def _few_steps(size: float) -> Regime:
    """Return a regime of vectors of a size that nearly coincide."""

    def make(draw: Draw, shape: tuple[int, int], number: Format) -> Triplet:
        anchor = number.round(size * spread(draw, shape))
        near, other = (step(anchor, draw.integers(-3, 4, shape), number) for _ in range(2))
        return anchor, near, other

    return make


def _negative_by_positive(draw: Draw, shape: tuple[int, int], number: Format) -> Triplet:
    """Put the negative a few steps from the positive."""
    positive = number.round(spread(draw, shape))
    return spread(draw, shape), positive, step(positive, draw.integers(-3, 4, shape), number)


def _between(draw: Draw, shape: tuple[int, int], number: Format) -> Triplet:
    """Put the negative as far from the positive as from the anchor, to within three steps."""
    positive = np.zeros(shape)
    positive[:, 0] = 2 * number.round(spread(draw, shape)[:, 0])
    negative = spread(draw, shape)
    negative[:, 0] = step(positive[:, 0] / 2, draw.integers(-3, 4, shape[0]), number)
    return np.zeros(shape), positive, negative


def _offset(draw: Draw, shape: tuple[int, int], number: Format) -> Triplet:
    """Put all far from the origin, 2^-j apart."""
    anchor = number.round(1000 + spread(draw, shape))
    power = draw.integers(0, 18, (shape[0], 1))
    near, other = (anchor + np.ldexp(way(draw, shape), -power) for _ in range(2))
    return anchor, near, other


def _scaled(power: int, narrow: int) -> Regime:
    """Return a regime of differences times a power of two, a smaller one if narrow."""

    def make(draw: Draw, shape: tuple[int, int], number: Format) -> Triplet:
        size = sized(power, narrow, number)
        return tuple(size * spread(draw, shape) for _ in range(3))  # type: ignore[return-value]

    return make


REGIMES: dict[str, Regime] = {
    "random": _drawn(0.5),
    "wide": _drawn(2.0),
    "close": _drawn(0.125),
    "margin times 1 ± 2^-j": _near_the_margin,
    "apart along axes": _along_axes(squared=False),
    "squares apart along axes": _along_axes(squared=True),
    "few steps apart": _few_steps(1.0),
    "few steps apart at 1000": _few_steps(1000.0),
    "negative by the positive": _negative_by_positive,
    "negative between": _between,
    "offset 1000": _offset,
    "huge": _scaled(150, 5),
    "tiny": _scaled(-150, 5),
}

_NO = (0.0, 0.0, 0.0, 0.0)
_ONE = (1.0, 0.0, 0.0, 0.0)
_HALVES = (0.5, 0.5, 0.5, 0.5)
_MIXED = (0.25, -0.5, 0.75, -1.0)
_FAR = (1024.0, 1024.0, 1024.0, 1024.0)

TRIPLET_EDGES: dict[str, tuple[tuple[float, ...], ...]] = {
    "positive is the anchor": (_HALVES, _HALVES, _MIXED),
    "negative is the anchor": (_HALVES, _MIXED, _HALVES),
    "negative is the positive": (_HALVES, _MIXED, _MIXED),
    "all coincide": (_MIXED, _MIXED, _MIXED),
    "zero vectors": (_NO, _NO, _NO),
    "zeros of both signs": (_NO, (-0.0, -0.0, -0.0, -0.0), _ONE),
    "1 farther": (_NO, (1.0, 1.0, 1.0, 1.0), (2.5, -1.5, 0.5, -0.5)),
    "squares 1 apart": (_NO, (1.0, 1.0, 1.0, 1.0), (1.5, -1.5, 0.5, 0.5)),
    "sums of sizes 1 apart": (_NO, (0.5, 0.75, -1.0, 0.25), (-1.0, -0.75, 1.25, 0.5)),
    "as far, of no rational length": (_NO, (1.0, 2.0, 0.5, 0.25), (2.0, -1.0, -0.25, 0.5)),
    "negative between": ((1.25, 2.5, 0.0, 1.25), (2.25, -0.5, -0.75, 1.5), (0.25, 0.5, -0.5, 1.0)),
    "far beyond the margin": (_NO, (0.25, 0.5, -0.25, 0.125), (600.0, 800.0, 1.0, -1.0)),
    "margin missed by far": (_NO, (600.0, 800.0, 1.0, -1.0), (0.25, 0.5, -0.25, 0.125)),
    "far from the origin": (
        _FAR,
        (1024.0, 1024.0, 1025.0, 1024.0),
        (1024.0, 1026.0, 1024.0, 1024.0),
    ),
}
"""Name to anchor, positive and negative, the same numbers in every format."""


@lru_cache(maxsize=32)
def point_set(dtype: str, level: str = "standard", parts: int = PARTS) -> PointSet:
    """Return the pinned points: columns are anchor, positive and negative.

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
    number, count = format_of(dtype), ROWS[level]
    made = [np.hstack(make(_draw(name), (count, parts), number)) for name, make in REGIMES.items()]
    edges = TRIPLET_EDGES if parts == PARTS else {}
    table = np.array([sum(vectors, ()) for vectors in edges.values()], float)
    columns = number.round(np.concatenate([*made, table.reshape(-1, 3 * parts)]))
    places = [name for name in REGIMES for _ in range(count)] + list(edges)
    numbers = np.arange(len(columns))
    special = numbers >= len(columns) - len(edges)
    return PointSet(
        VERSION, dtype, columns, upstreams(len(columns), number), np.array(places), special, numbers
    )


def _draw(name: str) -> Draw:
    return np.random.Generator(np.random.PCG64(zlib.crc32(f"{VERSION} {name}".encode())))
