"""Walk from the presets to the definition that explains the values.

First every preset as it is, then other readings of the inputs, then from the nearest ones one axis
at a time, pairs of axes, every number, readings with a number in them, and amounts placed one by
one. Each step ends the walk if something explains every row. Numeric axes are solved for, not
enumerated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from crossval.catalog import losses
from crossval.identification.candidates import (
    Candidate,
    Key,
    Space,
    by_hand,
    changed,
    numeric,
    places,
)
from crossval.identification.fit import Fit, Values, fit, measure, plainly, simplified
from crossval.identification.joint import ANY, together
from crossval.identification.numbers import Make, Scored, Solver
from crossval.identification.starts import Starts
from crossval.points.probes import AS_GIVEN, Scaling

_NEAREST = 3
_ROUNDS = 2
_TURNS = 4
_GAIN = 0.05
_ALIKE = 0.1
_HALF = 0.5


@dataclass
class Search:
    """The walk, and everything it has tried.

    Attributes
    ----------
    space : Space
        Losses, probes and predictions.
    got : (n,) array
        Results.
    roundoff : float
        Of the format that the target seems to compute in.
    hints : mapping of str to tuple of float
        Amounts of numeric axes that are known beforehand.
    """

    space: Space
    got: np.ndarray
    roundoff: float
    hints: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    tried: dict[Key, Scored] = field(default_factory=dict)

    @property
    def starts(self) -> Starts:
        """Where the walk starts."""
        return Starts(self.space, self.hints)

    def run(self) -> list[Scored]:
        """Return the candidates that explain all values; empty if none does."""
        steps = (
            self._presets,
            self._readings,
            self._usual,
            self._nearby,
            self._numbers,
            self._together,
            self._scalings,
            self._by_hand,
        )
        for step in steps:
            step()
            if self.exact:
                self._without_factor(self.exact[0])
                self._alternatives(self.exact[0])
                return [self._simplified(scored) for scored in self.exact]
        return []

    def _without_factor(self, found: Scored) -> None:
        """Look for a convention that is the factor which was fitted, or a number that is."""
        if found.fit.factor == 1 or found.fit.offset:
            return
        start, known = found.candidate, numeric(found.candidate.definition.loss)
        if start.reading.name:  # a scaled input and a factor may be a number of another amount
            plain = self._bare(start.under(AS_GIVEN))
            for number in known:
                self._solve(plain, number, known[number], rigid=True, least=0.0)
        for name, value in self._others(start):
            turned = changed(start, {name: value})
            if turned is None or turned.key == start.key:
                continue
            plain = self._bare(turned)
            if plain.fit.exact:
                self.keep(plain)
                continue
            for number in known:
                self._solve(plain, number, known[number], rigid=True, least=0.0)

    def further(self, settled: list[Scored]) -> list[Scored]:
        """Return what explains these rows, of candidates that explain others, and near those."""
        for each in settled:
            self.keep(self.measured(each.candidate, each.fit))
        starts = self._nearest()
        if not self.exact:
            self._usual()
        for step in (self.vary, self._rescaled):
            for start in () if self.exact else starts:
                step(start)
        if self.exact:
            self._alternatives(self.exact[0])
        return [self._simplified(scored) for scored in self.exact]

    def _alternatives(self, found: Scored) -> None:
        """Solve for an amount again under other choices: two of them may say the same."""
        candidate, loss = found.candidate, found.candidate.definition.loss
        solved = [name for name in numeric(loss) if name in candidate.definition.axes]
        for name, value in self._others(candidate) if solved else ():
            turned = changed(candidate, {name: value})
            if turned is None or not self._tells(candidate, name, value):
                continue
            near = Scored(turned, self.score(turned, found.fit).fit)
            for number in solved:
                self._solve(near, number, numeric(loss)[number])
        if len(solved) == 1:
            self._renumbered(candidate, solved[0])

    def _renumbered(self, found: Candidate, solved: str) -> None:
        """Solve for each other number in the place of one: both may say the same."""
        loss = found.definition.loss
        bare = changed(found, {solved: losses()[loss]["axes"][solved]["default"]})
        if bare is None:
            return
        plain = self._bare(bare)
        for name, known in numeric(loss).items():
            if name != solved:
                self._solve(plain, name, known, rigid=True, least=0.0)

    @property
    def nearest(self) -> Scored:
        """The plainest among the definitions that come nearest.

        Of a target that follows none, fitted factors and amounts say nothing; they count only if
        most rows agree with them.
        """
        members = [
            Scored(each, plainly(self.got, self.values(each), self.roundoff))
            for each in self.starts.members()
        ]
        members += [scored for scored in self.tried.values() if scored.fit.share > _HALF]
        digits = max(scored.fit.digits for scored in members)
        return min((s for s in members if s.fit.digits > digits - _ALIKE), key=_plainness)

    def _simplified(self, scored: Scored) -> Scored:
        short = simplified(self.got, self.values(scored.candidate), self.roundoff, scored.fit)
        return Scored(scored.candidate, short)

    @property
    def exact(self) -> list[Scored]:
        """Candidates tried so far that explain all values, plainest first."""
        found = [scored for scored in self.tried.values() if scored.fit.exact]
        return sorted(found, key=_plainness)

    @property
    def ranked(self) -> list[Scored]:
        """Everything tried so far, nearest first."""
        return sorted(
            self.tried.values(),
            key=lambda s: (not s.fit.exact, -round(s.fit.digits, 2), _plainness(s)),
        )

    def score(self, of: Candidate, near: Fit | None = None) -> Scored:
        """Fit one candidate, once; near another one only its relation and refinements of it."""
        known = self.tried.get(of.key)
        if known is None:
            return self.keep(self._fitted(of, near))
        if of.cost < known.candidate.cost:
            return self.keep(Scored(of, known.fit))
        return known

    def keep(self, scored: Scored) -> Scored:
        """Remember a candidate."""
        self.tried[scored.candidate.key] = scored
        return scored

    def measured(self, of: Candidate, near: Fit) -> Scored:
        """Judge a candidate in a relation that is known."""
        values = self.values(of)
        found = measure(self.got, values, self.roundoff, near.factor, near.offset)
        return Scored(of, found)

    def _bare(self, of: Candidate) -> Scored:
        """Judge a candidate without a factor and an offset."""
        return Scored(of, measure(self.got, self.values(of), self.roundoff, 1.0, 0.0))

    def _fitted(self, of: Candidate, near: Fit | None) -> Scored:
        relation = None if near is None else (near.factor, near.offset)
        return Scored(of, fit(self.got, self.values(of), self.roundoff, relation))

    def values(self, of: Candidate) -> Values:
        """Predicted values of a candidate."""
        return self.space.predict(of).value

    def solve(
        self,
        start: Scored,
        make: Make,
        known: Sequence[float],
        rigid: bool = False,
        least: float | None = None,
    ) -> Scored | None:
        """Solve for one number near a candidate, and remember what is found.

        ``rigid`` keeps the relation as it is, where the number itself acts like a factor. Given
        up is a number no decade of which explains ``least`` digits: more than the start does.
        """
        least = start.fit.digits + _GAIN if least is None else least
        fitted = self.measured if rigid else self._fitted
        solver = Solver(self.got, lambda of: fitted(of, start.fit), self.values, least)
        found = solver.solve(make, known)
        return None if found is None else self.keep(found)

    def vary(self, start: Scored) -> None:
        """Try every other value of one axis at a time."""
        loss = start.candidate.definition.loss
        for name, values in self.space.listed(loss).items():
            for value in values:
                self._maybe(changed(start.candidate, {name: value}), start)
        for name, known in numeric(loss).items():
            self._solve(start, name, known)

    def _presets(self) -> None:
        for each in self.space.presets():
            self.score(each)
        if self.hints and not self.exact:
            for each in self.starts.members():
                self.score(each)

    def _readings(self) -> None:
        for reading in self.space.prober.readings:
            for each in self.space.presets():
                if reading.axis not in losses()[each.definition.loss]["axes"]:
                    self.score(each.under(reading))

    def _usual(self) -> None:
        """Try the amounts that are met in practice in readings of the nearest presets."""
        for near in self._nearest():
            for scaling in self.space.prober.scalings if not near.candidate.reading.name else ():
                make = _scaled(near.candidate, scaling)
                for amount in scaling.known:
                    of = make(amount)
                    if of is not None:
                        self.keep(self.measured(of, near.fit))

    def _nearby(self) -> None:
        for _ in range(_ROUNDS):
            before = self.ranked[0].fit.digits
            for near in self._nearest():
                self.vary(near)
                if self.exact:
                    return
            for near in self._nearest():
                self._pairs(near)
                if self.exact:
                    return
            if self.ranked[0].fit.digits < before + _GAIN:
                return

    def _numbers(self) -> None:
        """Solve for each number of every preset without a factor, which may hide what it scales.

        With it under every choice that shows with that number alone.
        """
        solved: set[Key] = set()
        for start in self.starts.members():
            for name, known in self.starts.unknown(start.definition.loss).items():
                for each in (start, *self._awakened(start, name)):
                    moved = changed(each, {name: ANY})
                    if moved is None or moved.key in solved:
                        continue
                    solved.add(moved.key)
                    found = self._solve(self._bare(each), name, known, rigid=True, least=0.0)
                    if found is not None and found.fit.exact:
                        return

    def _together(self) -> None:
        """Solve for all numbers of every preset at once: one may hide what another does."""
        solver = Solver(self.got, self._bare, self.values)
        for start in self.starts.members():
            found = together(start, tuple(self.starts.unknown(start.definition.loss)), solver)
            if found is not None and self.keep(found).fit.exact:
                return

    def _awakened(self, start: Candidate, number: str) -> Iterator[Candidate]:
        """Yield other choices of one axis that show once a number is another, and not before."""
        moved = changed(start, {number: ANY})
        if moved is None:
            return
        here = self.values(start).number
        for name, value in self._others(start):
            other, both = changed(start, {name: value}), changed(moved, {name: value})
            if other is None or both is None or both.key == moved.key:
                continue
            silent = np.array_equal(self.values(other).number, here, equal_nan=True)
            if silent and not np.array_equal(self.values(both).number, self.values(moved).number):
                yield other

    def _by_hand(self) -> None:
        """Place the amounts of the nearest candidates one by one, each in turn, some rounds."""
        for start in self._known_readings():
            best = start
            for _ in range(_ROUNDS + 1):
                before = best.fit.digits
                for name in places(start.candidate):
                    best = self._placed(best, name)
                    if best.fit.exact:
                        return
                if best.fit.digits < before + _GAIN:
                    break

    def _placed(self, best: Scored, name: str) -> Scored:
        amounts = places(best.candidate)
        start = best.candidate

        def make(amount: float) -> Candidate | None:
            return by_hand(start, {**amounts, name: amount})

        found = self.solve(best, make, sorted(set(amounts.values())))
        return found if found is not None and found.fit.digits > best.fit.digits else best

    def _scalings(self) -> None:
        """Solve for a number in the reading, from every preset of one loss, the nearest first."""
        nearest: dict[str, float] = {}
        for each in self.ranked:
            nearest.setdefault(each.candidate.definition.loss, round(each.fit.digits, 2))
        for digits in dict.fromkeys(nearest.values()):
            for loss in (loss for loss, own in nearest.items() if own == digits):
                self._scaled(loss)
            if self.exact:
                return

    def _scaled(self, loss: str) -> None:
        near = (s.candidate for s in self._known_readings() if not s.candidate.reading.name)
        known = [*self.space.presets((loss,)), *(of for of in near if of.definition.loss == loss)]
        starts = {each.key: each for each in known}
        for scaling in self.space.prober.scalings:
            for start in starts.values():
                self._scale(self.score(start), scaling)

    def _rescaled(self, start: Scored) -> None:
        for scaling in self.space.prober.scalings:
            self._scale(start, scaling)

    def _scale(self, start: Scored, scaling: Scaling) -> None:
        make = _scaled(start.candidate, scaling)
        found = self.solve(start, make, scaling.known, rigid=True)
        if found is None or not found.fit.exact:
            self.solve(start, make, ())

    def _nearest(self) -> list[Scored]:
        """Nearest candidates with different scores; of equal scores one for each loss."""
        chosen: dict[tuple[float, str], Scored] = {}
        for scored in self.ranked:
            digits, seen = round(scored.fit.digits, 3), {known for known, _ in chosen}
            if digits not in seen and len(seen) == _NEAREST:
                break
            chosen.setdefault((digits, scored.candidate.definition.loss), scored)
        return list(chosen.values())

    def _known_readings(self) -> list[Scored]:
        """Nearest candidates under a reading without a number."""
        names = {"", *(reading.name for reading in self.space.prober.readings)}
        return [near for near in self._nearest() if near.candidate.reading.name in names]

    def _pairs(self, start: Scored) -> None:
        here, loss = start.candidate, start.candidate.definition.loss
        telling = [pair for pair in self._others(here) if self._tells(here, *pair)]
        for (one, first), (other, second) in combinations(telling, 2):
            if one != other:
                self._maybe(changed(here, {one: first, other: second}), start)
        for name, value in telling:
            turned = changed(here, {name: value})
            if turned is not None:
                near = Scored(turned, self.score(turned, start.fit).fit)
                for number in numeric(loss):
                    self._solve(near, number, numeric(loss)[number])
        for one, other in combinations([n for n in numeric(loss) if n not in self.hints], 2):
            self._solve_two(start, one, other)

    def _others(self, start: Candidate) -> Iterator[tuple[str, str]]:
        """Other values of the axes with listed values."""
        now = start.definition.spec.axes
        for name, values in self.space.listed(start.definition.loss).items():
            yield from ((name, value) for value in values if value != now[name])

    def _tells(self, start: Candidate, name: str, value: str) -> bool:
        """Whether a value of an axis may show in the values, now or with another amount."""
        other = changed(start, {name: value})
        if other is None:
            return False
        here, there = self.values(start).number, self.values(other).number
        return other.key == start.key or not np.array_equal(here, there, equal_nan=True)

    def _solve(
        self,
        start: Scored,
        name: str,
        known: Sequence[float],
        rigid: bool = False,
        least: float | None = None,
    ) -> Scored | None:
        def make(amount: float) -> Candidate | None:
            return changed(start.candidate, {name: amount})

        moved = make(ANY)
        if moved is None or moved.key == start.candidate.key:
            return None  # single rows have no such number
        if self.space.prober.leading and self._alike(moved, start.candidate):
            return None  # nor does it show beside the other choices
        return self.solve(start, make, known, rigid, least)

    def _alike(self, one: Candidate, other: Candidate) -> bool:
        """Whether two candidates predict the same values."""
        numbers = (self.values(of).number for of in (one, other))
        return np.array_equal(*numbers, equal_nan=True)

    def _solve_two(self, start: Scored, one: str, other: str) -> None:
        """Solve for two numbers in turn, as long as it gains digits.

        A factor that is fitted on the way to both stands between them: it is left out at last.
        """
        known, plain = numeric(start.candidate.definition.loss), self._bare(start.candidate)
        for near, rigid in ((start, False), (plain, True)):
            for name in (one, other) * _TURNS:
                found = self._solve(near, name, known[name], rigid)
                if found is not None and found.fit.exact:
                    return
                near = found or near

    def _maybe(self, of: Candidate | None, start: Scored) -> None:
        if of is not None:
            self.score(of, start.fit)


def _scaled(start: Candidate, scaling: Scaling) -> Make:
    def scaled(amount: float) -> Candidate | None:
        plausible = amount > 0 and scaling.least <= amount <= scaling.most
        return start.under(scaling.make(amount)) if plausible else None

    return scaled


def _plainness(scored: Scored) -> tuple[int, float, int]:
    """Return what is least for the plainest: what is said, a factor, the digits of amounts."""
    relation = abs(scored.fit.factor - 1) + abs(scored.fit.offset)
    amounts = [a for a in scored.candidate.definition.axes.values() if isinstance(a, float)]
    digits = sum(len(repr(amount)) for amount in amounts)
    return scored.candidate.cost + 2 * bool(relation), relation, digits
