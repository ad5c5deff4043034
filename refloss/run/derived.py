"""Constants of a program that are functions of others, as two floats each.

A kernel reads ``cos(margin)`` as the float nearest to it and the float nearest to what that one
lacks. The index has the exact expression; here it is enclosed more and more sharply, until both
floats are certain. No function of the platform's mathematics library takes part: the floats are
the same everywhere.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from refloss.run.enclosures import (
    Enclosure,
    OpenError,
    angle,
    cosine,
    exactly,
    largest,
    pi,
    root,
    sine,
    smallest,
)

__all__ = ["REST", "completed", "narrowed", "two_floats"]

REST = "_lo"
"""Behind the name of a constant: what it lacks."""

_BITS = (192, 384, 2304)
_LEAST = Fraction(1, 1 << 2200)
"""What is nearer to a float than this at the last precision is that float: it is a special angle,
or else less than any float apart."""

_FUNCTIONS: dict[str, Callable[..., Enclosure]] = {
    "cos": cosine,
    "sin": sine,
    "sqrt": root,
    "atan2": angle,
    "Max": largest,
    "Min": smallest,
}


def completed(program: Mapping[str, Any], constants: Mapping[str, float]) -> dict[str, float]:
    """Return the constants with the derived ones computed from the others.

    Parameters
    ----------
    program : mapping
        What the index says of it.
    constants : mapping of str to float
        All that are not derived.

    Raises
    ------
    ValueError
        If an expression has no value, for instance because it divides by 0.
    """
    found = dict(constants)
    for name, expression in program.get("derived", {}).items():
        given = tuple((n, float(constants[n])) for n in _names(expression))
        found[name], found[name + REST] = two_floats(expression, given)
    return found


def narrowed(program: Mapping[str, Any], constants: Mapping[str, float]) -> dict[str, float]:
    """Return the constants with derived ones as the two nearest float32."""
    found = dict(constants)
    for name in program.get("derived", {}):
        nearest, rest = constants[name], constants[name + REST]
        found[name] = float(np.float32(nearest))
        found[name + REST] = float(np.float32((nearest - found[name]) + rest))
    return found


@lru_cache(1024)
def two_floats(
    expression: str, constants: tuple[tuple[str, float], ...] = ()
) -> tuple[float, float]:
    """Return the float nearest to an expression, and the one nearest to what that lacks.

    Parameters
    ----------
    expression : str
        Sums, products, quotients, ``cos``, ``sin``, ``sqrt``, ``atan2`` of what is not below 0,
        ``Max`` and ``Min`` of constants, whole numbers and ``pi``.
    constants : tuple of (str, float)
        Exact values of those that it names.

    Raises
    ------
    ValueError
        If it has no value.
    """
    tree = _tree(expression)
    known = dict(constants)
    for name, value in known.items():
        if not math.isfinite(value):
            raise ValueError(f"{name}: expected a finite number in {expression}, got {value!r}")
    for bits in _BITS:
        try:
            low, high = _value(tree, known, bits).ends
        except OpenError:
            continue
        nearest = _agreed(low, high)
        if nearest is None:
            continue
        rest = _agreed(low - Fraction(nearest), high - Fraction(nearest))
        if rest is not None:
            return nearest, rest
    words = ", ".join(f"{name}={value!r}" for name, value in constants)
    raise ValueError(f"{expression} has no value for {words}")


def _agreed(low: Fraction, high: Fraction) -> float | None:
    """Return the float that both ends are nearest to; 0 where both are next to nothing."""
    if max(abs(low), abs(high)) < _LEAST:
        return 0.0
    nearest = float(low)
    return nearest + 0.0 if nearest == float(high) else None  # never -0.0


@lru_cache(256)
def _tree(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


@lru_cache(256)
def _names(expression: str) -> tuple[str, ...]:
    """Return the constants that an expression names."""
    named = {n.id for n in ast.walk(_tree(expression)) if isinstance(n, ast.Name)}
    return tuple(sorted(named - _FUNCTIONS.keys() - {"pi"}))


def _value(node: ast.expr, constants: Mapping[str, float], bits: int) -> Enclosure:
    match node:
        case ast.Constant(value=int() as number):
            return exactly(number, bits)
        case ast.Name(id="pi"):
            return pi(bits)
        case ast.Name(id=name):
            return exactly(constants[name], bits)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, constants, bits)
        case ast.Call(func=ast.Name(id=name), args=given) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(argument, constants, bits) for argument in given))
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(op, _value(left, constants, bits), _value(right, constants, bits))
    raise ValueError(f"no enclosure of {ast.unparse(node)!r}")


def _combined(op: ast.operator, left: Enclosure, right: Enclosure) -> Enclosure:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
    raise ValueError(f"no enclosure of {type(op).__name__}")
