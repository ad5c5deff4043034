"""From the candidates that fit to an answer: names, axes, runner-up, and what stays open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from crossval.identification.answer import UNEXPLAINED, Agreement, Axis, Identification, Note
from crossval.identification.candidates import (
    Candidate,
    Key,
    by_hand,
    changed,
    numeric,
    places,
)
from crossval.identification.evidence import COLUMN, MATRIX, ROWS, SCALAR, Evidence, Witness
from crossval.identification.fit import Fit, named
from crossval.identification.gradients import Explained, Gradients
from crossval.identification.naming import CANONICAL, name
from crossval.identification.numbers import Make, Scored, Solver
from crossval.identification.reductions import Reduced, reduction
from crossval.identification.search import Search
from crossval.identification.separation import Separator
from crossval.points.probes import AS_GIVEN, Probe
from crossval.runner import TargetRaised

_CERTIFIED = 8
_REDUCTION = "reduction"
_OR = " or "
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
        words, relation, also, shown = self._reduced(best, batches)
        settled = {axis: value for axis, value in shown.items() if _OR not in value}
        # A name decides every axis: where several values fit, but not all, it takes the first.
        every = len(set(self.search.space.prober.means.values()))
        partly = {a: v.split(_OR)[0] for a, v in shown.items() if len(v.split(_OR)) < every}
        named = partly | settled
        unsettled = _unsettled(self.search.space.prober.axis, shown, self.evidence.form)
        axes = self._axes(best, settled)
        runner_up = self._runner_up(best, winners)
        return replace(
            blank,
            found=True,
            best=self._agreement(best, relation, named),
            gradient=self._follows(gradient, named),
            axes=axes,
            reduction=words,
            equal=self._equal(best, winners, axes, named),
            runner_up=None if runner_up is None else self._agreement(runner_up, relation, named),
            separation=None if runner_up is None else self.separator.shown(best, runner_up),
            open=(*self._readings(best), *unsettled),
            certified=self._certified(best),
            notes=(*notes, *also, *_meaning(best.candidate, relation)),
        )

    def _with_gradients(
        self, exact: list[Scored]
    ) -> tuple[list[Scored], Candidate | None, tuple[Note, ...]]:
        """Keep the definitions whose gradients fit as well; say which ones the gradients follow."""
        notes = self._silent()
        if not self.evidence.gradients:
            return list(self.gradients.neutral(exact)), None, notes
        agreeing = self.gradients.agreeing(exact)
        if agreeing[0].exact:
            winners = [each.scored for each in agreeing]
            return winners, min(winners, key=self._order).candidate, notes
        best = agreeing[0]
        elsewhere = None if best.whole else self.gradients.elsewhere(best)
        if elsewhere is not None:
            value = name(best.scored.candidate, self.reference).title
            other = name(elsewhere.scored.candidate, self.reference).title
            words = f"the value follows {value}, the gradient follows {other}"
            also = elsewhere.scored.candidate
            return [best.scored], also, (*notes, Note(words, "RL804"))
        follows = best.scored.candidate if best.whole else None
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

    def _order(self, scored: Scored) -> tuple[int, bool, int, bool, int]:
        """Plainest name first."""
        called = name(scored.candidate, self.reference)
        return (
            len(called.changes) + 2 * bool(called.reading),
            not (called.preset and called.preset in self.reference),
            called.length,
            called.preset not in CANONICAL,
            scored.candidate.cost,
        )

    def _agreement(
        self,
        scored: Scored,
        relation: Fit | None = None,
        settled: Mapping[str, str] = MappingProxyType({}),
    ) -> Agreement:
        """Describe a candidate; ``relation`` is what is left of its own for a whole batch."""
        fit, relation = scored.fit, relation or scored.fit
        return Agreement(
            name(scored.candidate, self.reference, settled),
            relation.factor,
            relation.offset,
            _relation_words(relation),
            1.0 if fit.exact else fit.share,
            fit.shown,
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

    def _follows(self, gradient: Candidate | None, settled: Mapping[str, str]) -> str:
        if gradient is None:
            return ""
        known = gradient.definition.spec.axes
        own = {axis: value for axis, value in settled.items() if axis in known}
        return name(gradient, self.reference, own).title

    def _reduced(
        self, best: Scored, batches: list[Probe]
    ) -> tuple[str, Fit, tuple[Note, ...], dict[str, str]]:
        """Say how rows become the result, what factor is left, and which axes that settles."""
        fit = best.fit
        if self.evidence.form == MATRIX:
            words, notes = self._pairwise(best)
            return words, fit, notes, {}
        if self.evidence.form != SCALAR:
            return self._by_argument(best, batches)
        found = reduction(self.witness, self.search.space, best.candidate, fit, batches)
        settled = self._settled(found, {})
        notes = _reduction_notes(found)
        if not found.denominator:
            return _reduction_words(found), fit, notes, settled
        offset = fit.offset * found.factor / fit.factor
        relation = replace(fit, factor=found.factor, offset=offset)
        return _reduction_words(found), relation, notes, settled

    def _by_argument(
        self, best: Scored, batches: list[Probe]
    ) -> tuple[str, Fit, tuple[Note, ...], dict[str, str]]:
        """Ask a target that gives rows for its reductions too, if it takes them by name."""
        words, settled = [_FORMS[self.evidence.form]], {}
        notes: tuple[Note, ...] = ()
        session = self.witness.session
        if _REDUCTION not in session.accepted or _REDUCTION in session.target.axes:
            return words[0], best.fit, self._with_options(best, batches), {}
        for kind in ("mean", "sum"):
            given = {_REDUCTION: kind}
            found = reduction(
                self.witness, self.search.space, best.candidate, best.fit, batches, given
            )
            if not found.sizes:
                continue
            words.append(f"{_REDUCTION}={kind!r}: {_reduction_words(found)}")
            notes += _reduction_notes(found)
            settled |= self._settled(found, given) if kind == "mean" else {}
        return "; ".join(words), best.fit, (*notes, *self._with_options(best, batches)), settled

    def _settled(self, found: Reduced, given: Mapping[str, str]) -> dict[str, str]:
        """Axes that a reduction shows: what a mean divides by, and what it is over nothing."""
        prober = self.search.space.prober
        if found.denominator not in prober.means:
            return {}
        fitting = [prober.means[n] for n in (found.denominator, *found.also) if n in prober.means]
        settled = {prober.axis: _OR.join(fitting)}
        accepted = self.witness.session.accepted
        empty = prober.nothing(self.witness.dtype, accepted) if prober.nothing else None
        if empty is not None and prober.denominators(empty).get(found.denominator) == 0:
            try:
                total = float(np.reshape(self.witness.total(empty, 1.0, given).value, -1)[0])
            except TargetRaised:
                return settled
            settled |= {"empty": "nan"} if np.isnan(total) else {}
            settled |= {"empty": "zero"} if total == 0 else {}
        return settled

    def _with_options(self, best: Scored, batches: list[Probe]) -> tuple[Note, ...]:
        """Check that optional arguments do to single rows what the definition says."""
        given = [batch for batch in batches if batch.options]
        if not given:
            return ()
        names = " and ".join(given[0].options)
        try:
            got = self.witness.ask(given)
        except TargetRaised as error:
            return (Note(f"raises with {names}: {error.words}", "RL105"),)
        space = self.search.space
        own = np.concatenate([space.losses_of(best.candidate, batch) for batch in given])
        expected, near = best.fit.apply(own), 2.0**10 * self.search.roundoff
        off = ~np.isclose(got.value, expected, rtol=near, atol=near)
        if not off.any():
            return ()
        words = f"with {names}, {int(off.sum())} of {len(off)} rows leave the definition"
        return (Note(words, "RL806"),)

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

    def _axes(self, best: Scored, settled: Mapping[str, str]) -> tuple[Axis, ...]:
        """Say of every convention what told it, or that nothing did."""
        values = name(best.candidate, self.reference).axes
        start = best.candidate
        found = []
        for axis, choices in self.search.space.listed(start.definition.loss).items():
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
        found.extend(Axis(axis, value, (_REDUCTION,)) for axis, value in settled.items())
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
        self,
        best: Scored,
        winners: list[Scored],
        axes: tuple[Axis, ...],
        named: Mapping[str, str],
    ) -> tuple[str, ...]:
        """Name the other definitions that fit, unless they are an open choice of some axis."""
        open_ = {axis.name: axis.open for axis in axes}
        own = best.candidate.definition
        titles = []
        for each in sorted(winners, key=self._order):
            other = each.candidate.definition
            own_axes = {a: value for a, value in named.items() if a in other.spec.axes}
            called = name(each.candidate, self.reference, own_axes)
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


def _meaning(of: Candidate, relation: Fit) -> tuple[Note, ...]:
    """Say what a reading, a factor and an offset make of the loss."""
    notes = []
    if of.reading.name:
        notes.append(Note(of.reading.words, "RL801"))
    if relation.factor < 0:
        words = f"this is no loss: it grows where the loss falls, {_relation_words(relation)}"
        notes.append(Note(words, "RL801"))
    elif named(relation.factor) != "1":
        notes.append(Note(f"constant factor: {named(relation.factor)} times the loss", "RL802"))
    if relation.offset and relation.factor > 0:
        notes.append(Note(f"constant offset: {named(relation.offset)} is added", "RL802"))
    return tuple(notes)


def _unsettled(axis: str, shown: Mapping[str, str], form: str) -> tuple[str, ...]:
    """Say that what a mean divides by stays open, or is nothing that is known."""
    if not axis or _OR not in shown.get(axis, _OR):
        return ()
    if axis not in shown:
        seen = "no mean was seen"
        return (f"{axis}: {'none of those known' if form == SCALAR else seen}",)
    return (f"{axis}: {shown[axis]}, as far as its arguments can tell",)


def _placing(start: Candidate, amounts: Mapping[str, float], constant: str) -> Make:
    return lambda amount: by_hand(start, {**amounts, constant: amount})


def _relations(best: Explained, separator: Separator) -> tuple[Note, ...]:
    """Say what became of the gradients, inputs of the same fate together."""
    notes, fates = [], {}
    for input_, relation in best.relations.items():
        if relation is None:
            words = f"the gradient by {input_} follows no convention known here"
            at = separator.unexplained(best.scored, input_)
            notes.append(Note(f"{words}: {at}" if at else words, UNEXPLAINED))
        elif not relation.exact:
            fates.setdefault((relation.words, relation.code), []).append(input_)
    for (words, code), inputs in fates.items():
        notes.append(Note(f"the gradient by {' and '.join(inputs)} {words}", code))
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
