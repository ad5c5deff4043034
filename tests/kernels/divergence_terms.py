"""Σ|terms| of divergences of a softmax, for an upstream of 1; see `row_terms`.

A softmax p is known to a rounding of itself, and so is what is differentiated by it. What that does
to a sum whose first order has cancelled is of the size of p - q, itself known to a rounding of p.
"""

from __future__ import annotations

import math

import numpy as np

from .row_terms import Terms

__all__ = ["DIVERGENCE_TERMS"]

U, GRID = 2.0**-52, 2.0**-41
LEAST = 2.0**-1000
"""The smallest number with an inverse that may still be multiplied."""


class DivergenceTerms(Terms):
    """What both divergences are made of."""

    def prepare(self) -> None:
        self.q = self.case.probabilities
        self.gap = np.abs(self.p - self.q) + U * self.p
        self.factor = max(self.w.max(), 1.0)

    def turned(self, size: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return a direction by logits: of p, and of log p; and that by probabilities."""
        u, v = np.split(size, 2, axis=1)
        return (*self.bend(u), v)


class KullbackTerms(DivergenceTerms):
    """Terms of Kullback-Leibler divergence.

    * value: Σ w q (log q and log p); of equal weights, and a sum near 1, Σ |p - q|, what is left
      of each class, and the sum less 1;
    * gradient: of cross-entropy with probabilities; w (log q, log p and 1);
    * products: those of cross-entropy, and w v/q.
    """

    def prepare(self) -> None:
        super().prepare()
        self.log = np.abs(np.log(np.where(self.q > 0, self.q, 1.0)))
        self.goal = self.w * self.q

    def value(self) -> np.ndarray:
        each = (self.goal * (self.log + self.score)).sum(1)
        excess = np.array([math.fsum([*row, -1.0]) for row in self.q])
        near = (self.q <= 2 * self.p) & (self.p <= 2 * self.q)
        far = np.where(near, 0.0, self.q * (self.log + self.score))
        second = (self.gap + far).sum(1) + np.abs(excess) + GRID * self.case.classes
        balanced = (np.ptp(self.w) == 0) & (np.abs(excess) <= 0.5)
        return np.where(balanced, self.w.max() * second, each)

    def grad(self) -> np.ndarray:
        logits = _without_each(self.goal) * self.p + self.goal * self.miss
        target = self.w * (self.log + self.score + 1)
        return np.hstack([logits, target])

    def hvp(self, size: np.ndarray) -> np.ndarray:
        bend, moved, v = self.turned(size)
        wide = self.w * v
        logits = self.goal.sum(1, keepdims=True) * bend
        logits += wide.sum(1, keepdims=True) * self.p + wide * (self.p + self.miss)
        inverse = np.divide(wide, self.q, where=self.q > 0, out=np.zeros_like(wide))
        return np.hstack([logits, self.w * moved + inverse])


class JensenTerms(DivergenceTerms):
    """Terms of Jensen-Shannon divergence, with m = (p + q)/2 and F = w p (log(p/m) and q/(p + q)).

    * value: Σ w (p + q) d² close to each other, else of p and of q; and what rounding p does;
    * gradient: F_j (1 - p_j) and p_j Σ_{k≠j} F_k; w (log(q/m) and p/(p + q));
    * products: of both factors.
    """

    def prepare(self) -> None:
        super().prepare()
        self.scale = 1 / np.log(2) if self.constants["in_bits"] else 1.0
        p, q = self.p, self.q
        some = p + q > 0
        both = np.where(some, p + q, 1.0)
        self.part, self.other = np.where(some, p / both, 1.0), q / both
        self.both, self.lean = both, np.where(some, (p - q) / both, 1.0)
        self.pull = np.where(p > 0, _log_of_twice(self.part, self.lean), self.score) / 2
        unmet = np.log(2) + self.score
        self.push = np.where(q > 0, _log_of_twice(self.other, -self.lean), unmet) / 2
        self.felt = self.w * p * (self.pull + self.other)
        plain, share, over = 1 + self.pull, *self._of_shares()
        size = self.factor * self.scale
        self.factor = size * np.hstack([plain, np.maximum(share + over, 1.0)])
        moved = plain + share + self.p * _without_each(share)
        self.bent = size * np.hstack([moved, np.maximum(share + over, 1.0)])

    def _of_shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Return by what an underflow of p is multiplied in its share of p + q, and that over q."""
        subnormal = self.p < 2 * np.finfo(self.real).tiny
        held = np.where((self.q > 0) & subnormal, self.q, 1.0)
        with np.errstate(over="ignore"):
            share = subnormal / np.maximum(self.both, LEAST)
            return share, share / held

    def value(self) -> np.ndarray:
        close = np.abs(self.lean) <= 0.5
        near = self.gap**2 / self.both + self.part * self.gap
        far = self.p * (self.pull + 1) + self.q * self.push
        return self.scale * (self.w * np.where(close, near, far)).sum(1)

    def grad(self) -> np.ndarray:
        logits = self.felt * self.miss + self.p * _without_each(self.felt)
        target = self.w * (self.push + self.part)
        return self.scale * np.hstack([logits, target])

    def hvp(self, size: np.ndarray) -> np.ndarray:
        bend, moved, v = self.turned(size)
        felt = self.felt * moved + self.w * self.part * v / 2
        logits = bend * (self.felt + _without_each(self.felt))
        logits += self.miss * felt + self.p * _without_each(felt)
        bent = np.where(self.q > 0, self.part / np.where(self.q > 0, self.q, 1.0), 0.0)
        target = self.w * (self.part * moved + bent * v)
        return self.scale * np.hstack([logits, target])


def _log_of_twice(share: np.ndarray, lean: np.ndarray) -> np.ndarray:
    """Return |log(2 share)|, of which the lean is 2 share - 1; 0 for a share of 0."""
    far = np.log(2 * np.where(share > 0, share, 0.5))
    return np.abs(np.where(np.abs(lean) <= 0.5, np.log1p(np.clip(lean, -0.5, 0.5)), far))


def _without_each(parts: np.ndarray) -> np.ndarray:
    return parts @ (1 - np.eye(parts.shape[1]))


DIVERGENCE_TERMS: dict[str, type[Terms]] = {
    "softmax_kl": KullbackTerms,
    "softmax_js": JensenTerms,
}
"""Terms by loss."""
