"""Certified decimals: enclosures of a loss and its derivatives to as many digits as are wanted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from flint import arb

from crossval.oracles.arithmetic_exact import precision
from crossval.oracles.enclosure import Truth
from crossval.oracles.packing import Columns, Packing
from crossval.oracles.rungs import Point, Pointwise, evaluate, value_of
from crossval.oracles.texts import Definition, constants_of, load
from crossval.oracles.ties import Undecided

__all__ = ["FLOAT_DIGITS", "MOST", "Decimals", "exact_decimals", "truth_decimals"]

FLOAT_DIGITS = 17
"""Digits up to which two float64 and a radius suffice."""

MOST = 1000
_BITS_A_DIGIT = math.log2(10)
_CAP = 1 << 15


@dataclass(frozen=True)
class Decimals:
    """Enclosures of one row, as text; None where there is no single number.

    Attributes
    ----------
    value : str
        Of the loss.
    gradient, product : list of str or None
        By column: upstream times the gradient, and times the Hessian-vector product.
    """

    value: str
    gradient: list[str | None] = field(default_factory=list)
    product: list[str | None] = field(default_factory=list)


def truth_decimals(known: Truth, row: int, digits: int) -> Decimals:
    """Decimals of a truth that was found before, up to :data:`FLOAT_DIGITS` digits."""
    with precision(256):
        (value,) = _of_floats(known.value_hi, known.value_lo, known.value_rad, row, digits)
        gradient = _of_floats(known.grad_hi, known.grad_lo, known.grad_rad, row, digits)
        product = _of_floats(known.hvp_hi, known.hvp_lo, known.hvp_rad, row, digits)
    return Decimals(value or "undecided", gradient, product)


def exact_decimals(
    spec: Definition,
    columns: np.ndarray,
    upstream: float,
    digits: int,
    *,
    grad: bool = False,
    hvp: np.ndarray | None = None,
    row: int = 0,
    packing: Packing | None = None,
) -> Decimals:
    """Enclose one row in exact balls of rising precision, to any number of digits.

    Parameters
    ----------
    spec : Definition
        Program and constants.
    columns : (k,) float64 array
        The row.
    upstream : float
        Factor of its derivatives.
    digits : int
        Digits wanted.
    grad : bool
        Whether the gradient is wanted.
    hvp : (k,) float64 array, optional
        Direction of the Hessian-vector product.
    row, packing : int and Packing, optional
        Which row it is of a packing, see `crossval.oracles.enclosure.truth`.
    """
    packing = Columns() if packing is None else packing
    text = packing.wrapped(load(spec.program, "arb"))
    direction = None if hvp is None else [arb(x) for x in hvp.tolist()]
    inputs, factor = [arb(x) for x in columns.tolist()], arb(upstream)
    constants = constants_of(text, spec, packing.width(len(columns)))
    point = Point(inputs, factor, constants, direction, True, row, packing)
    wanted = math.ceil(digits * _BITS_A_DIGIT) + 8
    derivatives = grad or direction is not None
    bits = wanted + 64
    best = None
    with precision(bits) as change:
        while bits <= _CAP:
            change(bits)
            bits *= 2
            try:
                found = evaluate(text, point) if derivatives else Pointwise(value_of(text, point))
            except Undecided:
                continue
            best = _written(found, digits, grad, direction is not None)
            if all(_sharp(ball, wanted) for ball in _balls(found, grad)):
                return best
    return best or Decimals("undecided")


def _balls(found: Pointwise, grad: bool) -> Iterable[arb]:
    yield found.value
    for vectors in (found.gradients if grad else [], found.products):
        for vector in vectors:
            yield from vector


def _sharp(ball: arb, bits: int) -> bool:
    return ball.rad() == 0 or not ball.is_finite() or ball.rel_accuracy_bits() >= bits


def _written(found: Pointwise, digits: int, grad: bool, hvp: bool) -> Decimals:
    return Decimals(
        _decimal(found.value, digits),
        _agreed(found.gradients, digits) if grad else [],
        _agreed(found.products, digits) if hvp else [],
    )


def _agreed(vectors: Sequence[Sequence[arb]], digits: int) -> list[str | None]:
    """Write the components in which all resolutions of ties agree."""
    first, *others = vectors
    return [
        _decimal(ball, digits) if all(ball.overlaps(other[i]) for other in others) else None
        for i, ball in enumerate(first)
    ]


def _of_floats(
    hi: np.ndarray | None, lo: np.ndarray | None, rad: np.ndarray | None, row: int, digits: int
) -> list[str | None]:
    if hi is None or lo is None or rad is None:
        return []
    threes = zip(*(np.atleast_1d(part[row]).tolist() for part in (hi, lo, rad)), strict=True)
    return [None if math.isnan(h) else _decimal(_ball(h, low, r), digits) for h, low, r in threes]


def _ball(hi: float, lo: float, radius: float) -> arb:
    return arb(hi) if math.isinf(hi) else arb(arb(hi) + arb(lo), radius)


def _decimal(ball: arb, digits: int) -> str:
    """Write a ball as ``middle ± radius``, a rigorous enclosure; exact numbers have no radius."""
    if not ball.is_finite():
        return "inf" if ball > 0 else "-inf" if ball < 0 else "nan"
    number = repr(float(ball.mid()))
    if ball == arb(number) and len(number) <= digits + 2:  # equal only if both are exact
        return number
    return ball.str(digits).strip("[]").replace(" +/- ", " ± ")
