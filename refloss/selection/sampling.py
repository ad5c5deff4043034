"""P×K sampling: batches of P classes with K items each, drawn from labels and a generator.

Mining within a batch needs classes of several items, which plain shuffling rarely gives. Published
samplers differ in what they do with a class of fewer than K items; each way is a name here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from refloss.losses.checks import choice
from refloss.run.arrays import adopt
from refloss.selection import checks

__all__ = ["SHORT", "pk_batch", "pk_epoch"]


def pk_batch(labels: object, p: int, k: int, rng: object, *, short: str = "replace") -> Any:
    """Return the indices of a batch of P classes with K items each.

    Parameters
    ----------
    labels : integer array of shape (N,)
        The class of every item there is.
    p, k : int
        Classes, and items of each, at least 1.
    rng : numpy.random.Generator or int
        A generator, which it advances, or a seed.
    short : {'replace', 'repeat', 'fewer', 'drop'}
        What is done with a class of fewer than K items, see `SHORT`. Of a larger one, K
        different items are drawn.

    Returns
    -------
    int64 array of shape (P K,)
        Grouped by class, classes and items in the order in which they were drawn; shorter for
        ``"fewer"``. In the library of `labels`.

    Raises
    ------
    TypeError
        If an argument is not of the described kind.
    ValueError
        If a number is too small, a name does not exist, or there are fewer than P classes to draw
        from.

    References
    ----------
    Hermans, Beyer, Leibe: In defense of the triplet loss, arXiv 1703.07737, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.array([0, 0, 0, 1, 1, 2])
    >>> drawn = pk_batch(labels, 2, 2, 0, short="drop")
    >>> sorted(labels[drawn].tolist())
    [0, 0, 1, 1]
    """
    asked = _Asked.of(labels, p, k, rng, short)
    if len(asked.classes) < asked.p:
        kind = f"classes of at least {asked.k} items" if short == "drop" else "classes"
        found = len(asked.classes)
        raise ValueError(f"p: expected at most {found}, the number of {kind}; got {asked.p}")
    return asked.batch([asked.some(members) for members in asked.drawn(asked.classes)])


def pk_epoch(labels: object, p: int, k: int, rng: object, *, short: str = "replace") -> list[Any]:
    """Return the batches of an epoch, in which items are not drawn twice where there are enough.

    Every class is shuffled and cut into groups of K; what is left of it is left out. Batches take
    one group each of P classes drawn from those with groups left, until fewer than P have any.

    Parameters
    ----------
    labels, p, k, rng, short
        As for `pk_batch`; a class of fewer than K items makes one group.

    Returns
    -------
    list of int64 array of shape (P K,)
        As `pk_batch` returns; none if there are fewer than P classes.

    Raises
    ------
    TypeError, ValueError
        As `pk_batch`, except that too few classes are no error.

    References
    ----------
    RandomIdentitySampler of deep-person-reid, which this follows with ``short="replace"``.

    Examples
    --------
    >>> import numpy as np
    >>> [len(batch) for batch in pk_epoch(np.repeat(np.arange(2), 5), 2, 2, 0)]
    [4, 4]
    """
    asked = _Asked.of(labels, p, k, rng, short)
    queues = [asked.cut(members) for members in asked.classes]
    batches = []
    while len(left := [queue for queue in queues if queue]) >= asked.p:
        batches.append(asked.batch([queue.pop(0) for queue in asked.drawn(left)]))
    return batches


SHORT: Mapping[str, str] = MappingProxyType(
    {
        "replace": "K draws with replacement: RandomIdentitySampler of open-reid, deep-person-reid "
        "and fast-reid, MPerClassSampler of pytorch-metric-learning",
        "repeat": "K of its items, repeated until there are K or more, in random order: "
        "VisualComputingInstitute/triplet-reid",
        "fewer": "the items that there are: adambielski/siamese-triplet BalancedBatchSampler",
        "drop": "such a class is never drawn: GroupByLabelBatchSampler of sentence-transformers, "
        "K = 2",
    }
)
"""What is done with a class of fewer than K items, by name."""


def _replace(members: np.ndarray, k: int, random: np.random.Generator) -> np.ndarray:
    return random.choice(members, k)


def _repeat(members: np.ndarray, k: int, random: np.random.Generator) -> np.ndarray:
    """Return K of whole repetitions of the items, the last included, in random order."""
    return random.permutation(np.tile(members, -(-k // len(members))))[:k]


def _fewer(members: np.ndarray, k: int, random: np.random.Generator) -> np.ndarray:
    return random.permutation(members)


_FILL: dict[str, Callable[..., np.ndarray] | None] = {
    "replace": _replace,
    "repeat": _repeat,
    "fewer": _fewer,
    "drop": None,
}


@dataclass(frozen=True)
class _Asked:
    """A request with its arguments checked; `classes` are those that may be drawn."""

    classes: list[np.ndarray]
    p: int
    k: int
    fill: Any
    random: np.random.Generator
    library: Any

    @classmethod
    def of(cls, labels: object, p: object, k: object, rng: object, short: object) -> _Asked:
        given = checks.labels("labels", labels)
        classes, items = checks.whole("p", p, 1), checks.whole("k", k, 1)
        fill = choice("short", short, _FILL)
        random = checks.generator("rng", rng)
        order = np.argsort(given, kind="stable")
        starts = (
            np.flatnonzero(np.diff(given[order], prepend=given[order][:1])) if len(given) else []
        )
        members = [part for part in np.split(order, starts) if len(part) >= (1 if fill else items)]
        return cls(members, classes, items, fill, random, adopt("labels", labels).give_back)

    def drawn(self, groups: list[Any]) -> list[Any]:
        """Return P of some groups."""
        places = self.random.choice(len(groups), self.p, replace=False)
        return [groups[place] for place in places]

    def some(self, members: np.ndarray) -> np.ndarray:
        """Return K items of a class, or what a class of fewer gives."""
        if len(members) < self.k:
            return self.fill(members, self.k, self.random)
        return self.random.choice(members, self.k, replace=False)

    def cut(self, members: np.ndarray) -> list[np.ndarray]:
        """Return the items of a class in groups of K, or the one of a class of fewer."""
        if len(members) < self.k:
            return [self.some(members)]
        groups = len(members) // self.k
        return np.split(self.random.permutation(members)[: groups * self.k], groups)

    def batch(self, groups: list[np.ndarray]) -> Any:
        return self.library(np.concatenate(groups).astype(np.int64))
