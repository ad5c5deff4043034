"""What a wrong result is instead: hypotheses tried in turn, each with evidence from all rows.

A hypothesis predicts every result. It is accepted if it explains the results that failed *and* the
rows on which it can be told from the truth; an accidental match on a few rows is not enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from crossval.catalog import neighbours
from crossval.checks.batch_hypotheses import of_the_batch
from crossval.checks.estimation import estimated
from crossval.checks.evidence import Diagnosis, Evidence
from crossval.checks.hypotheses import Cancellation, Estimate, Prediction, Slip
from crossval.checks.normalisers import over_a_sum
from crossval.checks.quantities import ordinary, value_at
from crossval.checks.relations import (
    clipped,
    narrow_errors,
    offset,
    on_narrow_grid,
    scaled,
    swapped,
    transformed,
    upstream,
    zero,
)
from crossval.checks.statistics import WRONG
from crossval.oracles.texts import Definition
from crossval.reduced import definition
from crossval.session import Session
from crossval.target import UsageError

__all__ = ["Diagnosis", "Evidence", "explain"]


_ROUNDINGS = 8.0


def explain(session: Session, evidence: Evidence) -> Diagnosis:
    """Return the first hypothesis that the evidence supports, else the generic code."""
    for hypothesis in _HYPOTHESES:
        found = hypothesis(session, evidence)
        if found is not None:
            return found
    return Diagnosis(evidence.generic)


def _variant(session: Session, evidence: Evidence) -> Diagnosis | None:
    target = session.target
    from crossval.families import family_of  # which takes its patterns from this package

    declared = target.declared
    for label, loss, preset, axes in neighbours(target.loss, target.preset, target.axes):
        spec = _resolved(session, loss, preset, axes)
        if spec is None or family_of(loss, spec.program).name != session.family.name:
            continue
        if dict(spec.constants) == dict(session.spec.constants) and (
            spec.program == session.spec.program
        ):
            continue
        if not evidence.supports(_predicted(session, evidence, spec)):
            continue
        if evidence.is_value or not _value_is_right(session, evidence.points.dtype):
            words = f"you said {declared}, this behaves like {label}"
            return Diagnosis("RL801", words, fix=f"declare {label}, or change the implementation")
        words = f"the value matches {declared}, the gradient matches {label}"
        return Diagnosis("RL804", words, fix=f"declare {label}, or remove (or add) a detach")
    return None


def _resolved(
    session: Session, loss: str, preset: str | None, axes: Mapping[str, Any]
) -> Definition | None:
    """Return a definition; None for axis values that do not go together.

    None too for a function of the batch where rows are judged: of them it says no more than the
    loss that it is a function of.
    """
    try:
        target = replace(session.target, loss=loss, preset=preset, axes=axes)
        spec: Any = definition(session, target)
    except UsageError:
        return None
    return spec if spec.batch is None or session.spec.batch is not None else None


def _slip(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find a slip that the family's losses are known for."""
    part = _part(session, evidence)
    for slip in _slips(session, evidence):
        if not isinstance(slip, Prediction):
            continue
        predicted = slip.value[:, None] if evidence.is_value else slip.gradient[:, part]
        if evidence.supports(predicted, room=_room(slip, evidence, part)):
            return _of(slip, evidence)
    return None


def _room(slip: Prediction, evidence: Evidence, part: slice) -> np.ndarray | float:
    """Return how far rounding may move a slip's results."""
    if slip.moves is None:
        return 0.0
    value, gradient = slip.moves
    moves = value[:, None] if evidence.is_value else gradient[:, part]
    return _ROUNDINGS * evidence.number.roundoff * moves


def _estimate(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find a slip with a number in it, which the results tell."""
    for slip in _slips(session, evidence):
        if not isinstance(slip, Estimate):
            continue
        found = estimated(evidence, slip, _part(session, evidence))
        if found is not None:
            return _of(found, evidence)
    return None


def _cancellation(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find a formulation whose roundings are as large as the errors."""
    part = _part(session, evidence)
    for slip in _slips(session, evidence):
        if not isinstance(slip, Cancellation):
            continue
        room = [_ROUNDINGS * evidence.number.roundoff * moves for moves in slip.moves]
        nothing = np.abs(slip.value) <= room[0]
        lost = np.where(nothing[:, None], np.abs(evidence.truth), 0.0)
        if evidence.rounds(room[0][:, None] if evidence.is_value else room[1][:, part] + lost):
            return Diagnosis(evidence.generic, cause=slip.words, fix=slip.fix)
    return None


def _slips(session: Session, evidence: Evidence) -> Iterator[Slip]:
    family, points = session.family, evidence.points
    return family.slips(family.oracle, session.spec, points.columns, points.upstream)


def _part(session: Session, evidence: Evidence) -> slice:
    return slice(None) if evidence.is_value else session.family.inputs[evidence.input]


def _of(slip: Prediction, evidence: Evidence) -> Diagnosis:
    if slip.code:
        return Diagnosis(slip.code, slip.words, fix=slip.fix)
    return Diagnosis(evidence.generic, cause=slip.words, fix=slip.fix)


_HYPOTHESES: tuple[Callable[[Session, Evidence], Diagnosis | None], ...] = (
    _slip,
    _cancellation,
    zero,
    clipped,
    on_narrow_grid,
    scaled,
    upstream,
    swapped,
    _variant,
    over_a_sum,
    of_the_batch,
    transformed,
    offset,
    _estimate,
    narrow_errors,
)


def _predicted(session: Session, evidence: Evidence, spec: Definition) -> np.ndarray:
    points = evidence.points
    value, gradient = session.family.oracle.kernel(spec, points.columns, points.upstream)
    if evidence.is_value:
        return value[:, None]
    return gradient[:, session.family.inputs[evidence.input]]


def _value_is_right(session: Session, dtype: str) -> bool:
    evaluation, points = session.measured(dtype), session.points(dtype)
    rows = ordinary(session, dtype, evaluation)
    quantity = value_at(session, evaluation, points, session.standard(dtype), rows)
    return bool((quantity.verdicts().grade != WRONG).all())
