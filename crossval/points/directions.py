"""The pinned pairs of directions, version ``directions@1``.

A loss of directions sees an angle. Regimes put it about the angles at which margins are met, by the
distance of unit vectors and by one less the cosine, on both sides and within a few steps; near 0
and near half a turn, where cosines have no digits left; and give vectors lengths whose squares
leave the range. Named pairs that coincide have norms that are no roots, so that the truth is known.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format
from crossval.points.boxes import PointSet
from crossval.points.pairs import PARTS, Draw, Pair, pinned, spread

__all__ = ["DIRECTION_EDGES", "REGIMES", "VERSION", "point_set"]

VERSION = "directions@1"
COSINE_DISTANCES = (0.5, 0.25, 0.125, 0.03125, 1.0)
"""1 - cosine about which conventions part: margins of it, and of the distance of unit vectors."""


def _random(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    return spread(draw, shape), spread(draw, shape)


def _turned(draw: Draw, first: np.ndarray, kappa: np.ndarray) -> np.ndarray:
    """Return vectors at an angle from others, in a plane that is drawn."""
    unit = first / np.sqrt((first * first).sum(axis=1, keepdims=True))
    other = spread(draw, first.shape) + 0.125
    other = other - unit * (unit * other).sum(axis=1, keepdims=True)
    size = np.sqrt((other * other).sum(axis=1, keepdims=True))
    across = np.divide(other, size, where=size > 2.0**-40, out=np.zeros_like(other))
    length = np.exp2(2 * spread(draw, (len(first), 1)))
    return length * ((1 - kappa) * unit + np.sqrt(kappa * (2 - kappa)) * across)


def _at_a_margin(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    """Put the angle where a margin is met, as nearly as the format can."""
    first = number.round(spread(draw, shape))
    return first, _turned(draw, first, draw.choice(COSINE_DISTANCES, (shape[0], 1)))


def _near_a_margin(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    """Put 1 - cosine at that times 1 ± 2^-j."""
    sign = 1 - 2.0 * draw.integers(0, 2, (shape[0], 1))
    power = draw.integers(1, number.precision, (shape[0], 1))
    kappa = draw.choice(COSINE_DISTANCES, (shape[0], 1)) * (1 + np.ldexp(sign, -power))
    first = number.round(spread(draw, shape))
    return first, _turned(draw, first, kappa)


def _few_steps(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    """Move every number by up to three steps, and double some of the vectors."""
    first = number.round(spread(draw, shape))
    moved = step(first, draw.integers(-3, 4, shape), number)
    return first, moved * np.exp2(draw.integers(0, 3, (shape[0], 1)))


def _narrow(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    """Turn by 2^-j, and take another length."""
    first = number.round(spread(draw, shape))
    turn = np.ldexp(spread(draw, shape), -draw.integers(4, number.precision, (shape[0], 1)))
    return first, (first + turn) * (1 + draw.random((shape[0], 1)))


def _opposite(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    """Turn the same by half a turn."""
    first, second = _narrow(draw, shape, number)
    return first, -second


def _lengths(draw: Draw, shape: tuple[int, int], number: Format) -> Pair:
    """Give vectors lengths from a format's smallest to its largest."""
    reach = np.frexp(number.largest)[1] - 4
    sizes = np.ldexp(1.0, np.trunc(reach * spread(draw, (2, shape[0], 1))).astype(int))
    return sizes[0] * (1 + spread(draw, shape)), sizes[1] * spread(draw, shape)


REGIMES = {
    "random": _random,
    "at a margin": _at_a_margin,
    "near a margin": _near_a_margin,
    "few steps apart": _few_steps,
    "nearly of one direction": _narrow,
    "nearly opposite": _opposite,
    "of any length": _lengths,
}

_NO = (0.0, 0.0, 0.0, 0.0)
_ONE = (1.0, 0.0, 0.0, 0.0)
_OTHER = (0.0, 2.0, 0.0, 0.0)
_HALVES = (0.5, 0.5, 0.5, 0.5)
_FIVE = (3.0, 0.0, 4.0, 0.0)
_PAIRS = {
    "coincident": (_HALVES, _HALVES),
    "of one direction": (_HALVES, (1.5, 1.5, 1.5, 1.5)),
    "of one direction, one twice the other": (_HALVES, (1.0, 1.0, 1.0, 1.0)),
    "opposite": (_FIVE, (-6.0, 0.0, -8.0, 0.0)),
    "at right angles": (_ONE, _OTHER),
    "two thirds of a right angle": (_ONE, _HALVES),
    "zero and another": (_NO, _ONE),
    "one and zero": (_HALVES, _NO),
    "zero vectors": (_NO, _NO),
    "the shorter is short": ((0.03125, 0.0, 0.0, 0.0), _HALVES),
    "both are short": ((0.03125, 0.0, 0.0, 0.0), (0.0, 0.0625, 0.0, 0.0)),
    "a length of 1/8": ((0.125, 0.0, 0.0, 0.0), _FIVE),
}

DIRECTION_EDGES = {
    f"{name}, {'one kind' if same else 'two kinds'}": (*pair, same)
    for name, pair in _PAIRS.items()
    for same in (1, 0)
}
"""Name to two vectors and the label, the same numbers in every format."""


@lru_cache(maxsize=32)
def point_set(dtype: str, level: str = "standard", parts: int = PARTS) -> PointSet:
    """Return the pinned points; see `crossval.points.pairs.point_set`."""
    return pinned(VERSION, REGIMES, DIRECTION_EDGES, (dtype, level, parts))
