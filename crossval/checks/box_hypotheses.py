"""What a wrong loss of boxes may be instead: other corners, or one operation that slips."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crossval.checks.hypotheses import Estimate, Prediction
from crossval.checks.slopes import Number, Slopes, evaluated
from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition

__all__ = ["box_slips"]

_LAYOUTS = {
    "xywh": np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]]),
    "cxcywh": np.array([[1, 0, -0.5, 0], [0, 1, 0, -0.5], [1, 0, 0.5, 0], [0, 1, 0, 0.5]]),
    "yxyx": np.array([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]),
}
"""The matrix that carries four numbers into the corners that they are taken for."""

_SMALL = 2.0**-40
_SIGNS = np.array([1.0, -1, -1, 1, 1, 1, -1, -1])
_SIDES = np.array([0.0, 0, 1, 1, 0, 0, 1, 1])


def box_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of columns, the likeliest first."""
    yield from _other_layouts(oracle, spec, columns, upstream)
    yield Prediction(
        "sides are x2 - x1 + 1: corners are taken for pixels, the last one included",
        "leave out the + 1; it belongs to integer pixel indices",
        *oracle.kernel(spec, columns + _SIDES, upstream),
        "RL801",
        _moves(oracle, spec, columns + _SIDES, upstream),
    )
    for slip in _SLIPS:
        arithmetic = slip(len(columns), columns.shape[1])
        with np.errstate(all="ignore"):
            found = evaluated(arithmetic, spec, columns, upstream)
        yield Prediction(slip.words, slip.fix, *found)


def _other_layouts(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction]:
    """Read both boxes in another layout, or one of them."""
    corners = np.eye(4)
    for name, matrix in _LAYOUTS.items():
        parts = {
            "corners (x1, y1, x2, y2)": (matrix, matrix),
            "the prediction's corners (x1, y1, x2, y2)": (matrix, corners),
            "the target's corners (x1, y1, x2, y2)": (corners, matrix),
        }
        for which, (pred, target) in parts.items():
            both = np.block([[pred, np.zeros((4, 4))], [np.zeros((4, 4)), target]])
            read = columns @ both.T
            value, gradient = oracle.kernel(spec, read, upstream)
            by_value, by_corner = _moves(oracle, spec, read, upstream)
            yield Prediction(
                f"{which} are read as {name}",
                "convert the layout before computing",
                value,
                gradient @ both,
                "RL801",
                (by_value, by_corner @ np.abs(both)),
            )


def _moves(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how results move with relative changes of the corners, by two trials."""
    value, gradient = oracle.kernel(spec, columns, upstream)
    by_value, by_corner = np.zeros(value.shape), np.zeros(gradient.shape)
    for signs in (_SIGNS, -np.roll(_SIGNS, 1)):
        moved = oracle.kernel(spec, columns * (1 + _SMALL * signs), upstream)
        with np.errstate(all="ignore"):
            by_value = np.maximum(by_value, np.abs(moved[0] - value) / _SMALL)
            by_corner = np.maximum(by_corner, np.abs(moved[1] - gradient) / _SMALL)
    return by_value, by_corner


class _Slip(Slopes):
    """An arithmetic with one slip, said in words."""

    words = ""
    fix = ""


class _Unclamped(_Slip):
    words = "the sides of the overlap are not clamped at 0: boxes apart overlap by a product"
    fix = "clamp width and height of the overlap at 0 before multiplying"

    def relu(self, x: Number) -> Number:
        """Return x as it is."""
        return x


class _FirstQuotient(_Slip):
    """IoU, which is the first quotient of every text of boxes, slips."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__(rows, columns)
        self._first = True

    def ratio(self, n: Number, d: Number, at0: float) -> Number:
        """Let the first quotient slip."""
        first, self._first = self._first, False
        return self.iou(n, d) if first else super().ratio(n, d, at0)

    def iou(self, n: Number, d: Number) -> Number:
        """Return what is computed in the place of IoU."""
        raise NotImplementedError


class _Root(_FirstQuotient):
    words = "the square root of IoU is taken"
    fix = "use IoU itself"

    def iou(self, n: Number, d: Number) -> Number:
        """Return its root."""
        quotient = super(_FirstQuotient, self).ratio(n, d, 0)
        root = np.sqrt(quotient.value)
        return quotient.through(root, np.where(root > 0, 0.5 / root, 0.0))


class _Squared(_FirstQuotient):
    words = "IoU is squared"
    fix = "use IoU itself"

    def iou(self, n: Number, d: Number) -> Number:
        """Return its square."""
        quotient = super(_FirstQuotient, self).ratio(n, d, 0)
        return quotient * quotient


class _Counted(_FirstQuotient):
    words = "the overlap is not subtracted from the sum of the areas"
    fix = "divide by the union, area + area - overlap"

    def iou(self, n: Number, d: Number) -> Number:
        """Divide by the sum of the areas."""
        return super(_FirstQuotient, self).ratio(n, d + n, 0)


class _Doubled(_FirstQuotient):
    words = "this is Dice, twice the overlap over the sum of the areas, not IoU"
    fix = "divide the overlap by the union, area + area - overlap"

    def iou(self, n: Number, d: Number) -> Number:
        """Divide twice the overlap by the sum of the areas."""
        return super(_FirstQuotient, self).ratio(2 * n, d + n, 0)


_SLIPS: tuple[type[_Slip], ...] = (_Unclamped, _Root, _Squared, _Counted, _Doubled)
