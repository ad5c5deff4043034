"""How wrong is a result: error in ulps of the truth, and membership at ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles.formats import format_of

Array = NDArray[np.float64]

_TINY = 2.0**-1074

__all__ = ["Membership", "membership", "ulp_error"]


def ulp_error(
    result: ArrayLike, hi: ArrayLike, lo: ArrayLike = 0.0, *, dtype: Any
) -> NDArray[np.float64]:
    """Distance of results from the truth in ulps of the truth; 0.5 is correctly rounded.

    Parameters
    ----------
    result : array_like of float64
        Results, widened exactly from their own format.
    hi, lo : array_like of float64
        The truth ``hi + lo``; NaN where there is none.
    dtype : str or dtype
        Format of the results, whose spacing is the unit; floored at its smallest subnormal.

    Returns
    -------
    ndarray of float64
        The error; 0 for an infinity to which the truth rounds, and for NaN where the truth is
        NaN; infinite for any other NaN or infinity, and for a finite result where the truth is
        infinite.
    """
    fmt = format_of(dtype)
    result, hi, lo = np.broadcast_arrays(
        *(np.asarray(x, np.float64) for x in (result, hi, lo)), subok=False
    )
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs((result - hi) - lo) / fmt.ulp(hi, lo)
        beyond = (np.abs(hi) > fmt.overflow) | (
            (np.abs(hi) == fmt.overflow) & (np.isinf(hi) | (lo * np.sign(hi) >= 0))
        )
        right = (np.isinf(result) & beyond & (np.sign(result) == np.sign(hi))) | (
            np.isnan(result) & np.isnan(hi)
        )
    lost = ~np.isfinite(result) | ~np.isfinite(hi)
    return np.where(right, 0.0, np.where(lost, np.inf, error))


@dataclass(frozen=True)
class Membership:
    """Where a candidate gradient lies relative to the convex hull of a tie's vertices.

    Attributes
    ----------
    inside : bool
        Whether it is in the hull, within tolerance.
    distance : float
        Largest component of the distance to the hull, in units of the tolerance.
    weights : ndarray of float64, shape (m,)
        Convex weights of the nearest combination.
    convention : str
        ``"vertex j"``, ``"even split"`` (the mean of the vertices), ``"zero"``, ``"mixture"``
        or ``"outside"``.
    """

    inside: bool
    distance: float
    weights: NDArray[np.float64]
    convention: str


def membership(candidate: ArrayLike, vertices: ArrayLike, tolerance: ArrayLike) -> Membership:
    """Judge a gradient at a tie by membership in the hull of all resolutions.

    An interval per component would not do: at max(a, b) it accepts the derivative (1, 1).

    Parameters
    ----------
    candidate : array_like of float64, shape (k,)
        The gradient to judge.
    vertices : array_like of float64, shape (m, k)
        One gradient per resolution of the ties, rounded to nearest.
    tolerance : array_like of float64, shape (k,) or scalar
        Permitted error of each component; what rounding the vertices costs is added. Infinite
        where a component is not judged.

    Returns
    -------
    Membership
        Of the nearest combination in the Euclidean norm scaled by the tolerance, or of a named
        convention that is met within tolerance.
    """
    candidate, vertices = np.asarray(candidate, np.float64), np.asarray(vertices, np.float64)
    count = len(vertices)
    if not np.isfinite(candidate).all():
        return Membership(False, np.inf, np.full(count, np.nan), "outside")
    scale = np.asarray(tolerance, np.float64) + 2.0**-53 * np.abs(vertices).max(0) + _TINY
    judged = np.isfinite(scale)
    candidate, vertices, scale = candidate[judged], vertices[:, judged], scale[judged]
    named = dict(zip([f"vertex {j}" for j in range(count)], np.eye(count), strict=True))
    named["even split"] = np.full(count, 1 / count)
    for convention, weights in named.items():
        distance = _distance(candidate, vertices, weights, scale)
        if distance <= 1:
            return Membership(True, distance, weights, convention)
    weights = _nearest(candidate, vertices, scale)
    distance = _distance(candidate, vertices, weights, scale)
    if distance > 1:
        return Membership(False, distance, weights, "outside")
    zero = bool((np.abs(candidate) <= scale).all())
    return Membership(True, distance, weights, "zero" if zero else "mixture")


def _distance(candidate: Array, vertices: Array, weights: Array, scale: Array) -> float:
    combination = weights.astype(np.longdouble) @ vertices.astype(np.longdouble)
    with np.errstate(over="ignore"):
        return float(np.max(np.abs(candidate - combination) / scale, initial=0.0))


def _nearest(candidate: Array, vertices: Array, scale: Array) -> Array:
    """Convex weights of the point of the hull that is nearest, each row scaled by its spread.

    The point nearest to the origin among the combinations of d_j, the scaled differences, solves
    the non-negative least squares problem D w = 0, sum w = 1, up to a factor of w: for w = s m
    with sum m = 1 its objective is least over s where it is |Dm|^2 / (1 + |Dm|^2).
    """
    from scipy.optimize import nnls

    differences = (vertices - candidate).T
    spread = np.abs(differences).max(1, keepdims=True)
    system = np.vstack([differences / np.where(spread > 0, spread, 1), np.ones(len(vertices))])
    goal = np.zeros(len(system))
    goal[-1] = 1.0
    weights = nnls(system, goal)[0]
    return _refined(
        weights / weights.sum(), differences, np.maximum(scale, 2.0**-60 * spread[:, 0])
    )


def _refined(weights: Array, differences: Array, rows: Array) -> Array:
    """Refine the active weights to the accuracy of the tolerance, unless one turns negative."""
    base, *others = np.flatnonzero(weights)[np.argsort(-weights[weights > 0])]
    if not others:
        return weights
    for _ in range(2):
        exact = differences.astype(np.longdouble) @ weights.astype(np.longdouble)
        residual = (exact / rows).astype(np.float64)
        edges = (differences[:, others] - differences[:, [base]]) / rows[:, None]
        # Moving weight from the base to the others keeps their sum.
        step = np.linalg.lstsq(edges, -residual, rcond=None)[0]
        refined = weights.copy()
        refined[others] += step
        refined[base] -= step.sum()
        if (refined < 0).any():
            return weights
        weights = refined
    return weights
