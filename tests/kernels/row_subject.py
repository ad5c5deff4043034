"""A loss of rows under fixed conventions, as a function of them, and what it may err by.

Everything is float64: columns are the logits, and beside them the probabilities where these are the
target. Results of a narrower format are widened, which is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

import refloss
from crossval.bits import dtype_of
from crossval.oracles.enclosure import Truth, truth
from crossval.oracles.formats import format_of
from crossval.oracles.packing import RowPacking
from refloss.losses import RowLoss, Spec, resolve

from .row_regimes import RowCase
from .tempered_terms import Tempered

__all__ = ["RowSubject", "U", "differences", "refuse"]

VALUE, GRADIENT, PRODUCT = 4, 8, 64
U = 2.0**-52
"""The ulp of 1."""
TINY = 2.0**-1074


@dataclass(frozen=True)
class RowSubject:
    """A loss and its axes; the kind of targets, and whether classes are weighted.

    Attributes
    ----------
    axes : mapping
        Axis values, a preset among them.
    soft : bool
        Whether targets are probabilities.
    weights : tuple of float
        Class weights, repeated over the classes; none by default.
    loss : str
        The loss's name.
    """

    axes: Mapping[str, Any] = field(default_factory=dict)
    soft: bool = False
    weights: tuple[float, ...] = ()
    loss: str = "cross_entropy"

    first: ClassVar[str] = "logits"
    """What the logits are called."""

    def __str__(self) -> str:
        named = [f"{name}={value}" for name, value in self.axes.items()]
        weighted = ["weighted"] if self.weights else []
        other = [] if self.loss == "cross_entropy" else [self.loss]
        return "-".join([*other, "soft" if self.soft else "index", *weighted, *named])

    @property
    def spec(self) -> Spec:
        axes = {**self.axes, "targets": "probabilities" if self.soft else "index"}
        return resolve(self.loss, axes.pop("preset", None), axes)

    @property
    def function(self) -> RowLoss:
        """The public function."""
        return getattr(refloss, self.loss)

    def weight(self, case: RowCase) -> np.ndarray | None:
        """Return the class weights of a case: its own, else the subject's."""
        if case.weight is not None or not self.weights:
            return case.weight
        return np.resize(np.array(self.weights), case.classes)

    def columns(self, case: RowCase) -> np.ndarray:
        """Return the differentiable inputs, one row an item."""
        return np.hstack([case.logits, case.probabilities]) if self.soft else case.logits

    def truth(self, case: RowCase, upstream, direction=None, dtype="float64") -> Truth:
        labels = None if self.soft else case.labels
        packing = RowPacking.of(case.classes, labels, self.weight(case))
        columns = self.columns(case)
        return truth(self.spec, columns, upstream, dtype=dtype, hvp=direction, packing=packing)

    def value_and_grad(self, case: RowCase, upstream=None, dtype="float64"):
        """Return the public function's values (n,) and gradients, in the order of columns."""
        arguments, options = self._arguments(case, dtype)
        bars = None if upstream is None else upstream.astype(_numpy(dtype))
        value, grad = self.function.value_and_grad(
            *arguments, upstream=bars, wrt=self.names, **options
        )
        return _wide(value), self._stacked(grad)

    def value(self, case: RowCase, dtype="float64") -> np.ndarray:
        arguments, options = self._arguments(case, dtype)
        return _wide(self.function(*arguments, **options))

    def grad(self, case: RowCase, upstream=None, dtype="float64") -> np.ndarray:
        return self.value_and_grad(case, upstream, dtype)[1]

    def hvp(self, case: RowCase, direction, upstream=None, dtype="float64") -> np.ndarray:
        arguments, options = self._arguments(case, dtype)
        bars = None if upstream is None else upstream.astype(_numpy(dtype))
        parts = np.split(direction.astype(_numpy(dtype)), len(self.names), axis=1)
        dots = dict(zip(self.names, parts, strict=True))
        found = self.function.hvp(*arguments, dots, upstream=bars, wrt=self.names, **options)
        return self._stacked(found)

    def value_bar(self, case: RowCase, real="float64") -> np.ndarray:
        """Return what values may err by: 4 ulp, and half of log2 C, of the Σ|terms|.

        What a power multiplies may err by 4 ulp more for each 1 of the power, and may underflow
        before a weight multiplies it; so may anything before a squared temperature does. `real`
        is what is computed with: its ulp counts.
        """
        terms = self._terms(case, real)
        depth = VALUE + 4 * terms.power + 0.5 * np.log2(case.classes)
        under = _tiny(real) * terms.value_factor
        return depth * (_spacing(terms.value(), real) + under)

    def grad_bar(self, case: RowCase, upstream=None, real="float64") -> np.ndarray:
        """Return what gradients may err by: 8 u Σ|terms of the printed sum|, or 4 + 4 power.

        What underflows is off by the smallest number, before upstream and weights multiply it.
        """
        terms = self._terms(case, real)
        depth = max(GRADIENT, VALUE + 4 * terms.power)
        bars = np.ones(len(case)) if upstream is None else np.abs(upstream)
        under = _tiny(real) * np.ceil(bars[:, None] * terms.factor)
        return depth * (_spacing(terms.grad() * bars[:, None], real) + under)

    def hvp_bar(self, case: RowCase, direction, upstream=None, real="float64") -> np.ndarray:
        """Return what Hessian-vector products may err by: 64 u Σ|terms|."""
        terms = self._terms(case, real)
        bars = np.ones(len(case)) if upstream is None else np.abs(upstream)
        size = np.abs(direction)
        with np.errstate(over="ignore"):
            factor = bars[:, None] * terms.bent * size.sum(1, keepdims=True)
        under = _tiny(real) * np.ceil(factor)
        return PRODUCT * (_spacing(terms.hvp(size) * bars[:, None], real) + under)

    def _terms(self, case: RowCase, real: str) -> Tempered:
        return Tempered(self.loss, self.spec.constants, case, self.weight(case), self.soft, real)

    @property
    def names(self) -> tuple[str, ...]:
        """Inputs that can be differentiated by."""
        return (self.first, "target") if self.soft else (self.first,)

    def _arguments(self, case: RowCase, dtype: str):
        numbers = _numpy(dtype)
        target = case.probabilities.astype(numbers) if self.soft else case.labels
        weight = self.weight(case)
        weight = None if weight is None else weight.astype(numbers)
        return (case.logits.astype(numbers), target), {"class_weight": weight, **self.axes}

    def _stacked(self, found: Mapping[str, Any]) -> np.ndarray:
        return np.concatenate([_wide(found[name]) for name in self.names], axis=1)


def differences(found: np.ndarray, known: Truth, part: str) -> np.ndarray:
    """Return how far results are from the truth, infinite where they are no numbers."""
    hi, lo = getattr(known, f"{part}_hi"), getattr(known, f"{part}_lo")
    with np.errstate(invalid="ignore"):
        gap = np.abs((found - hi) - lo)
    return np.where(np.isfinite(found) | np.isinf(hi), gap, np.inf)


def _spacing(numbers: np.ndarray, real: str) -> np.ndarray:
    """Return the ulp of `real` at numbers >= 0."""
    return np.spacing(numbers.astype(real)).astype(np.float64)


def _tiny(real: str) -> float:
    return float(np.finfo(real).smallest_subnormal)


def refuse(bad: np.ndarray, case: RowCase, what: str, *numbers: np.ndarray) -> None:
    """Fail if any component of `bad` is set, with the first row in hex and the numbers there."""
    if not bad.any():
        return
    where = tuple(int(i) for i in np.argwhere(bad)[0])
    row = case.logits[where[0]]
    shown = ", ".join(float(z).hex() for z in row[:12]) + (", …" if len(row) > 12 else "")
    found = ", ".join(f"{float(n[where]):.17g}" for n in numbers)
    raise AssertionError(
        f"{what}: {int(bad.sum())} of {bad.size}; at {where}, class {case.labels[where[0]]}, "
        f"logits [{shown}]: {found}"
    )


def _numpy(dtype: str) -> np.dtype:
    return dtype_of(format_of(dtype))


def _wide(array) -> np.ndarray:
    return np.asarray(array).astype(np.float64)
