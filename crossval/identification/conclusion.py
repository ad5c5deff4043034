"""From the candidates that fit to an answer: names, axes, runner-up, and what stays open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import overload

import numpy as np

from crossval.identification.answer import Agreement, Identification, Note
from crossval.identification.candidates import Candidate, Space, of_batches
from crossval.identification.conventions import Conventions
from crossval.identification.evidence import SCALAR, Evidence, Witness
from crossval.identification.extremes import Extremes
from crossval.identification.fit import Fit, measure
from crossval.identification.forms import FORMS, Forms, Result
from crossval.identification.gradients import Gradients
from crossval.identification.naming import Settled, name, plainness
from crossval.identification.numbers import Scored
from crossval.identification.reductions import reduction
from crossval.identification.search import Search
from crossval.identification.separation import Separator
from crossval.identification.weighed import Weighed
from crossval.identification.whole import Wholes
from crossval.identification.wording import (
    EITHER,
    gradient_notes,
    meaning,
    relation_words,
    unsettled,
)
from crossval.points.probes import AS_GIVEN, Probe
from crossval.runner import TargetRaised

_CERTIFIED = 8
_A_FACTOR = 3
"""How many axes may be said in the place of a factor."""


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
    extremes : Extremes, optional
        Rows beside these, at which the target leaves the definition, or its gradients do.
    """

    search: Search
    evidence: Evidence
    witness: Witness
    reference: str
    extremes: Extremes | None = None

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
            reduction=FORMS.get(self.evidence.form, "one number for the batch"),
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
        given = [batch for batch in batches if batch.options]
        weighed = Weighed(self.search, self.evidence, self.witness, given)
        best = weighed.settled(min(winners, key=self._likelihood))
        whole = self._whole(best, batches)
        if whole is not best:
            best, winners, gradient = whole, [whole], gradient and whole.candidate
        winners = [w for w in winners if not weighed.parts(best.candidate, w.candidate)]
        notes += (*self._broken(best.fit), *more, *self._beyond(best))
        forms = Forms(self.search, self.evidence, self.witness)
        result = forms.result(best, batches)
        if of_batches(best.candidate.definition.loss, result.settled):
            same = result.settled
            winners = [w for w in winners if forms.result(w, batches).settled == same]
        shown, prober = result.settled, self.search.space.prober
        settled = {axis: value for axis, value in shown.items() if EITHER not in value}
        gradient = gradient if result.differentiated else None
        named = {axis: tuple(value.split(EITHER)) for axis, value in shown.items()}
        near = Conventions(self.search, self.evidence, self.reference, weighed)
        axes, runner_up = near.axes(best, settled), near.runner_up(best, winners)
        said, other = self._said(best, result), self._said(runner_up, result)
        relation = result.relation
        return replace(
            blank,
            found=True,
            best=self._agreement(said, relation, named),
            gradient=self._follows(gradient and self._plainly(gradient, result), named),
            axes=axes,
            reduction=result.words,
            divided=result.known,
            equal=near.equal(said, [self._said(each, result) for each in winners], axes, named),
            runner_up=None if other is None else self._agreement(other, relation, named),
            separation=None if runner_up is None else self.separator.shown(best, runner_up),
            open=(*near.readings(best), *unsettled(prober.axis, shown, mean=result.mean)),
            certified=self._certified(best),
            notes=(*notes, *result.notes, *meaning(said.candidate, relation)),
            departures=self._departures(best, gradient),
        )

    def _whole(self, best: Scored, batches: list[Probe]) -> Scored:
        """Return a function of sums if only that explains the batches of a target that reduces."""
        if self.evidence.form != SCALAR:
            return best
        space = self.search.space

        def explains(scored: Scored) -> bool:
            found = reduction(self.witness, space, scored.candidate, scored.fit, batches)
            return bool(found.denominator)

        if explains(best):
            return best
        others = Wholes(self.search, self.evidence).others(best)
        return next(filter(explains, others), best)

    @overload
    def _said(self, scored: Scored, result: Result) -> Scored: ...

    @overload
    def _said(self, scored: None, result: Result) -> None: ...

    def _said(self, scored: Scored | None, result: Result) -> Scored | None:
        """Return a candidate as it is named: what rows are divided by may be a denominator's."""
        if scored is None:
            return None
        return Scored(self._plainly(scored.candidate, result), scored.fit)

    def _plainly(self, of: Candidate, result: Result) -> Candidate:
        part = self.evidence.form == SCALAR and result.known and of.reading.divisor is not None
        return of.under(AS_GIVEN) if part else of

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
            return (
                winners,
                min(winners, key=self._likelihood).candidate,
                notes,
            )
        best = agreeing[0]
        elsewhere = None if best.whole else self.gradients.elsewhere(best)
        if elsewhere is not None:
            value = name(best.scored.candidate, self.reference).title
            other = name(elsewhere.scored.candidate, self.reference).title
            words = f"the value follows {value}, the gradient follows {other}"
            also = elsewhere.scored.candidate
            return [best.scored], also, (*notes, Note(words, "RL804"))
        follows = best.scored.candidate if best.whole else None
        return [best.scored], follows, (*notes, *gradient_notes(best, self.separator))

    def _likelihood(self, scored: Scored) -> tuple:
        """Return what definitions that fit alike are ordered by: a factor has to be said too."""
        said, *rest = plainness(scored.candidate, self.reference)
        relation = scored.fit.factor != 1 or scored.fit.offset != 0
        return (said + _A_FACTOR * relation, *rest)

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

    def _agreement(
        self,
        scored: Scored,
        relation: Fit | None = None,
        settled: Settled = MappingProxyType({}),
    ) -> Agreement:
        """Describe a candidate; ``relation`` is what is left of its own for a whole batch."""
        fit, relation = scored.fit, relation or scored.fit
        return Agreement(
            name(scored.candidate, self.reference, settled),
            relation.factor,
            relation.offset,
            relation_words(relation),
            1.0 if fit.exact else fit.share,
            fit.shown,
            fit.worst,
        )

    def _beyond(self, best: Scored) -> tuple[Note, ...]:
        """Say where rows leave the definition that did not decide it."""
        beyond, space = self.search.space.prober.beyond, self.search.space
        if beyond is None:
            return ()
        probes = beyond.rows(self.witness.dtype)
        try:
            got = self.witness.ask(probes).value
        except TargetRaised as error:
            return (Note(f"raises with {beyond.words}: {error.words}", "RL105"),)
        own = Space(space.names, space.prober, probes).predict(best.candidate).value
        found = measure(got, own, self.search.roundoff, best.fit.factor, best.fit.offset)
        off = int((~found.met).sum())
        words = f"with {beyond.words}, {off} of {len(got)} values leave the definition"
        return (Note(words, "RL801"),) if off else ()

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

    def _departures(self, best: Scored, gradient: Candidate | None) -> tuple[Note, ...]:
        """Say what comes at extreme rows instead of the definition, or of its gradient."""
        if self.extremes is None:
            return ()
        own = gradient is not None and gradient.key == best.candidate.key
        return self.extremes.departures(best, gradients=own)

    def _follows(self, gradient: Candidate | None, settled: Settled) -> str:
        if gradient is None:
            return ""
        known = gradient.definition.spec.axes
        own = {axis: value for axis, value in settled.items() if axis in known}
        return name(gradient, self.reference, own).title

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
