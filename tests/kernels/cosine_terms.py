"""Σ|terms| of heads over given cosines: those of the softmax, and what the target's logit adds.

That logit is a function psi of one cosine, rounded to a few ulp: times the scale, this moves every
softmax of the row, and counts as a term.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import ClassVar

import numpy as np

from refloss.run.derived import completed
from refloss.run.kernels import library

from .row_regimes import RowCase
from .row_subject import RowSubject
from .row_terms import CrossEntropyTerms

__all__ = ["CosineSubject", "CosineTerms"]

_NOTHING = {"label_smoothing": 0.0, "over_others": 0.0, "classy": 0.0}


class CosineTerms:
    """What `Terms` are, for rows of cosines.

    * value: that of cross-entropy, and miss s |psi|;
    * gradient: that of cross-entropy times s and psi' or 1, and p_y s |psi| of it;
    * products: likewise, p_j p_y s |psi| among them, and miss s psi'' by the target.
    """

    power, value_factor = 0.0, 0.0

    def __init__(
        self,
        constants: Mapping[str, float],
        case: RowCase,
        weight: np.ndarray | None,
        program: str,
        real: str,
    ):
        self.scale, rows = constants["scale"], np.arange(len(case))
        name = program.replace("_cosine", "_logit")
        entry = library().index["programs"][name]
        known = completed(entry, {n: constants[n] for n in entry["constants"]} | {"scale": 1.0})
        own, one = case.logits[rows, case.labels], np.ones(len(case))
        text = import_module(f"refloss.kernels.numpy.{name}")
        with np.errstate(all="ignore"):
            psi, slope = text.grad(own, one, **known)
            bend = np.broadcast_to(text.hvp(own, one, one, **known), len(case))
        share = constants.get("annealing", 0.0) / (1 + constants.get("annealing", 0.0))
        self.size = (np.abs(psi) + 2 * share * np.abs(own))[:, None]
        self.bend = np.abs(bend)[:, None]
        self.at = np.arange(case.classes) == case.labels[:, None]
        most = constants["roof"]
        steep = np.broadcast_to(np.abs(slope) + 2 * share, len(case))[:, None]
        inside = np.where(np.abs(case.logits) > most, 0.0, 1.0)
        self.chain = self.scale * np.where(self.at, steep, inside)
        logits = np.where(self.at, psi[:, None], case.logits.clip(-most, most))
        scaled = replace(case, logits=self.scale * logits)
        self.softmax = CrossEntropyTerms(_NOTHING, scaled, weight, False, real)
        of_target = self.softmax.of_target
        self.miss, p = of_target(self.softmax.miss), of_target(self.softmax.p)
        self.moves = 1 + p * self.scale * self.size
        self.w = self.softmax.w[case.labels][:, None]
        self.factor = np.maximum(self.w * self.chain.max(1, keepdims=True), 1.0)
        self.bent = self.factor

    def value(self) -> np.ndarray:
        """Return the terms of the value (n,)."""
        return self.softmax.value() + (self.w * self.miss * self.scale * self.size)[:, 0]

    def grad(self) -> np.ndarray:
        """Return the terms of the gradient."""
        return self.softmax.grad() * self.chain * self.moves

    def hvp(self, size: np.ndarray) -> np.ndarray:
        """Return the terms of the product with a direction of this size."""
        softmax = self.softmax.hvp(size * self.chain) * self.chain
        turned = np.where(self.at, self.w * self.miss * self.scale * self.bend * size, 0.0)
        return (softmax + turned) * (1 + self.scale * self.size)


@dataclass(frozen=True)
class CosineSubject(RowSubject):
    """A head over given cosines under fixed conventions."""

    first: ClassVar[str] = "cosine"

    def _terms(self, case: RowCase, real: str):
        spec = self.spec
        return CosineTerms(spec.constants, case, self.weight(case), spec.program, real)
