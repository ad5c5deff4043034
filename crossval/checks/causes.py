"""Known reasons for NaN and infinity, recognised by the input at hand; each family has its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crossval.oracles.formats import Format


@dataclass(frozen=True)
class Situation:
    """A row of columns, and what it is evaluated under."""

    row: np.ndarray
    loss: str
    constants: Mapping[str, float]
    number: Format


@dataclass(frozen=True)
class Pattern:
    """A reason: when it applies, what happens, what to do."""

    name: str
    applies: Callable[[Situation], bool]
    cause: str
    fix: str


def cause_of(patterns: Sequence[Pattern], situation: Situation) -> Pattern | None:
    """Return the first pattern that applies, or None."""
    return next((pattern for pattern in patterns if pattern.applies(situation)), None)
