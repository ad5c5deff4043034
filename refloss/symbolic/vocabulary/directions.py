"""Pairs of directions: how far apart two vectors are that are divided by their lengths.

*Plain* divides each by ``max(norm, least)`` and takes the difference, or one less the product.
*Stable* has both quotients in two floats, so that their difference keeps its digits down to angles
of about a float's spacing, and what it lacks to a margin those of its own. At smaller angles it
starts from ``m = top2 x1 - top1 x2``, where ``top`` is the largest number of a vector: differences
of products have all their digits, and are 0 where the two vectors are parallel. With
``w = m / (top1 n2)``, the part of the first direction across the second is ``w - (w·u2) u2``.

Names: ``first`` and ``second`` are the directions, ``delta`` their difference, ``kappa`` one less
their product; ``across1`` and ``across2`` are what of ``delta`` is at right angles to a direction:
what moves a distance when a vector turns.
"""

from __future__ import annotations

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    MaxOver,
    Ratio,
    Relu,
    Stop,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
    Weighted,
)
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary import pairs as pair
from refloss.symbolic.vocabulary.pairs import PART, ZERO, Named, Pairs
from refloss.symbolic.vocabulary.rows import ITEM

__all__ = ["RULES", "apart", "cosine", "directions", "normalised"]

SMALL = sp.Integer(2) ** -14
"""Angles below which differences of products are better: smaller than any margin."""

POWERS = (512, 256, 56, 56, 56, 56)
"""Powers of two that bring any size to between 2^-56 and 2^56."""

ONE = sp.S.One
HALF = sp.S.Half
OUT = {"x1": "first", "x2": "second"}
"""Vectors, and what their directions are called."""

_e, _f = sp.symbols("e f", real=True)
_p, _q = sp.symbols("p q", positive=True)
_cos = sp.Symbol("cos", positive=True)
_quotient = _e / _p
_left = _e - _quotient * _p
_a = sp.symbols("a1 a2", positive=True)
_b = sp.symbols("b1 b2", positive=True)
_norm1 = sp.sqrt(_a[0] ** 2 + _a[1] ** 2)
_first = tuple(x / _norm1 for x in _a)
_second = tuple(x / sp.sqrt(_b[0] ** 2 + _b[1] ** 2) for x in _b)
_product = _first[0] * _second[0] + _first[1] * _second[1]
_bare = tuple((_q * x - _p * y) / _q / _norm1 for x, y in zip(_a, _b, strict=True))
"""For any sizes p and q of the two vectors."""

RULES = (
    Rule(
        "a quotient with its rounding error",
        (_e + _f) / (_p + _q),
        _quotient + (_left - TwoProdError(_quotient, _p) + (_f - _quotient * _q)) / (_p + _q),
        "a direction in two floats",
    ),
    Rule(
        "a difference of products with its rounding errors",
        _p * _e - _q * _f,
        (_p * _e - _q * _f) + (TwoProdError(_p, _e) - TwoProdError(_q, _f)),
        "all digits of it, and 0 of vectors that are parallel",
    ),
    Rule(
        "one less a cosine by the squared distance",
        1 - _product,
        ((_first[0] - _second[0]) ** 2 + (_first[1] - _second[1]) ** 2) / 2,
        "no digits are lost where directions nearly coincide",
    ),
    Rule(
        "one less a cosine by the sine",
        1 - _cos,
        (1 - _cos**2) / (1 + _cos),
        "for angles below a right one: nothing is taken from 1",
    ),
    Rule(
        "a difference of directions by its part across one of them",
        _first[0] - _second[0],
        (_first[0] - _product * _second[0]) - (1 - _product) * _second[0],
        "both parts are as small as the difference",
    ),
    Rule(
        "the part across a direction by a difference of products",
        _first[0] - _product * _second[0],
        _bare[0] - (_bare[0] * _second[0] + _bare[1] * _second[1]) * _second[0],
        "what is along the direction drops out of the difference of products too",
    ),
    Rule(
        "what the square of a short direction lacks",
        1 - (_e / _p) ** 2,
        ((_p - _e) / _p) * (1 + _e / _p),
        "nothing is lost where the length is nearly the least",
    ),
    Rule(
        "derivative of half the squared distance of directions",
        sp.diff(1 - _product, _a[0]),
        ((_first[0] - _second[0]) - (1 - _product) * _first[0]) / _norm1,
        "as small as the angle, and 0 of opposite directions too",
    ),
)


def directions(P: Build, a: Pairs, least: sp.Expr) -> None:
    """Name ``first`` and ``second``, the two vectors over their lengths, `least` at least."""
    for vector in OUT:
        _direction(P, a, vector, least)


@Vocabulary
def _direction(P: Build, a: Pairs, vector: str, least: sp.Expr) -> None:
    """Name ``<vector>_length``, what divides, and the direction; 0 of a vector of zeros."""
    x, out = a[vector].here, OUT[vector]
    norm = a.let(f"{vector}_norm", [ITEM], sp.sqrt(sp.Sum(x**2, PART)))
    a.partials(f"{vector}_norm", {x: Ratio(x, norm, ZERO)})
    length = a.let(f"{vector}_length", [ITEM], sp.Max(norm, least), "what divides")
    a.let(out, [ITEM, PART], Ratio(x, length, ZERO), "direction; 0 of a vector of zeros")


@_direction.when_stable
def _(P: Build, a: Pairs, vector: str, least: sp.Expr) -> None:
    of, out, x = f"{vector}_", OUT[vector], a[vector].here
    scale = _levelled(a, vector)
    own = Named(a, of)
    pair.scaled(own, own.even, ZERO, "largest number")
    pair.sum_of_squares(own)
    pair.rooted(own)
    top, root = Stop(a[f"{of}top"].here), a[f"{of}root"].here
    _floor(P, a, of, least, scale)
    short = a[f"{of}short"].here
    some = sp.Piecewise((ZERO, sp.Eq(a[f"{of}top"].here, 0)), (ONE, True))
    some = a.let(f"{of}some", [ITEM], some, "0: a vector of zeros")
    free = sp.Piecewise((ZERO, short > 0), (some, True))
    free = a.let(f"{of}free", [ITEM], free, "0: shorter than what divides")
    long = sp.Piecewise((top * root, free > 0), (least * scale, True))
    length = a.let(f"{of}length", [ITEM], long, "what divides")
    _quotient(a, of, out)
    high, low = a[f"{out}_hi"].here, a[f"{out}_lo"].here
    unit = a.let(out, [ITEM, PART], high + low, "direction; 0 of a vector of zeros")
    a.partials(f"{of}length", {x: scale * free * unit})
    over = Ratio(ONE, length, ZERO)
    a.partials(out, {x: scale * over, length: -unit * over})


def _levelled(a: Pairs, vector: str) -> sp.Expr:
    """Name ``even``, a vector times a power of two, and return that power.

    Products of what is left are exact, whatever the size of the vector. Powers that a format does
    not hold are never reached in it.
    """
    of, x = f"{vector}_", a[vector].here
    most = a.let(f"{of}most", [ITEM], MaxOver(sp.Abs(x), PART))
    scale: sp.Expr = ONE
    for number, power in enumerate(POWERS):
        size, step = Stop(most) * scale, sp.Integer(2) ** power
        up = sp.And(size > 0, size < 1 / step)
        found = sp.Piecewise((scale / step, size > step), (scale * step, up), (scale, True))
        scale = a.let(f"{of}scale{number}", [ITEM], found, "a power of two")
    a.let(f"{of}even", [ITEM, PART], x * Stop(scale))
    return Stop(scale)


def _floor(P: Build, a: Pairs, of: str, least: sp.Expr, scale: sp.Expr) -> None:
    """Name ``floor``, the least length over the largest number, and ``short``, lacking to it."""
    top, root = Stop(a[f"{of}top"].here), a[f"{of}root"].here
    floor = a.let(f"{of}floor", [ITEM], Ratio(least * scale, top, ZERO), "least length")
    again = a.let(f"{of}floor_back", [ITEM], floor * top)
    behind = a.let(f"{of}floor_behind", [ITEM], least * scale - again)
    left = behind + (P.rest_of(least) * scale - TwoProdError(floor, top))
    low = _if_tame(floor, Weighted(a[f"{of}inverse"].here, left))
    low = a.let(f"{of}floor_lo", [ITEM], low)
    near = a.let(f"{of}short_hi", [ITEM], floor - root)
    lacks = a.let(f"{of}short_lo", [ITEM], low - a[f"{of}root_lo"].here)
    a.let(f"{of}short", [ITEM], near + lacks, "what the norm lacks to the least length")


def _quotient(a: Pairs, of: str, out: str) -> None:
    """Name a direction in two floats, ``<out>_hi`` and ``<out>_lo``."""
    short, part = a[f"{of}short"].here > 0, a[f"{of}part"].here
    by, by_lo = (
        a.let(
            f"{of}by{end}",
            [ITEM],
            sp.Piecewise((a[f"{of}floor{end}"].here, short), (a[f"{of}root{end}"].here, True)),
            "what divides, over the largest number",
        )
        for end in ("", "_lo")
    )
    high = a.let(f"{out}_hi", [ITEM, PART], Ratio(part, by, ZERO))
    back = a.let(f"{out}_back", [ITEM, PART], high * by)
    behind = a.let(f"{out}_behind", [ITEM, PART], part - back)
    left = behind + (a[f"{of}rest"].here - high * by_lo - TwoProdError(high, by))
    low = _if_tame(by, Ratio(left, by, ZERO))
    a.let(f"{out}_lo", [ITEM, PART], low, "what the quotient lacks")


def _if_tame(size: sp.Expr, error: sp.Expr) -> sp.Expr:
    """Return an error, and 0 of vectors that are shorter than the least length beyond measure."""
    return sp.Piecewise((error, size < pair.REACH), (ZERO, True))


@Vocabulary
def apart(P: Build, a: Pairs) -> None:
    """Name ``delta``, the difference of the directions, and ``kappa``, one less their product."""
    a.let("delta", [ITEM, PART], a.first - a.second, "differences of directions")
    a.let("kappa", [ITEM], 1 - sp.Sum(a.first * a.second, PART), "1 - cosine")


@apart.when_stable
def _(P: Build, a: Pairs) -> None:
    wide = a.let("apart_hi", [ITEM, PART], a.first_hi - a.second_hi)
    slip = TwoDiffError(a.first_hi, a.second_hi) + (a.first_lo - a.second_lo)
    slip = a.let("apart_lo", [ITEM, PART], slip, "rounding errors")
    a.let("reach", [ITEM], MaxOver(sp.Abs(wide), PART), "largest difference, nearly")
    held = sp.And(a.x1_tame * a.x2_tame > 0, a.x1_free * a.x2_free > 0)
    close = sp.And(a.reach < SMALL, held)
    close = a.let("close", [ITEM], sp.Piecewise((ONE, close), (ZERO, True)), "1: by products")
    tight, tight_lo = _by_products(a)
    near = a.let("near", [ITEM, PART], sp.Piecewise((tight, close > 0), (wide, True)))
    slip = a.let("slip", [ITEM, PART], sp.Piecewise((tight_lo, close > 0), (slip, True)))
    a.let("delta", [ITEM, PART], near + slip, "differences of directions")
    a.partials("delta", {a.first: ONE, a.second: -ONE})


def _by_products(a: Pairs) -> tuple[sp.Indexed, sp.Indexed]:
    """Name and return the difference of two directions that are nearly the same, in two floats.

    What is taken away along the second direction need not be exact: an error of it is at right
    angles to the difference, whose length it changes in the second order.
    """
    tilt, tilt_lo = _tilt(a)
    lean = a.let("lean", [ITEM], sp.Sum(tilt * a.second_hi, PART))
    drop = a.let("drop", [ITEM, PART], lean * a.second_hi)
    turn = a.let("turn_hi", [ITEM, PART], tilt - drop, "across the second direction")
    errors = TwoDiffError(tilt, drop) - TwoProdError(lean, a.second_hi)
    low = a.let("turn_lo", [ITEM, PART], errors + (tilt_lo - lean * a.second_lo))
    sine = a.let("sine", [ITEM], sp.Sum((turn + low) ** 2, PART), "squared sine")
    bow = a.let("bow", [ITEM], sine / (1 + sp.sqrt(Relu(1 - sine))), "1 - cosine")
    bent = a.let("bent", [ITEM, PART], bow * a.second_hi)
    high = a.let("tight", [ITEM, PART], turn - bent)
    return high, a.let("tight_lo", [ITEM, PART], low + TwoDiffError(turn, bent))


def _tilt(a: Pairs) -> tuple[sp.Indexed, sp.Indexed]:
    """Name and return ``top2 x1 - top1 x2`` over ``top2`` and the first length, in two floats."""
    top1, top2 = Stop(a.x1_top), Stop(a.x2_top)
    upper = a.let("upper", [ITEM, PART], top2 * a.x1_even)
    lower = a.let("lower", [ITEM, PART], top1 * a.x2_even)
    gap = a.let("gap", [ITEM, PART], upper - lower)
    errors = TwoProdError(top2, a.x1_even) - TwoProdError(top1, a.x2_even)
    errors = a.let("gap_lo", [ITEM, PART], errors, "rounding errors")
    minor = a.let("minor", [ITEM, PART], gap + errors, "0 of parallel vectors")
    size = a.let("tops", [ITEM], top1 * top2)
    span = a.let("span", [ITEM], size * a.x1_root)
    wider = TwoProdError(size, a.x1_root) + TwoProdError(top1, top2) * a.x1_root
    span_lo = a.let("span_lo", [ITEM], wider + size * a.x1_root_lo)
    high = a.let("tilt_hi", [ITEM, PART], Ratio(minor, span, ZERO))
    back = a.let("tilt_back", [ITEM, PART], high * span)
    behind = a.let("tilt_behind", [ITEM, PART], minor - back)
    left = behind + (TwoSumError(gap, errors) - TwoProdError(high, span) - high * span_lo)
    return high, a.let("tilt_lo", [ITEM, PART], Ratio(left, span, ZERO))


@Vocabulary
def normalised(P: Build, a: Pairs) -> None:
    """Name ``distance``, the norm of ``delta``, and ``square``, its square."""
    pair.distances(P, a)


@normalised.when_stable
def _(P: Build, a: Pairs) -> None:
    pair.measured(a)
    _aligned(a, a.big, a.big_lo)
    _across(a, ZERO)
    over = Ratio(ONE, a.distance, ZERO)
    ways = {}
    for number in (1, 2):
        bent = a[f"across{number}"].here
        way = a.let(f"way{number}", [ITEM, PART], bent * over, "0 where directions coincide")
        a.partials(f"way{number}", {bent: over, a.distance: -way * over})
        ways[number] = way
    a.partials("distance", _slopes(a, ways))
    a.partials("square", {x: 2 * slope for x, slope in _slopes(a).items()})


@Vocabulary
def cosine(P: Build, a: Pairs) -> None:
    """Name ``distance``, which is ``kappa``, and ``square``, its square."""
    a.let("distance", [ITEM], a.kappa, "1 - cosine")
    a.let("square", [ITEM], a.distance**2)


@cosine.when_stable
def _(P: Build, a: Pairs) -> None:
    pair.scaled(a, a.delta, TwoSumError(a.near, a.slip), "largest difference")
    pair.sum_of_squares(a)
    pair.squared(a, Named(a, "chord_"))
    _aligned(a, a.chord_big, a.chord_big_lo)
    _across(a, ONE)
    length = a.let("length", [ITEM], a.kappa_hi)
    low = a.let("length_lo", [ITEM], a.kappa_lo)
    distance = a.let("distance", [ITEM], length + low, "1 - cosine")
    a.partials("distance", _slopes(a))
    big = a.let("big", [ITEM], length * length)
    a.let("big_lo", [ITEM], TwoProdError(length, length) + 2 * length * low)
    a.let("square", [ITEM], big + a.big_lo)
    a.partials("square", {distance: 2 * distance})


def _aligned(a: Pairs, big: sp.Expr, big_lo: sp.Expr) -> None:
    """Name ``kappa``, one less the product, by the squared distance in two floats."""
    lacks = sp.Add(*(_missing(a, f"{vector}_") for vector in OUT))
    lack = a.let("lack_of_both", [ITEM], lacks * HALF)
    halved = a.let("halved", [ITEM], big * HALF)
    high = a.let("kappa_hi", [ITEM], halved + lack)
    low = a.let("kappa_lo", [ITEM], big_lo * HALF + TwoSumError(halved, lack))
    a.let("kappa", [ITEM], high + low, "1 - cosine")
    a.partials("kappa", {a.first: -a.second, a.second: -a.first})


def _missing(a: Pairs, of: str) -> sp.Indexed:
    """Name what the square of a direction lacks to 1: 0 unless the vector is too short."""
    root, floor, short = (a[f"{of}{name}"].here for name in ("root", "floor", "short"))
    part = Ratio(short, floor, ZERO) * (1 + Ratio(root, floor, ZERO))
    some = a[f"{of}some"].here
    found = sp.Piecewise((ONE, some < HALF), (part, short > 0), (ZERO, True))
    return a.let(f"{of}lack", [ITEM], found, "of the squared direction to 1")


def _across(a: Pairs, short: sp.Expr) -> None:
    """Name ``across1`` and ``across2``, by which half the squared distance changes.

    Parameters
    ----------
    a
        The quantities.
    short : sympy.Expr
        What is taken away along a direction whose vector is too short: 0 of a distance, and 1 of
        the product, which counts its length.
    """
    for number, sign in ((1, ONE), (2, -ONE)):
        _across_one(a, number, sign, short)


def _across_one(a: Pairs, number: int, sign: sp.Expr, short: sp.Expr) -> None:
    out = OUT[f"x{number}"]
    unit, high, low = (a[name].here for name in (out, f"{out}_hi", f"{out}_lo"))
    free = a[f"x{number}_free"].here > 0
    along = a.let(f"along{number}", [ITEM], sp.Piecewise((a.kappa, free), (short, True)))
    main = sp.Piecewise((a.kappa_hi, free), (short, True))
    main = a.let(f"along{number}_hi", [ITEM], main)
    rest = a.let(f"along{number}_lo", [ITEM], sp.Piecewise((a.kappa_lo, free), (ZERO, True)))
    product = a.let(f"shift{number}", [ITEM, PART], sign * main * high)
    ahead = a.let(f"across{number}_hi", [ITEM, PART], a.near - product)
    lost = TwoProdError(main, high) + main * low + rest * high
    slip = TwoDiffError(a.near, product) + (a.slip - sign * lost)
    slip = a.let(f"across{number}_lo", [ITEM, PART], slip, "rounding errors")
    a.let(f"across{number}", [ITEM, PART], ahead + slip, "at right angles to a direction")
    a.partials(f"across{number}", {a.delta: ONE, along: -sign * unit, unit: -sign * along})


def _slopes(a: Pairs, of: dict[int, sp.Indexed] | None = None) -> dict[sp.Indexed, sp.Expr]:
    """Return the derivatives of half the squared distance by both vectors."""
    found = {}
    for number, sign in ((1, ONE), (2, -ONE)):
        way = of[number] if of else a[f"across{number}"].here
        scale = Stop(a[f"x{number}_scale{len(POWERS) - 1}"].here)
        length = a[f"x{number}_length"].here
        found[a[f"x{number}"].here] = Ratio(sign * scale * way, length, ZERO)
    return found
