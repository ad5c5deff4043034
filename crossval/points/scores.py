"""The pinned points of losses of scores with two sides, version ``scores@1``."""

from __future__ import annotations

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format
from crossval.points.elements import Draw, Elements, Regime

__all__ = ["COLUMNS", "SCORES"]

COLUMNS = ("scores", "target")


def _sides(draw: Draw, rows: int) -> np.ndarray:
    """Draw -1 and 1; every third is 0, the other class where classes are 0 and 1."""
    side = 1 - 2.0 * draw.integers(0, 2, rows)
    return np.where(np.arange(rows) % 3 == 2, 0.0, side)


def _within(scale: float) -> Regime:
    def make(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
        return scale * (2 * draw.random(rows) - 1), _sides(draw, rows)

    return make


def _at_the_margin(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Reach or miss a margin of 1 by up to three steps, under both ways to write 0."""
    target = _sides(draw, rows)
    side = np.where(target == 0, -1.0, target)
    return step(side, draw.integers(-3, 4, rows), number), target


def _apart(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Draw the margin times 1 ± 2^-j."""
    target = _sides(draw, rows)
    sign = 1 - 2.0 * draw.integers(0, 2, rows)
    far = np.ldexp(sign, -draw.integers(1, number.precision, rows))
    return np.where(target == 0, -1.0, target) * (1 + far), target


def _small(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    power = draw.integers(2, -number.emin, rows)
    sign = 1 - 2.0 * draw.integers(0, 2, rows)
    return sign * np.ldexp(1 + draw.random(rows), -power), _sides(draw, rows)


def _large(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Scores whose square is barely a number."""
    power = draw.integers(4, number.emax // 2 - 2, rows)
    sign = 1 - 2.0 * draw.integers(0, 2, rows)
    return sign * np.ldexp(1 + draw.random(rows), power), _sides(draw, rows)


REGIMES: dict[str, Regime] = {
    "random": _within(4.0),
    "wide": _within(64.0),
    "at the margin": _at_the_margin,
    "margin times 1 ± 2^-j": _apart,
    "small": _small,
    "large": _large,
}

_NAMED = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 2.0**-14, 2.0**-149, 2.0**13, -(2.0**13))
EDGES: dict[str, tuple[float, float]] = {
    f"{score:g} for {target:g}": (score, target) for score in _NAMED for target in (1.0, -1.0, 0.0)
}

SCORES = Elements("scores@1", REGIMES, EDGES)
