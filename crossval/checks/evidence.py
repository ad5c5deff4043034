"""Results under suspicion, and what it takes to say what they are instead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossval.checks.quantities import Quantity
from crossval.checks.statistics import WRONG
from crossval.checks.verdict import Verdicts
from crossval.oracles.formats import Format, format_of
from crossval.points.boxes import PointSet

__all__ = ["Diagnosis", "Evidence"]

_MOST, _ALL = 0.95, 0.98
_FINE, _SMALL = 2.0**-8, 2.0**-12
"""A result that may be off by no more than the first of itself has digits left; an error of less
than the second of a bound is not of its size: a bound adds up what cancels too."""


@dataclass(frozen=True)
class Diagnosis:
    """A named deviation.

    Attributes
    ----------
    code : str
        Of the finding.
    message, cause, fix : str
        Empty where the finding's own words are better.
    """

    code: str
    message: str = ""
    cause: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Evidence:
    """Results under suspicion, as (n, k) arrays (k = 1 for a value).

    Attributes
    ----------
    name : str
        ``value`` or ``grad[<input>]``.
    points : PointSet
        Rows.
    got, truth, tolerance : array
        Results, truth, and the granted tolerance.
    failed : bool array
        Finite results beyond every tolerance.
    """

    name: str
    points: PointSet
    got: np.ndarray
    truth: np.ndarray
    tolerance: np.ndarray
    failed: np.ndarray

    @classmethod
    def of(cls, quantity: Quantity, verdicts: Verdicts) -> Evidence:
        """Evidence from a graded quantity."""
        tall = (len(quantity.points), -1)
        failed = (verdicts.grade == WRONG) & np.isfinite(quantity.got)
        return cls(
            quantity.name,
            quantity.points,
            quantity.got.reshape(tall),
            quantity.truth.hi.reshape(tall),
            verdicts.tolerance.reshape(tall),
            failed.reshape(tall),
        )

    @property
    def number(self) -> Format:
        """Format under test."""
        return format_of(self.points.dtype)

    @property
    def input(self) -> str:
        """Input that the gradient under suspicion is by."""
        return self.name.removeprefix("grad[").removesuffix("]")

    @property
    def is_value(self) -> bool:
        """Whether values are under suspicion, not gradients."""
        return self.name == "value"

    @property
    def generic(self) -> str:
        """The code that says no more than what kind of number is wrong."""
        if self.is_value:
            return "RL301"
        return "RL402" if np.any(self.got[self.failed]) else "RL403"

    @property
    def mostly_narrow(self) -> bool:
        """Whether float64 results lie on the float32 grid; 0 lies on every grid."""
        with np.errstate(all="ignore"):
            on_grid = format_of("float32").round(self.got) == self.got
        telling = self.failed & (self.got != 0)
        if self.number.name != "float64" or not telling.any():
            return False
        return bool(on_grid[telling].mean() >= _MOST)

    def supports(
        self, predicted: np.ndarray, factor: float = 1.0, room: np.ndarray | float = 0.0
    ) -> bool:
        """Whether ``predicted`` explains the failures and all rows where it differs from truth.

        Parameters
        ----------
        predicted : array
            Of the shape of the results.
        factor : float
            By which tolerances grow with the results.
        room : array or float
            How far rounding may move a prediction beside what it may do to the truth.
        """
        usable = np.isfinite(self.got) & np.isfinite(predicted) & np.isfinite(self.tolerance)
        with np.errstate(invalid="ignore", over="ignore"):
            granted = self.tolerance * max(1.0, abs(factor)) + np.nan_to_num(room, posinf=0.0)
            slack = granted + 16 * self.number.ulp(predicted)
            near = np.abs(self.got - predicted) <= slack
            telling = usable & (np.abs(predicted - self.truth) > 4 * slack)
        failed = usable & self.failed
        if not telling.any() or not failed.any():
            return False
        if near[failed].mean() < _MOST or near[telling].mean() < _ALL:
            return False
        return bool(self._leading(near, failed).mean() >= _MOST)

    def rounds(self, room: np.ndarray) -> bool:
        """Whether every error is within `room`, and those that failed are of its size.

        An error may also be as large as a result that has hardly a digit left. Some results must
        have digits, or any error would be one of rounding.
        """
        with np.errstate(all="ignore"):
            errors, size = np.abs(self.got - self.truth), np.abs(self.truth)
        usable = np.isfinite(errors) & np.isfinite(self.tolerance)
        failed, sound = usable & self.failed, usable & (room < _FINE * size)
        if not (failed.any() and sound.any()) or (errors > self.tolerance + room)[usable].any():
            return False
        unlike = failed & sound & (errors < _SMALL * room)
        return bool(unlike.sum() <= (1 - _MOST) * failed.sum())

    def _leading(self, near: np.ndarray, failed: np.ndarray) -> np.ndarray:
        """Return whether the largest result of each row with a failure is near.

        Of many small components most may agree with anything that is small.
        """
        rows = failed.any(axis=1)
        size = np.where(np.isfinite(self.got), np.abs(self.got), -1.0)
        return near[np.arange(len(near)), size.argmax(axis=1)][rows]

    def off(self, predicted: np.ndarray) -> float:
        """Typical distance of the failures from a prediction, between 0 and 1."""
        usable = self.failed & np.isfinite(self.got)
        with np.errstate(all="ignore"):
            size = np.abs(self.got) + np.abs(predicted) + self.tolerance
            apart = np.abs(self.got - predicted) / size
        apart = np.where(np.isfinite(apart), apart, 1.0)[usable]
        return float(np.mean(apart)) if apart.size else 1.0
