"""Rows of similarities of an anchor: of each column it is known whether it is a positive.

A ``same`` of 1 is a positive, 0 a negative, -1 is left out: it counts nowhere, whatever number it
has. Positives and negatives have a log-sum-exp each, that of `refloss.symbolic.vocabulary.rows`
over some of the columns: a `Part`, whose quantities have its name before theirs. What a loss makes
of the two is the softplus of a difference,

    softplus(x) = log(1 + e^x),  x = lse - z,

which has all its digits from the ``odds`` e^x, or e^-x where x is above 0; `RULES` proves its
slopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import Quotient, Weighted
from refloss.symbolic.program import Axis, Tensor
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary import rows as row
from refloss.symbolic.vocabulary.rows import CLASS, ITEM, ZERO, Rows

__all__ = [
    "RULES",
    "Part",
    "anchors",
    "floored",
    "part",
    "pull",
    "pushes",
    "ratio_of_sums",
    "softplus",
]

ONE = sp.S.One


@dataclass
class Part(Rows):
    """Quantities of some columns, or of some numbers of a row: each has `prefix` before its name.

    What the part has not named is the row's.
    """

    whole: Rows | None = None
    prefix: str = ""

    @property
    def exponent(self) -> sp.Indexed:
        """What the softmax is taken of: numbers of the part's own, or those of the row."""
        assert self.whole is not None
        return self.logits if "logits" in self.names else self.whole.exponent

    def __getitem__(self, name: str) -> Tensor:
        assert self.whole is not None
        return self.names[name] if name in self.names else self.whole[name]

    def let(self, name: str, axes: list[Axis], expr: sp.Expr, doc: str = "") -> sp.Indexed:
        """Name a quantity of the part."""
        self.names[name] = self.P.let(f"{self.prefix}_{name}", axes, expr, doc)
        return self.names[name].here


def part(a: Rows, prefix: str) -> Part:
    """Return a part of rows without any quantity yet."""
    return Part(a.P, {}, a.temperature, a.amplifier, a, prefix)


def anchors(P: Build) -> Rows:
    """Return rows of declared ``similarities`` and ``same``; names ``positive`` and ``count``."""
    a = Rows(P)
    a.names["logits"] = a.real("similarities", ITEM, CLASS)
    a.real("same", ITEM, CLASS)
    a.let("positive", [ITEM, CLASS], sp.Piecewise((ONE, _is(a, 1)), (ZERO, True)), "1: it is one")
    a.let("count", [ITEM], sp.Sum(a.positive, CLASS), "number of positives")
    return a


def _is(a: Rows, kind: int) -> sp.Basic:
    return sp.Eq(a.same, kind)


def _counts(a: Rows) -> sp.Basic:
    return a.same >= 0


@Vocabulary
def pull(P: Build, a: Rows) -> None:
    """Name ``charge``: minus the log-softmax over positives and negatives, of every positive."""
    row.log_sum_exp(P, a, _counts(a))
    score = a.let("score", [ITEM, CLASS], a.lse - a.exponent, "-log softmax")
    a.let("charge", [ITEM], sp.Sum(Weighted(a.positive, score), CLASS), "of all positives")


@pull.when_stable
def _(P: Build, a: Rows) -> None:
    row.log_sum_exp(P, a, _counts(a))
    score = a.let("score", [ITEM, CLASS], a.grow - a.drop, "-log softmax, at least 0")
    a.let("charge", [ITEM], sp.Sum(Weighted(a.positive, score), CLASS), "of all positives")
    share = a.mass * Quotient(ONE, a.total)
    own = (a.count - 1) * share - row.misses(a)
    slope = sp.Piecewise((own, _is(a, 1)), (a.count * share, True))
    a.partials("charge", {a.exponent: slope})


@Vocabulary
def pushes(P: Build, a: Rows) -> None:
    """Name ``cost``: minus the log-softmax of a column and all negatives, for that column."""
    reached = sp.Piecewise((a.logits, _counts(a)), (-sp.oo, True))
    top = a.let("top", [ITEM], row.MaxOver(reached, CLASS), "largest similarity")
    each = row.cooled(a, a.logits - row.Stop(top))
    mass = sp.exp(a.let("below", [ITEM, CLASS], each, "the largest"))
    a.let("own", [ITEM, CLASS], sp.Piecewise((mass, _is(a, 1)), (ONE, True)))
    against = sp.Sum(sp.Piecewise((mass, _is(a, 0)), (ZERO, True)), CLASS)
    a.let("against", [ITEM], against, "of the negatives")
    beyond = row.cooled(a, row.Stop(top)) - a.exponent
    each = sp.log(a.own + a.against) + beyond
    a.let("cost", [ITEM, CLASS], sp.Piecewise((each, _is(a, 1)), (ZERO, True)), "of a positive")


@pushes.when_stable
def _(P: Build, a: Rows) -> None:
    rival = part(a, "rival")
    row.log_sum_exp(P, rival, _is(a, 0))
    both = sp.And(_is(a, 1), sp.Eq(rival.held, 1))
    each = [ITEM, CLASS]
    lead = a.let("lead", each, sp.Piecewise((rival.drop, both), (ZERO, True)), "of a positive")
    slip = sp.Piecewise((-rival.slip, lead >= 0), (rival.slip, True))
    near = a.let("near", each, sp.exp(-sp.Abs(lead)) * (1 + slip), "at most 1")
    amount = a.let("amount", [ITEM], rival.held * rival.total, "of the negatives")
    ahead = lead >= 0
    a.let("odds", each, sp.Piecewise((amount * near, ahead), (near / rival.total, True)))
    softplus(a, each, ahead, rival.grow - lead, {rival.lse: 1, a.exponent: -1})


def softplus(
    a: Rows, axes: list[Axis], small: sp.Basic, x: sp.Expr, moves: Mapping[sp.Indexed, int]
) -> None:
    """Name ``cost``, the softplus of a sum or difference, and its slope ``rise``.

    Parameters
    ----------
    a : Rows
        Has named ``odds``: e^x where `small` holds, e^-x elsewhere.
    axes : list of Axis
    small : sympy.Basic
        Implies that e^x is no larger than the number of columns.
    x : sympy.Expr
        The argument, where `small` does not hold.
    moves : mapping of sympy.Indexed to int
        What is differentiated by: 1 for what the argument has as it is, -1 for what is taken away.
    """
    over = sp.Piecewise((ZERO, small), (x, True))
    a.let("cost", axes, over + log1p(a.odds), "softplus")
    whole = 1 + a.odds
    high, low = Quotient(ONE, whole), Quotient(a.odds, whole)  # of 1 and of odds of at most M
    a.let("rise", axes, sp.Piecewise((low, small), (high, True)), "sigmoid(x)")
    a.let("fall", axes, sp.Piecewise((high, small), (low, True)), "sigmoid(-x)")
    bend = a.rise * a.fall
    for name, slope in (("rise", bend), ("fall", -bend), ("cost", a.rise)):
        a.partials(name, {read: sign * slope for read, sign in moves.items()})


@Vocabulary
def ratio_of_sums(P: Build, a: Rows) -> None:
    """Name ``cost``: minus the logarithm of the positives' share of all exponentials.

    Of an anchor without a positive it is a number that means nothing.
    """
    reached = sp.Piecewise((a.logits, _counts(a)), (-sp.oo, True))
    top = a.let("top", [ITEM], row.MaxOver(reached, CLASS), "largest similarity")
    each = row.cooled(a, a.logits - row.Stop(top))
    mass = sp.exp(a.let("below", [ITEM, CLASS], each, "the largest"))
    for name, kind in (("aligned", 1), ("against", 0)):
        each = sp.Piecewise((mass, _is(a, kind)), (ZERO, True))
        a.let(name, [ITEM], sp.Sum(each, CLASS))
    none = sp.Piecewise((ONE, sp.Eq(a.count, 0)), (ZERO, True))
    spare = a.let("spare", [ITEM], none, "1: there are none")
    a.let("cost", [ITEM], sp.log(a.aligned + a.against + spare) - sp.log(a.aligned + spare))


@ratio_of_sums.when_stable
def _(P: Build, a: Rows) -> None:
    ally, rival = part(a, "ally"), part(a, "rival")
    row.log_sum_exp(P, ally, _is(a, 1))
    row.log_sum_exp(P, rival, _is(a, 0))
    gap = part(a, "gap")
    row.below(gap, rival.top, ally.top, "how far the negatives are ahead")
    both = sp.And(sp.Eq(ally.held, 1), sp.Eq(rival.held, 1))
    lead = a.let("lead", [ITEM], sp.Piecewise((gap.drop, both), (ZERO, True)), "of the negatives")
    x = a.let("behind", [ITEM], lead + (rival.grow - ally.grow), "of the positives")
    amount = a.let("amount", [ITEM], rival.held * rival.total, "of the negatives")
    below, above = sp.exp(lead) * (1 + gap.slip), sp.exp(-lead) * (1 - gap.slip)
    odds = (below * amount / ally.total, x <= 0), (above * ally.total / rival.total, True)
    a.let("odds", [ITEM], sp.Piecewise(*odds))
    softplus(a, [ITEM], x <= 0, x, {rival.lse: 1, ally.lse: -1})


@Vocabulary
def floored(P: Build, a: Rows, least: sp.Expr) -> None:
    """Name ``paid``: what -log p costs if `least` is added to p; ``cost`` itself for 0."""
    raised = -sp.log(sp.exp(-a.cost) + least)
    a.let("paid", [ITEM, CLASS], sp.Piecewise((a.cost, sp.Eq(least, 0)), (raised, True)))


@floored.when_stable
def _(P: Build, a: Rows, least: sp.Expr) -> None:
    each, none = [ITEM, CLASS], sp.Eq(least, 0)
    above = a.let("above", each, least - a.rise, "p + least - 1")
    whole = a.let("whole", each, a.fall + least, "p + least")
    raised = sp.Piecewise((-log1p(above), above > -sp.S.Half), (-sp.log(whole), True))
    a.let("paid", each, sp.Piecewise((a.cost, none), (raised, True)))
    counted = sp.Piecewise((ONE, none), (a.fall / whole, True))
    a.let("counted", each, counted, "slope by the cost")
    bend = sp.Piecewise((ZERO, none), (-a.counted * (least / whole), True))
    a.partials("counted", {a.cost: bend})
    a.partials("paid", {a.cost: a.counted})


_z = _top, _z1, _z2 = sp.symbols("z_top z_1 z_2", real=True)
_m1, _m2, _d, _n = sp.symbols("m_1 m_2 d n", positive=True)
_x, _up, _low = sp.symbols("x u l", real=True)
_lse = sp.log(sp.exp(_top) + sp.exp(_z1) + sp.exp(_z2))
_row = {_z1: _top + sp.log(_m1), _z2: _top + sp.log(_m2)}
_total = 1 + _m1 + _m2
_sigmoid = 1 / (1 + sp.exp(_low - _up))
_cost = sp.Symbol("cost", positive=True)
_odds, _least = sp.symbols("odds least", positive=True)

RULES = (
    Rule(
        "several positives by one of their logits",
        sp.diff((_lse - _z1) + (_n - 1) * (_lse - _z2), _z1),
        (_n - 1) * (_m1 / _total) - ((1 - _m1) + (_m1 + _m2)) / _total,
        "what the others ask, less what it lacks itself: of one positive no p - 1",
        (_row,),
    ),
    Rule(
        "several positives by a negative's logit",
        sp.diff(_n * _lse - _z1, _z2),
        _n * (_m2 / _total),
        "one term",
        (_row,),
    ),
    Rule(
        "softplus of a difference, by what stands above",
        sp.diff(sp.log(1 + sp.exp(_up - _low)), _up),
        sp.exp(_up - _low) / (1 + sp.exp(_up - _low)),
        "from the odds that the value has",
    ),
    Rule(
        "softplus of a large difference",
        sp.log(1 + sp.exp(_x)),
        _x + log1p(sp.exp(-_x)),
        "no overflow",
        ({},),
        "constant",
        {_x: 0},
    ),
    Rule(
        "sigmoid of a difference, by what stands above",
        sp.diff(_sigmoid, _up),
        _sigmoid * (1 - _sigmoid),
        "two factors without a cancellation: rise and fall",
    ),
    Rule(
        "-log p as the softplus of a difference",
        sp.log(sp.exp(_z1) + sp.exp(_top) + sp.exp(_z2)) - _z1,
        sp.log(1 + sp.exp(sp.log(sp.exp(_top) + sp.exp(_z2)) - _z1)),
        "the log-sum-exp of the negatives alone",
        ({},),
        "constant",
        {_top: 0, _z1: 0, _z2: 0},
    ),
    Rule(
        "-log(p + least) where that is near 1",
        -sp.log(1 / (1 + _odds) + _least),
        -log1p(_least - _odds / (1 + _odds)),
        "from 1 - p, which the value has: no digits of what it lacks to 1 are lost",
        ({},),
        "constant",
        {_odds: 0, _least: 1},
    ),
    Rule(
        "p of a positive",
        sp.exp(-sp.log(1 + sp.exp(_x))),
        1 / (1 + sp.exp(_x)),
        "from the odds; the exponential of a cost of 80 has lost 80 ulp",
    ),
    Rule(
        "-log(p + least) by the cost",
        sp.diff(-sp.log(sp.exp(-_cost) + _least), _cost),
        sp.exp(-_cost) / (sp.exp(-_cost) + _least),
        "one quotient for both arms",
    ),
    Rule(
        "-log(p + least) twice by the cost",
        sp.diff(sp.exp(-_cost) / (sp.exp(-_cost) + _least), _cost),
        -sp.exp(-_cost) / (sp.exp(-_cost) + _least) * (_least / (sp.exp(-_cost) + _least)),
        "one product: no difference of two numbers near 1",
    ),
)
