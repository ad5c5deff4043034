"""The first term of a polynomial beside cross-entropy: what the classes asked for still lack.

As in `refloss.symbolic.vocabulary.rows`, every function writes the same quantities in two forms,
and `RULES` proves them equal.
"""

from __future__ import annotations

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import Quotient
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.rows import CLASS, ITEM, Rows, at_class, elsewhere, unless

__all__ = ["RULES", "soft_shortfall", "target_shortfall"]

_m = _m0, _m1, _m2 = sp.symbols("m_0 m_1 m_2", positive=True)
_g = sp.symbols("g_0 g_1 g_2", nonnegative=True)
_z = sp.symbols("z_0 z_1 z_2", real=True)
_sum = sum(_m)
_p = [m / _sum for m in _m]
_softmax = [sp.exp(z) / sum(map(sp.exp, _z)) for z in _z]
_masses = {z: sp.log(m) for z, m in zip(_z, _m, strict=True)}
_short = sum(g * (1 - p) for g, p in zip(_g, _softmax, strict=True))

RULES = (
    Rule(
        "what the target lacks, by its logit",
        sp.diff(1 - _softmax[0], _z[0]),
        -_p[0] * ((_m1 + _m2) / _sum),
        "never p (p - 1), which loses every digit as p nears 1",
        (_masses,),
    ),
    Rule(
        "what the target lacks, by another logit",
        sp.diff(1 - _softmax[0], _z[1]),
        _p[0] * _p[1],
        "one term",
        (_masses,),
    ),
    Rule(
        "what all classes lack, by a logit",
        sp.diff(_short, _z[0]),
        _p[0] * ((_g[1] * _p[1] + _g[2] * _p[2]) - _g[0] * ((_m1 + _m2) / _sum)),
        "what the other classes have, less what this one lacks: no sum less nearly all of it",
        (_masses,),
    ),
)


@Vocabulary
def target_shortfall(P: Build, a: Rows, amount: sp.Expr) -> None:
    """Name ``shortfall``, Σ w q (1 − p) of a smoothed class; `amount` is the ε of smoothing."""
    weight = a["class_weight"]
    chance = a.let("chance", [ITEM], a["mass"][ITEM, a.target] / a.total, "softmax of the target")
    a.let("wide", [ITEM], sp.Sum(weight[CLASS] * (1 - a.mass / a.total), CLASS))
    a.let(
        "shortfall",
        [ITEM],
        a.hit * weight[a.target] * (1 - chance) + unless(amount, a.off * a.wide),
    )


@target_shortfall.when_stable
def _(P: Build, a: Rows, amount: sp.Expr) -> None:
    weight, share = a["class_weight"], Quotient(sp.S.One, a.total)
    rival = a.let("rival", [ITEM, CLASS], at_class(a.first, a.rest, (1 - a.tail) + a.rest))
    lacking = weight[CLASS] * Quotient(rival, a.total)
    a.let("wide", [ITEM], sp.Sum(lacking, CLASS), "what all classes lack")
    spread = a.let("thin", [ITEM], unless(amount, a.off * a.wide), "what smoothing adds")
    parts = a.let("parts", [ITEM, CLASS], weight[CLASS] * (a.mass * share), "what classes have")
    others = elsewhere(a, parts, "chief", "peak", "slight", "slights", "held")
    gone = a.let("gone", [ITEM, CLASS], Quotient(rival, a.total), "softmax of all but the class")
    a.partials("gone", {a.mass: -share, a.total: a.mass * share**2})
    slope = a.off * (a.mass * share) * (others - weight[CLASS] * gone)
    a.partials("thin", {a.logits: unless(amount, slope)})
    own = a["mass"][ITEM, a.target]
    chance = a.let("chance", [ITEM], Quotient(own, a.total), "softmax of the target")
    a.let("lack_of_p", [ITEM], a.miss, "1 - p of the target")
    slope = at_class(a.target, -chance * a.miss, chance * (a.mass * share))
    a.partials("lack_of_p", {a.logits: slope})
    a.let("shortfall", [ITEM], a.hit * weight[a.target] * a.lack_of_p + spread)


@Vocabulary
def soft_shortfall(P: Build, a: Rows) -> None:
    """Name ``shortfall``, Σ w q (1 − p) of smoothed probabilities."""
    weight = a["class_weight"]
    lacking = a.let("lacking", [ITEM, CLASS], weight[CLASS] * (1 - a.mass / a.total))
    a.let("shortfall", [ITEM], sp.Sum(a.wish * lacking, CLASS))


@soft_shortfall.when_stable
def _(P: Build, a: Rows) -> None:
    weight, share = a["class_weight"], Quotient(sp.S.One, a.total)
    lacking = a.let("lacking", [ITEM, CLASS], weight[CLASS] * a.miss, "1 - p, weighted")
    a.let("shortfall", [ITEM], sp.Sum(a.wish * lacking, CLASS))
    parts = a.let("parts", [ITEM, CLASS], a.goal * (a.mass * share), "what classes have")
    others = elsewhere(a, parts, "chief", "peak", "slight", "slights", "held")
    slope = (a.mass * share) * (others - a.goal * a.miss)
    a.partials("shortfall", {a.logits: slope, a.wish: lacking})
