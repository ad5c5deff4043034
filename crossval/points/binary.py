"""Pinned points of losses of two classes: ``binary@1`` of logits, ``probabilities@1``.

The target is the probability of one of the two classes: 0, 1, or between them.
"""

from __future__ import annotations

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format
from crossval.points.elements import Draw, Elements, Regime

__all__ = ["LOGITS", "LOGIT_COLUMNS", "PROBABILITIES", "PROBABILITY_COLUMNS", "wanted"]

LOGIT_COLUMNS = ("logits", "target")
PROBABILITY_COLUMNS = ("probs", "target")

FLOORS = (1e-7, 1e-8, 1e-6, 1e-12)
"""Where libraries clip probabilities."""

_BESIDE = (0, 1, -1, 2, -2, 3, -3)
_SATURATED = 10_000.0


def wanted(draw: Draw, rows: int) -> np.ndarray:
    """Targets: 0, 1, smoothed, and anything between, by turns."""
    turn = np.arange(rows) % 4
    hard = draw.integers(0, 2, rows).astype(float)
    smoothed = 0.05 + 0.9 * hard
    return np.select(
        [turn == 0, turn == 1, turn == 2], [hard, 1 - hard, smoothed], draw.random(rows)
    )


def _signs(draw: Draw, rows: int) -> np.ndarray:
    return 1 - 2.0 * draw.integers(0, 2, rows)


def _within(scale: float) -> Regime:
    def make(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
        return scale * (2 * draw.random(rows) - 1), wanted(draw, rows)

    return make


def _decided(right: bool) -> Regime:
    """Logits far to the side of the target, or to the other; smoothed targets too."""

    def make(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
        target = wanted(draw, rows)
        side = np.where((target > 0.5) == right, 1.0, -1.0)
        return side * (8 + 112 * draw.random(rows)), target

    return make


def _saturated(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Logits up to ten thousand, where every sigmoid is 0 or 1."""
    power = 7 + draw.random(rows) * (np.log2(_SATURATED) - 7)
    return _signs(draw, rows) * np.exp2(power), wanted(draw, rows)


def _near_0(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    power = draw.integers(2, -number.emin, rows)
    return _signs(draw, rows) * np.ldexp(1 + draw.random(rows), -power), wanted(draw, rows)


def _at_the_optimum(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Logits whose sigmoid is the target, or up to three steps away."""
    target = number.round(0.02 + 0.96 * draw.random(rows))
    logits = number.round(np.log(target) - np.log1p(-target))
    return step(logits, draw.integers(-3, 4, rows), number), target


LOGIT_REGIMES: dict[str, Regime] = {
    "random": _within(4.0),
    "wide": _within(64.0),
    "right": _decided(True),
    "wrong": _decided(False),
    "saturated": _saturated,
    "near 0": _near_0,
    "at the optimum": _at_the_optimum,
}

_BY_TARGET = {"0": 0.0, "1": 1.0, "1/2": 0.5, "1/4": 0.25}
_NAMED_LOGITS = (
    *(0.0, -0.0, 1.0, -1.0),
    *(16.5, -16.5, 17.5, -17.5),  # 1 + exp(-x) becomes 1 in float32
    *(20.5, -20.5),  # beyond the threshold of torch's softplus
    *(36.5, -36.5, 38.0, -38.0),  # 1 + exp(-x) becomes 1 in float64
    *(88.5, -88.5, 89.0, -89.0, 104.0, -104.0),  # the ends of exp in float32
    *(709.0, -709.0, 710.0, -710.0, 745.0, -745.0, 746.0, -746.0),  # and in float64
    *(_SATURATED, -_SATURATED),
    *(2.0**-14, -(2.0**-24), 2.0**-149),
)
LOGIT_EDGES: dict[str, tuple[float, float]] = {
    f"{logit:g} for {name}": (logit, target)
    for logit in _NAMED_LOGITS
    for name, target in _BY_TARGET.items()
}


def _probabilities(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    return draw.random(rows), 0.02 + 0.96 * draw.random(rows)


def _decided_probabilities(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    return draw.random(rows), draw.integers(0, 2, rows).astype(float)


def _powers(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Down to where only subnormal numbers are left."""
    return np.ldexp(1.0, -draw.integers(1, -number.emin, rows)), wanted(draw, rows)


def _near_1(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    return 1 - np.ldexp(1.0, -draw.integers(1, number.precision + 1, rows)), wanted(draw, rows)


def _apart(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Draw the target times 1 ± 2^-j."""
    target = number.round(0.02 + 0.47 * draw.random(rows))
    power = -draw.integers(1, number.precision, rows)
    return target * (1 + np.ldexp(_signs(draw, rows), power)), target


def _at_floors(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray, ...]:
    """Where libraries clip, from 0 and from 1, up to three steps beside it."""
    turn = np.arange(rows)
    floor = number.round(np.array(FLOORS)[turn % len(FLOORS)])
    beside = np.array(_BESIDE)[turn // (2 * len(FLOORS)) % len(_BESIDE)]
    low = np.maximum(step(floor, beside, number), 0.0)
    high = np.minimum(step(number.round(1 - floor), beside, number), 1.0)
    return np.where(turn // len(FLOORS) % 2 == 0, low, high), wanted(draw, rows)


PROBABILITY_REGIMES: dict[str, Regime] = {
    "random": _probabilities,
    "hard targets": _decided_probabilities,
    "2^-j": _powers,
    "1 - 2^-j": _near_1,
    "apart by 1 ± 2^-j": _apart,
    "at floors": _at_floors,
}

_NAMED_PROBABILITIES = {
    "0": 0.0,
    "1": 1.0,
    "1/2": 0.5,
    "1/4": 0.25,
    "3/4": 0.75,
    "2^-14": 2.0**-14,
    "1 - 2^-8": 1 - 2.0**-8,
    "1 - 2^-11": 1 - 2.0**-11,
    "1 - 2^-24": 1 - 2.0**-24,
    "1 - 2^-53": 1 - 2.0**-53,
    "least of float16": 2.0**-24,
    "least of bfloat16": 2.0**-133,
    "2^-144, e^-100 above it": 2.0**-144,
    "2^-145, e^-100 below it": 2.0**-145,
    "least of float32": 2.0**-149,
    "2^-1000": 2.0**-1000,
}
PROBABILITY_EDGES: dict[str, tuple[float, float]] = {
    f"{words} for {name}": (probability, target)
    for words, probability in _NAMED_PROBABILITIES.items()
    for name, target in _BY_TARGET.items()
}

LOGITS = Elements("binary@1", LOGIT_REGIMES, LOGIT_EDGES)
PROBABILITIES = Elements("probabilities@1", PROBABILITY_REGIMES, PROBABILITY_EDGES)
