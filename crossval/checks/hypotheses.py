"""Named slips, and what they would give: the form in which each family lists those it knows of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition

__all__ = ["Prediction", "Slips"]


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
    """

    words: str
    fix: str
    value: np.ndarray
    gradient: np.ndarray
    code: str = ""


Slips = Callable[[Oracle, Definition, np.ndarray, np.ndarray], Iterator[Prediction]]
"""``slips(oracle, definition, columns, upstream)`` yields predictions, the likeliest first."""
