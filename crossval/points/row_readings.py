"""Ways in which a target may read rows of logits, or treat its softmax, other than defined."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crossval.points.probes import Arrays, Prediction, Reading, Scaling
from crossval.points.raised_logarithms import OF_BOTH, OF_CLASSES, OF_PROBABILITIES

__all__ = ["PER_CLASS", "READINGS", "SCALINGS", "SOFT_READINGS", "SOFT_SCALINGS", "per_class"]

Pair = tuple[np.ndarray, np.ndarray]


def _tempered(factor: float) -> Reading:
    return Reading(
        f"logits * {factor!r}",
        f"logits are multiplied by {factor:.10g}, a temperature of {1 / factor:.10g}",
        lambda inputs: {**inputs, "logits": factor * inputs["logits"]},
        lambda gradients: {**gradients, "logits": factor * gradients["logits"]},
    )


def _clamped(floor: float) -> Reading:
    """Probabilities that are kept above a floor, so that the loss has a ceiling and goes flat."""

    def after(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
        value, gradients = found
        with np.errstate(divide="ignore"):
            most = -np.log(floor)
        flat = (value > most)[:, None]
        kept = {name: np.where(flat, 0.0, gradient) for name, gradient in gradients.items()}
        return np.minimum(value, most), kept

    return Reading(f"p >= {floor!r}", f"probabilities are at least {floor:.10g}", after=after)


def _clipped(floor: float) -> Reading:
    """Probabilities that are kept away from 0 and from 1."""
    below = _clamped(floor)

    def after(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
        value, gradients = below.after(inputs, upstream, found)
        least = -np.log1p(-floor) if floor < 1 else np.inf
        flat = (value < least)[:, None]
        kept = {name: np.where(flat, 0.0, gradient) for name, gradient in gradients.items()}
        return np.maximum(value, least), kept

    words = f"probabilities are between {floor:.10g} and 1 minus that"
    return Reading(f"{floor!r} <= p <= 1 - {floor!r}", words, after=after)


def _without_last(inputs: Arrays) -> Arrays:
    logits, target = inputs["logits"].copy(), inputs["target"]
    last = logits.shape[1] - 1
    logits[:, last] = -np.inf
    return {**inputs, "logits": logits, "target": np.where(target == last, 0, target)}


def _last_target(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
    """Let a row whose target is the last class read that logit, though no sum does."""
    (value, gradients), logits, target = found, inputs["logits"], inputs["target"]
    here = target == logits.shape[1] - 1
    gradient = np.nan_to_num(gradients["logits"])
    gradient[here, 0] += upstream[here]
    gradient[here, -1] -= upstream[here]
    return value + np.where(here, logits[:, 0] - logits[:, -1], 0.0), {
        **gradients,
        "logits": gradient,
    }


def _shifted(step: int, *, wraps: bool) -> Reading:
    """Read another class than the target."""

    def read(inputs: Arrays) -> Arrays:
        classes, target = inputs["logits"].shape[1], inputs["target"] + step
        target = target % classes if wraps else target.clip(0, classes - 1)
        return {**inputs, "target": target}

    name = f"target {'+' if step > 0 else '-'} {abs(step)}"
    ends = "round the end" if wraps else "at the end the class itself"
    return Reading(f"{name}, {ends}", f"the class {name} is read, {ends}", read, slip=True)


def _softmax(logits: np.ndarray, axis: int = 1) -> np.ndarray:
    with np.errstate(all="ignore"):
        mass = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return mass / mass.sum(axis=axis, keepdims=True)


def _through_softmax(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
    value, gradients = found
    p, slopes = _softmax(inputs["logits"]), gradients["logits"]
    slopes = p * (slopes - (slopes * p).sum(axis=1, keepdims=True))
    return value, {**gradients, "logits": slopes}


def _rest(inputs: Arrays) -> np.ndarray:
    """Return 1 over what the largest probability leaves to the others."""
    with np.errstate(divide="ignore"):
        return 1 / (1 - _softmax(inputs["logits"]).max(axis=1))


def per_class(name: str) -> Reading:
    """Return the reading of a loss that is divided by how many numbers a row of an input has."""

    def over(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
        (value, gradients), classes = found, inputs[name].shape[1]
        return value / classes, {each: gradient / classes for each, gradient in gradients.items()}

    return Reading(
        "divided by C",
        "the loss of a row is divided by the number of classes",
        after=over,
        side="loss",
        divisor=lambda inputs: float(inputs[name].shape[1]),
        slip=True,
        axis="division",
    )


Formula = Callable[[np.ndarray, np.ndarray, np.ndarray], Pair]
"""``formula(logits, one-hot target, upstream)`` gives losses and gradients by the logits."""


def _instead(name: str, words: str, formula: Formula) -> Reading:
    """Another formula in the place of the loss, for targets that are classes."""

    def after(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
        logits, target = inputs["logits"], inputs["target"]
        hot = (np.arange(logits.shape[1]) == target[:, None]).astype(float)
        with np.errstate(all="ignore"):
            # what the definition made of the row's own loss: its class's weight, 0 if ignored
            weight = found[0] / _own(logits, hot)
            weight = np.where(np.isfinite(weight), weight, 1.0)
            value, slopes = formula(logits, hot, (weight * upstream)[:, None])
        return weight * value, {**found[1], "logits": slopes}

    return Reading(name, words, after=after, side="", cancels=_rest, slip=True)


def _own(logits: np.ndarray, hot: np.ndarray) -> np.ndarray:
    """Cross-entropy of each row, to full relative accuracy."""
    here = np.arange(len(logits)), logits.argmax(axis=1)
    below = logits - logits[here][:, None]
    others = np.exp(below)
    others[here] = 0.0
    return np.log1p(others.sum(axis=1)) - (below * hot).sum(axis=1)


def _over_the_batch(logits: np.ndarray, hot: np.ndarray, upstream: np.ndarray) -> Pair:
    below = logits - logits.max(axis=0)
    log_p = below - np.log(np.exp(below).sum(axis=0))
    asked = hot * upstream
    return -(hot * log_p).sum(axis=1), np.exp(log_p) * asked.sum(axis=0) - asked


def _probability(logits: np.ndarray, hot: np.ndarray, upstream: np.ndarray) -> Pair:
    p = _softmax(logits)
    mine = (p * hot).sum(axis=1, keepdims=True)
    return -mine[:, 0], -upstream * mine * (hot - p)


def _logit(logits: np.ndarray, hot: np.ndarray, upstream: np.ndarray) -> Pair:
    return -(logits * hot).sum(axis=1), -hot * upstream


_MISSED = Reading(
    "without the last class",
    "the sum over classes misses the last one",
    _without_last,
    after=_last_target,
    slip=True,
)
_TWICE = Reading(
    "softmax taken twice",
    "the softmax is taken twice: probabilities are given where logits are expected",
    lambda inputs: {**inputs, "logits": _softmax(inputs["logits"])},
    after=_through_softmax,
    side="",
    cancels=_rest,
    slip=True,
)
PER_CLASS = per_class("logits")
READINGS = (
    _MISSED,
    _TWICE,
    PER_CLASS,
    _shifted(-1, wraps=True),
    _shifted(1, wraps=True),
    _shifted(-1, wraps=False),
    _instead(
        "softmax over the batch",
        "the softmax is taken over the batch (dim 0), not over the classes",
        _over_the_batch,
    ),
    _instead(
        "logarithm missing",
        "the target's probability is negated: its logarithm is missing",
        _probability,
    ),
    _instead("log-softmax missing", "the target's logit is negated: no softmax is taken", _logit),
)
SOFT_READINGS = (_TWICE, PER_CLASS)

_FLOORS = (1e-7, 1e-8, 1e-6, 1e-10, 1e-12, 1e-15, 1e-20, 1e-30, 2.0**-52, 2.0**-126)
_SCALE = Scaling("scale of logits", _tempered, (0.5, 2.0), 1e-4, 1e4)
SCALINGS = (
    Scaling("floor of p", _clamped, _FLOORS),
    Scaling("floor of p and 1 - p", _clipped, _FLOORS),
    OF_CLASSES,
    _SCALE,
)
SOFT_SCALINGS = (OF_PROBABILITIES, OF_BOTH, _SCALE)
