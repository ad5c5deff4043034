"""The cosine of a real multiple of an angle and a margin, from the cosine alone.

``cos(m theta + a) - l`` is no polynomial of the cosine where m is no whole number, so the angle is
needed, and an angle has few digits beside a number that is not small: a logit next to its zero
would have none. So angles are measured from a *mark*, an angle at which the logit, or its slope, is
0, with the mark's cosine C and sine S as two floats each. Half the way from the mark to theta is

    delta/2 = atan2(C - c, S + s),

a quotient of a difference that is exact near the mark and a sum of what is not negative; and with
``h = m delta/2`` and the mark's ``u = m mark + a``

    cos(u + 2 h) - l = (cos u - l) - 2 sin h (sin u cos h + cos u sin h)
    sin(u + 2 h) = sin u + 2 sin h (cos u cos h - sin u sin h).

There is no arc cosine and no ``1 - c c``. A mark that would lie beyond 0 or pi is that end. A logit
between two of its turns is measured from the zero between them, or from the end in its place: away
from either it moves to one side, so that nothing cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import Ratio
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.angles import Pair, divided, turned
from refloss.symbolic.vocabulary.elements import Elements

__all__ = ["RULES", "Multiple", "lowered"]


@dataclass(frozen=True)
class Multiple:
    """What becomes of an angle before its cosine is taken, and what is subtracted from that.

    Attributes
    ----------
    times : sympy.Expr
        What multiplies the angle, larger than 0.
    added : sympy.Expr
        What is added to the product.
    less : sympy.Expr
        What is subtracted from the cosine, from -1 to 1.
    """

    times: sp.Expr
    added: sp.Expr
    less: sp.Expr

    def reached(self, angle: sp.Expr) -> sp.Expr:
        """Return where the multiple and the margin come to a number; an end if nowhere."""
        return sp.Max(0, sp.Min(sp.pi, (angle - self.added) / self.times))

    def zeros(self) -> list[sp.Expr]:
        """Return the first three angles at which the lowered cosine is 0."""
        first, turn = 2 * sp.atan2(sp.sqrt(1 - self.less), sp.sqrt(1 + self.less)), 2 * sp.pi
        return [self.reached(angle) for angle in (first, turn - first, turn + first)]

    def turns(self) -> list[sp.Expr]:
        """Return both ends, and between them the angles at which the cosine turns."""
        return [sp.S.Zero, self.reached(sp.pi), self.reached(2 * sp.pi), sp.pi]


@dataclass(frozen=True)
class Mark:
    """An angle to measure from.

    Attributes
    ----------
    at, rise : Pair
        Its cosine and sine.
    cosine, sine : Pair
        Those of its multiple and the margin.
    """

    at: Pair
    rise: Pair
    cosine: Pair
    sine: Pair

    @classmethod
    def of(cls, P: Build, name: str, angle: sp.Expr, by: Multiple) -> Mark:
        """Declare the numbers of a mark; those of an end are whole, and not declared."""
        far = by.times * angle + by.added
        cosine = Pair.of(P, f"cosine_{name}", sp.cos(far))
        sine = Pair.of(P, f"sine_{name}", sp.sin(far))
        if angle in (0, sp.pi):
            at, rise = (Pair(f(angle), sp.S.Zero) for f in (sp.cos, sp.sin))
        else:
            at = Pair.of(P, f"at_{name}", sp.cos(angle))
            rise = Pair.of(P, f"rise_{name}", sp.sin(angle))
        return cls(at, rise, cosine, sine)


@dataclass(frozen=True)
class Marks:
    """All marks of a logit, in the order of their angles.

    Attributes
    ----------
    zeros : list of Mark
        Where the lowered cosine is 0.
    levels : list of Pair
        What it is there: 0, but at an end that stands for a zero beyond it.
    turns : list of Mark
        The ends, and where its slope is 0.
    """

    zeros: list[Mark]
    levels: list[Pair]
    turns: list[Mark]

    @classmethod
    def of(cls, P: Build, by: Multiple) -> Marks:
        """Declare the numbers of all of them."""
        zeros = list(enumerate(by.zeros(), 1))
        return cls(
            [Mark.of(P, f"zero{k}", angle, by) for k, angle in zeros],
            [
                Pair.of(P, f"level{k}", sp.cos(by.times * angle + by.added) - by.less)
                for k, angle in zeros
            ],
            [Mark.of(P, f"turn{k}", angle, by) for k, angle in enumerate(by.turns())],
        )


@dataclass(frozen=True)
class Swing:
    """The way from the nearest mark: its numbers, and sine and cosine of half the multiple."""

    cosine: sp.Expr
    sine: sp.Expr
    half_sine: sp.Expr
    half_cosine: sp.Expr

    @property
    def fall(self) -> sp.Expr:
        """What the cosine of the multiple has lost since the mark."""
        return 2 * self.half_sine * (self.sine * self.half_cosine + self.cosine * self.half_sine)

    @property
    def gain(self) -> sp.Expr:
        """What the sine of the multiple has gained since the mark."""
        return 2 * self.half_sine * (self.cosine * self.half_cosine - self.sine * self.half_sine)


Pick = Callable[[str, Sequence[sp.Expr]], sp.Expr]


def _before(a: Elements, name: str, borders: Sequence[sp.Expr]) -> Pick:
    """Return what names the part of a mark: of the first one whose border is not passed.

    A border is a number that is larger than 0 before it.
    """
    ways = [a.let(f"{name}_before{k}", border) for k, border in enumerate(borders, 1)]

    def pick(what: str, parts: Sequence[sp.Expr]) -> sp.Expr:
        chosen = [(part, way > 0) for part, way in zip(parts, ways, strict=False)]
        return a.let(f"{name}_{what}", sp.Piecewise(*chosen, (parts[-1], True)))

    return pick


def _swing(a: Elements, name: str, pick: Pick, marks: Sequence[Mark], times: sp.Expr) -> Swing:
    """Name the way from the mark that is picked."""
    at = pick("at", [mark.at.nearest for mark in marks])
    rest = pick("at_rest", [mark.at.rest for mark in marks])
    rise = pick("rise", [mark.rise.nearest for mark in marks])
    cosine = pick("cosine", [mark.cosine.nearest for mark in marks])
    sine = pick("sine", [mark.sine.nearest for mark in marks])
    apart = a.let(f"{name}_apart", at - a.inner, "exact near the mark")
    rest = a.let(f"{name}_apart_rest", rest - a.inner_rest)
    way = sp.atan2(apart + rest, a.sine + rise)
    half = a.let(f"{name}_half", times * way, "of the multiple of the way from the mark")
    half_sine = a.let(f"{name}_half_sine", sp.sin(half))
    return Swing(cosine, sine, half_sine, a.let(f"{name}_half_cosine", sp.cos(half)))


@Vocabulary
def _lowered(P: Build, a: Elements, by: Multiple, added: sp.Expr, marks: Marks) -> None:
    """Name ``lowered``."""
    a.let("theta", sp.atan2(a.sine, a.kept), "the angle")
    a.let("raw", sp.cos(by.times * a.theta + added), "cosine of its multiple and the margin")
    a.let("lowered", a.raw - by.less, "less the cosine's margin")


@_lowered.when_stable
def _lowered_stable(P: Build, a: Elements, by: Multiple, added: sp.Expr, marks: Marks) -> None:
    beyond = (sp.Piecewise((1, a.kept > 0), (-1, True)), True)
    a.let("inner", sp.Piecewise((a.kept, a.sine > 0), beyond), "cosine of the angle")
    a.let("inner_rest", sp.Piecewise((a.owed, a.sine > 0), (0, True)), "that inner lacks")
    pick = _before(a, "zero", [a.kept - turn.at.nearest for turn in marks.turns[1:-1]])
    near = _swing(a, "zero", pick, marks.zeros, by.times)
    level = pick("level", [level.nearest for level in marks.levels])
    a.let("lowered", level - near.fall, "less the cosine's margin")
    _steep(a, by.times, marks.turns)
    a.partials("lowered", {a.kept: a.steep})


def _steep(a: Elements, times: sp.Expr, turns: Sequence[Mark]) -> None:
    """Name ``steep``, the slope of ``lowered``.

    Where the sine of the angle is 0 it is what the slope tends to without the term that has no
    limit, which is 0 where there is one.
    """
    middles = [2 * a.kept - one.at.nearest - other.at.nearest for one, other in pairwise(turns)]
    turn = _swing(a, "turn", _before(a, "turn", middles), turns, times)
    bent = a.let("bent_sine", turn.sine + turn.gain, "sine of the multiple and the margin")
    straight = a.let("bent_cosine", turn.cosine - turn.fall, "its cosine")
    first, last = turns[0].cosine.nearest, turns[-1].cosine.nearest
    end = a.let("end", times * sp.Piecewise((first, a.kept > 0), (-last, True)))
    a.let("steep", times * Ratio(bent, a.sine, end), "slope of lowered")
    turned = divided(times * bent * a.kept, a.sine, 3)
    a.partials("steep", {a.kept: turned - divided(times**2 * straight, a.sine, 2)})


def lowered(P: Build, a: Elements, by: Multiple) -> None:
    """Name ``lowered``, the cosine of a multiple of the angle and a margin, less a number."""
    added, _ = P.derived("added", by.added)
    _lowered(P, a, by, added, Marks.of(P, by))


_theta, _a, _m, _u, _h = sp.symbols("theta a m u h", positive=True)
_t, _k = sp.symbols("t k", positive=True)
_c, _s = turned(_t)
_C, _S = turned(_k)
_l = sp.Symbol("l", real=True)
_phi = _m * _theta + _a

RULES = (
    Rule(
        "tangent of half of what lies between two angles",
        (_t - _k) / (1 + _t * _k),
        (_C - _c) / (_S + _s),
        "the difference is exact where it is small, and the sum has terms of one sign",
    ),
    Rule(
        "cosine of a swing from a mark, lowered",
        sp.cos(_u + 2 * _h) - _l,
        (sp.cos(_u) - _l) - 2 * sp.sin(_h) * (sp.sin(_u) * sp.cos(_h) + sp.cos(_u) * sp.sin(_h)),
        "the first term is 0 from a zero, and the other a product",
    ),
    Rule(
        "sine of a swing from a mark",
        sp.sin(_u + 2 * _h),
        sp.sin(_u) + 2 * sp.sin(_h) * (sp.cos(_u) * sp.cos(_h) - sp.sin(_u) * sp.sin(_h)),
        "the first term is 0 from where the cosine turns, and the other a product",
    ),
    Rule(
        "slope of the cosine of a multiple and a margin",
        sp.diff(sp.cos(_phi), _theta) / sp.diff(sp.cos(_theta), _theta),
        _m * sp.sin(_phi) / sp.sin(_theta),
        "one quotient",
    ),
    Rule(
        "second slope of the cosine of a multiple and a margin",
        sp.diff(_m * sp.sin(_phi) / sp.sin(_theta), _theta) / sp.diff(sp.cos(_theta), _theta),
        _m
        * (sp.sin(_phi) * sp.cos(_theta) / sp.sin(_theta) - _m * sp.cos(_phi))
        / sp.sin(_theta) ** 2,
        "two terms",
    ),
)
