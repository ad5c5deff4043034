"""Means that are functions of sums over the batch: judged against a certified enclosure.

A target that divides by the sum of its modulators, or takes the focal loss of a mean, is compared
with the function of the certified sums; one that follows another such convention is told which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crossval.catalog import losses, spec_of
from crossval.checks.variations import finding
from crossval.findings import Finding
from crossval.oracles.formats import format_of
from crossval.oracles.sums import Enclosed, enclosed, parts, terms
from crossval.reduced import counts
from crossval.reference import standard
from crossval.session import Evaluation, Session
from crossval.target import UsageError
from refloss.losses.reductions import DENOMINATORS, REDUCTIONS

if TYPE_CHECKING:
    from crossval.oracles.elementwise import Oracle
    from crossval.points.boxes import PointSet

__all__ = ["Whole", "conventions", "divides_by_nothing", "expected", "followed", "judged"]

_CHECK = "reduction"


@dataclass(frozen=True)
class Whole:
    """A batch that a target got, and what came.

    Attributes
    ----------
    words : str
        What it is.
    points : PointSet
        Its rows, those that are ignored too.
    kept : (n,) bool array
        Which are not ignored.
    oracle : Oracle
        That knows their weights.
    weights : array, optional
        Class weights.
    found : Evaluation
        What came.
    upstream : float
        Gradient by the result.
    """

    words: str
    points: PointSet
    kept: np.ndarray
    oracle: Oracle
    weights: np.ndarray | None
    found: Evaluation
    upstream: float


def judged(session: Session, batches: list[Whole], dtype: str) -> list[Finding]:
    """Return what is wrong with the value of batches, or else with their gradients."""
    spec = spec_of(session.target.loss, session.target.preset, session.target.axes)
    known = [expected(session, spec, batch, dtype) for batch in batches]
    for batch, truth in zip(batches, known, strict=True):
        if not _near(batch, truth):
            got = float(batch.found.value.reshape(-1)[0])
            words = f"reduction='mean' of {batch.words}: got {got:.9g}, expected {truth.value:.9g}"
            other = followed(session, batches, dtype)
            words += f"; this is {other}" if other else ""
            return [finding("RL807", _CHECK, dtype, words)]
    for batch, truth in zip(batches, known, strict=True):
        if not _follows(session, batch, truth):
            words = f"gradient of reduction='mean' of {batch.words} is not that of its value"
            return [finding("RL402", _CHECK, dtype, words)]
    return []


def followed(session: Session, batches: list[Whole], dtype: str) -> str:
    """Return the convention of whole batches that every value agrees with; empty if none."""
    for words, spec in conventions(session) if batches else ():
        if all(_near(batch, expected(session, spec, batch, dtype)) for batch in batches):
            return words
    return ""


def divides_by_nothing(session: Session) -> bool:
    """Whether a batch of no rows is divided by a sum, or a count, that is 0."""
    batch = session.spec.batch
    if batch is None or batch.averaged:
        return False
    return batch.counted or batch.constants["least"] == 0.0 or bool(batch.over)


def conventions(session: Session) -> Iterator[tuple[str, Any]]:
    """Yield the conventions of whole batches that are not declared, in words and as definitions."""
    target = session.target
    for axis, about in losses()[target.loss]["axes"].items():
        for value, said in about["values"].items():
            if "batch" not in said or target.axes.get(axis) == value:
                continue
            try:
                spec = spec_of(target.loss, target.preset, {**target.axes, axis: value})
            except UsageError:
                continue
            yield f"{axis}={value}", spec


def expected(session: Session, spec: Any, batch: Whole, dtype: str) -> Enclosed:
    """Return what a definition that is a function of sums says of a batch."""
    rows = batch.points.take(np.flatnonzero(batch.kept))
    family = session.family
    counted = counts(family, family.split(batch.points.columns), batch.kept, batch.weights)
    truths = [standard(part, rows, batch.oracle) for part in parts(spec)]
    asked = spec.batch
    part = family.inputs[asked.split] if asked.split else None
    truths = terms(asked, truths, None if part is None else rows.columns[:, part][:, 0] == 1)
    below = REDUCTIONS["mean"].divisor(counted, spec.axes["denominator"]) if asked.averaged else 1.0
    over = DENOMINATORS[asked.over](counted) if asked.over else 1.0
    return enclosed(asked, truths, format_of(dtype), batch.upstream, below=below, over=over)


def _near(batch: Whole, truth: Enclosed) -> bool:
    """Whether a value is what a definition says, as far as rounding lets one see."""
    return abs(float(batch.found.value.reshape(-1)[0]) - truth.value) <= truth.room


def _follows(session: Session, batch: Whole, truth: Enclosed) -> bool:
    """Whether the gradients are what a definition says; 0 in rows that are ignored."""
    gradients: Mapping[str, np.ndarray] = batch.found.gradients
    for name in (name for name in session.wrt if name in gradients):
        part, got = session.family.inputs[name], gradients[name]
        off = np.abs(got[batch.kept] - truth.gradient[:, part])
        if not (off <= truth.rooms[:, part]).all() or (got[~batch.kept] != 0).any():
            return False
    return True
