"""The pinned points of the row losses, version ``rows@1``: regimes, named edges, upstreams.

A set is immutable under its name, as for boxes. Logits lie on the grid of the format under test;
the class is a number like them, and so are probabilities.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format, format_of
from crossval.points.boxes import ROWS, PointSet, upstreams
from crossval.points.row_edges import ROW_EDGES

VERSION = "rows@1"
SOFT_VERSION = "rows of probabilities@1"
CLASSES = 6
"""Classes of the pinned rows; other numbers are drawn alike."""


def columns(classes: int, *, soft: bool) -> tuple[str, ...]:
    """Return the names of the columns of rows of `classes` logits."""
    goal = [f"q{c}" for c in range(classes)] if soft else ["class"]
    return (*(f"z{c}" for c in range(classes)), *goal)


COLUMNS = columns(CLASSES, soft=False)
SOFT_COLUMNS = columns(CLASSES, soft=True)

Draw = np.random.Generator
Shape = tuple[int, int]
Regime = Callable[[Draw, Shape, Format], tuple[np.ndarray, np.ndarray]]


def _scaled(scale: float) -> Regime:
    def make(draw: Draw, shape: Shape, number: Format) -> tuple[np.ndarray, np.ndarray]:
        return scale * _spread(draw, shape), _classes(draw, shape)

    return make


def _ahead(least: float, most: float) -> Regime:
    """Return a regime in which the target leads (or, below 0, trails) all others."""

    def make(draw: Draw, shape: Shape, number: Format) -> tuple[np.ndarray, np.ndarray]:
        logits, target = _spread(draw, shape), _classes(draw, shape)
        lead = least + (most - least) * draw.random(shape[0])
        here = np.arange(shape[0]), target
        others = np.where(np.arange(shape[1]) == target[:, None], -np.inf, logits)
        logits[here] = others.max(axis=1) + lead
        return logits, target

    return make


def _near_ties(draw: Draw, shape: Shape, number: Format) -> tuple[np.ndarray, np.ndarray]:
    """All logits a few steps apart on the format's grid."""
    base = number.round(4 * _spread(draw, shape)[:, :1])
    steps = draw.integers(-3, 4, shape)
    return step(np.broadcast_to(base, steps.shape), steps, number), _classes(draw, shape)


def _offset(amount: float) -> Regime:
    def make(draw: Draw, shape: Shape, number: Format) -> tuple[np.ndarray, np.ndarray]:
        return amount + _spread(draw, shape), _classes(draw, shape)

    return make


def _one_far(draw: Draw, shape: Shape, number: Format) -> tuple[np.ndarray, np.ndarray]:
    """One logit, never the target's, thousands below the others."""
    logits, target = _spread(draw, shape), _classes(draw, shape)
    count, classes = shape
    other = (target + 1 + draw.integers(0, classes - 1, count)) % classes
    logits[np.arange(count), other] -= 1024 * (1 + draw.random(shape[0]))
    return logits, target


REGIMES: dict[str, Regime] = {
    "random": _scaled(1.0),
    "wide": _scaled(8.0),
    "very wide": _scaled(512.0),
    "small differences": _scaled(2.0**-10),
    "near ties": _near_ties,
    "confident": _ahead(1.0, 30.0),
    "very confident": _ahead(30.0, 700.0),
    "wrong": _ahead(-30.0, -1.0),
    "very wrong": _ahead(-4000.0, -30.0),
    "offset 1000": _offset(1000.0),
    "offset -1000": _offset(-1000.0),
    "one logit far below": _one_far,
}


def _spread(draw: Draw, shape: Shape) -> np.ndarray:
    """Uniform in (-3, 3): nothing that depends on how a generator makes normal numbers."""
    return 6 * draw.random(shape) - 3


def _classes(draw: Draw, shape: Shape) -> np.ndarray:
    return draw.integers(0, shape[1], shape[0])


@lru_cache(maxsize=32)
def point_set(dtype: str, level: str = "standard", classes: int = CLASSES) -> PointSet:
    """Return the pinned points with classes: columns are the logits, then the class.

    Parameters
    ----------
    dtype : {"float64", "float32", "float16", "bfloat16"}
        Format under test.
    level : {"smoke", "standard", "full"}
        Rows per regime; the named edges are always all there.
    classes : int
        Logits a row; the named edges are rows of `CLASSES`, and left out of any other.

    Returns
    -------
    PointSet
        Regimes first, then the named edges.
    """
    number = format_of(dtype)
    logits, targets = _regimes(number, (ROWS[level], classes))
    names, table, classes_of = _edges(classes)
    table, target = np.concatenate([logits, table]), np.concatenate([targets, classes_of])
    return _set(VERSION, number, level, np.hstack([table, target[:, None]]), names)


@lru_cache(maxsize=32)
def soft_point_set(dtype: str, level: str = "standard", classes: int = CLASSES) -> PointSet:
    """Return the pinned points with probabilities: as `point_set`, the class spread out.

    A third of the rows keep all on their class, a third spread a part of it, a third all of it.
    """
    number = format_of(dtype)
    logits, targets = _regimes(number, (ROWS[level], classes))
    names, table, classes_of = _edges(classes)
    finite = np.asarray(np.isfinite(table).all(axis=1))
    names = [name for name, usable in zip(names, finite, strict=True) if usable]
    table = np.concatenate([logits, table[finite]])
    target = np.concatenate([targets, classes_of[finite]])
    draw = _draw(SOFT_VERSION)
    weights = draw.integers(1, 16, table.shape).astype(float)
    spread = weights / weights.sum(axis=1, keepdims=True)
    share = np.array([0.0, 0.25, 1.0])[np.arange(len(table)) % 3][:, None]
    hard = (np.arange(classes) == target[:, None]).astype(float)
    columns = np.hstack([table, number.round((1 - share) * hard + share * spread)])
    return _set(SOFT_VERSION, number, level, columns, names)


def _edges(classes: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return names, logits and classes of the named edges that have so many classes."""
    named = {n: edge for n, edge in ROW_EDGES.items() if len(edge[0]) == classes}
    table = np.array([logits for logits, _ in named.values()], float).reshape(-1, classes)
    return list(named), table, np.array([target for _, target in named.values()], int)


def _regimes(number: Format, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    made = [make(_draw(f"{VERSION} {name}"), shape, number) for name, make in REGIMES.items()]
    logits, targets = (np.concatenate(parts) for parts in zip(*made, strict=True))
    return number.round(logits), targets


def _draw(name: str) -> Draw:
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def _set(
    version: str, number: Format, level: str, columns: np.ndarray, edges: list[str]
) -> PointSet:
    places = [name for name in REGIMES for _ in range(ROWS[level])] + edges
    numbers = np.arange(len(columns))
    special = numbers >= len(columns) - len(edges)
    upstream = upstreams(len(columns), number)
    return PointSet(version, number.name, columns, upstream, np.array(places), special, numbers)
