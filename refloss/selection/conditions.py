"""Easy, semi-hard, hard: what a triplet is called by its two distances and a margin."""

from __future__ import annotations

from typing import Any

import numpy as np

from refloss.losses.checks import floating, same_format
from refloss.run.arrays import Adopted, adopt
from refloss.run.rounding import widened
from refloss.selection import checks

__all__ = ["CONDITIONS", "holds", "triplet_condition"]

CONDITIONS = ("easy", "semi_hard", "hard")
"""What a triplet is, exactly one of them."""


def triplet_condition(d_ap: object, d_an: object, alpha: float) -> Any:
    """Return which of three conditions a triplet meets.

    Parameters
    ----------
    d_ap : float or array of any shape
        Distances of anchors from positives, not negative. Floating-point formats as in the losses.
    d_an : float or array of that shape
        Distances of the same anchors from negatives.
    alpha : float
        The margin, not negative.

    Returns
    -------
    str or array of str
        ============= ================================== ==============================
        ``hard``      ``d_an <= d_ap``                   the negative is not farther
        ``easy``      ``d_an >= d_ap + alpha``           the hinge is 0
        ``semi_hard`` ``d_ap < d_an < d_ap + alpha``     farther, inside the margin
        ============= ================================== ==============================

        The first that holds, which matters where alpha = 0 alone.

    Raises
    ------
    TypeError
        If a distance is no floating-point number, or the formats differ.
    ValueError
        If a distance is negative or NaN, the shapes differ, or alpha is negative or not finite.

    Notes
    -----
    Decided as if ``d_an - d_ap - alpha`` were exact: a sum that rounds to 0 still has its sign. The
    three are those of FaceNet. Training code differs in what it does with them: the hinge
    ``max(d_ap - d_an + alpha, 0)`` is largest for hard triplets, whereas semi-hard mining drops
    them as outliers, as if their loss were 0. The border ``d_an = d_ap + alpha`` is easy here,
    since the hinge is 0; pytorch-metric-learning counts it as semi-hard.

    References
    ----------
    Schroff, Kalenichenko, Philbin: FaceNet, arXiv 1503.03832, section 3.2.

    Examples
    --------
    >>> [triplet_condition(0.9, d_an, 0.2) for d_an in (0.6, 1.0, 1.2)]
    ['hard', 'semi_hard', 'easy']
    """
    first, second = _lengths("d_ap", d_ap), _lengths("d_an", d_an)
    margin = checks.number("alpha", alpha, least=0.0)
    if first.array.shape != second.array.shape:
        shape, found = first.array.shape, second.array.shape
        raise ValueError(f"d_an: expected shape {shape} as d_ap, got {found}")
    same_format("d_an", second.array, first.array, "d_ap")
    near, far = widened(first.array), widened(second.array)
    names = np.where(
        holds("hard", near, far, margin),
        "hard",
        np.where(holds("easy", near, far, margin), "easy", "semi_hard"),
    )
    return names if names.ndim else str(names)


def holds(condition: str, near: np.ndarray, far: np.ndarray, margin: float) -> np.ndarray:
    """Return where triplets of float64 distances meet a condition, or one of several."""
    hard = far <= near
    if condition == "hard":
        return hard
    if condition == "all":
        return np.ones_like(hard)
    violating = hard | (_beyond(near, far, margin) < 0.0)
    return {"violating": violating, "easy": ~violating, "semi_hard": violating & ~hard}[condition]


def _beyond(near: np.ndarray, far: np.ndarray, margin: float) -> np.ndarray:
    """Return a number of the sign of ``far - near - margin``."""
    if np.isinf(margin):
        return np.full(np.broadcast_shapes(np.shape(near), np.shape(far)), -np.inf)
    with np.errstate(invalid="ignore", over="ignore"):
        gap, lost = _two_sum(far, -near)
        rest, more = _two_sum(gap, -margin)
        small, least = _two_sum(lost, more)
        high, low = _two_sum(rest, small)
        exact = high + (low + least)
        return np.where(np.isfinite(exact), exact, rest)  # an infinite distance has no error term


def _two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """Return a sum and what its rounding lost, exactly (Knuth)."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def _lengths(name: str, value: object) -> Adopted:
    """Return distances as an array, those of Python in float64."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        given = Adopted(np.asarray(value, np.float64), float)
    else:
        given = adopt(name, value)
        floating(name, given.array)
    wrong = given.array[~(given.array >= 0.0)]
    if wrong.size:
        raise ValueError(f"{name}: expected distances >= 0, got {wrong.flat[0]}")
    return given
