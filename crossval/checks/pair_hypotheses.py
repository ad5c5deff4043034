"""What a wrong loss of pairs may be instead, and known reasons for NaN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

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
_UNITS = "take them as they are, or declare it"
_SHORT = 1e-3
_NORMS = 8
"""Roundings of a unit vector's numbers, and of a distance of two."""
_ROUNDOFF = 2.0**-53
_MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0, 1.25, 2.0, 5.0)


def pair_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at pairs of vectors, the likeliest first."""
    pairs = _Pairs(oracle, columns, upstream)
    given = spec.constants
    for words, constants in _otherwise(spec):
        if any(given[name] != value for name, value in constants.items()):
            yield pairs.prediction(words, DECLARE, Changed(spec, constants))
    parts = (columns.shape[1] - 1) // 2
    if parts > 1:  # vectors that are shorter by the root have the mean for their sum
        shorter = pairs.scaled(1 / np.sqrt(parts))
        words = "the mean of the squared differences is taken, not their sum"
        yield shorter.prediction(words, "add up over the coordinates", spec, 1 / np.sqrt(parts))
    yield _normalised(pairs, spec)


@dataclass(frozen=True)
class _Pairs:
    """Where slips are tried."""

    oracle: Oracle
    columns: np.ndarray
    upstream: np.ndarray

    def scaled(self, factor: float) -> _Pairs:
        """Return the same of vectors times a factor."""
        moved = np.hstack([factor * self.columns[:, :-1], self.columns[:, -1:]])
        return replace(self, columns=moved)

    def prediction(self, words: str, fix: str, spec: Any, factor: float = 1.0) -> Prediction:
        """Return the results of a definition, and how far rounding moves them."""
        value, grad = self.oracle.kernel(spec, self.columns, self.upstream)
        moves = self.moves(spec)
        return Prediction(words, fix, value, factor * grad, moves=(moves[0], factor * moves[1]))

    def moves(self, spec: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return by how much results move for a relative change of 1 in what is computed with."""
        bounds = self.oracle.rounding_bound(spec, self.columns, self.upstream, dtype="float64")
        value, grad = (np.where(np.isfinite(b), b, 0.0) / _ROUNDOFF for b in bounds)
        return value, grad


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


def _normalised(pairs: _Pairs, spec: Definition) -> Prediction:
    """Return results of unit vectors, and nothing where one has hardly a length."""
    halves = np.split(pairs.columns[:, :-1], 2, axis=1)
    with np.errstate(all="ignore"):
        lengths = [np.sqrt((x * x).sum(axis=1, keepdims=True)) for x in halves]
        units = [x / length for x, length in zip(halves, lengths, strict=True)]
        moved = replace(pairs, columns=np.hstack([*units, pairs.columns[:, -1:]]))
        found = moved.prediction("the vectors are normalised first", _UNITS, spec)
        bars = np.split(found.gradient[:, :-1], 2, axis=1)
        back = [
            (bar - unit * (unit * bar).sum(axis=1, keepdims=True)) / length
            for bar, unit, length in zip(bars, units, lengths, strict=True)
        ]
    short = np.minimum(*lengths)[:, 0] < _SHORT
    assert found.moves is not None
    room = np.abs(found.moves[1]) / np.maximum(np.minimum(*lengths), _SHORT)
    return replace(
        found,
        value=np.where(short, np.nan, found.value),
        gradient=np.where(short[:, None], np.nan, np.hstack([*back, np.zeros((len(short), 1))])),
        moves=(_NORMS * (1 + found.moves[0]), _NORMS * (1 + room)),
    )


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
