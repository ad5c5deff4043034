"""The float64 kernels as a near witness: results without a proof, and condition numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles.texts import Definition, constants_of, load

__all__ = ["condition", "kernel"]


def kernel(
    spec: Definition,
    columns: ArrayLike,
    upstream: ArrayLike,
    *,
    beside: Sequence[float] = (),
    kernels: Path | str | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Loss and gradient as the float64 kernel computes them: close, but no truth.

    Parameters
    ----------
    spec, columns, upstream, kernels
        As for `crossval.oracles.enclosure.truth`.
    beside : sequence of float
        Inputs behind the columns, the same in every row.

    Returns
    -------
    value : ndarray of float64, shape (n,)
    grad : ndarray of float64, shape (n, k)
    """
    columns = np.asarray(columns, np.float64)
    text = load(spec.program, "numpy", kernels)
    inputs = _inputs(columns, beside)
    constants = _constants(spec, len(inputs), kernels)
    with np.errstate(all="ignore"):
        value, *bars = text.grad(*inputs, np.asarray(upstream, np.float64), **constants)
    return np.asarray(value), _stacked(bars, len(columns))


def condition(
    spec: Definition,
    columns: ArrayLike,
    upstream: ArrayLike | None = None,
    *,
    beside: Sequence[float] = (),
    kernels: Path | str | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Absolute componentwise condition of the loss and of each gradient component.

    A relative error of at most u in every input moves the loss by at most u times the first
    number and a component of the gradient by at most u times the second, to first order; an
    upstream gradient is an input like the others.  The float64 kernels are sharp enough for a
    factor.

    Parameters
    ----------
    spec, columns, upstream, kernels
        As for `crossval.oracles.enclosure.truth`.
    beside : sequence of float
        Inputs behind the columns, the same in every row.

    Returns
    -------
    value : ndarray of float64, shape (n,)
        sum_i |x_i dL/dx_i|.
    grad : ndarray of float64, shape (n, k)
        |u dL/dx_i| + sum_j |x_j d(u dL/dx_i)/dx_j| for upstream u, from one Hessian-vector
        product per column.
    """
    columns = np.asarray(columns, np.float64)
    rows, count = columns.shape
    upstream = np.ones(rows) if upstream is None else np.asarray(upstream, np.float64)
    text = load(spec.program, "numpy", kernels)
    inputs, size = _inputs(columns, beside), np.abs(columns)
    constants = _constants(spec, len(inputs), kernels)
    slopes = kernel(spec, columns, np.ones(rows), beside=beside, kernels=kernels)[1]
    with np.errstate(all="ignore"):
        grad = np.abs(upstream[:, None] * slopes)
        for j in range(count):
            unit = [np.full(rows, float(i == j)) for i in range(count)]
            moves = _stacked(text.hvp(*inputs, upstream, *unit, **constants), rows)
            grad += size[:, [j]] * np.abs(moves)
        return (size * np.abs(slopes)).sum(axis=1), grad


def _constants(spec: Definition, inputs: int, kernels: Path | str | None) -> dict[str, float]:
    return constants_of(load(spec.program, "arb", kernels), spec, inputs)


def _inputs(columns: NDArray[np.float64], beside: Sequence[float]) -> list[NDArray[np.float64]]:
    return [*np.ascontiguousarray(columns.T), *(np.full(len(columns), x) for x in beside)]


def _stacked(parts: Any, rows: int) -> NDArray[np.float64]:
    parts = parts if isinstance(parts, tuple | list) else [parts]  # of one column
    return np.stack([np.broadcast_to(part, rows) for part in parts], axis=1)
