"""The named points: every result must be finite, and what the definition states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crossval.checks.accuracy import graded
from crossval.checks.quantities import answered, quantities
from crossval.checks.statistics import WRONG, by_row
from crossval.checks.verdict import GRADES, vacuity
from crossval.findings import CODES, Finding
from crossval.outcome import Outcome
from crossval.session import Session


def special_points(session: Session, dtype: str) -> Outcome:
    """Judge value and gradients at named points; where not unique, a gradient must be finite."""
    evaluation, points = session.measured(dtype), session.points(dtype)
    standard = session.standard(dtype)
    rows = answered(session, dtype, evaluation) & points.special
    judged = quantities(session, evaluation, points, standard, rows)
    outcomes = [graded(session, quantity) for quantity in judged]
    verdicts = [quantity.verdicts() for quantity in judged]
    failed = np.any([by_row(v.grade == WRONG) for v in verdicts], axis=0)
    undefined = set(points.places[rows][standard.kind[rows] == "undefined"].tolist())
    findings = [_at_degenerate(f, undefined) for outcome in outcomes for f in outcome.findings]
    decisive = max(outcomes, key=lambda outcome: ("", *GRADES).index(outcome.grade))
    telling = np.concatenate([quantity.truth.hi.ravel() for quantity in judged])
    granted = np.concatenate([v.tolerance.ravel() for v in verdicts])
    return replace(
        decisive,
        check="special points",
        findings=tuple(findings),
        n=int(rows.sum()),
        conclusive=sum(outcome.conclusive for outcome in outcomes),
        vacuity=vacuity(telling, granted),
        explained=None,
        text=f"{int((~failed).sum())}/{len(failed)}",
    )


def _at_degenerate(finding: Finding, undefined: set[str]) -> Finding:
    """Say RL501 for a finite value that differs where the formula itself is 0/0."""
    if finding.code != "RL301" or not set(finding.places) <= undefined:
        return replace(finding, check="special points")
    fix = CODES["RL501"].remedy
    return replace(finding, check="special points", code="RL501", fix=fix, cause="")
