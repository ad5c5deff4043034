"""What a wrong loss of pairs may be instead, and known reasons for NaN."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crossval.catalog import losses, programs
from crossval.checks.angular_hypotheses import DECLARE, Changed
from crossval.checks.causes import Pattern, Situation
from crossval.checks.hypotheses import Estimate, Prediction
from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition

__all__ = ["PAIR_PATTERNS", "pair_slips"]

_EPS = (1e-6, 1e-8, 1e-12, 1e-7)
"""What is added to a difference in practice."""
_MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0, 1.25, 2.0, 5.0)


def pair_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at pairs of vectors, the likeliest first."""
    given = spec.constants
    for words, constants in _otherwise(spec):
        if any(given[name] != value for name, value in constants.items()):
            found = oracle.kernel(Changed(spec, constants), columns, upstream)
            yield Prediction(words, DECLARE, *found)
    value, grad = oracle.kernel(spec, columns, upstream)
    parts = (columns.shape[1] - 1) // 2
    if parts > 1:
        # the mean of squares is the squared distance of vectors that are shorter by the root
        yield Prediction(
            "the mean of the squared differences is taken, not their sum",
            "add up over the coordinates",
            *_of(oracle, spec, columns, upstream, 1 / np.sqrt(parts)),
        )
    yield Prediction(
        "the vectors are normalised first",
        "take them as they are, or declare it",
        *_normalised(oracle, spec, columns, upstream),
    )
    yield Prediction(
        "the second vector has no gradient: it is detached",
        "differentiate by both",
        value,
        np.hstack([grad[:, :parts], np.zeros((len(grad), parts + 1))]),
    )


def _otherwise(spec: Definition) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield other values of the constants, in words: those of every axis, then usual amounts."""
    axes = losses()[programs()[spec.program]["loss"]]["axes"]
    for name, axis in axes.items():
        for value, about in axis["values"].items():
            sets = {k: float(v) for k, v in about.get("set", {}).items() if k in spec.constants}
            if sets:
                yield f"{name} is {value!r}: {about['doc']}", sets
    if spec.constants["eps_difference"]:
        yield "nothing is added to the differences", {"eps_difference": 0.0}
    for amount in _EPS:
        yield f"{amount:g} is added to every difference", {"eps_difference": amount}
    for margin in _MARGINS:
        yield f"the margin is {margin:g}", {"margin": margin}
    if spec.constants["linear"]:
        for margin in _MARGINS:
            yield f"the margin of similar pairs is {margin:g}", {"positive_margin": margin}


def _of(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray, factor: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return results of vectors times a factor."""
    moved = np.hstack([factor * columns[:, :-1], columns[:, -1:]])
    value, grad = oracle.kernel(spec, moved, upstream)
    return value, factor * grad


def _normalised(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return results of unit vectors."""
    halves = np.split(columns[:, :-1], 2, axis=1)
    with np.errstate(all="ignore"):
        lengths = [np.sqrt((x * x).sum(axis=1, keepdims=True)) for x in halves]
        units = [x / length for x, length in zip(halves, lengths, strict=True)]
        value, grad = oracle.kernel(spec, np.hstack([*units, columns[:, -1:]]), upstream)
        bars = np.split(grad[:, :-1], 2, axis=1)
        back = [
            (bar - unit * (unit * bar).sum(axis=1, keepdims=True)) / length
            for bar, unit, length in zip(bars, units, lengths, strict=True)
        ]
    return value, np.hstack([*back, np.zeros((len(columns), 1))])


def _squared(s: Situation) -> float:
    first, second = np.split(s.row[:-1], 2)
    difference = first - second + s.constants["eps_difference"]
    with np.errstate(over="ignore"):
        return float((difference * difference).sum())


PAIR_PATTERNS = (
    Pattern(
        "root-of-0",
        lambda s: _squared(s) < s.number.tiny and s.of_derivative,
        "the slope of the root is infinite at a distance of 0; times 0 it is NaN",
        "take the slope of the distance as 0 where the two vectors coincide: replace a square of 0 "
        "before its root is taken, and the root by 0 behind it",
    ),
    Pattern(
        "square-overflow",
        lambda s: _squared(s) > s.number.largest,
        "the squares of the differences exceed the format's range",
        "divide by the largest difference before squares are taken, or compute in a wider format",
    ),
)
