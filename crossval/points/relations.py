"""How two boxes lie to each other: recipes that make rows of pairs, on the grid of a format.

A recipe is a specification, not an array: relation, scale, offset, steps and seed. The pinned
points and the Hypothesis strategies make their boxes from the same recipes. Only sums, products
and powers of two are used, so that the rows are the same bits on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crossval.bits import step
from crossval.oracles.formats import Format, format_of

Pairs = tuple[np.ndarray, np.ndarray]
EDGES = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True)
class Recipe:
    """A specification of ``rows`` pairs of boxes.

    Attributes
    ----------
    relation : str
        Key of :data:`RELATIONS`.
    dtype : str
        Format whose grid the coordinates lie on.
    rows : int
        Number of pairs.
    seed : int
        Of the generator.
    scale : int
        Coordinates of about 100 are multiplied by ``2**scale``.
    offset : float
        Added to every coordinate, before rounding to the grid.
    steps : int
        Each target coordinate moves by up to this many steps of the grid, either way.
    ties : tuple of str
        Edges (``"x1"``, ...) of the target that are set equal to the prediction's.
    """

    relation: str
    dtype: str
    rows: int
    seed: int = 0
    scale: int = 0
    offset: float = 0.0
    steps: int = 0
    ties: tuple[str, ...] = ()

    def make(self) -> Pairs:
        """Return ``(pred, target)``: float64 arrays (rows, 4), xyxy, ordered, on the grid."""
        number = format_of(self.dtype)
        random = np.random.Generator(np.random.PCG64(self.seed))
        pred, target = RELATIONS[self.relation](random, self.rows, number)
        pred, target = (_place(boxes, self, number) for boxes in (pred, target))
        if self.steps:
            moves = random.integers(-self.steps, self.steps + 1, size=target.shape)
            moved = step(target, moves, number)
            # Beyond the largest number there is no grid to step on.
            target = ordered(np.where(np.isfinite(moved), moved, target))
        for edge in self.ties:
            target[:, EDGES.index(edge)] = pred[:, EDGES.index(edge)]
        return pred, ordered(target)


def ordered(boxes: np.ndarray) -> np.ndarray:
    """Swap corners where needed so that ``x1 <= x2`` and ``y1 <= y2``."""
    low, high = boxes[:, :2], boxes[:, 2:]
    return np.concatenate([np.minimum(low, high), np.maximum(low, high)], axis=1)


def _place(boxes: np.ndarray, recipe: Recipe, number: Format) -> np.ndarray:
    placed = number.round(np.ldexp(boxes, recipe.scale) + recipe.offset)
    return ordered(np.clip(placed, -number.largest, number.largest))


def _boxes(random: np.random.Generator, rows: int) -> np.ndarray:
    corner = 60 * random.random((rows, 2))
    return np.concatenate([corner, corner + 1 + 40 * random.random((rows, 2))], axis=1)


def _random(random: np.random.Generator, rows: int, _: Format) -> Pairs:
    return _boxes(random, rows), _boxes(random, rows)


def _identical(random: np.random.Generator, rows: int, _: Format) -> Pairs:
    boxes = _boxes(random, rows)
    return boxes, boxes.copy()


def _relative(random: np.random.Generator, rows: int, number: Format) -> Pairs:
    pred = _boxes(random, rows)
    sign = 1 - 2 * random.integers(0, 2, size=pred.shape)
    power = random.integers(1, number.precision, size=pred.shape)
    return pred, pred * (1 + np.ldexp(sign.astype(np.float64), -power))


def _touching(random: np.random.Generator, rows: int, number: Format) -> Pairs:
    pred, target = (number.round(_boxes(random, rows)) for _ in range(2))
    side = random.integers(0, 4, size=rows)
    axis, after = side % 2, side < 2
    row = np.arange(rows)
    size = number.round(target[row, axis + 2] - target[row, axis])
    edge = np.where(after, pred[row, axis + 2], pred[row, axis])
    edge = step(edge, random.integers(-1, 2, size=rows), number)
    target[row, axis] = np.where(after, edge, edge - size)
    target[row, axis + 2] = np.where(after, edge + size, edge)
    return pred, target


def _contained(random: np.random.Generator, rows: int, _: Format) -> Pairs:
    outer = _boxes(random, rows)
    size = outer[:, 2:] - outer[:, :2]
    low, high = random.random((rows, 2)), random.random((rows, 2))
    inner = np.concatenate([outer[:, :2] + size * low / 2, outer[:, 2:] - size * high / 2], axis=1)
    swap = random.integers(0, 2, size=(rows, 1)).astype(bool)
    return np.where(swap, inner, outer), np.where(swap, outer, inner)


def _disjoint(random: np.random.Generator, rows: int, _: Format) -> Pairs:
    pred, target = _boxes(random, rows), _boxes(random, rows)
    apart = random.integers(1, 4, size=rows)
    gap = np.ldexp(random.random(rows), random.integers(-8, 7, size=rows))
    for axis in (0, 1):
        move = np.where(apart & (1 << axis), pred[:, axis + 2] - target[:, axis] + gap, 0.0)
        target[:, [axis, axis + 2]] += move[:, None]
    return pred, target


def _equal_aspect(random: np.random.Generator, rows: int, _: Format) -> Pairs:
    size = random.integers(1, 33, size=(rows, 2)).astype(np.float64)
    factor = np.ldexp(1.0, random.integers(-2, 3, size=(rows, 1)))
    corners = random.integers(0, 33, size=(2, rows, 2)).astype(np.float64)
    pred = np.concatenate([corners[0], corners[0] + size], axis=1)
    return pred, np.concatenate([corners[1], corners[1] + size * factor], axis=1)


def _elongated(random: np.random.Generator, rows: int, number: Format) -> Pairs:
    reach = 4 if number.emax < 32 else 10
    corners = 30 * random.random((2, rows, 2))
    power = random.integers(-reach, reach + 1, size=(2, rows, 1))
    size = (1 + 9 * random.random((2, rows, 2))) * np.ldexp(
        1.0, np.concatenate([power, -power], axis=2)
    )
    pred, target = np.concatenate([corners, corners + size], axis=2)
    return pred, target


def _few_steps(random: np.random.Generator, rows: int, number: Format) -> Pairs:
    """Boxes of a few grid steps at 1024: sizes are exact, products and sums are not."""
    spacing = float(number.ulp(1024.0))
    low = random.integers(0, 17, size=(2, rows, 2))
    size = random.integers(1, 33, size=(2, rows, 2))
    pred, target = 1024 + spacing * np.concatenate([low, low + size], axis=2).astype(np.float64)
    return pred, target


RELATIONS: dict[str, Callable[[np.random.Generator, int, Format], Pairs]] = {
    "random": _random,
    "identical": _identical,
    "relative": _relative,
    "touching": _touching,
    "contained": _contained,
    "disjoint": _disjoint,
    "equal aspect": _equal_aspect,
    "elongated": _elongated,
    "few steps": _few_steps,
}
