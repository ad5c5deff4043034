"""What a wrong loss of rows of similarities may be instead, and known reasons for NaN."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crossval.catalog import losses, programs
from crossval.checks.angular_hypotheses import DECLARE, Changed
from crossval.checks.causes import Pattern, Situation
from crossval.checks.hypotheses import Estimate, Prediction
from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition
from crossval.oracles.vector_columns import largest_logit

__all__ = ["SIMILARITY_PATTERNS", "similarity_slips"]

_ROUNDOFF = 2.0**-53
_TEMPERATURES = (0.07, 0.1, 0.5, 1.0, 0.05, 0.2)


def similarity_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of similarities, the likeliest first."""
    for words, changed in _otherwise(spec):
        yield _prediction(oracle, changed, columns, upstream, words, DECLARE)
    width = columns.shape[1] // 2
    same = columns[:, width:]
    for words, fix, moved in (
        (
            "what is left out counts as a negative, the anchor itself too",
            "leave out what is not to be compared",
            np.where(same < 0, 0.0, same),
        ),
        (
            "positives and negatives are exchanged",
            "1 is a positive",
            np.where(same < 0, same, 1 - same),
        ),
    ):
        other = np.hstack([columns[:, :width], moved])
        yield _prediction(oracle, spec, other, upstream, words, fix)


def _prediction(
    oracle: Oracle,
    spec: Definition,
    columns: np.ndarray,
    upstream: np.ndarray,
    words: str,
    fix: str,
) -> Prediction:
    """Return the results of a definition, and how far rounding moves them."""
    value, grad = oracle.kernel(spec, columns, upstream)
    bounds = oracle.rounding_bound(spec, columns, upstream, dtype="float64")
    moves = [np.where(np.isfinite(b), b, 0.0) / _ROUNDOFF for b in bounds]
    return Prediction(words, fix, value, grad, moves=(moves[0], moves[1]))


def _otherwise(spec: Definition) -> Iterator[tuple[str, Changed]]:
    """Yield other definitions, in words: other programs, and other values of the constants."""
    loss = programs()[spec.program]["loss"]
    entry, given = losses()[loss], spec.constants
    chosen = entry["program"]
    if not isinstance(chosen, str):
        for value, program in chosen["values"].items():
            if program != spec.program:
                about = entry["axes"][chosen["axis"]]["values"][value]["doc"]
                yield f"{chosen['axis']} is {value!r}: {about}", Changed(spec, {}, program)
    for name, axis in entry["axes"].items():
        for value, about in axis["values"].items():
            sets = {k: float(v) for k, v in about.get("set", {}).items() if k in given}
            if any(given[k] != v for k, v in sets.items()):
                yield f"{name} is {value!r}: {about['doc']}", Changed(spec, sets)
    if given.get("base_temperature"):
        yield "no factor of the temperature", Changed(spec, {"base_temperature": 0.0})
    for temperature in _TEMPERATURES if "temperature" in given else ():
        if temperature != given["temperature"]:
            yield f"the temperature is {temperature:g}", Changed(spec, {"temperature": temperature})
        if "base_temperature" in given and temperature != given["base_temperature"]:
            words = f"the loss is multiplied by the temperature over {temperature:g}"
            yield words, Changed(spec, {"base_temperature": temperature})


def _kinds(s: Situation) -> np.ndarray:
    return np.split(s.row, 2)[1]


def _largest(s: Situation) -> float:
    similarities, same = np.split(s.row, 2)
    kept = np.abs(similarities[same >= 0])
    return largest_logit(float(kept.max(initial=0.0)), s.constants)


SIMILARITY_PATTERNS = (
    Pattern(
        "no-positives",
        lambda s: not (_kinds(s) == 1).any(),
        "the positives of an anchor that has none are divided by, or their logarithm taken",
        "replace a number of 0 before dividing, or leave such anchors out",
    ),
    Pattern(
        "no-negatives",
        lambda s: not (_kinds(s) == 0).any(),
        "the log-sum-exp of no negative is minus infinity, and its slope NaN",
        "replace what an anchor without negatives has before the logarithm is taken",
    ),
    Pattern(
        "exp-overflow",
        lambda s: _largest(s) > np.log(s.number.largest),
        "the exponential of a similarity, scaled, exceeds the format's range",
        "take the largest from all before exponentials are taken: logsumexp",
    ),
)
