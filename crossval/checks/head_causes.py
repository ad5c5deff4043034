"""Known reasons for NaN and infinity in heads, recognised by lengths and angles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossval.checks.causes import Pattern, Situation
from crossval.oracles.head_columns import Layout

__all__ = ["head_patterns"]

_STEEPEST = 25.0
"""Slope of the logit of five times an angle, the largest that there is, at the cosine 1."""


@dataclass(frozen=True)
class _Problem:
    """The vectors of a situation, and what a head makes of their lengths."""

    of: Situation
    vectors: np.ndarray
    centers: int

    @classmethod
    def read(cls, of: Situation, layout: Layout) -> _Problem:
        """Take a row of columns apart; all centres of a class are vectors of their own."""
        vectors = of.row[: layout.label].reshape(-1, layout.parts)
        return cls(of, vectors, layout.centers or 1)

    @property
    def squares(self) -> np.ndarray:
        """Of the lengths, embedding first."""
        return (self.vectors**2).sum(axis=1)

    @property
    def own(self) -> np.ndarray:
        """Rows of the label's class."""
        label = int(self.of.row[self.vectors.size])
        return 1 + label * self.centers + np.arange(self.centers)

    @property
    def rounds_to_1(self) -> bool:
        """Whether the cosine of a class may round to 1 or -1, or to beyond.

        Both unit vectors are off by some roundings, and so is every part of their product.
        """
        if "degrees" not in self.of.constants:  # no margin of an angle
            return False
        size = np.sqrt(self.squares)
        cosines = self.vectors[1:] @ self.vectors[0] / (size[1:] * size[0])
        return bool(
            (1 - np.abs(cosines) <= 2 * (self.vectors.shape[1] + 2) * self.of.number.roundoff).any()
        )

    @property
    def steepest(self) -> float:
        """Largest number on the way from the loss to a vector: by a cosine, then by a length."""
        lengths = np.sqrt(self.squares[[0, *self.own]])
        constants = self.of.constants
        keeps = [constants.get(f"keeps_{name}", 0.0) != 0 for name in ("x", "weight")]
        kept = np.array([keeps[0], *keeps[1:] * self.centers])
        slope = _STEEPEST if "annealing" in constants else 1.0
        by_cosine = abs(constants["scale"]) * slope * float(np.prod(lengths[kept]))
        return by_cosine * max([1.0, *(1 / lengths[~kept])])


def head_patterns(layout: Layout) -> tuple[Pattern, ...]:
    """Return known reasons for NaN and infinity in heads whose columns lie so."""

    def read(s: Situation) -> _Problem:
        return _Problem.read(s, layout)

    def zero(s: Situation) -> bool:
        return bool((read(s).squares < s.number.tiny).any())

    def overflows(s: Situation) -> bool:
        return bool((read(s).squares > s.number.largest).any())

    return (
        Pattern(
            "zero-vector",
            zero,
            "a vector is divided by its length, which is 0 or rounds to it",
            "divide by max(length, eps), as torch.nn.functional.normalize does, with an eps that "
            "the format holds",
        ),
        Pattern(
            "norm-overflow",
            overflows,
            "the squares of a vector exceed the format's range",
            "divide by the largest number of the vector before squaring",
        ),
        Pattern(
            "arc-cosine-beyond-1",
            lambda s: not s.of_derivative and read(s).rounds_to_1,
            "the arc cosine, or the root of 1 - c c, of a cosine that rounding left beyond 1 is "
            "NaN",
            "cut cosines to [-1, 1]",
        ),
        Pattern(
            "slope-at-1",
            lambda s: s.of_derivative and read(s).rounds_to_1,
            "the slope of the arc cosine and of the sine at a cosine of 1 is infinite; times 0, of "
            "the class itself or of a class without a margin, it is NaN",
            "cut cosines strictly inside of [-1, 1], or take the slope of the sine as 0 there",
        ),
        Pattern(
            "slope-overflow",
            lambda s: s.of_derivative and read(s).steepest > s.number.largest,
            "the gradient by a cosine, or by a vector of length 1 divided by the length, exceeds "
            "the format's range, before the part along the vector is taken from it",
            "compute the gradient in a wider format",
        ),
    )
