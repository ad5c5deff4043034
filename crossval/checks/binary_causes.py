"""Known reasons for NaN and infinity in losses of two classes."""

from __future__ import annotations

import numpy as np

from crossval.checks.causes import Pattern, Situation

__all__ = ["LOGIT_PATTERNS", "PROBABILITY_PATTERNS"]

_LOGARITHM = "use max(x, 0) + log1p(exp(-|x|)), or logsigmoid"


def _size(s: Situation) -> float:
    return abs(float(s.row[0]))


def _overflows(s: Situation) -> bool:
    return _size(s) > np.log(s.number.largest)


def _underflows(s: Situation) -> bool:
    """Whether the sigmoid of the logit rounds to 0: exp of it does."""
    return float(s.row[0]) < np.log(s.number.tiny)


def _saturates(s: Situation) -> bool:
    """Whether the sigmoid of the logit rounds to 1."""
    return float(s.row[0]) > -np.log(s.number.roundoff)


LOGIT_PATTERNS = (
    Pattern(
        "log-of-1-p",
        _saturates,
        "the sigmoid rounds to 1, and the logarithm of 1 less it, 0, is taken",
        _LOGARITHM,
    ),
    Pattern(
        "log-of-0",
        _underflows,
        "the sigmoid rounds to 0, and its logarithm is taken",
        _LOGARITHM,
    ),
    Pattern(
        "exp-overflow",
        _overflows,
        "the exponential of the logit's size exceeds the format's range",
        _LOGARITHM,
    ),
)

PROBABILITY_PATTERNS = (
    Pattern(
        "log-of-0",
        lambda s: s.row[0] == 0,
        "the logarithm of a probability of 0 is taken",
        "clip the probability, or compute from logits",
    ),
    Pattern(
        "log-of-1-p",
        lambda s: 1 - s.row[0] <= s.number.roundoff / 2,
        "the logarithm of 1 - p is taken where p is 1",
        "clip the probability, or compute from logits",
    ),
)
