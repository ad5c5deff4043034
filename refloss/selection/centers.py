"""Updates of class centres: the step that the center loss leaves to a rule of its own.

The paper does not follow the gradient by a centre: it divides the sum of differences by one more
than the number of vectors, so that few of them move a centre little. What is published as center
loss moves centres in other ways, each a name here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from refloss.losses import row_checks
from refloss.losses.checks import choice, same_format
from refloss.losses.head_checks import memory as budget
from refloss.losses.heads import MEMORY
from refloss.run.arrays import adopt
from refloss.run.class_sums import ROWS, ClassSums
from refloss.selection import checks

__all__ = ["CENTER_UPDATES", "CenterUpdate", "update_centers"]

_BYTES = 64
"""Bytes that a number of a row may cost: a gathered centre, and what adding up takes."""


@dataclass(frozen=True)
class CenterUpdate:
    """A rule: by how much of the sum of ``c_j - x_i`` over its vectors a centre moves.

    Attributes
    ----------
    words, source : str
        What it is, and who uses it.
    step : callable
        ``step(alpha, counts, items)``: the factor of the sums, one a class, from the rule's number,
        how many vectors each class has, and how many there are.
    most : float
        The largest number that the source allows.
    """

    words: str
    source: str
    step: Callable[[float, np.ndarray, int], np.ndarray]
    most: float = 1.0


def _paper(alpha: float, counts: np.ndarray, items: int) -> np.ndarray:
    return alpha / (1.0 + counts)


CENTER_UPDATES: Mapping[str, CenterUpdate] = MappingProxyType(
    {
        "paper": CenterUpdate(
            "c - alpha sum(c - x)/(1 + n)",
            "Wen et al. 2016, equation 4; ydwen/caffe-face",
            _paper,
        ),
        "tf_snippet": CenterUpdate(
            "every vector's (c - x)/(1 + n) is taken away, alpha times: the paper's update, for "
            "what is scattered to one place adds up",
            "TensorFlow snippets with unique_with_counts and scatter_sub, e.g. "
            "HansonSun/FaceRecognition_TF",
            _paper,
        ),
        "facenet": CenterUpdate(
            "every vector's (1 - alpha)(c - x) is taken away: no 1 + n, and an alpha that keeps",
            "davidsandberg/facenet, center_loss with alfa = 0.95",
            lambda alpha, counts, items: np.full(len(counts), 1.0 - alpha),
        ),
        "happynear": CenterUpdate(
            "n times the paper's: the update of a class is added for every vector of it",
            "happynear/caffe-windows, a Backward_cpu that adds up; at 2214433 it writes, which is "
            "the paper's",
            lambda alpha, counts, items: alpha * counts / (1.0 + counts),
        ),
        "pytorch_center_loss": CenterUpdate(
            "c - alpha (2/N) sum(c - x), a step of gradient descent on the mean without 1/2",
            "KaiyangZhou/pytorch-center-loss, SGD with learning rate 0.5",
            lambda alpha, counts, items: np.full(len(counts), 2.0 * alpha / max(items, 1)),
            np.inf,
        ),
    }
)
"""Rules by name."""


def update_centers(
    x: object,
    centers: object,
    target: object,
    alpha: float,
    *,
    rule: str = "paper",
    ignore_index: int = -100,
    memory: int = MEMORY,
) -> Any:
    """Return the centres after one step.

    Parameters
    ----------
    x : array of shape (N, D), float16, bfloat16, float32 or float64
        Vectors, finite; N may be 0.
    centers : array of shape (C, D) of the dtype of `x`
        Finite; they are not written to.
    target : array of integers of shape (N,)
        The class of every vector.
    alpha : float
        The rule's number as its source writes it, from 0 to 1; of ``"pytorch_center_loss"`` a
        learning rate.
    rule : {'paper', 'tf_snippet', 'facenet', 'happynear', 'pytorch_center_loss'}
        See `CENTER_UPDATES`.
    ignore_index : int
        Vectors of this class move nothing, and are not counted.
    memory : int
        Bytes to take beside inputs and results. Vectors come in parts that fit.

    Returns
    -------
    array of shape (C, D)
        New centres, in the library and dtype of `centers`, rounded once; those of classes that no
        vector is of are the old ones.

    Raises
    ------
    TypeError
        If an argument is not of the described kind.
    ValueError
        If a shape does not fit, a number is not finite or out of its range, a class does not
        exist, or there is no such rule.

    References
    ----------
    Wen, Zhang, Li, Qiao: A discriminative feature learning approach for deep face recognition,
    ECCV 2016.

    Examples
    --------
    >>> import numpy as np
    >>> x, centers = np.array([[1.0], [3.0]]), np.array([[0.0], [5.0]])
    >>> update_centers(x, centers, np.array([0, 0]), 0.75).tolist()
    [[1.0], [5.0]]
    """
    known = choice("rule", rule, CENTER_UPDATES)
    number = checks.number("alpha", alpha, least=0.0, most=known.most)
    points, old = _given(x, centers)
    labels = checks.labels("target", target, len(points.array))
    labels, kept = row_checks.labels(labels, len(old.array), ignore_index)
    rows = np.arange(len(labels)) if kept is None else np.flatnonzero(kept)
    counts = np.bincount(labels[rows].astype(np.int64), minlength=len(old.array))
    sums = _sums(points.array, old.array, labels.astype(np.int64), rows, budget(memory))
    with np.errstate(all="ignore"):
        moved = old.array - known.step(number, counts, len(rows))[:, None] * sums
    return old.rounded(np.where(counts[:, None] > 0, moved, old.array))


def _given(x: object, centers: object) -> tuple[checks.Given, checks.Given]:
    points, old = checks.points("x", x), checks.points("centers", centers)
    same_format("centers", adopt("centers", centers).array, adopt("x", x).array, "x")
    for given in (points, old):
        checks.finite(given)
    if points.array.shape[1] != old.array.shape[1]:
        raise ValueError(
            f"centers: expected {points.array.shape[1]} numbers a class as a vector of x has, got "
            f"shape {old.array.shape}"
        )
    return points, old


def _sums(
    x: np.ndarray, centers: np.ndarray, labels: np.ndarray, rows: np.ndarray, memory: int
) -> np.ndarray:
    """Return the sums of ``c_j - x_i`` by class."""
    present, places = np.unique(labels[rows], return_inverse=True)
    sums = ClassSums.of(len(present), x.shape[1])
    step = min(max(memory // (_BYTES * max(x.shape[1], 1)), 1), ROWS)
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        with np.errstate(over="ignore"):
            sums.add(places[start : start + step], centers[labels[some]] - x[some])
    found = np.zeros(centers.shape)
    found[present] = sums.result()
    return found
