"""Condition numbers: how far the last place of the inputs moves a loss and its gradient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles.texts import Definition, constants_of, load

__all__ = ["condition"]


def condition(
    spec: Definition,
    columns: ArrayLike,
    upstream: ArrayLike | None = None,
    *,
    kernels: Path | str | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Absolute componentwise condition of the loss and of each gradient component.

    A relative error of at most u in every input moves the loss by at most u times the first
    number and a component of the gradient by at most u times the second, to first order.  The
    float64 kernels are sharp enough for a factor.

    Parameters
    ----------
    spec, columns, upstream, kernels
        As for `crossval.oracles.enclosure.truth`.

    Returns
    -------
    value : ndarray of float64, shape (n,)
        sum_i |x_i dL/dx_i|.
    grad : ndarray of float64, shape (n, k)
        sum_j |x_j d(upstream dL/dx_i)/dx_j|, from one Hessian-vector product per column.
    """
    columns = np.asarray(columns, np.float64)
    rows, count = columns.shape
    upstream = np.ones(rows) if upstream is None else np.asarray(upstream, np.float64)
    text = load(spec.program, "numpy", kernels)
    constants = constants_of(load(spec.program, "arb", kernels), spec, count)
    inputs = list(columns.T)
    with np.errstate(all="ignore"):
        _, *slopes = text.grad(*inputs, np.ones(rows), **constants)
        value = sum(np.abs(x * slope) for x, slope in zip(inputs, slopes, strict=True))
        grad = np.zeros_like(columns)
        for j, x in enumerate(inputs):
            unit = [np.full(rows, float(i == j)) for i in range(count)]
            hessian = text.hvp(*inputs, upstream, *unit, **constants)
            grad += np.abs(x[:, None] * np.stack(np.broadcast_arrays(*hessian), axis=1))
    return np.asarray(value), grad
