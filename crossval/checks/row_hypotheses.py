"""What a wrong cross-entropy may be instead: predictions of value or gradient, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crossval.oracles.texts import Definition

if TYPE_CHECKING:
    from crossval.families import Family

_FLOORS = {
    "1e-6": 1e-6,
    "1e-7": 1e-7,
    "1e-8": 1e-8,
    "1e-10": 1e-10,
    "1e-12": 1e-12,
    "1e-16": 1e-16,
    "1e-30": 1e-30,
    "the smallest normal float32": float(np.finfo(np.float32).tiny),
    "the roundoff of float32": float(np.finfo(np.float32).eps),
}


@dataclass(frozen=True)
class Prediction:
    """A named deviation with the loss and the gradient by all columns that it would give."""

    words: str
    fix: str
    value: np.ndarray
    gradient: np.ndarray


Results = tuple[np.ndarray, np.ndarray]
Kernel = Callable[[np.ndarray], Results]


def predictions(
    family: Family, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction]:
    """Yield what known slips would give at rows of columns, the likeliest first."""

    def kernel(table: np.ndarray) -> Results:
        return family.oracle.kernel(spec, table, upstream)

    yield from _clamped(kernel(columns))
    if family.labels:
        yield from _class_missed(kernel, columns)
        yield from _class_shifted(kernel, columns)


def _clamped(right: Results) -> Iterator[Prediction]:
    """Clamp probabilities away from 0, and from 1 too: a loss with a floor and a ceiling."""
    value, gradient = right
    for name, eps in _FLOORS.items():
        low, high = -np.log1p(-eps), -np.log(eps)
        for least, words in ((low, f"[{name}, 1 - {name}]"), (0.0, f"at least {name}")):
            inside = (value >= least) & (value <= high)
            yield Prediction(
                f"probabilities are clamped to {words} before the logarithm",
                "take log_softmax, which needs no clamp",
                np.clip(value, least, high),
                np.where(inside[:, None], gradient, 0.0),
            )
        yield Prediction(
            f"{name} is added to the probability before the logarithm",
            "take log_softmax, which needs no eps",
            -np.log(np.exp(-value) + eps),
            gradient * (np.exp(-value) / (np.exp(-value) + eps))[:, None],
        )


def _class_missed(kernel: Kernel, columns: np.ndarray) -> Iterator[Prediction]:
    """Leave the first or the last class out of the sum of exponentials."""
    classes = columns.shape[1] - 1
    target = columns[:, -1].astype(int)
    for missed, name in ((classes - 1, "last"), (0, "first")):
        table = columns.copy()
        table[:, missed] = np.where(target == missed, table[:, missed], -np.inf)
        value, gradient = kernel(table)
        gone = target == missed
        value = np.where(gone, np.nan, value)
        gradient = np.where(gone[:, None], np.nan, gradient)
        words = f"the {name} class is missing from the sum of exponentials"
        yield Prediction(words, "let the loop run over all classes", value, gradient)


def _class_shifted(kernel: Kernel, columns: np.ndarray) -> Iterator[Prediction]:
    """Read labels as if they began at 1, or one class further on."""
    classes = columns.shape[1] - 1
    for step, words in ((-1, "target - 1"), (1, "target + 1")):
        table = columns.copy()
        table[:, -1] = (table[:, -1] + step) % classes
        value, gradient = kernel(table)
        yield Prediction(f"the class {words} is read", "use target as it is", value, gradient)
