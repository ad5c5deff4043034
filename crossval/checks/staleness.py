"""Results that stay although an input changed: what a cache leaves, named by what it ignores.

One input at a time gets the rows of the sample in reverse order, the others stay. A result that
should move by the definition, has the bits of the call before, and is nearer to what was right
then, is stale. One that does not depend on the input at all is wrong, but was never near.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crossval.points.boxes import PointSet
from crossval.reduced import counts, divisor
from crossval.session import Evaluation, Session

__all__ = ["Stale", "asked", "stale_in", "turned"]

_MOVED = 2.0**-6  # a change that no rounding of any format makes
_NEARER = 0.75
_UPSTREAM = 0.75


@dataclass(frozen=True)
class Stale:
    """What stayed.

    Attributes
    ----------
    inputs : tuple of str
        Inputs that were changed, one at a time, without effect.
    results : tuple of str
        Results that did not follow: ``value``, ``grad.<input>``.
    """

    inputs: tuple[str, ...]
    results: tuple[str, ...]

    def words(self, session: Session) -> str:
        """Say it in a sentence."""
        whole = set(self.inputs) == set(session.family.inputs)
        changed = "other inputs" if whole else f"other {' and '.join(self.inputs)}"
        ignored = "" if whole else f": {' and '.join(self.inputs)} is no part of what it is kept by"
        return f"{changed}, same bits as the call before: {', '.join(self.results)}{ignored}"


def asked(session: Session, points: PointSet) -> Evaluation:
    """Call the target once with all rows, also one that returns one number."""
    if not _together(session):
        return session.evaluate(points)
    inputs = session.family.split(points.columns)
    return session.call(points.dtype, inputs, np.full(session.form.shape, _UPSTREAM))


def _together(session: Session) -> bool:
    """Whether one number is what comes of all rows."""
    return session.form.reduced and not session.family.wholes


def turned(session: Session, points: PointSet, name: str) -> PointSet:
    """Return rows in which one input comes in reverse order."""
    columns = points.columns.copy()
    part = session.family.inputs[name]
    columns[:, part] = columns[::-1, part]
    return replace(points, columns=columns)


def stale_in(session: Session, points: PointSet, before: Evaluation) -> Stale | None:
    """Change one input after another; return what did not follow.

    Parameters
    ----------
    session : Session
        Of the target.
    points : PointSet
        Rows of the call before.
    before : Evaluation
        What it gave.
    """
    inputs, results = [], {}
    for name in session.family.inputs:
        other = turned(session, points, name)
        after = asked(session, other)
        stayed = _stayed(session, (points, before), (other, after))
        if stayed:
            inputs.append(name)
            results |= dict.fromkeys(stayed)
    return Stale(tuple(inputs), tuple(results)) if inputs else None


def _stayed(
    session: Session, one: tuple[PointSet, Evaluation], other: tuple[PointSet, Evaluation]
) -> list[str]:
    """Names of the results of the second call that are those of the first, and must not be."""
    (points, before), (there, after) = one, other
    first, second = _expected(session, points), _expected(session, there)
    found = []
    for name, words in before.words.items():
        got = before.value if name == "value" else before.gradients[name.removeprefix("grad.")]
        again = after.words.get(name)
        if again is None or again.shape != words.shape or np.shape(first[name]) != got.shape:
            continue
        then, now = np.atleast_1d(first[name]), np.atleast_1d(second[name])
        got = np.atleast_1d(got)
        same = (again == words).reshape(got.shape)
        with np.errstate(all="ignore"):
            moved = np.abs(then - now) > _MOVED * np.maximum(np.abs(then), np.abs(now))
            nearer = np.abs(got - then) < np.abs(got - now)
        if moved.any() and same[moved].all() and nearer[moved].mean() >= _NEARER:
            found.append(name)
    return found


def _expected(session: Session, points: PointSet) -> dict[str, np.ndarray]:
    """Return about what the definition says, by name of the result."""
    family, upstream, below = session.family, points.upstream, 1.0
    if _together(session):
        kept = np.ones(len(points), bool)
        counted = counts(family, family.split(points.columns), kept)
        below = divisor(session, session.form.reduction, counted)
        upstream = np.full(len(points), _UPSTREAM / below)
    value, slopes = family.oracle.kernel(session.spec, points.columns, upstream)
    if _together(session):
        value = np.full(session.form.shape, value.sum() / below)
    parts = {f"grad.{name}": slopes[:, part] for name, part in family.inputs.items()}
    return {"value": value, **parts}
