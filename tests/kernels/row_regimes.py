"""Rows of logits and targets at which cross-entropy is hard, random and adversarial.

Every regime has classes and probabilities for one and the same logits: a class is drawn, and the
probabilities are of four kinds by turns: all on that class, drawn, nearly all on that class, and
the softmax itself, rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

__all__ = ["RowCase", "regimes", "wide_rows"]

CLASSES = 6


@dataclass(frozen=True)
class RowCase:
    """Logits (n, C) with a class (n,) and probabilities (n, C) for every row; weights (C,)."""

    logits: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.logits)

    @property
    def classes(self) -> int:
        return self.logits.shape[1]

    def rows(self, kept: np.ndarray) -> RowCase:
        """Return some of the rows."""
        parts = {n: getattr(self, n)[kept] for n in ("logits", "labels", "probabilities")}
        return replace(self, **parts)

    def mapped(self, change: Callable[[np.ndarray], np.ndarray]) -> RowCase:
        """Return the case with all its real numbers changed, to those of a format for instance."""
        weight = None if self.weight is None else change(self.weight)
        return replace(
            self,
            logits=change(self.logits),
            probabilities=change(self.probabilities),
            weight=weight,
        )


def regimes(rows: int, seed: int = 20260701) -> dict[str, RowCase]:
    """Return cases by regime, without weights."""
    rng = np.random.default_rng(seed)
    return {name: _case(rng, *build(rng, rows)) for name, build in BUILDERS.items()}


def wide_rows(rows: int, classes: int, seed: int = 20260702) -> dict[str, RowCase]:
    """Return cases of many classes: random, confident, and with one logit far below."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, classes)) * 3
    y = rng.integers(0, classes, rows)
    ahead, far = z.copy(), z.copy()
    ahead[np.arange(rows), y] = z.max(1) + rng.uniform(30, 45, rows)
    far[:, ::7] -= 700
    made = {"random": (z, y), "confident": (ahead, y), "some far below": (far, y)}
    return {name: _case(rng, *parts) for name, parts in made.items()}


def _case(rng, logits: np.ndarray, labels: np.ndarray) -> RowCase:
    rows, classes = logits.shape
    at = np.arange(rows), labels
    sure, near, drawn = (np.zeros((rows, classes)) for _ in range(3))
    sure[at] = 1.0
    near[:] = rng.random((rows, classes)) * 10.0 ** rng.uniform(-14, -2, (rows, 1))
    near[at] = 0.0
    near[at] = 1.0 - near.sum(1)
    drawn[:] = rng.dirichlet(np.full(classes, 0.5), rows)
    mass = np.exp(logits - logits.max(1, keepdims=True))
    softmax = mass / mass.sum(1, keepdims=True)
    kinds = np.stack([sure, drawn, near, softmax])
    return RowCase(logits, labels, kinds[np.arange(rows) % 4, np.arange(rows)])


def _labels(rng, n: int) -> np.ndarray:
    return rng.integers(0, CLASSES, n)


def _scaled(scale: float):
    def build(rng, n):
        return rng.normal(size=(n, CLASSES)) * scale, _labels(rng, n)

    return build


def _offset(offset: float):
    def build(rng, n):
        return rng.normal(size=(n, CLASSES)) + offset, _labels(rng, n)

    return build


def confident(rng, n):
    """Put the target ahead of all others by 5 to 700."""
    z, y = _scaled(1)(rng, n)
    z[np.arange(n), y] = z.max(1) + rng.uniform(5, 700, n)
    return z, y


def mistaken(rng, n):
    """Put the target behind the largest logit by 5 to 700."""
    z, y = _scaled(1)(rng, n)
    z[np.arange(n), y] = z.min(1) - rng.uniform(5, 700, n)
    return z, y


def confident_of_another(rng, n):
    """Put another class ahead of all by 5 to 700."""
    z, y = confident(rng, n)
    return z, (y + 1) % CLASSES


def near_ties(rng, n):
    """Let the two largest logits differ by 2**-50 to 2**-2 of themselves; one is the target's."""
    z, y = _scaled(2)(rng, n)
    top = np.abs(z).max(1) + 1
    z[np.arange(n), y] = top
    z[np.arange(n), (y + 1) % CLASSES] = top * (1 + np.ldexp(1.0, -rng.integers(2, 51, n)))
    return z, np.where(rng.random(n) < 0.5, y, (y + 1) % CLASSES)


def one_far(rng, n):
    """Move one logit that is not the target's by 1e4, up or down."""
    z, y = _scaled(3)(rng, n)
    z[np.arange(n), (y + 2) % CLASSES] += rng.choice([-1e4, 1e4], n)
    return z, y


def equal(rng, n):
    """Make all logits of a row equal."""
    return np.repeat(rng.normal(size=(n, 1)) * 50, CLASSES, axis=1), _labels(rng, n)


def tiny_differences(rng, n):
    """Draw logits s(1 ± 2**-j) about one number s of any size."""
    s = rng.choice([-1.0, 1.0], (n, 1)) * 10.0 ** rng.uniform(-3, 3, (n, 1))
    j = rng.integers(5, 53, (n, CLASSES))
    return s * (1 + rng.choice([-1.0, 1.0], (n, CLASSES)) * np.ldexp(1.0, -j)), _labels(rng, n)


def log_probabilities(rng, n):
    """Draw log-probabilities: the log-sum-exp is nearly 0."""
    return np.log(rng.dirichlet(np.ones(CLASSES), n)), _labels(rng, n)


def optimum(rng, n):
    """Stay where a loss smoothed by 0.1 over all classes is least, to within 2**-50 to 2**-10."""
    y = _labels(rng, n)
    z = np.where(np.arange(CLASSES) == y[:, None], np.log(0.9 + 0.1 / CLASSES), 0.0)
    z = np.where(np.arange(CLASSES) == y[:, None], z, np.log(0.1 / CLASSES))
    noise = np.ldexp(rng.normal(size=z.shape), -rng.integers(10, 51, (n, 1)))
    return z + noise + rng.normal(size=(n, 1)), y


def unlike_exponents(rng, n):
    """Draw logits of every size at once, so that differences to the largest are rounded."""
    size = 10.0 ** rng.uniform(-8, 2.8, (n, CLASSES))
    return rng.choice([-1.0, 1.0], (n, CLASSES)) * size, _labels(rng, n)


def two_classes(rng, n):
    """Draw two classes, apart by 1e-10 to 700."""
    lead = rng.choice([-1.0, 1.0], n) * 10.0 ** rng.uniform(-10, 2.8, n)
    start = rng.normal(size=n) * 10
    return np.stack([start, start + lead], 1), rng.integers(0, 2, n)


BUILDERS = {
    "scale 1": _scaled(1),
    "scale 30": _scaled(30),
    "scale 300": _scaled(300),
    "scale 1e4": _scaled(1e4),
    "confident": confident,
    "mistaken": mistaken,
    "confident of another": confident_of_another,
    "near ties": near_ties,
    "one far": one_far,
    "equal": equal,
    "offset 1e3": _offset(1e3),
    "offset -1e6": _offset(-1e6),
    "offset 1e8": _offset(1e8),
    "tiny differences": tiny_differences,
    "log-probabilities": log_probabilities,
    "optimum": optimum,
    "unlike exponents": unlike_exponents,
    "two classes": two_classes,
}
