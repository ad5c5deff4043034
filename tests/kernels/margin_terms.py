"""Σ|terms| of margin losses: what their sums over classes add up, none of it of two signs.

The margin and two scores count as one term of the size of their sum: where they cancel, the kernel
has all digits of what is left.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .row_terms import Terms

__all__ = ["MarginTerms"]


class MarginTerms(Terms):
    """Terms of the forms of multi-class margin losses.

    * value: weight times what each class lacks, or its square, over the parts;
    * gradient: of a class that of its own term, or its share; of the target the sum of all;
    * products: twice the direction's entries, and the target's, of every class that lacks.
    """

    form = ""
    value_factor = 0.0

    def prepare(self) -> None:
        c, case = self.constants, self.case
        classes, z = case.classes, case.logits
        own = np.where(self.at, z, 0.0).sum(1, keepdims=True)
        self.factor = self.w[case.labels][:, None]
        if c["divided"]:
            self.factor = self.factor / (classes - c["over_others"])
        self.bent = self.factor
        self.twice = bool(c["squared"])
        margin = c["margin"]
        self.shares = np.ones(z.shape)
        if self.form == "one_vs_all":
            excess = margin + np.where(self.at, -z, z)
        elif self.form == "weston_watkins":
            excess = np.where(self.at, -1.0, _ahead(margin, z, own))
        else:
            rival = -np.inf if self.form == "crammer_singer" else 0.0
            score = np.where(self.at, rival, z)
            top = score.max(1, keepdims=True)
            chief = score >= top
            self.shares = chief / chief.sum(1, keepdims=True)
            excess = _ahead(margin, top, own)
        self.lack = np.maximum(excess, 0.0)

    @property
    def apart(self) -> bool:
        """Whether the target's score is in every term."""
        return self.form != "one_vs_all"

    def value(self) -> np.ndarray:
        lacks = self.lack**2 if self.twice else self.lack
        return np.asarray(self.factor[:, 0] * lacks.sum(1), np.float64)

    def grad(self) -> np.ndarray:
        slopes = 2 * self.lack if self.twice else np.where(self.lack > 0, 1.0, 0.0)
        return self._of_classes(slopes)

    def hvp(self, size: np.ndarray) -> np.ndarray:
        if not self.twice:
            return np.zeros(size.shape)
        own = np.where(self.at, size, 0.0).sum(1, keepdims=True)
        moved = size + own if self.apart else size
        if self.lack.shape[1] == 1:
            moved = (self.shares * np.where(self.at, 0.0, size)).sum(1, keepdims=True) + own
        return self._of_classes(2 * np.where(self.lack > 0, moved, 0.0))

    def _of_classes(self, slopes: np.ndarray) -> np.ndarray:
        spread = np.where(self.at, 0.0, self.shares) * slopes if self.apart else slopes
        if self.apart:
            spread = spread + np.where(self.at, slopes.sum(1, keepdims=True), 0.0)
        return np.asarray(self.factor * spread, np.float64)


@np.vectorize(otypes=[float])
def _ahead(margin: float, score: float, own: float) -> float:
    """Return a margin more than a difference, rounded once."""
    return float(Fraction(float(margin)) + Fraction(float(score)) - Fraction(float(own)))


def of_form(form: str) -> type[MarginTerms]:
    """Return the terms of one form."""
    return type(f"{form}_terms", (MarginTerms,), {"form": form})
