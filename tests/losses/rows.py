"""Rows that the tests of this folder share."""

from __future__ import annotations

import numpy as np

IGNORED = -100
WEIGHTS = np.array([0.5, 1.0, 2.0, 4.0, 0.25])


def rows(n: int = 24, classes: int = 5, seed: int = 0, dtype=np.float64):
    """Return logits (n, C), classes (n,) and probabilities (n, C); dyadic, so that casts keep them.

    Confident, mistaken and level rows among them.
    """
    rng = np.random.default_rng(seed)
    logits = rng.integers(-32, 32, (n, classes)) / 8.0
    labels = rng.integers(0, classes, n)
    at = np.arange(n), labels
    logits[at] += rng.choice([0.0, 8.0, -8.0], n)
    logits[: n // 8] = 1.5
    parts = rng.multinomial(16, np.full(classes, 1 / classes), n) / 16.0
    return logits.astype(dtype), labels, parts.astype(dtype)


def some_ignored(labels: np.ndarray, index: int = IGNORED) -> np.ndarray:
    """Return labels of which every third is ignored."""
    return np.where(np.arange(len(labels)) % 3 == 1, index, labels)


def wide(array) -> np.ndarray:
    """Return an array of any format as float64, exactly."""
    return np.asarray(array).astype(np.float64)
