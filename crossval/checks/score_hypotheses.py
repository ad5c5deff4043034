"""What a wrong loss of scores, or of logarithms of probabilities, may be instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from crossval.checks.causes import Pattern
from crossval.checks.hypotheses import Estimate, Prediction
from crossval.oracles.elementwise import Elementwise, Oracle
from crossval.oracles.texts import Definition

__all__ = ["LOGARITHM_PATTERNS", "SCORE_PATTERNS", "divergence_slips", "score_slips"]


def score_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of scores, the likeliest first."""
    yield from _weightless(oracle, spec, columns, upstream)
    scores, target = columns.T
    doubled = spec.constants.get("doubled")
    others = {
        "labels 0 and 1 are used as they are": {"doubled": 0.0},
        "labels are converted as if they were 0 and 1": {"doubled": 1.0},
        "the margin is 0: the perceptron's loss": {"margin": 0.0},
    }
    for words, constants in others.items():
        if constants.get("doubled") != doubled and constants.keys() <= spec.constants.keys():
            found = oracle.kernel(_Changed(spec, constants), columns, upstream)
            yield Prediction(words, "declare labels and margin as they are meant", *found)
    if doubled is None:
        found = oracle.kernel(spec, np.stack([scores, -target], axis=1), upstream)
        yield Prediction("the two labels are exchanged", "hinge the pairs of label -1", *found)
        return
    value, gradient = oracle.kernel(spec, np.stack([-scores, target], axis=1), upstream)
    flipped = np.stack([-gradient[:, 0], gradient[:, 1]], axis=1)
    yield Prediction("the score's sign is reversed", "subtract side times score", value, flipped)
    value, gradient = oracle.kernel(spec, columns, upstream)
    with np.errstate(all="ignore"):
        root = np.sqrt(value)
        yield Prediction(
            "the square is missing",
            "square what is missing to the margin",
            root,
            gradient / root[:, None] / 2,
        )
        yield Prediction(
            "what is missing to the margin is squared",
            "do not square",
            value**2,
            gradient * 2 * value[:, None],
        )
    yield Prediction("the loss is halved", "leave the factor 1/2 out", value / 2, gradient / 2)


def divergence_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give of a divergence, the likeliest first."""
    yield from _weightless(oracle, spec, columns, upstream)
    first, target = columns.T
    logarithms = spec.program == "kl_div_log"
    with np.errstate(all="ignore"):
        share = np.exp(target) if logarithms else target
        log_share = target if logarithms else np.log(target)
        cross = -_product(share, first)
        slope = np.stack([-share * upstream, np.full_like(share, np.nan)], axis=1)
        yield Prediction(
            "the target's own entropy is missing: this is the cross-entropy",
            "add target times its logarithm",
            cross,
            slope,
        )
        mass = np.exp(first)
        back = mass * (first - log_share)
        slope = mass * (1 + first - log_share) * upstream
        yield Prediction(
            "the two distributions are exchanged: the divergence of the target from the prediction",
            "weigh by the target",
            back,
            np.stack([slope, np.full_like(slope, np.nan)], axis=1),
        )
    value, gradient = oracle.kernel(spec, columns, upstream)
    yield Prediction("the sign is reversed", "take target log - log_probs", -value, -gradient)


def _product(share: np.ndarray, logarithm: np.ndarray) -> np.ndarray:
    return np.where(share == 0, 0.0, share * logarithm)


def _weightless(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction]:
    for name, _ in getattr(oracle, "weights", ()):
        found = Elementwise().kernel(spec, columns, upstream)
        yield Prediction(f"{name} has no effect", f"multiply by {name}", *found, "RL805")


class _Changed:
    """A definition with other constants."""

    def __init__(self, spec: Definition, constants: Mapping[str, float]) -> None:
        self.program, self.constants = spec.program, {**spec.constants, **constants}


SCORE_PATTERNS = (
    Pattern(
        "square-overflow",
        lambda s: s.loss == "squared_hinge" and abs(s.row[0]) ** 2 >= s.number.overflow,
        "the square of this score exceeds the format's range",
        "square in a wider format",
    ),
)
LOGARITHM_PATTERNS = (
    Pattern(
        "log-of-0",
        lambda s: s.row[1] == 0,
        "the logarithm of a target of 0 is taken, and 0 times minus infinity is NaN",
        "let 0 log 0 be 0, as xlogy does",
    ),
)
