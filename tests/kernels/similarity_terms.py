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
        width, constants = columns.shape[1] // 2, self.spec.constants
        assert known.grad_hi is not None
        size = np.abs(known.grad_hi[:, :width])
        if self.spec.program in ("supcon", "ntxent_all"):
            size = size + self._asked(columns) * np.abs(upstream)[:, None]
        under = _tiny(real) * np.ceil(np.abs(upstream)[:, None] / constants["temperature"])
        return GRADIENT * (spacing(size, real) + under)

    def hvp_bar(self, columns, direction, upstream, real: str = "float64") -> np.ndarray:
        """Return what products may err by: 64 u Σ|terms|."""
        size, constants = np.zeros_like(direction), self.spec.constants
        for column in range(direction.shape[1]):
            unit = np.zeros_like(direction)
            unit[:, column] = np.abs(direction[:, column])
            size += np.abs(self.hvp(columns, unit, upstream))
        scale = np.abs(upstream)[:, None] * np.abs(direction).sum(axis=1, keepdims=True)
        under = _tiny(real) * np.ceil(scale / constants["temperature"] ** 2)
        return PRODUCT * (spacing(size, real) + under)

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
