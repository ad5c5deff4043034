"""Known reasons for NaN and infinity in losses of rows of logits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crossval.checks.causes import Pattern, Situation, power_of_0

__all__ = ["LABELLED_PATTERNS", "SOFT_PATTERNS"]

Parts = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Splits a row into its logits and those among them that the target asks for."""


def _labelled(row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return row[:-1], row[[int(row[-1])]]


def _soft(row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    logits, goal = np.split(row, 2)
    return logits, logits[goal > 0]


def _patterns(parts: Parts) -> tuple[Pattern, ...]:
    def largest(s: Situation) -> float:
        return float(np.max(parts(s.row)[0]))

    def certain(s: Situation) -> bool:
        logits, asked = parts(s.row)
        if not asked.size or not np.isfinite(np.max(logits)):
            return False
        weights = np.exp(logits - np.max(logits))
        others = (np.sum(weights) - np.max(weights)) / np.sum(weights)
        return bool(np.max(asked) == np.max(logits) and others <= s.number.roundoff)

    def share_underflows(s: Situation) -> bool:
        least = np.min(parts(s.row)[1], initial=np.inf)  # infinite where nothing is asked
        return largest(s) - float(least) > -np.log(s.number.tiny)

    def overflows(s: Situation) -> bool:
        return largest(s) > np.log(s.number.largest)

    def all_underflow(s: Situation) -> bool:
        return largest(s) < np.log(s.number.tiny)

    def ruled_out(s: Situation) -> bool:
        return bool(np.isneginf(parts(s.row)[0]).any())

    first = "subtract the row's largest logit first, or use log_softmax"
    return (
        power_of_0(
            "the base of the modulator, 1 - p of the target's class,",
            certain,
            "take the power as exp(gamma log(1 - p)), log(1 - p) from the logits of the others",
        ),
        Pattern(
            "log-of-0",
            share_underflows,
            "the target's softmax rounds to 0, and its logarithm is taken",
            "take log_softmax: the difference of the logits less the log-sum-exp",
        ),
        Pattern(
            "exp-overflow",
            overflows,
            "the exponential of the largest logit exceeds the format's range",
            first,
        ),
        Pattern(
            "exp-underflow",
            all_underflow,
            "the exponentials of all logits round to 0, and so does their sum",
            first,
        ),
        Pattern(
            "times-infinity",
            ruled_out,
            "a logit of -inf has log-probability -inf; in a sum even 0 times -inf is NaN",
            "read the target's log-probability instead of multiplying all of them by a mask",
        ),
    )


LABELLED_PATTERNS = _patterns(_labelled)
SOFT_PATTERNS = _patterns(_soft)
