"""One row of the pinned points with its truth, correctly rounded to the row's format."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crossval.bits import hexadecimal, nearest
from crossval.case_ids import CaseId
from crossval.catalog import losses, spec_of
from crossval.checks.verdict import GRADIENT_ULPS, VALUE_ULPS, Reference, tolerances
from crossval.families import Family, family_of
from crossval.oracles.composed import alone
from crossval.oracles.formats import FORMATS, Format, format_of
from crossval.points.boxes import ROWS, PointSet
from crossval.reference import Standard, standard
from crossval.target import UsageError, split_declaration


@dataclass(frozen=True)
class Expected:
    """What one number must be.

    Attributes
    ----------
    value : float or None
        The truth, rounded to the format; None where there is no single one.
    hi, lo : float
        The truth as two float64.
    words : str
        What is accepted where there is no single truth.
    ulp, allowed : float
        Size of a unit in the last place there, and how many of them the judge lets pass.
    """

    value: float | None
    hi: float
    lo: float
    words: str = ""
    ulp: float = math.nan
    allowed: float = math.nan


@dataclass(frozen=True)
class Row:
    """A row and what a definition says about it.

    Attributes
    ----------
    id : CaseId
        Its name.
    spec : Spec
        The definition.
    family : Family
        Names of inputs and columns.
    points : PointSet
        The row alone.
    truth : Standard
        Of the row, sharp enough for float64.
    judged : Standard
        What the judge holds results of the row's format against.
    given : mapping
        Axis values on top of the preset, and in place of those of the id.
    """

    id: CaseId
    spec: Any
    family: Family
    points: PointSet
    truth: Standard
    judged: Standard
    given: Mapping[str, Any]

    @property
    def number(self) -> Format:
        """Format of the row."""
        return format_of(self.id.dtype)

    @property
    def place(self) -> str:
        """Regime or named point that the row belongs to."""
        return str(self.points.places[0])

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """Arrays of one row, by input."""
        return self.family.one_call(self.points.columns)

    @property
    def upstream(self) -> float:
        """Upstream gradient of the row."""
        return float(self.points.upstream[0])

    @property
    def value(self) -> Expected:
        """The loss."""
        known = self.truth.value
        hi, lo = float(known.hi[0]), float(known.lo[0])
        return self._expected(hi, lo, self.judged.value.take(0), VALUE_ULPS)

    @property
    def gradients(self) -> dict[str, list[Expected]]:
        """Upstream times the derivative, by input and component."""
        columns = range(len(self.family.columns))
        found = np.array([self._component(column) for column in columns], dtype=object)
        parts = self.family.inputs
        return {name: found[parts[name]].tolist() for name in self.family.differentiable}

    def _component(self, column: int) -> Expected:
        known = self.truth.gradient
        kind = str(self.truth.kind[0])
        hi, lo = float(known.hi[0, column]), float(known.lo[0, column])
        if kind == "tie" and np.isnan(hi):
            sides = self.truth.vertices[0][:, column]
            return Expected(None, hi, lo, f"any from {sides.min():.9g} to {sides.max():.9g}")
        if kind in ("undefined", "undecided"):
            return Expected(None, hi, lo, "any finite number")
        judged = self.judged.gradient.take((0, column))
        return self._expected(hi, lo, judged, GRADIENT_ULPS)

    def _expected(self, hi: float, lo: float, judged: Reference, ulps: float) -> Expected:
        size = float(self.number.ulp(hi, lo))
        widest = float(tolerances(judged, self.number, ulps)[-1])
        return Expected(nearest(hi, lo, self.number), hi, lo, ulp=size, allowed=widest / size)


def row_of(case: CaseId, axes: Mapping[str, Any]) -> Row:
    """Make a row again from its id.

    Parameters
    ----------
    case : CaseId
        Which row, under which definition.
    axes : mapping
        Axis values on top of the preset.

    Raises
    ------
    UsageError
        If the id names no row; the message says what there is.
    """
    loss, preset = split_declaration(case.declared)
    axes = {**dict(case.axes), **axes}
    spec = alone(spec_of(loss, preset, axes))
    family = family_of(loss, spec.program)
    if case.dtype not in FORMATS:
        raise UsageError(f"DTYPE must be one of {', '.join(FORMATS)}; got {case.dtype!r}")
    if case.level not in ROWS:
        raise UsageError(f"LEVEL must be one of {', '.join(ROWS)}; got {case.level!r}")
    points = family.points(case.dtype, case.level)
    version = points.name.rpartition("@")[2]
    if case.version != version:
        raise UsageError(f"the points of {loss} have version {version}; got {case.version}")
    if case.row >= len(points):
        raise UsageError(f"ROW must be below {len(points)} at this level; got {case.row}")
    one = points.take(np.array([case.row]))
    truth = standard(spec, replace(one, dtype="float64"), family.oracle)
    return Row(case, spec, family, one, truth, standard(spec, one, family.oracle), axes)


def to_dict(row: Row) -> dict[str, Any]:
    """Return a row as data: decimals, hexadecimal floats and bits."""
    number = row.number
    return {
        "id": str(row.id),
        "loss": row.spec.loss,
        "title": losses()[row.spec.loss]["title"],
        "axes": dict(row.spec.axes),
        "dtype": row.id.dtype,
        "where": row.place,
        "kind": str(row.truth.kind[0]),
        "inputs": {
            name: [_input(x, number) for x in array.ravel().tolist()]
            for name, array in row.inputs.items()
        },
        "upstream": _number(row.upstream, number),
        "value": _answer(row.value, number),
        "gradients": {
            name: [_answer(each, number) for each in answers]
            for name, answers in row.gradients.items()
        },
    }


def _input(value: float | int, number: Format) -> Any:
    """Return a number in three notations, or a class as the integer that it is."""
    return value if isinstance(value, int) else _number(value, number)


def _number(value: float, number: Format) -> dict[str, str]:
    return {"decimal": repr(value), "hex": value.hex(), "bits": hexadecimal(value, number)}


def _answer(expected: Expected, number: Format) -> dict[str, Any]:
    if expected.value is None:
        return {"accepted": expected.words}
    return {
        **_number(expected.value, number),
        "hi_lo": [expected.hi.hex(), expected.lo.hex()],
    }
