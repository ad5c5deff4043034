"""Real numbers between two integers over a power of two, with sines, cosines and angles.

Every operation rounds outwards, so that the exact result lies between the ends, whatever precision
is asked for: what is left open is how far they are apart. Nothing but Python's integers is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import isqrt

__all__ = [
    "Enclosure",
    "OpenError",
    "angle",
    "cosine",
    "exactly",
    "largest",
    "pi",
    "root",
    "sine",
    "smallest",
]

_GUARD = 32
"""Bits beyond those asked for. Each of at most 2**24 terms of a series errs by less than 2**6 units
of its last place, and so their sum by less than one unit of the place that is kept."""


class OpenError(ArithmeticError):
    """A divisor that may be 0, or a root of what may be less: more precision is needed."""


@dataclass(frozen=True)
class Enclosure:
    """A real number from ``low/2**bits`` to ``high/2**bits``."""

    low: int
    high: int
    bits: int

    def __neg__(self) -> Enclosure:
        return Enclosure(-self.high, -self.low, self.bits)

    def __add__(self, other: Enclosure) -> Enclosure:
        return Enclosure(self.low + other.low, self.high + other.high, self.bits)

    def __sub__(self, other: Enclosure) -> Enclosure:
        return self + -other

    def __mul__(self, other: Enclosure) -> Enclosure:
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Enclosure(min(ends) >> self.bits, -(-max(ends) >> self.bits), self.bits)

    def __truediv__(self, other: Enclosure) -> Enclosure:
        if other.low <= 0 <= other.high:
            raise OpenError
        above = [a << self.bits for a in (self.low, self.high)]
        down = min(a // b for a in above for b in (other.low, other.high))
        up = -min(-a // b for a in above for b in (other.low, other.high))
        return Enclosure(down, up, self.bits)

    @property
    def zero(self) -> bool:
        """Whether it is 0 and nothing else."""
        return self.low == self.high == 0

    @property
    def ends(self) -> tuple[Fraction, Fraction]:
        """The least and the largest number that it may be."""
        return Fraction(self.low, 1 << self.bits), Fraction(self.high, 1 << self.bits)


def exactly(number: float | Fraction, bits: int) -> Enclosure:
    """Return a rational number, as sharp as the bits allow."""
    whole = Fraction(number)
    low, rest = divmod(whole.numerator << bits, whole.denominator)
    return Enclosure(low, low + bool(rest), bits)


@lru_cache(16)
def pi(bits: int) -> Enclosure:
    """Return the circle constant, ``16 arctan(1/5) - 4 arctan(1/239)``."""
    sum_ = 16 * _arctangent(5, bits + _GUARD) - 4 * _arctangent(239, bits + _GUARD)
    return Enclosure((sum_ >> _GUARD) - 1, (sum_ >> _GUARD) + 2, bits)


def _arctangent(inverse: int, bits: int) -> int:
    """Return ``arctan(1/inverse)`` by its series."""
    power = (1 << bits) // inverse
    total, number = power, 1
    while power:
        power //= -inverse * inverse
        number += 2
        total += power // number
    return total


def root(x: Enclosure) -> Enclosure:
    """Return the square root."""
    if x.low < 0:
        raise OpenError
    low, high = (isqrt(end << x.bits) for end in (x.low, x.high))
    return Enclosure(low, high + (high * high != x.high << x.bits), x.bits)


def largest(*numbers: Enclosure) -> Enclosure:
    """Return the largest of some numbers."""
    low, high = max(x.low for x in numbers), max(x.high for x in numbers)
    return Enclosure(low, high, numbers[0].bits)


def smallest(*numbers: Enclosure) -> Enclosure:
    """Return the smallest of some numbers."""
    return -largest(*(-x for x in numbers))


def angle(y: Enclosure, x: Enclosure) -> Enclosure:
    """Return the angle of a point (x, y), neither of them below 0; 0 exactly of an exact y = 0."""
    if min(y.low, x.low) < 0 or max(y.low, x.low) == 0:
        raise OpenError
    if y.zero:
        return y
    if y.low <= x.low:
        return _turned(y / x)
    whole = pi(y.bits)
    return Enclosure(whole.low >> 1, (whole.high + 1) >> 1, y.bits) - _turned(x / y)


def _turned(slope: Enclosure) -> Enclosure:
    """Return the arctangent in the middle, widened by half of the enclosure's width."""
    bits, middle = slope.bits, (slope.low + slope.high) >> 1
    wide = bits + _GUARD
    found = _arctangent_of(middle << _GUARD, wide) >> _GUARD
    reach = max(slope.high - middle, middle - slope.low) + 1
    return Enclosure(found - reach, found + 1 + reach, bits)


@lru_cache(64)
def _arctangent_of(slope: int, bits: int) -> int:
    """Return ``arctan(slope/2**bits)``, half of the angle taken until the series is short."""
    one, halvings = 1 << 2 * bits, 12
    for _ in range(halvings):
        slope = (slope << bits) // ((1 << bits) + isqrt(one + slope * slope))
    square, power, total, number = slope * slope >> bits, slope, slope, 1
    while power:
        power, number = -(power * square >> bits), number + 2
        total += power // number
    return total << halvings


def cosine(x: Enclosure) -> Enclosure:
    """Return the cosine; 1 exactly of an exact 0."""
    if x.zero:
        return exactly(1, x.bits)
    return _around(x, 0)


def sine(x: Enclosure) -> Enclosure:
    """Return the sine; 0 exactly of an exact 0."""
    return x if x.zero else _around(x, 1)


def _around(x: Enclosure, which: int) -> Enclosure:
    """Return cosine (0) or sine (1) in the middle, widened by half of the enclosure's width."""
    middle = (x.low + x.high) >> 1
    found = _circle(middle, x.bits)[which]
    reach = max(x.high - middle, middle - x.low) + 1
    return Enclosure(found - reach, found + reach, x.bits)


@lru_cache(64)
def _circle(angle: int, bits: int) -> tuple[int, int]:
    """Return cosine and sine of ``angle/2**bits``, each less than one unit off."""
    guard = _GUARD + max(0, abs(angle).bit_length() - bits)
    wide, angle = bits + guard, angle << guard
    quarter = pi(wide + guard).low >> guard + 1
    turns = (2 * angle + quarter) // (2 * quarter)
    cos, sin = _series(angle - turns * quarter, wide)
    cos, sin = ((cos, sin), (-sin, cos), (-cos, -sin), (sin, -cos))[turns % 4]
    half = 1 << guard - 1
    return (cos + half) >> guard, (sin + half) >> guard


def _series(x: int, bits: int) -> tuple[int, int]:
    """Return cosine and sine of a small angle by their series."""
    terms, order = [1 << bits, x], 1
    sums = list(terms)
    while abs(terms[0]) > 1 or abs(terms[1]) > 1:
        square = x * x >> bits
        for part in (0, 1):
            factors = (order + part) * (order + part + 1)
            terms[part] = -(terms[part] * square >> bits) // factors
            sums[part] += terms[part]
        order += 2
    return sums[0], sums[1]
