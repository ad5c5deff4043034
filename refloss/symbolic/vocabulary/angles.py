"""The additive angular margin: the cosine of an angle and a margin, from the cosine alone.

With the sine ``s = sqrt((1 - c)(1 + c))`` of the angle, ``cos(theta + m)`` is
``c cos m - s sin m``.
Where both products have one sign, it is the quotient of ``(c - sin m)(c + sin m)`` and their sum:
the logit keeps its digits where it is 0. Its slope by the cosine, ``sin(theta + m)/s``, likewise.
There is no arc cosine, which has no digits at 1, and no ``1 - c c``.

Quantities are written into `Elements`, whose axis may be that of any program: what reads a target's
cosine there takes the same functions.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import Quotient, Ratio, Relu, StraightThrough
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.elements import Elements

__all__ = [
    "RULES",
    "Border",
    "Crest",
    "Margin",
    "Pair",
    "bordered",
    "crested",
    "cut",
    "divided",
    "lowered",
    "rotated",
    "sine",
    "stepped",
    "turned",
]


@dataclass(frozen=True)
class Pair:
    """A number as a float and what that one lacks; see `Build.derived`."""

    nearest: sp.Expr
    rest: sp.Expr

    @classmethod
    def of(cls, P: Build, name: str, value: sp.Expr) -> Pair:
        """Declare a function of run-time constants."""
        return cls(*P.derived(name, value))

    def below(self, x: sp.Expr) -> sp.Expr:
        """Return x less the number, in the order that keeps every digit."""
        return x - self.nearest - self.rest

    def above(self, x: sp.Expr) -> sp.Expr:
        """Return the number less x."""
        return -self.below(x)

    def and_(self, x: sp.Expr) -> sp.Expr:
        """Return the sum of the number and x."""
        return x + self.nearest + self.rest


@dataclass(frozen=True)
class Margin:
    """Cosine and sine of the margin."""

    cosine: Pair
    sine: Pair

    @classmethod
    def of(cls, P: Build, angle: sp.Expr) -> Margin:
        """Declare both, of an angle that is an expression of run-time constants."""
        return cls(Pair.of(P, "cos_margin", sp.cos(angle)), Pair.of(P, "sin_margin", sp.sin(angle)))


def cut(a: Elements, cosine: str, most: Pair) -> None:
    """Name ``kept``: the cosine, no larger in size than `most`; what is cut has no derivative."""
    given = a.names[cosine].here
    over = a.let("over", most.below(given))
    under = a.let("under", most.below(-given))
    a.let("capped", sp.Piecewise((most.nearest, over > 0), (given, True)))
    a.let("kept", sp.Piecewise((-most.nearest, under > 0), (a.capped, True)), "cosine, cut")


@Vocabulary
def _sine(P: Build, a: Elements, most: Pair) -> None:
    """Name ``sine``."""
    a.let("sine", sp.sqrt(Relu((1 - a.kept) * (1 + a.kept))), "of the angle")


@_sine.when_stable
def _sine_stable(P: Build, a: Elements, most: Pair) -> None:
    spare = a.let("spare", sp.Piecewise((most.rest, a.over > 0), (0, True)))
    rest = a.let("owed", sp.Piecewise((-most.rest, a.under > 0), (spare, True)), "that kept lacks")
    square = (1 - a.kept - rest) * (1 + a.kept + rest)
    a.let("sine", sp.sqrt(Relu(square)), "of the angle")


def sine(P: Build, a: Elements, most: Pair) -> None:
    """Name ``sine``, of the angle whose cosine is ``kept``; 0 beyond its ends.

    It has an infinite slope at its ends, as a norm has none at 0: there the derivative is 0.
    """
    _sine(P, a, most)
    a.partials("sine", {a.kept: -Ratio(a.kept, a.sine, sp.S.Zero)})


@Vocabulary
def _rotated(P: Build, a: Elements, by: Margin) -> None:
    """Name ``raw``, the cosine of the angle and the margin."""
    a.let("raw", a.kept * by.cosine.nearest - a.sine * by.sine.nearest, "cosine of both angles")


@_rotated.when_stable
def _rotated_stable(P: Build, a: Elements, by: Margin) -> None:
    cos, sin = by.cosine.nearest, by.sine.nearest
    along = a.let("along", a.kept * cos)
    across = a.let("across", a.sine * sin)
    ends = by.sine.below(a.kept) * by.sine.and_(a.kept)
    a.let(
        "raw",
        sp.Piecewise((Quotient(ends, along + across), along * across > 0), (along - across, True)),
        "cosine of both angles",
    )
    lift = a.let("lift", a.sine * cos)
    turn = a.let("turn", a.kept * sin)
    ends = by.cosine.above(a.kept) * by.cosine.and_(a.kept)
    a.let(
        "steep",
        sp.Piecewise(
            (Quotient(Quotient(ends, lift - turn), a.sine), lift * turn < 0),
            (cos + Ratio(turn, a.sine, sp.S.Zero), True),
        ),
        "slope of raw",
    )
    a.partials("raw", {a.kept: a.steep})
    a.partials("steep", {a.kept: divided(sin, a.sine, 3)})


def divided(x: sp.Expr, by: sp.Expr, times: int) -> sp.Expr:
    """Return x over a power of a number, and 0 where that is 0."""
    for _ in range(times):
        x = Ratio(x, by, sp.S.Zero)
    return x


def rotated(P: Build, a: Elements, by: Margin) -> None:
    """Name ``raw``, the cosine of the angle and the margin."""
    _rotated(P, a, by)


@Vocabulary
def _lowered(P: Build, a: Elements, by: Margin, less: sp.Expr, zeros: tuple[Pair, Pair]) -> None:
    """Name ``lowered``."""
    a.let("lowered", a.raw - less, "less the cosine's margin")


@_lowered.when_stable
def _lowered_stable(
    P: Build, a: Elements, by: Margin, less: sp.Expr, zeros: tuple[Pair, Pair]
) -> None:
    base = a.let("base", a.along - less)
    ends = sp.Mul(*(zero.below(a.kept) for zero in zeros))
    a.let(
        "lowered",
        sp.Piecewise(
            (Quotient(ends, base + a.across), base * a.across > 0), (base - a.across, True)
        ),
        "less the cosine's margin",
    )
    a.partials("lowered", {a.kept: a.steep})


def lowered(P: Build, a: Elements, by: Margin, angle: sp.Expr, less: sp.Expr) -> None:
    """Name ``lowered``, the cosine of the angle and the margin less a number from -1 to 1."""
    rest = sp.sqrt((1 - less) * (1 + less))
    zeros = (
        Pair.of(P, "zero_after", less * sp.cos(angle) + rest * sp.sin(angle)),
        Pair.of(P, "zero_before", less * sp.cos(angle) - rest * sp.sin(angle)),
    )
    _lowered(P, a, by, less, zeros)


@dataclass(frozen=True)
class Border:
    """What stands in the place of the rotated cosine beyond a border.

    Attributes
    ----------
    at : Pair
        The largest cosine that is beyond.
    slope, again : sympy.Expr
        Factors of the cosine and of the logit there.
    offset : Pair
        What is subtracted there.
    """

    at: Pair
    slope: sp.Expr
    again: sp.Expr
    offset: Pair


def bordered(a: Elements, border: Border, name: str = "raw") -> None:
    """Name ``bent``: a logit, and beyond the border what a policy puts in its place."""
    a.let("room", border.at.below(a.kept), "to the border")
    logit = a.names[name].here
    beyond = border.offset.below(border.slope * a.kept + border.again * logit)
    a.let("bent", sp.Piecewise((logit, a.room > 0), (beyond, True)))


@dataclass(frozen=True)
class Crest:
    """The largest value of a logit whose angle is no less than a number.

    Attributes
    ----------
    early : sympy.Expr
        Larger than 0 where that number exceeds the margin: an angle may be less than it.
    at : Pair
        The largest cosine of an angle that is not.
    peak : Pair
        The value.
    """

    early: sp.Expr
    at: Pair
    peak: Pair

    @classmethod
    def of(cls, P: Build, least: sp.Expr, angle: sp.Expr, on: sp.Expr) -> Crest:
        """Declare it for a margin and the least sum of an angle and the margin, if `on` is 1."""
        early = Pair.of(P, "early", on * (least - angle))
        at = Pair.of(P, "brink", sp.cos(least - angle))
        return cls(early.nearest, at, Pair.of(P, "peak", sp.cos(least)))


def crested(a: Elements, crest: Crest) -> None:
    """Name ``topped``: ``bent``, and the crest's value where the angle is too small."""
    none = (sp.S.NegativeOne, True)
    a.let(
        "headroom",
        sp.Piecewise((crest.at.below(a.kept), crest.early > 0), none),
        "to the crest, if there is one",
    )
    peak = crest.peak.nearest + crest.peak.rest
    a.let("topped", sp.Piecewise((peak, a.headroom > 0), (a.bent, True)))


def stepped(a: Elements, value: sp.Expr, attached: sp.Expr) -> None:
    """Name ``logit``, `value`; its derivative is that of ``kept`` where `attached` is 0."""
    a.let("logit", StraightThrough(value, a.kept, attached))


def turned(half: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return cosine and sine of an angle by the tangent of its half: rational, all of them."""
    return (1 - half**2) / (1 + half**2), 2 * half / (1 + half**2)


_t, _k = sp.symbols("t k", positive=True)
_c, _s = turned(_t)
_C, _S = turned(_k)
_raw, _steep = _c * _C - _s * _S, (_s * _C + _c * _S) / _s
_l, _q = turned(sp.Symbol("l", positive=True))
_theta, _m = sp.symbols("theta m", positive=True)

RULES = (
    Rule(
        "sine of an angle by its cosine",
        sp.diff(_s, _t) / sp.diff(_c, _t),
        -_c / _s,
        "one quotient",
    ),
    Rule(
        "square of the sine of an angle",
        1 - _c**2,
        (1 - _c) * (1 + _c),
        "1 - c is exact near 1",
    ),
    Rule(
        "cosine of the sum of two angles",
        _raw,
        (_c - _S) * (_c + _S) / (_c * _C + _s * _S),
        "the difference to the zero is exact, and terms of one sign are added",
    ),
    Rule(
        "cosine of the sum of two angles by the cosine of one",
        sp.diff(_raw, _t) / sp.diff(_c, _t),
        _steep,
        "two terms",
    ),
    Rule(
        "slope of the cosine of the sum of two angles",
        _steep,
        (_C - _c) * (_C + _c) / (_s * _C - _c * _S) / _s,
        "the difference to the zero is exact, and terms of one sign are added",
    ),
    Rule(
        "slope of the cosine of the sum of two angles by the cosine of one",
        sp.diff(_steep, _t) / sp.diff(_c, _t),
        _S / _s**3,
        "one term",
    ),
    Rule(
        "cosine of the sum of two angles, lowered",
        _raw - _l,
        (_c - _l * _C - _q * _S) * (_c - _l * _C + _q * _S) / (_c * _C - _l + _s * _S),
        "the difference to the zero is exact, and terms of one sign are added",
    ),
    Rule(
        "what the margin takes from the cosine",
        sp.cos(_theta) - sp.cos(_theta + _m),
        2 * sp.sin(_theta + _m / 2) * sp.sin(_m / 2),
        "the smaller of both changes where theta + m/2 is pi",
    ),
)
