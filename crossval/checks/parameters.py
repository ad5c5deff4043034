"""Arguments of the target: a changed argument must change the result as the definition says.

A changed ``eps`` changes constants of the definition. If the target leaves the definition, the
constants that it did take up are found by trying every subset; if it stays, constants of the same
kind that the argument cannot reach are named.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np

from crossval.checks.accuracy import case_of
from crossval.checks.cases import under
from crossval.checks.diagnosis import Evidence, explain
from crossval.checks.quantities import Quantity, answered, quantities
from crossval.checks.statistics import WRONG, by_row, largest
from crossval.checks.variations import varied
from crossval.findings import CODES, Finding
from crossval.outcome import Outcome
from crossval.points.boxes import PointSet
from crossval.reduced import definition
from crossval.reference import standard
from crossval.session import Evaluation, Session

CHANGED = 2.0**-6
_ROWS = 24
_NEAR = 1e-4  # only decides what is looked at, never a verdict


def parameter_effect(session: Session, dtype: str, axis: str) -> Outcome:
    """Judge the target with ``axis`` set to another value, if it takes that argument."""
    target, check = session.target, f"parameter {axis}"
    if axis not in session.accepted:
        return Outcome(check, dtype, text=f"takes no argument {axis}", ran=False)
    changed = definition(session, replace(target, axes={**target.axes, axis: CHANGED}))
    points = _points(session, dtype)
    before = session.evaluate(points)
    evaluation = session.evaluate(points, arguments={axis: CHANGED})
    moved = _differing(session.spec.constants, changed.constants)
    same = all(np.array_equal(words, before.words[k]) for k, words in evaluation.words.items())
    wrong = _first_wrong(session, changed, points, evaluation)
    stuck = _stuck(axis, changed.constants, moved)
    if wrong is None and not stuck:
        return Outcome(check, dtype, grade="ok", n=len(points))
    if wrong is None:
        finding = _unreached(check, dtype, axis, moved, stuck)
    elif same:
        finding = _unreached(check, dtype, axis, [], moved)
    elif _first_wrong(session, session.spec, points, before) is not None:
        words = "not judged: the target leaves the definition before anything is changed"
        return Outcome(check, dtype, text=words, ran=False)
    else:
        taken = _taken_up(session, points, evaluation, changed, moved)
        missed = [name for name in moved if name not in taken]
        finding = (
            _unreached(check, dtype, axis, list(taken), missed)
            if taken
            else _otherwise(session, check, dtype, axis, wrong, evaluation)
        )
    return Outcome(check, dtype, grade="F", n=len(points), findings=(finding,))


def _points(session: Session, dtype: str) -> PointSet:
    """Choose rows of the regimes on which a denominator's eps shows."""
    points, usable = session.points(dtype), answered(session, dtype, session.measured(dtype))
    rows = [
        np.flatnonzero(usable & (points.places == name))[:_ROWS] for name in session.family.regimes
    ]
    return points.take(np.concatenate(rows))


def _first_wrong(
    session: Session, spec: Any, points: PointSet, evaluation: Evaluation
) -> Quantity | None:
    """Return the first quantity with a finite result beyond tolerance under ``spec``."""
    truth, rows = standard(spec, points, session.family.oracle), np.arange(len(points))
    for quantity in quantities(session, evaluation, points, truth, rows):
        failed = (quantity.verdicts().grade == WRONG) & np.isfinite(quantity.got)
        if failed.any():
            return quantity
    return None


def _taken_up(
    session: Session, points: PointSet, evaluation: Evaluation, changed: Any, moved: list[str]
) -> tuple[str, ...]:
    """Find the largest proper subset of ``moved`` that reproduces the results, if any."""
    for size in range(len(moved) - 1, 0, -1):
        for subset in combinations(moved, size):
            constants = {**session.spec.constants, **{n: changed.constants[n] for n in subset}}
            spec = SimpleNamespace(program=changed.program, constants=constants)
            if _resembles(session, spec, points, evaluation) and (
                _first_wrong(session, spec, points, evaluation) is None
            ):
                return subset
    return ()


def _resembles(session: Session, spec: Any, points: PointSet, evaluation: Evaluation) -> bool:
    """Whether a definition is worth its certified truth: the float64 kernel comes near."""
    value, _ = session.family.oracle.kernel(spec, points.columns, points.upstream)
    close = np.abs(evaluation.value - value) <= _NEAR * np.abs(value)
    return bool(np.mean(close) > 0.5)


def _differing(before: dict[str, float], after: dict[str, float]) -> list[str]:
    return sorted(name for name in after if after[name] != before.get(name))


def _stuck(axis: str, constants: dict[str, float], moved: list[str]) -> list[str]:
    """Constants of the axis's kind that are in use but do not follow it."""
    kind = axis.partition("_")[0]
    return sorted(
        name
        for name, value in constants.items()
        if name.startswith(kind) and value != 0 and name not in moved
    )


def _unreached(check: str, dtype: str, axis: str, reached: list[str], missed: list[str]) -> Finding:
    kept = f"{axis}={CHANGED:g} does not reach {', '.join(missed)}"
    reaches = f"; it reaches {', '.join(reached)} only" if reached else ": results keep their bits"
    return Finding("RL805", check, dtype, kept + reaches, fix=CODES["RL805"].remedy)


def _otherwise(
    session: Session,
    check: str,
    dtype: str,
    axis: str,
    quantity: Quantity,
    evaluation: Evaluation,
) -> Finding:
    verdicts = quantity.verdicts()
    bad = (verdicts.grade == WRONG) & np.isfinite(quantity.got)
    at, rows = largest(verdicts.ulp, bad), by_row(bad)
    other = varied(session, quantity.points, axes={axis: CHANGED}).holding(dtype, evaluation)
    instead = explain(other, Evidence.of(quantity, verdicts))
    return Finding(
        "RL806",
        check,
        dtype,
        f"with {axis}={CHANGED:g} the {quantity.name} leaves the definition",
        case=under({axis: CHANGED}, case_of(session, quantity, verdicts, at)),
        cause=instead.cause or instead.message,
        fix=instead.fix or CODES["RL806"].remedy,
        seen=int(rows.sum()),
        of=len(rows),
    )
