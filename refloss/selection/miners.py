"""Mining: pure functions from embeddings and labels to the pairs and triplets to train on.

An item's positives are the *other* items of its class, by index: a coincident embedding is one, the
item itself is not. Distances are those of `pairwise_distances`, read a block of rows at a time. Of
equal distances the item with the lowest index is taken. Where a batch lacks what a miner looks
for, because it has one item, one class, or no class of two, there are no indices, and no error.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from refloss.losses.checks import choice, known_name
from refloss.selection import checks
from refloss.selection.conditions import holds
from refloss.selection.distances import MEMORY, Distances
from refloss.selection.extremes import Extremes, first_least
from refloss.selection.tuples import Pairs, Triplets, joined

__all__ = ["batch_hard", "mine_triplets", "multi_similarity_pairs", "semi_hard"]


def batch_hard(
    x: object,
    labels: object,
    *,
    positives: str = "others",
    metric: str = "euclidean",
    method: str = "difference",
    memory: int = MEMORY,
) -> Triplets:
    """Return for every anchor the farthest positive and the nearest negative.

    Parameters
    ----------
    x : array of shape (N, D)
        Embeddings: float64, float32, float16 or bfloat16.
    labels : integer array of shape (N,)
    positives : {'others', 'with_self'}
        Whether an item is a positive of its own. It is in deep-person-reid, fast-reid, mmdetection
        and reid-strong-baseline, where an item alone in its class is its own hardest positive.
    metric, method, memory
        As for `pairwise_distances`.

    Returns
    -------
    Triplets
        By rising anchor, at most one each: anchors without a positive or without a negative have
        none. In the library of `x`.

    Raises
    ------
    TypeError
        If an argument is not of the described kind.
    ValueError
        If shapes do not match, a coordinate is not finite, or a name does not exist.

    References
    ----------
    Hermans, Beyer, Leibe: In defense of the triplet loss, arXiv 1703.07737, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [3.0], [4.0], [9.0]])
    >>> anchor, positive, negative = batch_hard(x, np.array([0, 0, 0, 1, 2]))
    >>> anchor, positive, negative
    (array([0, 1, 2]), array([2, 2, 0]), array([3, 3, 3]))
    """
    own = choice("positives", positives, {"others": False, "with_self": True})
    batch = _Batch.of(x, labels, metric, method, memory)
    found, extremes = [], Extremes.of(batch.distances)
    for rows in batch.distances.parts():
        same = batch.labels[rows, None] == batch.labels
        other = ~same
        if not own:
            same[np.arange(len(same)), np.arange(rows.start, rows.stop)] = False
        kept = np.flatnonzero(same.any(axis=1) & other.any(axis=1))
        anchors = kept + rows.start
        found.append((anchors, *extremes.find(anchors, same[kept], other[kept])))
    return batch.triplets(found)


def semi_hard(
    x: object,
    labels: object,
    *,
    margin: float = math.inf,
    take: str = "nearest",
    fallback: str = "largest",
    rng: object = None,
    pairs: str = "ordered",
    metric: str = "euclidean",
    method: str = "difference",
    memory: int = MEMORY,
) -> Triplets:
    """Return for every positive pair a negative that is farther than the positive.

    `mine_triplets` with the condition ``semi_hard`` and, by default, the choices of TensorFlow
    Addons and sentence-transformers: the nearest such negative however far, and where none is
    farther than the positive, the farthest of all negatives.

    Parameters
    ----------
    x, labels, margin, take, fallback, rng, pairs, metric, method, memory
        As for `mine_triplets`.

    Returns
    -------
    Triplets
        As `mine_triplets`.

    Raises
    ------
    TypeError, ValueError
        As `mine_triplets`.

    Examples
    --------
    >>> import numpy as np
    >>> x, labels = np.array([[0.0], [2.0], [1.0], [3.0]]), np.array([0, 0, 1, 1])
    >>> anchor, positive, negative = semi_hard(x, labels)
    >>> anchor, positive, negative
    (array([0, 1, 2, 3]), array([1, 0, 3, 2]), array([3, 2, 0, 0]))
    >>> semi_hard(x, labels, fallback="none").anchor
    array([0, 3])
    """
    return mine_triplets(
        x,
        labels,
        "semi_hard",
        margin=margin,
        take=take,
        fallback=fallback,
        rng=rng,
        pairs=pairs,
        metric=metric,
        method=method,
        memory=memory,
    )


def mine_triplets(
    x: object,
    labels: object,
    condition: str,
    *,
    margin: float,
    take: str = "all",
    fallback: str = "none",
    rng: object = None,
    pairs: str = "ordered",
    metric: str = "euclidean",
    method: str = "difference",
    memory: int = MEMORY,
) -> Triplets:
    """Return the triplets that meet a condition, all of them or one for every positive pair.

    Parameters
    ----------
    x : array of shape (N, D)
        Embeddings: float64, float32, float16 or bfloat16.
    labels : integer array of shape (N,)
    condition : {'easy', 'semi_hard', 'hard', 'violating', 'all'}
        As `triplet_condition` says; ``violating`` is semi-hard or hard: the hinge is not 0.
    margin : float
        Not negative. With an infinite one every farther negative is semi-hard, and none is easy.
    take : {'all', 'nearest', 'random'}
        Of the negatives of a pair that meet the condition: every one, the nearest to the anchor, or
        one drawn from them.
    fallback : {'none', 'largest', 'hardest'}
        What a pair gets that has negatives, but none that meets the condition: nothing, the
        negative farthest from the anchor, or the nearest.
    rng : numpy.random.Generator or int, optional
        For ``take="random"``: a generator, which it advances, or a seed.
    pairs : {'ordered', 'unordered'}
        Positive pairs both ways, or only those whose positive follows the anchor.
    metric, method, memory
        As for `pairwise_distances`.

    Returns
    -------
    Triplets
        By rising anchor, then positive, then negative. In the library of `x`.

    Raises
    ------
    TypeError
        If an argument is not of the described kind.
    ValueError
        If shapes do not match, a coordinate is not finite, the margin is negative, or a name does
        not exist.

    Notes
    -----
    ==================================================== ==========================================
    code                                                 arguments
    ==================================================== ==========================================
    pytorch-metric-learning TripletMarginMiner           ``take="all"`` (its ``semihard`` has the
                                                         border ``d_an = d_ap + margin`` as well)
    davidsandberg/facenet, select_triplets               ``"violating", take="random",
                                                         pairs="unordered", metric="squared"``
    its line that is commented out                       ``"semi_hard"`` for ``"violating"``
    TensorFlow Addons triplet_semihard_loss,             ``"semi_hard", margin=inf, take="nearest",
    sentence-transformers BatchSemiHardTripletLoss       fallback="largest"``
    ==================================================== ==========================================

    References
    ----------
    Schroff, Kalenichenko, Philbin: FaceNet, arXiv 1503.03832, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> x, labels = np.array([[0.0], [2.0], [1.0], [3.0]]), np.array([0, 0, 1, 1])
    >>> anchor, positive, negative = mine_triplets(x, labels, "hard", margin=0.5, pairs="unordered")
    >>> anchor, positive, negative
    (array([0, 2, 2]), array([1, 3, 3]), array([2, 0, 1]))
    """
    known_name("condition", condition, ("all", "violating", "easy", "semi_hard", "hard"))
    limit = checks.number("margin", margin, least=0.0, infinite=True)
    rule = _Rule(
        condition,
        limit,
        choice("take", take, _TAKE),
        choice("fallback", fallback, _FALLBACK),
        checks.generator("rng", rng) if take == "random" else None,
    )
    forward = choice("pairs", pairs, {"ordered": False, "unordered": True})
    batch = _Batch.of(x, labels, metric, method, memory)
    found = []
    for anchor, row, positive, negative in batch.anchors():
        kept = positive[positive > anchor] if forward else positive
        i, n = rule.chosen(row[kept], row[negative])
        found.append((np.full(len(i), anchor), kept[i], negative[n]))
    return batch.triplets(found)


def multi_similarity_pairs(
    x: object, labels: object, *, epsilon: float = 0.1, memory: int = MEMORY
) -> Pairs:
    """Return the pairs that are harder than an anchor's hardest of the other kind, less epsilon.

    Parameters
    ----------
    x : array of shape (N, D)
        Embeddings: float64, float32, float16 or bfloat16. Their cosines are compared.
    labels : integer array of shape (N,)
    epsilon : float
        How much easier than that a pair may be.
    memory : int
        As for `pairwise_distances`.

    Returns
    -------
    Pairs
        Ordered pairs, the anchor first: a negative is kept if its similarity is above that of the
        least similar positive less epsilon, a positive if its similarity is below that of the most
        similar negative plus epsilon. None of an anchor that lacks either. By rising anchor, then
        the other; in the library of `x`.

    Raises
    ------
    TypeError
        If an argument is not of the described kind.
    ValueError
        If shapes do not match, or a number is not finite.

    References
    ----------
    Wang, Han, Huang, Dong, Scott: Multi-similarity loss with general pair weighting, CVPR 2019,
    equations 7 and 8.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6], [-1.0, 0.0]])
    >>> first, second, same = multi_similarity_pairs(x, np.array([0, 0, 1, 1]))
    >>> first, second
    (array([0, 0, 1, 1, 2, 2, 2, 3, 3]), array([1, 2, 0, 2, 0, 1, 3, 1, 2]))
    """
    slack = checks.number("epsilon", epsilon)
    batch = _Batch.of(x, labels, "cosine", "difference", memory)
    found = []
    for anchor, row, positive, negative in batch.anchors():
        far, near = row[positive].max(initial=-np.inf), row[negative].min(initial=np.inf)
        near_enough = negative[row[negative] < far + slack]
        far_enough = positive[row[positive] > near - slack]
        others = np.sort(np.concatenate([near_enough, far_enough]))
        found.append((np.full(len(others), anchor), others))
    first, second = (joined([part[k] for part in found]) for k in range(2))
    same = batch.labels[first] == batch.labels[second]
    return Pairs(*map(batch.library, (first, second, same)))


@dataclass(frozen=True)
class _Batch:
    """A batch whose arguments are checked."""

    distances: Distances
    labels: np.ndarray
    library: Any

    @classmethod
    def of(cls, x: object, labels: object, metric: str, method: str, memory: int) -> _Batch:
        given = checks.points("x", x)
        classes = checks.labels("labels", labels, len(given.array))
        distances = Distances.of(given, given, metric, method, memory)
        checks.finite(given)
        return cls(distances, classes, given.library)

    def anchors(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield anchors that have both, with their distances, positives and negatives."""
        for rows, block in self.distances.blocks():
            for anchor, row in enumerate(block, rows.start):
                same = self.labels == self.labels[anchor]
                negative = np.flatnonzero(~same)
                same[anchor] = False
                positive = np.flatnonzero(same)
                if positive.size and negative.size:
                    yield anchor, row, positive, negative

    def triplets(self, found: list[tuple[np.ndarray, ...]]) -> Triplets:
        return Triplets(*(self.library(joined([part[k] for part in found])) for k in range(3)))


@dataclass(frozen=True)
class _Rule:
    """How negatives are chosen for the positives of an anchor."""

    condition: str
    margin: float
    take: Any
    fallback: Any
    rng: np.random.Generator | None

    def chosen(self, near: np.ndarray, far: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return positions of positives and of their negatives."""
        meets = holds(self.condition, near[:, None], far[None], self.margin)
        meets = self.take(meets, far, self.rng)
        if self.fallback is not None:
            meets[~meets.any(axis=1), self.fallback(far)] = True
        i, n = np.nonzero(meets)
        return i, n


def _every(meets: np.ndarray, far: np.ndarray, rng: Any) -> np.ndarray:
    return meets


def _nearest(meets: np.ndarray, far: np.ndarray, rng: Any) -> np.ndarray:
    """Keep the first of the nearest in every row."""
    return _one(meets, first_least(np.broadcast_to(far, meets.shape), meets))


def _drawn(meets: np.ndarray, far: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Keep one in every row, each with the same chance."""
    counts = meets.sum(axis=1)
    rank = rng.integers(0, np.maximum(counts, 1))
    return _one(meets, (meets.cumsum(axis=1) > rank[:, None]).argmax(axis=1))


def _one(meets: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Keep one position in every row that has any."""
    kept = np.zeros_like(meets)
    rows = np.flatnonzero(meets.any(axis=1))
    kept[rows, at[rows]] = True
    return kept


_TAKE = {"all": _every, "nearest": _nearest, "random": _drawn}
_FALLBACK = {"none": None, "largest": np.argmax, "hardest": np.argmin}
