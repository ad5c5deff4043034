"""Σ|terms|: how large the parts are of which results of rows are sums, for an upstream of 1.

With E_j = exp(z_j - top), p = E/ΣE, and 1 - p_j and other sums over all classes but one taken
without it, so that nothing here cancels. The log-sum-exp is itself a sum, of the largest logit and
the logarithm, and may cancel.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from .row_regimes import RowCase

__all__ = ["TERMS", "Terms"]


class Terms(ABC):
    """What the terms of every loss of rows are made of.

    Attributes
    ----------
    factor : array or float
        What a result is multiplied by after it may have underflowed.
    bent : array or float, optional
        The same of a product's results, where it is another.
    power : float
        The power of a quantity that a result contains.
    """

    factor: np.ndarray | float = 1.0
    bent: np.ndarray | float | None = None
    power = 0.0

    def __init__(
        self,
        constants: Mapping[str, float],
        case: RowCase,
        weight: np.ndarray | None,
        soft: bool,
        real: str = "float64",
    ):
        self.constants, self.case, self.soft, self.real = constants, case, soft, real
        classes, z = case.classes, case.logits
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
        self.at = np.arange(classes) == case.labels[:, None]
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Add what a loss of its own needs."""

    @abstractmethod
    def value(self) -> np.ndarray:
        """Return the terms of the value (n,)."""

    @abstractmethod
    def grad(self) -> np.ndarray:
        """Return the terms of the gradient, in the order of columns."""

    @abstractmethod
    def hvp(self, size: np.ndarray) -> np.ndarray:
        """Return the terms of the product with a direction of this size."""

    def of_target(self, table: np.ndarray) -> np.ndarray:
        """Return one number a row (n, 1): that of the target's class."""
        return np.where(self.at, table, 0.0).sum(1, keepdims=True)

    def bend(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the terms of the softmax's own product, and of the sums in it."""
        u_top = np.where(self.first, u, 0.0).sum(1, keepdims=True)
        apart = np.where(self.first, 0.0, u + u_top)
        moved = apart + (self.tail * apart).sum(1, keepdims=True) / self.total
        return self.p * moved, moved


class CrossEntropyTerms(Terms):
    """Terms of cross-entropy.

    * value: w_y hit nll + off Σ w (lse - z) + z_loss lse², all terms >= 0 unless hit < 0;
    * gradient: w_y hit (p_j or 1 - p_y) + off (p_j Σw and w_j) + 2 z_loss lse p_j; of probabilities
      q with g = w (hit q + off): p_j Σ_{k≠j} g_k and g_j (1 - p_j);
    * products: Σg p_j (u_j - u_top and Σ p_k (u_k - u_top)), down to the direction's own entries.
    """

    def prepare(self) -> None:
        constants, classes = self.constants, self.case.classes
        amount = constants["label_smoothing"]
        amount /= 1 + constants["classy"] * amount
        taken = amount * classes / (classes - constants["over_others"])
        self.hit, self.off, self.z_loss = 1 - taken, taken / classes, constants.get("z_loss", 0.0)
        self.lse_size = np.abs(self.top) + self.grow
        self.goal = self.w * (self.hit * self.case.probabilities + self.off)
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
        bend, moved = self.bend(u)
        mean = (self.p * u).sum(1, keepdims=True)
        penalty = 2 * self.z_loss * (self.lse_size * bend + mean * self.p)
        if not self.soft:
            steady = self._of_target() * np.abs(self.hit) + self.off * self.w.sum()
            return steady * bend + penalty
        v = np.abs(self.w * self.hit) * size[:, self.case.classes :]
        goals = np.abs(self.goal).sum(1, keepdims=True)
        logits = goals * bend + v.sum(1, keepdims=True) * self.p + v * (self.p + self.miss)
        return np.hstack([logits + penalty, np.abs(self.w * self.hit) * moved])

    def _of_target(self) -> np.ndarray:
        return self.w[self.case.labels][:, None]


class PolyTerms(CrossEntropyTerms):
    """Terms of Poly-1: those of cross-entropy, and |ε| times those of Σ g_k (1 - p_k).

    * gradient: p_j Σ_{k≠j} g_k p_k and g_j p_j (1 - p_j); of probabilities w (1 - p);
    * products: of both factors, with those of the softmax's own.
    """

    def prepare(self) -> None:
        super().prepare()
        self.epsilon = abs(self.constants["epsilon"])
        self.factor *= 1 + self.epsilon
        hard = self.w * (self.hit * self.at + self.off)
        self.asked = np.abs(self.goal if self.soft else hard)

    def value(self) -> np.ndarray:
        short = (self.asked * self.miss).sum(1)
        return super().value() + self.epsilon * short

    def grad(self) -> np.ndarray:
        more = self.p * self._pull()
        if self.soft:
            more = np.hstack([more, np.abs(self.w * self.hit) * self.miss])
        return super().grad() + self.epsilon * more

    def hvp(self, size: np.ndarray) -> np.ndarray:
        classes = self.case.classes
        bend, _ = self.bend(size[:, :classes])
        felt = self.asked * bend
        more = bend * self._pull() + self.p * (_without_each(felt) + felt)
        if self.soft:
            v = np.abs(self.w * self.hit) * size[:, classes:]
            more += self.p * (_without_each(v * self.p) + v * self.miss)
            more = np.hstack([more, np.abs(self.w * self.hit) * bend])
        return super().hvp(size) + self.epsilon * more

    def _pull(self) -> np.ndarray:
        return _without_each(self.asked * self.p) + self.asked * self.miss


class FocalTerms(Terms):
    """Terms of softmax focal loss, of I = score, or w score of a weight inside.

    With q = 1 - e^-I, C = q^γ (1 + γ e^-I I/q) and D = q^γ (γ + 1) e^-I:

    * value with a class: q^γ I and |ε| q^(γ + 1), all of whose factors are >= 0;
    * gradient: that of cross-entropy with h_k = g_k C_k + |ε| g_k D_k in the place of g_k;
    * products: C and D times the softmax's own, and C' and D' (q u and Σ p_k u_k) times the
      gradient's, with the parts of C' = q^γ (γ p/q) (2 - I + (γ - 1) p I/q), D' = D (γ p/q - 1).
    """

    def prepare(self) -> None:
        c, classes = self.constants, self.case.classes
        self.power, self.gain = c["gamma"], c["attached"] * c["gamma"]
        sides = (c["alpha_on_first"], c["alpha_on_others"])
        first, other = (c["alpha"] if side else 1 - c["alpha"] for side in sides)
        balance = np.abs(np.where(np.arange(classes) == 0, first, other))
        self.inner, outer = (self.w, 1.0) if c["weight_inside"] else (1.0, self.w)
        self.scale = outer * balance
        self.side = outer * abs(c["epsilon"]) * (balance if c["poly_balanced"] else 1.0)
        eps = c.get("label_smoothing", 0.0)
        asked = (1 - eps) * self.case.probabilities + eps / classes
        self.hit, self.asked = 1 - eps, asked if self.soft else self.at
        most = self.asked * self.inner * (self.scale + self.side)
        self.factor = np.maximum(most.max(1, keepdims=True), 1.0)
        self.paid = self.inner * self.score
        with np.errstate(under="ignore"):
            self._derive(c["weight_inside"])

    def _derive(self, inside: float) -> None:
        self.gone = -np.expm1(-self.paid) if inside else self.miss
        p = np.exp(-self.paid) if inside else self.p
        gone = np.where(self.gone > 0, self.gone, 1.0)
        felt = p * np.where(self.gone > 0, self.paid / gone, 1.0)
        self.modulator = self.gone**self.power
        pull = self.modulator * (1 + self.gain * felt)
        lure = self.modulator * (1 + self.gain) * p
        parts = 2 + self.paid + np.abs(self.power - 1) * felt
        turn = self.gain * self.modulator * p / gone * parts
        self.pull = self.inner * (self.scale * pull + self.side * lure)
        self.turn = self.inner * self.inner * (self.scale * turn)
        self.turn += self.inner * self.inner * self.side * (self.gain * lure * p / gone + lure)
        self.cost = self.modulator * (self.scale * self.paid + self.side * self.gone)

    def value(self) -> np.ndarray:
        return (self.asked * self.cost).sum(1)

    def grad(self) -> np.ndarray:
        heed = self.asked * self.pull
        logits = _without_each(heed) * self.p + heed * self.miss
        if not self.soft:
            return logits
        return np.hstack([logits, self.hit * self.cost])

    def hvp(self, size: np.ndarray) -> np.ndarray:
        classes = self.case.classes
        u = size[:, :classes]
        bend, _ = self.bend(u)
        moved = (self.p * u).sum(1, keepdims=True) - self.p * u + self.miss * u
        v = self.hit * size[:, classes:] if self.soft else 0.0
        heed = self.asked * self.turn * moved + v * self.pull
        heeds = self.asked * self.pull
        logits = heeds.sum(1, keepdims=True) * bend
        logits += _without_each(heed) * self.p + heed * self.miss
        if not self.soft:
            return logits
        return np.hstack([logits, self.hit * self.pull * moved])


def _without_each(goal: np.ndarray) -> np.ndarray:
    """Return the row sums without each element, summed without it."""
    classes = goal.shape[1]
    if classes > 64:
        return goal.sum(1, keepdims=True) - goal
    return goal @ (1 - np.eye(classes))


TERMS: dict[str, type[Terms]] = {
    "cross_entropy": CrossEntropyTerms,
    "poly1": PolyTerms,
    "softmax_focal": FocalTerms,
}
"""Terms by loss."""
