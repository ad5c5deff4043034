"""Digits lost in a difference: what a gradient shows of it, where its grade alone does not say."""

from __future__ import annotations

import numpy as np

from crossval.checks.quantities import Quantity
from crossval.checks.verdict import Verdicts
from crossval.oracles.formats import format_of
from crossval.session import Session

__all__ = ["cancellations"]

_PLAIN = {"label_smoothing": 0.0, "temperature": 1.0, "z_loss": 0.0}
"""Of cross-entropy whose gradient by the target's logit is p_y - 1."""
_NEAR = -2 / 3
"""1 is near within this power of the roundoff, in roundoffs: a third of the digits is lost."""
_ROUNDINGS, _ROWS, _MOST = 8, 3, 0.9


def cancellations(session: Session, quantity: Quantity, verdicts: Verdicts) -> tuple[str, ...]:
    """Say where a gradient by the target's logit is the rounded p_y, less 1.

    It says so if, of the rows in which that component misses grade A and p_y nears 1, most are a
    whole number of steps from 1, times upstream, to the bit.
    """
    name = quantity.name.removeprefix("grad[").removesuffix("]")
    constants = session.spec.constants
    plain = all(constants.get(key) == amount for key, amount in _PLAIN.items())
    if session.target.loss != "cross_entropy" or not session.family.labels or not plain:
        return ()
    if name != "logits":
        return ()
    rows, labels = _rows(session, quantity)
    got, truth = quantity.got[rows, labels], quantity.truth.hi[rows, labels]
    missed, ulp = verdicts.grade[rows, labels] > 0, verdicts.ulp[rows, labels]
    steps, exact = _steps(quantity, got)
    roundoff = format_of(quantity.points.dtype).roundoff
    with np.errstate(all="ignore"):
        known = truth / quantity.points.upstream / roundoff
    near = missed & (np.abs(known) <= roundoff**_NEAR)
    hit = near & exact & (np.abs(steps - known) <= _ROUNDINGS)
    if (hit & (steps != 0)).sum() < _ROWS or hit.sum() < _MOST * near.sum():
        return ()
    return (
        "the gradient by the target's logit is the rounded p_y, less 1: digits cancel as p_y nears "
        "1; minus the sum of the other probabilities keeps them "
        f"({int(hit.sum())} rows, {float(ulp[hit].max()):.3g} ulp at most)",
    )


def _rows(session: Session, quantity: Quantity) -> tuple[np.ndarray, np.ndarray]:
    """Return all rows with the class that each asks for."""
    (part,) = (session.family.inputs[name] for name in session.family.labels)
    labels = quantity.points.columns[:, part][:, 0].astype(np.int64)
    return np.arange(len(labels)), labels


def _steps(quantity: Quantity, got: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many roundoffs from 0 results are, and whether that is so to the bit."""
    number, upstream = format_of(quantity.points.dtype), quantity.points.upstream
    with np.errstate(all="ignore"):
        steps = np.rint(got / upstream / number.roundoff)
        return steps, number.round(steps * number.roundoff * upstream) == got
