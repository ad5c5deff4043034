"""A loss of pairs under fixed conventions, as a function of columns, and what it may err by.

A distance is known in two floats. Its sum of squares in D numbers has parts whose rounding is at
most 4 D^2 (log2 D + 2) u^2 of it, u half an ulp of 1: the error of the second float, which is all
that a difference from the margin has where the first cancels. It counts times the slope of what is
made of that difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import refloss
from crossval.bits import dtype_of
from crossval.oracles.enclosure import Truth
from crossval.oracles.formats import format_of
from crossval.oracles.vector_columns import VectorColumns
from refloss.losses import Spec, resolve

__all__ = ["ORACLE", "PairSubject", "Terms"]

VALUE, GRADIENT, PRODUCT = 4, 8, 64
ORACLE = VectorColumns(2, labelled=True)


class Terms:
    """Σ|terms| of value, gradient and product at pairs, and what a second float leaves open."""

    grain = 0.0

    def __init__(self, constants: Mapping[str, float], columns: np.ndarray, real: str):
        c = constants
        self.alike = (columns[:, -1] == 1) ^ bool(c["different"])
        self.linear, self.legacy, self.factor = c["linear"] > 0, c["legacy"] > 0, c["factor"]
        self.measure(c, *np.split(columns[:, :-1], 2, axis=1))
        parts, half = columns.shape[1] // 2, np.finfo(real).eps / 2
        self.open = self.lost(4 * parts**2 * (np.log2(parts) + 2)) * half**2
        self.margin = c["margin"]
        self.lack = np.maximum(c["margin"] - self.distance, 0.0)
        self.near = self.distance < c["margin"] * (1 + 2.0**-20)
        self.near_square = self.distance**2 < c["margin"] * (1 + 2.0**-20)
        self.beyond = np.maximum(self.distance - c["positive_margin"], 0.0)

    def lost(self, by_sum: float) -> np.ndarray:
        """Return what the second float of a distance may lack, in u^2."""
        return by_sum * self.distance

    def measure(self, c: Mapping[str, float], x1: np.ndarray, x2: np.ndarray) -> None:
        """Find the differences, the distance, and the unit vector."""
        self.delta = np.abs(x1 - x2 + c["eps_difference"])
        top = self.delta.max(axis=1)
        with np.errstate(all="ignore"):
            part = np.where(top[:, None] > 0, self.delta / top[:, None], 0.0)
            self.distance = top * np.sqrt((part * part).sum(axis=1))
            self.unit = np.where(top[:, None] > 0, self.delta / self.distance[:, None], 0.0)

    def value(self) -> tuple[np.ndarray, np.ndarray]:
        """Return terms (n,), and what is open."""
        with np.errstate(over="ignore"):
            square = self.distance * self.distance
        if self.linear:
            pull, push = (self.beyond, self.open), (self.lack, self.open)
        elif self.legacy:
            pull, push = (square, 0 * square), (0 * square, 2 * self.distance * self.open)
            margin = np.where(self.near_square, 1.0, 0.0)
            push = (np.abs(self._flat()) * margin, push[1] * margin)
        else:
            pull = (square, 0 * square)
            push = (self.lack**2, (2 * self.lack + self.open) * self.open * self.near)
        return self._chosen(pull[0], push[0]), self._chosen(pull[1], push[1])

    def _flat(self) -> np.ndarray:
        """Return what is hinged of squares; filled in by the value, which has its digits."""
        return self.flat

    flat: np.ndarray

    def grad(self) -> tuple[np.ndarray, np.ndarray]:
        """Return terms of the components of both vectors (n, 2D), and what is open."""
        slope, twice = self.slope(), self.twice()
        zero, near = np.zeros_like(slope), self.near[:, None]
        if self.linear:
            pull, push = (slope, zero), (slope * near, zero)
        elif self.legacy:
            pull, push = (twice, zero), (twice * self.near_square[:, None], zero)
        else:
            pull = (twice, zero)
            push = (2 * self.lack[:, None] * slope, 2 * (self.open * self.near)[:, None] * slope)
        return self._chosen(pull[0], push[0]), self._chosen(pull[1], push[1])

    def doubt(self) -> np.ndarray:
        """Return where a hinge is so near that a second float does not tell on which side it is."""
        power = 2 if self.legacy else 1
        gap = np.abs(self.margin - self.distance**power)
        near = gap <= power * self.distance ** (power - 1) * VALUE * self.open + self.grain
        return near & ~self.alike & (self.linear | self.legacy)

    def slope(self) -> np.ndarray:
        """Return terms of the slopes of the distance (n, 2D)."""
        return np.tile(self.unit, 2)

    def twice(self) -> np.ndarray:
        """Return terms of the slopes of the squared distance (n, 2D)."""
        return np.tile(2 * self.delta, 2)

    def hvp(self, size: np.ndarray) -> np.ndarray:
        """Return terms of the product with directions of this size, of both vectors (n, 2D)."""
        along, turn, bent = self.moved(size)
        if self.linear:
            return self._chosen(turn, turn)
        steep = 2 * self.slope() * along + 2 * self.lack[:, None] * turn
        return self._chosen(bent, bent if self.legacy else steep * self.near[:, None])

    def moved(self, size: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return how far a distance moves (n, 1), its slopes, and those of its square (n, 2D)."""
        moves = np.add(*np.split(size, 2, axis=1))
        along = (self.unit * moves).sum(axis=1, keepdims=True)
        with np.errstate(all="ignore"):
            over = np.where(self.distance > 0, 1 / self.distance, 0.0)[:, None]
            turn = (moves + self.unit * along) * over
        return along, np.tile(turn, 2), np.tile(2 * moves, 2)

    def _chosen(self, pull: np.ndarray, push: np.ndarray) -> np.ndarray:
        alike = self.alike if pull.ndim == 1 else self.alike[:, None]
        return self.factor * np.where(alike, pull, push)


@dataclass(frozen=True)
class PairSubject:
    """The contrastive loss and its axes, a preset among them."""

    axes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join(f"{name}={value}" for name, value in self.axes.items()) or "default"

    @property
    def spec(self) -> Spec:
        """The definition."""
        axes = dict(self.axes)
        return resolve("contrastive", axes.pop("preset", None), axes)

    def truth(self, columns: np.ndarray, upstream, direction=None) -> Truth:
        """Return certified results by columns."""
        label = np.zeros((len(columns), 1))
        hvp = None if direction is None else np.hstack([direction, label])
        return ORACLE.truth(self.spec, columns, upstream, hvp=hvp)

    def arguments(self, columns: np.ndarray, dtype: str = "float64") -> tuple[np.ndarray, ...]:
        """Return the arrays of a call."""
        vectors = np.split(columns[:, :-1].astype(dtype_of(format_of(dtype))), 2, axis=1)
        return (*vectors, columns[:, -1].astype(np.int64))

    def value_and_grad(self, columns: np.ndarray, upstream, **how: Any):
        """Return values (n,) and gradients (n, 2D)."""
        given = self.arguments(columns)
        value, grad = refloss.contrastive.value_and_grad(
            *given, upstream=upstream, **self.axes, **how
        )
        return value, np.hstack(list(grad.values()))

    def hvp(self, columns: np.ndarray, direction, upstream, **how: Any) -> np.ndarray:
        """Return products (n, 2D)."""
        dots = dict(zip(("x1", "x2"), np.split(direction, 2, axis=1), strict=True))
        given = self.arguments(columns)
        found = refloss.contrastive.hvp(*given, dots, upstream=upstream, **self.axes, **how)
        return np.hstack(list(found.values()))

    def _terms(self, columns: np.ndarray, real: str) -> Terms:
        from .direction_terms import CosineTerms, NormalisedTerms

        kinds = {"normalised": NormalisedTerms, "cosine": CosineTerms}
        spec = self.spec
        return kinds.get(str(spec.axes["distance"]), Terms)(spec.constants, columns, real)

    def decided(self, columns: np.ndarray, real: str = "float64") -> np.ndarray:
        """Return where hinges are far enough for a side to be known."""
        return ~self._terms(columns, real).doubt()

    def value_bar(self, columns: np.ndarray, known: Truth, real: str = "float64") -> np.ndarray:
        """Return what values may err by: 4 ulp of the terms, and what is open."""
        terms = self._terms(columns, real)
        terms.flat = np.where(known.value_hi > 0, known.value_hi / terms.factor, 0.0)
        size, left = terms.value()
        return VALUE * (_spacing(size, real) + left)

    def grad_bar(self, columns: np.ndarray, upstream, real: str = "float64") -> np.ndarray:
        """Return what gradients may err by: 8 u Σ|terms|, and what is open."""
        size, left = self._terms(columns, real).grad()
        bars = np.abs(upstream)[:, None]
        return GRADIENT * (_spacing(size * bars, real) + left * bars)

    def hvp_bar(self, columns: np.ndarray, direction, upstream, real="float64") -> np.ndarray:
        """Return what products may err by: 64 u Σ|terms|."""
        with np.errstate(over="ignore", invalid="ignore"):
            size = self._terms(columns, real).hvp(np.abs(direction))
        return PRODUCT * _spacing(size * np.abs(upstream)[:, None], real)


def _spacing(numbers: np.ndarray, real: str) -> np.ndarray:
    """Return the ulp of `real` at numbers >= 0, those beyond its range cut off."""
    with np.errstate(over="ignore"):
        held = np.minimum(numbers.astype(real), np.finfo(real).max / 2)
    return np.spacing(held).astype(np.float64)
