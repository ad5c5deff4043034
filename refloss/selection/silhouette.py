"""The silhouette coefficient: how much nearer an item is to its own class than to the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from refloss.losses.checks import choice
from refloss.selection import checks
from refloss.selection.checks import Given
from refloss.selection.distances import MEMORY, Distances

__all__ = ["ClassSilhouettes", "silhouette_by_class", "silhouette_samples", "silhouette_score"]


class ClassSilhouettes(NamedTuple):
    """Mean silhouettes of classes.

    Attributes
    ----------
    classes : integer array of shape (C,)
        The labels that occur, rising.
    means : array of shape (C,)
    """

    classes: Any
    means: Any


def silhouette_samples(
    x: object,
    labels: object,
    *,
    metric: str = "euclidean",
    method: str = "difference",
    memory: int = MEMORY,
) -> Any:
    """Return the silhouette coefficient of every item.

    ``s = (b - a)/max(a, b)``, with a the mean distance from the other items of the class, b the
    least of the mean distances from the items of every other class.

    Parameters
    ----------
    x : array of shape (N, D)
        Embeddings: float64, float32, float16 or bfloat16.
    labels : integer array of shape (N,)
        At least two classes.
    metric, method
        As for `pairwise_distances`; ``"cosine"`` for embeddings that a loss normalises.
    memory : int
        Bytes beside inputs and result. Distances are never held all at once.

    Returns
    -------
    array of shape (N,)
        From -1 to 1, in the library and format of `x`, computed in float64 and rounded once. 0 for
        an item that is alone in its class, and for one with a = b = 0, in coincident clusters.

    Raises
    ------
    TypeError
        If an argument is not of the described kind.
    ValueError
        If shapes do not match, a coordinate is not finite, there is one class, or a name does not
        exist.

    Notes
    -----
    The numbers are those of scikit-learn's ``silhouette_samples``, which refuses also a class of
    its own for every item; here all of these are 0.

    References
    ----------
    Rousseeuw: Silhouettes, Journal of Computational and Applied Mathematics 20, 1987.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [4.0], [4.0], [9.0]])
    >>> silhouette_samples(x, np.array([0, 0, 1, 1, 2]))
    array([0.75      , 0.66666667, 1.        , 1.        , 0.        ])
    """
    batch = _Batch.of(x, labels, metric, method, memory)
    return batch.given.rounded(batch.silhouettes())


def silhouette_by_class(
    x: object,
    labels: object,
    *,
    metric: str = "euclidean",
    method: str = "difference",
    memory: int = MEMORY,
) -> ClassSilhouettes:
    """Return the mean silhouette coefficient of every class.

    Parameters
    ----------
    x, labels, metric, method, memory
        As for `silhouette_samples`.

    Returns
    -------
    ClassSilhouettes
        In the library of `x`, means in its format.

    Raises
    ------
    TypeError, ValueError
        As for `silhouette_samples`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [4.0], [4.0], [9.0]])
    >>> silhouette_by_class(x, np.array([5, 5, 7, 7, 9])).means
    array([0.70833333, 1.        , 0.        ])
    """
    batch = _Batch.of(x, labels, metric, method, memory)
    return ClassSilhouettes(batch.given.library(batch.classes), batch.given.rounded(batch.means()))


def silhouette_score(
    x: object,
    labels: object,
    *,
    average: str = "samples",
    metric: str = "euclidean",
    method: str = "difference",
    memory: int = MEMORY,
) -> Any:
    """Return the mean silhouette coefficient.

    A higher one does not mean a higher accuracy: it also rewards how tight classes are.

    Parameters
    ----------
    x, labels, metric, method, memory
        As for `silhouette_samples`.
    average : {'samples', 'classes'}
        Over items, as scikit-learn's ``silhouette_score``, or over the means of the classes, so
        that large classes do not count more.

    Returns
    -------
    number
        As `silhouette_samples`.

    Raises
    ------
    TypeError, ValueError
        As for `silhouette_samples`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [4.0], [4.0], [9.0]])
    >>> round(float(silhouette_score(x, np.array([5, 5, 7, 7, 9]))), 6)
    0.683333
    """
    by_class = choice("average", average, {"samples": False, "classes": True})
    batch = _Batch.of(x, labels, metric, method, memory)
    values = batch.means() if by_class else batch.silhouettes()
    return batch.given.rounded(np.asarray(values.mean()))


@dataclass(frozen=True)
class _Batch:
    """A batch whose arguments are checked.

    Attributes
    ----------
    distances : Distances
    classes : array of shape (C,)
        Labels that occur, rising.
    member : int array of shape (N,)
        The place of every item's class among them.
    given : Given
        The embeddings.
    """

    distances: Distances
    classes: np.ndarray
    member: np.ndarray
    given: Given

    @classmethod
    def of(cls, x: object, labels: object, metric: str, method: str, memory: int) -> _Batch:
        given = checks.points("x", x)
        classes = checks.labels("labels", labels, len(given.array))
        distances = Distances.of(given, given, metric, method, memory)
        checks.finite(given)
        found, member = np.unique(classes, return_inverse=True)
        if len(found) < 2:
            raise ValueError(f"labels: expected at least 2 classes, got {len(found)}")
        return cls(distances, found, member, given)

    def silhouettes(self) -> np.ndarray:
        """Return the coefficients in float64."""
        counts = np.bincount(self.member)
        order = np.argsort(self.member, kind="stable")
        starts = np.cumsum(counts) - counts
        out = np.empty(len(self.member))
        for rows, block in self.distances.blocks():
            sums = np.add.reduceat(block.astype(np.float64)[:, order], starts, axis=1)
            out[rows] = _coefficients(sums, counts, self.member[rows])
        return out

    def means(self) -> np.ndarray:
        """Return the mean coefficients of the classes in float64."""
        return np.bincount(self.member, self.silhouettes()) / np.bincount(self.member)


def _coefficients(sums: np.ndarray, counts: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Return the coefficients of items from the sums of their distances from every class."""
    here = np.arange(len(member))
    others = counts[member] - 1
    own = sums[here, member] / np.maximum(others, 1)
    means = sums / counts
    means[here, member] = np.inf
    next_one = means.min(axis=1)
    most = np.maximum(own, next_one)
    defined = (others > 0) & (most > 0.0)
    return np.where(defined, (next_one - own) / np.where(defined, most, 1.0), 0.0)
