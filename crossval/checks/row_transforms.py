"""What becomes of a loss of rows whose logits or softmax are treated otherwise, with what number.

A softmax too many or too few, a temperature, another amount of smoothing, a part of the formula
that the gradient leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from crossval.checks.hypotheses import Estimate, Prediction
from crossval.checks.row_terms import CROSS_ENTROPY, Pair, Rows, log_softmax

__all__ = [
    "TEMPERATURES",
    "detached",
    "focal",
    "logarithm_missing",
    "other_amounts",
    "saying",
    "softmax_missing",
    "softmax_twice",
    "tempered",
    "with_a_margin",
]

TEMPERATURES = (0.01, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.05, 1.1, 1.25, 1.5)
TEMPERATURES += (2.0, 3.0, 4.0, 5.0, 8.0, 10.0, 16.0, 20.0, 30.0, 64.0, 100.0)
_SMOOTHINGS = (0.001, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.9)
_PENALTIES = (1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 1e-2, 0.1, 1.0)
_POWERS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
_MARGINS = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 1.0, 2.0)


def softmax_twice(rows: Rows) -> Iterator[Prediction]:
    """Take the softmax of a softmax."""
    p = np.exp(log_softmax(rows.logits))
    value, gradient = rows.kernel(rows.with_logits(p))
    slopes = gradient[:, : rows.classes]
    slopes = p * (slopes - (slopes * p).sum(axis=1, keepdims=True))
    words = "the softmax is taken twice: probabilities are given where logits are expected"
    yield Prediction(words, "pass the logits", value, rows.by_logits(slopes))


def logarithm_missing(rows: Rows) -> Iterator[Prediction]:
    """Read the probability itself where its logarithm is meant."""
    p, asked = np.exp(log_softmax(rows.logits)), rows.asked
    dot = (asked * p).sum(axis=1, keepdims=True)
    slopes = -p * (asked - dot) * rows.upstream[:, None]
    words = "the logarithm is missing: the target's probability is negated instead"
    fix = "take log_softmax; nll_loss expects logarithms"
    yield Prediction(words, fix, -dot[:, 0], rows.by_logits(slopes))


def softmax_missing(rows: Rows) -> Iterator[Prediction]:
    """Read the logit itself where its log-softmax is meant."""
    asked, logits = rows.asked, np.where(np.isfinite(rows.logits), rows.logits, 0.0)
    unknown = np.full(rows.columns.shape, np.nan)  # that of a detached log-sum-exp, see below
    words = "the log-softmax is missing: the target's logit is negated instead"
    fix = "take log_softmax; nll_loss expects logarithms of probabilities"
    yield Prediction(words, fix, -(asked * logits).sum(axis=1), unknown)


def detached(rows: Rows) -> Iterator[Prediction]:
    """Differentiate one of the two terms of log-sum-exp less logit, the value being right."""
    value, asked, up = rows.kernel()[0], rows.asked, rows.upstream[:, None]
    p = np.exp(log_softmax(rows.logits)) * asked.sum(axis=1, keepdims=True)
    parts = {
        "the log-sum-exp has no part in it, missing or detached: only the logit's term is": -asked,
        "the target's logit has no part in it, missing or detached: this is the softmax": p,
    }
    for words, slopes in parts.items():
        fix = "differentiate both terms, the log-sum-exp and the logit"
        yield Prediction(words, fix, value, rows.by_logits(slopes * up))


def other_amounts(rows: Rows) -> Iterator[Estimate]:
    """Smooth by another amount, or penalise the log-sum-exp by one."""
    declared = rows.spec.constants["label_smoothing"]
    for over, which in ((0.0, "all classes"), (1.0, "the other classes")):
        if rows.spec.constants["classy"]:
            continue
        yield Estimate(
            saying(f"label_smoothing is {{}} over {which}, not {declared:g}"),
            "pass the declared label_smoothing, or declare this one with --set label_smoothing=...",
            lambda amount, over=over: rows.kernel(label_smoothing=amount, over_others=over),
            _SMOOTHINGS,
        )
    penalty = rows.spec.constants["z_loss"]
    yield Estimate(
        saying(f"z_loss is {{}}, not {penalty:g}"),
        "pass the declared z_loss, or declare this one with --set z_loss=...",
        lambda amount: rows.kernel(z_loss=amount),
        _PENALTIES,
    )


def tempered(rows: Rows) -> Iterator[Estimate]:
    """Divide logits by a temperature."""

    def predict(temperature: float) -> Pair:
        value, gradient = rows.kernel(rows.with_logits(rows.logits / temperature))
        gradient = gradient.copy()
        gradient[:, : rows.classes] /= temperature
        return value, gradient

    yield Estimate(
        saying("logits are divided by a temperature of {}"),
        "pass the logits as they are",
        predict,
        TEMPERATURES,
    )


def focal(rows: Rows) -> Iterator[Estimate]:
    """Multiply by a power of 1 - p, as focal loss does."""
    if not _is_plain(rows):
        return
    log_p = log_softmax(rows.logits)
    here = np.arange(len(log_p)), rows.target
    own = log_p[here]
    rest, p = -np.expm1(own), np.exp(own)
    weight = rows.weights[rows.target]
    goal = rows.goal

    def predict(power: float) -> Pair:
        value = -weight * rest**power * own
        by_log_p = weight * (power * rest ** (power - 1) * p * own - rest**power)
        slopes = (by_log_p * rows.upstream)[:, None] * (goal - np.exp(log_p))
        return value, rows.by_logits(slopes)

    yield Estimate(
        saying("the loss is multiplied by (1 - p)^{}, as focal loss does"),
        "return the cross-entropy itself",
        predict,
        _POWERS,
    )


def with_a_margin(rows: Rows) -> Iterator[Estimate]:
    """Subtract a margin from the target's logit."""
    if not rows.labelled or (rows.has(CROSS_ENTROPY) and not _is_plain(rows)):
        return

    def predict(margin: float) -> Pair:
        return rows.kernel(rows.with_logits(rows.logits - margin * rows.goal))

    yield Estimate(
        saying("a margin of {} is subtracted from the target's logit"),
        "pass the logits as they are",
        predict,
        _MARGINS,
    )


def _is_plain(rows: Rows) -> bool:
    """Return whether this is the cross-entropy of a class without smoothing or z-loss."""
    return rows.labelled and not rows.taken and rows.spec.constants["z_loss"] == 0


def saying(words: str) -> Callable[[float], str]:
    """Return how an amount is put into words."""
    return lambda amount: words.format(f"{amount:.7g}")
