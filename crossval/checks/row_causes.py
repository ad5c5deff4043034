"""Known reasons for NaN and infinity in losses of rows of logits."""

from __future__ import annotations

import numpy as np

from crossval.checks.causes import Pattern, Situation


def _logits(s: Situation) -> np.ndarray:
    """Return the logits of a row whose target is a class or one probability a logit."""
    width = len(s.row)
    return s.row[: width // 2] if _soft(s) else s.row[: width - 1]


def _soft(s: Situation) -> bool:
    return len(s.row) % 2 == 0


def _ruled_out(s: Situation) -> bool:
    return bool(np.isneginf(_logits(s)).any())


def _overflows(s: Situation) -> bool:
    return float(np.max(_logits(s))) > np.log(s.number.overflow)


def _all_underflow(s: Situation) -> bool:
    return float(np.max(_logits(s))) < np.log(s.number.tiny)


def _share_underflows(s: Situation) -> bool:
    logits = _logits(s)
    asked = s.row[len(logits) :] > 0 if _soft(s) else [int(s.row[-1])]
    there = logits[asked]
    return float(np.max(logits) - np.min(there)) > -np.log(s.number.tiny)


ROW_PATTERNS = (
    Pattern(
        "exp-overflow",
        _overflows,
        "the exponential of the largest logit exceeds the format's range",
        "subtract the row's largest logit first, or use log_softmax",
    ),
    Pattern(
        "exp-underflow",
        _all_underflow,
        "the exponentials of all logits round to 0, and so does their sum",
        "subtract the row's largest logit first, or use log_softmax",
    ),
    Pattern(
        "times-infinity",
        _ruled_out,
        "a logit of -inf has log-probability -inf, and 0 times -inf is NaN",
        "read the target's log-probability instead of multiplying all of them by a mask",
    ),
    Pattern(
        "log-of-0",
        _share_underflows,
        "the target's softmax rounds to 0, and its logarithm is taken",
        "take log_softmax: the difference of the logits less the log-sum-exp",
    ),
)
