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
from dataclasses import dataclass
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
    "-": Enclosure.__neg__,
    "Add": Enclosure.__add__,
    "Sub": Enclosure.__sub__,
    "Mult": Enclosure.__mul__,
    "Div": Enclosure.__truediv__,
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
        given = tuple((n, float(constants[n])) for n in _whole(expression).names)
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
    whole, known = _whole(expression), dict(constants)
    for name, value in known.items():
        if not math.isfinite(value):
            raise ValueError(f"{name}: expected a finite number in {expression}, got {value!r}")
    for bits in _BITS:
        try:
            low, high = _value(whole, tuple(known[n] for n in whole.names), bits).ends
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


@dataclass(frozen=True, eq=False)
class _Part:
    """A part of an expression. What occurs in several expressions is one part, and has one value.

    Attributes
    ----------
    apply : callable
        Bits, and the values of its parts or, of a name, the number, to its value.
    parts : tuple of _Part
        What it is applied to.
    names : tuple of str
        Constants that it names, in alphabetical order.
    """

    apply: Callable[..., Enclosure]
    parts: tuple[_Part, ...]
    names: tuple[str, ...]


@lru_cache(256)
def _whole(expression: str) -> _Part:
    return _part(ast.parse(expression, mode="eval").body)


def _part(node: ast.expr) -> _Part:
    match node:
        case ast.Constant(value=int() as number):
            return _leaf(number)
        case ast.Name(id=name):
            return _leaf(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _applied("-", (_part(operand),))
        case ast.Call(func=ast.Name(id=name), args=given) if name in _FUNCTIONS:
            return _applied(name, tuple(map(_part, given)))
        case ast.BinOp(left=left, op=op, right=right):
            sign = type(op).__name__
            if sign not in _FUNCTIONS:
                raise ValueError(f"no enclosure of {sign}")
            return _applied(sign, (_part(left), _part(right)))
    raise ValueError(f"no enclosure of {ast.unparse(node)!r}")


@lru_cache(1024)
def _leaf(word: int | str) -> _Part:
    """Return a whole number, pi, or a constant."""
    if word == "pi":
        return _Part(pi, (), ())
    if isinstance(word, str):
        return _Part(lambda bits, number: exactly(number, bits), (), (word,))
    return _Part(lambda bits: exactly(word, bits), (), ())


@lru_cache(1024)
def _applied(name: str, parts: tuple[_Part, ...]) -> _Part:
    """Return a function of parts."""
    function = _FUNCTIONS[name]
    names = sorted({name for part in parts for name in part.names})
    return _Part(lambda bits, *values: function(*values), parts, tuple(names))


@lru_cache(4096)
def _value(part: _Part, constants: tuple[float, ...], bits: int) -> Enclosure:
    """Evaluate a part, with what it names in the order of its names."""
    if not part.parts:
        return part.apply(bits, *constants)
    known = dict(zip(part.names, constants, strict=True))
    given = (_value(each, tuple(known[n] for n in each.names), bits) for each in part.parts)
    return part.apply(bits, *given)
