"""How the rows of a target become its result: by a sum over something, a matrix, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from crossval.identification.answer import Note
from crossval.identification.candidates import means
from crossval.identification.evidence import COLUMN, MATRIX, ROWS, SCALAR, Evidence, Witness
from crossval.identification.fit import Fit
from crossval.identification.numbers import Scored
from crossval.identification.reductions import Reduced, reduction
from crossval.identification.search import Search
from crossval.identification.wording import EITHER, reduction_notes, reduction_words
from crossval.points.probes import Probe
from crossval.runner import TargetRaised

__all__ = ["FORMS", "Forms", "Result"]

_REDUCTION = "reduction"
FORMS = {
    ROWS: "none: one number a row",
    COLUMN: "none: one number a row, in a column (N, 1)",
    MATRIX: "none: a matrix",
}


@dataclass(frozen=True)
class Result:
    """How rows become the result.

    Attributes
    ----------
    words : str
        In words.
    relation : Fit
        Factor and offset that are left for a whole batch.
    notes : tuple of Note
        What is unusual.
    settled : dict of str to str
        Axes that it shows; several values that fit are joined by ``EITHER``.
    mean : bool
        Whether something was divided at all.
    known : bool
        Whether what a sum is divided by is something known.
    differentiated : bool
        Whether the gradients of a batch are seen to be no others than its value's.
    """

    words: str
    relation: Fit
    notes: tuple[Note, ...] = ()
    settled: Mapping[str, str] = field(default_factory=dict)
    mean: bool = False
    known: bool = True
    differentiated: bool = True


@dataclass(frozen=True)
class Forms:
    """Asks a target whose rows are explained what it does with many of them.

    Attributes
    ----------
    search : Search
        Predictions.
    evidence : Evidence
        What came of the rows.
    witness : Witness
        The target.
    """

    search: Search
    evidence: Evidence
    witness: Witness

    def result(self, best: Scored, batches: list[Probe]) -> Result:
        """Say how rows become the result, what factor is left, and which axes that settles."""
        fit = best.fit
        if self.evidence.form == MATRIX:
            words, notes = self._pairwise(best)
            return Result(words, fit, notes)
        if self.evidence.form != SCALAR:
            return self._by_argument(best, batches)
        found = reduction(self.witness, self.search.space, best.candidate, fit, batches)
        means = self._means(best)
        notes = reduction_notes(found, self.search.space.prober.axis, means)
        settled = self._settled(found, means, {})
        result = Result(reduction_words(found), fit, notes, settled)
        mean = found.divides and not found.per_row
        result = replace(result, mean=mean, known=bool(found.denominator))
        result = replace(result, differentiated=not found.gradient)
        if not found.denominator:
            return result
        offset = fit.offset * found.factor / fit.factor
        return replace(result, relation=replace(fit, factor=found.factor, offset=offset))

    def _by_argument(self, best: Scored, batches: list[Probe]) -> Result:
        """Ask a target that gives rows for its reductions too, if it takes them by name."""
        words, settled = [FORMS[self.evidence.form]], {}
        notes: tuple[Note, ...] = ()
        session, options = self.witness.session, self._with_options(best, batches)
        if _REDUCTION not in session.accepted or _REDUCTION in session.target.axes:
            return Result(words[0], best.fit, options)
        known, mean, right, means = True, False, True, self._means(best)
        for kind in ("mean", "sum"):
            given = {_REDUCTION: kind}
            found = reduction(
                self.witness, self.search.space, best.candidate, best.fit, batches, given
            )
            if not found.sizes:
                continue
            words.append(f"{_REDUCTION}={kind!r}: {reduction_words(found)}")
            new = reduction_notes(found, self.search.space.prober.axis, means)
            notes += tuple(note for note in new if note not in notes)
            settled |= self._settled(found, means, given) if kind == "mean" else {}
            known &= bool(found.denominator)
            mean |= found.divides
            right &= not found.gradient
        return Result("; ".join(words), best.fit, (*notes, *options), settled, mean, known, right)

    def _means(self, best: Scored) -> dict[str, str]:
        return means(self.search.space.prober, best.candidate.definition.loss)

    def _settled(
        self, found: Reduced, means: Mapping[str, str], given: Mapping[str, str]
    ) -> dict[str, str]:
        """Axes that a reduction shows: what a mean divides by, and what it is over nothing."""
        prober = self.search.space.prober
        if found.axes:
            return dict(found.axes)
        if found.denominator not in means:
            return {}
        fitting = [means[name] for name in (found.denominator, *found.also) if name in means]
        settled = {prober.axis: EITHER.join(fitting)}
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
