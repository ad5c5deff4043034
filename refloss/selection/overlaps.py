"""How much boxes overlap: IoU, GIoU, DIoU and CIoU of all pairs, by the programs of the losses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from refloss.losses import ciou, diou, giou
from refloss.losses.checks import choice, same_format
from refloss.losses.head_checks import memory as budget
from refloss.losses.spec import Spec, resolve
from refloss.run.kernels import library
from refloss.run.rounding import narrow
from refloss.selection import checks
from refloss.selection.distances import MEMORY

__all__ = [
    "PAIRS",
    "SIMILARITIES",
    "all_pairs_of",
    "box_similarity",
    "distance_terms",
    "ious",
    "similarities",
]


def box_similarity(
    boxes: object,
    truth: object,
    *,
    metric: str = "iou",
    layout: str = "xyxy",
    memory: int = MEMORY,
) -> Any:
    """Return how much every box overlaps with every box of another set.

    Parameters
    ----------
    boxes : array of shape (N, 4)
        float64, float32, float16 or bfloat16.
    truth : array of shape (M, 4)
        Of the format of `boxes`.
    metric : {'iou', 'giou', 'diou', 'ciou'}
        One minus the loss of that name.
    layout : {'xyxy', 'xywh', 'cxcywh'}
        How both are written.
    memory : int
        Bytes beside inputs and result.

    Returns
    -------
    array of shape (N, M)
        In the library and format of `boxes`, computed in float64 and rounded once. IoU lies from 0
        to 1, GIoU and DIoU above -1, CIoU above -1.5; 1 is two equal boxes with an inside.

    Raises
    ------
    TypeError
        If an argument is no floating-point array, or the formats differ.
    ValueError
        If a shape is not as described, a box is inverted or infinite, or a name does not exist.

    Notes
    -----
    Thresholds made for IoU mean something else for the others, which are less than IoU and negative
    for boxes that are apart. IoU is the quotient of intersection and union itself: 3/10 is 0.3;
    the others are 1 minus the loss's kernel, rounded once more. Two boxes without area have IoU 0;
    a box with NaN has NaN with all others.
    Assigners differ: mmdetection takes IoU or GIoU, Ultralytics CIoU cut off at 0.

    Examples
    --------
    >>> import numpy as np
    >>> boxes, truth = np.array([[0.0, 0.0, 10.0, 2.0]]), np.array([[2.0, 0.0, 6.0, 8.0]])
    >>> [round(float(box_similarity(boxes, truth, metric=m)[0, 0]), 6) for m in SIMILARITIES]
    [0.181818, -0.268182, 0.120843, 0.023309]
    """
    first = checks.boxes("boxes", boxes, layout, nan=False)
    second = checks.boxes("truth", truth, layout, nan=False)
    same_format("truth", np.empty(0, second.held), np.empty(0, first.held), "boxes")
    out = first.room(len(first.array), len(second.array))
    for rows, block in similarities(first.array, second.array, metric, memory):
        with np.errstate(all="ignore"):
            narrow(out[rows], block)
    return first.library(out)


def similarities(
    boxes: np.ndarray, truth: np.ndarray, metric: str, memory: int
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield rows of boxes and how much they overlap with every other, as float64 blocks.

    Boxes are float64 corners, whose values are checked.
    """
    measure = choice("metric", metric, _MEASURES)
    width = max(len(truth), 1)
    size = max(1, min(budget(memory) // _BYTES, PAIRS) // width)
    for start in range(0, len(boxes), size):
        rows = slice(start, min(start + size, len(boxes)))
        some = boxes[rows]
        yield rows, measure(*all_pairs_of(some, truth)).reshape(len(some), len(truth))


def all_pairs_of(boxes: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return every box with every other one, as two arrays of aligned boxes."""
    return np.repeat(boxes, len(others), axis=0), np.tile(others, (len(boxes), 1))


def ious(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the IoU of aligned float64 corners."""
    low, high = np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, 2:], second[:, 2:])
    apart = (high <= low).any(axis=1) & ~np.isnan(low + high).any(axis=1)
    meet = np.flatnonzero(~apart)
    found = np.zeros(len(first))
    found[meet] = _named(first[meet], second[meet], "iou")
    return found


def distance_terms(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the squared distance of centres over that of the hull's corners, of aligned boxes."""
    origin = np.tile(first[:, :2], 2)  # centres are sums: far from 0 their digits would be lost
    return _named(first - origin, second - origin, "distance")


def _named(first: np.ndarray, second: np.ndarray, name: str) -> np.ndarray:
    """Return a quantity of the plain DIoU program."""
    spec = _diou()
    trace = library().kernel(spec.program).trace
    return trace(*first.T, *second.T, np.ones(len(first)), **spec.constants)[name]


@lru_cache(1)
def _diou() -> Spec:
    return resolve("diou", None, {})


def _one_minus(loss: Any) -> Any:
    return lambda first, second: 1.0 - loss(first, second, check="none")


_MEASURES = {
    "iou": ious,
    "giou": _one_minus(giou),
    "diou": _one_minus(diou),
    "ciou": _one_minus(ciou),
}

SIMILARITIES = tuple(_MEASURES)
"""Measures of overlap: one minus the loss of that name."""

_BYTES = 1024
"""What a pair takes: every quantity of a program, and its adjoint."""

PAIRS = 1 << 14
"""Pairs at a time, at most: their quantities stay in the cache."""
