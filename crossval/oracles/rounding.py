"""How far rounding may carry an ordinary implementation: tolerances without a free constant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossval.oracles.arithmetic_float import evaluate
from crossval.oracles.formats import format_of
from crossval.oracles.packing import Columns
from crossval.oracles.texts import Definition, constants_of, load

__all__ = ["rounding_bound"]

_BLOCK = 4096


def rounding_bound(
    spec: Definition,
    columns: ArrayLike,
    upstream: ArrayLike | None = None,
    *,
    dtype: Any,
    beside: Sequence[float] = (),
    kernels: Path | str | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of |computed - true| for the textbook formula computed in `dtype`.

    The plain program and its derived gradient are evaluated in float64 balls that cover, besides
    the real result, every result with roundings of relative size u (of `dtype`) in each
    operation, elementary functions within `arithmetic_float.LIBM` u, constants rounded to
    `dtype` or not, gradual underflow, and both outcomes of comparisons that rounding may flip.

    Parameters
    ----------
    spec, columns, upstream, kernels
        As for `crossval.oracles.enclosure.truth`; `columns` exact in `dtype`.
    dtype : str or dtype
        Format that the implementation computes in.
    beside : sequence of float
        Inputs behind the columns, the same in every row.

    Returns
    -------
    value : ndarray of float64, shape (n,)
    grad : ndarray of float64, shape (n, k)
        Bounds; infinite where an intermediate may overflow `dtype`, or a denominator may round
        to zero.
    """
    columns = np.asarray(columns, np.float64)
    upstream = np.ones(len(columns)) if upstream is None else np.asarray(upstream, np.float64)
    bounds = np.empty((len(columns), 1 + columns.shape[1]))
    columns = Columns(tuple(beside)).filled(columns)
    text = load(spec.program, "balls", kernels)
    constants = constants_of(text, spec, columns.shape[1])
    for start in range(0, len(columns), _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = (text.plain_grad, columns[rows], upstream[rows], constants)
        computed, exact = evaluate(*block, format_of(dtype)), evaluate(*block)
        # Both share their midpoints: the computed result lies within one radius of them, the
        # true one within the other.
        bounds[rows] = (computed[1] + exact[1]) * (1 + 2.0**-50)
    return bounds[:, 0], bounds[:, 1:]
