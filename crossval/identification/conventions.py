"""The conventions of an identified definition: what told each, what is equal, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from crossval.catalog import losses
from crossval.identification.answer import Axis
from crossval.identification.candidates import (
    Candidate,
    Key,
    by_hand,
    changed,
    numeric,
    places,
)
from crossval.identification.evidence import Evidence
from crossval.identification.fit import Fit, measure
from crossval.identification.gradients import Gradients
from crossval.identification.naming import Settled, name, plainness
from crossval.identification.numbers import Make, Scored, Solver
from crossval.identification.search import Search
from crossval.identification.separation import Separator
from crossval.identification.weighed import Weighed
from crossval.points.probes import AS_GIVEN

__all__ = ["Conventions"]

_SAME = 1e-9
_MOVED = 0.5
_REDUCTION = "reduction"
_OPTIONS = "optional arguments"


@dataclass(frozen=True)
class Conventions:
    """Compares the definition that fits with those around it.

    Attributes
    ----------
    search : Search
        The walk.
    evidence : Evidence
        The target's answers.
    reference : str
        The target's name; presets that it mentions come first.
    weighed : Weighed
        What rows with optional arguments tell.
    """

    search: Search
    evidence: Evidence
    reference: str
    weighed: Weighed

    @property
    def separator(self) -> Separator:
        """Compares definitions on these probes."""
        return Separator(self.search, self.evidence)

    @property
    def gradients(self) -> Gradients:
        """Compares gradients with those of definitions."""
        return Gradients(self.search, self.evidence)

    def axes(self, best: Scored, settled: Mapping[str, str]) -> tuple[Axis, ...]:
        """Say of every convention what told it, or that nothing did."""
        values = name(best.candidate, self.reference).axes
        start = best.candidate
        found = []
        for axis, choices in self.search.space.listed(start.definition.loss).items():
            if axis in settled:
                continue
            told: dict[str, list[str]] = {"value": [], "gradient": [], _OPTIONS: [], "": []}
            for choice in choices:
                other = changed(start, {axis: choice})
                if choice == values[axis] or other is None or other.key == start.key:
                    continue
                difference = self.separator.difference(best, Scored(other, best.fit))
                unseen = not difference.told_by and self.weighed.parts(start, other)
                told[_OPTIONS if unseen else difference.told_by].append(choice)
            by = tuple(kind for kind in ("value", "gradient", _OPTIONS) if told[kind])
            found.append(Axis(axis, values[axis], by, tuple(told[""])))
        for axis in numeric(start.definition.loss):
            found.extend(self._number(best, axis, values[axis]))
        found.extend(Axis(axis, value, (_REDUCTION,)) for axis, value in settled.items())
        return tuple(found)

    def runner_up(self, best: Scored, winners: list[Scored]) -> Scored | None:
        """Return the nearest definition that some probe tells from the best."""
        start, taken = best.candidate, {winner.candidate.key for winner in winners}
        others: dict[Key, Candidate] = {}
        for axis, choices in self.search.space.listed(start.definition.loss).items():
            for choice in choices:
                other = changed(start, {axis: choice})
                if other is not None:
                    others.setdefault(other.key, other)
        for other in self.search.space.presets():
            others.setdefault(other.under(start.reading).key, other.under(start.reading))
        scored = [
            Scored(other, self._same_relation(other, best.fit))
            for key, other in others.items()
            if key not in taken
        ]
        told = [each for each in scored if self.separator.difference(best, each).told_by]
        return min(told, key=self._distance, default=None)

    def equal(
        self,
        best: Scored,
        winners: list[Scored],
        axes: tuple[Axis, ...],
        named: Settled,
    ) -> tuple[str, ...]:
        """Name the other definitions that fit in the same relation; of other losses the plainest.

        Left out are open choices of axes, and losses that are this one only because a number of
        theirs is 0, as the power of a focal loss that is cross-entropy then.
        """
        open_ = {axis.name: axis.open for axis in axes}
        own, relation = best.candidate.definition, (best.fit.factor, best.fit.offset)
        titles: list[str] = []
        seen: set[str] = set()
        for each in sorted(winners, key=lambda each: plainness(each.candidate, self.reference)):
            other = each.candidate.definition
            if each.candidate.key == best.candidate.key or other.loss in seen - {own.loss}:
                continue
            if not np.allclose((each.fit.factor, each.fit.offset), relation, _SAME, _SAME):
                continue
            moved = {a: v for a, v in other.spec.axes.items() if own.spec.axes.get(a) != v}
            own_axes = {a: value for a, value in named.items() if a in other.spec.axes}
            called = name(each.candidate, self.reference, own_axes)
            if other.loss == own.loss:
                choices = all(value in open_.get(axis, ()) for axis, value in moved.items())
                same = self._is_same(each.candidate, best.candidate)
                hidden = choices and bool(called.changes or same)
            else:
                hidden = self._is_limit(each.candidate, own.loss)
            if not hidden:
                titles.append(called.title)
                seen.add(other.loss)
        return tuple(dict.fromkeys(titles))

    def _is_same(self, one: Candidate, other: Candidate) -> bool:
        """Whether two definitions have the same losses to the last bit."""
        values = (self.search.values(of).number for of in (one, other))
        return np.array_equal(*values, equal_nan=True)

    def _is_limit(self, other: Candidate, loss: str) -> bool:
        """Whether a number that a loss does not have is 0, and would show if it were not."""
        known, axes = losses()[loss]["axes"], other.definition.spec.axes
        for axis in numeric(other.definition.loss):
            if axis in known or axes[axis] != 0:
                continue
            moved = changed(other, {axis: _MOVED})
            here = self.search.values(other).number
            if moved is not None and not np.array_equal(self.search.values(moved).number, here):
                return True
        return False

    def readings(self, best: Scored) -> tuple[str, ...]:
        """Name other readings of the inputs under which nothing changes."""
        silent = []
        for reading in (AS_GIVEN, *self.search.space.prober.readings):
            other = best.candidate.under(reading)
            if reading.name == best.candidate.reading.name:
                continue
            if not self.separator.difference(best, Scored(other, best.fit)).told_by:
                silent.append(reading.name or "as given")
        return (f"inputs {' or '.join(silent)}: the definition is the same",) if silent else ()

    def _number(self, best: Scored, axis: str, value: object) -> list[Axis]:
        if isinstance(value, Mapping):
            amounts = places(best.candidate)
            return [
                self._resolved(best, constant, amount, _placing(best.candidate, amounts, constant))
                for constant, amount in amounts.items()
            ]
        if not isinstance(value, int | float):
            return []
        start = best.candidate
        if changed(start, {axis: float(value)}) is None:
            return []  # this program has no such number
        return [self._resolved(best, axis, float(value), lambda a: changed(start, {axis: a}))]

    def _resolved(self, best: Scored, label: str, amount: float, make: Make) -> Axis:
        fit, search = best.fit, self.search
        solver = Solver(self.evidence.value, lambda of: Scored(of, fit), search.values)
        resolution = solver.resolution(make, amount, search.roundoff)
        seen = np.isfinite(resolution) and not resolution >= abs(amount) > 0
        return Axis(label, amount, ("value",) if seen else (), (), resolution if seen else None)

    def _same_relation(self, other: Candidate, fit: Fit) -> Fit:
        values = self.search.values(other)
        return measure(self.evidence.value, values, self.search.roundoff, fit.factor, fit.offset)

    def _distance(self, scored: Scored) -> tuple[float, int]:
        digits = scored.fit.digits
        if self.evidence.gradients:
            digits += self.gradients.digits(scored)
        return -round(digits, 3), len(name(scored.candidate, self.reference).changes)


def _placing(start: Candidate, amounts: Mapping[str, float], constant: str) -> Make:
    return lambda amount: by_hand(start, {**amounts, constant: amount})
