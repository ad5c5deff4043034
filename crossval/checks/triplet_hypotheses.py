"""What a wrong loss of triplets may be instead, and known reasons for NaN and infinity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from crossval.catalog import losses, programs
from crossval.checks.angular_hypotheses import DECLARE, Changed
from crossval.checks.causes import Pattern, Situation
from crossval.checks.hypotheses import Estimate, Prediction
from crossval.checks.vector_hypotheses import Vectors
from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition

__all__ = ["TRIPLET_PATTERNS", "triplet_slips"]

_EPS = (1e-6, 1e-8, 1e-12, 1e-7)
"""What is added in practice."""
_MARGINS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.35, 0.5, 1.0, 2.0, 5.0)


def triplet_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at triplets of vectors, the likeliest first."""
    triplets = Vectors(oracle, columns, upstream, 3)
    for words, program, constants in _otherwise(spec):
        if program != spec.program:
            other = _Other(program, constants)
            yield triplets.prediction(words, DECLARE, other)
        elif any(spec.constants[name] != value for name, value in constants.items()):
            yield triplets.prediction(words, DECLARE, Changed(spec, constants))
    if triplets.parts > 1:  # vectors that are shorter by the root have the mean for their sum
        factor = 1 / triplets.parts if "squared" not in spec.constants else triplets.parts**-0.5
        words = "the mean over the coordinates is taken, not their sum"
        yield triplets.scaled(factor).prediction(words, "add up over them", spec, factor)
    words = "the vectors are normalised first"
    yield triplets.normalised(words, "take them as they are, or declare it", spec)


@dataclass(frozen=True)
class _Other:
    """Another program."""

    program: str
    constants: Mapping[str, float]


def _otherwise(spec: Definition) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Yield other programs and constants, in words: values of axes, then usual amounts."""
    entry = losses()[programs()[spec.program]["loss"]]
    chosen = entry["program"]["values"]
    for name, axis in entry["axes"].items():
        for value, about in axis["values"].items():
            program = chosen[value] if name == entry["program"]["axis"] else spec.program
            known = {n: float(v) for n, v in programs()[program]["constants"].items()}
            sets = {k: v for k, v in about.get("set", {}).items() if v != "eps"}
            told = {k: float(v) for k, v in sets.items() if k in known}
            kept = {k: v for k, v in spec.constants.items() if k in known and k not in told}
            if program != spec.program:
                yield f"{name} is {value!r}: {about['doc']}", program, {**known, **kept, **told}
            elif told:
                yield f"{name} is {value!r}: {about['doc']}", program, told
    if spec.constants["eps_difference"]:
        yield "nothing is added to the differences", spec.program, {"eps_difference": 0.0}
    for amount in _EPS:
        words = f"{amount:g} is added to every difference"
        yield words, spec.program, {"eps_difference": amount}
    for margin in _MARGINS:
        yield f"the margin is {margin:g}", spec.program, {"margin": margin}


def _squares(s: Situation) -> list[float]:
    """Return the squared distances of the three pairs."""
    anchor, positive, negative = np.split(s.row, 3)
    added = s.constants["eps_difference"]
    with np.errstate(over="ignore"):
        pairs = (anchor - positive, anchor - negative, positive - negative)
        return [float(((d + added) ** 2).sum()) for d in pairs]


TRIPLET_PATTERNS = (
    Pattern(
        "root-of-0",
        lambda s: s.of_derivative and min(_squares(s)) < s.number.tiny,
        "the slope of the root is infinite at a distance of 0; times 0 it is NaN",
        "take the slope of the distance as 0 where the two vectors coincide: replace a square of 0 "
        "before its root is taken, and the root by 0 behind it",
    ),
    Pattern(
        "square-overflow",
        lambda s: max(_squares(s)) > s.number.largest,
        "the squares of the differences exceed the format's range",
        "divide by the largest difference before squares are taken, or compute in a wider format",
    ),
    Pattern(
        "soft-overflow",
        lambda s: s.constants["soft"] > 0 and _lead(s) > np.log(s.number.largest),
        "exp of a difference of distances exceeds the format's range",
        "take max(x, 0) + log1p(exp(-|x|)) for log(1 + exp(x))",
    ),
)


def _lead(s: Situation) -> float:
    """Return about what the positive is farther away than the negative."""
    near, far, _ = _squares(s)
    with np.errstate(invalid="ignore"):
        squared = s.constants.get("squared", 0.0) > 0
        return near - far if squared else float(np.sqrt(near) - np.sqrt(far))
