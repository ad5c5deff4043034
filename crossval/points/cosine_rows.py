"""The pinned points of heads over given cosines, version ``cosine rows@1``.

The target's cosine is where a logit with a margin turns or ends; the others are anywhere, at the
ends too, and beside what becomes of the target's.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format, format_of
from crossval.points import cosines
from crossval.points.boxes import ROWS, PointSet, upstreams
from crossval.points.rows import CLASSES, Draw, Regime, Shape
from refloss.run.derived import two_floats

__all__ = ["COSINE_ROW_EDGES", "REGIMES", "VERSION", "columns", "point_set"]

VERSION = "cosine rows@1"
_COS, _SIN = (two_floats(f"{function}(1/2)")[0] for function in ("cos", "sin"))


def columns(classes: int) -> tuple[str, ...]:
    """Return the names of the columns of rows of `classes` cosines."""
    return (*(f"c{c}" for c in range(classes)), "class")


def _spread(draw: Draw, shape: Shape, most: float = 1.0) -> np.ndarray:
    return most * (2 * draw.random(shape) - 1)


def _labels(draw: Draw, shape: Shape) -> np.ndarray:
    return draw.integers(0, shape[1], shape[0])


def _with(target: np.ndarray, own: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return rows of `others` with `own` in the place of the target."""
    return np.where(np.arange(others.shape[1]) == target[:, None], own[:, None], others)


def _anywhere(draw: Draw, shape: Shape, number: Format):
    return _spread(draw, shape), _labels(draw, shape)


def _angles(draw: Draw, shape: Shape, number: Format):
    u = draw.random(shape)
    return (1 - 2 * u) / (1 - 2 * u + 2 * u * u), _labels(draw, shape)


def _between(least: float, most: float) -> Regime:
    """Return a regime in which the target's cosine lies between two, and the others near 0."""

    def make(draw: Draw, shape: Shape, number: Format):
        own = least + (most - least) * draw.random(shape[0])
        target = _labels(draw, shape)
        return _with(target, own, _spread(draw, shape, 0.25)), target

    return make


def _near_ties(draw: Draw, shape: Shape, number: Format):
    """All cosines a few steps apart."""
    base = number.round(_spread(draw, shape, 0.875)[:, :1])
    steps = draw.integers(-3, 4, shape)
    return step(np.broadcast_to(base, steps.shape), steps, number), _labels(draw, shape)


def _level(draw: Draw, shape: Shape, number: Format):
    """All others within 1/32 of what a margin of 1/2 makes of the target's cosine."""
    target = _labels(draw, shape)
    own = number.round(0.25 + 0.625 * draw.random(shape[0]))
    logit = own * _COS - np.sqrt((1 - own) * (1 + own)) * _SIN
    return _with(target, own, logit[:, None] + _spread(draw, shape, 1 / 32)), target


def _of_target(regime: Callable[..., tuple[np.ndarray, ...]], most: float = 1.0) -> Regime:
    """Return a regime whose target's cosines are those of a logit of one cosine."""

    def make(draw: Draw, shape: Shape, number: Format):
        own = regime(draw, shape[0], number)[0]
        target = _labels(draw, shape)
        return _with(target, own, number.round(_spread(draw, shape, most))), target

    return make


def _of_another(draw: Draw, shape: Shape, number: Format):
    """Put the cosines of all classes but the target's at an end, or a step off it."""
    ends = cosines.REGIMES["at the ends"](draw, shape[0] * shape[1], number)[0].reshape(shape)
    target = _labels(draw, shape)
    return _with(target, _spread(draw, (shape[0], 1), 0.875)[:, 0], ends), target


REGIMES: dict[str, Regime] = {
    "random": _anywhere,
    "random angles": _angles,
    "right": _between(0.75, 1.0),
    "wrong": _between(-1.0, -0.5),
    "near ties": _near_ties,
    "level with the target": _level,
    "target at the ends": _of_target(cosines.REGIMES["at the ends"]),
    "target at zeros and borders": _of_target(cosines.REGIMES["at zeros and borders"]),
    "target near zeros and borders": _of_target(cosines.REGIMES["near zeros and borders"], 0.5),
    "others at the ends": _of_another,
}

COSINE_ROW_EDGES: dict[str, tuple[tuple[float, ...], int]] = {
    "all 0": ((0, 0, 0, 0, 0, 0), 0),
    "all 1": ((1, 1, 1, 1, 1, 1), 5),
    "all -1": ((-1, -1, -1, -1, -1, -1), 2),
    "all 1/2": ((0.5, 0.5, 0.5, 0.5, 0.5, 0.5), 3),
    "target 1, others 0": ((1, 0, 0, 0, 0, 0), 0),
    "target 1, others -1": ((-1, -1, 1, -1, -1, -1), 2),
    "target -1, others 1": ((1, 1, 1, 1, 1, -1), 5),
    "target -1, others 0": ((0, -1, 0, 0, 0, 0), 1),
    "target and another 1": ((0, 1, 0, 1, -0.5, 0.25), 3),
    "another 1": ((1, 0.5, -0.5, 0.25, 0, -0.25), 4),
    "another -1": ((-1, 0.5, -0.5, 0.25, 0, -0.25), 2),
    "target 0.5": ((0.125, 0.5, -0.5, 0.25, 0, -0.25), 1),
    "target beyond every border": ((0.125, 0.5, -0.96875, 0.25, 0, -0.25), 2),
    "target 0": ((0.125, 0.5, -0.75, 0.25, 0, -0.25), 4),
}
"""Name to cosines and class, the same numbers in every format."""


@lru_cache(maxsize=32)
def point_set(dtype: str, level: str = "standard", classes: int = CLASSES) -> PointSet:
    """Return the pinned points: columns are the cosines, then the class.

    Parameters
    ----------
    dtype : {"float64", "float32", "float16", "bfloat16"}
        Format under test.
    level : {"smoke", "standard", "full"}
        Rows per regime; the named edges are always all there.
    classes : int
        Cosines a row; the named edges are left out of any number but `rows.CLASSES`.

    Returns
    -------
    PointSet
        Regimes first, then the named edges.
    """
    number, count = format_of(dtype), ROWS[level]
    made = [make(_draw(name), (count, classes), number) for name, make in REGIMES.items()]
    edges = COSINE_ROW_EDGES if classes == CLASSES else {}
    table = np.array([row for row, _ in edges.values()], float).reshape(-1, classes)
    rows = np.concatenate([*(number.round(each) for each, _ in made), table])
    targets = [*(each for _, each in made), np.array([t for _, t in edges.values()], int)]
    whole = np.hstack([rows, np.concatenate(targets)[:, None]])
    places = [name for name in REGIMES for _ in range(count)] + list(edges)
    numbers = np.arange(len(whole))
    special = numbers >= len(whole) - len(edges)
    upstream = upstreams(len(whole), number)
    return PointSet(VERSION, dtype, whole, upstream, np.array(places), special, numbers)


def _draw(name: str) -> Draw:
    return np.random.Generator(np.random.PCG64(zlib.crc32(f"{VERSION} {name}".encode())))
