"""Σ|terms| of losses of single numbers whose terms may cancel, for an upstream of 1.

Values first, then gradients by column. What is not listed has no terms that cancel: its bars are
ulp of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

__all__ = ["TERMS"]

Sizes = tuple[np.ndarray, np.ndarray]


def _shares(target: np.ndarray, c: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    down, up = c["label_smoothing"] * c["lost"], c["label_smoothing"] * c["raised"]
    return target * (1 - down) + (1 - target) * up, target * down + (1 - target) * (1 - up)


def bce(columns: np.ndarray, c: Mapping[str, float]) -> Sizes:
    """Both classes pull at a logit: they are in balance where its sigmoid is the target."""
    x, target = columns.T
    goal, rest = _shares(target, c)
    left = np.exp(-np.abs(x))
    rise, fall = np.where(x >= 0, 1, left) / (1 + left), np.where(x >= 0, left, 1) / (1 + left)
    return np.zeros_like(x), np.stack([rest * rise + goal * fall, np.zeros_like(x)], axis=1)


def bce_probs(columns: np.ndarray, c: Mapping[str, float]) -> Sizes:
    """Without smoothing and eps the slope is p - t over a product; those come to it as terms."""
    p, target = columns.T
    goal, rest = _shares(target, c)
    kept, eps = p, c["added"]
    if c["clip"]:
        kept = np.clip(p, c["clip"], 1 - c["clip"])
    amount = c["label_smoothing"]
    moved = target * amount * c["lost"] + (1 - target) * amount * c["raised"]
    numerator = np.abs(kept - target) + moved + eps * (goal + rest)
    low, high = kept + eps, 1 - kept + eps
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = np.where(moved + eps > 0, numerator / low / high, 0.0)
        value = eps * (rest / high + goal / low)
    slope, value = (np.nan_to_num(x, nan=0.0, posinf=0.0) for x in (slope, value))
    return value, np.stack([slope, np.zeros_like(p)], axis=1)


TERMS: dict[str, Callable[[np.ndarray, Mapping[str, float]], Sizes]] = {
    "bce": bce,
    "bce_probs": bce_probs,
}
"""By program."""
