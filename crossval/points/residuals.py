"""The pinned points of losses of a difference, version ``residuals@1``."""

from __future__ import annotations

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format
from crossval.points.elements import Draw, Elements, Regime

__all__ = ["COLUMNS", "KNEES", "RESIDUALS"]

COLUMNS = ("pred", "target")

KNEES = (1.0, 0.5, 0.125, 2.0)
"""Differences at which published losses change their arm; 1/9 is on no grid."""


def _wide(scale: float, offset: float = 0.0) -> Regime:
    def make(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
        return scale * _spread(draw, rows) + offset, scale * _spread(draw, rows) + offset

    return make


def _near(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Return numbers a few steps of the grid apart, or not at all."""
    pred = number.round(8 * _spread(draw, rows))
    return pred, step(pred, draw.integers(-3, 4, rows), number)


def _relative(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    pred = number.round(8 * _spread(draw, rows))
    sign = 1 - 2.0 * draw.integers(0, 2, rows)
    return pred, pred * (1 + np.ldexp(sign, -draw.integers(1, number.precision, rows)))


def _at_knees(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Differences of a knee, and up to three steps beside it."""
    sign = 1 - 2.0 * draw.integers(0, 2, rows)
    knee = np.array(KNEES)[np.arange(rows) % len(KNEES)]
    return step(sign * knee, draw.integers(-3, 4, rows), number), np.zeros(rows)


def _small(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Differences from 1/4 down to where a square is barely a number."""
    power = draw.integers(2, -number.emin // 2 - 2, rows)
    return np.ldexp(1 + draw.random(rows), -power), np.zeros(rows)


def _large(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Differences whose square is barely a number."""
    power = draw.integers(4, number.emax // 2 - 2, rows)
    sign = 1 - 2.0 * draw.integers(0, 2, rows)
    return sign * np.ldexp(1 + draw.random(rows), power), _spread(draw, rows)


def _spread(draw: Draw, rows: int) -> np.ndarray:
    """Uniform in (-2, 2)."""
    return 4 * draw.random(rows) - 2


REGIMES: dict[str, Regime] = {
    "random": _wide(1.0),
    "wide": _wide(64.0),
    "offset 1000": _wide(1.0, 1000.0),
    "few steps apart": _near,
    "apart by 1 ± 2^-j": _relative,
    "at a knee": _at_knees,
    "small": _small,
    "large": _large,
}

EDGES: dict[str, tuple[float, float]] = {
    "both 0": (0.0, 0.0),
    "0 and -0": (0.0, -0.0),
    "equal": (1.5, 1.5),
    "equal, large": (1024.0, 1024.0),
    # 2 d leaves float16, and so does the slope of the square: upstream is above 1 at this place.
    "far apart": (2.0**14, -(2.0**14)),
    "equal, negative": (-0.375, -0.375),
    **{f"{sign}{knee:g} apart": (float(f"{sign}{knee}"), 0.0) for knee in KNEES for sign in "+-"},
    "+1 apart, offset": (3.5, 2.5),
    "-1 apart, offset": (2.5, 3.5),
    "800 apart": (800.0, 0.0),
    "64 below": (-32.0, 32.0),
    "tiny": (2.0**-14, 0.0),
    "tiny, below 0": (-(2.0**-14), 2.0**-14),
    "least difference of float16": (2.0**-24, 0.0),
    "least difference of bfloat16": (2.0**-133, 0.0),
    "least difference of float32": (2.0**-149, 0.0),
}

RESIDUALS = Elements("residuals@1", REGIMES, EDGES)
