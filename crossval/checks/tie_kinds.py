"""Which comparisons tie at a row, and what the ways of resolving them are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

__all__ = [
    "BOX_TIES",
    "CENTER_TIES",
    "HEAD_TIES",
    "MARGIN_TIES",
    "NO_TIES",
    "PAIR_TIES",
    "RESIDUAL_TIES",
    "SCORE_TIES",
    "TRIPLET_TIES",
    "TieKinds",
]


@dataclass(frozen=True)
class TieKinds:
    """The ties of a family.

    Attributes
    ----------
    of : callable
        Row of columns to a kind of tie; empty where several kinds meet.
    names : mapping
        By kind: what it is called to take refloss's gradient (``ours``), that of one side
        (``one``), or the mean of the sides (``mean``).
    """

    of: Callable[[np.ndarray], str]
    names: Mapping[str, Mapping[str, str]]


def _boxes(row: np.ndarray) -> str:
    """Return which edges tie; nothing for a degenerate box."""
    sizes = np.concatenate([row[2:4] - row[:2], row[6:8] - row[4:6]])
    if np.any(sizes == 0):
        return ""
    edges = bool(np.any(row[:4] == row[4:]))
    low, high = np.maximum(row[:2], row[4:6]), np.minimum(row[2:4], row[6:8])
    touching = bool(np.any(low == high))
    if edges and touching:
        return ""
    return "equal edges" if edges else "touching" if touching else "floors and limits"


BOX_TIES = TieKinds(
    _boxes,
    {
        "equal edges": {"ours": "even split", "one": "one side takes all", "mean": "even split"},
        "touching": {
            "ours": "overlap's derivative 0",
            "one": "overlap's derivative 1",
            "mean": "1/2",
        },
        "floors and limits": {"ours": "as refloss", "one": "one side takes all", "mean": "1/2"},
    },
)

RESIDUAL_TIES = TieKinds(
    lambda row: "equal" if row[0] == row[1] else "",
    {"equal": {"ours": "slope 0", "one": "slope of one side", "mean": "slope 0"}},
)

SCORE_TIES = TieKinds(
    lambda row: "margin reached",
    {"margin reached": {"ours": "slope 0", "one": "slope of the loss", "mean": "half of it"}},
)


def _margins(row: np.ndarray) -> str:
    """Return what ties in a row of scores and a class, at margin 1; nothing where both do."""
    scores, target = row[:-1], int(row[-1])
    others = np.delete(scores, target)
    reached = bool(np.any(others + 1 == scores[target]) or np.any(np.abs(scores) == 1))
    several = np.count_nonzero(np.maximum(others, 0) == max(others.max(), 0.0)) > 1
    if reached and several:
        return ""
    return "several largest scores" if several else "margin reached"


MARGIN_TIES = TieKinds(
    _margins,
    {
        "several largest scores": {
            "ours": "even split",
            "one": "one of them takes all",
            "mean": "even split",
        },
        "margin reached": {"ours": "slope 0", "one": "slope of the loss", "mean": "half of it"},
    },
)

HEAD_TIES = TieKinds(
    lambda row: "length at its least",
    {
        "length at its least": {
            "ours": "half of the length's slope",
            "one": "the slope of one side",
            "mean": "half of the length's slope",
        }
    },
)

PAIR_TIES = TieKinds(
    lambda row: "distance at the margin",
    {
        "distance at the margin": {
            "ours": "slope 0",
            "one": "slope of the hinge",
            "mean": "half of it",
        }
    },
)


def _triplets(row: np.ndarray) -> str:
    """Return what is tied; nothing where a component is 0, which the 1-norm ties at."""
    anchor, positive, negative = np.split(row, 3)
    apart = anchor - positive, anchor - negative, positive - negative
    if any((each == 0).any() for each in apart):
        return ""
    between = any(np.sum(np.abs(apart[1]) ** k) == np.sum(np.abs(apart[2]) ** k) for k in (1, 2))
    return "negative as near to both" if between else "the margin just kept"


TRIPLET_TIES = TieKinds(
    _triplets,
    {
        "the margin just kept": {
            "ours": "slope 0",
            "one": "slope of the hinge",
            "mean": "half of it",
        },
        "negative as near to both": {
            "ours": "half of either distance",
            "one": "the slope of one distance",
            "mean": "half of either distance",
        },
    },
)

CENTER_TIES = TieKinds(
    lambda row: "square at an end of the clip",
    {
        "square at an end of the clip": {
            "ours": "half of the slope",
            "one": "slope of one side",
            "mean": "half of the slope",
        }
    },
)

NO_TIES = TieKinds(lambda row: "", {})
