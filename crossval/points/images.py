"""The pinned points of losses of images with two classes, version ``images@1``.

A row is an image: the logits of its pixels, then their targets. Images hold few positives, many, or
one class alone; every fourth is soft.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np

from crossval.oracles.formats import format_of
from crossval.points.binary import LOGIT_REGIMES
from crossval.points.boxes import ROWS, PointSet, upstreams
from crossval.points.elements import Draw

__all__ = ["IMAGE_EDGES", "PIXELS", "REGIMES", "point_set"]

VERSION = "images@1"
PIXELS = 6
REGIMES = ("random", "wide", "right", "wrong", "saturated", "near 0")

IMAGE_EDGES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "all negative": ((0, 1, -1, 16.5, -16.5, 88.5), (0, 0, 0, 0, 0, 0)),
    "all positive": ((0, 1, -1, 16.5, -16.5, 88.5), (1, 1, 1, 1, 1, 1)),
    "one positive": ((1, -1, -1, -1, -1, -1), (1, 0, 0, 0, 0, 0)),
    "one negative": ((1, 1, 1, 1, 1, -1), (1, 1, 1, 1, 1, 0)),
    "one positive, missed by 8192": ((-8192, -1, -1, 0, -1, -1), (1, 0, 0, 0, 0, 0)),
    "all decided": ((104, -104, 746, -746, 38, -38), (1, 0, 1, 0, 1, 0)),
    "all zero, half positive": ((0, 0, 0, 0, 0, 0), (1, 1, 1, 0, 0, 0)),
    "all half": ((0, 1, -1, 20.5, -20.5, 0.5), (0.5, 0.5, 0.5, 0.5, 0.5, 0.5)),
}
"""Name to logits and targets, the same numbers in every format that holds them."""


@lru_cache(maxsize=32)
def point_set(dtype: str, level: str = "standard", pixels: int = PIXELS) -> PointSet:
    """Return the pinned points: columns are the logits of a row's pixels, then their targets.

    Parameters
    ----------
    dtype : {"float64", "float32", "float16", "bfloat16"}
        Format under test.
    level : {"smoke", "standard", "full"}
        Rows per regime; the named edges are always all there.
    pixels : int
        Pixels of an image; the named edges are left out of any number but `PIXELS`.
    """
    number, rows = format_of(dtype), ROWS[level]
    drawn = []
    for name in REGIMES:
        draw = np.random.Generator(np.random.PCG64(zlib.crc32(f"{VERSION} {name}".encode())))
        logits, _ = LOGIT_REGIMES[name](draw, rows * pixels, number)
        drawn.append(np.hstack([logits.reshape(rows, pixels), _targets(draw, rows, pixels)]))
    edges = {
        name: (*logits, *target)
        for name, (logits, target) in (IMAGE_EDGES if pixels == PIXELS else {}).items()
        if (number.round(np.array(logits, float)) == np.array(logits)).all()
    }
    named = np.array(list(edges.values()), float).reshape(len(edges), 2 * pixels)
    columns = np.concatenate([number.round(np.concatenate(drawn)), named])
    places = [name for name in REGIMES for _ in range(rows)] + list(edges)
    numbers = np.arange(len(columns))
    special = numbers >= len(columns) - len(edges)
    upstream = upstreams(len(columns), number)
    return PointSet(VERSION, dtype, columns, upstream, np.array(places), special, numbers)


def _targets(draw: Draw, rows: int, pixels: int) -> np.ndarray:
    """Draw maps of 0 and 1 with any share of 1, and soft ones."""
    share = draw.random((rows, 1))
    hard = (draw.random((rows, pixels)) < share).astype(float)
    soft = 0.02 + 0.96 * draw.random((rows, pixels))
    return np.where(np.arange(rows)[:, None] % 4 == 3, soft, hard)
