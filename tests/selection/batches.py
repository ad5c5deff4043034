"""Small batches for miners, and what they must find there, pair by pair in exact arithmetic."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from functools import cache

import numpy as np

#: Points with integer coordinates, so that squared distances are exact: all distances different,
#: many ties, and coincident ones.
POINTS = {
    "generic": np.array([[0.0, 0], [1, 3], [7, 2], [-4, 5], [2, -9]]),
    "ties": np.array([[0.0, 0], [2, 0], [0, 2], [2, 2], [1, 1]]),
    "coincident": np.array([[1.0, 1], [1, 1], [0, 0], [1, 1], [0, 0]]),
}


def labellings(most: int, classes: int):
    """Yield every labelling of no point, of one, of up to `most` points, with so many classes."""
    for items in range(most + 1):
        for labels in itertools.product(range(classes), repeat=items):
            yield np.array(labels, np.int64)


def distance(x: np.ndarray, i: int, j: int, metric: str = "euclidean") -> Fraction:
    """Return the distance of two points as the float that it rounds to."""
    return _distance(tuple(x[i].tolist()), tuple(x[j].tolist()), metric)


@cache
def _distance(a: tuple[float, ...], b: tuple[float, ...], metric: str) -> Fraction:
    square = sum((Fraction(p) - Fraction(q)) ** 2 for p, q in zip(a, b, strict=True))
    return Fraction(square) if metric == "squared" else Fraction(math.sqrt(square))


def positives(labels: np.ndarray, i: int, own: bool = False) -> list[int]:
    return [j for j in range(len(labels)) if labels[j] == labels[i] and (own or j != i)]


def negatives(labels: np.ndarray, i: int) -> list[int]:
    return [j for j in range(len(labels)) if labels[j] != labels[i]]


def all_triplets(labels: np.ndarray) -> list[tuple[int, int, int]]:
    items = range(len(labels))
    return [(a, p, n) for a in items for p in positives(labels, a) for n in negatives(labels, a)]


def batch_hard(x: np.ndarray, labels: np.ndarray, own: bool = False) -> list[tuple[int, int, int]]:
    found = []
    for a in range(len(labels)):
        near, far = negatives(labels, a), positives(labels, a, own)
        if near and far:
            hardest = max(far, key=lambda p: (distance(x, a, p), -p))
            found.append((a, hardest, min(near, key=lambda n: (distance(x, a, n), n))))
    return found


def condition(near: Fraction, far: Fraction, margin: float) -> str:
    if far <= near:
        return "hard"
    if math.isinf(margin) or far < near + Fraction(margin):
        return "semi_hard"
    return "easy"


MEANS = {
    "all": ("easy", "semi_hard", "hard"),
    "violating": ("semi_hard", "hard"),
    "easy": ("easy",),
    "semi_hard": ("semi_hard",),
    "hard": ("hard",),
}


def mined(
    x: np.ndarray,
    labels: np.ndarray,
    wanted: str,
    margin: float,
    take: str = "all",
    fallback: str = "none",
    pairs: str = "ordered",
    metric: str = "euclidean",
) -> list[tuple[int, int, int]]:
    """Return what `mine_triplets` finds, one positive pair after another."""
    found = []
    for a in range(len(labels)):
        for p in positives(labels, a):
            if pairs == "unordered" and p < a:
                continue
            chosen = chosen_negatives(x, labels, a, p, wanted, margin, take, fallback, metric)
            found += [(a, p, n) for n in chosen]
    return found


def chosen_negatives(x, labels, a, p, wanted, margin, take, fallback, metric):
    others = negatives(labels, a)
    far = {n: distance(x, a, n, metric) for n in others}
    near = distance(x, a, p, metric)
    meets = [n for n in others if condition(near, far[n], margin) in MEANS[wanted]]
    if meets:
        return meets if take == "all" else [min(meets, key=lambda n: (far[n], n))]
    if not others or fallback == "none":
        return []
    return [min(others, key=lambda n: (far[n] if fallback == "hardest" else -far[n], n))]


def listed(triplets) -> list[tuple[int, ...]]:
    """Return arrays of indices as a list of tuples."""
    return list(zip(*(np.asarray(part).tolist() for part in triplets), strict=True))
