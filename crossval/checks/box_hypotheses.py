"""What a wrong loss of boxes may be instead: corners read in another layout."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crossval.checks.hypotheses import Prediction
from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition

__all__ = ["box_slips"]

_LAYOUTS = {
    "xywh": np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]]),
    "cxcywh": np.array([[1, 0, -0.5, 0], [0, 1, 0, -0.5], [1, 0, 0.5, 0], [0, 1, 0, 0.5]]),
    "yxyx": np.array([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]),
}
"""The matrix that carries four numbers into the corners that they are taken for."""


def box_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction]:
    """Yield the results for boxes read as another layout."""
    for name, matrix in _LAYOUTS.items():
        both = np.kron(np.eye(2), matrix)
        value, gradient = oracle.kernel(spec, columns @ both.T, upstream)
        yield Prediction(
            f"corners (x1, y1, x2, y2) are read as {name}",
            "convert the layout before computing",
            value,
            gradient @ both,
            "RL801",
        )
