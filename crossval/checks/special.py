"""The named points: every result must be finite, and what the definition states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crossval.checks.accuracy import graded
from crossval.checks.quantities import Quantity, answered, gradient_at, value_at
from crossval.checks.statistics import WRONG, by_row
from crossval.findings import CODES, Finding
from crossval.outcome import Outcome
from crossval.session import Session


def special_points(session: Session, dtype: str) -> Outcome:
    """Judge value and gradients at named points; where not unique, a gradient must be finite."""
    evaluation, points = session.measured(dtype), session.points(dtype)
    standard = session.standard(dtype)
    rows = answered(session, dtype, evaluation) & points.special
    quantities = [value_at(session, evaluation, points, standard, rows)]
    quantities += [
        gradient_at(session, evaluation, points, standard, rows, name)
        for name in session.wrt
        if name in evaluation.gradients
    ]
    outcomes = [graded(session, quantity) for quantity in quantities]
    failed = np.any([_failed(quantity) for quantity in quantities], axis=0)
    undefined = set(points.places[rows][standard.kind[rows] == "undefined"].tolist())
    findings = [_at_degenerate(f, undefined) for outcome in outcomes for f in outcome.findings]
    decisive = max(outcomes, key=lambda outcome: "ABCF".find(outcome.grade))
    return replace(
        decisive,
        check="special points",
        findings=tuple(findings),
        n=int(rows.sum()),
        vacuity={},
        explained=None,
        text=f"{int((~failed).sum())}/{len(failed)}",
    )


def _failed(quantity: Quantity) -> np.ndarray:
    wrong = quantity.verdicts().grade == WRONG
    return by_row(wrong)


def _at_degenerate(finding: Finding, undefined: set[str]) -> Finding:
    """Say RL501 for a finite value that differs where the formula itself is 0/0."""
    if finding.code != "RL301" or not set(finding.places) <= undefined:
        return replace(finding, check="special points")
    fix = CODES["RL501"].remedy
    return replace(finding, check="special points", code="RL501", fix=fix, cause="")
