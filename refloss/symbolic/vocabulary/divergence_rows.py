"""Rows of logits beside rows of probabilities: how far a softmax is from what it should be.

Near the optimum the terms of a divergence cancel against each other: their sum is of the second
order in p - q. Every function writes the same quantities in two forms, and `RULES` proves them
equal; the stable ones add up what each class has beyond the first order, which is never negative.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    MaxOver,
    Quotient,
    Ratio,
    Step,
    TwoSumError,
    Weighted,
)
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.rows import (
    CLASS,
    ITEM,
    Rows,
    at_class,
    misses,
    soft_slope,
)

__all__ = ["RULES", "jensen_shannon", "kullback_leibler"]

GRID = 4096
"""Beside it probabilities are cut off at 2^-40 (2^-11 in float32): sums of those are exact."""

EACH = [ITEM, CLASS]

_p, _q = sp.symbols("p q", positive=True)
_q1 = sp.Symbol("q_1", positive=True)
_m, _lean = (_p + _q) / 2, (_p - _q) / (_p + _q)
_z = sp.symbols("z_0 z_1 z_2", real=True)
_v = sp.symbols("v_0 v_1 v_2", real=True)
_masses = _m0, _m1, _m2 = sp.symbols("m_0 m_1 m_2", positive=True)
_total = _m0 + _m1 + _m2
_softmax = [sp.exp(z) / sum(map(sp.exp, _z)) for z in _z]
_pm, _pn = _m0 / (_m0 + _m1), _m1 / (_m0 + _m1)
_jensen = (_q * sp.log(_q / _m) + _p * sp.log(_p / _m)) / 2

RULES = (
    Rule(
        "what a class has beyond the first order, close to its probability",
        sp.log(_q / _p) + (_p - _q) / _q,
        (_p - _q) / _q - log1p((_p - _q) / _q),
        "of a unit of q: p - q is exact there, and what rounding did to p counts by p - q",
        ({},),
        "constant",
        {_p: 1, _q: 1},
    ),
    Rule(
        "divergence from what classes have beyond the first order",
        _q * sp.log(_q / _pm) + _q1 * sp.log(_q1 / _pn),
        (_q * sp.log(_q / _pm) + (_pm - _q))
        + (_q1 * sp.log(_q1 / _pn) + (_pn - _q1))
        + ((_q + _q1) - 1),
        "no term is negative but the last, which is exact: terms of the first order add up to it",
    ),
    Rule(
        "sum of probabilities from what a grid holds of them, and the rest",
        _q + _q1 - 1,
        ((_q - TwoSumError(GRID, _q)) + (_q1 - TwoSumError(GRID, _q1)) - 1)
        + (TwoSumError(GRID, _q) + TwoSumError(GRID, _q1)),
        "the first sum is exact, and the second has errors of a part of 2^-40",
    ),
    Rule(
        "Jensen-Shannon divergence by the probability",
        sp.diff(_jensen, _p),
        sp.log(_p / _m) / 2,
        "what is beside it cancels",
    ),
    Rule(
        "logarithm of a share of the middle",
        sp.log(_p / _m),
        log1p(_lean),
        "it is as exact as p - q close to each other, and from there on to the larger of the two",
        ({},),
        "constant",
        {_p: 1, _q: 1},
    ),
    Rule(
        "logarithm of a share of the middle by the logarithm of p",
        _p * sp.diff(sp.log(_p / _m), _p),
        _q / (_p + _q),
        "no quotient that may leave the range",
    ),
    Rule(
        "logarithm of the other's share of the middle by the logarithm of p",
        _p * sp.diff(sp.log(_q / _m), _p),
        -_p / (_p + _q),
        "no quotient that may leave the range",
    ),
    Rule(
        "slopes by probabilities through the softmax",
        sum(v * sp.diff(p, _z[0]) for v, p in zip(_v, _softmax, strict=True)),
        (_m1 + _m2) / _total * (_m0 / _total * _v[0])
        - _m0 / _total * (_m1 / _total * _v[1] + _m2 / _total * _v[2]),
        "what a class gives is set against what all others do, summed without it",
        (dict(zip(_z, map(sp.log, _masses), strict=True)),),
    ),
)


def _surplus(a: Rows) -> None:
    """Name ``surplus``, log q - log p, of which ``score`` is the second; 0 log 0 is 0."""
    held = a.let("held", EACH, _held(a.target), "1 where the probability is 0")
    a.let("surplus", EACH, sp.log(held) + a.score, "log q - log p")


def _held(target: sp.Expr) -> sp.Expr:
    return sp.Piecewise((target, target > 0), (1, True))


@Vocabulary
def kullback_leibler(P: Build, a: Rows) -> None:
    """Name ``divergence``, Σ w q (log q - log p): of the softmax p from probabilities q."""
    a.let("score", EACH, a.lse - a.exponent, "-log softmax")
    _surplus(a)
    cost = a.let("cost", EACH, Weighted(a["class_weight"][CLASS], a.surplus))
    a.let("divergence", [ITEM], sp.Sum(Weighted(a.target, cost), CLASS))


@kullback_leibler.when_stable
def _(P: Build, a: Rows) -> None:
    w, q = a["class_weight"][CLASS], a.target
    a.let("score", EACH, a.grow - a.drop, "-log softmax, at least 0")
    _surplus(a)
    a.partials("surplus", {a.score: sp.S.One, q: Ratio(1, q, 0)})
    cost = a.let("cost", EACH, Weighted(w, a.surplus))
    each = a.let("each", [ITEM], sp.Sum(Weighted(q, cost), CLASS), "term by term")
    p = a.let("chance", EACH, Quotient(a.mass, a.total), "softmax")
    gap = a.let("gap", EACH, p - q)
    _sum_less_one(a)
    step = a.let("step", EACH, Quotient(gap, a.held))
    near, far = q * (step - log1p(step)), Weighted(q, a.surplus) + gap
    beyond = sp.Piecewise((far, q > 2 * p), (near, p <= 2 * q), (far, True))
    a.let("beyond", EACH, beyond, "q log(q/p) + (p - q), at least 0")
    a.let("second", [ITEM], sp.Sum(a.beyond, CLASS), "beyond the first order")
    heaviest = a.let("heaviest", [], MaxOver(w, CLASS))
    lightest = a.let("lightest", [], -MaxOver(-w, CLASS))
    balanced = heaviest * (a.second + a.excess)
    a.let(
        "divergence",
        [ITEM],
        sp.Piecewise(
            (each, heaviest > lightest),
            (balanced, sp.Abs(a.excess) <= sp.S.Half),
            (each, True),
        ),
    )
    a.let("goal", EACH, w * q, "weighted target")
    by_target = cost + w * Step(q, 0)
    a.partials("divergence", {a.exponent: soft_slope(a), q: by_target})


def _sum_less_one(a: Rows) -> None:
    """Name ``excess``, the sum of a row's probabilities less 1, without the error of a sum."""
    off_grid = TwoSumError(sp.Integer(GRID), a.target)
    coarse = a.let("coarse", EACH, a.target - off_grid, "on a grid: sums of it are exact")
    a.let("fine", EACH, a.target - coarse, "what the grid does not hold")
    a.let("whole", [ITEM], sp.Sum(coarse, CLASS))
    a.let("crumbs", [ITEM], sp.Sum(a.fine, CLASS))
    a.let("over_one", [ITEM], a.whole - 1)
    a.let("excess", [ITEM], a.over_one + a.crumbs, "of the probabilities over 1")


@Vocabulary
def jensen_shannon(P: Build, a: Rows) -> None:
    """Name ``divergence``, Σ w (q log(q/m) + p log(p/m))/2 with m = (p + q)/2."""
    a.let("score", EACH, a.lse - a.exponent, "-log softmax")
    p = a.let("chance", EACH, sp.exp(-a.score), "softmax")
    known = sp.Piecewise((a.target, a.target > 0), (0, True))
    middle = a.let("middle", EACH, sp.log((p + known) / 2), "log m")
    held = a.let("held", EACH, _held(a.target), "1 where the probability is 0")
    a.let("ours", EACH, Weighted(p, -a.score - middle), "p log(p/m)")
    a.let("theirs", EACH, Weighted(a.target, sp.log(held) - middle), "q log(q/m)")
    weight = a["class_weight"][CLASS]
    a.let("divergence", [ITEM], sp.Sum(weight * (a.ours + a.theirs) / 2, CLASS))


@jensen_shannon.when_stable
def _(P: Build, a: Rows) -> None:
    w, q = a["class_weight"][CLASS], a.target
    a.let("score", EACH, a.grow - a.drop, "-log softmax, at least 0")
    p = a.let("chance", EACH, Quotient(a.mass, a.total), "softmax")
    a.partials("chance", {a.score: -p})
    both = a.let("both", EACH, p + q)
    lean = a.let("lean", EACH, Ratio(p - q, both, 1), "from -1 to 1")
    part = a.let("part", EACH, Ratio(p, both, 1), "p of both")
    rest = a.let("other", EACH, Ratio(q, both, 0), "q of both")
    small = a.let("small", EACH, sp.Piecewise((part, lean < 0), (rest, True)), "the smaller share")
    deep = a.let("deep", EACH, sp.log(2 * sp.Piecewise((small, small > 0), (1, True))))
    half = sp.S.Half
    ours = a.let("log_p_of_m", EACH, sp.Piecewise((deep, lean < -half), (log1p(lean), True)))
    far = lean > half
    theirs = a.let("log_q_of_m", EACH, sp.Piecewise((deep, far), (log1p(-lean), True)))
    a.let("term", EACH, (Weighted(p, ours) + Weighted(q, theirs)) / 2)
    a.let("divergence", [ITEM], sp.Sum(w * a.term, CLASS))
    a.let("pull", EACH, ours / 2, "by p")
    felt = a.let("felt", EACH, w * (p * a.pull))
    a.partials("felt", {a.score: -(felt + w * p * rest / 2), q: -w * part / 2})
    unmet = sp.Piecewise((0, q > 0), (a.score, True))
    a.let("push", EACH, w * (theirs + unmet) / 2, "by q")
    a.partials("push", {a.score: w * part / 2, q: w * Ratio(part, q, 0) / 2})
    others = _beside(a, felt)
    slope = misses(a) * felt - p * others
    a.partials("divergence", {a.exponent: slope, q: a.push})


def _beside(a: Rows, parts: sp.Indexed) -> sp.Indexed:
    """Name and return ``beside``, in every class the sum of `parts` over all others.

    The part of the largest logit, whose softmax alone may near 1, never enters a difference.
    """
    top = a.let("top_part", [ITEM], parts.subs(CLASS, a.first))
    slight = a.let("slight", EACH, at_class(a.first, sp.S.Zero, parts))
    slights = a.let("slights", [ITEM], sp.Sum(slight, CLASS), "of all but the largest logit's")
    return a.let("beside", EACH, at_class(a.first, slights, top + (slights - parts)))
