"""The same target under something else: other rows, an argument, class weights, another axis value.

What a variation measures is judged like the pinned points, against the truth of that variation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from crossval.checks.accuracy import graded
from crossval.checks.quantities import answered, quantities
from crossval.checks.verdict import GRADES
from crossval.findings import CODES, Finding
from crossval.oracles.elementwise import Oracle
from crossval.outcome import Outcome
from crossval.points.boxes import PointSet
from crossval.reduced import definition
from crossval.session import Session

if TYPE_CHECKING:
    from crossval.families import Family

_ROWS = 16


def sample(session: Session, dtype: str) -> PointSet:
    """Take a few rows of each ordinary regime for which the target answered."""
    points, usable = session.points(dtype), answered(session, dtype, session.measured(dtype))
    regimes = session.family.regimes
    rows = [np.flatnonzero(usable & (points.places == name))[:_ROWS] for name in regimes]
    return points.take(np.concatenate(rows))


def varied(
    session: Session,
    points: PointSet,
    *,
    axes: Mapping[str, Any] | None = None,
    oracle: Oracle | None = None,
    family: Family | None = None,
) -> Session:
    """Return a session that knows these points only, under another definition.

    Parameters
    ----------
    session : Session
        Of the target as declared.
    points : PointSet
        Rows.
    axes : mapping, optional
        Axis values in place of the declared ones.
    oracle : Oracle, optional
        That knows what an argument does.
    family : Family, optional
        Whose rows these are, if they have another shape.
    """
    family = family or session.family
    target = replace(session.target, axes={**session.target.axes, **(axes or {})})
    spec = definition(session, target)
    oracle = oracle or family.oracle
    family = replace(family, points=lambda dtype, level: points, oracle=oracle)
    return replace(session, target=target, spec=spec, family=family)


def under(
    session: Session,
    points: PointSet,
    arguments: Mapping[str, Any] | None = None,
    *,
    given: PointSet | None = None,
    **rest: Any,
) -> Session:
    """Measure a variation, see :func:`varied`; return the session of it.

    Parameters
    ----------
    session, points, **rest
        As for :func:`varied`.
    arguments : mapping, optional
        Added to the ordinary ones.
    given : PointSet, optional
        Rows that the target gets in the place of `points`.

    Raises
    ------
    TargetRaised, TargetDied
        If no result came.
    """
    other = varied(session, points, **rest)
    evaluation = other.evaluate(given or points, arguments=dict(arguments or {}))
    return other.holding(points.dtype, evaluation)


def judged(other: Session, dtype: str, check: str, usable: np.ndarray | None = None) -> Outcome:
    """Grade value and gradients of a variation; the worst of them speaks for all.

    Parameters
    ----------
    other : Session
        As :func:`under` returns it.
    dtype : str
        Format.
    check : str
        Name of the outcome.
    usable : (n,) bool array, optional
        Rows to judge; all by default.
    """
    points = other.points(dtype)
    rows = np.arange(len(points)) if usable is None else np.flatnonzero(usable)
    found = quantities(other, other.measured(dtype), points, other.standard(dtype), rows)
    return together(check, [("", _nameless(graded(other, quantity))) for quantity in found])


def together(check: str, outcomes: Iterable[tuple[str, Outcome]]) -> Outcome:
    """Return the worst of labelled outcomes as that of a check.

    Findings of one kind become the first of them, which names the labels of all; where one of them
    has no label, or they have all labels that there are, none is named.
    """
    labelled = list(outcomes)
    decisive = max((o for _, o in labelled), key=lambda o: ("", "H", *GRADES, "ok").index(o.grade))
    kinds: dict[tuple[str, str, str], list[tuple[str, Finding]]] = {}
    for label, outcome in labelled:
        for each in outcome.findings:
            key = each.code, each.pattern, each.cause
            kinds.setdefault(key, []).append((label, each))
    findings = []
    for alike in kinds.values():
        labels = list(dict.fromkeys(label for label, _ in alike))
        first = replace(alike[0][1], check=check)
        everywhere = "" in labels or set(labels) == {label for label, _ in labelled}
        said = "" if everywhere else f"{', '.join(labels)}: "
        findings.append(replace(first, message=f"{said}{first.message}"))
    count = sum(outcome.n for _, outcome in labelled)
    return replace(decisive, check=check, findings=tuple(findings), n=count)


def finding(code: str, check: str, dtype: str, words: str, **rest: Any) -> Finding:
    """Return a finding with the ordinary remedy of its code."""
    return Finding(code, check, dtype, words, **{"fix": CODES[code].remedy, **rest})


def _nameless(outcome: Outcome) -> Outcome:
    """Return an outcome whose rows have no id: they are none of the pinned set."""
    findings = tuple(
        replace(found, case=None if found.case is None else replace(found.case, id=""))
        for found in outcome.findings
    )
    worst = None if outcome.worst is None else replace(outcome.worst, id="")
    return replace(outcome, findings=findings, worst=worst)
