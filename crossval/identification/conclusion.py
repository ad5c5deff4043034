"""From the candidates that fit to an answer: names, axes, runner-up, and what stays open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from crossval.identification.answer import UNEXPLAINED, Agreement, Axis, Identification, Note
from crossval.identification.candidates import (
    Candidate,
    Key,
    by_hand,
    changed,
    listed,
    numeric,
    places,
    presets,
)
from crossval.identification.evidence import COLUMN, MATRIX, ROWS, SCALAR, Evidence, Witness
from crossval.identification.fit import Fit, named
from crossval.identification.gradients import Explained, Gradients
from crossval.identification.naming import name
from crossval.identification.numbers import Make, Scored, Solver
from crossval.identification.reductions import Reduced, reduction
from crossval.identification.search import Search
from crossval.identification.separation import Separator
from crossval.points.probes import AS_GIVEN, Probe
from crossval.runner import TargetRaised

_CERTIFIED = 8
_FORMS = {
    ROWS: "none: one number a row",
    COLUMN: "none: one number a row, in a column (N, 1)",
    MATRIX: "none: a matrix",
}


@dataclass(frozen=True)
class Conclusion:
    """What follows from a search.

    Attributes
    ----------
    search : Search
        The walk.
    evidence : Evidence
        The target's answers.
    witness : Witness
        The target, for the questions that are left.
    reference : str
        Its name; presets that it mentions come first.
    """

    search: Search
    evidence: Evidence
    witness: Witness
    reference: str

    @property
    def separator(self) -> Separator:
        """Compares definitions on these probes."""
        return Separator(self.search, self.evidence)

    @property
    def gradients(self) -> Gradients:
        """Compares gradients with those of definitions."""
        return Gradients(self.search, self.evidence)

    def nothing(self, blank: Identification, notes: tuple[Note, ...]) -> Identification:
        """Say that nothing fits, and what is nearest."""
        nearest = self.search.nearest
        return replace(
            blank,
            best=self._agreement(nearest),
            separation=self.separator.departure(nearest),
            reduction=_FORMS.get(self.evidence.form, "one number for the batch"),
            notes=(*notes, *self._broken(nearest.fit)),
        )

    def found(
        self,
        blank: Identification,
        exact: list[Scored],
        notes: tuple[Note, ...],
        batches: list[Probe],
    ) -> Identification:
        """Describe the definitions that fit."""
        winners, gradient, more = self._with_gradients(exact)
        best = min(winners, key=self._order)
        notes += (*self._broken(best.fit), *more)
        words, relation, also = self._reduced(best, batches)
        best = Scored(best.candidate, relation)
        axes = self._axes(best)
        runner_up = self._runner_up(best, winners)
        return replace(
            blank,
            found=True,
            best=self._agreement(best),
            gradient=gradient,
            axes=axes,
            reduction=words,
            equal=self._equal(best, winners, axes),
            runner_up=None if runner_up is None else self._agreement(runner_up),
            separation=None if runner_up is None else self.separator.shown(best, runner_up),
            open=self._readings(best),
            certified=self._certified(best),
            notes=(*notes, *also, *self._meaning(best)),
        )

    def _with_gradients(self, exact: list[Scored]) -> tuple[list[Scored], str, tuple[Note, ...]]:
        """Keep the definitions whose gradients fit as well; say which ones the gradients follow."""
        notes = self._silent()
        if not self.evidence.gradients:
            return list(self.gradients.neutral(exact)), "", notes
        agreeing = self.gradients.agreeing(exact)
        if agreeing[0].exact:
            winners = [each.scored for each in agreeing]
            return (
                winners,
                name(min(winners, key=self._order).candidate, self.reference).title,
                notes,
            )
        best = agreeing[0]
        elsewhere = None if best.whole else self.gradients.elsewhere(best)
        if elsewhere is not None:
            value = name(best.scored.candidate, self.reference).title
            other = name(elsewhere.scored.candidate, self.reference).title
            words = f"the value follows {value}, the gradient follows {other}"
            return [best.scored], other, (*notes, Note(words, "RL804"))
        follows = name(best.scored.candidate, self.reference).title if best.whole else ""
        return [best.scored], follows, (*notes, *_relations(best, self.separator))

    def _silent(self) -> tuple[Note, ...]:
        """Say which gradients there are not."""
        if self.evidence.differentiated:
            return (Note(self.evidence.differentiated, "RL105"),)
        if not self.evidence.gradients:
            words = "there are no gradients: what only they tell stays open"
            return (Note(words, "RL408"),)
        if self.evidence.absent:
            words = f"no gradient reaches {', '.join(self.evidence.absent)}"
            return (Note(words, "RL408"),)
        return ()

    def _order(self, scored: Scored) -> tuple[int, bool, bool, int]:
        """Plainest name first."""
        called = name(scored.candidate, self.reference)
        return (
            len(called.changes) + 2 * bool(called.reading),
            not (called.preset and called.preset in self.reference),
            called.preset != "paper",
            scored.candidate.cost,
        )

    def _agreement(self, scored: Scored) -> Agreement:
        fit = scored.fit
        return Agreement(
            name(scored.candidate, self.reference),
            fit.factor,
            fit.offset,
            _relation_words(fit),
            1.0 if fit.exact else fit.share,
            fit.digits,
            fit.worst,
        )

    def _broken(self, fit: Fit) -> tuple[Note, ...]:
        """Say at how many probes there was nothing to judge."""
        notes = []
        if self.evidence.raised:
            row = min(self.evidence.raised)
            words = f"raises at {len(self.evidence.raised)} of {len(self.evidence.value)} probes: "
            notes.append(Note(words + self.evidence.raised[row].words, "RL105"))
        lost = int((~fit.judged).sum()) - len(self.evidence.raised)
        if lost > 0:
            words = f"NaN at {lost} of {len(fit.judged)} probes where the definition is finite"
            notes.append(Note(words, "RL302"))
        bad = [n for n, g in self.evidence.gradients.items() if not np.isfinite(g).all()]
        if bad and not self.evidence.raised:
            words = f"the gradient by {' and '.join(bad)} is not finite at some probes"
            notes.append(Note(words, "RL401"))
        return tuple(notes)

    def _reduced(self, best: Scored, batches: list[Probe]) -> tuple[str, Fit, tuple[Note, ...]]:
        """Say how rows become the result, and what factor is left."""
        fit = best.fit
        if self.evidence.form == MATRIX:
            words, notes = self._pairwise(best)
            return words, fit, notes
        if self.evidence.form != SCALAR:
            return _FORMS[self.evidence.form], fit, ()
        found = reduction(self.witness, self.search.space, best.candidate, fit, batches)
        scale = found.factor / fit.factor
        relation = replace(fit, factor=found.factor, offset=fit.offset * scale)
        return (
            _reduction_words(found),
            relation if found.denominator else fit,
            _reduction_notes(found),
        )

    def _pairwise(self, best: Scored) -> tuple[str, tuple[Note, ...]]:
        """Check that a matrix holds all pairs, first input by row."""
        probe = self.search.space.probes[0]
        first, second = list(probe.inputs)[:2]
        sizes = {first: 5, second: 3}
        given = {n: array[: sizes.get(n, len(array))] for n, array in probe.inputs.items()}
        try:
            got = self.witness.matrix(given)
        except TargetRaised:
            words = "a matrix whose diagonal holds the rows; other pairs were not looked at"
            return words, ()
        pairs = {
            first: np.repeat(given[first], sizes[second], axis=0),
            second: np.tile(given[second], (sizes[first], 1)),
        }
        every = Probe(pairs, np.ones(sizes[first] * sizes[second]))
        expected = best.fit.apply(self.search.space.losses_of(best.candidate, every))
        expected = expected.reshape(sizes[first], sizes[second])
        words = f"a matrix of all pairs: entry (i, j) is {first} i with {second} j"
        near = 2.0**20 * self.search.roundoff
        if got.shape == expected.shape and np.allclose(got, expected, near, near):
            return words, ()
        if got.T.shape == expected.shape and np.allclose(got.T, expected, near, near):
            return words.replace("(i, j)", "(j, i)"), ()
        words = "a matrix whose diagonal holds the rows, but whose other entries are not the pairs"
        return words, (Note(words, "RL201"),)

    def _axes(self, best: Scored) -> tuple[Axis, ...]:
        """Say of every convention what told it, or that nothing did."""
        values = name(best.candidate, self.reference).axes
        start = best.candidate
        found = []
        for axis, choices in listed(start.definition.loss).items():
            told: dict[str, list[str]] = {"value": [], "gradient": [], "": []}
            for choice in choices:
                other = changed(start, {axis: choice})
                if choice == values[axis] or other is None or other.key == start.key:
                    continue
                difference = self.separator.difference(best, Scored(other, best.fit))
                told[difference.told_by].append(choice)
            by = tuple(kind for kind in ("value", "gradient") if told[kind])
            found.append(Axis(axis, values[axis], by, tuple(told[""])))
        for axis in numeric(start.definition.loss):
            found.extend(self._number(best, axis, values[axis]))
        return tuple(found)

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
        seen = np.isfinite(resolution)
        return Axis(label, amount, ("value",) if seen else (), (), resolution if seen else None)

    def _runner_up(self, best: Scored, winners: list[Scored]) -> Scored | None:
        """Return the nearest definition that some probe tells from the best."""
        start, taken = best.candidate, {winner.candidate.key for winner in winners}
        others: dict[Key, Candidate] = {}
        for axis, choices in listed(start.definition.loss).items():
            for choice in choices:
                other = changed(start, {axis: choice})
                if other is not None:
                    others.setdefault(other.key, other)
        for other in presets(self.search.space.names):
            others.setdefault(other.under(start.reading).key, other.under(start.reading))
        scored = [
            Scored(other, self._same_relation(other, best.fit))
            for key, other in others.items()
            if key not in taken
        ]
        told = [each for each in scored if self.separator.difference(best, each).told_by]
        return min(told, key=self._distance, default=None)

    def _same_relation(self, other: Candidate, fit: Fit) -> Fit:
        from crossval.identification.fit import measure

        values = self.search.values(other)
        return measure(self.evidence.value, values, self.search.roundoff, fit.factor, fit.offset)

    def _distance(self, scored: Scored) -> tuple[float, int]:
        digits = scored.fit.digits
        if self.evidence.gradients:
            digits += self.gradients.digits(scored)
        return -round(digits, 3), len(name(scored.candidate, self.reference).changes)

    def _equal(
        self, best: Scored, winners: list[Scored], axes: tuple[Axis, ...]
    ) -> tuple[str, ...]:
        """Name the other definitions that fit, unless they are an open choice of some axis."""
        open_ = {axis.name: axis.open for axis in axes}
        own = best.candidate.definition
        titles = []
        for each in sorted(winners, key=self._order):
            called, other = name(each.candidate, self.reference), each.candidate.definition
            if each.candidate.key == best.candidate.key:
                continue
            moved = {a: v for a, v in other.spec.axes.items() if own.spec.axes.get(a) != v}
            choices = all(value in open_.get(axis, ()) for axis, value in moved.items())
            if other.loss == own.loss and choices and called.changes:
                continue
            titles.append(called.title)
        return tuple(dict.fromkeys(titles))

    def _certified(self, best: Scored) -> int:
        """Compare the kernel with certified truth at the first probes; count those."""
        space = self.search.space
        if space.prober.truth is None:
            return 0
        probe = space.probes[0].take(slice(0, _CERTIFIED))
        inputs = best.candidate.reading.read(probe.inputs)
        truth = space.prober.truth(best.candidate.definition, inputs)
        kernel = space.losses_of(best.candidate, probe)
        close = np.isclose(kernel, truth, rtol=2.0**-40, atol=0)
        if not close.all():
            raise AssertionError("a float64 kernel left the truth")
        return len(probe)

    def _readings(self, best: Scored) -> tuple[str, ...]:
        """Name other readings of the inputs under which nothing changes."""
        silent = []
        for reading in (AS_GIVEN, *self.search.space.prober.readings):
            other = best.candidate.under(reading)
            if reading.name == best.candidate.reading.name:
                continue
            if not self.separator.difference(best, Scored(other, best.fit)).told_by:
                silent.append(reading.name or "as given")
        return (f"inputs {' or '.join(silent)}: the definition is the same",) if silent else ()

    def _meaning(self, best: Scored) -> tuple[Note, ...]:
        """Say what a factor and an offset make of the loss."""
        factor, offset = best.fit.factor, best.fit.offset
        notes = []
        reading = best.candidate.reading
        if reading.name:
            notes.append(Note(reading.words, "RL801"))
        if factor < 0:
            words = f"this is no loss: it grows where the loss falls, {_relation_words(best.fit)}"
            notes.append(Note(words, "RL801"))
        elif named(factor) != "1":
            notes.append(Note(f"constant factor: {named(factor)} times the loss", "RL802"))
        if offset and factor > 0:
            notes.append(Note(f"constant offset: {named(offset)} is added", "RL802"))
        return tuple(notes)


def _placing(start: Candidate, amounts: Mapping[str, float], constant: str) -> Make:
    return lambda amount: by_hand(start, {**amounts, constant: amount})


def _relations(best: Explained, separator: Separator) -> tuple[Note, ...]:
    notes = []
    for input_, relation in best.relations.items():
        if relation is None:
            words = f"the gradient by {input_} follows no convention known here"
            at = separator.unexplained(best.scored, input_)
            words += f": {at}" if at else ""
            notes.append(Note(words, UNEXPLAINED))
        elif not relation.exact:
            notes.append(Note(relation.words, relation.code))
    return tuple(notes)


def _relation_words(fit: Fit) -> str:
    if fit.factor == 1 and fit.offset == 0:
        return ""
    times = {1.0: "loss", -1.0: "-loss"}.get(fit.factor, f"{named(fit.factor)} * loss")
    if fit.offset == 0:
        return times
    if fit.factor == -1:
        return f"{named(fit.offset)} - loss"
    sign = "+" if fit.offset > 0 else "-"
    return f"{times} {sign} {named(abs(fit.offset))}"


def _reduction_words(found: Reduced) -> str:
    sizes = ", ".join(map(str, found.sizes))
    if not found.denominator:
        ratios = ", ".join(f"{ratio:.6g}" for ratio in found.ratios)
        return f"not recognised: batches of {sizes} rows divide their sum by {ratios}"
    return f"sum over the rows / {found.denominator}, on batches of {sizes}"


def _reduction_notes(found: Reduced) -> tuple[Note, ...]:
    if not found.gradient:
        return ()
    words = f"the gradient is divided by {found.gradient}, the value by {found.denominator}"
    return (Note(words, "RL802"),)
