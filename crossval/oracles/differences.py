"""Finite differences: of a float64 function, and of the definition at a hundred digits.

`finite` differences what an implementation computes (its own kernel, or any callable) with
`scipy.differentiate`, one-sided where the function is smooth on one side only.  `exact`
differences the plain definition in ball arithmetic with a step of 1e-40, where truncation and
rounding are both far below a float64's last place; detached factors are held at their unperturbed
values, and prescribed derivatives move by their own linear rule.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb, fmpq
from numpy.typing import ArrayLike, NDArray

from crossval.oracles.arithmetic_exact import ExactBalls, precision
from crossval.oracles.packing import Columns, Packing
from crossval.oracles.rungs import Point, evaluate, lifted, run
from crossval.oracles.texts import Definition, constants_of, load

__all__ = ["EXACT_BITS", "exact", "exact_hvp", "finite"]

EXACT_BITS = 512
"""Working precision of exact differences: 154 digits."""

STEP = fmpq(1, 10**40)

Array = NDArray[np.float64]


def finite(
    function: Callable[..., Array],
    columns: ArrayLike,
    upstream: ArrayLike | None = None,
    *,
    direction: ArrayLike | int = 0,
    initial_step: float = 1e-3,
) -> tuple[Array, Array]:
    """Differences of a float64 function of columns, by `scipy.differentiate.derivative`.

    Parameters
    ----------
    function : callable
        Takes the k columns as arrays of one shape and returns the loss in that shape.
    columns : array_like of float64, shape (n, k)
        Points.
    upstream : array_like of float64, shape (n,), optional
        Factor of each row's derivatives; ones by default.
    direction : array_like of int, broadcastable to (n, k)
        Side of the steps: 0 central, 1 to the right, -1 to the left.
    initial_step : float
        First step, relative to the larger of 1 and the coordinate's magnitude.

    Returns
    -------
    grad, error : ndarray of float64, shape (n, k)
        Differences and scipy's estimate of their error.
    """
    from scipy import differentiate

    derivative: Callable[..., Any] = differentiate.derivative
    columns = np.asarray(columns, np.float64)
    upstream = np.ones(len(columns)) if upstream is None else np.asarray(upstream, np.float64)
    sides = np.broadcast_to(np.asarray(direction), columns.shape)
    grad, error = np.empty_like(columns), np.empty_like(columns)
    for i in range(columns.shape[1]):

        def along(x: Array, row: NDArray[np.intp], i: int = i) -> Array:
            others = [np.broadcast_to(c, x.shape) for c in np.moveaxis(columns[row], -1, 0)]
            others[i] = x
            return function(*others)

        found = derivative(
            along,
            columns[:, i],
            args=(np.arange(len(columns)),),
            initial_step=initial_step * np.maximum(1, np.abs(columns[:, i])),
            step_direction=sides[:, i],
            preserve_shape=False,
        )
        grad[:, i], error[:, i] = upstream * found.df, np.abs(upstream) * found.error
    return grad, error


class _HeldBalls(ExactBalls):
    """Exact balls at a displaced point that knows the values at the undisplaced one.

    The first evaluation, at the point itself, records what `stop`, `gate` and `aspect` met; later
    ones, at displaced points, move from the record as the derivative conventions prescribe.
    """

    def __init__(self) -> None:
        self._record: list[Any] = []
        self._next: int | None = None

    def replay(self) -> _HeldBalls:
        """Start an evaluation at a displaced point."""
        self._next = 0
        return self

    def _held(self, met: Any) -> Any:
        if self._next is None:
            self._record.append(met)
            return met
        self._next += 1
        return self._record[self._next - 1]

    def stop(self, x: Any) -> Any:
        """Return the undisplaced value."""
        return self._held(self.real(x))

    def gate(self, x: Any, g: Any) -> Any:
        """Return the undisplaced value plus g times the displacement."""
        held = self._held(self.real(x))
        return held + self.real(g) * (self.real(x) - held)

    def straight_through(self, x: Any, y: Any, g: Any) -> Any:
        """Return the undisplaced value plus the displacement of x, or that of y if g is 0."""
        held, other = self._held((self.real(x), self.real(y)))
        return x if self.real(g) != 0 else held + (self.real(y) - other)

    def aspect(self, w: Any, h: Any, unit: Any, sign: Any) -> Any:
        """Return the undisplaced angle plus a displacement by the prescribed rule."""
        w, h = self.real(w), self.real(h)
        v, k = self._held((w, h))
        held = self.atan2(v, k)
        if self.real(unit) != 0:
            return held + self.real(sign) * (k * (w - v) - v * (h - k))
        return held + self.real(sign) * (self.atan2(w, h) - held)


def exact(
    spec: Definition,
    columns: ArrayLike,
    upstream: ArrayLike | None = None,
    *,
    direction: ArrayLike | int = 0,
    packing: Packing | None = None,
    kernels: Path | str | None = None,
) -> Array:
    """Difference quotients of the plain definition at more than a hundred digits.

    Parameters
    ----------
    spec, columns, upstream, packing, kernels
        As for `crossval.oracles.enclosure.truth`.
    direction : array_like of int, broadcastable to (n, k)
        Side of the step of 1e-40: 0 central, 1 to the right, -1 to the left.

    Returns
    -------
    ndarray of float64, shape (n, k)
        The quotients, rounded to nearest; at a smooth point within 1e-35 or so of the derivative
        (relative to the scale of the second derivative for one-sided steps).

    Raises
    ------
    Undecided
        If a comparison is open at `EXACT_BITS` of precision.
    """
    columns = np.asarray(columns, np.float64)
    upstream = np.ones(len(columns)) if upstream is None else np.asarray(upstream, np.float64)
    sides = np.broadcast_to(np.asarray(direction), columns.shape)
    packing = Columns() if packing is None else packing
    text = packing.wrapped(load(spec.program, "arb", kernels))
    constants = constants_of(text, spec, packing.width(columns.shape[1]))
    grad = np.empty_like(columns)
    with precision(EXACT_BITS):
        step = arb(STEP)
        for row, i in np.ndindex(*columns.shape):
            point = [arb(x) for x in columns[row].tolist()]
            held = _HeldBalls()
            exactly = lifted(held, constants)
            middle = run(text.value, held, packing.arguments(row, held, point), exactly)
            ends = []
            for move in ((-1, 1), (0, 1), (-1, 0))[int(sides[row, i])]:
                moved = [*point[:i], point[i] + move * step, *point[i + 1 :]]
                inputs = packing.arguments(row, held, moved)
                ends.append(run(text.value, held.replay(), inputs, exactly) if move else middle)
            width = step * (2 if sides[row, i] == 0 else 1)
            quotient = arb(float(upstream[row])) * (ends[1] - ends[0]) / width
            grad[row, i] = float(quotient.mid())
    return grad


def exact_hvp(
    spec: Definition,
    columns: ArrayLike,
    direction: ArrayLike,
    upstream: ArrayLike | None = None,
    *,
    packing: Packing | None = None,
    kernels: Path | str | None = None,
) -> Array:
    """Central differences, along a direction, of the gradient that the jets give.

    The gradient field is the one that the loss returns: detached factors vary with the point.

    Parameters
    ----------
    spec, columns, upstream, packing, kernels
        As for `crossval.oracles.enclosure.truth`.
    direction : array_like of float64, shape (n, k)
        Direction of the derivative.

    Returns
    -------
    ndarray of float64, shape (n, k)

    Raises
    ------
    Undecided
        If a comparison is open at `EXACT_BITS` of precision.
    """
    columns, direction = np.asarray(columns, np.float64), np.asarray(direction, np.float64)
    upstream = np.ones(len(columns)) if upstream is None else np.asarray(upstream, np.float64)
    packing = Columns() if packing is None else packing
    text = packing.wrapped(load(spec.program, "arb", kernels))
    constants = constants_of(text, spec, packing.width(columns.shape[1]))
    product = np.empty_like(columns)
    with precision(EXACT_BITS):
        step = arb(STEP)
        for row in range(len(columns)):
            bar = arb(float(upstream[row]))
            sides = []
            for move in (-1, 1):
                pairs = zip(columns[row].tolist(), direction[row].tolist(), strict=True)
                moved = [arb(x) + move * step * arb(d) for x, d in pairs]
                point = Point(moved, bar, constants, row=row, packing=packing)
                sides.append(evaluate(text, point).gradients[0])
            quotients = [(b - a) / (2 * step) for a, b in zip(*sides, strict=True)]
            product[row] = [float(q.mid()) for q in quotients]
    return product
