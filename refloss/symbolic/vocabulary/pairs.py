"""Pairs of given vectors: how far apart they are, and what that lacks to a margin.

Every function writes the same quantities in two forms. *Plain* is the root of a sum of squares.
*Stable* divides differences by the largest of them, so that no square leaves the range, and splits
every square at a multiple of one number: the parts above it add up exactly in any order, and what
they miss is added up beside them. Sum, root and difference from a margin then have the digits of
two floats, and a distance within an ulp of the margin leaves a difference with all of its own.
`RULES` proves the two equal.

Names: ``delta`` are the differences, ``top`` the largest of them and ``part`` each over that;
``coarse`` and ``fine`` add up to the sum of squares of those, whose root is ``root`` and
``root_lo``; ``distance`` and ``square`` are what a loss reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    MaxOver,
    Ratio,
    Stop,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
    Weighted,
)
from refloss.symbolic.program import Axis, Tensor, axis, size_of
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.rows import ITEM

PART = axis("d", "D")
ZERO = sp.S.Zero

__all__ = [
    "ITEM",
    "PART",
    "RULES",
    "Extra",
    "Named",
    "Pairs",
    "apart",
    "distances",
    "measured",
    "rooted",
    "scaled",
    "short_of",
    "squared",
    "sum_of_squares",
    "within",
]

REACH = sp.Integer(2) ** 60
"""Between its inverse and it, no product of two floats that are needed exactly leaves the range."""

TWO_FLOATS = {"distance": ("length", "length_lo"), "square": ("big", "big_lo")}

_x, _y, _eps = sp.symbols("x y eps", real=True)
_squares, _t = sp.symbols("squares t", positive=True)
_u, _v = sp.symbols("u v", real=True)
_m, _s = sp.symbols("margin sigma", nonnegative=True)
_norm = sp.sqrt(_x**2 + _squares)
_coarse = (_u**2 - TwoSumError(_s, _u**2)) + (_v**2 - TwoSumError(_s, _v**2))
_fine = TwoSumError(_s, _u**2) + TwoSumError(_s, _v**2)

RULES = (
    Rule(
        "a difference with its rounding errors",
        _x - _y + _eps,
        ((_x - _y) + _eps) + (TwoSumError(_x - _y, _eps) + TwoDiffError(_x, _y)),
        "vectors that agree up to eps keep the digits of what is left",
    ),
    Rule(
        "a distance by the largest difference",
        sp.sqrt(_u**2 + _v**2),
        _t * sp.sqrt((_u / _t) ** 2 + (_v / _t) ** 2),
        "no square leaves the range",
    ),
    Rule(
        "squares in two parts",
        _u**2 + _v**2,
        _coarse + _fine,
        "multiples of one number add up exactly in any order",
    ),
    Rule(
        "a root in two parts",
        sp.sqrt(_squares),
        sp.sqrt(_squares) + (_squares - sp.sqrt(_squares) * sp.sqrt(_squares)) / 2,
        "one step of Newton's method from the rounded root",
    ),
    Rule(
        "what a distance lacks to a margin",
        _m - _t * _x,
        (_m - _t * _x) + (TwoDiffError(_m, _t * _x) - TwoProdError(_t, _x)),
        "the errors of both roundings are added: near 0 all digits are lost without",
    ),
    Rule(
        "a unit vector by the largest difference",
        _u / sp.sqrt(_u**2 + _v**2),
        (_u / _t) * (1 / sp.sqrt((_u / _t) ** 2 + (_v / _t) ** 2)),
        "parts that the sum of squares has too, and one quotient a row",
    ),
    Rule(
        "derivative of a unit vector by the distance",
        sp.diff(_u / _squares, _squares),
        -(_u / _squares) * (1 / _squares),
        "divided twice: a square may leave the range",
    ),
    Rule(
        "derivative of a distance",
        sp.diff(_norm, _x),
        _x / _norm,
        "a component of the unit vector",
    ),
    Rule(
        "derivative of a squared distance",
        sp.diff(_x**2 + _squares, _x),
        2 * _x,
        "no distance, so that it holds at 0 too",
    ),
)


@dataclass
class Pairs:
    """Everything named so far about pairs; an attribute is its read in place."""

    P: Build
    names: dict[str, Tensor] = field(default_factory=dict)

    def __getattr__(self, name: str) -> sp.Indexed:
        return self[name].here

    def __getitem__(self, name: str) -> Tensor:
        try:
            return self.names[name]
        except KeyError as error:
            raise AttributeError(f"no quantity of a pair is named {name!r} yet") from error

    def real(self, name: str, *axes: Axis) -> sp.Indexed:
        """Declare a real input."""
        self.names[name] = self.P.real(name, *axes)
        return self.names[name].here

    def let(self, name: str, axes: list[Axis], expr: sp.Expr, doc: str = "") -> sp.Indexed:
        """Name a quantity."""
        self.names[name] = self.P.let(name, axes, expr, doc)
        return self.names[name].here

    def partials(self, name: str, forms: dict[sp.Indexed, sp.Expr]) -> None:
        """Give a quantity its accurate derivative forms."""
        self.P.partials(self[name], forms)


@dataclass(frozen=True)
class Named:
    """Quantities of one of several pairs: as `Pairs`, with a prefix before every name."""

    all: Pairs
    prefix: str

    def __getattr__(self, name: str) -> sp.Indexed:
        return self[name].here

    def __getitem__(self, name: str) -> Tensor:
        return self.all[self.prefix + name]

    def let(self, name: str, axes: list[Axis], expr: sp.Expr, doc: str = "") -> sp.Indexed:
        """Name a quantity."""
        return self.all.let(self.prefix + name, axes, expr, doc)

    def partials(self, name: str, forms: dict[sp.Indexed, sp.Expr]) -> None:
        """Give a quantity its accurate derivative forms."""
        self.all.partials(self.prefix + name, forms)


Quantities = Pairs | Named


@Vocabulary
def apart(P: Build, a: Quantities, first: sp.Indexed, second: sp.Indexed, added: sp.Expr) -> None:
    """Name ``delta``, `first` less `second` and `added` to every component."""
    a.let("delta", [ITEM, PART], first - second + added, "differences")


@apart.when_stable
def _(P: Build, a: Quantities, first: sp.Indexed, second: sp.Indexed, added: sp.Expr) -> None:
    ahead = a.let("ahead", [ITEM, PART], first - second)
    near = a.let("near", [ITEM, PART], ahead + added)
    errors = TwoSumError(ahead, added) + TwoDiffError(first, second) + P.rest_of(added)
    slip = a.let("slip", [ITEM, PART], errors, "rounding errors of both")
    a.let("delta", [ITEM, PART], near + slip, "differences")
    a.partials("delta", {first: sp.S.One, second: -sp.S.One})


@dataclass(frozen=True)
class Extra:
    """What is added to a sum of squares.

    Attributes
    ----------
    amount : sympy.Expr
        The constant itself.
    root, root_lo : sympy.Expr
        Its root as a float, and what that one lacks; see `Build.derived`.
    """

    amount: sp.Expr
    root: sp.Expr
    root_lo: sp.Expr

    @classmethod
    def of(cls, P: Build, name: str) -> Extra:
        """Declare the constant."""
        amount = P.const(name, nonnegative=True)
        return cls(amount, *P.derived(f"root_{name}", sp.sqrt(amount)))


@Vocabulary
def distances(P: Build, a: Quantities, extra: Extra | None = None) -> None:
    """Name ``distance``, the Euclidean norm of ``delta``, and ``square``, its square.

    What is `extra` is added to the square.
    """
    more = ZERO if extra is None else extra.amount
    a.let("square", [ITEM], sp.Sum(a.delta**2, PART) + more, "squared distance")
    a.let("distance", [ITEM], sp.sqrt(a.square))
    unit = a.let("unit", [ITEM, PART], Ratio(a.delta, a.distance, ZERO), "0 where both coincide")
    a.partials("distance", {a.delta: unit})


@distances.when_stable
def _(P: Build, a: Quantities, extra: Extra | None = None) -> None:
    measured(a, extra)
    unit = a.let("unit", [ITEM, PART], a.part * a.steep, "0 where both coincide")
    over = Ratio(sp.S.One, a.distance, ZERO)
    a.partials("unit", {a.delta: over, a.distance: -unit * over})
    a.partials("distance", {a.delta: unit})
    a.partials("square", {a.delta: 2 * a.delta})


def measured(a: Quantities, extra: Extra | None = None) -> None:
    """Name ``distance`` and ``square`` in the stable form, without derivatives."""
    scaled(a, a.delta, TwoSumError(a.near, a.slip), "largest difference", extra)
    sum_of_squares(a, extra)
    rooted(a)
    top = Stop(a.top)
    length = a.let("length", [ITEM], top * a.root)
    lacks = within(a, TwoProdError(top, a.root) + top * a.root_lo)
    a.let("length_lo", [ITEM], lacks, "what the length lacks")
    a.let("distance", [ITEM], length + a.length_lo)
    squared(a, a)
    a.let("square", [ITEM], a.big + a.big_lo, "squared distance")


def rooted(a: Quantities) -> None:
    """Name ``root`` and ``root_lo``, the root of the sum of squares, and ``steep``, 1 over it."""
    root = a.let("root", [ITEM], sp.sqrt(a.squares))
    again = a.let("again", [ITEM], root * root)
    short = a.let("short_by", [ITEM], a.coarse - again)
    more = short + a.fine - TwoProdError(root, root)
    steep = a.let("steep", [ITEM], Ratio(sp.S.One, root, ZERO), "0 where all numbers are")
    a.let("root_lo", [ITEM], more * steep / 2, "what the root lacks")


def squared(a: Quantities, into: Quantities) -> None:
    """Name, in `into`, ``big`` and ``big_lo``, the squared distance in two floats."""
    top = Stop(a.top)
    wide = into.let("wide", [ITEM], top * a.squares)
    into.let("big", [ITEM], top * wide, "squared distance, rounded")
    rest = TwoProdError(top, a.squares) + top * a.squares_lo
    rest = into.let("wide_lo", [ITEM], rest)
    lacks = within(a, TwoProdError(top, wide) + top * rest)
    into.let("big_lo", [ITEM], lacks, "what it lacks")


def within(a: Quantities, error: sp.Expr) -> sp.Expr:
    """Return an error, and 0 for sizes of which products leave the range."""
    return sp.Piecewise((error, a.tame > 0), (ZERO, True))


def scaled(
    a: Quantities, numbers: sp.Indexed, lost: sp.Expr, doc: str, extra: Extra | None = None
) -> None:
    """Name ``part``, numbers over the largest, and ``rest``, what those lack.

    Parameters
    ----------
    a
        The quantities.
    numbers : sympy.Indexed
        What a norm is taken of.
    lost : sympy.Expr
        What the numbers lack to what they stand for.
    doc : str
        What the largest is.
    extra : Extra, optional
        What is added to the squares.
    """
    largest = MaxOver(sp.Abs(numbers), PART)
    if extra is not None:
        largest = sp.Max(Stop(a.let("widest", [ITEM], largest)), extra.root)
    a.let("top", [ITEM], largest, doc)
    top = Stop(a.top)  # it cancels from all that has derivatives
    held = sp.And(a.top > 1 / REACH, a.top < REACH)
    a.let("tame", [ITEM], sp.Piecewise((sp.S.One, held), (ZERO, True)), "1: products are exact")
    a.let("inverse", [ITEM], within(a, Ratio(sp.S.One, top, ZERO)), "of few digits")
    part = a.let("part", [ITEM, PART], Ratio(numbers, top, ZERO), "from -1 to 1")
    product = a.let("product", [ITEM, PART], part * top)
    behind = a.let("behind", [ITEM, PART], numbers - product)
    left = a.let("left", [ITEM, PART], behind + lost - TwoProdError(part, top))
    a.let("rest", [ITEM, PART], Weighted(a.inverse, left), "what the part lacks")
    if extra is not None:
        part = a.let("extra", [ITEM], Ratio(extra.root, top, ZERO), "as of one more coordinate")
        product = a.let("extra_product", [ITEM], part * top)
        lost = extra.root_lo - TwoProdError(part, top)
        behind = a.let("extra_behind", [ITEM], extra.root - product)
        a.let("extra_rest", [ITEM], Weighted(a.inverse, behind + lost))


def sum_of_squares(a: Quantities, extra: Extra | None = None) -> None:
    """Name ``squares`` and ``squares_lo``, the sum of the squares of the parts, in two floats."""
    power = a.let("power", [ITEM, PART], a.part * a.part)
    spill = a.let("spill", [ITEM, PART], TwoSumError(2 * size_of(PART), power))
    grain = a.let("grain", [ITEM, PART], power - spill, "a multiple of one number")
    dust = spill + TwoProdError(a.part, a.part) + 2 * a.part * a.rest
    grains, dusts = sp.Sum(grain, PART), sp.Sum(dust, PART)
    if extra is not None:
        power = a.let("extra_power", [ITEM], a.extra * a.extra)
        spill = a.let("extra_spill", [ITEM], TwoSumError(2 * size_of(PART), power))
        grains += a.let("extra_grain", [ITEM], power - spill)
        more = spill + TwoProdError(a.extra, a.extra) + 2 * a.extra * a.extra_rest
        dusts += a.let("extra_dust", [ITEM], more)
    coarse = a.let("coarse", [ITEM], grains, "exact in any order")
    fine = a.let("fine", [ITEM], dusts, "of the squares, what is left")
    a.let("squares", [ITEM], coarse + fine)
    a.let("squares_lo", [ITEM], TwoSumError(coarse, fine))


@Vocabulary
def short_of(P: Build, a: Quantities, name: str, border: sp.Expr, of: str) -> sp.Indexed:
    """Name and return `name`, what ``distance`` or ``square`` lacks to `border`.

    Parameters
    ----------
    P, a
        The program and its quantities.
    name : str
        A new identifier.
    border : sympy.Expr
        A margin.
    of : {'distance', 'square'}
        What is compared with it.
    """
    return a.let(name, [ITEM], border - a[of].here, f"what the {of} lacks to the margin")


@short_of.when_stable
def _(P: Build, a: Quantities, name: str, border: sp.Expr, of: str) -> sp.Indexed:
    high, low = TWO_FLOATS[of]
    rough = a.let(f"{name}_hi", [ITEM], border - a[high].here)
    slip = TwoDiffError(border, a[high].here) + P.rest_of(border) - a[low].here
    lost = a.let(f"{name}_lo", [ITEM], within(a, slip), "rounding errors")
    a.let(name, [ITEM], rough + lost, f"what the {of} lacks to the margin")
    a.partials(name, {a[of].here: -sp.S.One})
    return a[name].here
