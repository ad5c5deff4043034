"""The amount that many add to a probability before its logarithm, as a reading of row losses.

Any loss of a class that multiplies one logarithm, such as cross-entropy and the focal losses, is
changed by the same factor in its value; of probabilities it is each term's own logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from crossval.points.probes import Arrays, Prediction, Reading, Scaling

__all__ = ["OF_BOTH", "OF_CLASSES", "OF_PROBABILITIES"]

_AMOUNTS = (1e-8, 1e-7, 1e-6, 1e-10, 1e-12, 1e-5, 1e-16, 2.0**-23)
_MOST = 0.5
_NEAR = 2.0**-30
_CONFIDENT = 2.0**-20


@dataclass(frozen=True)
class _Rows:
    """A softmax, with an amount added to it.

    Attributes
    ----------
    log_p, raised : (n, c) array
        Logarithms of the softmax, without the amount and with it.
    kept : (n, c) array
        The share of the softmax in the sum of both: the derivative of one by the other.
    """

    log_p: np.ndarray
    raised: np.ndarray
    kept: np.ndarray

    def by_logits(self, slopes: np.ndarray) -> np.ndarray:
        """Return gradients by the logits, from those by the logarithms of the softmax."""
        return slopes - np.exp(self.log_p) * slopes.sum(axis=1, keepdims=True)


def _rows(logits: np.ndarray, eps: float) -> _Rows:
    here = np.arange(len(logits)), logits.argmax(axis=1)
    below = logits - logits[here][:, None]
    others = np.exp(below)
    others[here] = 0.0
    log_p = below - np.log1p(others.sum(axis=1, keepdims=True))
    raised = np.logaddexp(log_p, np.log(eps))
    return _Rows(log_p, raised, np.exp(log_p - raised))


def _of_class(eps: float) -> Reading:
    def after(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
        value, gradients = found
        rows, target = _rows(inputs["logits"], eps), inputs["target"]
        here = np.arange(len(target)), np.clip(target, 0, inputs["logits"].shape[1] - 1)
        log_p, raised, kept = (part[here] for part in (rows.log_p, rows.raised, rows.kept))
        hot = np.zeros_like(rows.log_p)
        hot[here] = 1.0
        way = rows.by_logits(hot)
        with np.errstate(all="ignore"):
            times = _multiplied(value, log_p)
            ratio = raised / log_p
            # m (-log p) has become m (-log(p + eps)), and its slope likewise
            more = times * (ratio - kept) * upstream
            slopes = ratio[:, None] * gradients["logits"] + more[:, None] * way
            certain = (times * upstream * -kept)[:, None] * way
            slopes = np.where(log_p[:, None] == 0, certain, slopes)
            changed = np.where(value == 0, times * -raised, ratio * value)
            if not _is_of_class(gradients["logits"], way):
                changed = np.full_like(changed, np.nan)  # of other losses there is no such reading
        return changed, {**gradients, "logits": slopes}

    words = f"{eps:.10g} is added to p before its logarithm"
    return Reading(f"p + {eps!r}", words, after=after)


def _multiplied(value: np.ndarray, log_p: np.ndarray) -> np.ndarray:
    """Return what multiplies -log p; where p is 1, the same as everywhere, or else 0."""
    times = value / -log_p
    known = times[np.isfinite(times)]
    constant = len(known) and np.ptp(known) <= _NEAR * np.abs(known).max()
    return np.where(np.isfinite(times), times, known[0] if constant else 0.0)


def _is_of_class(gradient: np.ndarray, way: np.ndarray) -> bool:
    """Whether gradients have the direction of the logarithm of one probability."""
    along = (gradient * way).sum(axis=1) / (way * way).sum(axis=1)
    off = np.abs(gradient - along[:, None] * way).max(axis=1)
    seen = np.abs(way).max(axis=1) > _CONFIDENT
    return bool((off <= _NEAR * np.abs(gradient).max(axis=1))[seen].all())


def _of_all(eps: float, *, target_too: bool) -> Reading:
    def after(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
        value, gradients = found
        rows, q = _rows(inputs["logits"], eps), inputs["target"]
        out = upstream[:, None]
        changed = value + _summed(q, rows.log_p - rows.raised)
        by_logits = rows.by_logits(-q * rows.kept) * out
        by_target = gradients["target"] + (rows.log_p - rows.raised) * out
        with np.errstate(all="ignore"):
            entropy = _summed(q, np.log(q))
            if target_too:
                changed = changed + _summed(q, np.log1p(eps / q))
                by_target = by_target + (np.log1p(eps / q) - eps / (q + eps)) * out
        cross = -_summed(q, rows.log_p)
        fits = (entropy + cross,) if target_too else (cross, entropy + cross)
        if not any(_close(value, each) for each in fits):
            changed = np.full_like(changed, np.nan)
        return changed, {**gradients, "logits": by_logits, "target": by_target}

    if target_too:
        words = f"{eps:.10g} is added to p and to the target before their logarithms"
        return Reading(f"p + {eps!r}, target + {eps!r}", words, after=after)
    words = f"{eps:.10g} is added to p before its logarithm"
    return Reading(f"p + {eps!r}", words, after=after)


def _summed(q: np.ndarray, logarithm: np.ndarray) -> np.ndarray:
    return np.where(q == 0, 0.0, q * logarithm).sum(axis=1)


def _close(value: np.ndarray, other: np.ndarray) -> bool:
    return bool((np.abs(value - other) <= _NEAR * (1 + np.abs(other))).all())


OF_CLASSES = Scaling("amount added to p", _of_class, _AMOUNTS, 0.0, _MOST)
OF_PROBABILITIES = Scaling(
    "amount added to p", partial(_of_all, target_too=False), _AMOUNTS, 0.0, _MOST
)
OF_BOTH = Scaling(
    "amount added to p and target", partial(_of_all, target_too=True), _AMOUNTS, 0.0, _MOST
)
