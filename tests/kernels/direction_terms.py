"""What losses of directions may err by: Σ|terms|, and what a second float leaves open.

Sizes are computed in extended precision. Below an angle of 2^-14 a difference of directions is what
a difference of products leaves across the second direction, whose terms are larger than itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .pair_terms import Terms

__all__ = ["CosineTerms", "NormalisedTerms"]

WIDE = np.longdouble
SMALL = 2.0**-14
DIRECTION = 16
"""What the two floats of a direction lack, in u^2, with those of the other."""


class _Side:
    """One vector: its direction, what divides it, and whether it is long enough."""

    def __init__(self, x: np.ndarray, least: float):
        top = np.abs(x).max(axis=1, keepdims=True)
        part = np.divide(x.astype(WIDE), top, where=top > 0, out=np.zeros(x.shape, WIDE))
        norm = top * np.sqrt((part * part).sum(axis=1, keepdims=True))
        self.length = np.maximum(norm, least)
        self.free = (norm >= least) & (norm > 0)
        self.over = np.divide(1, self.length, where=self.length > 0, out=np.zeros_like(norm))
        self.unit = part * (top * self.over)
        self.top = np.abs(self.unit).max(axis=1, keepdims=True)

    def moved(self, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return by how much the direction moves, and the length over itself."""
        unit = np.abs(self.unit)
        longer = self.free * (unit * size).sum(axis=1, keepdims=True) * self.over
        return size * self.over + unit * longer, longer


class NormalisedTerms(Terms):
    """Of the distance of unit vectors."""

    grain = 2.0**-62
    """What extended precision leaves of a distance that is a margin."""
    short = 0.0
    """What is taken away along the direction of a vector that is too short."""

    def measure(self, c: Mapping[str, float], x1: np.ndarray, x2: np.ndarray) -> None:
        """Find the directions and their distance."""
        self.sides = [_Side(x, c["least_norm"]) for x in (x1, x2)]
        first, second = (side.unit for side in self.sides)
        delta = first - second
        with np.errstate(all="ignore"):
            tilt = first - np.nan_to_num(self.sides[0].top / self.sides[1].top) * second
        lean = np.abs((tilt * second).sum(axis=1, keepdims=True))
        close = np.abs(delta).max(axis=1, keepdims=True) < SMALL
        self.wide = ~close[:, 0]
        more = np.where(close, np.abs(tilt) + lean * np.abs(second), 0)
        self.delta = np.maximum(np.abs(delta), more)
        self.chord = np.sqrt((delta * delta).sum(axis=1))
        lacks = [np.where(s.free[:, 0], 0, 1 - (s.unit**2).sum(axis=1)) for s in self.sides]
        self.kappa = (self.chord**2 + lacks[0] + lacks[1]) / 2
        self.distance = self.of_both()

    def of_both(self) -> np.ndarray:
        """Return the distance."""
        return self.chord

    def lost(self, by_sum: float) -> np.ndarray:
        """Return what the second float of a distance may lack, in u^2."""
        return by_sum * self.distance + DIRECTION * self.wide

    def across(self) -> list[np.ndarray]:
        """Return terms of what turns either vector, (n, D) each."""
        kappa = self.kappa[:, None]
        found = []
        for side in self.sides:
            along = np.where(side.free, kappa, self.short)
            found.append(self.delta + along * np.abs(side.unit))
        return found

    def turned(self, size: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return how far that moves, and how far lengths do over themselves."""
        moves, longer = zip(
            *(s.moved(p) for s, p in zip(self.sides, np.split(size, 2, axis=1), strict=True)),
            strict=True,
        )
        units = [np.abs(side.unit) for side in self.sides]
        cosine = (units[1] * moves[0] + units[0] * moves[1]).sum(axis=1, keepdims=True)
        kappa, found = self.kappa[:, None], []
        for side, unit, move in zip(self.sides, units, moves, strict=True):
            along, alongs = np.where(side.free, kappa, self.short), np.where(side.free, cosine, 0)
            found.append(moves[0] + moves[1] + alongs * unit + along * move)
        return found, list(longer)

    def over(self, parts: list[np.ndarray]) -> np.ndarray:
        """Return what either vector has, over its length (n, 2D)."""
        with np.errstate(over="ignore"):
            return np.hstack(
                [part * side.over for part, side in zip(parts, self.sides, strict=True)]
            )

    def slope(self) -> np.ndarray:
        """Return terms of the slopes of the distance (n, 2D)."""
        over = self._inverse()
        return self.over([part * over for part in self.across()])

    def twice(self) -> np.ndarray:
        """Return terms of the slopes of the squared distance (n, 2D)."""
        return 2 * self.over(self.across())

    def moved(self, size: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return how far a distance moves (n, 1), its slopes, and those of its square (n, 2D)."""
        across, (turns, longer), over = self.across(), self.turned(size), self._inverse()
        along = (self.slope() * size).sum(axis=1, keepdims=True)
        bent = [t + a * more for t, a, more in zip(turns, across, longer, strict=True)]
        ways = [b * over + a * over * along * over for b, a in zip(bent, across, strict=True)]
        return along, self.over(ways), 2 * self.over(bent)

    def _inverse(self) -> np.ndarray:
        chord = self.chord[:, None]
        return np.divide(1, chord, where=chord > 0, out=np.zeros_like(chord))


class CosineTerms(NormalisedTerms):
    """Of one less the cosine."""

    short = 1.0

    def of_both(self) -> np.ndarray:
        """Return the distance."""
        return self.kappa

    def slope(self) -> np.ndarray:
        """Return terms of the slopes of the distance (n, 2D)."""
        return self.over(self.across())

    def twice(self) -> np.ndarray:
        """Return terms of the slopes of the squared distance (n, 2D)."""
        return 2 * self.distance[:, None] * self.slope()

    def moved(self, size: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return how far a distance moves (n, 1), its slopes, and those of its square (n, 2D)."""
        turns, longer = self.turned(size)
        slope = self.slope()
        along = (slope * size).sum(axis=1, keepdims=True)
        parts = zip(turns, self.across(), longer, strict=True)
        turn = self.over([t + a * more for t, a, more in parts])
        return along, turn, 2 * (slope * along + self.distance[:, None] * turn)
