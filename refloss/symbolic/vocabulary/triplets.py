"""Triplets of given vectors: what one distance has more than another, and how that moves.

Every function writes the same quantities in two forms. *Plain* is a difference of two distances.
*Stable* takes the difference of two floats each, so that a triplet that just keeps its margin has
all digits of what is left, and so has the derivative by the vector that both distances start from:
the squares' is twice the other two vectors' difference, and the distances' a difference of two
unit vectors, which is small where those two are close and is then no difference of large numbers.
`RULES` proves the two equal.

Names: ``ap_`` and ``an_`` stand before quantities of the anchor and the positive, and of the anchor
and the negative; ``pn_`` before those of the positive and the negative, which is taken for the
distance of the negative where it is the smaller one. ``far_`` is what was taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    HALF,
    MaxOver,
    Ratio,
    Relu,
    Step,
    Stop,
    TwoDiffError,
    TwoSumError,
)
from refloss.symbolic.program import size_of
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.pairs import (
    ITEM,
    PART,
    REACH,
    TWO_FLOATS,
    ZERO,
    Named,
    Pairs,
    within,
)

__all__ = ["RULES", "Trio", "blocks", "compared", "nearest", "softened", "steered"]

_x, _y = sp.symbols("x y", real=True)
_p, _n = sp.symbols("p n", positive=True)
_a, _b, _c, _e = sp.symbols("a b c e", real=True)
_margin = sp.Symbol("margin", real=True)
_left = sp.exp(-sp.Abs(_a))
_soft = sp.Piecewise((1 / (1 + _left), _a >= 0), (_left / (1 + _left), True))
_coarse = (_p - TwoSumError(_x, _p)) + (_n - TwoSumError(_x, _n))
_fine = TwoSumError(_x, _p) + TwoSumError(_x, _n)

RULES = (
    Rule(
        "a difference of two distances",
        _p - _n + _margin,
        (_p**2 - _n**2) / (_p + _n) + _margin,
        "exactly 0 less the margin where two squares are equal, whatever their roots",
    ),
    Rule(
        "a difference of two distances with its rounding errors",
        _p - _n + _margin,
        ((_p - _n) + _margin) + (TwoDiffError(_p, _n) + TwoSumError(_p - _n, _margin)),
        "near 0 all digits are lost without",
    ),
    Rule(
        "derivative of a difference of squared distances by the vector of both",
        sp.diff((_a - _b + _e) ** 2 - (_a - _c + _e) ** 2, _a),
        2 * (_c - _b),
        "one rounding, and no number that is larger than the result",
    ),
    Rule(
        "derivative of two squared distances by the vector between",
        sp.diff((_a - _b + _e) ** 2 - (_b - _c + _e) ** 2, _b),
        -2 * ((_a - _b + _e) + (_b - _c + _e)),
        "likewise",
    ),
    Rule(
        "a difference of unit vectors by the longer",
        _x / _p - _y / _n,
        ((_x - _y) - (_y / _n) * (_p - _n)) / _p,
        "small where the two vectors are close; no term is larger than 2",
    ),
    Rule(
        "a difference of unit vectors by the other",
        _x / _p - _y / _n,
        ((_x - _y) - (_x / _p) * (_p - _n)) / _n,
        "likewise, where the other is the longer",
    ),
    Rule(
        "a soft margin with its rounding errors",
        sp.log(1 + sp.exp(_a)),
        Relu(_a) + (log1p(sp.exp(-sp.Abs(_a))) + _soft * TwoSumError(_a, _b)),
        "no exponential of a positive number; the slope times what was rounded away",
        ({_a: _p}, {_a: -_p}),
        "constant",
        {_p: 0},
    ),
    Rule(
        "slope of a soft margin",
        sp.diff(sp.log(1 + sp.exp(_a)), _a),
        _soft,
        "no exponential of a positive number",
        cases=({_a: _p}, {_a: -_p}),
    ),
    Rule(
        "slope of the slope of a soft margin",
        sp.diff(sp.log(1 + sp.exp(_a)), _a, 2),
        _soft * _soft.subs(_a, -_a),
        "a product of two numbers that keep their digits",
        cases=({_a: _p}, {_a: -_p}),
    ),
    Rule(
        "a distance by blocks in two parts",
        _p + _n,
        _coarse + _fine,
        "multiples of one number add up exactly in any order",
    ),
)


@dataclass(frozen=True)
class Trio:
    """The three pairs of a triplet.

    Attributes
    ----------
    all : Pairs
        Everything named so far.
    near, far, other : Named
        Anchor and positive, anchor and negative, positive and negative.
    swap : sympy.Expr
        A constant: 0 if the third pair plays no part.
    """

    all: Pairs
    near: Named
    far: Named
    other: Named
    swap: sp.Expr

    @classmethod
    def of(cls, P: Build, all: Pairs) -> Trio:
        """Declare the constant."""
        near, far, other = (Named(all, prefix) for prefix in ("ap_", "an_", "pn_"))
        return cls(all, near, far, other, P.const("swap"))

    @property
    def farther(self) -> Named:
        """What was taken for the pair of the negative."""
        return Named(self.all, "far_")

    def chosen(self, kept: sp.Expr, swapped: sp.Expr) -> sp.Expr:
        """Return one of two expressions by the constant."""
        return sp.Piecewise((kept, sp.Eq(self.swap, 0)), (swapped, True))

    def shared(self, kept: sp.Expr, swapped: sp.Expr) -> sp.Expr:
        """Return the first, or both by their shares if pairs may be swapped."""
        own = self.all.own
        return self.chosen(kept, own * kept + (1 - own) * swapped)


@Vocabulary
def blocks(P: Build, a: Named) -> None:
    """Name ``distance``, the sum of the sizes of ``delta``."""
    side = a.let("side", [ITEM, PART], 2 * Step(a.delta, HALF) - 1, "0 where both agree")
    a.let("distance", [ITEM], sp.Sum(sp.Abs(a.delta), PART))
    a.partials("distance", {a.delta: side})


@blocks.when_stable
def _(P: Build, a: Named) -> None:
    side = a.let("side", [ITEM, PART], 2 * Step(a.delta, HALF) - 1, "0 where both agree")
    lost = a.let("lost", [ITEM, PART], side * TwoSumError(a.near, a.slip), "that delta lacks")
    top = a.let("top", [ITEM], MaxOver(sp.Abs(a.delta), PART), "largest difference")
    held = sp.And(a.top > 0, a.top < REACH)
    a.let("tame", [ITEM], sp.Piecewise((sp.S.One, held), (ZERO, True)), "1: sums are exact")
    sigma = 2 * size_of(PART) * Stop(top)
    size = a.let("extent", [ITEM, PART], sp.Abs(a.delta))
    spill = a.let("spill", [ITEM, PART], within(a, TwoSumError(sigma, size)))
    grain = a.let("grain", [ITEM, PART], size - spill, "a multiple of one number")
    coarse = a.let("coarse", [ITEM], sp.Sum(grain, PART), "exact in any order")
    fine = a.let("fine", [ITEM], sp.Sum(spill + lost, PART), "of the sizes, what is left")
    length = a.let("length", [ITEM], coarse + fine)
    rest = a.let("length_lo", [ITEM], within(a, TwoSumError(coarse, fine)))
    a.let("distance", [ITEM], length + rest)
    a.partials("distance", {a.delta: side})


@Vocabulary
def nearest(P: Build, t: Trio, *, rooted: bool) -> None:
    """Name what is taken for the pair of the negative: ``far_distance``, and ``far_square`` too.

    Parameters
    ----------
    P, t
        The program and its pairs.
    rooted : bool
        Whether distances are roots of squares, which are then compared.
    """
    far, first = t.farther, "square" if rooted else "distance"
    least = sp.Min(t.far[first].here, t.other[first].here)
    far.let(first, [ITEM], t.chosen(t.far[first].here, least), "of the negative")
    if rooted:
        root = far.let("distance", [ITEM], sp.sqrt(far.square))
        far.partials("distance", {far.square: Ratio(HALF, root, ZERO)})


@nearest.when_stable
def _(P: Build, t: Trio, *, rooted: bool) -> None:
    far, a = t.farther, t.all
    sooner = _longer_by(a, "sooner", t.other, t.far, "above 0: as given")
    share = t.chosen(sp.S.One, Step(sooner, HALF))
    own = a.let("own", [ITEM], share, "share of the anchor's distance")
    for name in ("distance", "square") if rooted else ("distance",):
        for part in TWO_FLOATS[name]:
            one, other = t.far[part].here, t.other[part].here
            far.let(part, [ITEM], t.chosen(one, sp.Piecewise((one, own > 0), (other, True))))
        high, low = (far[part].here for part in TWO_FLOATS[name])
        far.let(name, [ITEM], high + low, "of the negative")
        far.partials(name, {t.far[name].here: own, t.other[name].here: 1 - own})


@Vocabulary
def compared(P: Build, t: Trio, name: str, margin: sp.Expr, of: str) -> tuple[sp.Expr, sp.Expr]:
    """Name and return `name`, what the positive is farther away than the negative less a margin.

    Returned beside it is what rounding it lost.

    Parameters
    ----------
    P, t
        The program and its pairs.
    name : str
        A new identifier.
    margin : sympy.Expr
        By how much the negative is to be farther away.
    of : {'distance', 'square'}
        What is compared.
    """
    near, far, a = t.near, t.farther, t.all
    if of == "square" or "far_square" not in a.names:
        missed = near[of].here - far[of].here + margin
        return a.let(name, [ITEM], missed, "above 0: the margin is missed"), ZERO
    both = near.distance + far.distance
    more = Ratio(near.square - far.square, both, ZERO)
    a.let(name, [ITEM], more + margin, "above 0: the margin is missed")
    a.partials(name, {near.distance: sp.S.One, far.distance: -sp.S.One})
    return a[name].here, ZERO


@compared.when_stable
def _(P: Build, t: Trio, name: str, margin: sp.Expr, of: str) -> tuple[sp.Expr, sp.Expr]:
    (high, low), a = TWO_FLOATS[of], t.all
    near, far = t.near, t.farther
    ahead = a.let(f"{name}_ahead", [ITEM], near[high].here - far[high].here)
    slip = TwoDiffError(near[high].here, far[high].here)
    rest = a.let(f"{name}_rest", [ITEM], slip + (near[low].here - far[low].here))
    rough = a.let(f"{name}_hi", [ITEM], ahead + margin)
    lost = TwoSumError(ahead, margin) + rest + P.rest_of(margin)
    lacks = a.let(f"{name}_lo", [ITEM], lost, "rounding errors")
    a.let(name, [ITEM], rough + lacks, "above 0: the margin is missed")
    a.partials(name, {near[of].here: sp.S.One, far[of].here: -sp.S.One})
    return a[name].here, a.let(f"{name}_lost", [ITEM], TwoSumError(rough, lacks))


@Vocabulary
def softened(P: Build, a: Pairs, lost: sp.Expr) -> None:
    """Name ``smooth``, log(1 + exp(excess)), and ``pull``, its slope, 1 less ``back``.

    Parameters
    ----------
    P, a
        The program and its quantities.
    lost : sympy.Expr
        What rounding ``excess`` lost: exp of a number far below 0 has it as a relative error.
    """
    left = a.let("left", [ITEM], sp.exp(-sp.Abs(a.excess)))
    a.let("smooth", [ITEM], Relu(a.excess) + log1p(left), "log(1 + exp(excess))")
    most = a.let("most", [ITEM], 1 / (1 + left), "at least 1/2")
    pull, back = _sides(a, left, most)
    a.let("pull", [ITEM], pull, "its slope")
    a.let("back", [ITEM], back, "1 less that")
    _sloped(a)


@softened.when_stable
def _(P: Build, a: Pairs, lost: sp.Expr) -> None:
    left = a.let("left", [ITEM], sp.exp(-sp.Abs(a.excess)))
    most = a.let("most", [ITEM], 1 / (1 + left), "at least 1/2")
    pull, back = (a.let(n, [ITEM], x) for n, x in zip(_ROUGH, _sides(a, left, most), strict=True))
    a.let("smooth", [ITEM], Relu(a.excess) + (log1p(left) + pull * lost), "log(1 + exp(excess))")
    bend = a.let("bend", [ITEM], pull * back)
    a.let("pull", [ITEM], pull + bend * lost, "its slope")
    a.let("back", [ITEM], back - bend * lost, "1 less that")
    _sloped(a)


_ROUGH = ("rough_pull", "rough_back")


def _sides(a: Pairs, left: sp.Expr, most: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return the logistic function of ``excess``, and 1 less that, without cancellation."""
    above = a.excess >= 0
    return (
        sp.Piecewise((most, above), (left * most, True)),
        sp.Piecewise((left * most, above), (most, True)),
    )


def _sloped(a: Pairs) -> None:
    """Give what is named for a soft margin its derivatives."""
    a.partials("pull", {a.excess: a.pull * a.back})
    a.partials("back", {a.excess: -a.pull * a.back})
    a.partials("smooth", {a.excess: a.pull})


@Vocabulary
def steered(P: Build, t: Trio, added: sp.Expr) -> None:
    """Give ``lead`` and ``square_lead`` their derivatives by the vectors of the triplet.

    Parameters
    ----------
    P, t
        The program and its pairs.
    added : sympy.Expr
        What is added to every difference.
    """


@steered.when_stable
def _(P: Build, t: Trio, added: sp.Expr) -> None:
    a, near, far, other = t.all, t.near, t.far, t.other
    anchor, positive, negative = a.anchor, a.positive, a.negative
    gap = a.let("gap", [ITEM, PART], negative - positive)
    sway = a.let("sway", [ITEM, PART], far.delta + (added + P.rest_of(added)))
    a.partials("sway", {near.delta: sp.S.One, other.delta: sp.S.One})
    by_anchor = a.let("by_anchor", [ITEM, PART], 2 * t.shared(gap, near.delta))
    by_positive = a.let("by_positive", [ITEM, PART], -2 * t.shared(near.delta, sway))
    by_negative = a.let("by_negative", [ITEM, PART], 2 * t.shared(far.delta, other.delta))
    slopes = {anchor: by_anchor, positive: by_positive, negative: by_negative}
    a.partials("square_lead", slopes)
    turn = _turn(t, "turn", gap, far, sp.S.One)
    back = _turn(t, "back_turn", sway, other, -sp.S.One)
    by_anchor = a.let("unit_by_anchor", [ITEM, PART], t.shared(turn, near.unit))
    by_positive = a.let("unit_by_positive", [ITEM, PART], -t.shared(near.unit, back))
    by_negative = a.let("unit_by_negative", [ITEM, PART], t.shared(far.unit, other.unit))
    slopes = {anchor: by_anchor, positive: by_positive, negative: by_negative}
    a.partials("lead", slopes)


def _turn(t: Trio, name: str, gap: sp.Expr, far: Named, sign: sp.Expr) -> sp.Indexed:
    """Name and return the near pair's unit vector less `sign` times that of another.

    Divided is by the longer of the two, so that no term is larger than what it is made of.
    """
    a, near = t.all, t.near
    more = _longer_by(a, f"{name}_more", near, far, "of the near distance")
    longer = a.let(
        f"{name}_over", [ITEM], sp.Piecewise((near.distance, more > 0), (far.distance, True))
    )
    slant = sp.Piecewise((sign * far.unit, more > 0), (near.unit, True))
    a.let(name, [ITEM, PART], Ratio(gap - slant * more, longer, ZERO), "of unit vectors")
    a.partials(name, {near.unit: sp.S.One, far.unit: -sign})
    return a[name].here


def _longer_by(a: Pairs, name: str, first: Named, second: Named, doc: str) -> sp.Indexed:
    """Name and return what the first distance has more than the second, of two floats each."""
    ahead = a.let(f"{name}_hi", [ITEM], first.length - second.length)
    slip = TwoDiffError(first.length, second.length) + (first.length_lo - second.length_lo)
    rest = a.let(f"{name}_lo", [ITEM], slip)
    return a.let(name, [ITEM], ahead + rest, doc)
