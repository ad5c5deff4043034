"""What a wrong target logit may be instead: another policy, unit or margin, and known reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from crossval.catalog import losses, programs
from crossval.checks.causes import Pattern
from crossval.checks.hypotheses import Estimate, Prediction
from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition
from refloss.run.derived import completed

__all__ = [
    "COSINE_PATTERNS",
    "DECLARE",
    "Changed",
    "angular_slips",
    "others",
    "otherwise",
]

Moves = tuple[np.ndarray, np.ndarray]

DECLARE = "declare what is meant, or mend the target"


def angular_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of cosines, the likeliest first."""
    given, moves = spec.constants, _moves(spec, columns, upstream)
    for words, constants in otherwise(spec):
        if any(given[name] != value for name, value in constants.items()):
            found = oracle.kernel(Changed(spec, constants), columns, upstream)
            yield Prediction(words, DECLARE, *found, moves=moves)
    loss, scale = programs()[spec.program]["loss"], given["scale"]
    for words, other in others(spec):
        found = oracle.kernel(other, columns, upstream)
        yield Prediction(words, DECLARE, *found, moves=moves)
    if loss == "arcface_logit":
        slope = np.broadcast_to(scale * upstream[:, None], columns.shape)
        words = "the margin is taken from the cosine, not added to the angle"
        value = scale * (columns[:, 0] - given["margin"])
        yield Prediction(words, "add it to the angle", value, slope)


def others(spec: Definition) -> Iterator[tuple[str, Changed]]:
    """Yield the other programs that an axis of a loss chooses from, in words."""
    chosen = losses()[programs()[spec.program]["loss"]]["program"]
    if isinstance(chosen, str):
        return
    seen = {spec.program}
    for value, program in chosen["values"].items():
        if program not in seen:
            seen.add(program)
            yield f"the {chosen['axis']} is {value}", Changed(spec, {}, program)


def otherwise(spec: Definition) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield other values of the constants, in words: those of every axis, then slips."""
    axes = losses()[programs()[spec.program]["loss"]]["axes"]
    for name, axis in axes.items():
        for value, about in axis["values"].items():
            sets = {k: float(v) for k, v in about.get("set", {}).items() if k in spec.constants}
            if sets:
                yield f"{name} is {value!r}: {about['doc']}", sets
    if "margin" in spec.constants:
        yield "the margin has no effect", {"margin": 0.0}
        yield "the margin is subtracted from the angle", {"margin": -spec.constants["margin"]}
    if "multiple" in spec.constants:
        yield "the multiple has no effect", {"multiple": 1.0}
    yield "the scale has no effect", {"scale": 1.0}


def _moves(spec: Definition, columns: np.ndarray, upstream: np.ndarray) -> Moves:
    """Return how rounding moves both products that a logit is the difference of, and its slope."""
    with np.errstate(all="ignore"):
        over = 1 / np.sqrt(np.maximum((1 - columns) * (1 + columns), 0))
        scale = abs(spec.constants["scale"])
        value = scale * (2 + over[:, 0])
        return value, scale * np.abs(upstream)[:, None] * (2 + over + over**3)


class Changed:
    """A definition with other constants, and what is derived of them, or another program's."""

    def __init__(self, spec: Definition, constants: Mapping[str, float], program: str = "") -> None:
        self.program = program or spec.program
        given: dict[str, float] = {**spec.constants, **constants}
        entry = programs()[self.program]
        kept = {n: given.get(n, float(amount)) for n, amount in entry["constants"].items()}
        self.constants = completed(entry, kept)


COSINE_PATTERNS = (
    Pattern(
        "arc-cosine-beyond-1",
        lambda s: abs(s.row[0]) > 1 and not s.of_derivative,
        "the arc cosine, or the root of 1 - c c, of a cosine that rounding left beyond 1 is NaN",
        "cut cosines to [-1, 1]",
    ),
    Pattern(
        "slope-at-1",
        lambda s: abs(s.row[0]) >= 1 and s.of_derivative,
        "the slope of the arc cosine and of the sine at a cosine of 1 is infinite; times 0 it is "
        "NaN",
        "cut cosines strictly inside of [-1, 1], or take the slope of the sine as 0 there",
    ),
)
