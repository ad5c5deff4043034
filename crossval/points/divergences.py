"""The pinned points of divergences of a softmax, version ``divergences@1``.

A row is its logits, then its probabilities. Every fourth row has those of another softmax, every
fourth a class for certain, and half of all are close to the row's own softmax, by a part of 2^-2 to
2^-24 in each class: there the terms of a divergence cancel.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np

from crossval.oracles.formats import format_of
from crossval.points import rows
from crossval.points.boxes import ROWS, PointSet, upstreams

__all__ = ["DIVERGENCE_EDGES", "REGIMES", "point_set"]

VERSION = "divergences@1"
REGIMES = ("random", "wide", "confident", "wrong", "offset 1000", "small differences")

_SQUARES = 20
_HALF, _QUARTER = (0.5, 0.5, 0, 0, 0, 0), (0.25, 0.25, 0.25, 0.25, 0, 0)
DIVERGENCE_EDGES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "all zero, one class": ((0, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0)),
    "all equal, two classes": ((3, 3, 3, 3, 3, 3), _HALF),
    "confident by 16, and right": ((16, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0)),
    "confident by 64, and right": ((0, 64, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0)),
    "confident by 16, and half right": ((16, 0, 0, 0, 0, 0), _HALF),
    "wrong by 64": ((0, 64, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0)),
    "wrong by 8192": ((8192, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 1)),
    "two and four classes": ((8, 8, 0, 0, -8, -8), _QUARTER),
    "of both signs": ((4096, -4096, 0, 1, -1, 4080), _QUARTER),
    "large": ((1024, 1032, 1016, 1020, 1024, 1012), _HALF),
    "nothing asked": ((1, 2, 3, 4, 5, 6), (0, 0, 0, 0, 0, 0)),
    "twice asked": ((1, 2, 3, 4, 5, 6), (1, 1, 0, 0, 0, 0)),
}
"""Name to logits and probabilities, the same numbers in every format."""


@lru_cache(maxsize=32)
def point_set(dtype: str, level: str = "standard", classes: int = rows.CLASSES) -> PointSet:
    """Return the pinned points: columns are the logits, then the probabilities.

    Parameters
    ----------
    dtype : {"float64", "float32", "float16", "bfloat16"}
        Format under test.
    level : {"smoke", "standard", "full"}
        Rows per regime; the named edges are always all there.
    classes : int
        Logits a row; the named edges are left out of any number but that of the other rows' sets.
    """
    number, count = format_of(dtype), ROWS[level]
    drawn = []
    for name in REGIMES:
        draw = np.random.Generator(np.random.PCG64(zlib.crc32(f"{VERSION} {name}".encode())))
        logits, target = rows.REGIMES[name](draw, (count, classes), number)
        drawn.append(np.hstack([logits, _probabilities(draw, number.round(logits), target)]))
    edges = DIVERGENCE_EDGES if classes == rows.CLASSES else {}
    named = np.array([(*z, *q) for z, q in edges.values()], float).reshape(-1, 2 * classes)
    columns = np.concatenate([number.round(np.concatenate(drawn)), named])
    places = [name for name in REGIMES for _ in range(count)] + list(edges)
    numbers = np.arange(len(columns))
    special = numbers >= len(columns) - len(edges)
    upstream = upstreams(len(columns), number)
    return PointSet(VERSION, dtype, columns, upstream, np.array(places), special, numbers)


def _probabilities(draw: np.random.Generator, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Draw probabilities of four kinds by turns."""
    count, classes = logits.shape
    away = np.ldexp(1.0, -draw.integers(2, 25, (count, 1)))
    own = _softmax(logits) * (1 + away * (2 * draw.random(logits.shape) - 1))
    other = _softmax(6 * draw.random(logits.shape) - 3)
    sure = (np.arange(classes) == target[:, None]).astype(float)
    return _shares(np.stack([own, other, own, sure])[np.arange(count) % 4, np.arange(count)])


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax to 2^-30, the same bits on every machine: products and sums alone."""
    small = np.ldexp(logits - logits.max(axis=1, keepdims=True), -_SQUARES)
    mass = 1 + small * (1 + small / 2 * (1 + small / 3))
    for _ in range(_SQUARES):
        mass = mass * mass
    return _shares(mass)


def _shares(parts: np.ndarray) -> np.ndarray:
    """Return parts of their row's sum, added up in one order."""
    total = parts[:, 0]
    for column in parts.T[1:]:
        total = total + column
    return parts / total[:, None]
