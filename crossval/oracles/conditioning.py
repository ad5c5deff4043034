"""The float64 kernels as a near witness: results without a proof, and condition numbers."""

from __future__ import annotations

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
    kernels: Path | str | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Loss and gradient as the float64 kernel computes them: close, but no truth.

    Parameters
    ----------
    spec, columns, upstream, kernels
        As for `crossval.oracles.enclosure.truth`.

    Returns
    -------
    value : ndarray of float64, shape (n,)
    grad : ndarray of float64, shape (n, k)
    """
    columns = np.asarray(columns, np.float64)
    text = load(spec.program, "numpy", kernels)
    constants = _constants(spec, columns.shape[1], kernels)
    with np.errstate(all="ignore"):
        value, *bars = text.grad(*_inputs(columns), np.asarray(upstream, np.float64), **constants)
    return np.asarray(value), _stacked(bars, len(columns))


def condition(
    spec: Definition,
    columns: ArrayLike,
    upstream: ArrayLike | None = None,
    *,
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
    constants = _constants(spec, count, kernels)
    inputs, size = _inputs(columns), np.abs(columns)
    slopes = kernel(spec, columns, np.ones(rows), kernels=kernels)[1]
    with np.errstate(all="ignore"):
        grad = np.abs(upstream[:, None] * slopes)
        for j in range(count):
            unit = [np.full(rows, float(i == j)) for i in range(count)]
            moves = _stacked(text.hvp(*inputs, upstream, *unit, **constants), rows)
            grad += size[:, [j]] * np.abs(moves)
        return (size * np.abs(slopes)).sum(axis=1), grad


def _constants(spec: Definition, inputs: int, kernels: Path | str | None) -> dict[str, float]:
    return constants_of(load(spec.program, "arb", kernels), spec, inputs)


def _inputs(columns: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    return list(np.ascontiguousarray(columns.T))


def _stacked(parts: Any, rows: int) -> NDArray[np.float64]:
    return np.stack([np.broadcast_to(part, rows) for part in parts], axis=1)
