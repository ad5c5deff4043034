"""Arguments beside inputs and axes: class weights, ignored rows, reductions; and other widths.

Each is judged against the truth under that argument, on rows of the ordinary regimes. A target that
does not take an argument is not judged by it, and the certificate says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from crossval.checks.accuracy import graded
from crossval.checks.quantities import answered, quantities
from crossval.checks.verdict import GRADES
from crossval.findings import CODES, Finding
from crossval.oracles.formats import Format, format_of
from crossval.oracles.row_columns import RowColumns
from crossval.outcome import Check, Outcome
from crossval.points.boxes import PointSet
from crossval.reference import Standard, standard
from crossval.runner import TargetRaised
from crossval.session import Evaluation, Session
from refloss.losses.reductions import DENOMINATORS, REDUCTIONS, Counts

if TYPE_CHECKING:
    from crossval.families import Family

_ROWS = 16
_WIDTHS = (2, 3, 33, 1000)
_BATCHES = (1, 3, 8)
_UPSTREAM = 0.75
_IGNORED = (-100, 1)
"""The value that marks an ignored row: the usual one, and one that is a class as well."""


def checks(family: Family, dtype: str) -> Iterator[Check]:
    """Yield the checks of a family's options in one format."""
    named: dict[str, Callable[[Session, str], Outcome]] = {
        "class_weight": class_weights,
        "ignore_index": ignored_rows,
        "reduction": reductions,
    }
    for option, run in named.items():
        if option in family.options:
            yield Check(option, dtype, partial(_if_accepted, option=option, run=run))
    if family.resized is not None:
        yield Check("class count", dtype, class_count)


def _if_accepted(
    session: Session, dtype: str, option: str, run: Callable[[Session, str], Outcome]
) -> Outcome:
    if option not in session.accepted:
        return Outcome(option, dtype, text=f"takes no argument {option}", ran=False)
    return run(session, dtype)


def class_weights(session: Session, dtype: str) -> Outcome:
    """Judge value and gradients under class weights, 0 among them."""
    points = _sample(session, dtype)
    weights = _weights(points, session)
    oracle = RowColumns(tuple(weights.tolist()))
    evaluation = session.evaluate(points, arguments={"class_weight": weights})
    return _judged("class_weight", session, points, evaluation, _truth(session, points, oracle))


def ignored_rows(session: Session, dtype: str) -> Outcome:
    """Require loss 0 and gradient 0 in ignored rows, and ordinary results in the others."""
    points, outcomes = _sample(session, dtype), []
    known = _truth(session, points, session.family.oracle)
    for value in _IGNORED:
        marked, ignored = _marked(session, points, value)
        evaluation = session.evaluate(marked, arguments={"ignore_index": value})
        outcome = _judged("ignore_index", session, points, evaluation, known, ~ignored)
        wrong = _not_zero(evaluation, ignored)
        if wrong.any():
            words = f"ignore_index={value}: loss or gradient of an ignored row is not 0"
            outcome = _with(outcome, _finding("RL502", "ignore_index", dtype, words, wrong))
        outcomes.append(outcome)
    return _worst(outcomes)


def class_count(session: Session, dtype: str) -> Outcome:
    """Judge value and gradients of rows with fewer and with many more classes."""
    outcomes = []
    assert session.family.resized is not None
    for width in _WIDTHS:
        family = session.family.resized(width)
        points = family.points(dtype, "smoke")
        other = replace(session, family=family)
        rows = np.flatnonzero(~points.special)[:: 2 if width < 100 else 12]
        points = replace(points.take(rows), name=f"{points.name.rpartition('@')[0]}@0")
        evaluation = other.evaluate(points)
        known = standard(session.spec, points, family.oracle)
        outcomes.append(_judged("class count", other, points, evaluation, known))
    return _worst(outcomes)


@dataclass(frozen=True)
class _Batch:
    """Rows to be reduced, with what they weigh."""

    points: PointSet
    kept: np.ndarray
    weights: np.ndarray | None
    arguments: dict[str, Any]
    words: str


def reductions(session: Session, dtype: str) -> Outcome:
    """Judge mean and sum, of batches of several sizes, with weights and ignored rows."""
    findings: dict[str, Finding] = {}
    seen = 0
    for batch in _batches(session, dtype):
        for name in ("mean", "sum"):
            seen += 1
            found = _reduced(session, batch, name, dtype)
            if found is not None:
                findings.setdefault(f"{found.code} {name}", found)
    if findings:
        return Outcome("reduction", dtype, grade="F", n=seen, findings=tuple(findings.values()))
    return Outcome("reduction", dtype, grade="ok", n=seen)


def _batches(session: Session, dtype: str) -> Iterator[_Batch]:
    points, start = _sample(session, dtype), 0
    takes = set(session.accepted) & set(session.family.options)
    for size in _BATCHES:
        some = points.take(np.arange(start, start + size))
        some = replace(some, upstream=np.ones(size))
        start += size
        everything = np.ones(size, bool)
        yield _Batch(some, everything, None, {}, f"{size} rows")
        if "class_weight" in takes:
            weights = np.maximum(_weights(some, session), 0.25)
            given = {"class_weight": weights}
            yield _Batch(some, everything, weights, given, f"{size} rows with class weights")
        if "ignore_index" in takes and size > 1:
            marked, ignored = _marked(session, some, -100)
            yield _Batch(marked, ~ignored, None, {}, f"{size} rows, {int(ignored.sum())} ignored")


def _reduced(session: Session, batch: _Batch, name: str, dtype: str) -> Finding | None:
    number = format_of(dtype)
    inputs = session.family.split(batch.points.columns)
    try:
        found = session.call(
            dtype, inputs, np.array(_UPSTREAM), {**batch.arguments, "reduction": name}
        )
    except TargetRaised as error:
        words = f"reduction={name!r} of {batch.words} raised {error.words}"
        return _finding("RL105", "reduction", dtype, words)
    known = _kept_truth(session, batch)
    counts = _counts(session, batch, inputs)
    divisor = REDUCTIONS[name].divisor(counts, session.spec.axes["denominator"])
    value = _off(found.value, known.value.hi, known.value.bound, divisor, number)
    if value is not None:
        return _misreduced(session, batch, name, dtype, float(found.value), value, counts)
    scale = _UPSTREAM / divisor
    for wrt in (name for name in session.wrt if name in found.gradients):
        part = session.family.inputs[wrt]
        slopes, bound = known.gradient.hi[:, part] * scale, known.gradient.bound[:, part] * scale
        got = found.gradients[wrt][batch.kept]
        spacing = 8 * number.ulp(slopes) + 4 * number.roundoff * np.abs(slopes)
        if not (np.abs(got - slopes) <= 2 * bound + spacing).all():
            words = f"gradient of reduction={name!r} of {batch.words} is not that of its value"
            return _finding("RL402", "reduction", dtype, words)
    return None


def _off(
    got: np.ndarray, losses: np.ndarray, bounds: np.ndarray, divisor: float, number: Format
) -> float | None:
    """Return the expected value if `got` is not it."""
    expected = math.fsum(losses.tolist()) / divisor
    steps = (len(losses) + 3) * number.roundoff * math.fsum(np.abs(losses).tolist())
    room = (2 * math.fsum(bounds.tolist()) + steps) / divisor
    right = got.shape == () and abs(float(got) - expected) <= room + 4 * float(number.ulp(expected))
    return None if right else expected


def _misreduced(
    session: Session,
    batch: _Batch,
    name: str,
    dtype: str,
    got: float,
    expected: float,
    counts: Counts,
) -> Finding:
    """Name the denominator that the result has instead, if it is one."""
    total = expected * REDUCTIONS[name].divisor(counts, session.spec.axes["denominator"])
    known = {f"denominator={n}": divide(counts) for n, divide in DENOMINATORS.items()}
    known |= {"the sum": 1.0, "N * C": float(counts.items * (len(session.family.columns) - 1))}
    near = 64 * format_of(dtype).roundoff
    words = f"reduction={name!r} of {batch.words}: got {got:.9g}, expected {expected:.9g}"
    for other, divisor in known.items():
        if math.isfinite(got) and abs(got - total / divisor) <= near * abs(got):
            return _finding("RL802", "reduction", dtype, f"{words}; this is {other}")
    return _finding("RL802", "reduction", dtype, words)


def _kept_truth(session: Session, batch: _Batch) -> Standard:
    """Truth of the rows that are kept, under the batch's weights."""
    weights = None if batch.weights is None else tuple(batch.weights.tolist())
    points = batch.points.take(np.flatnonzero(batch.kept))
    return _truth(session, points, RowColumns(weights))


def _counts(session: Session, batch: _Batch, inputs: dict[str, np.ndarray]) -> Counts:
    items, kept = len(batch.kept), int(batch.kept.sum())
    if batch.weights is None or not session.family.labels:
        return Counts(items, kept, float(kept))
    (name,) = session.family.labels
    return Counts(items, kept, math.fsum(batch.weights[inputs[name][batch.kept]].tolist()))


def _truth(session: Session, points: PointSet, oracle: Any) -> Standard:
    return standard(session.spec, points, oracle)


def _judged(
    check: str,
    session: Session,
    points: PointSet,
    evaluation: Evaluation,
    known: Standard,
    usable: np.ndarray | None = None,
) -> Outcome:
    """Grade value and gradients; the worst of them speaks for all."""
    rows = np.arange(len(points)) if usable is None else np.flatnonzero(usable)
    judged = quantities(session, evaluation, points, known, rows)
    return replace(_worst([_nameless(graded(session, q)) for q in judged]), check=check)


def _nameless(outcome: Outcome) -> Outcome:
    """Return an outcome whose rows have no id: they are none of the pinned set."""
    findings = tuple(
        replace(f, case=None if f.case is None else replace(f.case, id=""))
        for f in outcome.findings
    )
    worst = None if outcome.worst is None else replace(outcome.worst, id="")
    return replace(outcome, findings=findings, worst=worst)


def _worst(outcomes: list[Outcome]) -> Outcome:
    decisive = max(outcomes, key=lambda outcome: ("", *GRADES).index(outcome.grade))
    findings = tuple(
        replace(finding, check=decisive.check)
        for outcome in outcomes
        for finding in outcome.findings
    )
    return replace(decisive, findings=findings, n=sum(outcome.n for outcome in outcomes))


def _with(outcome: Outcome, finding: Finding) -> Outcome:
    return replace(outcome, grade="F", findings=(*outcome.findings, finding))


def _sample(session: Session, dtype: str) -> PointSet:
    """Take a few rows of each ordinary regime for which the target answered."""
    points, usable = session.points(dtype), answered(session, dtype, session.measured(dtype))
    regimes = session.family.regimes
    rows = [np.flatnonzero(usable & (points.places == name))[:_ROWS] for name in regimes]
    return points.take(np.concatenate(rows))


def _weights(points: PointSet, session: Session) -> np.ndarray:
    """Return a weight for every class: small dyadic numbers, 0 for one class."""
    part = session.family.inputs["logits"]
    classes = len(range(len(session.family.columns))[part])
    return np.array([0.5, 1.0, 2.0, 0.0, 4.0, 0.25])[np.arange(classes) % 6]


def _marked(session: Session, points: PointSet, value: int) -> tuple[PointSet, np.ndarray]:
    """Mark every third row as ignored; where `value` is a class, rows of that class are too."""
    (name,) = session.family.labels
    part = session.family.inputs[name]
    columns = points.columns.copy()
    labels = columns[:, part][:, 0]
    ignored = (np.arange(len(points)) % 3 == 1) | (labels == value)
    columns[ignored, part] = value
    return replace(points, columns=columns), ignored


def _not_zero(evaluation: Evaluation, rows: np.ndarray) -> np.ndarray:
    wrong = evaluation.value[rows] != 0
    for gradient in evaluation.gradients.values():
        wrong |= (gradient[rows] != 0).any(axis=1)
    return wrong


def _finding(
    code: str, check: str, dtype: str, words: str, rows: np.ndarray | None = None
) -> Finding:
    seen, of = (0, 0) if rows is None else (int(rows.sum()), len(rows))
    return Finding(code, check, dtype, words, fix=CODES[code].remedy, seen=seen, of=of)
