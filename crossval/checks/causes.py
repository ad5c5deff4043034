"""Known reasons for NaN and infinity, recognised by the input at hand; each family has its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crossval.oracles.formats import Format

__all__ = ["Pattern", "Situation", "cause_of", "power_of_0"]

_POWERS = {
    "sigmoid_focal": "gamma",
    "softmax_focal": "gamma",
    "focal_probs": "gamma",
    "quality_focal": "beta",
}


@dataclass(frozen=True)
class Situation:
    """A row of columns, what it is evaluated under, and what came of its value.

    Attributes
    ----------
    row : array
        Columns.
    loss : str
        Name.
    constants : mapping
        Of the definition.
    number : Format
        Under test.
    value : float
        The row's loss, as it came; NaN where it is not known.
    sound : bool
        Whether it is the definition's: then it was not made of an infinite part, nor capped.
    """

    row: np.ndarray
    loss: str
    constants: Mapping[str, float]
    number: Format
    value: float = float("nan")
    sound: bool = False

    @property
    def power(self) -> float:
        """The exponent of a focal loss's modulator; 1 where there is none."""
        return self.constants.get(_POWERS.get(self.loss, ""), 1.0)

    @property
    def of_derivative(self) -> bool:
        """Whether a finite value has a derivative that is not finite."""
        return bool(np.isfinite(self.value))


@dataclass(frozen=True)
class Pattern:
    """A reason: when it applies, what happens, what to do."""

    name: str
    applies: Callable[[Situation], bool]
    cause: str
    fix: str


def power_of_0(base: str, rounds_to_0: Callable[[Situation], bool], fix: str) -> Pattern:
    """Return the pattern of a modulator whose base rounds to 0 while its power is below 1.

    Parameters
    ----------
    base : str
        What is raised, in words.
    rounds_to_0 : callable
        Whether it does.
    fix : str
        What to do.
    """

    def applies(s: Situation) -> bool:
        return 0 < s.power < 1 and s.of_derivative and rounds_to_0(s)

    return Pattern(
        "power-of-0",
        applies,
        f"{base} rounds to 0, where a power of it below 1 has an infinite derivative; "
        "times 0 that is NaN",
        fix,
    )


def cause_of(patterns: Sequence[Pattern], situation: Situation) -> Pattern | None:
    """Return the first pattern that applies, or None."""
    return next((pattern for pattern in patterns if pattern.applies(situation)), None)
