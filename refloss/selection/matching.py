"""Matching of boxes to ground truth by overlap: foreground, background, and what is left out."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from refloss.losses.checks import choice, same_format
from refloss.selection import checks
from refloss.selection.distances import MEMORY
from refloss.selection.overlaps import similarities

__all__ = ["BACKGROUND", "IGNORED", "Matches", "match_boxes"]

BACKGROUND = -1
"""The index of a box that matches nothing."""

IGNORED = -2
"""The index of a box between the thresholds."""


class Matches(NamedTuple):
    """What boxes were matched to.

    Attributes
    ----------
    index : int64 array of shape (N,)
        The row of the ground truth, `BACKGROUND` or `IGNORED`.
    similarity : array of shape (N,)
        How much a box overlaps the ground truth that it overlaps most; NaN where there is none. In
        the format of the boxes.
    """

    index: Any
    similarity: Any


def match_boxes(
    boxes: object,
    truth: object,
    *,
    foreground: float = 0.5,
    background: float | None = None,
    metric: str = "iou",
    allow_low_quality_matches: bool = False,
    low_quality_to: str = "own",
    low_quality_ties: str = "all",
    low_quality_least: float = -math.inf,
    layout: str = "xyxy",
    memory: int = MEMORY,
) -> Matches:
    """Return for every box the ground truth that it is trained on.

    A box goes to the ground truth that it overlaps most, if by at least `foreground`; it is
    background below `background`, and ignored in between.

    Parameters
    ----------
    boxes : array of shape (N, 4)
        Anchors or predictions: float64, float32, float16 or bfloat16.
    truth : array of shape (M, 4)
        Of the format of `boxes`.
    foreground, background : float
        Thresholds; `background` is `foreground` by default, and never above it.
    metric : {'iou', 'giou', 'diou', 'ciou'}
        As for `box_similarity`. Only IoU is never negative: thresholds differ.
    allow_low_quality_matches : bool
        Whether the boxes that overlap a ground truth most match even below `foreground`, so that
        every ground truth has a box.
    low_quality_to : {'own', 'claimed'}
        What such a box matches: the ground truth that itself overlaps most, which may be another,
        or the one whose best it is; the last of several.
    low_quality_ties : {'all', 'first'}
        Of boxes that overlap a ground truth equally: all of them, or the first alone.
    low_quality_least : float
        The overlap that such a match needs at least.
    layout : {'xyxy', 'xywh', 'cxcywh'}
        How both are written.
    memory : int
        Bytes beside inputs and result.

    Returns
    -------
    Matches
        In the library of `boxes`. Of ground truths that a box overlaps equally it is the first.
        Without ground truth all boxes are background.

    Raises
    ------
    TypeError
        If an argument is not of the described kind, or the formats differ.
    ValueError
        If a shape is not as described, a box is inverted, NaN or infinite, the thresholds cross, or
        a name does not exist.

    Notes
    -----
    Overlaps are compared in float64. By default a ground truth that no box overlaps has all boxes
    as its best, with IoU 0, and they match; a positive `low_quality_least` excludes them.

    ======================== =======================================================================
    code                     arguments
    ======================== =======================================================================
    torchvision and          ``foreground``, ``background``, ``allow_low_quality_matches``; in
    detectron2 Matcher       torchvision an empty set is an error
    mmdetection              ``allow_low_quality_matches=True, low_quality_to="claimed",
    MaxIoUAssigner           low_quality_least=min_pos_iou``; ``low_quality_ties="first"`` for
                             ``gt_max_assign_all=False``
    ======================== =======================================================================

    References
    ----------
    Ren, He, Girshick, Sun: Faster R-CNN, arXiv 1506.01497, section 3.1.2.

    Examples
    --------
    >>> import numpy as np
    >>> boxes = np.array([[0.0, 0, 4, 4], [0, 0, 4, 2], [1, 0, 5, 4], [9, 9, 10, 10]])
    >>> truth = np.array([[0.0, 0, 4, 3], [8, 8, 10, 10]])
    >>> index, similarity = match_boxes(boxes, truth, foreground=0.7, background=0.5)
    >>> index, similarity
    (array([ 0, -2, -1, -1]), array([0.75      , 0.66666667, 0.47368421, 0.25      ]))
    >>> match_boxes(boxes, truth, foreground=0.7, allow_low_quality_matches=True).index
    array([ 0, -1, -1,  1])
    """
    first = checks.boxes("boxes", boxes, layout, nan=True)
    second = checks.boxes("truth", truth, layout, nan=True)
    same_format("truth", np.empty(0, second.held), np.empty(0, first.held), "boxes")
    upper = checks.number("foreground", foreground)
    lower = upper if background is None else checks.number("background", background)
    if lower > upper:
        raise ValueError(f"background: expected at most foreground = {upper!r}, got {lower!r}")
    least = checks.number("low_quality_least", low_quality_least, infinite=True)
    claimed = choice("low_quality_to", low_quality_to, {"own": False, "claimed": True})
    every = choice("low_quality_ties", low_quality_ties, {"all": True, "first": False})
    low = checks.flag("allow_low_quality_matches", allow_low_quality_matches)

    own, best, peaks = _best(first.array, second.array, metric, memory)
    index = np.where(best >= upper, own, np.where(best >= lower, IGNORED, BACKGROUND))  # NaN: none
    if low and len(peaks):
        seen = np.zeros(len(peaks), bool)
        for rows, block in similarities(first.array, second.array, metric, memory):
            tied = (block == peaks) & (peaks >= least)
            if not every:
                tied &= (tied.cumsum(axis=0) == 1) & ~seen
                seen |= tied.any(axis=0)
            lifted = np.flatnonzero(tied.any(axis=1))
            last = tied.shape[1] - 1 - tied[lifted, ::-1].argmax(axis=1)
            index[rows.start + lifted] = last if claimed else own[rows.start + lifted]
    return Matches(first.library(index), first.rounded(best))


def _best(
    boxes: np.ndarray, truth: np.ndarray, metric: str, memory: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ground truth that every box overlaps most, how much, and the reverse of that."""
    own, best = np.zeros(len(boxes), np.int64), np.full(len(boxes), np.nan)
    peaks = np.full(len(truth), -np.inf)
    for rows, block in similarities(boxes, truth, metric, memory):
        if block.size:
            own[rows] = block.argmax(axis=1)
            best[rows] = block.max(axis=1)
            np.maximum(peaks, block.max(axis=0), out=peaks)
    return own, best, peaks
