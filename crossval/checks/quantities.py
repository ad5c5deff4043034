"""Results beside their truth: the value, or the gradient by one input, at chosen rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossval.checks.verdict import (
    GRADIENT_ULPS,
    VALUE_ULPS,
    Reference,
    Verdicts,
    judge,
)
from crossval.oracles.formats import format_of
from crossval.points.boxes import PointSet
from crossval.reference import Standard
from crossval.session import Evaluation, Session


@dataclass(frozen=True)
class Quantity:
    """The value, or the gradient with respect to one input, at some rows.

    Attributes
    ----------
    name : str
        ``value`` or ``grad[<input>]``.
    points : PointSet
        The rows.
    got : array (n,) or (n, k)
        Results.
    truth : Reference
        Of the same shape.
    columns : tuple of str
        Names of the k components; empty for a value.
    came_in : str
        Format of the results.
    flushed : array (n, 1) or float
        Magnitude below which a truth may come as 0.
    beside : Quantity, optional
        Of a gradient: the value at the same rows.
    """

    name: str
    points: PointSet
    got: np.ndarray
    truth: Reference
    columns: tuple[str, ...]
    came_in: str
    flushed: np.ndarray | float = 0.0
    beside: Quantity | None = None

    @property
    def ulps(self) -> float:
        """Budget of grade A."""
        return GRADIENT_ULPS if self.columns else VALUE_ULPS

    def verdicts(self) -> Verdicts:
        """Grades of all results."""
        number = format_of(self.points.dtype)
        return judge(self.got, self.truth, number, self.ulps, self.flushed)


def answered(session: Session, dtype: str, evaluation: Evaluation) -> np.ndarray:
    """Rows for which the target answered."""
    return ~np.isin(np.arange(len(session.points(dtype))), list(evaluation.raised))


def ordinary(session: Session, dtype: str, evaluation: Evaluation) -> np.ndarray:
    """Those of them that belong to the regimes, not to the named points."""
    return answered(session, dtype, evaluation) & ~session.points(dtype).special


def value_at(
    session: Session,
    evaluation: Evaluation,
    points: PointSet,
    standard: Standard,
    rows: np.ndarray,
) -> Quantity:
    """Values at ``rows`` beside their truth."""
    truth, came_in = standard.value.take(rows), evaluation.formats["value"]
    rest = (truth, (), came_in, session.flushed(points.dtype))
    return Quantity("value", points.take(rows), evaluation.value[rows], *rest)


def gradient_at(
    session: Session,
    evaluation: Evaluation,
    points: PointSet,
    standard: Standard,
    rows: np.ndarray,
    name: str,
) -> Quantity:
    """Gradients by one input at ``rows`` beside their truth, which is NaN where not unique."""
    part = session.family.inputs[name]
    unique = (standard.kind == "regular")[:, None]
    known = standard.gradient
    hi = np.where(unique, known.hi, np.nan)
    radius = np.where(unique, known.radius, _largest(standard))
    truth = Reference(hi, known.lo, radius, known.condition, known.bound).take((rows, part))
    return Quantity(
        f"grad[{name}]",
        points.take(rows),
        evaluation.gradients[name][rows],
        truth,
        session.family.columns[part],
        evaluation.formats[f"grad.{name}"],
        # a derivative that is flushed is 0 before it is multiplied by upstream
        session.flushed(points.dtype) * np.maximum(1.0, np.abs(points.upstream[rows, None])),
        value_at(session, evaluation, points, standard, rows),
    )


def quantities(
    session: Session,
    evaluation: Evaluation,
    points: PointSet,
    standard: Standard,
    rows: np.ndarray,
) -> list[Quantity]:
    """Value and every gradient that came, at ``rows``, beside their truth."""
    gradients = [name for name in session.wrt if name in evaluation.gradients]
    return [
        value_at(session, evaluation, points, standard, rows),
        *(gradient_at(session, evaluation, points, standard, rows, name) for name in gradients),
    ]


def _largest(standard: Standard) -> np.ndarray:
    """Largest magnitude of any one-sided derivative, by component; infinite if undecided."""
    size = np.nan_to_num(np.abs(standard.gradient.hi))
    size[standard.kind == "undecided"] = np.inf
    for row, vertices in standard.vertices.items():
        size[row] = np.abs(vertices).max(axis=0)
    return size
