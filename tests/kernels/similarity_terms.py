"""Losses of rows of similarities under fixed conventions, and Σ|terms| of their formulas.

* value: what every positive costs, none of which is below 0; where something is added to p, the
  numbers of which a logarithm near 1 is taken;
* gradient: a product for every column, but for a positive that meets other positives too: what
  they ask, and what it lacks itself;
* products: linear in the direction, so those of its single numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import refloss
from crossval.families import FAMILIES
from crossval.oracles.enclosure import Truth
from refloss.losses import Spec, resolve

__all__ = ["SimilaritySubject", "spacing"]

VALUE, GRADIENT, PRODUCT = 4, 8, 64
ORACLE = FAMILIES["similarities"].oracle


@dataclass(frozen=True)
class SimilaritySubject:
    """A loss and its axes.

    Attributes
    ----------
    loss : str
    axes : mapping
        Axis values, a preset among them.
    """

    loss: str
    axes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.loss, *(f"{name}={value}" for name, value in self.axes.items())])

    @property
    def spec(self) -> Spec:
        axes = dict(self.axes)
        return resolve(self.loss, axes.pop("preset", None), axes)

    def truth(self, columns, upstream, direction=None, dtype="float64") -> Truth:
        if direction is not None:
            direction = np.hstack([direction, np.zeros_like(direction)])
        return ORACLE.truth(self.spec, columns, upstream, hvp=direction, dtype=dtype)

    def value_and_grad(self, columns, upstream, kind=np.float64, **how: Any):
        """Return values (n,) and gradients (n, M), in float64."""
        rows, same = np.split(columns, 2, axis=1)
        bars = None if upstream is None else upstream.astype(kind)
        value, grad = getattr(refloss, self.loss).value_and_grad(
            rows.astype(kind), same.astype(np.int8), upstream=bars, **self.axes, **how
        )
        return value.astype(float), grad["similarities"].astype(float)

    def hvp(self, columns, direction, upstream, **how: Any) -> np.ndarray:
        """Return products (n, M)."""
        rows, same = np.split(columns, 2, axis=1)
        loss, dots = getattr(refloss, self.loss), {"similarities": direction}
        found = loss.hvp(rows, same.astype(int), dots, upstream=upstream, **self.axes, **how)
        return found["similarities"]

    def value_bar(self, columns, known: Truth, real: str = "float64") -> np.ndarray:
        """Return what values may err by: 4 ulp, and half of log2 M, of the terms."""
        size, least = np.abs(known.value_hi), self.spec.constants.get("least", 0.0)
        if least:
            size = size + self._inside(columns, least)
        depth = VALUE + 0.5 * np.log2(columns.shape[1] / 2)
        return depth * (spacing(size, real) + _tiny(real))

    def grad_bar(self, columns, known: Truth, upstream, real: str = "float64") -> np.ndarray:
        """Return what gradients may err by: 8 u Σ|terms|, and what underflows before a factor."""
        width = columns.shape[1] // 2
        assert known.grad_hi is not None
        size = np.abs(known.grad_hi[:, :width])
        if self.spec.program in ("supcon", "ntxent_all"):
            size = size + self._asked(columns) * np.abs(upstream)[:, None]
        steep = self._steepness(columns)
        under = _tiny(real) * np.ceil(np.abs(upstream)[:, None] * steep)
        return GRADIENT * (spacing(size, real) + under)

    def hvp_bar(self, columns, direction, upstream, real: str = "float64") -> np.ndarray:
        """Return what products may err by: 64 u Σ|terms|."""
        if self.loss in ("circle", "multi_similarity"):
            size = self._bent(columns, np.abs(direction)) * np.abs(upstream)[:, None]
        else:
            size = self._entries(columns, direction, upstream)
        scale = np.abs(upstream)[:, None] * np.abs(direction).sum(axis=1, keepdims=True)
        under = _tiny(real) * np.ceil(scale * self._steepness(columns) ** 2)
        return PRODUCT * (spacing(size, real) + under)

    def _entries(self, columns, direction, upstream) -> np.ndarray:
        size = np.zeros_like(direction)
        for column in range(direction.shape[1]):
            unit = np.zeros_like(direction)
            unit[:, column] = np.abs(direction[:, column])
            size += np.abs(self.hvp(columns, unit, upstream))
        return size

    def _steepness(self, columns) -> np.ndarray:
        """Return by how much an exponent moves more than its similarity, at most."""
        constants, width = self.spec.constants, columns.shape[1] // 2
        largest = np.abs(columns[:, :width]).max(axis=1, keepdims=True)
        if "temperature" in constants:
            return np.full_like(largest, 1 / constants["temperature"])
        if "gamma" in constants:
            return constants["gamma"] * 2 * (1 + constants["margin"] + largest)
        return np.full_like(largest, max(constants["alpha"], constants["beta"], 1.0))

    def _exponents(self, columns) -> tuple[np.ndarray, np.ndarray, float]:
        """Return exponents, the sizes of their slopes, and of the slopes' slope."""
        (s, same), c = np.split(columns, 2, axis=1), self.spec.constants
        positive = same == 1
        if "gamma" not in c:
            scale = np.where(positive, c["alpha"], c["beta"])
            return np.where(positive, -1, 1) * scale * (s - c["base"]), scale, 0.0
        far = np.where(positive, 1 - s, s)
        weight = np.maximum(far + c["margin"], 0)
        slope = np.where(weight > 0, 2 * np.abs(far), 0) if c["attached"] else weight
        room = weight * (far - c["margin"])
        return c["gamma"] * room, c["gamma"] * slope, 2 * c["gamma"] * c["attached"]

    def _bent(self, columns, size) -> np.ndarray:
        """Return Σ|terms| of a product: what moves each share, and the sigmoid before them all."""
        same = np.split(columns, 2, axis=1)[1]
        exponents, slopes, bend = self._exponents(columns)
        whole, moved, shares, lses = 0.0, 0.0, np.zeros_like(size), []
        for kind in (1, 0):
            e = np.where(same == kind, exponents, -np.inf)
            some, first = (same == kind).any(axis=1), e.argmax(axis=1)
            lse = np.where(some, np.logaddexp.reduce(e, axis=1), -np.inf)
            with np.errstate(invalid="ignore"):
                share = np.nan_to_num(np.exp(e - lse[:, None]))
            lead = (slopes * size)[np.arange(len(e)), first] * some
            moves = lead + (share * (slopes * size + lead[:, None])).sum(axis=1)
            if self.loss == "multi_similarity":
                scale = self.spec.constants["alpha" if kind else "beta"]
                share = share / scale / (1 + np.exp(-np.clip(lse, -700, 700)))[:, None]
                whole = whole + share * slopes * (slopes * size + 2 * moves[:, None])
            shares, moved = shares + share, moved + moves
            lses.append(lse)
        if self.loss == "multi_similarity":
            return np.asarray(whole)
        chance = 1 / (1 + np.exp(-np.clip(lses[0] + lses[1], -700, 700)))
        each = slopes * (slopes * size + 2 * np.asarray(moved)[:, None]) + bend * size
        return chance[:, None] * shares * each

    def _count(self, columns) -> np.ndarray:
        return (np.split(columns, 2, axis=1)[1] == 1).sum(axis=1)

    def _chances(self, columns) -> tuple[np.ndarray, np.ndarray]:
        """Return the softmax over positives and negatives, and which are positives."""
        rows, same = np.split(columns, 2, axis=1)
        z = np.where(same >= 0, rows, -np.inf) / self.spec.constants["temperature"]
        with np.errstate(invalid="ignore"):
            mass = np.exp(z - z.max(axis=1, keepdims=True))
        return np.nan_to_num(mass / mass.sum(axis=1, keepdims=True)), same == 1

    def _inside(self, columns, least: float) -> np.ndarray:
        """Return Σ (1 - p + least) of the positives whose logarithm is taken near 1."""
        rows, same = np.split(columns, 2, axis=1)
        z = rows / self.spec.constants["temperature"]
        lse = np.logaddexp.reduce(np.where(same == 0, z, -np.inf), axis=1)
        with np.errstate(over="ignore"):
            missed = 1 / (1 + np.exp(z - lse[:, None]))
        near = (same == 1) & (least - missed > -0.5)
        return np.where(near, missed + least, 0.0).sum(axis=1)

    def _asked(self, columns) -> np.ndarray:
        """Return what other positives ask of each: the term that its own loss is set against."""
        chance, positive = self._chances(columns)
        count = self._count(columns)[:, None]
        constants = self.spec.constants
        factor = constants["temperature"] / (constants.get("base_temperature") or np.inf)
        factor = (factor or 1.0) / constants["temperature"]
        if self.spec.program == "supcon" or constants.get("averaged"):
            factor = factor / np.maximum(count, 1)
        return np.where(positive, (count - 1) * chance, 0.0) * factor


def spacing(numbers, real: str) -> np.ndarray:
    """Return the ulp of `real` at numbers >= 0; that of the largest where they are beyond."""
    with np.errstate(over="ignore"):
        held = np.minimum(np.abs(numbers).astype(real), np.finfo(real).max)
    return np.spacing(held).astype(np.float64)


def _tiny(real: str) -> float:
    return float(np.finfo(real).smallest_subnormal)
