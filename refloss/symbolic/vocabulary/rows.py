"""Rows of logits: log-sum-exp, the target's share of it, smoothing.

Every function writes the same quantities in two forms. *Plain* is the textbook formula. *Stable*
measures every logit from the largest one, whose own exponential, 1, never enters a sum, and gives
derivatives as shares of non-negative numbers. `RULES` proves the two equal.

Names: ``first`` is the largest logit's class, ``top`` its value; ``tail`` are the exponentials of
the others relative to it, ``mass`` all of them, so that ``mass/total`` is the softmax.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    ArgMaxOver,
    MaxNumber,
    MaxOver,
    Quotient,
    Stop,
    TwoDiffError,
    TwoProdError,
    Weighted,
)
from refloss.symbolic.program import Axis, Tensor, axis, indexed
from refloss.symbolic.vocabulary.row_rules import RULES

ITEM = axis("b", "B")
CLASS = axis("c", "C")
ZERO = sp.S.Zero

__all__ = [
    "CLASS",
    "ITEM",
    "RULES",
    "Rows",
    "amplify",
    "at_class",
    "below",
    "cooled",
    "elsewhere",
    "log_sum_exp",
    "misses",
    "scale",
    "score_penalty",
    "smoothing",
    "soft_loss",
    "soft_slope",
    "soft_target",
    "softened",
    "spread_loss",
    "target_loss",
    "unless",
]


@dataclass
class Rows:
    """Everything named so far about rows of logits; an attribute is its read in place."""

    P: Build
    names: dict[str, Tensor] = field(default_factory=dict)
    temperature: sp.Expr | None = None
    amplifier: sp.Expr | None = None

    @property
    def exponent(self) -> sp.Indexed:
        """What the softmax is taken of: the logits, cooled or amplified if they are."""
        return self.scaled if "scaled" in self.names else self.logits

    def __getattr__(self, name: str) -> sp.Indexed:
        return self[name].here

    def __getitem__(self, name: str) -> Tensor:
        try:
            return self.names[name]
        except KeyError as error:
            raise AttributeError(f"no row quantity is named {name!r} yet") from error

    def real(self, name: str, *axes: Axis) -> Tensor:
        """Declare a real input."""
        self.names[name] = self.P.real(name, *axes)
        return self.names[name]

    def label(self, name: str, *axes: Axis) -> Tensor:
        """Declare a label."""
        self.names[name] = self.P.label(name, *axes)
        return self.names[name]

    def let(self, name: str, axes: list[Axis], expr: sp.Expr, doc: str = "") -> sp.Indexed:
        """Name a quantity."""
        self.names[name] = self.P.let(name, axes, expr, doc)
        return self.names[name].here

    def partials(self, name: str, forms: dict[sp.Indexed, sp.Expr]) -> None:
        """Give a quantity its accurate derivative forms."""
        self.P.partials(self[name], forms)


def unless(constant: sp.Expr, expr: sp.Expr) -> sp.Expr:
    """Return `expr`, and 0 by cases where a constant is 0: it then costs nothing."""
    return sp.Piecewise((ZERO, sp.Eq(constant, 0)), (expr, True))


def cooled(a: Rows, expr: sp.Expr) -> sp.Expr:
    """Return `expr` times the factor, or over the temperature, if there is one.

    A temperature of 1 costs nothing.
    """
    if a.amplifier is not None:
        return a.amplifier * expr
    t = a.temperature
    return expr if t is None else sp.Piecewise((expr, sp.Eq(t, 1)), (expr / t, True))


def scale(a: Rows, temperature: sp.Expr) -> None:
    """Name ``scaled``, the logits over `temperature`, of which the softmax is then taken.

    The stable form computes with differences of logits instead, and takes derivatives by it.
    """
    a.temperature = temperature
    a.let("scaled", [ITEM, CLASS], cooled(a, a.logits), "logits over the temperature")


def amplify(a: Rows, factor: sp.Expr) -> None:
    """Name ``scaled``, the logits times `factor`, of which the softmax is then taken.

    The stable form computes with differences of logits instead, and takes derivatives by it.
    """
    a.amplifier = factor
    a.let("scaled", [ITEM, CLASS], cooled(a, a.logits), "logits times their factor")


def softened(a: Rows, expr: sp.Expr, squared: sp.Expr) -> sp.Expr:
    """Return `expr`, times the temperature's square where `squared` is 1."""
    assert a.temperature is not None
    return sp.Piecewise((expr, sp.Eq(squared, 0)), (a.temperature**2 * expr, True))


def at_class(label: sp.Expr, there: sp.Expr, elsewhere: sp.Expr) -> sp.Expr:
    """Return `there` in the class that `label` names, and `elsewhere` in every other."""
    return sp.Piecewise((there, sp.Eq(CLASS, label)), (elsewhere, True))


@Vocabulary
def log_sum_exp(P: Build, a: Rows, among: sp.Basic = sp.true) -> None:
    """Name ``lse``, the logarithm of the sum of the exponentials of a row's ``logits``.

    Only those count for which `among` holds. Where there is none, ``mass`` is 0 and ``total`` is 1:
    ``lse`` is then a number that means nothing. The stable form names ``held``, 0 there.
    """
    top = a.let("top", [ITEM], MaxOver(_only(among, a.logits, -sp.oo), CLASS), "largest logit")
    most = Stop(top)
    under = cooled(a, a.logits - most) if a.amplifier is None else a.scaled - cooled(a, most)
    a.let("mass", [ITEM, CLASS], _only(among, sp.exp(under), ZERO))
    spare = ZERO
    if among != sp.true:
        number = a.let("number", [ITEM], sp.Sum(_only(among, sp.S.One, ZERO), CLASS))
        spare = a.let("spare", [ITEM], sp.Piecewise((1, sp.Eq(number, 0)), (ZERO, True)))
    a.let("total", [ITEM], sp.Sum(a.mass, CLASS) + spare)
    a.let("lse", [ITEM], cooled(a, Stop(top)) + sp.log(a.total), "log-sum-exp")


@log_sum_exp.when_stable
def _(P: Build, a: Rows, among: sp.Basic = sp.true) -> None:
    z = a["logits"]
    place = ArgMaxOver(_only(among, a.logits, -sp.oo), CLASS)
    first = a.let("first", [ITEM], place, "class of the largest logit")
    top = a.let("top", [ITEM], z[ITEM, first], "largest logit")
    every = among == sp.true
    drop, slip = below(a, a.logits, top, "at most 0" if every else "at most 0 where it counts")
    none, one = Stop(drop), sp.S.One  # 0, and NaN where the largest logit is infinite or NaN
    if not every:
        there = among.xreplace({read: read.subs(CLASS, first) for read in indexed(among)})
        one = a.let("held", [ITEM], _only(there, one, ZERO), "0: there are none")
        none = Weighted(one, none)
    each = _only(among, sp.exp(drop) * (1 + slip), ZERO)
    a.let("tail", [ITEM, CLASS], at_class(first, none, each))
    a.partials("tail", {drop: a.tail})
    a.let("mass", [ITEM, CLASS], at_class(first, one, a.tail), "exp(logits - top)")
    a.let("rest", [ITEM], sp.Sum(a.tail, CLASS), "sum of mass over all classes but the first")
    a.let("total", [ITEM], 1 + a.rest)
    a.let("grow", [ITEM], log1p(a.rest))
    a.let("lse", [ITEM], cooled(a, top) + a.grow, "log-sum-exp")
    a.partials("lse", {a.exponent: a.mass * Quotient(sp.S.One, a.total)})


def _only(among: sp.Basic, expr: sp.Expr, otherwise: sp.Expr) -> sp.Expr:
    """Return `expr` where a condition holds."""
    return expr if among == sp.true else sp.Piecewise((expr, among), (otherwise, True))


def below(
    a: Rows, z: sp.Indexed, top: sp.Indexed, doc: str = "at most 0"
) -> tuple[sp.Indexed, sp.Indexed]:
    """Name ``drop``, z - top, cooled or amplified, and ``slip``, what rounding took from it."""
    axes = [axis for axis in (ITEM, CLASS) if z.has(axis)]
    drop = _drop(a, z, top, axes, doc)
    return drop, a.let("slip", axes, MaxNumber(_slip(a, z, top, axes), -1))


def _drop(a: Rows, z: sp.Indexed, top: sp.Indexed, axes: list[Axis], doc: str) -> sp.Indexed:
    if a.temperature is None and a.amplifier is None:
        return a.let("drop", axes, z - top, doc)
    apart = a.let("apart", axes, z - top, doc)
    return a.let("drop", axes, cooled(a, apart), doc)


def _slip(a: Rows, z: sp.Indexed, top: sp.Indexed, axes: list[Axis]) -> sp.Expr:
    """Return what rounding took: of the difference, and of quotient or product."""
    lost, t = TwoDiffError(z, top), a.temperature
    if "lo" in a.names:  # what is taken the exponential of is known in two floats
        lost += a.lo - a.let("top_lo", [ITEM], a["lo"][ITEM, a.first])
    if a.amplifier is not None:
        spare = Weighted(a.P.rest_of(a.amplifier), top - z)
        return a.amplifier * lost + TwoProdError(a.amplifier, a.apart) - spare
    if t is None:
        return lost
    left = a.let("left", axes, a.apart - a.drop * t, "by the quotient")
    spare = Weighted(a.P.rest_of(t), a.drop)
    over = (left - TwoProdError(a.drop, t) - spare + lost) / t
    return sp.Piecewise((lost, sp.Eq(t, 1)), (over, True))


@Vocabulary
def target_loss(P: Build, a: Rows) -> None:
    """Name ``nll``, minus the logarithm of the softmax of the class ``target``."""
    own = a.exponent.subs(CLASS, a.target)
    a.let("nll", [ITEM], a.lse - own, "-log softmax of the target")


@target_loss.when_stable
def _(P: Build, a: Rows) -> None:
    behind = cooled(a, a.top - a["logits"][ITEM, a.target])
    lag = a.let("lag", [ITEM], behind, "at least 0")
    a.let("nll", [ITEM], lag + a.grow, "-log softmax of the target")
    own = a["mass"][ITEM, a.target]
    lack = a.let("lack", [ITEM], 1 - own, "of the largest mass")
    others = a.let("others", [ITEM], a.rest + lack, "mass of all classes but the target")
    share = Quotient(sp.S.One, a.total)
    miss = a.let("miss", [ITEM], Quotient(others, a.total), "softmax of all but the target")
    a.partials("miss", {own: -share, a.total: own * share**2})
    a.partials("nll", {a.exponent: at_class(a.target, -miss, a.mass * share)})


@Vocabulary
def smoothing(
    P: Build, a: Rows, amount: sp.Expr, others: sp.Expr, classy: sp.Expr, size: sp.Expr
) -> None:
    """Name ``hit`` and ``off``: a smoothed target is ``hit·q + off`` in every class.

    Parameters
    ----------
    a : Rows
        The rows.
    amount : sympy.Expr
        The ε of label smoothing.
    others : sympy.Expr
        1: ε is spread over the K − 1 other classes; 0: over all K.
    classy : sympy.Expr
        1: (q + ε/K)/(1 + ε); 0: (1 − ε) q + ε/K.
    size : sympy.Expr
        K.
    """
    _shares(a, amount, others, classy, size)
    a.let("hit", [], 1 - a.taken, "factor of the target")
    a.let("off", [], a.taken / size, "added to every class")


@smoothing.when_stable
def _(P: Build, a: Rows, amount: sp.Expr, others: sp.Expr, classy: sp.Expr, size: sp.Expr) -> None:
    _shares(a, amount, others, classy, size)
    a.let("over", [], size - others)
    a.let("kept", [], a.over - a.amount * size, "exact where it is small")
    left = a.kept - TwoProdError(a.amount, size)
    a.let("hit", [], left / a.over, "factor of the target")
    a.let("off", [], a.taken / size, "added to every class")


def _shares(a: Rows, amount: sp.Expr, others: sp.Expr, classy: sp.Expr, size: sp.Expr) -> None:
    a.let("amount", [], amount / (1 + classy * amount))
    a.let("reach", [], size / (size - others))
    a.let("taken", [], a.amount * a.reach, "from the target")


@Vocabulary
def spread_loss(P: Build, a: Rows, amount: sp.Expr) -> None:
    """Name ``spread``: what smoothing adds in every class, weighted by ``class_weight``."""
    w = a["class_weight"]
    a.let("each", [ITEM], sp.Sum(Weighted(w[CLASS], a.lse - a.exponent), CLASS))
    a.let("spread", [ITEM], unless(amount, a.off * a.each), "smoothing over all classes")


@spread_loss.when_stable
def _(P: Build, a: Rows, amount: sp.Expr) -> None:
    w = a["class_weight"]
    a.let("weights", [], sp.Sum(w[CLASS], CLASS), "sum of the class weights")
    a.let("fall", [ITEM], sp.Sum(Weighted(w[CLASS], -a.drop), CLASS))
    a.let("each", [ITEM], a.fall + a.weights * a.grow)
    a.let("spread", [ITEM], unless(amount, a.off * a.each), "smoothing over all classes")
    slope = a.off * (a.mass * Quotient(a.weights, a.total) - w[CLASS])
    a.partials("spread", {a.exponent: unless(amount, slope)})


@Vocabulary
def score_penalty(P: Build, a: Rows, factor: sp.Expr) -> None:
    """Name ``penalty``, `factor` times the squared log-sum-exp (z-loss)."""
    a.let("penalty", [ITEM], unless(factor, factor * a.lse**2), "z-loss")


@score_penalty.when_stable
def _(P: Build, a: Rows, factor: sp.Expr) -> None:
    score_penalty.plain(P, a, factor)
    slope = 2 * factor * a.lse * a.mass * Quotient(sp.S.One, a.total)
    a.partials("penalty", {a.exponent: unless(factor, slope)})


def soft_target(a: Rows) -> None:
    """Name ``wish``, the smoothed probabilities, and ``goal``, them times ``class_weight``."""
    wish = a.let("wish", [ITEM, CLASS], a.hit * a.target + a.off, "smoothed target")
    a.let("goal", [ITEM, CLASS], a["class_weight"][CLASS] * wish, "weighted target")


@Vocabulary
def soft_loss(P: Build, a: Rows) -> None:
    """Name ``nll``, minus the sum of log-softmax by probability and ``class_weight``.

    A class of weight 0 is none: its ``cost`` is 0, which is the derivative by its probability too,
    also where its log-softmax is infinite. Where a probability is 0 the term is 0.
    """
    a.let("score", [ITEM, CLASS], a.lse - a.exponent, "-log softmax")
    _cost(a)


def _cost(a: Rows) -> None:
    """Name ``cost``, what a class would have to pay, and ``nll``, what is paid."""
    cost = Weighted(a["class_weight"][CLASS], a.score)
    a.let("cost", [ITEM, CLASS], cost, "-log softmax times the class's weight")
    a.let("nll", [ITEM], sp.Sum(Weighted(a.wish, a.cost), CLASS))


@soft_loss.when_stable
def _(P: Build, a: Rows) -> None:
    a.let("score", [ITEM, CLASS], a.grow - a.drop, "-log softmax, at least 0")
    _cost(a)
    a.partials("nll", {a.exponent: soft_slope(a), a.wish: a.cost})


def soft_slope(a: Rows) -> sp.Expr:
    """Return the slope of Σ goal (-log softmax) by ``exponent``; names ``miss`` and ``asked``."""
    share = Quotient(sp.S.One, a.total)
    miss = misses(a)
    asked = elsewhere(a, a.goal, "lead", "most", "minor", "minors", "asked")
    return asked * (a.mass * share) - a.goal * miss


def misses(a: Rows) -> sp.Indexed:
    """Name and return ``miss``, in every class the softmax of all others, summed without it."""
    rival = a.let("rival", [ITEM, CLASS], at_class(a.first, a.rest, (1 - a.tail) + a.rest))
    share = Quotient(sp.S.One, a.total)
    miss = a.let("miss", [ITEM, CLASS], Quotient(rival, a.total), "softmax of all but the class")
    a.partials("miss", {a.mass: -share, a.total: a.mass * share**2})
    return miss


def elsewhere(
    a: Rows, parts: sp.Indexed, lead: str, most: str, minor: str, minors: str, result: str
) -> sp.Expr:
    """Name and return ``result``, in every class the sum of `parts`, >= 0, over all others.

    The sum less the class's own part loses its digits in the class that has nearly all of it; from
    the largest part, which is left out of the sum, every term is at least 0.
    """
    place = a.let(lead, [ITEM], ArgMaxOver(parts, CLASS), "class of the largest part")
    largest = a.let(most, [ITEM], parts.subs(CLASS, place), "largest part")
    small = a.let(minor, [ITEM, CLASS], at_class(place, ZERO, parts))
    total = a.let(minors, [ITEM], sp.Sum(small, CLASS), "sum of all but the largest part")
    more = (largest - parts) + total
    return a.let(result, [ITEM, CLASS], at_class(place, total, more), "of all other classes")
