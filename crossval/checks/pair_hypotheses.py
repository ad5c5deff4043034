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
_LEAST = (0.0, 1e-12, 1e-8, 1e-6)
"""What a norm is at least, where it divides, in practice."""
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
    for words, program, least in _distances(spec):
        other = Changed(spec, {"least_norm": least}, program)
        yield pairs.prediction(words, DECLARE, other)
    parts = (columns.shape[1] - 1) // 2
    if (
        parts > 1 and "eps_difference" in given
    ):  # vectors that are shorter by the root have the mean for their sum
        shorter = pairs.scaled(1 / np.sqrt(parts))
        words = "the mean of the squared differences is taken, not their sum"
        yield shorter.prediction(words, "add up over the coordinates", spec, 1 / np.sqrt(parts))


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
    if spec.constants.get("eps_difference"):
        yield "nothing is added to the differences", {"eps_difference": 0.0}
    for amount in _EPS if "eps_difference" in spec.constants else ():
        yield f"{amount:g} is added to every difference", {"eps_difference": amount}
    for amount in _LEAST if "least_norm" in spec.constants else ():
        yield f"vectors are divided by {amount:g} at least", {"least_norm": amount}
    for margin in _MARGINS:
        yield f"the margin is {margin:g}", {"margin": margin}
    if spec.constants["linear"]:
        for margin in _MARGINS:
            yield f"the margin of similar pairs is {margin:g}", {"positive_margin": margin}


def _distances(spec: Definition) -> Iterator[tuple[str, str, float]]:
    """Yield other distances, in words: their programs, and the least norm that divides."""
    entry = losses()[programs()[spec.program]["loss"]]
    about = entry["axes"]["distance"]["values"]
    for value, program in entry["program"]["values"].items():
        if program != spec.program:
            words = f"distance is {value!r}: {about[value]['doc']}"
            for least in _LEAST if value != "euclidean" else _LEAST[:1]:
                more = f", least_norm {least:g}" if least else ""
                yield words + more, program, least


def _squared(s: Situation) -> float:
    first, second = np.split(s.row[:-1], 2)
    difference = first - second + s.constants.get("eps_difference", 0.0)
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
