"""A public loss under fixed conventions, as a function of rows, and what it may err by.

Everything is float64: columns, gradients and directions ``(n, 8)``, prediction's four first, values
and upstream gradients ``(n,)``. Results of a narrower format are widened, which is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

import refloss
from crossval.bits import dtype_of
from crossval.oracles.formats import format_of
from refloss.losses import Spec, resolve

from . import magnitudes
from .test_bars import GRADIENT, PRODUCT, SPECS, VALUE

__all__ = ["SUBJECTS", "VALUE", "Subject", "U", "refuse", "simple"]

NAMES = ("pred", "target")
U = 2.0**-52
"""The ulp of 1."""


@dataclass(frozen=True)
class Subject:
    """A loss with its axes; `eps` and presets among them."""

    loss: str
    axes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.loss, *map(str, self.axes.values())])

    @property
    def spec(self) -> Spec:
        axes = dict(self.axes)
        return resolve(self.loss, axes.pop("preset", None), axes)

    def value(self, columns, dtype="float64") -> np.ndarray:
        return _wide(self._public(*_boxes(columns, dtype), **self.axes))

    def value_and_grad(self, columns, upstream=None, dtype="float64"):
        weights = None if upstream is None else upstream.astype(_numpy(dtype))
        boxes = _boxes(columns, dtype)
        value, grad = self._public.value_and_grad(*boxes, upstream=weights, **self.axes)
        return _wide(value), _rows(grad)

    def grad(self, columns, upstream=None, dtype="float64") -> np.ndarray:
        return self.value_and_grad(columns, upstream, dtype)[1]

    def hvp(self, columns, direction, upstream=None, dtype="float64") -> np.ndarray:
        weights = None if upstream is None else upstream.astype(_numpy(dtype))
        dots = dict(zip(NAMES, _boxes(direction, dtype), strict=True))
        boxes = _boxes(columns, dtype)
        return _rows(self._public.hvp(*boxes, dots, upstream=weights, **self.axes))

    def trace(self, columns, upstream=None) -> dict[str, np.ndarray]:
        return self._public.trace(*_boxes(columns, "float64"), upstream=upstream, **self.axes)

    def value_bar(self, value, columns, real="float64") -> np.ndarray:
        """Return what a value near `value` may err by: 4 ulp of the Σ|terms| of its sums.

        `real` is what is computed with: its ulp counts.

        An eps adds terms >= 0 to the sums of which a value is made, so that Σ|terms| is the value,
        with one exception: what an eps or a floor adds to heights grows the union, not the hull, so
        that GIoU's hull term has it, times the widths and negative, in its numerator.
        """
        terms = np.abs(value) + 2 * self._negative_term(columns)
        return VALUE * np.spacing(terms.astype(real)).astype(np.float64)

    def grad_bar(self, columns, upstream=None, real="float64") -> np.ndarray:
        """Return what gradients may err by: 8 u Σ|terms of the printed sum|."""
        weights = np.ones(len(columns)) if upstream is None else upstream
        return GRADIENT * np.finfo(real).eps * self._parts("grad", columns, weights)[:, 1:]

    def hvp_bar(self, columns, direction, upstream=None, real="float64") -> np.ndarray:
        """Return what Hessian-vector products may err by: 64 u Σ|terms|."""
        weights = np.ones(len(columns)) if upstream is None else upstream
        unit = np.finfo(real).eps
        return PRODUCT * unit * self._parts("hvp", columns, weights, *direction.T)

    def _negative_term(self, columns) -> np.ndarray | float:
        constants = self.spec.constants
        if self.loss != "giou" or not (constants["eps_height"] or constants["least_height"]):
            return 0.0
        pred, target = columns[:, :4], columns[:, 4:]
        sides = np.maximum(pred, target)[:, 2:] - np.minimum(pred, target)[:, :2]
        hull = np.maximum(sides.prod(1), constants["least_hull"]) + constants["eps_hull"]
        added = 0.0
        for box in (pred, target):
            width, height = (box[:, 2:] - box[:, :2]).T
            floored = np.maximum(constants["least_height"] - height, 0.0)
            added = added + width * (floored + constants["eps_height"])
        return added / hull

    @property
    def _public(self):
        return getattr(refloss, self.loss)

    def _parts(self, part: str, columns, weights, *more) -> np.ndarray:
        spec = self.spec
        names = import_module(f"refloss.kernels.numpy.{spec.program}").CONSTANTS
        constants = [spec.constants[name] for name in names]
        with np.errstate(all="ignore"):
            found = magnitudes.compiled(spec.program, part)(*columns.T, weights, *more, *constants)
        return np.stack([np.broadcast_to(one, len(columns)) for one in found], 1)


SUBJECTS = [Subject(loss, axes) for loss, axes in SPECS]


def simple(columns: np.ndarray) -> np.ndarray:
    """Return which pairs have no edge of one box in line with an edge of the other."""
    p, t = columns[:, :4], columns[:, 4:]
    return ~np.any([p == t, p == t[:, [2, 3, 0, 1]]], axis=(0, 2))


def refuse(bad: np.ndarray, columns: np.ndarray, what: str, *numbers: np.ndarray) -> None:
    """Fail if any component of `bad` is set, with the first input in hex and the numbers there."""
    if not bad.any():
        return
    where = tuple(int(i) for i in np.argwhere(bad)[0])
    inputs = ", ".join(float(c).hex() for c in columns[where[0]])
    found = ", ".join(f"{float(n[where]):.17g}" for n in numbers)
    raise AssertionError(f"{what}: {int(bad.sum())} of {bad.size}; at {where} [{inputs}]: {found}")


def _numpy(dtype: str) -> np.dtype:
    return dtype_of(format_of(dtype))


def _boxes(columns: np.ndarray, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    narrow = columns.astype(_numpy(dtype))
    return narrow[:, :4], narrow[:, 4:]


def _wide(array) -> np.ndarray:
    return np.asarray(array).astype(np.float64)


def _rows(gradients: Mapping[str, Any]) -> np.ndarray:
    return np.concatenate([_wide(gradients[name]) for name in NAMES], axis=1)
