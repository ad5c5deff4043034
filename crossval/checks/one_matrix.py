"""Batches of a head: several embeddings before one matrix of classes.

The pinned points are problems of one embedding each. What becomes of several is judged here: a
row's loss and its gradient are those of a call of its own, and the matrix gets the sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crossval.checks.quantities import quantities
from crossval.checks.statistics import WRONG
from crossval.checks.variations import finding, sample
from crossval.checks.verdict import GRADIENT_ULPS, VALUE_ULPS, Reference, judge
from crossval.findings import Finding
from crossval.oracles.formats import Format, format_of
from crossval.outcome import Outcome
from crossval.points.boxes import PointSet
from crossval.reduced import REDUCED, counts, divisor
from crossval.reference import Standard, standard
from crossval.runner import TargetRaised
from crossval.session import Evaluation, Session

__all__ = ["batches_of_one_matrix", "reductions_of_one_matrix"]

_SIZES = (2, 7)
_UPSTREAM = 0.75


@dataclass(frozen=True)
class _Batch:
    """Rows of one call, with their truth.

    Attributes
    ----------
    points : PointSet
        That share what a call has one of.
    truth : Standard
        Of every row alone.
    """

    points: PointSet
    truth: Standard

    def __len__(self) -> int:
        return len(self.points)


def batches_of_one_matrix(session: Session, dtype: str) -> Outcome:
    """Judge values row by row, and gradients by what a call has one of as sums over the rows."""
    if session.form.reduced:
        words = "one number for a batch: see reduction"
        return Outcome("batch", dtype, text=words, ran=False)
    batches = list(_batches(session, dtype))
    if not batches:
        return Outcome("batch", dtype, text=_OFF, ran=False)
    number = format_of(dtype)
    for batch in batches:
        try:
            found = _called(session, batch, batch.points.upstream, {})
        except TargetRaised as error:
            return _failed("batch", dtype, _refused("batch", dtype, f"{len(batch)} rows", error))
        wrong = _wrong_rows(session, batch, found, number, dtype)
        if wrong is not None:
            return _failed("batch", dtype, wrong)
    return Outcome("batch", dtype, grade="ok", n=sum(map(len, batches)))


def reductions_of_one_matrix(session: Session, dtype: str) -> Outcome:
    """Judge mean and sum of batches: values, and gradients by everything."""
    names = (session.form.reduction,) if session.form.reduced else REDUCED
    batches = list(_batches(session, dtype))
    if not batches:
        return Outcome("reduction", dtype, text=_OFF, ran=False)
    for name in names:
        for batch in batches:
            wrong = _wrong_reduction(session, batch, name, dtype)
            if wrong is not None:
                return _failed("reduction", dtype, wrong)
    return Outcome("reduction", dtype, grade="ok", n=len(names) * len(batches))


_OFF = "not judged: the losses of single rows are off already"


def _batches(session: Session, dtype: str) -> Iterator[_Batch]:
    """Yield batches whose rows the target gets right in calls of their own."""
    points, start = sample(session, dtype), 0
    for size in _SIZES:
        places = np.linspace(start, len(points) - 1, size).astype(int)
        some = session.family.sharing(points.take(places))
        start += 1
        truth = standard(session.spec, some, session.family.oracle)
        if (truth.kind != "regular").any():
            continue
        judged = quantities(session, session.evaluate(some), some, truth, np.arange(size))
        if not any((each.verdicts().grade == WRONG).any() for each in judged):
            yield _Batch(some, truth)


def _called(
    session: Session, batch: _Batch, upstream: np.ndarray, arguments: Mapping[str, Any]
) -> Evaluation:
    inputs = session.family.one_call(batch.points.columns)
    dtype = batch.points.dtype
    return session.call(dtype, inputs, upstream, dict(arguments), whole=True)


def _wrong_rows(
    session: Session, batch: _Batch, found: Evaluation, number: Format, dtype: str
) -> Finding | None:
    """Return what is wrong with results of a batch."""
    what = f"{len(batch)} rows before one matrix"
    got = found.value.reshape(-1)
    if got.shape != (len(batch),):
        words = f"{what}: expected one loss a row, got shape {found.value.shape}"
        return finding("RL202", "batch", dtype, words)
    if (judge(got, batch.truth.value, number, VALUE_ULPS).grade == WRONG).any():
        words = f"the losses of {what} are not those of calls with one row each"
        return finding("RL603", "batch", dtype, words)
    return _wrong_gradients(session, batch, found, np.ones(len(batch)), ("batch", what), number)


def _wrong_gradients(
    session: Session,
    batch: _Batch,
    found: Evaluation,
    factors: np.ndarray,
    where: tuple[str, str],
    number: Format,
) -> Finding | None:
    """Return the first gradient that is off; the rows' own are multiplied by `factors`."""
    check, what = where
    for name in session.wrt:
        if name not in found.gradients:
            continue
        part = session.family.inputs[name]
        rows = _times(batch.truth.gradient.take((slice(None), part)), factors[:, None])
        whole = name in session.family.wholes
        got = found.gradients[name].reshape(-1) if whole else found.gradients[name]
        truth = _summed(rows, number) if whole else rows
        if got.shape != truth.hi.shape:
            words = f"the gradient by {name} of {what} has shape {found.gradients[name].shape}"
            return finding("RL202", check, batch.points.dtype, words)
        if (judge(got, truth, number, GRADIENT_ULPS).grade == WRONG).any():
            instead = _instead(batch, rows, got, truth, number) if whole else ""
            words = f"the gradient by {name} of {what} is off{instead}"
            return finding("RL402", check, batch.points.dtype, words)
    return None


def _times(reference: Reference, factors: np.ndarray) -> Reference:
    size = np.abs(factors)
    return Reference(
        reference.hi * factors,
        reference.lo * factors,
        reference.radius * size + 2.0**-52 * np.abs(reference.hi) * size * (size != 1),
        reference.condition * size,
        reference.bound * size,
    )


def _summed(rows: Reference, number: Format) -> Reference:
    """Return the sum over rows, in any order."""
    steps = (len(rows.hi) - 1) * 1.01 * number.roundoff * np.abs(rows.hi).sum(axis=0)
    hi = np.array([math.fsum(column) for column in rows.hi.T])
    lo = np.array([math.fsum(column) for column in rows.lo.T])
    return Reference(
        hi,
        lo,
        rows.radius.sum(axis=0) + 2.0**-53 * np.abs(hi),
        rows.condition.sum(axis=0),
        rows.bound.sum(axis=0) + steps,
    )


def _instead(
    batch: _Batch, rows: Reference, got: np.ndarray, truth: Reference, number: Format
) -> str:
    """Say what a sum over rows is instead."""
    count, upstream = len(batch), batch.points.upstream
    plain = _summed(_times(rows, 1 / upstream[:, None]), number)
    others = {
        "their mean": _times(truth, np.array(1 / count)),
        "that of the first row": rows.take(0),
        "that of the last row": rows.take(-1),
        "their sum, upstream ignored": plain,
        "0": _times(truth, np.array(0.0)),
    }
    for words, other in others.items():
        if (judge(got, other, number, GRADIENT_ULPS).grade != WRONG).all():
            return f": it must be the sum over the rows, and is {words}"
    return ": it must be the sum over the rows"


def _wrong_reduction(session: Session, batch: _Batch, name: str, dtype: str) -> Finding | None:
    number, what = format_of(dtype), f"reduction={name!r} of {len(batch)} rows"
    asked = {} if session.form.reduced else {"reduction": name}
    upstream = np.full(session.form.shape, _UPSTREAM)
    try:
        found = _called(session, batch, upstream, asked)
    except TargetRaised as error:
        return _refused("reduction", dtype, what, error)
    if found.value.size != 1:
        words = f"{what} must give one number: got shape {found.value.shape}"
        return finding("RL202", "reduction", dtype, words)
    kept = np.ones(len(batch), bool)
    counted = counts(session.family, session.family.split(batch.points.columns), kept)
    below = divisor(session, name, counted)
    rows = batch.truth.value
    total = _summed(replace(rows, **{k: v[:, None] for k, v in vars(rows).items()}), number)
    got = found.value.reshape(-1)
    if (judge(got, _times(total, np.array(1 / below)), number, VALUE_ULPS).grade == WRONG).any():
        other = _divisor_of(got, total, len(batch), number)
        expected = float(total.hi[0]) / below
        words = f"{what}: got {float(got[0]):.9g}, expected {expected:.9g}{other}"
        return finding("RL807", "reduction", dtype, words)
    factors = _UPSTREAM / below / batch.points.upstream
    return _wrong_gradients(session, batch, found, factors, ("reduction", what), number)


def _divisor_of(got: np.ndarray, total: Reference, count: int, number: Format) -> str:
    for words, below in {"the sum": 1.0, "the mean over the rows": float(count)}.items():
        other = _times(total, np.array(1 / below))
        if (judge(got, other, number, VALUE_ULPS).grade != WRONG).all():
            return f"; this is {words}"
    return ""


def _refused(check: str, dtype: str, what: str, error: TargetRaised) -> Finding:
    if error.kind == "WrongShape":
        return finding("RL202", check, dtype, f"{what}: {error.message}")
    return finding("RL105", check, dtype, f"{what} raised {error.words}")


def _failed(check: str, dtype: str, found: Finding) -> Outcome:
    return Outcome(check, dtype, grade="F", findings=(found,))
