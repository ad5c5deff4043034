"""What a target returns at extreme inputs, where formulations of one definition part.

A loss may be textbook in its convention and still overflow, round to 0 or meet a floor where a
softmax saturates. That is no other convention: it is said after the decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crossval.identification.answer import Note
from crossval.identification.evidence import Evidence
from crossval.identification.fit import ROUNDINGS, measure
from crossval.identification.gradients import Gradients
from crossval.identification.numbers import Scored
from crossval.identification.search import Search
from crossval.identification.separation import Separator, decimal, described

__all__ = ["Extremes"]

_OFF, _NOT_FINITE = "RL301", "RL302"
_SLOPE_OFF, _SLOPE_NOT_FINITE, _FLAT = "RL402", "RL401", "RL403"


@dataclass(frozen=True)
class Extremes:
    """All rows, and which of them are extreme.

    Attributes
    ----------
    search : Search
        Predictions at all rows.
    evidence : Evidence
        What came of them.
    rows : (n,) bool array
        The extreme ones.
    """

    search: Search
    evidence: Evidence
    rows: np.ndarray

    def departures(self, best: Scored, *, gradients: bool) -> tuple[Note, ...]:
        """Say where the target leaves a definition; of its gradients too, if they follow it."""
        return (*self._values(best), *(self._gradients(best) if gradients else ()))

    def _values(self, best: Scored) -> Iterator[Note]:
        got, own = self.evidence.value, self.search.values(best.candidate)
        fit = measure(got, own, self.search.roundoff, best.fit.factor, best.fit.offset)
        raised = np.isin(np.arange(len(got)), list(self.evidence.raised))
        off = self.rows & ~fit.met & ~raised
        expected = best.fit.apply(own.number)
        broken = off & ~np.isfinite(got)
        for rows, code in ((broken, _NOT_FINITE), (off & ~broken, _OFF)):
            yield from self._note("it returns", rows, got, expected, code)

    def _gradients(self, best: Scored) -> Iterator[Note]:
        found = Gradients(self.search, self.evidence)
        for name, got in self.evidence.gradients.items():
            own = best.fit.factor * self.search.space.predict(best.candidate).gradients[name]
            lost = ~np.isfinite(got).all(axis=1) & np.isfinite(own).all(axis=1)
            # what two probabilities differ by is 0 to within their rounding
            least = ROUNDINGS * self.search.roundoff * np.abs(self.evidence.upstream)
            seen = _apart(got, own).max(axis=1) > least
            off = self.rows & found.off(best, name) & ~lost & seen
            flat = off & ~got.any(axis=1)
            at = np.argmax(_apart(got, own), axis=1)[:, None]
            one, two = (np.take_along_axis(each, at, axis=1)[:, 0] for each in (got, own))
            kinds = (
                (self.rows & lost, _SLOPE_NOT_FINITE),
                (flat, _FLAT),
                (off & ~flat, _SLOPE_OFF),
            )
            for rows, code in kinds:
                yield from self._note(f"its gradient by {name} is", rows, one, two, code)

    def _note(
        self, words: str, rows: np.ndarray, got: np.ndarray, own: np.ndarray, code: str
    ) -> Iterator[Note]:
        if not rows.any():
            return
        row = Separator(self.search, self.evidence).plainest(rows, rows)
        where = described(self.search.space.row(row))
        numbers = f"{decimal(float(got[row]))}, not {decimal(float(own[row]))}"
        count = f"{int(rows.sum())} of {int(self.rows.sum())} extreme probes"
        yield Note(f"at {where} {words} {numbers}; so at {count}", code)


def _apart(got: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return how far components lie apart, those that are not finite farthest."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(got - own)
    return np.where(np.isfinite(got), np.nan_to_num(apart), np.inf)
