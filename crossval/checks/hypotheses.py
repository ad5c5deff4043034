"""Named slips, and what they would give: the form in which each family lists those it knows of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition

__all__ = ["Cancellation", "Estimate", "Prediction", "Slip", "Slips"]


@dataclass(frozen=True)
class Prediction:
    """A named deviation with the results that it would give.

    Attributes
    ----------
    words, fix : str
        What is done instead, and what to do.
    value : (n,) array
        Loss.
    gradient : (n, k) array
        By all columns, upstream included; NaN where the deviation says nothing of it.
    code : str
        Of the finding; empty where it is that of a wrong number.
    moves : pair of array, optional
        By how much value and gradient move for a relative change of 1 in what is computed with;
        times the unit roundoff it is what rounding may do to the slip, beside the truth.
    """

    words: str
    fix: str
    value: np.ndarray
    gradient: np.ndarray
    code: str = ""
    moves: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True)
class Estimate:
    """A named deviation with a number in it, never 0, that the results tell.

    Attributes
    ----------
    words : callable
        Amount to what is done instead.
    fix : str
        What to do.
    predict : callable
        Amount to value and gradient, as for a `Prediction`.
    usual : tuple of float
        Amounts that are met in practice, or lie near all that are.
    code : str
        As for a `Prediction`.
    moves : callable, optional
        Amount to a `Prediction`'s moves.
    """

    words: Callable[[float], str]
    fix: str
    predict: Callable[[float], tuple[np.ndarray, np.ndarray]]
    usual: tuple[float, ...]
    code: str = ""
    moves: Callable[[float], tuple[np.ndarray, np.ndarray]] | None = None


@dataclass(frozen=True)
class Cancellation:
    """A formulation of the definition in which digits cancel.

    Attributes
    ----------
    words, fix : str
        What is computed, and what to do.
    value : (n,) array
        Loss. Where it is less than what it may be off, none of its gradient need be left.
    moves : pair of array
        By how much value and gradient move for a relative change of 1 in what cancels; times some
        unit roundoffs it is what such a result may be off.
    """

    words: str
    fix: str
    value: np.ndarray
    moves: tuple[np.ndarray, np.ndarray]


Slip = Prediction | Estimate | Cancellation

Slips = Callable[[Oracle, Definition, np.ndarray, np.ndarray], Iterator[Slip]]
"""``slips(oracle, definition, columns, upstream)`` yields hypotheses, the likeliest first."""
