"""What a wrong loss of two classes may be instead: of other inputs, clamped, otherwise smoothed.

Binary cross-entropy is r (-log(1 - p)) + P q (-log p), with q the target, smoothed, and r = 1 - q.
Most slips alter one of the two logarithms; they are told by value and gradient of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crossval.checks.hypotheses import Estimate, Prediction
from crossval.checks.logit_focal_hypotheses import FOCAL, logit_focal_slips
from crossval.oracles.elementwise import Elementwise, Oracle
from crossval.oracles.texts import Definition

__all__ = ["binary_slips"]

Pair = tuple[np.ndarray, np.ndarray]
"""Values and their derivatives by the first input."""

_FLOORS = {
    "1e-7": 1e-7,
    "1e-8": 1e-8,
    "1e-6": 1e-6,
    "1e-12": 1e-12,
    "1e-16": 1e-16,
    "1e-4": 1e-4,
    "the roundoff of float32": float(np.finfo(np.float32).eps),
}
_FLOOR_OF_SLOPE = float(np.float32(1e-12))
"""Of torch's binary_cross_entropy."""
_THRESHOLD = 20.0
"""Beyond it torch's softplus returns its argument."""


def binary_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of columns, the likeliest first."""
    rows = _Rows(oracle, spec, columns, upstream)
    with np.errstate(all="ignore"):
        yield from _other_weights(rows)
        if set(spec.constants) >= FOCAL:
            yield from logit_focal_slips(oracle, spec, columns, upstream)
        yield from _other_inputs(rows)
        if "bce" in spec.program:
            yield from _other_smoothing(rows)
            if not rows.of_logits:
                yield from _floored_slope(rows)
            yield from _other_logarithms(rows)


@dataclass(frozen=True)
class _Rows:
    """Rows of logits or probabilities with their targets, and what a loss makes of them."""

    oracle: Oracle
    spec: Definition
    columns: np.ndarray
    upstream: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """Logits or probabilities."""
        return self.columns[:, 0]

    @property
    def of_logits(self) -> bool:
        """Whether the first input is a logit."""
        return not self.spec.program.endswith("_probs")

    def at(
        self,
        first: np.ndarray,
        slope: np.ndarray | float,
        target: np.ndarray,
        turn: float = 1.0,
    ) -> Pair:
        """Return the loss of other inputs, with its gradient through their slopes."""
        columns = np.stack([first, target], axis=1)
        value, gradient = self.oracle.kernel(self.spec, columns, self.upstream)
        return value, np.stack([gradient[:, 0] * slope, gradient[:, 1] * turn], axis=1)

    def weighed(self, missed: Pair, hit: Pair) -> Pair:
        """Return the loss of two other logarithms: r of the first and P q of the second."""
        r, q = self._shares()
        value = _product(r, missed[0]) + _product(q, hit[0])
        slope = (_product(r, missed[1]) + _product(q, hit[1])) * self.upstream
        return value, np.stack([slope, np.full_like(slope, np.nan)], axis=1)

    def _shares(self) -> Pair:
        constants, target = self.spec.constants, self.columns[:, 1]
        amount = constants.get("label_smoothing", 0.0) * constants.get("share", 0.5)
        q = target * (1 - amount) + (1 - target) * amount
        weight = dict(getattr(self.oracle, "weights", ())).get("pos_weight", 1.0)
        return 1 - q, weight * q


def _product(share: np.ndarray, logarithm: np.ndarray) -> np.ndarray:
    return np.where(share == 0, 0.0, share * logarithm)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def _other_weights(rows: _Rows) -> Iterator[Prediction]:
    """Leave a weight out, or give that of positives to all."""
    given = dict(getattr(rows.oracle, "weights", ()))
    for name, amount in given.items():
        plain, gradient = Elementwise().kernel(rows.spec, rows.columns, rows.upstream)
        fix = f"multiply by {name}"
        yield Prediction(f"{name} has no effect", fix, plain, gradient, "RL805")
        if name == "pos_weight":
            yield Prediction(
                "pos_weight scales the whole loss",
                "let it scale the part of the loss that asks for class 1 alone",
                amount * plain,
                amount * gradient,
            )


def _other_inputs(rows: _Rows) -> Iterator[Prediction]:
    """Read inputs in another way than meant."""
    x, target = rows.first, rows.columns[:, 1]
    yield Prediction(
        "the target's two classes are exchanged",
        "let 1 stand for the class whose probability rises with the first input",
        *rows.at(x, 1.0, 1 - target, -1.0),
    )
    if not rows.of_logits:
        return
    yield Prediction("logits are negated", "use the logits as they are", *rows.at(-x, -1.0, target))
    p = _sigmoid(x)
    yield Prediction(
        "the sigmoid is taken twice: probabilities are given where logits are expected",
        "take the sigmoid once",
        *rows.at(p, p * _sigmoid(-x), target),
    )


def _other_smoothing(rows: _Rows) -> Iterator[Prediction]:
    """Leave smoothing out, or smooth by another amount."""
    constants = dict(rows.spec.constants)
    amount = constants.get("label_smoothing", 0.0)
    if not amount:
        return
    fix = "smooth the target as the declared convention says"
    others = {
        "label smoothing has no effect": 0.0,
        "label smoothing moves the target twice as far": 2 * amount,
        "label smoothing moves the target half as far": amount / 2,
    }
    for words, other in others.items():
        spec = _Changed(rows.spec.program, {**constants, "label_smoothing": other})
        code = "RL805" if other == 0 else ""
        found = rows.oracle.kernel(spec, rows.columns, rows.upstream)
        yield Prediction(words, fix, *found, code)


@dataclass(frozen=True)
class _Changed:
    """A definition with other constants."""

    program: str
    constants: dict[str, float]


def _floored_slope(rows: _Rows) -> Iterator[Prediction]:
    """Divide p - t by p (1 - p), kept above a floor, whatever the value does there."""
    p, target = rows.columns.T
    value, _ = rows.oracle.kernel(rows.spec, rows.columns, rows.upstream)
    slope = rows.upstream * (p - target) / np.maximum(p * (1 - p), _FLOOR_OF_SLOPE)
    yield Prediction(
        "the gradient is (p - target) / max(p (1 - p), 1e-12), not the slope of the value",
        "differentiate the value as it is clamped",
        value,
        np.stack([slope, np.full_like(slope, np.nan)], axis=1),
    )


def _other_logarithms(rows: _Rows) -> Iterator[Prediction]:
    """Keep probabilities away from 0 and 1, add to them, or leave a term out."""
    x = rows.first
    p, slope = (_sigmoid(x), _sigmoid(x) * _sigmoid(-x)) if rows.of_logits else (x, np.ones_like(x))
    rest = _sigmoid(-x) if rows.of_logits else 1 - x
    missed, hit = _logarithms(rows, p, slope)
    fix = "take the logarithm of the sigmoid from the logits: no floor is needed"
    if not rows.of_logits:
        fix = "declare the clip as a convention, or compute from logits"
    yield Prediction(
        "the logarithm of 1 - p is taken of a rounded p: where p nears 1 its digits are lost",
        fix,
        *rows.weighed((-np.log(1 - p), slope / (1 - p)), (-np.log(p), -slope / p)),
    )
    for name, eps in _FLOORS.items():
        inside = (p >= eps) & (p <= 1 - eps)
        kept = np.clip(p, eps, 1 - eps)
        yield Prediction(
            f"probabilities are clipped to [{name}, 1 - {name}] before the logarithms",
            fix,
            *rows.weighed(
                (-np.log1p(-kept), np.where(inside, missed[1], 0.0)),
                (-np.log(kept), np.where(inside, hit[1], 0.0)),
            ),
        )
        for other in (rest, 1 - p):  # as it is, or with the digits that 1 - p has left
            yield Prediction(
                f"{name} is added to both probabilities before their logarithms",
                fix,
                *rows.weighed(
                    (-np.log(other + eps), slope / (other + eps)),
                    (-np.log(p + eps), -slope / (p + eps)),
                ),
            )
    nothing = np.zeros_like(x), np.zeros_like(x)
    yield Prediction(
        "the term of class 0 is missing",
        "add (1 - target) times minus the logarithm of 1 - p",
        *rows.weighed(nothing, hit),
    )
    if not rows.of_logits:
        return
    soft = [_threshold(side) for side in (x, -x)]
    yield Prediction(
        "softplus returns its argument beyond 20: what is left of the loss there is dropped",
        "use max(x, 0) + log1p(exp(-|x|))",
        *rows.weighed(soft[0], (soft[1][0], -soft[1][1])),
    )


def _logarithms(rows: _Rows, p: np.ndarray, slope: np.ndarray) -> tuple[Pair, Pair]:
    """Return -log(1 - p) and -log p, with their derivatives by the first input."""
    if rows.of_logits:
        x = rows.first
        small = np.log1p(np.exp(-np.abs(x)))
        return (np.maximum(x, 0) + small, p), (np.maximum(-x, 0) + small, -_sigmoid(-x))
    return (-np.log1p(-p), slope / (1 - p)), (-np.log(p), -slope / p)


def _threshold(x: np.ndarray) -> Pair:
    far = x > _THRESHOLD
    value = np.where(far, x, np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))
    return value, np.where(far, 1.0, _sigmoid(x))
