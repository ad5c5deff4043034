"""Arguments beside inputs and axes: class weights, ignored rows, reductions; classes and widths.

Each is judged against the truth under that argument, on rows of the ordinary regimes; with label
smoothing too, where the target takes it. A target that does not take an argument is not judged by
it, and the certificate says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from crossval.checks.batches import reductions
from crossval.checks.one_matrix import batches_of_one_matrix, reductions_of_one_matrix
from crossval.checks.rows import classes_of, marked, weights_for
from crossval.checks.variations import finding, judged, sample, together, under, varied
from crossval.oracles.elementwise import Elementwise
from crossval.oracles.row_columns import RowColumns
from crossval.outcome import Check, Outcome
from crossval.points.boxes import PointSet
from crossval.reduced import by_other_denominators, divisors
from crossval.runner import TargetRaised
from crossval.session import Session

if TYPE_CHECKING:
    from crossval.families import Family

__all__ = ["checks"]

_NEAR = 2.0**-6  # only decides about words, never a verdict
_ELEMENT_WEIGHT = 2.5
_SMOOTHED = {"label_smoothing": 0.25}
_WIDE = 100  # classes: the truth of so many takes as long as all else of a smoke test
_IGNORED = (-100, 1)
"""The value that marks an ignored row: the usual one, and one that is a class as well."""


def checks(family: Family, dtype: str) -> Iterator[Check]:
    """Yield the checks of a family's options in one format."""
    named: dict[str, Callable[[Session, str], Outcome]] = {
        "class_weight": class_weights,
        "ignore_index": ignored_rows,
        "weight": partial(element_weights, option="weight"),
        "pos_weight": partial(element_weights, option="pos_weight"),
        "reduction": reductions_of_one_matrix if family.wholes else reductions,
    }
    for option, run in named.items():
        if option in family.options:
            yield Check(option, dtype, partial(_if_accepted, option=option, run=run))
    if family.wholes:
        yield Check("batch", dtype, batches_of_one_matrix)
    if family.labels and family.classes:
        yield Check("class range", dtype, class_range)
    if family.resized is not None:
        yield Check(_count(family), dtype, class_count)
    if family.lengthened is not None:
        yield Check("coordinates", dtype, coordinates)


def class_weights(session: Session, dtype: str) -> Outcome:
    """Judge value and gradients under class weights, 0 among them."""
    batch = session.spec.batch
    if batch is not None and batch.averaged and session.spec.axes["denominator"] != "weights":
        words = f"not judged: with {batch.axis}={batch.value} the mean of a weighted row is no row"
        return Outcome("class_weight", dtype, text=words, ran=False)
    points = sample(session, dtype)
    weights = weights_for(session.family)
    oracle = RowColumns(tuple(weights.tolist()))
    outcomes = []
    usable = None
    if session.form.reduced:  # a mean over one row of weight 0 is 0/0
        usable = divisors(session, points, weights, 1) != 0
    for axes in _smoothings(session):
        other = under(session, points, {"class_weight": weights}, axes=axes, oracle=oracle)
        outcomes.append((_label(axes), judged(other, dtype, "class_weight", usable)))
    return together("class_weight", outcomes)


def element_weights(session: Session, dtype: str, option: str) -> Outcome:
    """Judge value and gradients under one weight for all elements."""
    points = sample(session, dtype)
    oracle = Elementwise(((option, _ELEMENT_WEIGHT),))
    weights = np.full(1 if session.form.reduced else len(points), _ELEMENT_WEIGHT)
    other = under(session, points, {option: weights}, oracle=oracle)
    return together(option, [("", judged(other, dtype, option))])


def ignored_rows(session: Session, dtype: str) -> Outcome:
    """Require loss 0 and gradient 0 in ignored rows, whatever they hold, and others unmoved."""
    if session.family.wholes and session.form.reduced:
        words = "not judged: one number for a batch, whose rows share what a call has one of"
        return Outcome("ignore_index", dtype, text=words, ran=False)
    points = sample(session, dtype)
    outcomes = []
    for value in _IGNORED:
        given, ignored = marked(session.family, points, value)
        for axes in _smoothings(session):
            label = _label({"ignore_index": value, **axes})
            found = _ignored(session, points, given, ignored, value, axes)
            outcomes += [(label, outcome) for outcome in found]
    given, ignored = marked(session.family, points, _IGNORED[0])
    columns = given.columns.copy()
    columns[ignored, next(iter(session.family.inputs.values()))] = np.nan
    given = replace(given, columns=columns)
    found = _ignored(session, points, given, ignored, _IGNORED[0], {}, "RL503")
    outcomes += [("logits NaN", outcome) for outcome in found]
    return together("ignore_index", _named(outcomes))


def class_range(session: Session, dtype: str) -> Outcome:
    """Require that a class below 0, or beyond the last, is refused.

    JAX's compiled code cannot raise; there a loss that is NaN refuses it.
    """
    points = sample(session, dtype)
    inputs = session.family.split(points.columns)
    accepted = []
    for name in session.family.labels:
        for strange in (classes_of(session.family), -1):
            labels = inputs[name].copy()
            labels[0] = strange
            if not _refuses(session, dtype, {**inputs, name: labels}, points.upstream):
                accepted.append(str(strange))
    if not accepted:
        return Outcome("class range", dtype, grade="ok", n=2 * len(session.family.labels))
    words = (
        f"accepted: class {' and class '.join(accepted)} of {classes_of(session.family)} classes"
    )
    found = finding("RL210", "class range", dtype, words)
    return Outcome("class range", dtype, grade="H", n=2, findings=(found,))


def _count(family: Family) -> str:
    """Return the name of the check of other widths: what a row has so many of."""
    return "class count" if family.classes else "coordinates"


def class_count(session: Session, dtype: str) -> Outcome:
    """Judge value and gradients of rows with fewer and with many more classes, or coordinates."""
    assert session.family.resized is not None
    unit = "classes" if session.family.classes else "coordinates"
    sizes = {f"{width} {unit}": (session.family.resized, width) for width in _widths(session)}
    return _resized(session, dtype, _count(session.family), sizes)


def coordinates(session: Session, dtype: str) -> Outcome:
    """Judge value and gradients of embeddings with fewer and with more coordinates."""
    lengthened = session.family.lengthened
    assert lengthened is not None
    sizes = {f"{length} coordinates": (lengthened, length) for length in session.family.lengths}
    return _resized(session, dtype, "coordinates", sizes)


def _resized(
    session: Session,
    dtype: str,
    check: str,
    sizes: Mapping[str, tuple[Callable[[int], Family], int]],
) -> Outcome:
    """Judge value and gradients of families of other sizes, on a few rows of each."""
    held = [name for name in session.family.wholes if name in session.target.bind]
    if held:
        shapes = ", ".join(str(session.family.wholes[name]) for name in held)
        words = f"the target holds {' and '.join(held)}, of shape {shapes}"
        return Outcome(check, dtype, text=words, ran=False)
    outcomes = []
    for label, (resized, size) in sizes.items():
        family = resized(size)
        points = family.points(dtype, "smoke")
        points = points.take(np.flatnonzero(~points.special)[:: 2 if size < _WIDE else 12])
        other = under(session, points, family=family)
        outcomes.append((label, judged(other, dtype, check)))
    return together(check, outcomes)


def _widths(session: Session) -> list[int]:
    """Return the numbers of classes to judge: of many, but in a smoke test."""
    widths = session.family.widths
    return [width for width in widths if width < _WIDE or session.level != "smoke"]


def _if_accepted(
    session: Session, dtype: str, option: str, run: Callable[[Session, str], Outcome]
) -> Outcome:
    if option == "reduction" and session.form.reduced:
        return run(session, dtype)
    if option not in session.accepted:
        return Outcome(option, dtype, text=f"takes no argument {option}", ran=False)
    outcome = run(session, dtype)
    return outcome if not session.form.reduced else _whatever_divides(session, dtype, outcome, run)


def _whatever_divides(
    session: Session, dtype: str, outcome: Outcome, run: Callable[[Session, str], Outcome]
) -> Outcome:
    """Judge a target that reduces by the denominator that it has; `reduction` says which."""
    codes = {each.code for each in outcome.findings}
    for reading in by_other_denominators(session) if codes else ():
        other = run(reading, dtype)
        if {each.code for each in other.findings} < codes:
            name = reading.target.axes["denominator"]
            return replace(other, text=f"as denominator={name}: see reduction")
    return outcome


def _smoothings(session: Session) -> list[dict[str, Any]]:
    """Return axis values to judge under: as declared, and smoothed if the target can."""
    return [{}, _SMOOTHED] if set(_SMOOTHED) <= set(session.accepted) else [{}]


def _label(arguments: Mapping[str, Any]) -> str:
    return " with ".join(f"{name}={value}" for name, value in arguments.items())


def _ignored(
    session: Session,
    points: PointSet,
    given: PointSet,
    ignored: np.ndarray,
    value: int,
    axes: Mapping[str, Any],
    code: str = "RL502",
) -> Iterator[Outcome]:
    """Yield the judgement of rows that are kept, and of ignored ones where they have an effect."""
    dtype = points.dtype
    if session.form.reduced:
        other = _paired(session, points, given, ignored, value, axes)
    else:
        other = under(session, points, {"ignore_index": value}, given=given, axes=axes)
    kept = judged(other, dtype, "ignore_index", ~ignored)
    yield kept if code == "RL502" else _through(kept)
    evaluation = other.measured(dtype)
    parts = {"loss": evaluation.value[ignored][:, None] != 0}
    parts |= {f"grad[{k}]": g[ignored] != 0 for k, g in evaluation.gradients.items()}
    rows = np.any([part.any(axis=1) for part in parts.values()], axis=0)
    if rows.any():
        names = ", ".join(name for name, part in parts.items() if part.any())
        seen = {"seen": int(rows.sum()), "of": len(rows)}
        words, cause = f"{names} of an ignored row is not 0", ""
        if _ordinary(other, given.take(np.flatnonzero(ignored)), evaluation.value[ignored]):
            cause = "the rows have their ordinary loss: the argument has no effect"
        found = finding(code, "ignore_index", dtype, words, cause=cause, **seen)
        grade = "H" if found.hygiene else "F"
        yield Outcome("ignore_index", dtype, grade=grade, findings=(found,))


def _through(outcome: Outcome) -> Outcome:
    """Say of NaN in rows that are kept that it came from the ignored ones."""
    words = "NaN of an ignored row reaches the rows that are kept, or their mean"
    lost = [each for each in outcome.findings if each.code in ("RL302", "RL401")]
    rest = tuple(each for each in outcome.findings if each not in lost)
    if not lost:
        return outcome
    counted = {"seen": lost[0].seen, "of": lost[0].of}
    found = finding("RL503", "ignore_index", outcome.dtype, words, **counted)
    grade = "F" if rest else "H"
    return Outcome("ignore_index", outcome.dtype, grade=grade, findings=(*rest, found))


def _paired(
    session: Session,
    points: PointSet,
    given: PointSet,
    ignored: np.ndarray,
    value: int,
    axes: Mapping[str, Any],
) -> Session:
    """Measure a target that reduces: an ignored row beside each row that is kept.

    The number of such a pair is the loss of the row that is kept, divided by what the pair offers;
    for the row that is ignored there is none, and 0 stands in its place.
    """
    other = varied(session, points, axes=axes)
    first, second = np.flatnonzero(~ignored), np.flatnonzero(ignored)
    second = np.resize(second, len(first))
    pairs = given.take(np.stack([first, second], axis=1).ravel())
    kept = np.tile([True, False], len(first))
    found = other.evaluate_blocks(pairs, 2, arguments={"ignore_index": value})
    times = divisors(other, pairs, None, 2, kept)
    found = found.times(times, np.repeat(times, 2))
    losses = np.zeros(len(points))
    losses[first] = found.value
    slopes = {name: np.zeros((len(points), g.shape[1])) for name, g in found.gradients.items()}
    for name, array in found.gradients.items():
        slopes[name][first], slopes[name][second] = array[0::2], array[1::2]
    return other.holding(points.dtype, replace(found, value=losses, gradients=slopes))


def _ordinary(session: Session, points: PointSet, got: np.ndarray) -> bool:
    """Whether losses are about what the definition says of rows, if that says anything."""
    inputs = session.family.split(points.columns)
    if any((inputs[name] < 0).any() for name in session.family.labels):
        return False
    value, _ = session.family.oracle.kernel(session.spec, points.columns, points.upstream)
    return bool((np.abs(got - value) <= _NEAR * np.abs(value)).all())


def _named(labelled: list[tuple[str, Outcome]]) -> list[tuple[str, Outcome]]:
    """Say so where ignored rows have an effect under label smoothing only."""
    smoothed = _label(_SMOOTHED)
    found = [label for label, outcome in labelled for f in outcome.findings if f.code == "RL502"]
    if not all(label.endswith(smoothed) for label in found):
        return labelled
    cause = "the smoothing term is added to ignored rows too"
    return [
        (label, each.with_findings(tuple(replace(f, cause=cause) for f in each.findings)))
        if any(f.code == "RL502" for f in each.findings)
        else (label, each)
        for label, each in labelled
    ]


def _refuses(
    session: Session, dtype: str, inputs: dict[str, np.ndarray], upstream: np.ndarray
) -> bool:
    """Whether a target refuses inputs whose first row is wrong."""
    try:
        found = session.call(dtype, inputs, upstream, gradients=False)
    except TargetRaised:
        return True
    return session.target.takes_jax and bool(np.isnan(found.value.flat[0]))
