"""Ways in which a target may read single logits, probabilities or scores, other than defined."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crossval.points.probes import Arrays, Prediction, Reading, Scaling

__all__ = ["FLOORS", "NEGATED", "SHARPENED", "SWAPPED", "TURNED", "TWICE"]

Pair = tuple[np.ndarray, np.ndarray]


def _first(inputs: Arrays) -> str:
    """Return the name of the input that is no target."""
    return next(name for name in inputs if name != "target")


def _exchanged(of: Arrays) -> Arrays:
    first = _first(of)
    return {first: of["target"], "target": of[first]}


def _negated(of: Arrays) -> Arrays:
    first = _first(of)
    return {**of, first: -of[first]}


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def _through_sigmoid(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
    value, gradients = found
    x = inputs["logits"]
    return value, {**gradients, "logits": gradients["logits"] * _sigmoid(x) * _sigmoid(-x)}


SWAPPED = Reading("swapped", "its first argument is the target", _exchanged, _exchanged)
NEGATED = Reading("negated", "its first argument has the other sign", _negated, _negated, slip=True)
TURNED = Reading(
    "target 1 - t",
    "the target's two classes are exchanged",
    lambda inputs: {**inputs, "target": 1 - inputs["target"]},
    lambda gradients: {**gradients, "target": -gradients["target"]},
    slip=True,
)
TWICE = Reading(
    "sigmoid taken twice",
    "the sigmoid is taken twice: probabilities are given where logits are expected",
    lambda inputs: {**inputs, "logits": _sigmoid(inputs["logits"])},
    after=_through_sigmoid,
    side="",
    slip=True,
)

Logarithm = Callable[[np.ndarray, float], Pair]
"""``logarithm(p, eps)`` gives minus a logarithm near that of p, and its slope by p."""


def _kept(p: np.ndarray, eps: float) -> Pair:
    inside = (p > eps) & (p < 1 - eps)
    held = np.clip(p, eps, 1 - eps)
    return -np.log(held), np.where(inside, -1 / held, 0.0)


def _raised(p: np.ndarray, eps: float) -> Pair:
    return -np.log(p + eps), -1 / (p + eps)


def _is_plain(inputs: Arrays, value: np.ndarray) -> bool:
    """Whether losses are binary cross-entropy of the logits as they are."""
    x, target = inputs["logits"], inputs["target"]
    own = np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))
    own = own.reshape(len(own), -1).sum(axis=1)
    return bool(np.all(np.abs(value - own) <= 2.0**-30 * (1 + own)))


def _instead(name: str, words: str, logarithm: Logarithm) -> Callable[[float], Reading]:
    """Another logarithm in binary cross-entropy of a sigmoid, without smoothing and weights."""

    def make(eps: float) -> Reading:
        def after(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
            x, target = inputs["logits"], inputs["target"]
            above, below = _sigmoid(x), _sigmoid(-x)
            with np.errstate(all="ignore"):
                (hit, steep), (missed, flat) = logarithm(above, eps), logarithm(below, eps)
                each = target * hit + (1 - target) * missed
                slope = (target * steep - (1 - target) * flat) * above * (1 - above)
                ask = (hit - missed) + 0 * x
            each = each.reshape(len(each), -1).sum(axis=1)
            if not _is_plain(inputs, found[0]):
                each = np.full_like(each, np.nan)  # of another loss there is no such reading
            out = upstream.reshape(-1, *[1] * (x.ndim - 1))
            return each, {**found[1], "logits": slope * out, "target": ask * out}

        return Reading(name.format(repr(eps)), words.format(f"{eps:.10g}"), after=after)

    return make


def _sharpened(factor: float) -> Reading:
    return Reading(
        f"logits * {factor!r}",
        f"logits are multiplied by {factor:.10g}, a temperature of {1 / factor:.10g}",
        lambda inputs: {**inputs, "logits": factor * inputs["logits"]},
        lambda gradients: {**gradients, "logits": factor * gradients["logits"]},
    )


_AMOUNTS = (1e-7, 1e-8, 1e-6, 1e-10, 1e-12, 1e-4, 1e-16, 2.0**-23)
FLOORS = (
    Scaling(
        "floor of p and 1 - p",
        _instead("{0} <= p <= 1 - {0}", "probabilities are between {0} and 1 minus that", _kept),
        _AMOUNTS,
        0.0,
        0.5,
    ),
    Scaling(
        "amount added to p and 1 - p",
        _instead("p + {0}", "{0} is added to both probabilities before their logarithms", _raised),
        _AMOUNTS,
        0.0,
        0.5,
    ),
)
SHARPENED = Scaling("scale of logits", _sharpened, (0.5, 2.0), 1e-4, 1e4)
