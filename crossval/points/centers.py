"""The pinned vectors and centres, version ``centers@1``: whole problems of one vector each.

A point is a vector, the centres of a few classes and its label. What the loss sees is the
difference from one of the centres: 0, a few steps, or the whole of two large numbers; about the
lengths at which distances are clipped by some; and at sizes whose squares leave the range. The
other centres lie near the vector too, so that a wrong one shows. Everything lies on the grid of the
format under test.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from crossval.bits import step
from crossval.oracles.center_columns import PARTS, Layout
from crossval.oracles.formats import Format, format_of
from crossval.points.boxes import PointSet, upstreams

__all__ = ["CENTER_EDGES", "CLASSES", "LAYOUT", "REGIMES", "ROWS", "VERSION", "point_set"]

VERSION = "centers@1"
CLASSES = 3
"""Classes of the pinned points; other numbers are drawn alike."""
LAYOUT = Layout(PARTS, CLASSES)
ROWS = {"smoke": 4, "standard": 24, "full": 400}
"""Points a regime: each has the gradient by all centres."""
ENDS = (1e-12, 1e12)
"""Squared distances at which some clip."""

Draw = np.random.Generator
Problem = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Vectors (n, D), centres (n, C, D) and labels (n,)."""
Regime = Callable[[Draw, tuple[int, int], Format], Problem]


def _spread(draw: Draw, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform in (-2, 2): nothing that depends on how a generator makes normal numbers."""
    return 4 * draw.random(shape) - 2


def _drawn(draw: Draw, shape: tuple[int, int], parts: int = PARTS) -> Problem:
    count, classes = shape
    centers = _spread(draw, (count, classes, parts))
    return _spread(draw, (count, parts)), centers, draw.integers(0, classes, count)


def _random(draw: Draw, shape: tuple[int, int], number: Format) -> Problem:
    return _drawn(draw, shape)


def _with_own(x: np.ndarray, centers: np.ndarray, target: np.ndarray, own: np.ndarray) -> Problem:
    """Put the centres of the vectors' classes where they are said to be."""
    centers[np.arange(len(x)), target] = own
    return x, centers, target


def _few_steps(size: float) -> Regime:
    """Return a regime of vectors of a size that nearly are their centre, and often are."""

    def make(draw: Draw, shape: tuple[int, int], number: Format) -> Problem:
        x, centers, target = _drawn(draw, shape)
        x = number.round(size * x)
        moved = step(x, draw.integers(-2, 3, x.shape), number)
        return _with_own(x, size * centers, target, moved)

    return make


def _offset(draw: Draw, shape: tuple[int, int], number: Format) -> Problem:
    """Put everything far from the origin, vector and centre 2^-j apart."""
    x, centers, target = _drawn(draw, shape)
    x = number.round(1000 + x)
    power = draw.integers(0, 18, (shape[0], 1))
    return _with_own(x, 1000 + centers, target, x + np.ldexp(_spread(draw, x.shape), -power))


def _one_number(draw: Draw, shape: tuple[int, int], number: Format) -> Problem:
    """Let one number alone differ, by one over 2^j."""
    x, centers, target = _drawn(draw, shape)
    x = number.round(x)
    own, power = x.copy(), draw.integers(0, number.precision, shape[0])
    own[np.arange(shape[0]), draw.integers(0, x.shape[1], shape[0])] += np.ldexp(1.0, -power)
    return _with_own(x, centers, target, own)


def _about(square: float) -> Regime:
    """Return a regime of squared distances about one, from a half to twice that.

    The first is the one itself if that is a square of a number of the format.
    """

    def make(draw: Draw, shape: tuple[int, int], number: Format) -> Problem:
        _, centers, target = _drawn(draw, shape)
        way = _spread(draw, (shape[0], centers.shape[2])) + 0.125
        way /= np.sqrt((way * way).sum(axis=1, keepdims=True))
        length = np.sqrt(square * 2.0 ** (2 * draw.random((shape[0], 1)) - 1))
        x = length * way
        root = np.sqrt(square)
        if root == np.rint(root):
            x[0] = np.where(np.arange(x.shape[1]) == 0, root, 0.0)
        x *= min(1.0, number.largest / 8 / float(np.abs(x).max()))
        return _with_own(x, centers, target, np.zeros_like(x))

    return make


def _scaled(power: int, narrow: int) -> Regime:
    """Return a regime of vectors and centres times a power of two, a smaller one if narrow."""

    def make(draw: Draw, shape: tuple[int, int], number: Format) -> Problem:
        x, centers, target = _drawn(draw, shape)
        most = {True: narrow, False: 48}[number.emax < 32] if number.precision < 53 else 1 << 10
        size = 2.0 ** float(np.clip(power, -most, most))
        return size * x, size * centers, target

    return make


REGIMES: dict[str, Regime] = {
    "random": _random,
    "few steps apart": _few_steps(1.0),
    "few steps apart at 1000": _few_steps(1000.0),
    "offset 1000": _offset,
    "one number apart": _one_number,
    "squares about 1e-12": _about(ENDS[0]),
    "squares about 1e12": _about(ENDS[1]),
    "huge": _scaled(400, 5),
    "tiny": _scaled(-400, 5),
}

_NO = (0.0, 0.0, 0.0, 0.0)
_C = ((1.0, 0.0, -1.0, 2.0), (0.5, 0.5, 0.5, 0.5), (0.0, -2.0, 0.0, 0.0))
_FAR = (1024.0, 1024.0, 1024.0, 1024.0)

CENTER_EDGES: dict[str, tuple[tuple[float, ...], tuple[tuple[float, ...], ...], int]] = {
    "at its centre": (_C[1], _C, 1),
    "at another centre": (_C[0], _C, 1),
    "at the origin, first class": (_NO, _C, 0),
    "at the origin, last class": (_NO, _C, 2),
    "all centres at the origin": ((0.5, -1.0, 2.0, 0.25), (_NO, _NO, _NO), 1),
    "all at the origin": (_NO, (_NO, _NO, _NO), 2),
    "zeros of both signs": (_NO, ((-0.0, -0.0, -0.0, -0.0), *_C[1:]), 0),
    "all centres equal": ((1.0, 2.0, 3.0, 4.0), (_C[1], _C[1], _C[1]), 0),
    "5 apart": ((3.0, 0.0, 4.0, 0.0), (_C[0], _NO, _C[2]), 1),
    "one step apart at 1024": ((*_FAR[:3], 1025.0), (_C[0], _C[1], _FAR), 2),
    "square 1 along an axis": ((1.0, 0.0, 0.0, 0.0), (_C[0], _C[1], _NO), 2),
}
"""Name to vector, centres and label, the same numbers in every format."""


@lru_cache(maxsize=64)
def point_set(dtype: str, level: str = "standard", classes: int = CLASSES) -> PointSet:
    """Return the pinned points: columns are those of `crossval.oracles.center_columns.Layout`.

    Parameters
    ----------
    dtype : {"float64", "float32", "float16", "bfloat16"}
        Format under test.
    level : {"smoke", "standard", "full"}
        Points per regime; the named edges are always all there.
    classes : int
        How many there are; the named edges are left out of any number but `CLASSES`.

    Returns
    -------
    PointSet
        Regimes first, then the named edges.
    """
    number, count = format_of(dtype), ROWS[level]
    made = [make(_draw(name), (count, classes), number) for name, make in REGIMES.items()]
    edges = CENTER_EDGES if classes == CLASSES else {}
    named = np.array([(*x, *np.ravel(centers), y) for x, centers, y in edges.values()], float)
    named = named.reshape(-1, Layout(PARTS, classes).label + 1)
    blocks = [np.hstack([x, c.reshape(count, -1), y[:, None]]) for x, c, y in made]
    columns = number.round(np.concatenate([*blocks, named]))
    places = [name for name in REGIMES for _ in range(count)] + list(edges)
    numbers = np.arange(len(columns))
    special = numbers >= len(columns) - len(edges)
    return PointSet(
        VERSION, dtype, columns, upstreams(len(columns), number), np.array(places), special, numbers
    )


def _draw(name: str) -> Draw:
    return np.random.Generator(np.random.PCG64(zlib.crc32(f"{VERSION} {name}".encode())))
