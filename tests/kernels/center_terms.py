"""The center loss under fixed conventions, as a function of columns, and what it may err by.

Values are sums of squares, which do not cancel: 4 ulp of them, and half a log2 of their number.
Gradients are one difference, rounded once. What is clipped has the ends of the clip for a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import refloss
from crossval.oracles.center_columns import OTHERS, CenterColumns, Layout
from crossval.oracles.enclosure import Truth
from refloss.losses import Spec, resolve

__all__ = ["ORACLE", "CenterSubject"]

VALUE, GRADIENT, PRODUCT = 4, 8, 64
ORACLE = CenterColumns()


@dataclass(frozen=True)
class CenterSubject:
    """The center loss and its axes, a preset among them."""

    axes: Mapping[str, Any] = field(default_factory=dict)
    oracle: CenterColumns = ORACLE

    def __str__(self) -> str:
        return "-".join(f"{name}={value}" for name, value in self.axes.items()) or "default"

    @property
    def spec(self) -> Spec:
        """The definition."""
        axes = dict(self.axes)
        return resolve("center", axes.pop("preset", None), axes)

    def layout(self, columns: np.ndarray) -> Layout:
        """Return where inputs lie in columns with a label."""
        return Layout.of(columns.shape[1], self.oracle.parts)

    def constants(self, columns: np.ndarray) -> dict[str, float]:
        """Return the constants of a call, what it knows among them."""
        return {**self.spec.constants, OTHERS: self.layout(columns).classes - 1.0}

    def truth(self, columns: np.ndarray, upstream, direction=None) -> Truth:
        """Return certified results by columns."""
        return self.oracle.truth(self.spec, columns, upstream, hvp=direction)

    def pairs(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return of columns the vectors, and what belongs to the centres of their classes."""
        layout = self.layout(columns)
        own = layout.own(columns[:, layout.label].astype(int))
        return columns[:, : layout.parts], np.take_along_axis(columns, own, axis=1)

    def rows(self, columns: np.ndarray, upstream, direction=None, **how: Any):
        """Return values (n,), gradients and products (n, k) of calls of one row each."""
        layout, found = self.layout(columns), []
        for row, table in enumerate(columns):
            x, centers, label = self._taken(layout, table)
            given = (x, centers, label.astype(np.int64))
            bar = None if upstream is None else upstream[row : row + 1]
            more = {"upstream": bar, **self.axes, **how}
            value, grad = refloss.center.value_and_grad(*given, **more)
            results = [value[0], np.concatenate([grad["x"][0], grad["centers"].ravel(), [0.0]])]
            if direction is not None:
                dots = dict(
                    zip(("x", "centers"), self._taken(layout, direction[row]), strict=False)
                )
                moves = refloss.center.hvp(*given, dots, **more)
                results.append(np.concatenate([moves["x"][0], moves["centers"].ravel(), [0.0]]))
            found.append(results)
        return [np.array(each) for each in zip(*found, strict=True)]

    @staticmethod
    def _taken(layout: Layout, row: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        places = layout.inputs
        x, centers, label = row[places["x"]], row[places["centers"]], row[places["target"]]
        return x[None], centers.reshape(-1, layout.parts), label

    def value_bar(self, known: Truth, real: str = "float64") -> np.ndarray:
        """Return what values may err by: every term of a value is at least 0."""
        most = VALUE + np.log2(self.oracle.parts) / 2
        return most * _spacing(np.abs(known.value_hi), real)

    def grad_bar(self, columns: np.ndarray, upstream, real: str = "float64") -> np.ndarray:
        """Return what gradients by vector or own centre may err by."""
        x, own = self.pairs(columns)
        size = 2 * self.spec.constants["factor"] * np.abs(x - own)
        return GRADIENT * _spacing(size * np.abs(upstream)[:, None], real)

    def hvp_bar(self, columns, direction, upstream, real: str = "float64") -> np.ndarray:
        """Return what products by vector or own centre may err by."""
        there = direction.copy()
        there[:, -1] = columns[:, -1]
        x, own = self.pairs(there)
        size = 2 * self.spec.constants["factor"] * (np.abs(x) + np.abs(own))
        return PRODUCT * _spacing(size * np.abs(upstream)[:, None], real)


def _spacing(numbers: np.ndarray, real: str) -> np.ndarray:
    """Return the ulp of `real` at numbers >= 0; that of the largest where they are beyond."""
    with np.errstate(over="ignore"):
        held = np.minimum(numbers.astype(real), np.finfo(real).max)
    return np.spacing(held).astype(np.float64)
