"""From rows to findings: the worst input of each kind of deviation, in decimal and in bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from crossval.bits import hexadecimal
from crossval.case_ids import CaseId
from crossval.checks.causes import Situation, cause_of
from crossval.checks.quantities import Quantity
from crossval.checks.statistics import WRONG
from crossval.checks.verdict import Reference
from crossval.findings import Case
from crossval.oracles.formats import format_of
from crossval.points.boxes import PointSet
from crossval.session import Session


def case_at(
    session: Session,
    points: PointSet,
    row: int,
    got: float | str,
    truth: Reference | None,
    element: tuple[int, ...],
    ulp: float,
    component: str = "",
    came_in: str = "",
) -> Case:
    """Describe one result.

    Parameters
    ----------
    session : Session
        For names of inputs.
    points : PointSet
        Where ``row`` lies.
    row : int
        Row of ``points``.
    got : float or str
        The result, or words where none came.
    truth : Reference, optional
        Indexed by ``element``.
    ulp : float
        Error.
    component : str
        Column with respect to which was differentiated; empty for a value.
    came_in : str
        Format of the result.
    """
    number = format_of(points.dtype)
    if isinstance(got, str):
        decimal, bits = got, ""
    else:
        decimal, bits = _decimal(got), hexadecimal(got, format_of(came_in or points.dtype))
    inputs = {
        name: {
            "decimal": [_decimal(x) for x in points.columns[row, part].tolist()],
            "bits": [
                hex(int(x)) if name in session.family.labels else hexadecimal(x, number)
                for x in points.columns[row, part].tolist()
            ],
        }
        for name, part in session.family.inputs.items()
    }
    return Case(
        where=str(points.places[row]),
        inputs=inputs,
        got=decimal,
        reference=_reference(truth, element),
        got_bits=bits,
        reference_hi_lo=_two_floats(truth, element),
        ulp=float(ulp),
        component=component,
        upstream=_decimal(float(points.upstream[row])) if component else "",
        id=str(CaseId.of(session.target, points, session.level, row)),
    )


def under(axes: Mapping[str, Any], case: Case) -> Case:
    """Return a case under other axis values than the target's own, its id included."""
    identity = str(CaseId.parse(case.id).under(axes)) if case.id else ""
    return replace(case, axes=axes, id=identity)


def by_cause(
    session: Session, quantity: Quantity, rows: np.ndarray
) -> dict[tuple[str, str, str], np.ndarray]:
    """Group rows of a quantity by the recognised cause.

    Returns
    -------
    dict of (pattern, cause, fix) to array of int
        Rows; the empty triple holds those that no pattern fits.
    """
    groups: dict[tuple[str, str, str], list[int]] = {}
    for row, here in zip(rows.tolist(), situations(session, quantity, rows), strict=True):
        pattern = cause_of(session.family.patterns, here)
        key = (pattern.name, pattern.cause, pattern.fix) if pattern else ("", "", "")
        groups.setdefault(key, []).append(row)
    return {key: np.array(found) for key, found in groups.items()}


def situations(session: Session, quantity: Quantity, rows: np.ndarray) -> list[Situation]:
    """Return what a cause of each row is recognised by, the value that came included."""
    value = quantity.beside or quantity
    sound = value.verdicts().grade != WRONG
    number, constants = format_of(quantity.points.dtype), session.spec.constants
    return [
        Situation(
            quantity.points.columns[row],
            session.target.loss,
            constants,
            number,
            float(value.got[row]),
            bool(sound[row]),
        )
        for row in rows.tolist()
    ]


def places_of(points: PointSet, rows: np.ndarray) -> tuple[str, ...]:
    """Regimes and named points that ``rows`` belong to, in order."""
    return tuple(dict.fromkeys(points.places[rows].tolist()))


def plainness(row: np.ndarray) -> int:
    """Length of a row's decimals: of inputs that fail alike, the reader gets the shortest."""
    return sum(len(repr(number)) for number in row.tolist())


def _reference(truth: Reference | None, element: tuple[int, ...]) -> str:
    if truth is None:
        return ""
    middle = float(truth.hi[element])
    return "finite, not unique" if np.isnan(middle) else _decimal(middle)


def _two_floats(truth: Reference | None, element: tuple[int, ...]) -> tuple[str, ...]:
    if truth is None or np.isnan(truth.hi[element]):
        return ()
    return float(truth.hi[element]).hex(), float(truth.lo[element]).hex()


def _decimal(value: float) -> str:
    return f"{value:.17g}" if np.isfinite(value) else str(value)
