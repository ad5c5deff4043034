"""The pinned points of heads, version ``heads@1``: whole problems of one embedding each.

A point is an embedding, a few classes, its label and, where a head has them, biases: the angle
between them, not the numbers, is what a head sees. A set is immutable under its name. Everything
lies on the grid of the format under test.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format, format_of
from crossval.oracles.head_columns import PARTS, Layout
from crossval.points.boxes import PointSet, upstreams

__all__ = [
    "CENTERED",
    "CLASSES",
    "HEAD_EDGES",
    "LAYOUTS",
    "REGIMES",
    "ROWS",
    "VERSION",
    "point_set",
]

VERSION = "heads@1"
CLASSES = 4
"""Classes of the pinned points; other numbers are drawn alike."""
LAYOUTS = {biased: Layout(PARTS, CLASSES, biased) for biased in (False, True)}
CENTERS = 2
"""Centres of a class of the pinned points, which then has half as many."""
CENTERED = Layout(PARTS, CLASSES // CENTERS, centers=CENTERS)
ROWS = {"smoke": 2, "standard": 16, "full": 300}
"""Points a regime: each has the gradient by a whole matrix."""

Draw = np.random.Generator
Problem = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Embeddings (n, D), classes (n, C, D) and labels (n,)."""
Shape = tuple[int, int, int]
"""Problems, classes, and numbers of an embedding."""
Regime = Callable[[Draw, Shape, Format], Problem]


def _spread(draw: Draw, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform in (-3, 3): nothing that depends on how a generator makes normal numbers."""
    return 6 * draw.random(shape) - 3


def _drawn(draw: Draw, shape: Shape) -> Problem:
    count, classes, parts = shape
    weight = _spread(draw, (count, classes, parts))
    return _spread(draw, (count, parts)), weight, draw.integers(0, classes, count)


def _random(draw: Draw, shape: Shape, number: Format) -> Problem:
    return _drawn(draw, shape)


def _near(way: float, steps: int, *, another: bool = False) -> Regime:
    """Return a regime in which the embedding is `way` times a class, to within a few steps."""

    def make(draw: Draw, shape: Shape, number: Format) -> Problem:
        _, weight, target = _drawn(draw, shape)
        turn = 1 + draw.integers(0, shape[1] - 1, shape[0]) if another else 0
        there = number.round(weight[np.arange(shape[0]), (target + turn) % shape[1]])
        moved = step(way * there, draw.integers(-steps, steps + 1, there.shape), number)
        return moved, weight, target

    return make


def _orthogonal(draw: Draw, shape: Shape, number: Format) -> Problem:
    """Put the embedding at a right angle to its class, exactly: small integers."""
    _, weight, target = _drawn(draw, shape)
    own = draw.integers(1, 9, (shape[0], shape[2])).astype(float)
    x = np.zeros_like(own)
    x[:, 0], x[:, 1] = -own[:, 1], own[:, 0]
    weight[np.arange(shape[0]), target] = own
    return x, weight, target


def _decided(way: float) -> Regime:
    """Return a regime in which the target's class lies along the embedding, all others against."""

    def make(draw: Draw, shape: Shape, number: Format) -> Problem:
        x, weight, target = _drawn(draw, shape)
        own = np.arange(shape[1]) == target[:, None]
        sign = np.where(own, way, -way)[:, :, None]
        return x, sign * x[:, None] + 0.25 * weight, target

    return make


def _scaled(of_x: int, of_weight: int, narrow: int) -> Regime:
    """Return a regime of embeddings and classes times powers of two, smaller ones if narrow."""

    def make(draw: Draw, shape: Shape, number: Format) -> Problem:
        x, weight, target = _drawn(draw, shape)
        most = narrow if number.emax < 32 else 1 << 10
        powers = [float(np.clip(power, -most, most)) for power in (of_x, of_weight)]
        return x * 2.0 ** powers[0], weight * 2.0 ** powers[1], target

    return make


def _lengths(draw: Draw, shape: Shape, number: Format) -> Problem:
    """Every class has a length of its own, from 2^-6 to 2^6."""
    x, weight, target = _drawn(draw, shape)
    return x, np.ldexp(weight, draw.integers(-6, 7, shape[:2])[:, :, None]), target


def _alike(draw: Draw, shape: Shape, number: Format) -> Problem:
    """All classes are one, to within a few steps."""
    x, weight, target = _drawn(draw, shape)
    one = number.round(np.repeat(weight[:, :1], shape[1], axis=1))
    return x, step(one, draw.integers(-3, 4, one.shape), number), target


REGIMES: dict[str, Regime] = {
    "random": _random,
    "near its class": _near(1.0, 8),
    "near another class": _near(1.0, 8, another=True),
    "opposite its class": _near(-1.0, 8),
    "at a right angle": _orthogonal,
    "confident": _decided(1.0),
    "wrong": _decided(-1.0),
    "classes of other lengths": _lengths,
    "classes alike": _alike,
    "long embeddings": _scaled(10, 0, 3),
    "short embeddings": _scaled(-10, 0, 3),
    "huge": _scaled(20, 20, 5),
    "tiny": _scaled(-33, -33, 5),
}

_W = ((1, 2, -2), (0, 3, 4), (-2, 1, 2), (6, -2, 3))
"""Classes whose lengths are the integers 3, 5, 3 and 7."""
_NO = (0, 0, 0)
_LEAST = 1e-12

HEAD_EDGES: dict[str, tuple[tuple[float, ...], tuple[tuple[float, ...], ...], int]] = {
    "its own class": ((1, 2, -2), _W, 0),
    "its own class, doubled": ((2, 4, -4), _W, 0),
    "another class": ((0, 3, 4), _W, 0),
    "opposite its class": ((-1, -2, 2), _W, 0),
    "opposite another class": ((0, -3, -4), _W, 0),
    "at right angles to its class": ((2, -1, 0), _W, 0),
    "at right angles to all": ((0, 0, 1), ((1, 0, 0), (0, 1, 0), (1, 1, 0), (-1, 2, 0)), 2),
    "along an axis": ((4, 0, 0), ((1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0)), 0),
    "against an axis": ((-4, 0, 0), ((1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0)), 0),
    "all classes equal": ((1, 2, 3), ((1, 2, -2),) * 4, 3),
    "all classes equal to it": ((1, 2, -2), ((1, 2, -2),) * 4, 1),
    "first class": ((3, 1, -1), _W, 0),
    "last class": ((3, 1, -1), _W, 3),
    # a vector without a direction
    "zero embedding": (_NO, _W, 0),
    "zero class, the target's": ((1, 2, 3), (_NO, *_W[1:]), 0),
    "zero class, another": ((1, 2, 3), (_NO, *_W[1:]), 1),
    "all zero": (_NO, (_NO,) * 4, 2),
    # lengths about the eps of conventions
    "length 1e-12": ((_LEAST, 0, 0), ((0, _LEAST, 0), *_W[1:]), 0),
    "length below 1e-12": ((_LEAST / 2, 0, 0), ((_LEAST / 4, 0, 0), *_W[1:]), 0),
    "length above 1e-12": ((_LEAST * 2, 0, 0), ((_LEAST * 4, 0, 0), *_W[1:]), 0),
    "length 1e-3": ((2.0**-10, 0, 0), ((0, 2.0**-10, 0), *_W[1:]), 1),
}
"""Name to embedding, classes and label; rounded to the format where it does not hold them."""


@lru_cache(maxsize=64)
def point_set(
    dtype: str,
    level: str = "standard",
    classes: int = CLASSES,
    *,
    parts: int = PARTS,
    biased: bool = False,
    centers: int = 0,
) -> PointSet:
    """Return the pinned points: columns are those of `crossval.oracles.head_columns.Layout`.

    Parameters
    ----------
    dtype : {"float64", "float32", "float16", "bfloat16"}
        Format under test.
    level : {"smoke", "standard", "full"}
        Points per regime; the named edges are always all there.
    classes : int
        How many there are; the named edges are left out of any number but `CLASSES`.
    parts : int
        Numbers of an embedding; the named edges are left out of any number but `PARTS`. One number
        has no right angle, and no such regime.
    biased : bool
        Whether classes have biases.
    centers : int
        How many vectors a class has a list of, 0 where it is one. The vectors are those of
        `centers` times as many classes, so that every regime is about one of the target's.

    Returns
    -------
    PointSet
        Regimes first, then the named edges.
    """
    number, count = format_of(dtype), ROWS[level]
    classes = classes * (centers or 1)
    regimes = {n: make for n, make in REGIMES.items() if parts > 1 or make is not _orthogonal}
    shape = count, classes, parts
    made = [make(_draw(name), shape, number) for name, make in regimes.items()]
    edges = HEAD_EDGES if (classes, parts) == (CLASSES, PARTS) else {}
    table = np.array([(*x, *np.ravel(weight)) for x, weight, _ in edges.values()], float)
    named = table.reshape(-1, parts * (1 + classes))
    x = np.concatenate([*(x for x, _, _ in made), named[:, :parts]])
    drawn = [weight.reshape(count, -1) for _, weight, _ in made]
    weight = np.concatenate([*drawn, named[:, parts:]])
    labels = [*(target for _, _, target in made), [label for _, _, label in edges.values()]]
    target = np.concatenate(labels)[:, None].astype(float) // (centers or 1)
    biases = [_spread(_draw("biases"), (len(x), classes))] if biased else []
    columns = np.hstack([number.round(x), number.round(weight), target, *map(number.round, biases)])
    places = [name for name in regimes for _ in range(count)] + list(edges)
    numbers = np.arange(len(columns))
    special = numbers >= len(columns) - len(edges)
    kind = "heads of biases" if biased else "heads of sub-centres" if centers else "heads"
    version = f"{kind}@{VERSION.partition('@')[2]}"
    upstream = upstreams(len(columns), number)
    return PointSet(version, dtype, columns, upstream, np.array(places), special, numbers)


def _draw(name: str) -> Draw:
    return np.random.Generator(np.random.PCG64(zlib.crc32(f"{VERSION} {name}".encode())))
