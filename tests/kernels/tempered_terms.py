"""Σ|terms| of a loss of rows under a temperature: those of scaled logits, and of their slopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .divergence_terms import DIVERGENCE_TERMS
from .row_regimes import RowCase
from .row_terms import TERMS, Terms

__all__ = ["Tempered"]


class Tempered:
    """What `Terms` are for logits over a temperature; every slope by a logit is over it too."""

    def __init__(
        self,
        loss: str,
        constants: Mapping[str, float],
        case: RowCase,
        weight: np.ndarray | None,
        soft: bool,
        real: str = "float64",
    ):
        heat = constants.get("temperature", 1.0)
        known: type[Terms] = {**TERMS, **DIVERGENCE_TERMS}[loss]
        scaled = replace(case, logits=case.logits / heat)
        self.terms = known(constants, scaled, weight, soft, real)
        self.classes, self.heat = case.classes, heat
        self.outer = heat**2 if constants.get("times_square") else 1.0
        self.power = self.terms.power
        size = self.outer * max(1.0, 1 / heat**2)
        self.factor = self.terms.factor * size
        scaled_after = self.outer if self.outer != 1 else 0.0
        self.value_factor = np.ceil(self.factor)[:, 0] if self.power else scaled_after
        self.bent = self.factor if self.terms.bent is None else self.terms.bent * size

    def value(self) -> np.ndarray:
        """Return the terms of the value (n,)."""
        return self.outer * self.terms.value()

    def grad(self) -> np.ndarray:
        """Return the terms of the gradient, in the order of columns."""
        return self.outer * self._over_heat(self.terms.grad())

    def hvp(self, size: np.ndarray) -> np.ndarray:
        """Return the terms of the product with a direction of this size."""
        return self.outer * self._over_heat(self.terms.hvp(self._over_heat(size)))

    def _over_heat(self, table: np.ndarray) -> np.ndarray:
        return np.hstack([table[:, : self.classes] / self.heat, table[:, self.classes :]])
