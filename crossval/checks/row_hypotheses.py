"""What a wrong cross-entropy may be instead: clamped, of other classes, otherwise weighted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from crossval.checks.hypotheses import Prediction
from crossval.oracles.elementwise import Oracle
from crossval.oracles.row_columns import RowColumns, has_labels
from crossval.oracles.texts import Definition

__all__ = ["row_slips"]

_FLOORS = {
    "1e-7": 1e-7,
    "1e-8": 1e-8,
    "1e-12": 1e-12,
    "1e-6": 1e-6,
    "1e-10": 1e-10,
    "1e-16": 1e-16,
    "1e-30": 1e-30,
    "the smallest normal float32": float(np.finfo(np.float32).tiny),
    "the roundoff of float32": float(np.finfo(np.float32).eps),
}


def row_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction]:
    """Yield what known slips would give at rows of columns, the likeliest first."""
    assert isinstance(oracle, RowColumns)
    rows = _Rows(oracle, spec, columns, upstream)
    with np.errstate(all="ignore"):
        if spec.constants["z_loss"] == 0:
            yield from _clamped(rows)
        yield from _softmax_twice(rows)
        yield from _other_weights(rows)
        yield from _one_assumed(rows)
        if rows.labelled:
            yield from _class_missed(rows)
            yield from _class_shifted(rows)


@dataclass(frozen=True)
class _Rows:
    """Rows under suspicion, in the terms of the definition."""

    oracle: RowColumns
    spec: Definition
    columns: np.ndarray
    upstream: np.ndarray

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
        self, columns: np.ndarray | None = None, *, plain: bool = False, sharp: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return loss and gradient; `plain` without class weights, `sharp` without smoothing."""
        oracle = replace(self.oracle, weights=None) if plain else self.oracle
        spec: Any = self.spec
        if sharp:
            constants = {**spec.constants, "label_smoothing": 0.0, "z_loss": 0.0}
            spec = SimpleNamespace(program=spec.program, constants=constants)
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


def _clamped(rows: _Rows) -> Iterator[Prediction]:
    """Keep probabilities away from 0, and from 1 too, before their logarithm is taken."""
    log_p = _log_softmax(rows.logits)
    p = np.exp(log_p)
    for name, eps in _FLOORS.items():
        low, high = np.log(eps), np.log1p(-eps)
        for most, words in ((high, f"[{name}, 1 - {name}]"), (0.0, f"at least {name}")):
            inside = (log_p >= low) & (log_p <= most)
            yield Prediction(
                f"probabilities are clamped to {words} before the logarithm",
                "take log_softmax, which needs no clamp",
                *_of_logarithms(rows, log_p, np.clip(log_p, low, most), inside),
            )
        yield Prediction(
            f"{name} is added to the probability before the logarithm",
            "take log_softmax, which needs no eps",
            *_of_logarithms(rows, log_p, np.log(p + eps), p / (p + eps)),
        )


def _of_logarithms(
    rows: _Rows, log_p: np.ndarray, logarithm: np.ndarray, share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return loss and gradient with another logarithm of p, and its derivative by that of p."""
    asked = rows.asked
    felt = asked * share
    others = felt.sum(axis=1, keepdims=True) - felt
    gradient = rows.by_logits(felt * np.expm1(log_p) + np.exp(log_p) * others)
    if not rows.labelled:
        gradient[:, rows.classes :] = -rows.weights * (1 - rows.taken) * logarithm
    return -(asked * logarithm).sum(axis=1), gradient * rows.upstream[:, None]


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log p to full relative accuracy, that of the largest logit included."""
    here = np.arange(len(logits)), logits.argmax(axis=1)
    below = logits - logits[here][:, None]
    others = np.exp(below)
    others[here] = 0.0
    return below - np.log1p(others.sum(axis=1, keepdims=True))


def _softmax_twice(rows: _Rows) -> Iterator[Prediction]:
    """Take the softmax of a softmax."""
    p = np.exp(_log_softmax(rows.logits))
    value, gradient = rows.kernel(rows.with_logits(p))
    slopes = gradient[:, : rows.classes]
    slopes = p * (slopes - (slopes * p).sum(axis=1, keepdims=True))
    words = "the softmax is taken twice: probabilities are given where logits are expected"
    yield Prediction(words, "pass the logits", value, rows.by_logits(slopes))


def _other_weights(rows: _Rows) -> Iterator[Prediction]:
    """Leave class weights out, or let them scale other terms than their own."""
    if rows.oracle.weights is None:
        return
    fix = "weigh each class's term of the sum by that class's weight, those of smoothing included"
    value, gradient = rows.kernel(plain=True)
    yield Prediction("class weights have no effect", fix, value, gradient, "RL805")
    own = (rows.goal * rows.weights).sum(axis=1)
    words = "the weight of the target's class scales the smoothing term too"
    yield Prediction(words, fix, own * value, _known(rows, own[:, None] * gradient))
    if rows.labelled:
        sharp, slopes = rows.kernel(plain=True, sharp=True)
        more = (own - 1) * (1 - rows.taken)
        words = "class weights act on the target's term only, not on the smoothing term"
        yield Prediction(words, fix, value + more * sharp, gradient + more[:, None] * slopes)


def _known(rows: _Rows, gradient: np.ndarray) -> np.ndarray:
    """Return a gradient of which only the part by the logits holds."""
    return rows.by_logits(gradient[:, : rows.classes])


def _one_assumed(rows: _Rows) -> Iterator[Prediction]:
    """Differentiate as if what is asked of the classes added up to 1."""
    slopes = np.exp(_log_softmax(rows.logits)) - rows.asked
    yield Prediction(
        "the gradient by the logits assumes that weights times probabilities add up to 1",
        "multiply the softmax by their sum",
        rows.kernel()[0],
        rows.by_logits(slopes * rows.upstream[:, None]),
    )


def _class_missed(rows: _Rows) -> Iterator[Prediction]:
    """Leave the first or the last class out of the sum of exponentials."""
    asked = rows.asked
    for missed, name in ((rows.classes - 1, "last"), (0, "first")):
        there = rows.logits.copy()
        there[:, missed] = -np.inf
        largest = there.max(axis=1, keepdims=True)
        log_sum = largest + np.log(np.exp(there - largest).sum(axis=1, keepdims=True))
        gradient = np.exp(there - log_sum) * asked.sum(axis=1, keepdims=True) - asked
        gone = rows.target == missed
        value = (asked * (log_sum - rows.logits)).sum(axis=1)
        gradient = rows.by_logits(gradient * rows.upstream[:, None])
        yield Prediction(
            f"the {name} class is missing from the sum of exponentials",
            "let the loop run over all classes",
            np.where(gone, np.nan, value),
            np.where(gone[:, None], np.nan, gradient),
        )


def _class_shifted(rows: _Rows) -> Iterator[Prediction]:
    """Read labels as if they began at 1, or one class further on."""
    if rows.classes == 2:
        steps = {1: "the other class"}
    else:
        steps = {-1: "the class target - 1", 1: "the class target + 1"}
    for step, words in steps.items():
        columns = rows.columns.copy()
        columns[:, -1] = (columns[:, -1] + step) % rows.classes
        prediction = rows.kernel(columns)
        yield Prediction(f"{words} is read", "use target as it is", *prediction)
