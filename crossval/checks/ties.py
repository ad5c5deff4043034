"""Gradients at kinks, as where edges coincide or boxes touch: membership in the subdifferential.

At a tie the truth is the convex hull of one gradient per resolution of the tied comparisons. A
candidate is inside if some convex combination meets it in every component within tolerance; which
one it is near tells the convention that the code follows.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from crossval.checks.cases import case_at, places_of
from crossval.checks.quantities import answered, gradient_at, ordinary
from crossval.checks.statistics import WRONG
from crossval.checks.verdict import GRADES, GRADIENT_ULPS, Reference, tolerances
from crossval.findings import CODES, Finding
from crossval.oracles.formats import format_of
from crossval.oracles.metric import membership
from crossval.outcome import Outcome
from crossval.reference import Standard
from crossval.session import Session

__all__ = ["ties"]


def ties(session: Session, dtype: str) -> Outcome:
    """Judge all gradients jointly at every row where comparisons tie."""
    evaluation, standard = session.measured(dtype), session.standard(dtype)
    names = [name for name in session.wrt if name in evaluation.gradients]
    if not names:
        return Outcome("ties", dtype, text="no gradient to judge", ran=False)
    parts = np.concatenate(
        [np.arange(len(session.family.columns))[session.family.inputs[name]] for name in names]
    )
    got = np.concatenate([evaluation.gradients[name] for name in names], axis=1)
    usable = answered(session, dtype, evaluation) & (standard.kind == "tie")
    usable &= np.isfinite(got).all(axis=1)  # what is not finite is reported where it belongs
    rows = np.flatnonzero(usable)
    if not len(rows) and session.family.wholes:
        return Outcome("ties", dtype, text="no point is at a kink, exactly", ran=False)
    graded = {row: _graded(got[row], standard, row, parts, dtype) for row in rows.tolist()}
    outside = np.array([row for row, (grade, _) in graded.items() if grade == WRONG], int)
    conventions = _conventions(session, dtype, got, parts, graded)
    telling = [
        row
        for row, (grade, tolerance) in graded.items()
        if grade == WRONG or _rejects_zero(standard.vertices[row][:, parts], tolerance)
    ]
    return Outcome(
        "ties",
        dtype,
        grade=GRADES[max(graded[row][0] for row in telling)] if telling else "",
        n=len(rows),
        conclusive=len(telling),
        vacuity={"zero": 1 - len(telling) / len(rows)} if len(rows) else {},
        findings=_findings(session, dtype, got, parts, outside, len(rows)),
        text=f"{len(rows) - len(outside)}/{len(rows)} inside",
        notes=conventions,
    )


def _graded(
    got: np.ndarray, standard: Standard, row: int, parts: np.ndarray, dtype: str
) -> tuple[int, np.ndarray]:
    """Grade and granted tolerance of one row."""
    vertices = standard.vertices[row][:, parts]
    truth = standard.gradient.take((row, parts))
    largest = np.abs(vertices).max(axis=0)
    widest = Reference(
        largest, np.zeros_like(largest), np.zeros_like(largest), truth.condition, truth.bound
    )
    tolerance = np.zeros_like(largest)
    for grade, tolerance in enumerate(tolerances(widest, format_of(dtype), GRADIENT_ULPS)):
        if membership(got, vertices, tolerance).inside:
            return grade, tolerance
    return WRONG, tolerance


def _rejects_zero(vertices: np.ndarray, tolerance: np.ndarray) -> bool:
    """Whether a gradient of 0 would be told from the members of the hull."""
    return not membership(np.zeros(vertices.shape[1]), vertices, tolerance).inside


def _findings(
    session: Session,
    dtype: str,
    got: np.ndarray,
    parts: np.ndarray,
    outside: np.ndarray,
    looked_at: int,
) -> tuple[Finding, ...]:
    if not len(outside):
        return ()
    points, row = session.points(dtype), int(outside[0])
    vertices = session.standard(dtype).vertices[row][:, parts]
    gap = np.maximum(vertices.min(axis=0) - got[row], got[row] - vertices.max(axis=0))
    at = int(np.argmax(gap))
    name = session.family.columns[parts[at]]
    case = case_at(session, points, row, float(got[row, at]), None, (), np.inf, component=name)
    low, high = vertices[:, at].min(), vertices[:, at].max()
    return (
        Finding(
            "RL405",
            "ties",
            dtype,
            f"one-sided derivatives by {name} lie in [{low:.9g}, {high:.9g}]",
            case=case,
            cause=_cause(session, dtype),
            fix=CODES["RL405"].remedy,
            seen=len(outside),
            of=looked_at,
            places=places_of(points, outside),
        ),
    )


def _cause(session: Session, dtype: str) -> str:
    """Tell a gradient that is off everywhere from a wrong resolution of the tie."""
    evaluation, points = session.measured(dtype), session.points(dtype)
    standard = session.standard(dtype)
    rows = ordinary(session, dtype, evaluation) & (standard.kind == "regular")
    off = [
        name
        for name in evaluation.gradients
        if WRONG in gradient_at(session, evaluation, points, standard, rows, name).verdicts().grade
    ]
    if off:
        return f"the gradient by {' and '.join(off)} is off away from ties too: mend that first"
    return "max and min of one tied pair are resolved inconsistently, or a term is lost"


def _conventions(
    session: Session,
    dtype: str,
    got: np.ndarray,
    parts: np.ndarray,
    graded: dict[int, tuple[int, np.ndarray]],
) -> tuple[str, ...]:
    """Name, for each class of tie, how the target resolves it."""
    kinds = session.family.ties
    points, standard = session.points(dtype), session.standard(dtype)
    _, ours = session.family.oracle.kernel(session.spec, points.columns, points.upstream)
    seen: dict[str, Counter[str]] = {}
    for row, (grade, tolerance) in graded.items():
        kind = kinds.of(points.columns[row])
        if grade == WRONG or not kind:
            continue
        vertices = standard.vertices[row][:, parts]
        near = _distances(got[row], ours[row, parts], vertices, tolerance)
        name = min(near, key=near.__getitem__)
        # the choices are rounded themselves, hence twice the tolerance
        words = kinds.names[kind][name] if near[name] <= 2 else "a mixture"
        seen.setdefault(kind, Counter())[words] += 1
    return tuple(f"{kind}: {_counted(names)}" for kind, names in sorted(seen.items()))


def _distances(
    got: np.ndarray, ours: np.ndarray, vertices: np.ndarray, tolerance: np.ndarray
) -> dict[str, float]:
    """Distance to refloss's choice, to the mean, and to the vertices that are not refloss's."""
    unit = np.maximum(tolerance, np.finfo(float).tiny)
    others = (np.abs(vertices - ours) / unit).max(axis=1) > 4
    choices = {"ours": ours[None], "mean": vertices.mean(axis=0)[None], "one": vertices[others]}
    return {
        name: float((np.abs(got - rows) / unit).max(axis=1).min(initial=np.inf))
        for name, rows in choices.items()
    }


def _counted(names: Counter[str]) -> str:
    total = sum(names.values())
    if len(names) == 1:
        return f"{next(iter(names))} ({total} rows)"
    return ", ".join(f"{name} ({count} of {total})" for name, count in names.most_common())
