"""Non-maximum suppression: the boxes that are left when those that overlap a better one go."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from refloss.losses.checks import choice, floating
from refloss.run.arrays import adopt
from refloss.run.rounding import widened
from refloss.selection import checks
from refloss.selection.overlaps import PAIRS, all_pairs_of, distance_terms, ious

__all__ = ["nms"]


def nms(
    boxes: object,
    scores: object,
    threshold: float,
    *,
    classes: object = None,
    metric: str = "iou",
    beta: float = 1.0,
    strict: bool = True,
    layout: str = "xyxy",
    nan: str = "raise",
) -> Any:
    """Return the boxes that no better box suppresses.

    The best box that is left is kept, and every other one goes that overlaps it by more than the
    threshold; then the next.

    Parameters
    ----------
    boxes : array of shape (N, 4)
        float64, float32, float16 or bfloat16.
    scores : array of shape (N,)
        Floating-point numbers of any format; infinite ones too.
    threshold : float
        Overlap beyond which a box goes.
    classes : integer array of shape (N,), optional
        Boxes suppress those of their own class alone. Default: all are of one.
    metric : {'iou', 'diou'}
        Overlap: ``IoU``, or ``IoU - (ρ²/c²)^β`` with the distance ρ of the centres and the diagonal
        c of the hull.
    beta : float
        β, positive; for DIoU alone.
    strict : bool
        Whether a box goes with an overlap above the threshold, or also with one equal to it.
    layout : {'xyxy', 'xywh', 'cxcywh'}
        How boxes are written.
    nan : {'raise', 'drop'}
        Whether NaN is an error, or its boxes are neither kept nor suppress any.

    Returns
    -------
    int64 array of shape (K,)
        Indices by falling score, of equal scores by rising index, in the library of `boxes`.

    Raises
    ------
    TypeError
        If an argument is not of the described kind.
    ValueError
        If shapes do not match, a box is inverted or infinite, a number is out of its bounds, or
        there is NaN and `nan` is ``"raise"``.

    Notes
    -----
    Overlaps are compared in float64, whatever the format of the boxes: where one equals the
    threshold to within float32's rounding, libraries that compute in float32 may decide otherwise.
    Boxes without area have IoU 0 with every other one, so that equal ones are all kept; two boxes
    at one point have ``ρ²/c² = 0``. Classes are compared, where torchvision's ``batched_nms``
    shifts boxes apart, which rounds them.

    ====================================== ====================================
    code                                   arguments
    ====================================== ====================================
    torchvision.ops.nms, batched_nms       defaults, ``classes``
    the paper                              ``metric="diou", strict=False``
    Zzh-tju/DIoU-darknet                   ``metric="diou"``
    AlexeyAB/darknet                       ``metric="diou", beta=0.6``
    ====================================== ====================================

    References
    ----------
    Zheng, Wang, Liu, Li, Ye, Ren: Distance-IoU loss, AAAI 2020, arXiv 1911.08287, section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> boxes = np.array([[0.0, 0, 4, 4], [0, 0, 4, 3], [2, 0, 6, 4], [8, 8, 9, 9]])
    >>> scores = np.array([0.9, 0.8, 0.7, 0.95])
    >>> nms(boxes, scores, 0.3)
    array([3, 0])
    >>> nms(boxes, scores, 0.3, metric="diou")
    array([3, 0, 2])
    >>> nms(boxes, scores, 0.3, classes=np.array([0, 1, 0, 0]))
    array([3, 0, 1])
    """
    refuse = choice("nan", nan, {"raise": True, "drop": False})
    given = checks.boxes("boxes", boxes, layout, nan=refuse)
    corners, items = given.array, len(given.array)
    heights = _scores(scores, items, refuse)
    kinds = np.zeros(items, int)
    if classes is not None:
        kinds = checks.labels("classes", classes, items, "boxes")
    limit = checks.number("threshold", threshold)
    power = checks.number("beta", beta, least=math.ulp(0.0))
    apart = choice("metric", metric, {"iou": False, "diou": True})
    equal = not checks.flag("strict", strict)

    sound = ~np.isnan(corners).any(axis=1) & ~np.isnan(heights)
    order = np.argsort(-heights, kind="stable")
    left, kept = order[sound[order]], []
    while left.size:
        heads = left[: max(1, PAIRS // left.size)]
        overlaps = _overlaps(corners[heads], corners[left], limit, power if apart else None)
        beaten = (overlaps > limit) | ((overlaps == limit) & equal)
        beaten &= kinds[heads, None] == kinds[left]
        alive = np.ones(len(left), bool)
        for place, head in enumerate(heads):
            if alive[place]:
                kept.append(head)
                alive &= ~beaten[place]
        left = left[len(heads) :][alive[len(heads) :]]
    return given.library(np.array(kept, np.int64))


def _overlaps(
    heads: np.ndarray, others: np.ndarray, limit: float, beta: float | None
) -> np.ndarray:
    """Return how much boxes overlap others, a row each; DIoU where there is a β.

    What is below the limit without the term of DIoU is left without it.
    """
    first, second = all_pairs_of(heads, others)
    found = ious(first, second)
    if beta is not None:
        reaching = np.flatnonzero(found >= limit)
        found[reaching] -= distance_terms(first[reaching], second[reaching]) ** beta
    return found.reshape(len(heads), len(others))


def _scores(value: object, items: int, refuse_nan: bool) -> np.ndarray:
    array = adopt("scores", value).array
    floating("scores", array)
    if array.shape != (items,):
        raise ValueError(f"scores: expected shape ({items},) as boxes has rows, got {array.shape}")
    missing = np.isnan(widened(array))
    if refuse_nan and missing.any():
        raise ValueError(f"scores: expected no NaN (nan='raise'); got it in row {missing.argmax()}")
    return widened(array)
