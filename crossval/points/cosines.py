"""The pinned points of logits with an angular margin, version ``cosines@1``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format
from crossval.points.elements import Draw, Elements, Regime
from refloss.run.derived import two_floats

__all__ = ["COLUMNS", "COSINES", "MARGINS"]

COLUMNS = ("cosine",)

MARGINS = ("1/2", "2/5", "143*pi/900")
"""Margins in radians, the last 28.6 degrees, whose zeros and borders are among the points."""


def _turning() -> Iterator[float]:
    """Yield cosines at which a logit is 0, or a formula ends: of margins, and of multiples.

    They are computed with integers, for libraries of mathematics differ in the last digit.
    """
    for margin in MARGINS:
        for function in ("cos({})", "sin({})", "cos({}/2)"):
            cosine, _ = two_floats(function.format(margin))
            yield from (cosine, -cosine)
    for times in range(2, 6):
        for part in range(1, 2 * times):
            yield two_floats(f"cos({part}*pi/{2 * times})")[0]


_TURNING = np.array(list(_turning()))


def _within(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray]:
    return (2 * draw.random(rows) - 1,)


def _angles(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray]:
    """Draw cosines that are dense at both ends, by the tangent of half the angle."""
    u = draw.random(rows)
    return ((1 - 2 * u) / (1 - 2 * u + 2 * u * u),)


def _near_one(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray]:
    """Draw ±(1 - 2^-j)."""
    sign = 1 - 2.0 * draw.integers(0, 2, rows)
    return (sign * (1 - np.ldexp(1.0, -draw.integers(1, number.precision, rows))),)


def _at_the_ends(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray]:
    """Draw both ends, and up to two steps inside and one beyond, where rounding leaves cosines."""
    turn = np.arange(rows)
    sign = 1 - 2.0 * (turn % 2)
    outward = np.array([1, 0, -1, -2])[turn // 2 % 4]
    return (sign * step(np.ones(rows), outward, number),)


def _at_turns(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray]:
    """Draw zeros and borders, rounded, and the steps beside them: all that there is room for."""
    each, turn = draw.permutation(len(_TURNING)), np.arange(rows)
    exact = number.round(_TURNING[each[turn % len(each)]])
    return (step(exact, (turn + turn // len(each)) % 3 - 1, number),)


def _near_turns(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray]:
    """Draw zeros and borders, times 1 ± 2^-j."""
    sign = 1 - 2.0 * draw.integers(0, 2, rows)
    far = np.ldexp(sign, -draw.integers(3, number.precision, rows))
    return (np.clip(_TURNING[draw.integers(0, len(_TURNING), rows)] * (1 + far), -1, 1),)


def _small(draw: Draw, rows: int, number: Format) -> tuple[np.ndarray]:
    power = draw.integers(2, -number.emin, rows)
    sign = 1 - 2.0 * draw.integers(0, 2, rows)
    return (sign * np.ldexp(1 + draw.random(rows), -power),)


REGIMES: dict[str, Regime] = {
    "random": _within,
    "random angles": _angles,
    "1 - 2^-j": _near_one,
    "at the ends": _at_the_ends,
    "at zeros and borders": _at_turns,
    "near zeros and borders": _near_turns,
    "small": _small,
}

_NAMED = (1.0, 0.5, 0.3, 0.95, 0.0, 2.0**-14, 2.0**-149)
EDGES: dict[str, tuple[float]] = {
    f"{sign * size:.17g}": (sign * size,) for size in _NAMED for sign in (1.0, -1.0)
}

COSINES = Elements("cosines@1", REGIMES, EDGES)
