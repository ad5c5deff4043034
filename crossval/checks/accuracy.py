"""Value and gradients on the regimes: every number graded against certified truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crossval.checks.cancellations import cancellations
from crossval.checks.cases import by_cause, case_at, places_of, plainness
from crossval.checks.diagnosis import Evidence, explain
from crossval.checks.quantities import Quantity, gradient_at, ordinary, value_at
from crossval.checks.statistics import WRONG, by_row, largest, summary, worst
from crossval.checks.verdict import Verdicts
from crossval.findings import CODES, Case, Finding
from crossval.outcome import Outcome
from crossval.session import Session


def value(session: Session, dtype: str) -> Outcome:
    """Judge the value on every regime."""
    evaluation, points = session.measured(dtype), session.points(dtype)
    rows = ordinary(session, dtype, evaluation)
    standard = session.standard(dtype)
    return graded(session, value_at(session, evaluation, points, standard, rows))


def gradient(session: Session, dtype: str, name: str) -> Outcome:
    """Judge the gradient of ``sum(loss * upstream)`` by one input; finite where not unique."""
    evaluation, points = session.measured(dtype), session.points(dtype)
    if name not in evaluation.gradients and evaluation.silent:
        return Outcome(f"grad[{name}]", dtype, text=evaluation.silent, ran=False)
    if name not in evaluation.gradients:
        finding = Finding("RL408", f"grad[{name}]", dtype, f"{name} receives no gradient")
        return Outcome(f"grad[{name}]", dtype, grade="F", findings=(finding,))
    standard = session.standard(dtype)
    rows = ordinary(session, dtype, evaluation)
    quantity = gradient_at(session, evaluation, points, standard, rows, name)
    notes = cancellations(session, quantity, quantity.verdicts())
    return replace(graded(session, quantity), notes=notes)


def graded(session: Session, quantity: Quantity) -> Outcome:
    """Grade, summarise and, where something is wrong, say what."""
    verdicts = quantity.verdicts()
    at = worst(verdicts)
    return Outcome(
        quantity.name,
        quantity.points.dtype,
        worst=None if at is None else case_of(session, quantity, verdicts, at),
        findings=(*not_finite(session, quantity, verdicts), *wrong(session, quantity, verdicts)),
        **summary(verdicts, quantity.truth),
    )


def not_finite(session: Session, quantity: Quantity, verdicts: Verdicts) -> list[Finding]:
    """One finding for each recognised cause of NaN or infinity."""
    bad = (verdicts.grade == WRONG) & ~np.isfinite(quantity.got)
    rows = np.flatnonzero(by_row(bad))
    code = "RL401" if quantity.columns else "RL302"
    findings = []
    for (pattern, cause, fix), group in by_cause(session, quantity, rows).items():
        plainest = min(group.tolist(), key=lambda row: plainness(quantity.points.columns[row]))
        at = tuple(int(i) for i in np.argwhere(_within(bad, np.array([plainest])))[0])
        findings.append(
            Finding(
                code,
                quantity.name,
                quantity.points.dtype,
                f"{_kind(float(quantity.got[at]))} where the definition is finite",
                case=case_of(session, quantity, verdicts, at),
                cause=cause,
                pattern=pattern,
                fix=fix or CODES[code].remedy,
                seen=len(group),
                of=len(bad),
                places=places_of(quantity.points, group),
            )
        )
    return findings


def wrong(session: Session, quantity: Quantity, verdicts: Verdicts) -> list[Finding]:
    """At most one finding for finite results beyond every tolerance, diagnosed if possible."""
    bad = (verdicts.grade == WRONG) & np.isfinite(quantity.got)
    if not bad.any():
        return []
    rows = np.flatnonzero(by_row(bad))
    at = largest(verdicts.ulp, bad)
    case = case_of(session, quantity, verdicts, at)
    diagnosis = explain(session, Evidence.of(quantity, verdicts))
    granted = float(verdicts.tolerance[at])
    off = (
        f"{case.ulp:.3g} ulp; the budget is {quantity.ulps:g} ulp, "
        f"and conditioning and rounding explain an error of {granted:.3g} at most"
    )
    return [
        Finding(
            diagnosis.code,
            quantity.name,
            quantity.points.dtype,
            diagnosis.message or off,
            case=case,
            cause=diagnosis.cause,
            fix=diagnosis.fix or CODES[diagnosis.code].remedy,
            seen=len(rows),
            of=len(bad),
            places=places_of(quantity.points, rows),
        )
    ]


def case_of(session: Session, quantity: Quantity, verdicts: Verdicts, at: tuple[int, ...]) -> Case:
    """Describe the result at index ``at``."""
    return case_at(
        session,
        quantity.points,
        at[0],
        float(quantity.got[at]),
        quantity.truth,
        at,
        float(verdicts.ulp[at]),
        component=quantity.columns[at[1]] if quantity.columns else "",
        came_in=quantity.came_in,
    )


def _within(bad: np.ndarray, rows: np.ndarray) -> np.ndarray:
    mask = np.zeros(len(bad), dtype=bool)
    mask[rows] = True
    return bad & mask.reshape(-1, *[1] * (bad.ndim - 1))


def _kind(value: float) -> str:
    return "NaN" if np.isnan(value) else "infinity"
