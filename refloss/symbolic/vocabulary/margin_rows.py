"""Margins over rows of scores: by how much the target's score falls short of the others'.

As in `refloss.symbolic.vocabulary.rows`, what cancels is written in two forms, and `RULES` proves
them equal. The scores of a row are called ``logits``, as everywhere.

The three-term sum margin + z_j - z_y has a kink where it is 0, and the sign of what rounding leaves
of it there decides the gradient. With the rounding errors of its difference and of its sum, both of
which are exact, it has the sign of the true sum and half an ulp of error, however much cancels.
"""

from __future__ import annotations

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    MaxNumber,
    MaxOver,
    Quotient,
    Relu,
    TwoDiffError,
    TwoSumError,
    Weighted,
    kinks,
)
from refloss.symbolic.program import size_of
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.rows import CLASS, ITEM, ZERO, Rows, at_class

__all__ = [
    "RULES",
    "against_all",
    "apart",
    "charged",
    "greatest",
    "largest_alone",
    "pairwise",
    "shared",
]

KEPT = sp.Integer(-1)
"""An excess that misses nothing: any number below 0, where nothing has a kink."""

_a, _b = sp.symbols("a b", real=True)
_t = sp.Symbol("t", positive=True)
_m = sp.Symbol("margin", nonnegative=True)
_errors = TwoSumError(_a - _b, _m) + TwoDiffError(_a, _b)


def _is_largest(score: sp.Expr, largest: sp.Expr) -> sp.Expr:
    """Return 1 where a score is the largest of its row, else 0."""
    return sp.Piecewise((sp.S.One, score >= largest), (ZERO, True))


_shares = [_is_largest(score, sp.Max(_a, _b)) for score in (_a, _b)]

RULES = (
    Rule(
        "a margin more than a difference",
        _m + _a - _b,
        ((_a - _b) + _m) + MaxNumber(_errors, -_m),
        "the errors of both roundings are added: near 0 all digits of the sum are lost without",
    ),
    Rule(
        "the largest score by one score",
        kinks(sp.diff(sp.Max(_a, _b), _a)),
        _shares[0] / (_shares[0] + _shares[1]),
        "a comparison instead of a place: the largest scores share evenly, wherever they stand",
        ({_a: _b + _t}, {_a: _b - _t}, {_a: _b}),
    ),
)


def greatest(a: Rows) -> sp.Indexed:
    """Name ``top``, the largest ``score`` of a row; equal ones share its derivative evenly."""
    top = a.let("top", [ITEM], MaxOver(a.score, CLASS), "largest score")
    a.let("chief", [ITEM, CLASS], _is_largest(a.score, top), "1: the largest")
    chiefs = a.let("chiefs", [ITEM], sp.Sum(a.chief, CLASS), "how many are the largest")
    portion = a.let("portion", [ITEM], Quotient(sp.S.One, chiefs), "of each of them")
    a.partials("top", {a.score: a.chief * portion})
    return top


@Vocabulary
def apart(P: Build, a: Rows, margin: sp.Expr, axes: list, score: sp.Expr) -> sp.Expr:
    """Name ``own``, the target's score, and return `margin` more than `score` less that."""
    own = a.let("own", [ITEM], a["logits"][ITEM, a.target], "score of the target")
    return margin + score - own


@apart.when_stable
def _(P: Build, a: Rows, margin: sp.Expr, axes: list, score: sp.Expr) -> sp.Expr:
    own = a.let("own", [ITEM], a["logits"][ITEM, a.target], "score of the target")
    ahead = a.let("ahead", axes, score - own, "of the target")
    near = a.let("near", axes, ahead + margin)
    errors = TwoSumError(ahead, margin) + TwoDiffError(score, own)
    # Errors of an infinite score are NaN; any finite number leaves it what it is. None that
    # matters lies below the margin's negative: where terms cancel, they are roundoffs of it.
    slip = a.let("slip", axes, MaxNumber(errors, -margin), "rounding errors of both")
    return near + slip


def _missed(a: Rows, excess: sp.Expr, squared: sp.Expr, axes: list) -> sp.Expr:
    """Name ``excess`` and ``lack``, its positive part, and return that or its square."""
    a.let("excess", axes, excess, "above 0: the margin is missed")
    lack = a.let("lack", axes, Relu(a.excess), "0 where the margin is kept")
    return sp.Piecewise((lack, sp.Eq(squared, 0)), (lack * lack, True))


def largest_alone(a: Rows, margin: sp.Expr, squared: sp.Expr) -> None:
    """Name ``fault``, what the target's score lacks to lead the largest ``score``."""
    excess = apart(a.P, a, margin, [ITEM], greatest(a))
    a.let("fault", [ITEM], _missed(a, excess, squared, [ITEM]))


def pairwise(a: Rows, margin: sp.Expr, squared: sp.Expr) -> None:
    """Name ``fault``, what it lacks to lead each of the others, added up."""
    excess = apart(a.P, a, margin, [ITEM, CLASS], a.logits)
    _added_up(a, at_class(a.target, KEPT, excess), squared)


def against_all(a: Rows, margin: sp.Expr, squared: sp.Expr) -> None:
    """Name ``fault``, what all scores lack to `margin` on their side of 0, added up."""
    _added_up(a, at_class(a.target, margin - a.logits, margin + a.logits), squared)


def _added_up(a: Rows, excess: sp.Expr, squared: sp.Expr) -> None:
    a.let("each", [ITEM, CLASS], _missed(a, excess, squared, [ITEM, CLASS]), "of one class")
    a.let("fault", [ITEM], sp.Sum(a.each, CLASS), "sum over the classes")


def shared(a: Rows, divided: sp.Expr, over_others: sp.Expr) -> None:
    """Name ``parts``, what the fault of a row is divided by."""
    count = size_of(CLASS) - over_others
    parts = sp.Piecewise((sp.S.One, sp.Eq(divided, 0)), (count, True))
    a.let("parts", [], parts, "1, K or K - 1")


def charged(a: Rows) -> None:
    """Name ``loss``, ``fault`` times the weight of the target's class, divided."""
    weight = a["class_weight"][a.target]
    a.let("loss", [ITEM], Weighted(weight, a.fault) / a.parts)
