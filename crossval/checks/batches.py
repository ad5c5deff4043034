"""Reductions: mean and sum of small batches, with class weights, ignored rows, and of nothing.

The value is the sum of the certified losses over the declared denominator. One that differs is
compared with what other denominators give in every batch, and with the sum of the losses without
their class weights, so that the answer is a name. A target that returns one number whatever it is
asked is judged by its one reduction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from crossval.checks import whole_batches
from crossval.checks.quantities import quantities
from crossval.checks.rows import classes_of, marked, weights_for
from crossval.checks.statistics import WRONG
from crossval.checks.variations import finding, sample
from crossval.findings import Finding
from crossval.oracles.elementwise import Oracle
from crossval.oracles.formats import Format, format_of
from crossval.oracles.row_columns import RowColumns
from crossval.outcome import Outcome
from crossval.points.boxes import PointSet
from crossval.reduced import REDUCED, by_other_denominators, counts, denominators, divisor
from crossval.reference import Standard, standard
from crossval.runner import TargetRaised
from crossval.session import Evaluation, Session
from refloss.losses.reductions import DENOMINATORS, EMPTY, Counts

if TYPE_CHECKING:
    from crossval.families import Family

__all__ = ["reductions"]

_SIZES = (1, 3, 8)
_UPSTREAM = 0.75
_CHECK = "reduction"
_UNWEIGHTED = "of the losses without their class weights"


def reductions(session: Session, dtype: str) -> Outcome:
    """Judge mean and sum of batches of several sizes, with weights, ignored rows, and empty."""
    batches = list(_batches(session, dtype))
    names = (session.form.reduction,) if session.form.reduced else REDUCED
    found = [_judged(session, name, batches, dtype) for name in names]
    findings = tuple(finding for some, _ in found for finding in some)
    seen = sum(count for _, count in found)
    if not findings and not seen:
        words = "not judged: the losses are off before they are reduced"
        return Outcome(_CHECK, dtype, text=words, ran=False)
    return Outcome(_CHECK, dtype, grade="F" if findings else "ok", n=seen, findings=findings)


@dataclass(frozen=True)
class _Batch:
    """Rows to be reduced.

    Attributes
    ----------
    points : PointSet
        Rows, ignored ones marked.
    kept : (n,) bool array
        Which rows are not ignored.
    words : str
        What it is.
    weights : array, optional
        Class weights.
    """

    points: PointSet
    kept: np.ndarray
    words: str
    weights: np.ndarray | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What is passed besides the inputs."""
        return {} if self.weights is None else {"class_weight": self.weights}

    @property
    def kept_points(self) -> PointSet:
        """The rows that are not ignored."""
        return self.points.take(np.flatnonzero(self.kept))


@dataclass(frozen=True)
class _Result:
    """A reduced batch beside the truth of its rows.

    Attributes
    ----------
    batch : _Batch
        What was reduced.
    counts : Counts
        What there is to divide by.
    found : Evaluation
        What came.
    truth : Standard
        Of the kept rows.
    number : Format
        In which it came.
    classes : int
        Logits a row; 0 if these are no rows of logits.
    named : tuple of str
        Denominators that the loss has a name for.
    oracle : Oracle
        That knows the weights.
    """

    batch: _Batch
    counts: Counts
    found: Evaluation
    truth: Standard
    number: Format
    classes: int
    named: tuple[str, ...]
    oracle: Oracle

    @property
    def divisors(self) -> dict[str, float]:
        """Everything that the sum may have been divided by, by name."""
        known = {f"denominator={name}": DENOMINATORS[name](self.counts) for name in self.named}
        items, classes = float(self.counts.items), float(self.classes)
        weights = self.batch.weights
        every = classes if weights is None else math.fsum(weights.tolist())
        return {
            **known,
            "the sum": 1.0,
            "the mean over all N * C": items * classes,
            "the sum over the number of classes": classes,
            "the sum over the sum of all class weights": every,
            "the mean, then over the sum of all class weights": items * every,
            "the sum over all class weights, N where there are none": (
                items if weights is None else every
            ),
            "the mean over the kept rows and over the classes": self.counts.kept * classes,
            "a mean of the mean, over N * N": items * items,
        }

    @property
    def total(self) -> float:
        """Sum of the losses."""
        return math.fsum(self.truth.value.hi.tolist())

    def near(self, divisor: float) -> bool:
        """Whether the value is the sum over ``divisor``, as far as rounding lets one see."""
        if divisor == 0:
            return False
        value = self.found.value
        losses, bounds = self.truth.value.hi, self.truth.value.bound
        steps = (len(losses) + 3) * self.number.roundoff * float(np.abs(losses).sum())
        expected = self.total / divisor
        room = (2 * float(bounds.sum()) + steps) / divisor + 4 * float(self.number.ulp(expected))
        return abs(float(value.reshape(-1)[0]) - expected) <= room


def _batches(session: Session, dtype: str) -> Iterator[_Batch]:
    """Yield batches for every option that the target takes."""
    points, start = _regular(session, sample(session, dtype)), 0
    takes = set(session.accepted) & set(session.family.options)
    weights = np.maximum(weights_for(session.family), 0.25) if "class_weight" in takes else None
    for size in _SIZES:
        some = points.take(np.arange(start, start + size))
        some = replace(some, upstream=np.ones(size))
        start += size
        everything = np.ones(size, bool)
        words = "1 row" if size == 1 else f"{size} rows"
        yield _Batch(some, everything, words)
        if "class_weight" in takes:
            yield _Batch(some, everything, f"{words} with class weights", weights)
        if "ignore_index" not in takes or size == 1:
            continue
        rows, ignored = marked(session.family, some, -100)
        words = f"{words}, {int(ignored.sum())} ignored"
        yield _Batch(rows, ~ignored, words)
        if "class_weight" in takes:
            yield _Batch(rows, ~ignored, f"{words}, with class weights", weights)
    yield from _nothing(session, points, ignoring="ignore_index" in takes)


def _regular(session: Session, points: PointSet) -> PointSet:
    """Return the rows that have one gradient."""
    known = standard(session.spec, points, session.family.oracle)
    return points.take(np.flatnonzero(known.kind == "regular"))


def _nothing(session: Session, points: PointSet, *, ignoring: bool) -> Iterator[_Batch]:
    """Yield batches of which nothing is left to be averaged."""
    none = points.take(np.arange(0))
    yield _Batch(replace(none, upstream=np.ones(0)), np.ones(0, bool), "no rows")
    if ignoring:
        (name,) = session.family.labels
        rows = points.take(np.arange(3))
        columns = rows.columns.copy()
        columns[:, session.family.inputs[name]] = -100
        rows = replace(rows, columns=columns, upstream=np.ones(3))
        yield _Batch(rows, np.zeros(3, bool), "3 rows, all ignored")


def _judged(
    session: Session, name: str, batches: list[_Batch], dtype: str
) -> tuple[list[Finding], int]:
    """Return what is wrong with one reduction, one finding of each kind; and batches judged."""
    try:
        results = [_reduced(session, batch, name, dtype) for batch in batches]
    except TargetRaised as error:
        return [_refused(name, error, dtype)], len(batches)
    filled = [result for result in results if result.batch.kept.any()]
    empty = [result for result in results if not result.batch.kept.any()]
    if name == "mean" and session.spec.batch is not None:
        found, filled = _of_sums(session, filled, dtype)
    else:
        filled = _with_right_rows(session, name, filled)
        found = _wrong_value(session, name, filled, dtype)
        if filled and not found:
            found += _wrong_gradient(session, name, filled, dtype)
    if filled and not found:
        found += _wrong_empty(session, name, empty, dtype)
    return found, len(filled)


def _of_sums(
    session: Session, results: list[_Result], dtype: str
) -> tuple[list[Finding], list[_Result]]:
    """Judge means that are functions of sums; leave out batches whose rows are off already."""
    found = whole_batches.judged(session, list(map(_whole, results)), dtype)
    if found:
        results = [result for result in results if _rows_are_right(session, result)]
        found = whole_batches.judged(session, list(map(_whole, results)), dtype)
    return found, results


def _whole(result: _Result) -> whole_batches.Whole:
    batch = result.batch
    oracle = result.oracle
    return whole_batches.Whole(
        batch.words, batch.points, batch.kept, oracle, batch.weights, result.found, _UPSTREAM
    )


def _refused(name: str, error: TargetRaised, dtype: str) -> Finding:
    if error.kind == "WrongShape":
        words = f"reduction={name!r} must give one number: {error.message.rpartition('; ')[2]}"
        return finding("RL202", _CHECK, dtype, words)
    return finding("RL105", _CHECK, dtype, f"reduction={name!r} raised {error.words}")


def _with_right_rows(session: Session, name: str, results: list[_Result]) -> list[_Result]:
    """Leave out batches whose losses are wrong before they are reduced: other checks say so."""
    if all(_is_right(session, name, result) for result in results):
        return results
    return [result for result in results if _rows_are_right(session, result)]


def _is_right(session: Session, name: str, result: _Result) -> bool:
    over = divisor(session, name, result.counts)
    return result.near(over) and _fits(session, result, _UPSTREAM / over)


def _rows_are_right(session: Session, result: _Result) -> bool:
    """Whether the target's losses and gradients of a batch are, without a reduction."""
    batch, kept = result.batch, result.batch.kept_points
    rows = np.arange(len(kept))
    for reading in (session, *by_other_denominators(session)):
        found = reading.evaluate(kept, arguments=batch.arguments)
        judged = quantities(reading, found, kept, result.truth, rows)
        if not any((each.verdicts().grade == WRONG).any() for each in judged):
            return True
    return False


def _reduced(session: Session, batch: _Batch, name: str, dtype: str) -> _Result:
    family = session.family
    inputs = family.split(batch.points.columns)
    asked = {} if session.form.reduced else {"reduction": name}
    upstream = np.full(session.form.shape, _UPSTREAM)
    found = session.call(dtype, inputs, upstream, {**batch.arguments, **asked})
    oracle = _oracle(family, batch)
    truth = standard(session.spec, batch.kept_points, oracle)
    counted = counts(family, inputs, batch.kept, batch.weights)
    classes = classes_of(family) if "class_weight" in family.options else 0
    number, named = format_of(dtype), denominators(session)
    return _Result(batch, counted, found, truth, number, classes, named, oracle)


def _oracle(family: Family, batch: _Batch) -> Oracle:
    return family.oracle if batch.weights is None else RowColumns(tuple(batch.weights.tolist()))


def _wrong_value(session: Session, name: str, results: list[_Result], dtype: str) -> list[Finding]:
    """Return a finding if a value is off, with the denominators that every batch agrees with."""
    off = [r for r in results if not r.near(divisor(session, name, r.counts))]
    if not off:
        return []
    first = off[0]
    expected = first.total / divisor(session, name, first.counts)
    words = (
        f"reduction={name!r} of {first.batch.words}: got "
        f"{float(first.found.value.reshape(-1)[0]):.9g}, "
        f"expected {expected:.9g}"
    )
    if fitting := _fitting(results):
        return [finding("RL807", _CHECK, dtype, f"{words}; this is {fitting}")]
    if fitting := _fitting(_without_weights(session, results)):
        return [finding("RL805", _CHECK, dtype, f"{words}; this is {fitting} {_UNWEIGHTED}")]
    if fitting := whole_batches.followed(session, list(map(_whole, results)), dtype):
        return [finding("RL807", _CHECK, dtype, f"{words}; this is {fitting}")]
    return [finding("RL807", _CHECK, dtype, f"{words}; it divides by nothing that is known")]


def _fitting(results: list[_Result]) -> str:
    """Return the denominators that every batch agrees with."""
    names = results[0].divisors
    return " or ".join(key for key in names if all(r.near(r.divisors[key]) for r in results))


def _without_weights(session: Session, results: list[_Result]) -> list[_Result]:
    """Return results beside the truth of losses that no class weight reaches."""
    oracle = session.family.oracle
    return [
        result
        if result.batch.weights is None
        else replace(result, truth=standard(session.spec, result.batch.kept_points, oracle))
        for result in results
    ]


def _wrong_gradient(
    session: Session, name: str, results: list[_Result], dtype: str
) -> list[Finding]:
    """Return a finding if a gradient is not that of the value, with what all are instead."""
    over = [divisor(session, name, result.counts) for result in results]
    right = [_fits(session, r, _UPSTREAM / size) for r, size in zip(results, over, strict=True)]
    off = [result for result, fits in zip(results, right, strict=True) if not fits]
    if not off:
        return []
    code, cause = _cause_of_gradient(session, name, off)
    words = f"gradient of reduction={name!r} of {off[0].batch.words}"
    return [finding(code, _CHECK, dtype, f"{words}{cause}")]


def _cause_of_gradient(session: Session, name: str, results: list[_Result]) -> tuple[str, str]:
    """Return code and words for gradients that are others than the values'."""
    over = [divisor(session, name, result.counts) for result in results]
    simple = {
        ("RL406", "upstream is ignored"): [1 / size for size in over],
        ("RL807", "this is the gradient of the sum"): [_UPSTREAM] * len(results),
        ("RL406", "this is the gradient of the sum, upstream ignored"): [1.0] * len(results),
    }
    for (code, cause), factors in simple.items():
        if all(map(partial(_fits, session), results, factors)):
            return code, f": {cause}"
    if fitting := _fitting_gradients(session, results):
        return "RL807", f": this is that of {fitting}"
    if fitting := _fitting_gradients(session, _without_weights(session, results)):
        return "RL805", f": this is that of {fitting} {_UNWEIGHTED}"
    return "RL402", " is not that of its value"


def _fitting_gradients(session: Session, results: list[_Result]) -> str:
    """Return the denominators that every gradient agrees with."""

    def fits(result: _Result, key: str) -> bool:
        size = result.divisors[key]
        return size != 0 and _fits(session, result, _UPSTREAM / size)

    names = results[0].divisors
    return " or ".join(key for key in names if all(fits(result, key) for result in results))


def _fits(session: Session, result: _Result, factor: float) -> bool:
    """Whether every gradient that came is ``factor`` times that of the sum."""
    gradients, number = result.found.gradients, result.number
    for wrt in (name for name in session.wrt if name in gradients):
        part = session.family.inputs[wrt]
        slopes = result.truth.gradient.hi[:, part] * factor
        bound = result.truth.gradient.bound[:, part] * abs(factor)
        spacing = 8 * number.ulp(slopes) + 4 * number.roundoff * np.abs(slopes)
        got = gradients[wrt]
        if not (np.abs(got[result.batch.kept] - slopes) <= 2 * bound + spacing).all():
            return False
        if (got[~result.batch.kept] != 0).any():
            return False
    return True


def _wrong_empty(
    session: Session, name: str, results: list[_Result], dtype: str
) -> Iterator[Finding]:
    """Yield a finding if nothing is not reduced to what the declaration says of it."""
    declared = session.spec.axes.get("empty")
    for result in results:
        value = result.found.value.reshape(-1)[0]
        over = divisor(session, name, result.counts)
        if over and not whole_batches.divides_by_nothing(session):
            expected = 0.0
        elif declared is None:
            continue  # the definition leaves a mean over nothing open
        else:
            expected = EMPTY[declared]
        if _same(value, expected):
            slopes = [np.abs(g).sum() for g in result.found.gradients.values()]
            if expected == 0 and np.any(np.array(slopes) != 0):
                words = f"gradient of reduction={name!r} of {result.batch.words} is not 0"
                yield finding("RL402", _CHECK, dtype, words)
                return
            continue
        words = f"reduction={name!r} of {result.batch.words}: expected {expected}, got {value}"
        other = next((key for key, says in EMPTY.items() if _same(value, says)), "")
        if other and np.isnan(value) != np.isnan(expected):
            fix = f"declare empty={other}, or return {expected}"
            words = f"you said empty={declared}, this behaves like empty={other}; {words}"
            yield finding("RL801", _CHECK, dtype, words, fix=fix)
        else:
            yield finding("RL301", _CHECK, dtype, words)
        return


def _same(value: float, other: float) -> bool:
    return bool(np.array_equal(value, other, equal_nan=True))
