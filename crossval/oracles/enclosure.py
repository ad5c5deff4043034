"""Certified truth: value, gradient and Hessian-vector product of a loss at given floats.

A ladder of arithmetics, each a theorem at the points it settles.  For candidates in float32 or
16 bits, float64 midpoint-radius balls come first (vectorised, stable text).  What they leave open,
and every float64 candidate, goes to ball arithmetic of doubling precision over the *plain*
definition, with gradients from Taylor jets, until an enclosure is at most 2**-30 ulp wide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import ArrayLike, NDArray

from crossval.oracles.arithmetic_exact import precision
from crossval.oracles.formats import Format, format_of
from crossval.oracles.packing import Columns, Packing
from crossval.oracles.rungs import Point, TwoFloats, derived, evaluate, two_floats, value_of
from crossval.oracles.texts import Definition, constants_of, load
from crossval.oracles.ties import Undecided

__all__ = ["BITS", "KINDS", "Truth", "overlap", "truth"]

BITS = (96, 192, 384, 768, 1536, 3072, 6144, 12288, 16384)
"""Precisions of the exact rungs."""

KINDS = ("regular", "tie", "undefined", "undecided", "nan")
"""Kinds of truth: one derivative; several; none (0 by convention); open at the cap; no numbers."""

FLOAT_BITS = 53
_NAN = (np.nan, 0.0, np.inf)


@dataclass
class Truth:
    """Enclosures of a loss and its derivatives; the truth is within ``rad`` of ``hi + lo``.

    Attributes
    ----------
    value_hi, value_lo, value_rad : ndarray of float64, shape (n,)
        The loss.  ``hi`` is infinite where the loss is, or where it exceeds float64.
    grad_hi, grad_lo, grad_rad : ndarray of float64, shape (n, k)
        Upstream times the gradient.  NaN in the components in which the vertices of a tie differ,
        and everywhere at undecided rows; absent (None) if no gradient was asked.
    kind : ndarray of str, shape (n,)
        One of `KINDS`.
    vertices : dict of int to ndarray of float64, shape (m, k)
        Rows at which comparisons of exactly equal numbers meet: the distinct gradients, one per
        resolution, rounded to nearest.  The truth is their convex hull.
    bits : ndarray of int, shape (n,)
        Precision that settled the row: 53 for float64 balls, 0 for NaN input.
    hvp_hi, hvp_lo, hvp_rad : ndarray of float64, shape (n, k)
        Upstream times the Hessian-vector product, if a direction was given.
    hvp_vertices : dict of int to ndarray of float64, shape (m, k)
        Products that belong to `vertices`, one by one.
    """

    value_hi: NDArray[np.float64]
    value_lo: NDArray[np.float64]
    value_rad: NDArray[np.float64]
    kind: NDArray[np.str_]
    bits: NDArray[np.int64]
    grad_hi: NDArray[np.float64] | None = None
    grad_lo: NDArray[np.float64] | None = None
    grad_rad: NDArray[np.float64] | None = None
    hvp_hi: NDArray[np.float64] | None = None
    hvp_lo: NDArray[np.float64] | None = None
    hvp_rad: NDArray[np.float64] | None = None
    vertices: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    hvp_vertices: dict[int, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def unknown(cls, rows: int, columns: int, grad: bool, hvp: bool) -> Truth:
        """Truth of which nothing is known yet."""

        def three(prefix: str, shape: tuple[int, ...]) -> dict[str, NDArray[np.float64]]:
            return {
                f"{prefix}_hi": np.full(shape, np.nan),
                f"{prefix}_lo": np.zeros(shape),
                f"{prefix}_rad": np.full(shape, np.inf),
            }

        parts: dict[str, Any] = three("value", (rows,))
        parts |= three("grad", (rows, columns)) if grad else {}
        parts |= three("hvp", (rows, columns)) if hvp else {}
        kind = np.full(rows, "undecided", dtype=f"<U{max(map(len, KINDS))}")
        return cls(kind=kind, bits=np.zeros(rows, np.int64), **parts)

    def store(self, part: str, where: Any, three: Any) -> None:
        """Set (hi, lo, rad) of ``value``, ``grad`` or ``hvp`` at some rows."""
        for name, numbers in zip(("hi", "lo", "rad"), three, strict=True):
            getattr(self, f"{part}_{name}")[where] = numbers


def truth(
    spec: Definition,
    columns: ArrayLike,
    upstream: ArrayLike | None = None,
    *,
    dtype: Any = "float64",
    grad: bool = True,
    hvp: ArrayLike | None = None,
    every_order: bool = True,
    packing: Packing | None = None,
    kernels: Path | str | None = None,
) -> Truth:
    """Certified value, gradient and Hessian-vector product at exact inputs.

    Parameters
    ----------
    spec : Definition
        Program and constants; constants are the exact binary numbers that they are.
    columns : array_like of float64, shape (n, k)
        Inputs, one column per input of the program (boxes: px1 py1 px2 py2 tx1 ty1 tx2 ty2).
    upstream : array_like of float64, shape (n,), optional
        Factor of each row's derivatives; ones by default.
    dtype : str or dtype
        Format of the candidate, which decides how sharp the truth must be.
    grad : bool
        Whether gradients are wanted.
    hvp : array_like of float64, shape (n, k), optional
        Direction of the Hessian-vector product.
    every_order : bool
        Whether detached factors and prescribed derivatives hold in the outer derivative too, as
        in the kernels and when PyTorch or JAX differentiate twice. Otherwise the product is the
        directional derivative of the gradient field, in which a detached factor varies.
    packing : Packing, optional
        How columns become arguments; without it every column is one.
    kernels : path, optional
        Directory of the kernel texts, for losses of one's own.

    Returns
    -------
    Truth

    Raises
    ------
    ValueError
        If shapes do not match, or constants do not belong to the program.
    """
    columns, upstream, direction = _checked(columns, upstream, hvp)
    rows, count = columns.shape
    result = Truth.unknown(rows, count, grad or direction is not None, direction is not None)
    packing = Columns() if packing is None else packing
    finite = packing.known(columns) & np.isfinite(upstream)
    if direction is not None:
        finite &= np.isfinite(direction).all(1)
    result.kind[~finite] = "nan"
    open_rows = np.flatnonzero(finite)
    fmt = format_of(dtype)
    if fmt.precision < FLOAT_BITS and direction is None and packing.elementwise:
        filled = packing.filled(columns) if isinstance(packing, Columns) else columns
        open_rows = _by_floats(result, spec, filled, upstream, open_rows, fmt, kernels)
    text = packing.wrapped(load(spec.program, "arb", kernels))
    constants = constants_of(text, spec, packing.width(columns.shape[1]))
    with precision(BITS[0]) as change:
        for row in open_rows.tolist():
            point = _point(columns, upstream, direction, row, constants, every_order, packing)
            _by_balls(result, row, text, point, change)
    return result


def _checked(columns: ArrayLike, upstream: ArrayLike | None, hvp: ArrayLike | None):
    columns = np.asarray(columns, np.float64)
    if columns.ndim != 2:
        raise ValueError(f"columns must have shape (n, k); got {columns.shape}")
    rows = len(columns)
    upstream = np.ones(rows) if upstream is None else np.asarray(upstream, np.float64)
    if upstream.shape != (rows,):
        raise ValueError(f"upstream must have shape ({rows},); got {upstream.shape}")
    direction = None if hvp is None else np.asarray(hvp, np.float64)
    if direction is not None and direction.shape != columns.shape:
        raise ValueError(f"hvp must have shape {columns.shape}; got {direction.shape}")
    return columns, upstream, direction


def _by_floats(
    result: Truth,
    spec: Definition,
    columns: NDArray[np.float64],
    upstream: NDArray[np.float64],
    rows: NDArray[np.intp],
    fmt: Format,
    kernels: Path | str | None,
) -> NDArray[np.intp]:
    """Settle rows with float64 balls; the rows that stay open are returned."""
    from crossval.oracles.arithmetic_float import enclose

    wanted = result.grad_hi is not None
    still_open = []
    for block in np.array_split(rows, max(1, -(-len(rows) // 4096))):
        mid, rad, certain = enclose(spec, columns[block], upstream[block], wanted, kernels)
        with np.errstate(invalid="ignore"):
            certain &= (rad <= fmt.ulp(mid) / 64).all(1)
        done = block[certain]
        mid, rad = mid[certain], rad[certain]
        result.store("value", done, (mid[:, 0], 0.0, rad[:, 0]))
        if wanted:
            result.store("grad", done, (mid[:, 1:], 0.0, rad[:, 1:]))
        result.kind[done], result.bits[done] = "regular", FLOAT_BITS
        still_open.append(block[~certain])
    return np.concatenate(still_open)


def _by_balls(
    result: Truth, row: int, text: Any, point: Point, change: Callable[[int], None]
) -> None:
    """Settle a row in exact balls of doubling precision."""
    settle = _settle_value if result.grad_hi is None else _settle
    for bits in BITS:
        change(bits)
        result.bits[row] = bits
        try:
            if settle(result, row, text, point):
                return
        except Undecided:
            continue
    _settle_value(result, row, text, point)
    result.kind[row] = "undecided"


def _settle_value(result: Truth, row: int, text: Any, point: Point) -> bool:
    """Store the value alone, if it is sharp enough."""
    try:
        three = two_floats(value_of(text, point))
    except Undecided:
        return False
    if three is None:
        return False
    result.store("value", row, three)
    result.kind[row] = "regular"
    return True


def _settle(result: Truth, row: int, text: Any, point: Point) -> bool:
    """Store value, derivatives and kind, if all of them are sharp enough."""
    found = evaluate(text, point)
    value = two_floats(found.value)
    distinct = _distinct(found.gradients)
    gradients = _sharp([found.gradients[i] for i in distinct])
    products = _sharp([found.products[i] for i in distinct])
    if value is None or gradients is None or products is None:
        return False
    result.store("value", row, value)
    result.store("grad", row, _agreed(gradients))
    if point.direction:
        result.store("hvp", row, _agreed(products))
    tied = len(distinct) > 1
    if tied:
        result.vertices[row] = _nearest(gradients)
        if point.direction:
            result.hvp_vertices[row] = _nearest(products)
    result.kind[row] = "undefined" if found.undefined else "tie" if tied else "regular"
    return True


def _distinct(vectors: Sequence[Sequence[arb]]) -> list[int]:
    """Return indices of vectors unlike every earlier one; balls that overlap are alike."""
    kept: list[int] = []
    for i, vector in enumerate(vectors):
        if not any(all(map(arb.overlaps, vector, vectors[j])) for j in kept):
            kept.append(i)
    return kept


def _nearest(vectors: Sequence[Sequence[TwoFloats]]) -> NDArray[np.float64]:
    """Vectors rounded to nearest float64."""
    return np.array([[hi for hi, _, _ in vector] for vector in vectors])


def _sharp(vectors: Sequence[Sequence[arb]]) -> list[list[TwoFloats]] | None:
    """Balls as two floats each, or None if one of them is too wide."""
    rounded = []
    for vector in vectors:
        threes = []
        for x in vector:
            three = two_floats(x)
            if three is None:
                return None
            threes.append(three)
        rounded.append(threes)
    return rounded


def _agreed(vectors: Sequence[Sequence[TwoFloats]]) -> NDArray[np.float64]:
    """(hi, lo, rad) by component where all vectors agree, NaN of infinite radius elsewhere."""
    first, *others = vectors
    same = [all(other[i][0] == three[0] for other in others) for i, three in enumerate(first)]
    return np.array([t if s else _NAN for t, s in zip(first, same, strict=True)]).T


def overlap(
    spec: Definition,
    columns: ArrayLike,
    upstream: ArrayLike | None = None,
    *,
    hvp: ArrayLike | None = None,
    every_order: bool = True,
    bits: int = 256,
    packing: Packing | None = None,
    kernels: Path | str | None = None,
) -> tuple[list[int], int]:
    """Confront derived derivatives with the jets, both in ball arithmetic of the plain definition.

    Parameters
    ----------
    spec, columns, upstream, hvp, every_order, packing, kernels
        As for `truth`; with a direction the Hessian-vector products are confronted too.
    bits : int
        Working precision.

    Returns
    -------
    apart : list of int
        Rows at which some component's enclosures are disjoint or not finite.
    compared : int
        Number of rows compared: those at which the gradient is regular and decided at `bits`.
    """
    columns, upstream, direction = _checked(columns, upstream, hvp)
    packing = Columns() if packing is None else packing
    text = packing.wrapped(load(spec.program, "arb", kernels))
    constants = constants_of(text, spec, packing.width(columns.shape[1]))
    apart, compared = [], 0
    with precision(bits):
        for row in range(len(columns)):
            point = _point(columns, upstream, direction, row, constants, every_order, packing)
            try:
                jets, own = evaluate(text, point), derived(text, point)
            except Undecided:
                continue
            if len(jets.gradients) > 1 or jets.undefined:
                continue
            compared += 1
            pairs = zip(jets.gradients[0] + jets.products[0], own, strict=True)
            if not all(a.is_finite() and b.is_finite() and a.overlaps(b) for a, b in pairs):
                apart.append(row)
    return apart, compared


def _point(
    columns: NDArray[np.float64],
    upstream: NDArray[np.float64],
    direction: NDArray[np.float64] | None,
    row: int,
    constants: Mapping[str, float],
    every_order: bool,
    packing: Packing,
) -> Point:
    """Return one row as exact numbers."""
    outer = None if direction is None else [arb(x) for x in direction[row].tolist()]
    inputs = [arb(x) for x in columns[row].tolist()]
    return Point(inputs, arb(float(upstream[row])), constants, outer, every_order, row, packing)
