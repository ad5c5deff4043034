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


def hinge(columns: np.ndarray, c: Mapping[str, float]) -> Sizes:
    """Round the product with a label that is neither -1 nor 1, then subtract."""
    scores, target = columns.T
    side = 2 * target - 1 if c["doubled"] else target
    reach = np.where(np.isin(side, (-1, 0, 1)), 0.0, np.abs(side * scores) + c["margin"])
    return reach, np.zeros_like(columns)


def hinge_embedding(columns: np.ndarray, c: Mapping[str, float]) -> Sizes:
    """Add the distance and what it lacks, for a label of neither kind; slopes of 1 and -1."""
    scores, target = columns.T
    both = ~np.isin(target, (-1, 1))
    slopes = np.stack([np.where(both, 2.0, 0.0), np.zeros_like(scores)], axis=1)
    return np.where(both, 2 * np.abs(scores) + c["margin"], 0.0), slopes


def squared_hinge(columns: np.ndarray, c: Mapping[str, float]) -> Sizes:
    """Carry the error of what is missing into its square and its slope."""
    scores, target = columns.T
    side = 2 * target - 1 if c["doubled"] else target
    reach, _ = hinge(columns, c)
    gap = np.maximum(c["margin"] - side * scores, 0)
    factors = np.abs(np.stack([side, scores * (1 + c["doubled"])], axis=1))
    return 2 * gap * reach, 2 * reach[:, None] * factors


def kl_div(columns: np.ndarray, c: Mapping[str, float]) -> Sizes:
    """Two logarithms, each times the target; by the target each alone, and 1."""
    log_probs, target = columns.T
    with np.errstate(divide="ignore"):
        log = np.where(target > 0, np.abs(np.log(target)), 0.0)
    size = log + np.abs(log_probs)
    return target * size, np.stack([np.zeros_like(target), size + 1], axis=1)


def kl_div_probs(columns: np.ndarray, c: Mapping[str, float]) -> Sizes:
    """By the target: a logarithm, and 1."""
    probs, target = np.maximum(columns, c["clip"]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.nan_to_num(np.abs(np.log(target / probs)), nan=0.0, posinf=0.0)
    return np.zeros_like(target), np.stack([np.zeros_like(target), log + 1], axis=1)


def annealed(columns: np.ndarray, c: Mapping[str, float]) -> Sizes:
    """Add a multiple of the cosine to a logit: where they cancel, each is as large."""
    size = 2 * c["scale"] * c["annealing"] / (1 + c["annealing"])
    slope = np.full_like(columns, 0.0 if c["falls"] else size)  # of one sign where both fall
    return size * np.abs(columns[:, 0]), slope


TERMS: dict[str, Callable[[np.ndarray, Mapping[str, float]], Sizes]] = {
    "bce": bce,
    "bce_probs": bce_probs,
    "hinge": hinge,
    "hinge_embedding": hinge_embedding,
    "squared_hinge": squared_hinge,
    "kl_div": kl_div,
    "kl_div_probs": kl_div_probs,
    **{f"sphereface_logit_{times}": annealed for times in range(1, 6)},
}
"""By program."""
