"""Which arm of every comparison in the box losses' definition a row takes, decided exactly.

A set of points that never enters an arm says nothing about it. Each comparison of the definition
is listed once with the arms that a valid pair of boxes can take; :func:`arms` tells them apart
with rational arithmetic, so that "equal" means equal.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

_ALL = frozenset("<=>")
_NOT_BELOW = frozenset("=>")
_APART = frozenset("<>")
"""Of a quantity and a floor that is no small dyadic number."""

REACHABLE: dict[str, frozenset[str]] = {
    "px1 ? tx1": _ALL,
    "py1 ? ty1": _ALL,
    "px2 ? tx2": _ALL,
    "py2 ? ty2": _ALL,
    "overlap in x ? 0": _ALL,
    "overlap in y ? 0": _ALL,
    "pred width ? 0": _NOT_BELOW,
    "pred height ? 0": _NOT_BELOW,
    "target width ? 0": _NOT_BELOW,
    "target height ? 0": _NOT_BELOW,
    "intersection ? 0": _NOT_BELOW,
    "union ? 0": _NOT_BELOW,
    "hull ? 0": _NOT_BELOW,
    "diagonal ? 0": _NOT_BELOW,
    "distance ? 0": _NOT_BELOW,
    "pred aspect ? target aspect": _ALL,
    "IoU ? 1/2": _ALL,
    "IoU ? 1": frozenset("<="),
    "1 - IoU + distance ? ceiling 2": frozenset("<="),
    "pred height ? floor 1e-7": _APART,
    "target height ? floor 1e-7": _APART,
    "union ? floor 1e-6": _APART,
    "hull ? floor 1e-16": _APART,
    "IoU ? floor 1e-6": _APART,
}


def arms(columns: np.ndarray) -> dict[str, np.ndarray]:
    """Arm of each comparison for each row.

    Parameters
    ----------
    columns : (n, 8) float64 array
        Prediction's corners, then target's, xyxy.

    Returns
    -------
    dict of str to (n,) array of str
        Keys of :data:`REACHABLE`; entries ``"<"``, ``"="``, ``">"``.

    Notes
    -----
    ``1 - IoU + distance`` reaches its ceiling 2 only where both boxes are different points: the
    distance term is 1 there and the overlap 0.
    """
    rows = [_row([Fraction(value) for value in row]) for row in columns.tolist()]
    return {name: np.array([row[name] for row in rows]) for name in REACHABLE}


def missed(columns: np.ndarray) -> dict[str, frozenset[str]]:
    """Arms of :data:`REACHABLE` that no row takes; empty when all are covered."""
    taken = arms(columns)
    gaps = {name: arm - frozenset(taken[name].tolist()) for name, arm in REACHABLE.items()}
    return {name: gap for name, gap in gaps.items() if gap}


def _row(corners: list[Fraction]) -> dict[str, str]:
    px1, py1, px2, py2, tx1, ty1, tx2, ty2 = corners
    pw, ph, tw, th = px2 - px1, py2 - py1, tx2 - tx1, ty2 - ty1
    ox, oy = min(px2, tx2) - max(px1, tx1), min(py2, ty2) - max(py1, ty1)
    inter = max(ox, Fraction(0)) * max(oy, Fraction(0))
    union = pw * ph + tw * th - inter
    hw, hh = max(px2, tx2) - min(px1, tx1), max(py2, ty2) - min(py1, ty1)
    diagonal = hw * hw + hh * hh
    distance = ((px1 + px2 - tx1 - tx2) / 2) ** 2 + ((py1 + py2 - ty1 - ty2) / 2) ** 2
    iou = inter / union if union else Fraction(0)
    away = distance / diagonal if diagonal else Fraction(0)
    return {
        "px1 ? tx1": _sign(px1, tx1),
        "py1 ? ty1": _sign(py1, ty1),
        "px2 ? tx2": _sign(px2, tx2),
        "py2 ? ty2": _sign(py2, ty2),
        "overlap in x ? 0": _sign(ox),
        "overlap in y ? 0": _sign(oy),
        "pred width ? 0": _sign(pw),
        "pred height ? 0": _sign(ph),
        "target width ? 0": _sign(tw),
        "target height ? 0": _sign(th),
        "intersection ? 0": _sign(inter),
        "union ? 0": _sign(union),
        "hull ? 0": _sign(hw * hh),
        "diagonal ? 0": _sign(diagonal),
        "distance ? 0": _sign(distance),
        "pred aspect ? target aspect": _sign(pw * th, tw * ph),
        "IoU ? 1/2": _sign(iou, Fraction(1, 2)),
        "IoU ? 1": _sign(iou, Fraction(1)),
        "1 - IoU + distance ? ceiling 2": _sign(1 - iou + away, Fraction(2)),
        "pred height ? floor 1e-7": _sign(ph, Fraction(1e-7)),
        "target height ? floor 1e-7": _sign(th, Fraction(1e-7)),
        "union ? floor 1e-6": _sign(union, Fraction(1e-6)),
        "hull ? floor 1e-16": _sign(hw * hh, Fraction(1e-16)),
        "IoU ? floor 1e-6": _sign(iou, Fraction(1e-6)),
    }


def _sign(left: Fraction, right: Fraction | int = 0) -> str:
    return "<" if left < right else ">" if left > right else "="
