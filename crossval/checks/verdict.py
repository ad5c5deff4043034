"""The verdict on one number: how it may differ from the truth, derived for each element.

Three tolerances, tried in turn; none is a constant that somebody tuned:

* **A** — ``ulps`` units in the last place of the truth in the candidate's format;
* **B** — ``8 u`` times the condition ``sum |x_i df/dx_i|``: the result is exact for inputs that
  differ from the given ones by a few roundings (backward stable);
* **C** — twice the rigorous rounding bound of the textbook program in the same format;
* **F** — anything else.

A tolerance that would accept zero, or the opposite sign, in place of a non-zero truth tells nothing
about that element: it is inconclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crossval.oracles.formats import Format
from crossval.oracles.metric import ulp_error

GRADES = ("A", "B", "C", "F")
VALUE_ULPS, GRADIENT_ULPS = 4.0, 8.0
_STABLE, _PLAIN = 8.0, 2.0


@dataclass(frozen=True)
class Reference:
    """Truth with what the tolerances need, all float64 arrays of one shape.

    Attributes
    ----------
    hi, lo : array
        The truth is ``hi + lo``; NaN where there is no single one.
    radius : array
        Bound on the distance of ``hi + lo`` from the real number; where there is no single truth,
        the largest magnitude among its members.
    condition : array
        ``sum |x_i df/dx_i|``.
    bound : array
        Rounding bound of the textbook program in the candidate's format; infinite if unknown.
    """

    hi: np.ndarray
    lo: np.ndarray
    radius: np.ndarray
    condition: np.ndarray
    bound: np.ndarray

    def take(self, index: Any) -> Reference:
        """Return the reference at an index of its arrays."""
        return Reference(*(array[index] for array in vars(self).values()))


@dataclass(frozen=True)
class Verdicts:
    """Grades of an array of results.

    Attributes
    ----------
    grade : int array
        Index into :data:`GRADES`.
    ulp : array
        Error in units in the last place of the truth; infinite where the result is not finite.
    tolerance : array
        The tolerance that was granted (the widest where none was met).
    conclusive : bool array
        Whether that tolerance tells the truth from 0 and from its negative.
    """

    grade: np.ndarray
    ulp: np.ndarray
    tolerance: np.ndarray
    conclusive: np.ndarray


def judge(
    got: np.ndarray,
    truth: Reference,
    number: Format,
    ulps: float,
    flushed: np.ndarray | float = 0.0,
) -> Verdicts:
    """Grade every element of ``got``.

    Parameters
    ----------
    got : array
        Results, widened to float64.
    truth : Reference
        Of the same shape.
    number : Format
        The candidate's format.
    ulps : float
        Budget of grade A.
    flushed : array or float
        Magnitude below which the candidate's arithmetic has no numbers: 0 is right there.
    """
    error = distance(got, truth)
    tiers = tolerances(truth, number, ulps)
    met = (error <= tiers) & np.isfinite(error)
    grade = np.where(met.any(axis=0), met.argmax(axis=0), len(tiers))
    # no single truth (a tie, an undefined derivative): being finite is all that is asked here
    beyond = np.isinf(got) & (truth.radius >= number.overflow)
    free = np.isnan(truth.hi) & (np.isfinite(got) | beyond)
    ulp = np.where(np.isnan(got), np.inf, ulp_error(got, truth.hi, truth.lo, dtype=number))
    # a truth beyond the format's range rounds to infinity; that result is right
    right = free | (np.isinf(got) & (ulp == 0)) | ((got == 0) & (np.abs(truth.hi) < flushed))
    grade = np.where(right, 0, grade)
    granted = np.take_along_axis(tiers, np.minimum(grade, len(tiers) - 1)[None], axis=0)[0]
    return Verdicts(grade, np.where(free, 0.0, ulp), granted, conclusive(truth, granted))


def distance(got: np.ndarray, truth: Reference) -> np.ndarray:
    """Absolute error of ``got``; infinite where it is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs((got - truth.hi) - truth.lo)
    return np.where(np.isfinite(error), error, np.inf)


def tolerances(truth: Reference, number: Format, ulps: float) -> np.ndarray:
    """Tolerances A, B, C stacked on a new first axis; each contains the one before."""
    spacing = number.ulp(truth.hi, truth.lo)
    stable = _STABLE * number.roundoff * _or_infinite(truth.condition)
    plain = _PLAIN * _or_infinite(truth.bound)
    widest = np.maximum.accumulate(np.stack([ulps * spacing, stable, plain]))
    return np.where(np.isnan(truth.hi), np.inf, widest + truth.radius)


def conclusive(truth: Reference, tolerance: np.ndarray) -> np.ndarray:
    """Where ``tolerance`` rejects 0 and the opposite sign (or the truth is 0 itself)."""
    return np.isfinite(tolerance) & ((truth.hi == 0) | (np.abs(truth.hi) > tolerance))


def vacuity(truth: np.ndarray, tolerance: np.ndarray) -> dict[str, float]:
    """Share of the non-zero truths that a wrong result would survive.

    Parameters
    ----------
    truth, tolerance : array
        Of one shape; NaN where there is no single truth.

    Returns
    -------
    dict of str to float
        ``zero``: 0 in place of the truth; ``flip``: its negative; ``x1.05``: 1.05 times it.
    """
    telling = (truth != 0) & ~np.isnan(truth)
    size, granted = np.abs(truth[telling]), tolerance[telling]
    wrong = {"zero": 1.0, "flip": 2.0, "x1.05": 0.05}
    if not size.size:
        return dict.fromkeys(wrong, 0.0)
    return {name: float(np.mean(factor * size <= granted)) for name, factor in wrong.items()}


def _or_infinite(array: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(array), np.inf, array)
