"""What a wrong class-balanced loss of images may be instead, and reasons for NaN and infinity."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crossval.checks.causes import Pattern, Situation
from crossval.checks.hypotheses import Estimate, Prediction
from crossval.oracles.elementwise import Oracle
from crossval.oracles.row_columns import RowColumns
from crossval.oracles.texts import Definition

__all__ = ["IMAGE_PATTERNS", "image_slips"]


def image_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of columns, the likeliest first."""
    assert isinstance(oracle, RowColumns)
    logits, target = np.split(columns, 2, axis=1)
    pixels = logits.shape[1]
    weight = np.ones(pixels) if oracle.weights is None else np.array(oracle.weights)
    positives, negatives = weight * target, weight * (1 - target)
    whole = weight.sum()
    ahead = negatives.sum(axis=1) / whole
    behind = spec.constants["negative_factor"] * positives.sum(axis=1) / whole

    def balanced(of_positives: np.ndarray, of_negatives: np.ndarray) -> tuple:
        above, below = of_positives[:, None] * positives, of_negatives[:, None] * negatives
        small = np.exp(-np.abs(logits))
        rise = np.where(logits >= 0, 1, small) / (1 + small)
        fall = np.where(logits >= 0, small, 1) / (1 + small)
        tail = np.log1p(small)
        value = above * (np.maximum(-logits, 0) + tail) + below * (np.maximum(logits, 0) + tail)
        slope = (below * rise - above * fall) * upstream[:, None]
        return value.sum(axis=1), np.hstack([slope, np.full_like(slope, np.nan)])

    ones = np.ones(len(logits))
    others = {
        "the two classes' weights are exchanged: positives are weighed by their own share": (
            behind,
            ahead,
        ),
        "the classes are not balanced": (ones, ones),
        "only positives are weighed": (ahead, ones),
        "the weights are those of the whole batch, not of each image": (
            np.full_like(ahead, ahead.mean()),
            np.full_like(behind, behind.mean()),
        ),
        "positives are weighed by negatives over positives, negatives by 1": (
            ahead / np.where(behind > 0, behind, np.nan),
            ones,
        ),
    }
    fix = "weigh each class by the share of the other in its own image"
    with np.errstate(all="ignore"):
        for words, weights in others.items():
            yield Prediction(words, fix, *balanced(*weights))
        value, gradient = oracle.kernel(spec, columns, upstream)
        yield Prediction(
            "the loss of an image is divided by its pixels",
            "divide by the number of images",
            value / pixels,
            gradient / pixels,
        )


def _saturates(s: Situation) -> bool:
    logits = np.split(s.row, 2)[0]
    return bool((logits > -np.log(s.number.roundoff)).any())


def _underflows(s: Situation) -> bool:
    logits = np.split(s.row, 2)[0]
    return bool((logits < np.log(s.number.tiny)).any())


def _one_class(s: Situation) -> bool:
    target = np.split(s.row, 2)[1]
    return not target.any() or bool((target == 1).all())


_LOGARITHM = "use max(x, 0) + log1p(exp(-|x|)), or logsigmoid"
IMAGE_PATTERNS = (
    Pattern("no-positives", _one_class, "a class that no pixel has is divided by", "skip it"),
    Pattern("log-of-1-p", _saturates, "the logarithm of 1 - p is taken where p is 1", _LOGARITHM),
    Pattern("log-of-0", _underflows, "the logarithm of a sigmoid that is 0 is taken", _LOGARITHM),
)
