"""What optional arguments tell: definitions that agree on single rows, but not under weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossval.identification.candidates import Candidate, changed
from crossval.identification.evidence import MATRIX, SCALAR, Evidence, Witness
from crossval.identification.numbers import Scored
from crossval.identification.reductions import reduction
from crossval.identification.search import Search
from crossval.identification.separation import Separator
from crossval.points.probes import Probe
from crossval.runner import TargetRaised

__all__ = ["Weighed"]

_NEAR = 2.0**10


@dataclass(frozen=True)
class Weighed:
    """Compares definitions by rows with optional arguments, such as class weights.

    Attributes
    ----------
    search : Search
        Predictions.
    evidence : Evidence
        What came of the rows without such arguments.
    witness : Witness
        The target.
    batches : list of Probe
        Rows with as many arguments as the target takes.
    """

    search: Search
    evidence: Evidence
    witness: Witness
    batches: list[Probe]

    def settled(self, best: Scored) -> Scored:
        """Return `best`, or what differs in one axis and explains more than it."""
        if self._explains(best):
            return best
        return next((other for other in self._others(best) if self._explains(other)), best)

    def parts(self, one: Candidate, other: Candidate) -> bool:
        """Whether two definitions differ on rows with arguments."""
        if not self.batches:
            return False
        return not self._near(self._losses(one), self._losses(other)).all()

    def _others(self, best: Scored) -> list[Scored]:
        """Definitions that single rows do not tell from `best`, and these rows do."""
        start, separator = best.candidate, Separator(self.search, self.evidence)
        found = []
        for axis, choices in self.search.space.listed(start.definition.loss).items():
            for choice in choices:
                other = changed(start, {axis: choice})
                if other is None or other.key == start.key or not self.parts(start, other):
                    continue
                scored = Scored(other, best.fit)
                if not separator.difference(best, scored).told_by:
                    found.append(scored)
        return found

    def _explains(self, scored: Scored) -> bool:
        """Whether the target's results follow a definition; also where they cannot be asked for."""
        if not self.batches or self.evidence.form == MATRIX:
            return True
        candidate, fit = scored.candidate, scored.fit
        if self.evidence.form == SCALAR:
            space = self.search.space
            return bool(reduction(self.witness, space, candidate, fit, self.batches).denominator)
        try:
            got = self.witness.ask(self.batches).value
        except TargetRaised:
            return True
        return bool(self._near(got, fit.apply(self._losses(candidate))).all())

    def _losses(self, of: Candidate) -> np.ndarray:
        space = self.search.space
        return np.concatenate([space.losses_of(of, batch) for batch in self.batches])

    def _near(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        near = _NEAR * self.search.roundoff
        return np.isclose(one, other, rtol=near, atol=near, equal_nan=True)
