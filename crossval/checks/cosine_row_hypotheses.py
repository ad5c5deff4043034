"""What a wrong head over given cosines may be instead, and known reasons for NaN."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from crossval.catalog import programs
from crossval.checks.angular_hypotheses import DECLARE, Changed, others, otherwise
from crossval.checks.causes import Pattern, Situation
from crossval.checks.hypotheses import Estimate, Prediction
from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition, load

__all__ = ["COSINE_ROW_PATTERNS", "cosine_row_slips"]

Pair = tuple[np.ndarray, np.ndarray]


def cosine_row_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of cosines and a class, the likeliest first."""
    given = spec.constants
    for words, constants in otherwise(spec):
        if any(given[name] != value for name, value in constants.items()):
            found = oracle.kernel(Changed(spec, constants), columns, upstream)
            yield Prediction(words, DECLARE, *found)
    loss = programs()[spec.program]["loss"]
    for words, other in others(spec):
        yield Prediction(words, DECLARE, *oracle.kernel(other, columns, upstream))
    if loss == "arcface_cosine":
        found = oracle.kernel(Changed(spec, {}, "cosface_cosine"), columns, upstream)
        words = "the margin is taken from the cosine, not added to the angle"
        yield Prediction(words, "add it to the angle", *found)
    yield Prediction(
        "every class's cosine has the margin, not the target's alone",
        "put it on the target's cosine alone",
        *_everywhere(spec, columns, upstream),
    )
    for shift, words in ((1, "target + 1"), (-1, "target - 1")):
        moved = columns.copy()
        moved[:, -1] = (moved[:, -1] + shift) % (columns.shape[1] - 1)
        found = oracle.kernel(spec, moved, upstream)
        yield Prediction(f"the class {words} is read", "use target as it is", *found)


def _everywhere(spec: Definition, columns: np.ndarray, upstream: np.ndarray) -> Pair:
    """Return loss and gradient of rows of which every cosine has the margin."""
    logit = Changed(spec, {}, spec.program.replace("_cosine", "_logit"))
    cosine, target = columns[:, :-1], columns[:, -1].astype(np.int64)
    softmax, plain = load("cross_entropy", "numpy"), programs()["cross_entropy"]["constants"]
    with np.errstate(all="ignore"):
        each = load(logit.program, "numpy").grad
        scores, slopes = each(cosine.ravel(), np.ones(cosine.size), **logit.constants)
        scores = np.broadcast_to(scores, cosine.size).reshape(cosine.shape)
        slopes = np.broadcast_to(slopes, cosine.size).reshape(cosine.shape)
        weight = np.ones(cosine.shape[1])
        value, bars = softmax.grad(scores, target, weight, upstream, **plain)
    return value, np.hstack([bars * slopes, np.zeros((len(columns), 1))])


def _cosines(s: Situation) -> np.ndarray:
    return np.abs(s.row[:-1])


_SIZES: tuple[tuple[str, Callable[[Situation], bool], str, str], ...] = (
    (
        "arc-cosine-beyond-1",
        lambda s: bool((_cosines(s) > 1).any()) and not s.of_derivative,
        "the arc cosine, or the root of 1 - c c, of a cosine that rounding left beyond 1 is NaN",
        "cut cosines to [-1, 1]",
    ),
    (
        "slope-at-1",
        lambda s: bool((_cosines(s) >= 1).any()) and s.of_derivative,
        "the slope of the arc cosine and of the sine at a cosine of 1 is infinite; times 0 it is "
        "NaN, for a class too whose result is not taken",
        "take the angle of the target's cosine alone, cut strictly inside of [-1, 1]",
    ),
)
COSINE_ROW_PATTERNS = tuple(Pattern(*each) for each in _SIZES)
