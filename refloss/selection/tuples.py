"""Pairs and triplets as arrays of indices, and all of them that labels allow."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from refloss.losses.checks import choice
from refloss.run.arrays import adopt
from refloss.selection import checks

__all__ = ["Pairs", "Triplets", "all_pairs", "all_triplets"]


class Pairs(NamedTuple):
    """Pairs of items of a batch.

    Attributes
    ----------
    first, second : int64 array of shape (P,)
        Rows of the embeddings.
    same : bool array of shape (P,)
        Whether the two are of one class.
    """

    first: Any
    second: Any
    same: Any


class Triplets(NamedTuple):
    """Triplets of items of a batch.

    Attributes
    ----------
    anchor, positive, negative : int64 array of shape (T,)
        Rows of the embeddings.
    """

    anchor: Any
    positive: Any
    negative: Any


def all_pairs(labels: object, *, order: str = "unordered") -> Pairs:
    """Return all pairs of different items.

    Parameters
    ----------
    labels : integer array of shape (N,)
    order : {'unordered', 'ordered'}
        Every pair once, with ``first < second``, or both ways.

    Returns
    -------
    Pairs
        By rising ``first``, then ``second``; in the library of `labels`. None for one item.

    Raises
    ------
    TypeError
        If `labels` is no array of integers.
    ValueError
        If its shape is not ``(N,)`` or `order` does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> first, second, same = all_pairs(np.array([0, 1, 0]))
    >>> first, second, same
    (array([0, 0, 1]), array([1, 2, 2]), array([False,  True, False]))
    """
    given = checks.labels("labels", labels)
    one_way = choice("order", order, {"unordered": True, "ordered": False})
    items = len(given)
    if one_way:
        first, second = np.triu_indices(items, 1)
    else:
        first, second = np.nonzero(~np.eye(items, dtype=bool))
    back = adopt("labels", labels).give_back
    arrays = first.astype(np.int64), second.astype(np.int64), given[first] == given[second]
    return Pairs(*map(back, arrays))


def all_triplets(labels: object) -> Triplets:
    """Return all triplets: batch-all mining.

    Parameters
    ----------
    labels : integer array of shape (N,)

    Returns
    -------
    Triplets
        Every anchor with every other item of its class and every item of another; by rising
        anchor, then positive, then negative; in the library of `labels`. None where there is one
        class, or no class of two.

    Raises
    ------
    TypeError
        If `labels` is no array of integers.
    ValueError
        If its shape is not ``(N,)``.

    References
    ----------
    Hermans, Beyer, Leibe: In defense of the triplet loss, arXiv 1703.07737, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> anchor, positive, negative = all_triplets(np.array([0, 0, 1]))
    >>> anchor, positive, negative
    (array([0, 1]), array([1, 0]), array([2, 2]))
    """
    given = checks.labels("labels", labels)
    anchors, positives, negatives = [], [], []
    for anchor in range(len(given)):
        same = given == given[anchor]
        negative = np.flatnonzero(~same)
        same[anchor] = False
        positive = np.flatnonzero(same)
        positives.append(np.repeat(positive, len(negative)))
        negatives.append(np.tile(negative, len(positive)))
        anchors.append(np.full(len(positives[-1]), anchor))
    back = adopt("labels", labels).give_back
    return Triplets(*(back(joined(part)) for part in (anchors, positives, negatives)))


def joined(parts: list[np.ndarray]) -> np.ndarray:
    """Return arrays of indices as one, also if there is none."""
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)
