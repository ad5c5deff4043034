"""Ties: comparisons of exactly equal numbers, where a loss has several derivatives."""

from __future__ import annotations

from typing import Any

__all__ = ["Ties", "Undecided"]


class Undecided(ArithmeticError):
    """A comparison that the present enclosures cannot decide; a higher precision may."""


class Ties:
    """The tied comparisons of one evaluation, each resolved by one bit.

    A tie is one binary decision however often it is asked: ``max(a, b)`` and ``min(a, b)`` of the
    same two objects follow the same bit, which says that the first one is the greater.  Objects
    are told apart by identity, so a named quantity that is compared twice is decided once.
    Everything else is numbered by first occurrence, which is the same in every evaluation of a
    straight-line text.

    Parameters
    ----------
    resolution : tuple of bool
        Bits of the ties in order of occurrence; ties beyond it resolve to False.
    """

    def __init__(self, resolution: tuple[bool, ...] = ()):
        self._resolution = resolution
        self._bits: dict[tuple[int, int], bool] = {}
        self._alive: list[Any] = []  # an identity is unique only while its object lives
        self.count = 0

    def greater(self, a: Any, b: Any) -> bool:
        """Whether `a` counts as greater than `b`, which has exactly the same value."""
        key = (id(a), id(b))
        if key not in self._bits:
            bit = self._resolution[self.count] if self.count < len(self._resolution) else False
            self.count += 1
            self._alive += [a, b]
            self._bits[key] = bit
            self._bits[id(b), id(a)] = not bit
        return self._bits[key]
