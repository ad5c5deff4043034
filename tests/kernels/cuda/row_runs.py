"""Row kernels as a device runs them, under fixed conventions, and what they may err by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from crossval.oracles.enclosure import Truth
from refloss.run.native.unit import SAME

from ..row_regimes import RowCase
from ..row_subject import RowSubject, differences, refuse
from .fibers import unit_of
from .runs import launch

__all__ = ["GROUPS", "Rows", "drawn"]

#: Threads of a row and of a block: warps, several of them a block, or whole blocks.
GROUPS = ((32, 128), (64, 64), (256, 256))


@dataclass(frozen=True)
class Rows:
    """A subject in an arithmetic, on groups of some size."""

    subject: RowSubject
    real: str
    group: int
    block: int

    def run(self, function: str, case: RowCase, upstream, direction, **how: Any):
        """Return a kernel's outputs by name."""
        subject, classes = self.subject, case.classes
        weight = subject.weight(case)
        inputs: Mapping[str, Any] = {
            subject.first: case.logits,
            "target": case.probabilities if subject.soft else case.labels,
            "class_weight": 1.0 if weight is None else weight,
            "loss_bar": upstream,
            f"{subject.first}_dot": direction[:, :classes],
            "target_dot": direction[:, classes:],
        }
        return launch(
            self._unit(function, weight is None, how.pop("stored", None)),
            [len(case), classes],
            inputs,
            subject.spec.constants,
            group=self.group,
            block=self.block,
            **how,
        )

    def check(self, case: RowCase, upstream, direction, known: Truth, what: str) -> None:
        """See value, gradient and, where the truth has it, the product within the bars."""
        subject, real = self.subject, self.real
        value = self.run("value", case, upstream, direction)["loss"]
        grad = self.run("grad", case, upstream, direction)
        value_bar = subject.value_bar(case, real)
        self._judge("value", value, value_bar, case, known, what)
        self._judge("value", grad["loss"], value_bar, case, known, what)
        found = self._stacked(grad, "_bar")
        self._judge("grad", found, subject.grad_bar(case, upstream, real), case, known, what)
        if known.hvp_hi is not None:
            found = self._stacked(self.run("hvp", case, upstream, direction), "_bar_dot")
            bar = subject.hvp_bar(case, direction, upstream, real)
            self._judge("hvp", found, bar, case, known, what)

    def _judge(self, part: str, found, bar, case: RowCase, known: Truth, what: str) -> None:
        found = found.astype(np.float64)
        off = ~(differences(found, known, part) <= bar)
        hi = getattr(known, f"{part}_hi")
        where = f"{self.subject} in {self.real}, {self.group} threads, {what}: {part}"
        refuse(off, case, where, found, hi, bar)

    def _stacked(self, found: Mapping[str, np.ndarray], suffix: str) -> np.ndarray:
        return np.hstack([found[f"{name}{suffix}"] for name in self.subject.names])

    def _unit(self, function: str, unweighted: bool, stored: str | None):
        held = {"class_weight": SAME} if unweighted else {}
        return _unit(self.subject.spec.program, function, self.real, stored, tuple(held.items()))


@cache
def _unit(program: str, function: str, real: str, stored: str | None, held: tuple):
    return unit_of(program, function, real, stored=stored, held=dict(held))


def drawn(subject: RowSubject, case: RowCase, real: str) -> tuple[np.ndarray, np.ndarray]:
    """Return an upstream gradient and a direction, in numbers that `real` can hold."""
    rng = np.random.default_rng(3)
    upstream, direction = rng.normal(size=len(case)), rng.normal(size=subject.columns(case).shape)
    return tuple(a.astype(real).astype(np.float64) for a in (upstream, direction))
