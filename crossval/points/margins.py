"""The pinned points of margin losses over rows of scores, version ``margins@1``.

Where the target's score leads another by just the margin, 1, and where several scores are the
largest, the losses have kinks: regimes come close to them on the format's grid, and named rows are
on them.
"""

from __future__ import annotations

import math
import zlib
from functools import lru_cache

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format, format_of
from crossval.points import rows
from crossval.points.boxes import ROWS, PointSet, upstreams

__all__ = ["MARGIN_EDGES", "REGIMES", "VERSION", "point_set"]

VERSION = "margins@1"
_LOW = -math.inf


def _at_the_margin(draw: rows.Draw, shape: rows.Shape, number: Format):
    """Put the target ahead of all others by 1, to within three steps each."""
    target = draw.integers(0, shape[1], shape[0])
    score = number.round(6 * draw.random((shape[0], 1)) - 3)
    behind = step(
        number.round(np.repeat(score - 1, shape[1], 1)), draw.integers(-3, 4, shape), number
    )
    return np.where(_is(target, shape), score, behind), target


def _apart(draw: rows.Draw, shape: rows.Shape, number: Format):
    """Put the target at 0 and all others at -(1 ± 2^-j)."""
    target = draw.integers(0, shape[1], shape[0])
    sign = 1 - 2.0 * draw.integers(0, 2, shape)
    others = -(1 + np.ldexp(sign, -draw.integers(1, number.precision, shape)))
    return np.where(_is(target, shape), 0.0, others), target


def _a_hair(draw: rows.Draw, shape: rows.Shape, number: Format):
    """Put all others at -1, the target off 0 by less than a sum of the two can hold."""
    target = draw.integers(0, shape[1], shape[0])
    sign = 1 - 2.0 * draw.integers(0, 2, (shape[0], 1))
    least = -number.emin
    power = draw.integers(number.precision // 2, min(least, 3 * number.precision), (shape[0], 1))
    return np.where(_is(target, shape), np.ldexp(sign, -power), -1.0), target


def _sides(draw: rows.Draw, shape: rows.Shape, number: Format):
    """Put every score at the margin's distance from 0, to within three steps."""
    sign = 1 - 2.0 * draw.integers(0, 2, shape)
    return step(sign, draw.integers(-3, 4, shape), number), draw.integers(0, shape[1], shape[0])


def _is(target: np.ndarray, shape: rows.Shape) -> np.ndarray:
    return np.arange(shape[1]) == target[:, None]


_SHARED = ("random", "wide", "very wide", "small differences", "near ties", "confident", "wrong")
_SHARED += ("very wrong", "offset 1000", "offset -1000", "one logit far below")
REGIMES: dict[str, rows.Regime] = {name: rows.REGIMES[name] for name in _SHARED} | {
    "at the margin": _at_the_margin,
    "margin times 1 ± 2^-j": _apart,
    "a hair off the margin": _a_hair,
    "scores at ±1": _sides,
}

MARGIN_EDGES: dict[str, tuple[tuple[float, ...], int]] = {
    "all zero": ((0, 0, 0, 0, 0, 0), 0),
    "all equal": ((3, 3, 3, 3, 3, 3), 5),
    "all equal, large": ((1024, 1024, 1024, 1024, 1024, 1024), 2),
    "margin reached by one": ((2, 1, 0, -2, 0.5, -3), 0),
    "margin reached by three": ((0, 1.5, 0.5, 0.5, -2, 0.5), 1),
    "margin reached by all": ((1.5, 0.5, 0.5, 0.5, 0.5, 0.5), 0),
    "margin reached by one, missed by another": ((2, 1, 1.5, -4, 0.5, -3), 0),
    "two largest others": ((0, 3, 3, 0.5, -0.5, -2), 0),
    "three largest others": ((3, 3, 3, 0.5, 2.5, -2), 4),
    "all others largest": ((2, 2, 2, 0.5, 2, 2), 3),
    "two largest, target one": ((4, 0.5, 4, 0, -2, 0.5), 2),
    "two largest others, none near": ((4, 0.5, 0.5, 0, -2, -3), 0),
    # categorical hinge: the target's place in the maximum holds a 0
    "largest other 0": ((0.5, 0, -2, -3, -4, -5), 0),
    "two largest others 0": ((0.5, 0, 0, -3, -4, -5), 0),
    "all others below 0": ((-0.5, -0.25, -2, -3, -4, -5), 1),
    "all others below 0, margin to 0 reached": ((-0.5, 1, -2, -3, -4, -5), 1),
    "all others below 0, margin to 0 kept": ((-0.5, 2, -2, -3, -4, -5), 1),
    # one against all: every score has a margin of its own
    "target at 1": ((1, -2, 0.5, -3, 0.25, -4), 0),
    "others at -1": ((0.5, -1, -1, 0.25, -1, -3), 0),
    "all at their side of the margin": ((-1, -1, -1, 1, -1, -1), 3),
    "all at the other side": ((1, 1, 1, -1, 1, 1), 3),
    "kept by 1024": ((0, 0, 1024, 0, 0, 0), 2),
    "kept by 8192": ((0, 0, 0, 0, 0, 8192), 5),
    "missed by 1024": ((0, 0, 1024, 0, 0, 0), 5),
    "missed by 8192": ((8192, 0, 0, 0, 0, 0), 5),
    "of both signs": ((4096, -4096, 0, 1, -1, 4080), 5),
    "a hair above the margin": ((-(2.0**-20), -1, -2, -3, -4, -5), 0),
    "a hair below the margin": ((2.0**-20, -1, -2, -3, -4, -5), 0),
    "-inf elsewhere": ((1, _LOW, 2, 0.5, -0.5, 3), 0),
    "-inf in all but two": ((1, _LOW, _LOW, _LOW, _LOW, 3), 0),
    "-inf in all but the target": ((_LOW, _LOW, 2, _LOW, _LOW, _LOW), 2),
}
"""Name to scores and class, the same numbers in every format."""


@lru_cache(maxsize=32)
def point_set(dtype: str, level: str = "standard", classes: int = rows.CLASSES) -> PointSet:
    """Return the pinned points: columns are the scores, then the class.

    Parameters
    ----------
    dtype : {"float64", "float32", "float16", "bfloat16"}
        Format under test.
    level : {"smoke", "standard", "full"}
        Rows per regime; the named edges are always all there.
    classes : int
        Scores a row; the named edges are left out of any number but `rows.CLASSES`.

    Returns
    -------
    PointSet
        Regimes first, then the named edges.
    """
    number, count = format_of(dtype), ROWS[level]
    made = [make(_draw(name), (count, classes), number) for name, make in REGIMES.items()]
    edges = MARGIN_EDGES if classes == rows.CLASSES else {}
    table = np.array([scores for scores, _ in edges.values()], float).reshape(-1, classes)
    target = np.array([target for _, target in edges.values()], int)
    scores = np.concatenate([*(number.round(each) for each, _ in made), table])
    targets = np.concatenate([*(each for _, each in made), target])
    columns = np.hstack([scores, targets[:, None]])
    places = [name for name in REGIMES for _ in range(count)] + list(edges)
    numbers = np.arange(len(columns))
    special = numbers >= len(columns) - len(edges)
    return PointSet(
        VERSION, dtype, columns, upstreams(len(columns), number), np.array(places), special, numbers
    )


def _draw(name: str) -> rows.Draw:
    return np.random.Generator(np.random.PCG64(zlib.crc32(f"{VERSION} {name}".encode())))
