"""Rows under suspicion in the terms of the definition: logits, what is asked of them, weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from crossval.oracles.row_columns import RowColumns, has_labels
from crossval.oracles.texts import Definition

__all__ = ["CROSS_ENTROPY", "Rows", "log_softmax", "of_logarithms"]

Pair = tuple[np.ndarray, np.ndarray]

CROSS_ENTROPY = frozenset({"label_smoothing", "over_others", "classy", "z_loss"})
"""Constants of a definition for which `taken`, `asked` and sharp rows are known."""


@dataclass(frozen=True)
class Rows:
    """Rows under suspicion, in the terms of the definition."""

    oracle: RowColumns
    spec: Definition
    columns: np.ndarray
    upstream: np.ndarray

    def has(self, constants: frozenset[str]) -> bool:
        """Return whether the definition has these constants."""
        return constants <= set(self.spec.constants)

    @property
    def labelled(self) -> bool:
        """Whether the last column is a class."""
        return has_labels(self.spec)

    @property
    def classes(self) -> int:
        """Logits a row."""
        width = self.columns.shape[1]
        return width - 1 if self.labelled else width // 2

    @property
    def logits(self) -> np.ndarray:
        """The first columns."""
        return self.columns[:, : self.classes]

    @property
    def target(self) -> np.ndarray:
        """Class of every row."""
        return self.columns[:, -1].astype(int)

    @property
    def goal(self) -> np.ndarray:
        """Probability asked of every class, before smoothing."""
        if self.labelled:
            return (np.arange(self.classes) == self.target[:, None]).astype(float)
        return self.columns[:, self.classes :]

    @property
    def weights(self) -> np.ndarray:
        """Weight of every class."""
        return (
            np.ones(self.classes) if self.oracle.weights is None else np.array(self.oracle.weights)
        )

    @property
    def taken(self) -> float:
        """What smoothing takes away from the goal and spreads over all classes."""
        constants = self.spec.constants
        eps, classes = constants["label_smoothing"], self.classes
        amount = eps / (1 + constants["classy"] * eps)
        return amount * classes / (classes - constants["over_others"])

    @property
    def asked(self) -> np.ndarray:
        """Return what is asked of every class: smoothed and weighted."""
        return self.weights * ((1 - self.taken) * self.goal + self.taken / self.classes)

    def kernel(
        self,
        columns: np.ndarray | None = None,
        *,
        plain: bool = False,
        sharp: bool = False,
        **constants: float,
    ) -> Pair:
        """Return loss and gradient.

        Parameters
        ----------
        columns : array, optional
            In the place of these rows.
        plain, sharp : bool
            Without class weights; without smoothing.
        **constants : float
            In the place of the definition's.
        """
        oracle = replace(self.oracle, weights=None) if plain else self.oracle
        spec: Any = self.spec
        if sharp:
            constants = {"label_smoothing": 0.0, "z_loss": 0.0}
        if constants:
            known = {**spec.constants, **constants}
            spec = SimpleNamespace(program=spec.program, constants=known)
        columns = self.columns if columns is None else columns
        return oracle.kernel(spec, columns, self.upstream)

    def with_logits(self, logits: np.ndarray) -> np.ndarray:
        """Return the columns with other logits."""
        return np.hstack([logits, self.columns[:, self.classes :]])

    def by_logits(self, gradient: np.ndarray) -> np.ndarray:
        """Return a gradient by the logits as one by all columns: 0 by a class, else unknown."""
        beyond = self.columns.shape[1] - self.classes
        rest = np.full((len(gradient), beyond), 0.0 if self.labelled else np.nan)
        return np.hstack([gradient, rest])


def of_logarithms(rows: Rows, log_p: np.ndarray, logarithm: np.ndarray, share: np.ndarray) -> Pair:
    """Return loss and gradient with another logarithm of p, and its derivative by that of p."""
    asked = rows.asked
    felt = asked * share
    others = felt.sum(axis=1, keepdims=True) - felt
    gradient = rows.by_logits(felt * np.expm1(log_p) + np.exp(log_p) * others)
    if not rows.labelled:
        gradient[:, rows.classes :] = -rows.weights * (1 - rows.taken) * logarithm
    return -(asked * logarithm).sum(axis=1), gradient * rows.upstream[:, None]


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log p to full relative accuracy, that of the largest logit included."""
    here = np.arange(len(logits)), logits.argmax(axis=1)
    below = logits - logits[here][:, None]
    others = np.exp(below)
    others[here] = 0.0
    return below - np.log1p(others.sum(axis=1, keepdims=True))
