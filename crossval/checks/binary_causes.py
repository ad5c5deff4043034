"""Known reasons for NaN and infinity in losses of two classes."""

from __future__ import annotations

import numpy as np

from crossval.checks.causes import Pattern, Situation, power_of_0

__all__ = ["LOGIT_PATTERNS", "PROBABILITY_PATTERNS"]

_LOGARITHM = "use max(x, 0) + log1p(exp(-|x|)), or logsigmoid"
_BASE = "the base of the modulator, 1 - p_t or |p - t|,"
_POWER = "take it from the logit: of a target of 1, (1 - p)^gamma is exp(-gamma softplus(x))"


def _size(s: Situation) -> float:
    return abs(float(s.row[0]))


def _overflows(s: Situation) -> bool:
    return _size(s) > np.log(s.number.largest)


def _underflows(s: Situation) -> bool:
    """Whether the sigmoid of the logit rounds to 0, and its logarithm left a trace."""
    return not s.sound and float(s.row[0]) < np.log(s.number.tiny)


def _saturates(s: Situation) -> bool:
    """Whether the sigmoid of the logit rounds to 1, and the other logarithm left a trace."""
    return not s.sound and float(s.row[0]) > -np.log(s.number.roundoff)


def _certain(s: Situation) -> bool:
    """Whether the modulator's base rounds to 0: 1 - p_t, of quality focal loss |p - t|."""
    with np.errstate(over="ignore"):
        p, rest = 1 / (1 + np.exp([-s.row[0], s.row[0]]))
    return _apart(s, float(p), float(rest))


def _certain_probability(s: Situation) -> bool:
    return _apart(s, float(s.row[0]), 1 - float(s.row[0]))


def _apart(s: Situation, p: float, rest: float) -> bool:
    target = float(s.row[1])
    parts = target * rest, (1 - target) * p
    gap = abs(parts[1] - parts[0]) if s.loss == "quality_focal" else sum(parts)
    return gap <= s.number.roundoff


LOGIT_PATTERNS = (
    power_of_0(_BASE, _certain, _POWER),
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
    power_of_0(_BASE, _certain_probability, "keep the base above 0 where it is differentiated"),
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
