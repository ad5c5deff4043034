"""What has nothing to do with the formula: inputs untouched, results repeatable, shapes refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from crossval.checks.cases import case_at, situations
from crossval.checks.causes import cause_of
from crossval.checks.quantities import answered, ordinary, quantities
from crossval.checks.staleness import asked, stale_in
from crossval.checks.statistics import WRONG, by_row
from crossval.findings import CODES, Finding
from crossval.outcome import BY_REDUCTION, Outcome
from crossval.points.boxes import PointSet
from crossval.reference import Standard, standard
from crossval.runner import TargetDied, TargetRaised
from crossval.session import Evaluation, Session

if TYPE_CHECKING:
    from crossval.families import Family

_ROWS = 64


def call(session: Session, dtype: str) -> Outcome:
    """Require an answer for all points of this format."""
    evaluation, points = session.measured(dtype), session.points(dtype)
    if not evaluation.raised:
        return Outcome("call", dtype, grade="ok", n=len(points))
    rows = np.array(sorted(evaluation.raised))
    first = evaluation.raised[int(rows[0])]
    died = isinstance(first, TargetDied)
    code, words = (first.code, str(first)) if died else ("RL105", first.words)
    case = case_at(session, points, int(rows[0]), "no result", None, (), np.inf)
    outcome = _failure("call", dtype, code, words, rows, points, len(points))
    return outcome.with_findings(tuple(replace(f, case=case) for f in outcome.findings))


def mutation(session: Session, dtype: str) -> Outcome:
    """Require the inputs' bits to be the same after the call, with and without autograd."""
    if session.target.takes_jax:
        return Outcome("mutation", dtype, text="JAX arrays cannot be changed", ran=False)
    changed = set(session.evaluate(_sample(session, dtype), gradients=False).changed)
    if not changed:
        changed = set(session.evaluate(_sample(session, dtype)).changed)
    if changed:
        return _failure("mutation", dtype, "RL205", f"changed: {', '.join(sorted(changed))}")
    return Outcome("mutation", dtype, grade="ok", n=2)


def determinism(session: Session, dtype: str) -> Outcome:
    """Require the same bits from the same call, with others in between that change one input."""
    sample = _sample(session, dtype)
    first = asked(session, sample)
    stale = stale_in(session, sample, first)
    if stale is not None:
        return _failure("determinism", dtype, "RL602", stale.words(session))
    again = asked(session, sample)
    if not _same_bits(first, again):
        differing = sum(int(np.sum(first.words[k] != again.words[k])) for k in first.words)
        words = f"{differing} of {_count(first)} numbers differ when the call is repeated"
        return _failure("determinism", dtype, "RL601", words)
    return Outcome("determinism", dtype, grade="ok", n=2 + len(session.family.inputs))


def row_independence(session: Session, dtype: str) -> Outcome:
    """Require the same results, pair by pair, when the rows come in another order."""
    if session.form.reduced:
        return Outcome("row independence", dtype, text=BY_REDUCTION, ran=False)
    sample = _sample(session, dtype)
    order = np.arange(len(sample))[::-1]
    turned = sample.take(order)
    straight, reverse = session.evaluate(sample), session.evaluate(turned)
    if _same_bits(straight, _reordered(reverse, order)):
        return Outcome("row independence", dtype, grade="ok", n=len(sample))
    before = _wrong_rows(session, straight, sample)
    after = _wrong_rows(session, reverse, turned)[order]
    worse = np.flatnonzero(before != after)
    if len(worse):
        stale = stale_in(session, sample, straight)
        if stale is not None:  # it is not the rows that disturb each other
            return _failure("row independence", dtype, "RL602", stale.words(session))
        words = "reversing the rows makes results leave (or enter) their tolerance"
        return _failure("row independence", dtype, "RL603", words, worse, sample, len(sample))
    return Outcome(
        "row independence", dtype, grade="ok", n=len(sample), text="within tolerance, other bits"
    )


def strides(session: Session, dtype: str) -> Outcome:
    """Require the same results for a strided view with NaN between its entries."""
    if session.target.takes_jax:
        return Outcome("strides", dtype, text="JAX arrays have no strides", ran=False)
    sample = _sample(session, dtype)
    dense, strided = session.evaluate(sample), session.evaluate(sample, strided=True)
    if _same_bits(dense, strided):
        return Outcome("strides", dtype, grade="ok", n=len(sample))
    differ = _wrong_rows(session, dense, sample) != _wrong_rows(session, strided, sample)
    # what one rounding more or less makes NaN or not says nothing about strides
    known = [_explained(session, each, sample) for each in (dense, strided)]
    worse = np.flatnonzero(differ & ~known[0] & ~known[1])
    if len(worse):
        words = "results of a strided view are wrong"
        return _failure("strides", dtype, "RL206", words, worse, sample, len(sample))
    return Outcome("strides", dtype, grade="ok", n=len(sample), text="within tolerance, other bits")


def same_dtype(session: Session, dtype: str) -> Outcome:
    """Require value and gradients in the format of the inputs."""
    formats = session.measured(dtype).formats
    other = {name: found for name, found in formats.items() if found != dtype}
    if other:
        words = ", ".join(f"{name} is {found}" for name, found in sorted(other.items()))
        return _failure("dtype", dtype, "RL204", words)
    return Outcome("dtype", dtype, grade="ok", n=len(formats))


def shape_misuse(session: Session, dtype: str) -> Outcome:
    """Require that operands are refused whose shapes do not fit, one row for many included."""
    family = session.family
    inputs = family.one_call(_sample(session, dtype).columns)
    upstream = np.ones(len(next(iter(inputs.values()))))
    misuses = list(_misuses(family, inputs))
    if not misuses:
        return Outcome("shape misuse", dtype, text="one input of any shape fits", ran=False)
    accepted = [
        " beside ".join(f"{name} {array.shape}" for name, array in arrays.items())
        for arrays in misuses
        if not _refuses(session, dtype, arrays, upstream)
    ]
    if accepted:
        return _failure("shape misuse", dtype, "RL201", f"accepted: {'; '.join(accepted)}")
    return Outcome("shape misuse", dtype, grade="ok", n=len(misuses))


def empty_batch(session: Session, dtype: str) -> Outcome:
    """Require zero losses and empty gradients for zero rows."""
    if session.form.reduced:
        return Outcome("empty batch", dtype, text=BY_REDUCTION, ran=False)
    inputs = session.family.one_call(_sample(session, dtype).columns)
    own = session.family.wholes
    inputs = {name: array if name in own else array[:0] for name, array in inputs.items()}
    try:
        result = session.call(dtype, inputs, np.zeros(0), whole=True)
    except TargetRaised as error:
        return _failure("empty batch", dtype, "RL207", f"raised {error.words}")
    shapes = {"value": result.value.shape} | {k: g.shape for k, g in result.gradients.items()}
    parts = {name: array[:, None] if array.ndim == 1 else array for name, array in inputs.items()}
    wanted = {"value": (0,)} | {k: parts[k].shape for k in result.gradients}
    if shapes != wanted:
        return _failure("empty batch", dtype, "RL207", f"shapes {shapes}, expected {wanted}")
    return Outcome("empty batch", dtype, grade="ok", n=1)


def _sample(session: Session, dtype: str) -> PointSet:
    """Spread about ``_ROWS`` rows for which the target answered, of the regimes if possible."""
    evaluation = session.measured(dtype)
    rows = np.flatnonzero(ordinary(session, dtype, evaluation))
    if not len(rows):
        rows = np.flatnonzero(answered(session, dtype, evaluation))
    return session.points(dtype).take(rows[:: max(1, len(rows) // _ROWS)])


def _misuses(family: Family, inputs: dict[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    """Operands that do not fit: one input with other rows, then all with another width.

    Where the width is the caller's own, only the rows can be wrong; of one input not even they.
    Rows that a call's one matrix is multiplied by can have another width than it.
    """
    by_row = {name: array for name, array in inputs.items() if name not in family.wholes}
    for name, array in by_row.items() if len(by_row) > 1 else ():
        for other in (array[:-1],) if family.broadcasts else (array[:-1], array[:1], array[0]):
            yield {**inputs, name: np.asarray(other)}
    widths = [family.shape(name)[1:] for name in inputs]
    if all(width and None not in width for width in widths):
        yield {name: array[:, :-1] for name, array in inputs.items()}
        yield {name: array[:, [*range(array.shape[1]), 0]] for name, array in inputs.items()}
    if family.wholes:
        name, array = next(iter(by_row.items()))
        yield {**inputs, name: array[:, :-1]}
        yield {**inputs, name: array[:, [*range(array.shape[1]), 0]]}


def _refuses(
    session: Session, dtype: str, inputs: dict[str, np.ndarray], upstream: np.ndarray
) -> bool:
    try:
        session.call(dtype, inputs, upstream, gradients=False, whole=True)
    except TargetRaised:
        return True
    return False


def _same_bits(one: Evaluation, other: Evaluation) -> bool:
    return one.words.keys() == other.words.keys() and all(
        np.array_equal(words, other.words[name]) for name, words in one.words.items()
    )


def _reordered(evaluation: Evaluation, order: np.ndarray) -> Evaluation:
    words = {name: array[order] for name, array in evaluation.words.items()}
    return replace(evaluation, words=words)


def _wrong_rows(session: Session, evaluation: Evaluation, points: PointSet) -> np.ndarray:
    truth: Standard = standard(session.spec, points, session.family.oracle)
    rows = np.arange(len(points))
    judged = quantities(session, evaluation, points, truth, rows)
    return np.any([by_row(q.verdicts().grade == WRONG) for q in judged], axis=0)


def _explained(session: Session, evaluation: Evaluation, points: PointSet) -> np.ndarray:
    """Rows with a result that is not finite for a reason that is recognised."""
    truth: Standard = standard(session.spec, points, session.family.oracle)
    found = np.zeros(len(points), dtype=bool)
    for quantity in quantities(session, evaluation, points, truth, np.arange(len(points))):
        rows = np.flatnonzero(by_row(~np.isfinite(quantity.got)))
        for row, here in zip(rows, situations(session, quantity, rows), strict=True):
            found[row] |= cause_of(session.family.patterns, here) is not None
    return found


def _count(evaluation: Evaluation) -> int:
    return sum(array.size for array in evaluation.words.values())


def _failure(
    check: str,
    dtype: str,
    code: str,
    message: str,
    rows: np.ndarray | None = None,
    points: PointSet | None = None,
    of: int = 0,
) -> Outcome:
    places = () if points is None else tuple(dict.fromkeys(points.places[rows].tolist()))
    seen = 0 if rows is None else len(rows)
    finding = Finding(
        code, check, dtype, message, fix=CODES[code].remedy, seen=seen, of=of, places=places
    )
    return Outcome(check, dtype, grade="H" if finding.hygiene else "F", findings=(finding,))
