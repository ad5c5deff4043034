"""Pinned points of logarithms of probabilities: ``log_probabilities@1``, and of two of them."""

from __future__ import annotations

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format
from crossval.points.binary import wanted
from crossval.points.elements import Draw, Elements, Regime

__all__ = ["BOTH", "COLUMNS", "LOGARITHMS"]

COLUMNS = ("log_probs", "target")
_FARTHEST = 10_000.0


def _share(draw: Draw, rows: int) -> np.ndarray:
    """Probabilities that are not 0."""
    return 0.02 + 0.96 * draw.random(rows)


def _far(draw: Draw, rows: int) -> np.ndarray:
    return -np.exp2(4 + draw.random(rows) * (np.log2(_FARTHEST) - 4))


def _certain(draw: Draw, rows: int, number: Format) -> np.ndarray:
    """Logarithms of probabilities near 1."""
    return -np.ldexp(1 + draw.random(rows), -draw.integers(2, -number.emin, rows))


def _tiny(draw: Draw, rows: int, number: Format) -> np.ndarray:
    """Probabilities down to where only subnormal numbers are left."""
    return np.ldexp(1.0, -draw.integers(1, -number.emin, rows))


def _random(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    return np.log(_share(draw, rows)), _share(draw, rows)


def _far_below(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    return _far(draw, rows), wanted(draw, rows)


def _near_1(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    return _certain(draw, rows, number), wanted(draw, rows)


def _of_little(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    return np.log(_share(draw, rows)), _tiny(draw, rows, number)


def _alike(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Draw the logarithm of the target, or up to three steps beside it."""
    target = number.round(_share(draw, rows))
    return step(number.round(np.log(target)), draw.integers(-3, 4, rows), number), target


REGIMES: dict[str, Regime] = {
    "random": _random,
    "far below": _far_below,
    "near 1": _near_1,
    "small targets": _of_little,
    "alike": _alike,
}
_NAMED = (0.0, -0.0, -0.5, -1.0, -16.0, -104.0, -746.0, -_FARTHEST, -(2.0**-14))
EDGES: dict[str, tuple[float, float]] = {
    f"{logarithm:g} for {target:g}": (logarithm, target)
    for logarithm in _NAMED
    for target in (0.0, 1.0, 0.5, 2.0**-14)
}


def _both_random(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    return np.log(_share(draw, rows)), np.log(_share(draw, rows))


def _both_wide(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    return _far(draw, rows), 64 * np.log(_share(draw, rows))


def _both_near_1(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    return _certain(draw, rows, number), _certain(draw, rows, number)


def _both_alike(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    target = number.round(8 * np.log(_share(draw, rows)))
    return step(target, draw.integers(-3, 4, rows), number), target


def _one_apart(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Draw a target 1 below, up to three steps beside it, where its slope is 0."""
    logarithm = number.round(np.log(_share(draw, rows)))
    return logarithm, step(number.round(logarithm - 1), draw.integers(-3, 4, rows), number)


BOTH_REGIMES: dict[str, Regime] = {
    "random": _both_random,
    "wide": _both_wide,
    "near 1": _both_near_1,
    "alike": _both_alike,
    "1 apart": _one_apart,
}
BOTH_EDGES: dict[str, tuple[float, float]] = {
    f"{logarithm:g} for {target:g}": (logarithm, target)
    for logarithm in _NAMED
    for target in (0.0, -1.0, -0.5, -104.0, -746.0, -_FARTHEST)
}

LOGARITHMS = Elements("log_probabilities@1", REGIMES, EDGES)
BOTH = Elements("log_probabilities_both@1", BOTH_REGIMES, BOTH_EDGES)
