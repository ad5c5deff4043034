"""What a result is instead if rows are mixed: a softmax over the batch, one number for all rows.

Such slips cannot be told from a row alone. The batch is the one that the target got.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crossval.checks.evidence import Diagnosis, Evidence
from crossval.checks.row_terms import CROSS_ENTROPY, Pair, Rows
from crossval.oracles.row_columns import RowColumns
from crossval.session import Session

__all__ = ["of_the_batch"]

_FEW = 3


def of_the_batch(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find a softmax along another axis, or the batch's loss in every row."""
    at = _places(session, evidence)
    if at is None:
        return None
    if evidence.is_value:
        found = _one_for_all(session, evidence)
        if found is not None:
            return found
    part = slice(None) if evidence.is_value else session.family.inputs[evidence.input]
    for words, (value, gradient) in _along_other_axes(session, evidence):
        predicted = value[at][:, None] if evidence.is_value else gradient[at][:, part]
        if evidence.supports(predicted):
            fix = "normalise over the classes of a row: dim=1, or axis=-1"
            return Diagnosis(evidence.generic, cause=words, fix=fix)
    return None


def _places(session: Session, evidence: Evidence) -> np.ndarray | None:
    """Where the rows under suspicion lie in the batch; None if they are no part of one."""
    whole = session.points(evidence.points.dtype)
    where = {number: place for place, number in enumerate(whole.numbers.tolist())}
    found = [where.get(number) for number in evidence.points.numbers.tolist()]
    if len(whole) < _FEW or None in found:
        return None
    at = np.array(found)
    same = np.array_equal(whole.columns[at], evidence.points.columns, equal_nan=True)
    return at if same else None


def _one_for_all(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find the sum, or a mean, of the batch's losses in the place of every row's."""
    got = evidence.got[evidence.failed]
    if len(got) < _FEW or np.any(got != got[0]):
        return None
    losses = session.standard(evidence.points.dtype).value.hi
    total, size = float(np.sum(losses)), float(np.sum(np.abs(losses)))
    factors = {"sum": 1.0, "mean": 1 / len(losses)}
    near = 2 * len(losses) * evidence.number.roundoff * size
    for name, factor in factors.items():
        if abs(got[0] - total * factor) <= near * factor:
            words = f"every row holds the batch's {name}: the losses are reduced, then spread"
            return Diagnosis("RL807", words, fix="Return each row's own loss.")
    return None


def _along_other_axes(session: Session, evidence: Evidence) -> Iterator[tuple[str, Pair]]:
    oracle, whole = session.family.oracle, session.points(evidence.points.dtype)
    if not isinstance(oracle, RowColumns):
        return
    rows = Rows(oracle, session.spec, whole.columns, whole.upstream)
    if not rows.has(CROSS_ENTROPY):
        return
    axes: dict[str, int | tuple[int, int]] = {
        "the softmax is taken over the batch (dim 0), not over the classes": 0,
        "the softmax is taken over the whole batch and all classes at once": (0, 1),
    }
    for words, axis in axes.items():
        with np.errstate(all="ignore"):
            yield words, _softmaxed(rows, axis)


def _softmaxed(rows: Rows, axis: int | tuple[int, int]) -> Pair:
    """Return loss and gradient of a softmax along an axis."""
    top = rows.logits.max(axis=axis, keepdims=True)
    below = rows.logits - top
    log_p = below - np.log(np.exp(below).sum(axis=axis, keepdims=True))
    asked, up = rows.asked, rows.upstream[:, None]
    value = -np.where(asked == 0, 0.0, asked * log_p).sum(axis=1)
    shared = (asked * up).sum(axis=axis, keepdims=True)
    return value, rows.by_logits(np.exp(log_p) * shared - asked * up)
