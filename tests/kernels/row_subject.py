"""Cross-entropy under fixed conventions, as a function of rows, and what it may err by.

Everything is float64: columns are the logits, and beside them the probabilities where these are the
target. Results of a narrower format are widened, which is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import refloss
from crossval.bits import dtype_of
from crossval.oracles.enclosure import Truth, truth
from crossval.oracles.formats import format_of
from crossval.oracles.packing import RowPacking
from refloss.losses import Spec, resolve

from .row_regimes import RowCase

__all__ = ["RowSubject", "U", "differences", "refuse"]

VALUE, GRADIENT, PRODUCT = 4, 8, 64
U = 2.0**-52
"""The ulp of 1."""
TINY = 2.0**-1074


@dataclass(frozen=True)
class RowSubject:
    """The axes of cross-entropy; the kind of targets, and whether classes are weighted.

    Attributes
    ----------
    axes : mapping
        Axis values, a preset among them.
    soft : bool
        Whether targets are probabilities.
    weights : tuple of float
        Class weights, repeated over the classes; none by default.
    """

    axes: Mapping[str, Any] = field(default_factory=dict)
    soft: bool = False
    weights: tuple[float, ...] = ()

    def __str__(self) -> str:
        named = [f"{name}={value}" for name, value in self.axes.items()]
        weighted = ["weighted"] if self.weights else []
        return "-".join(["soft" if self.soft else "index", *weighted, *named])

    @property
    def spec(self) -> Spec:
        axes = {"targets": "probabilities" if self.soft else "index", **self.axes}
        return resolve("cross_entropy", axes.pop("preset", None), axes)

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
        value, grad = refloss.cross_entropy.value_and_grad(
            *arguments, upstream=bars, wrt=self._names, **options
        )
        return _wide(value), self._stacked(grad)

    def value(self, case: RowCase, dtype="float64") -> np.ndarray:
        arguments, options = self._arguments(case, dtype)
        return _wide(refloss.cross_entropy(*arguments, **options))

    def grad(self, case: RowCase, upstream=None, dtype="float64") -> np.ndarray:
        return self.value_and_grad(case, upstream, dtype)[1]

    def hvp(self, case: RowCase, direction, upstream=None, dtype="float64") -> np.ndarray:
        arguments, options = self._arguments(case, dtype)
        bars = None if upstream is None else upstream.astype(_numpy(dtype))
        parts = np.split(direction.astype(_numpy(dtype)), len(self._names), axis=1)
        dots = dict(zip(self._names, parts, strict=True))
        found = refloss.cross_entropy.hvp(
            *arguments, dots, upstream=bars, wrt=self._names, **options
        )
        return self._stacked(found)

    def value_bar(self, case: RowCase, real="float64") -> np.ndarray:
        """Return what values may err by: 4 ulp, and half of log2 C, of the Σ|terms|.

        `real` is what is computed with: its ulp counts.
        """
        depth = VALUE + 0.5 * np.log2(case.classes)
        return depth * _spacing(_Terms(self, case).value(), real)

    def grad_bar(self, case: RowCase, upstream=None, real="float64") -> np.ndarray:
        """Return what gradients may err by: 8 u Σ|terms of the printed sum|.

        What underflows is off by the smallest number, before upstream and weights multiply it.
        """
        terms = _Terms(self, case)
        bars = np.ones(len(case)) if upstream is None else np.abs(upstream)
        under = _tiny(real) * np.ceil(bars[:, None] * terms.factor)
        return GRADIENT * (_spacing(terms.grad() * bars[:, None], real) + under)

    def hvp_bar(self, case: RowCase, direction, upstream=None, real="float64") -> np.ndarray:
        """Return what Hessian-vector products may err by: 64 u Σ|terms|."""
        terms = _Terms(self, case)
        bars = np.ones(len(case)) if upstream is None else np.abs(upstream)
        size = np.abs(direction)
        under = _tiny(real) * np.ceil(bars[:, None] * terms.factor * size.sum(1, keepdims=True))
        return PRODUCT * (_spacing(terms.hvp(size) * bars[:, None], real) + under)

    @property
    def _names(self) -> tuple[str, ...]:
        return ("logits", "target") if self.soft else ("logits",)

    def _arguments(self, case: RowCase, dtype: str):
        numbers = _numpy(dtype)
        target = case.probabilities.astype(numbers) if self.soft else case.labels
        weight = self.weight(case)
        weight = None if weight is None else weight.astype(numbers)
        return (case.logits.astype(numbers), target), {"class_weight": weight, **self.axes}

    def _stacked(self, found: Mapping[str, Any]) -> np.ndarray:
        return np.concatenate([_wide(found[name]) for name in self._names], axis=1)


class _Terms:
    """Σ|terms|: how large the parts are of which results are sums, for an upstream of 1.

    With E_j = exp(z_j - top), p = E/ΣE, and 1 - p_j and other sums over all classes but one taken
    without it, so that nothing here cancels:

    * value: w_y hit nll + off Σ w (lse - z) + z_loss lse², all terms >= 0 unless hit < 0;
    * gradient: w_y hit (p_j or 1 - p_y) + off (p_j Σw and w_j) + 2 z_loss lse p_j; of probabilities
      q with g = w (hit q + off): p_j Σ_{k≠j} g_k and g_j (1 - p_j);
    * products: Σg p_j (u_j - u_top and Σ p_k (u_k - u_top)), down to the direction's own entries.

    The log-sum-exp is itself a sum, of the largest logit and the logarithm, and may cancel.
    """

    def __init__(self, subject: RowSubject, case: RowCase):
        self.soft, self.case = subject.soft, case
        constants = subject.spec.constants
        classes, z = case.classes, case.logits
        amount = constants["label_smoothing"]
        amount /= 1 + constants["classy"] * amount
        taken = amount * classes / (classes - constants["over_others"])
        self.hit, self.off, self.z_loss = 1 - taken, taken / classes, constants["z_loss"]
        weight = subject.weight(case)
        self.w = np.ones(classes) if weight is None else weight
        with np.errstate(under="ignore"):
            self.top = z.max(1, keepdims=True)
            self.first = np.arange(classes) == z.argmax(1)[:, None]
            mass = np.exp(z - self.top)
            self.tail = np.where(self.first, 0.0, mass)
            self.rest = self.tail.sum(1, keepdims=True)
            self.total = 1 + self.rest
            self.p = mass / self.total
            others = np.where(self.first, self.rest, (1 - mass) + self.rest)
            self.miss = others / self.total
        self.grow = np.log1p(self.rest)
        self.score = (self.top - z) + self.grow
        self.lse_size = np.abs(self.top) + self.grow
        self.at = np.arange(classes) == case.labels[:, None]
        self.goal = self.w * (self.hit * case.probabilities + self.off)
        self.factor = max(self.w.max(), 1.0) + 2 * self.z_loss * self.lse_size

    def value(self) -> np.ndarray:
        penalty = self.z_loss * np.abs(self.top + self.grow) * self.lse_size
        if self.soft:
            return (np.abs(self.goal) * self.score).sum(1) + penalty[:, 0]
        own = np.where(self.at, np.abs(self.w * self.hit) * self.score, 0.0)
        return (own + self.off * self.w * self.score).sum(1) + penalty[:, 0]

    def grad(self) -> np.ndarray:
        penalty = 2 * self.z_loss * self.lse_size * self.p
        if self.soft:
            goal = np.abs(self.goal)
            asked = _without_each(goal)
            logits = asked * self.p + goal * self.miss + penalty
            return np.hstack([logits, np.abs(self.w * self.hit) * self.score])
        target = self._of_target() * np.abs(self.hit)
        spread = self.off * (self.w.sum() * self.p + self.w) if self.off else 0.0
        return target * np.where(self.at, self.miss, self.p) + spread + penalty

    def hvp(self, size: np.ndarray) -> np.ndarray:
        u = size[:, : self.case.classes]
        u_top = np.where(self.first, u, 0.0).sum(1, keepdims=True)
        apart = np.where(self.first, 0.0, u + u_top)
        rest = (self.tail * apart).sum(1, keepdims=True) / self.total
        bend = self.p * (apart + rest)
        mean = (self.p * u).sum(1, keepdims=True)
        penalty = 2 * self.z_loss * (self.lse_size * bend + mean * self.p)
        if not self.soft:
            steady = self._of_target() * np.abs(self.hit) + self.off * self.w.sum()
            return steady * bend + penalty
        v = np.abs(self.w * self.hit) * size[:, self.case.classes :]
        goals = np.abs(self.goal).sum(1, keepdims=True)
        logits = goals * bend + v.sum(1, keepdims=True) * self.p + v * (self.p + self.miss)
        return np.hstack([logits + penalty, np.abs(self.w * self.hit) * (apart + rest)])

    def _of_target(self) -> np.ndarray:
        return self.w[self.case.labels][:, None]


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


def _without_each(goal: np.ndarray) -> np.ndarray:
    """Return the row sums without each element, summed without it."""
    classes = goal.shape[1]
    if classes > 64:
        return goal.sum(1, keepdims=True) - goal
    return goal @ (1 - np.eye(classes))


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
