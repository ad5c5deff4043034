"""A loss of triplets under fixed conventions, as a function of columns, and what it may err by.

Two distances are known in two floats each, and so is their difference. Its sums of squares in D
numbers have parts whose rounding is at most 4 D^2 (log2 D + 2) u^2 of each distance, u half an ulp
of 1: that is all of the difference's error where its first floats cancel. Sizes beyond 2^60 and
below its inverse have one float alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

import refloss
from crossval.bits import dtype_of
from crossval.oracles.enclosure import Truth
from crossval.oracles.formats import format_of
from crossval.oracles.vector_columns import VectorColumns
from crossval.points.triplets import INPUTS
from refloss.losses import Spec, resolve

__all__ = ["ORACLE", "Terms", "TripletSubject"]

VALUE, GRADIENT, PRODUCT = 4, 8, 64
ORACLE = VectorColumns(3, labelled=False)
REACH = 2.0**60
CLOSE = 2.0**-20


class _Pair:
    """Sizes of what is made of a pair: differences, distance, its slope."""

    def __init__(self, first: np.ndarray, second: np.ndarray, c: Mapping[str, float], real: str):
        self.delta = np.abs(first - second + c["eps_difference"])
        top = np.maximum(self.delta.max(axis=1), np.sqrt(c.get("eps_sum", 0.0)))
        part = self.delta / np.where(top > 0, top, 1.0)[:, None]
        if "squared" in c:
            extra = np.sqrt(c["eps_sum"]) / np.where(top > 0, top, 1.0)
            root = np.sqrt((part * part).sum(axis=1) + extra * extra)
            self.unit = part / np.where(root > 0, root, 1.0)[:, None]
        else:
            root, self.unit = part.sum(axis=1), np.sign(part)
        self.distance = top * root
        parts, half = first.shape[1], np.finfo(real).eps / 2
        tame = (top > 1 / REACH) & (top < REACH)
        self.rest = np.where(tame, 0.0, self.distance)
        self.open = 4 * parts**2 * (np.log2(parts) + 2) * half**2 * self.distance
        with np.errstate(all="ignore"):
            self.over = np.where(self.distance > 0, 1 / self.distance, 0.0)[:, None]

    def turned(self, moves: np.ndarray) -> np.ndarray:
        """Return terms of the change of the unit vector."""
        along = (self.unit * moves).sum(axis=1, keepdims=True)
        return (moves + self.unit * along) * self.over


class Terms:
    """Σ|terms| of value, gradient and product at triplets, and what a second float leaves open."""

    def __init__(self, constants: Mapping[str, float], columns: np.ndarray, real: str):
        c = self.c = constants
        self.squared, self.rooted = c.get("squared", 0.0) > 0, "squared" in c
        anchor, positive, negative = np.split(columns, 3, axis=1)
        self.near, self.own = _Pair(anchor, positive, c, real), _Pair(anchor, negative, c, real)
        self.other = _Pair(positive, negative, c, real)
        self.gap = np.abs(negative - positive)
        self.sway = np.abs(anchor - negative) + 2 * c["eps_difference"]
        least, most = self.own.distance, self.other.distance * (1 + CLOSE)
        self.kept = (least <= most) if c["swap"] else np.ones(len(columns), bool)
        self.swapped = (least * (1 + CLOSE) >= self.other.distance) & (c["swap"] > 0)
        self.half = np.finfo(real).eps / 2

    def far(self, of) -> np.ndarray:
        """Return the larger of what `of` gives of the pairs that may be taken for the far one."""
        shape = (-1, *[1] * (of(self.own, self.gap).ndim - 1))
        kept = np.where(self.kept.reshape(shape), of(self.own, self.gap), 0.0)
        return np.maximum(
            kept, np.where(self.swapped.reshape(shape), of(self.other, self.sway), 0.0)
        )

    def lead(self, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the size of the difference of distances that makes a hinge, and what is open."""
        if self.squared:
            far = self.far(lambda pair, _: 2 * pair.distance * pair.open)
            rest = self.far(lambda pair, _: pair.rest * pair.distance)
            rest += self.near.rest * self.near.distance
            return value + rest, 2 * self.near.distance * self.near.open + far
        rest = self.near.rest + self.far(lambda pair, _: pair.rest)
        return value + rest, self.near.open + self.far(lambda pair, _: pair.open)

    def value(self, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return terms (n,), and what is open."""
        size, left = self.lead(value)
        left = left + 4 * self.half**2 * self.c["margin"]
        if self.c["soft"]:
            pull = -np.expm1(-value)
            return value + (size - value) * pull, pull * left
        active = value > 0
        return size * active, np.where(active | (left > 0), left, 0.0)

    def grad(self, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return terms of a component by every vector (n, 3 D), and what is open."""
        pull = np.where(value > 0, 1.0, 0.0)
        bend = 0 * pull
        if self.c["soft"]:
            pull = -np.expm1(-value)
            bend = pull * np.exp(-value)
        near, own, other = self.near, self.own, self.other
        if self.squared:
            by = (self._by(2 * self.gap, 2 * near.delta), self._by(2 * near.delta, 2 * self.sway))
            size = np.hstack([*by, self._by(2 * own.delta, 2 * other.delta)])
            open_ = 0 * size
        elif self.rooted:
            turn, back = self._turn(own, self.gap), self._turn(other, self.sway)
            by = (self._by(turn[0], near.unit), self._by(near.unit, back[0]))
            size = np.hstack([*by, self._by(own.unit, other.unit)])
            none = 0 * near.unit
            open_ = np.hstack([self._by(turn[1], none), self._by(none, back[1]), none])
        else:
            by = (self._by(near.unit + own.unit, near.unit), near.unit + other.unit * self._swaps)
            size = np.hstack([*by, self._by(own.unit, other.unit)])
            open_ = 0 * size
        rest, left = self.lead(0 * value)
        loose = (bend * (left + 4 * self.half * rest))[:, None] * size
        return size * pull[:, None], open_ * pull[:, None] + loose

    @property
    def _swaps(self) -> np.ndarray:
        return self.swapped[:, None].astype(float)

    def _by(self, kept: np.ndarray, swapped: np.ndarray) -> np.ndarray:
        """Return the larger of two arrays of terms, of those that may be meant."""
        return np.maximum(kept * self.kept[:, None], swapped * self._swaps)

    def _turn(self, far: _Pair, gap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return terms of a difference of two unit vectors, and what is open."""
        near = self.near
        longer = near.distance > far.distance
        over = np.where(longer[:, None], near.over, far.over)
        slant = np.where(longer[:, None], far.unit, near.unit)
        more = np.abs(near.distance - far.distance)
        more = more + (near.rest + far.rest)
        left = near.open + far.open
        return (gap + slant * more[:, None]) * over, slant * left[:, None] * over

    def hvp(self, size: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Return terms of the product with directions of this size (n, 3 D)."""
        anchor, positive, negative = np.split(size, 3, axis=1)
        pull = -np.expm1(-value) if self.c["soft"] else (value > 0).astype(float)
        near = self._second(self.near, anchor + positive)
        own = self._second(self.own, anchor + negative)
        other = self._second(self.other, positive + negative)
        if self.squared:
            by = (2 * (positive + negative), near), (near, 2 * (anchor + negative))
        else:
            by = (near + own, near), (near, near + other)
        turns = np.hstack([*(self._by(*each) for each in by), self._by(own, other)])
        if not self.c["soft"]:
            return turns * pull[:, None]
        terms = self.grad(np.full(len(value), 800.0))[0]
        along = (terms * size).sum(axis=1)
        bend = pull * np.exp(-value)
        return turns * pull[:, None] + terms * (bend * along)[:, None]

    def _second(self, pair: _Pair, moves: np.ndarray) -> np.ndarray:
        if not self.rooted:
            return 0 * moves
        return 2 * moves if self.squared else pair.turned(moves)


@dataclass(frozen=True)
class TripletSubject:
    """The triplet loss and its axes, a preset among them."""

    axes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join(f"{name}={value}" for name, value in self.axes.items()) or "default"

    @property
    def spec(self) -> Spec:
        """The definition."""
        axes = dict(self.axes)
        return resolve("triplet", axes.pop("preset", None), axes)

    def truth(self, columns: np.ndarray, upstream, direction=None) -> Truth:
        """Return certified results by columns."""
        return ORACLE.truth(self.spec, columns, upstream, hvp=direction)

    def decided(self, columns: np.ndarray) -> np.ndarray:
        """Return where two floats tell which of two distances from the negative is smaller.

        What differs by less than they resolve, beside an eps that is far larger, is taken for a
        tie. Of equal distances that are 0 the slopes by squares are equal too, and the slopes of
        those are not.
        """
        if not self.axes.get("swap"):
            return np.ones(len(columns), bool)
        return np.array([self._told(row) for row in columns])

    def _told(self, row: np.ndarray) -> bool:
        """Compare squares, or sums of sizes, in exact arithmetic."""
        anchor, positive, negative = np.split(np.array([Fraction(x) for x in row]), 3)
        added = Fraction(self.spec.constants["eps_difference"])
        power = 1 if self.axes.get("distance") == "manhattan" else 2
        own, other = (np.sum(np.abs(x - negative + added) ** power) for x in (anchor, positive))
        return abs(own - other) > max(own, other) * Fraction(2) ** -90

    def arguments(self, columns: np.ndarray, dtype: str = "float64") -> list[np.ndarray]:
        """Return the arrays of a call."""
        return np.split(columns.astype(dtype_of(format_of(dtype))), 3, axis=1)

    def value_and_grad(self, columns: np.ndarray, upstream, **how: Any):
        """Return values (n,) and gradients (n, 3 D)."""
        given = self.arguments(columns)
        value, grad = refloss.triplet.value_and_grad(*given, upstream=upstream, **self.axes, **how)
        return value, np.hstack(list(grad.values()))

    def hvp(self, columns: np.ndarray, direction, upstream, **how: Any) -> np.ndarray:
        """Return products (n, 3 D)."""
        dots = dict(zip(INPUTS, np.split(direction, 3, axis=1), strict=True))
        given = self.arguments(columns)
        found = refloss.triplet.hvp(*given, dots, upstream=upstream, **self.axes, **how)
        return np.hstack(list(found.values()))

    def value_bar(self, columns: np.ndarray, known: Truth, real: str = "float64") -> np.ndarray:
        """Return what values may err by: 4 ulp of the terms, and what is open."""
        size, left = self._terms(columns, real).value(known.value_hi)
        return VALUE * (_spacing(size, real) + left)

    def grad_bar(self, columns: np.ndarray, known: Truth, upstream, real="float64") -> np.ndarray:
        """Return what gradients may err by: 8 u Σ|terms|, and what is open."""
        size, left = self._terms(columns, real).grad(known.value_hi)
        bars = np.abs(upstream)[:, None]
        return GRADIENT * (_spacing(size * bars, real) + left * bars)

    def hvp_bar(
        self, columns: np.ndarray, known: Truth, direction, upstream, real="float64"
    ) -> np.ndarray:
        """Return what products may err by: 64 u Σ|terms|."""
        size = self._terms(columns, real).hvp(np.abs(direction), known.value_hi)
        return PRODUCT * _spacing(size * np.abs(upstream)[:, None], real)

    def _terms(self, columns: np.ndarray, real: str) -> Terms:
        with np.errstate(all="ignore"):
            return Terms(self.spec.constants, columns, real)


def _spacing(numbers: np.ndarray, real: str) -> np.ndarray:
    """Return the ulp of `real` at numbers >= 0; that of the largest where they are beyond."""
    with np.errstate(over="ignore"):
        held = np.minimum(numbers.astype(real), np.finfo(real).max)
    return np.spacing(held).astype(np.float64)
