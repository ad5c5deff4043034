"""The two binary formats: their parameters, rounding to them, and units in the last place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flint import arb, ctx, fmpq, fmpz

#: Bits of the working precision: far more than any quantity here needs.
WORKING = 320


@contextmanager
def working_precision(bits: int = WORKING) -> Iterator[None]:
    """Work at `bits` bits of ball arithmetic, and put the precision back after."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


@dataclass(frozen=True)
class Format:
    """A binary format and the C types that go with it.

    Parameters
    ----------
    name : str
        The C type.
    precision : int
        Bits of a significand, the leading one included.
    least, most : int
        Exponents of the least normal number and of the top binade.
    word : str
        The unsigned integer type of the same width, by the name that the header gives it.
    suffix, word_suffix : str
        What a floating and an unsigned literal end in.
    """

    name: str
    precision: int
    least: int
    most: int
    word: str
    suffix: str
    word_suffix: str

    @property
    def stored(self) -> int:
        """Bits of the significand that are stored: the place of the exponent."""
        return self.precision - 1

    @property
    def sign(self) -> int:
        """The bit of the sign."""
        return 1 << (self.stored + (self.most + 1).bit_length())

    @property
    def infinity(self) -> int:
        """The encoding of infinity."""
        return (2 * self.most + 1) << self.stored

    @property
    def magic(self) -> fmpq:
        """A number whose last bit counts ones: adding it rounds to an integer (up to 2^(p-2))."""
        return fmpq(3) * power(self.stored - 1)

    def bits(self, value: fmpq) -> int:
        """Return the encoding of a positive normal number."""
        exponent = exponent_of(arb(value)) - 1
        significand = value / power(exponent - self.stored)
        assert significand.q == 1, f"{value} is no {self.name}"
        return int(significand.p) + ((exponent + self.most - 1) << self.stored)

    def half_ulp(self, top: arb) -> arb:
        """Return a bound on the error of rounding any number of magnitude `top` or less."""
        return arb(power(max(exponent_of(top) - self.precision, self.least - self.stored) - 1))

    def ulp(self, bottom: arb) -> arb:
        """Return the unit in the last place at the least magnitude in the ball `bottom`."""
        binade = exponent_of(arb(bottom.abs_lower()))
        return arb(power(max(binade - self.precision, self.least - self.stored)))

    def literal(self, value: fmpq) -> str:
        """Return the C literal of a number of this format, exactly."""
        number = float(int(value.p) / int(value.q))  # a power of two divides exactly
        assert fmpq(*number.as_integer_ratio()) == value, f"{value} is no {self.name}"
        if (8 * number).is_integer() and abs(number) < 1000:
            return f"{number}{self.suffix}"
        mantissa, exponent = number.hex().split("p")
        if "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}p{exponent}{self.suffix}"

    def word_literal(self, bits: int) -> str:
        """Return the C literal of a pattern of bits."""
        return f"{bits:#x}{self.word_suffix}"


DOUBLE = Format("double", 53, -1022, 1023, "word64", "", "ull")
FLOAT = Format("float", 24, -126, 127, "word32", "f", "u")
FORMATS = (FLOAT, DOUBLE)


def power(exponent: int) -> fmpq:
    """Return two to an integer power."""
    return fmpq(1 << exponent) if exponent >= 0 else fmpq(1, 1 << -exponent)


def exponent_of(value: arb) -> int:
    """Return an `e` with ``2**(e - 1) <= |value| < 2**e`` for the largest magnitude in a ball."""
    man, exp = arb(value.abs_upper()).man_exp()
    return -(10**6) if man == 0 else int(exp) + int(abs(man)).bit_length()


def rational(value: arb) -> fmpq:
    """Return the midpoint of a ball, exactly."""
    man, exp = value.mid().man_exp()
    return fmpq(man) * power(int(exp))


def nearest(value: fmpq | arb, bits: int) -> fmpq:
    """Return the number of `bits` significant bits nearest to `value`, ties to even.

    A ball is rounded only where all of it rounds to the same number.
    """
    if isinstance(value, arb):
        below, above = (nearest(rational(arb(end)), bits) for end in (value.lower(), value.upper()))
        assert below == above, "the ball is too wide to round"
        return below
    if value == 0:
        return value
    unit = power(exponent_of(arb(value)) - bits)
    scaled = value / unit
    floor = fmpz(int(scaled.p) // int(scaled.q))
    rest = scaled - floor
    up = rest > fmpq(1, 2) or (rest == fmpq(1, 2) and int(floor) % 2 == 1)
    return (floor + (1 if up else 0)) * unit
