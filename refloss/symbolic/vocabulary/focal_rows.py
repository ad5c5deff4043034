"""Focal losses over rows of logits: a power of 1 - p before what a row costs.

As in `refloss.symbolic.vocabulary.rows`, every function writes the same quantities in two forms,
and `RULES` proves them equal. With L = -log p, p = e^-L and q = 1 - p, the loss q^γ L, the
polynomial term q^(γ+1) and all their derivatives are functions of L alone:

    C  = d(q^γ L)/dL   = q^γ (1 + γ p L/q)
    C' = dC/dL         = q^γ (γ p/q) (2 - L + (γ - 1) p L/q)
    D  = d(q^(γ+1))/dL = q^γ (γ + 1) p
    D' = dD/dL         = q^γ (γ + 1) p (γ p/q - 1)

None of them is 0·∞ anywhere: L/q nears 1 as p does. A class weight w inside the power makes w L of
L, and p^w of p.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    ArgMaxOver,
    Gate,
    MaxNumber,
    Power,
    Quotient,
    Ratio,
    Switch,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
    Weighted,
)
from refloss.symbolic.program import Axis
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.focal import raised
from refloss.symbolic.vocabulary.rows import CLASS, ITEM, Rows, at_class, unless

__all__ = ["RULES", "Focus", "balance", "class_balance", "focal_loss", "soft_focal_loss"]

_L, _g, _q, _w = sp.symbols("L gamma q w", positive=True)
_p = 1 - _q


def _by_cost(expr: sp.Expr) -> sp.Expr:
    """Return the derivative by L of what depends on L and on q, whose own derivative is p."""
    return sp.diff(expr, _L) + _p * sp.diff(expr, _q)


_focal = Power(_q, _g) * _L
RULES = (
    Rule(
        "1 - p by -log p",
        sp.diff(1 - sp.exp(-_L), _L),
        1 - (1 - sp.exp(-_L)),
        "p itself: with it every derivative by -log p is one of L, q and p",
    ),
    Rule(
        "focal loss by -log p",
        _by_cost(_focal),
        Power(_q, _g) * (1 + _g * _p * _L / _q),
        "terms >= 0, and no power of q below gamma: q^(gamma - 1) has no bound for gamma < 1",
    ),
    Rule(
        "focal loss twice by -log p",
        _by_cost(_by_cost(_focal)),
        Power(_q, _g) * (_g * _p / _q) * (2 - _L + (_g - 1) * _p * _L / _q),
        "what it multiplies has a factor q, which 1/q divides first",
    ),
    Rule(
        "polynomial term by -log p",
        _by_cost(Power(_q, _g) * _q),
        Power(_q, _g) * (_g + 1) * _p,
        "one term",
    ),
    Rule(
        "polynomial term twice by -log p",
        _by_cost(Power(_q, _g) * (_g + 1) * _p),
        Power(_q, _g) * (_g + 1) * _p * (_g * _p / _q - 1),
        "what it multiplies has a factor q, which 1/q divides first",
    ),
    Rule(
        "-log p by the odds of the other classes",
        log1p(_q / _p),
        -sp.log(_p),
        "as the log-sum-exp less the logit",
        ({_q: _w / (1 + _w)},),
        "constant",
        {_w: 1},
    ),
    Rule(
        "1 - p^w of a weight inside the power",
        1 - sp.exp(-_L) ** _w,
        -expm1(-_w * _L),
        "all digits where p is near 1",
    ),
)


@dataclass(frozen=True)
class Focus:
    """The constants of a focal loss of rows.

    Attributes
    ----------
    power : sympy.Expr
        The γ.
    attached : sympy.Expr
        1: the modulator is differentiated; 0: it is detached.
    inside : sympy.Expr
        1: the class weight multiplies -log p inside the power; 0: it multiplies the loss.
    amount : sympy.Expr
        The ε of the polynomial term.
    balanced : sympy.Expr
        1: α multiplies the polynomial term too; 0: it does not.
    """

    power: sp.Expr
    attached: sp.Expr
    inside: sp.Expr
    amount: sp.Expr
    balanced: sp.Expr

    @property
    def gain(self) -> sp.Expr:
        """Power of the modulator as far as it is differentiated."""
        return Switch(self.attached) * self.power

    def weighing(self, outside: sp.Expr, inside: sp.Expr) -> sp.Expr:
        """Return one of two by the place of the class weight."""
        return _either(self.inside, outside, inside)

    def share(self, factor: sp.Expr) -> sp.Expr:
        """Return the factor of the polynomial term: α's, or 1."""
        return _either(self.balanced, sp.S.One, factor)


def _either(constant: sp.Expr, zero: sp.Expr, other: sp.Expr) -> sp.Expr:
    """Return `zero` where a constant is 0, else `other`."""
    return sp.Piecewise((zero, sp.Eq(constant, 0)), (other, True))


def balance(a: Rows, amount: sp.Expr, on_first: sp.Expr, on_others: sp.Expr) -> sp.Indexed:
    """Name ``balance``, the factor of a row: ``amount`` or 1 − ``amount`` by its class.

    Parameters
    ----------
    a : Rows
        The rows.
    amount : sympy.Expr
        The α of focal loss.
    on_first, on_others : sympy.Expr
        1: rows of class 0, of any other class, are multiplied by α; 0: by 1 − α.
    """
    _factors(a, amount, on_first, on_others)
    factor = sp.Piecewise((a.first_factor, sp.Eq(a.target, 0)), (a.other_factor, True))
    return a.let("balance", [ITEM], factor, "alpha or 1 - alpha")


def class_balance(a: Rows, amount: sp.Expr, on_first: sp.Expr, on_others: sp.Expr) -> sp.Indexed:
    """Name ``balance``, the factor of a class's term: α or 1 − α, as the function `balance`."""
    _factors(a, amount, on_first, on_others)
    factor = sp.Piecewise((a.first_factor, sp.Eq(CLASS, 0)), (a.other_factor, True))
    return a.let("balance", [CLASS], factor, "alpha or 1 - alpha")


def _factors(a: Rows, amount: sp.Expr, on_first: sp.Expr, on_others: sp.Expr) -> None:
    for name, side, doc in (
        ("first_factor", on_first, "of class 0"),
        ("other_factor", on_others, "of any other class"),
    ):
        a.let(name, [], sp.Piecewise((1 - amount, sp.Eq(side, 0)), (amount, True)), doc)


@Vocabulary
def focal_loss(P: Build, a: Rows, focus: Focus) -> None:
    """Name ``focal``, (1 − p)^γ times ``nll``, and ``poly``, (1 − p)^(γ + 1).

    A class weight inside the power makes p^w of p, and w times ``nll`` of ``nll``, which is written
    with the odds of the other classes: a number above 0, of which balls take any power.
    """
    others = a.let("others", [ITEM], sp.Sum(at_class(a.target, sp.S.Zero, a.mass), CLASS))
    odds = others / a["mass"][ITEM, a.target]
    cost = _cost(a, focus, log1p(odds))
    gone = focus.weighing(others / a.total, -expm1(-cost))
    gone = a.let("gone", [ITEM], gone, "1 - p of the target")
    factor = a.let("factor", [ITEM], Power(gone, focus.power), "modulator")
    a.let("focal", [ITEM], Gate(factor, focus.attached) * cost)
    a.let("poly", [ITEM], Gate(factor, focus.attached) * gone, "polynomial term")


@focal_loss.when_stable
def _(P: Build, a: Rows, focus: Focus) -> None:
    _cost(a, focus, a.nll)
    own = a["mass"][ITEM, a.target]
    chance = a.let("chance", [ITEM], Quotient(own, a.total), "softmax of the target")
    behind = TwoDiffError(a.top, a["logits"][ITEM, a.target])
    weight, wide = a["class_weight"][a.target], TwoSumError(a.lag, a.grow) + behind
    _lost(a, [ITEM], focus, TwoProdError(weight, a.nll) + weight * wide)
    _pulls(a, [ITEM], "cost", chance, focus)
    a.let("focal", [ITEM], a.factor * a.cost)
    a.let("poly", [ITEM], a.factor * a.gone, "polynomial term")
    a.partials("focal", {a.cost: a.pull})
    a.partials("poly", {a.cost: unless(focus.amount, a.lure)})


def _cost(a: Rows, focus: Focus, inner: sp.Expr) -> sp.Indexed:
    """Name ``cost``, what the power is taken of and multiplies; `inner` is -log p of a weight."""
    cost = focus.weighing(a.nll, Weighted(a["class_weight"][a.target], inner))
    return a.let("cost", [ITEM], cost, "-log p^w or -log p")


def _lost(a: Rows, axes: list[Axis], focus: Focus, errors: sp.Expr) -> None:
    """Name ``lost``, what rounding took from the exponent of p^w."""
    a.let("lost", axes, unless(focus.inside, errors), "rounding errors of -log p^w")


def _pulls(a: Rows, axes: list[Axis], cost: str, chance: sp.Expr, focus: Focus) -> None:
    """Name ``factor``, and ``pull`` and ``lure``, the derivatives of both terms by `cost`."""
    paid, gain = a[cost].here, focus.gain
    gone = a.let("gone", axes, focus.weighing(a.miss, -expm1(-paid)), "1 - p^w or 1 - p")
    shared = sp.exp(-paid) * (1 + MaxNumber(-a.lost, -1))
    prob = a.let("prob", axes, focus.weighing(chance, shared), "p^w or p")
    factor = a.let("factor", axes, raised(a.P, gone, focus.power), "modulator")
    steep = a.let("steep", axes, Ratio(paid, gone, sp.S.One), "at least 1")
    felt = a.let("felt", axes, Weighted(prob, steep), "at most 1")
    a.let("pull", axes, factor * (1 + gain * felt), "derivative by what is paid")
    bend = Weighted(prob, 2 - paid + (focus.power - 1) * felt)
    inverse = Ratio(sp.S.One, gone, sp.S.Zero)
    a.partials("pull", {paid: gain * factor * inverse * bend})
    a.let("lure", axes, (1 + gain) * (factor * prob), "of the polynomial term")
    slope = gain * (a.lure * prob * inverse) - a.lure
    a.partials("lure", {paid: unless(focus.amount, slope)})


@Vocabulary
def soft_focal_loss(P: Build, a: Rows, focus: Focus) -> None:
    """Name ``focal``, Σ ``wish`` times what a class costs, over all classes.

    That is ``balance`` (1 − p)^γ (−log p), and ε times (1 − p)^(γ + 1), times the class's weight. A
    class of weight 0 is none: its ``cost`` is 0, also where its log-softmax is infinite.
    """
    a.let("score", [ITEM, CLASS], a.lse - a.logits, "-log softmax")
    first = a.let("first", [ITEM], ArgMaxOver(a.logits, CLASS), "class of the largest logit")
    rest = a.let("rest", [ITEM], sp.Sum(at_class(first, sp.S.Zero, a.mass), CLASS))
    others = a.let("others", [ITEM, CLASS], at_class(first, rest, a.total - a.mass))
    _paid(a, focus, log1p(others / a.mass))
    gone = focus.weighing(others / a.total, -expm1(-a.paid))
    gone = a.let("gone", [ITEM, CLASS], gone, "1 - p")
    factor = a.let("factor", [ITEM, CLASS], Power(gone, focus.power), "modulator")
    a.let("rate", [ITEM, CLASS], Gate(factor, focus.attached) * a.paid)
    a.let("poly", [ITEM, CLASS], Gate(factor, focus.attached) * gone, "polynomial term")
    _focal_cost(a, focus)


def _paid(a: Rows, focus: Focus, inner: sp.Expr) -> None:
    """Name ``paid``, as `_cost`, and the factors of both terms, ``scale`` and ``side``."""
    weight = a["class_weight"][CLASS]
    paid = focus.weighing(a.score, Weighted(weight, inner))
    a.let("paid", [ITEM, CLASS], paid, "-log p^w or -log p")
    outer = focus.weighing(weight, sp.S.One)
    a.let("scale", [CLASS], outer * a.balance, "factor of a class")
    a.let("side", [CLASS], outer * focus.share(a.balance), "of its polynomial term")


def _focal_cost(a: Rows, focus: Focus) -> None:
    """Name ``cost``, what a class would have to pay, and ``focal``, what is paid."""
    more = unless(focus.amount, focus.amount * Weighted(a.side, a.poly))
    a.let("cost", [ITEM, CLASS], Weighted(a.scale, a.rate) + more, "weighted")
    a.let("focal", [ITEM], sp.Sum(Weighted(a.wish, a.cost), CLASS))


@soft_focal_loss.when_stable
def _(P: Build, a: Rows, focus: Focus) -> None:
    share = Quotient(sp.S.One, a.total)
    a.let("score", [ITEM, CLASS], a.grow - a.drop, "-log softmax, at least 0")
    _paid(a, focus, a.score)
    rival = a.let("rival", [ITEM, CLASS], at_class(a.first, a.rest, (1 - a.tail) + a.rest))
    a.let("miss", [ITEM, CLASS], Quotient(rival, a.total), "softmax of all but the class")
    a.partials("miss", {a.mass: -share, a.total: a.mass * share**2})
    chance = a.let("chance", [ITEM, CLASS], a.mass * share, "softmax")
    weight = a["class_weight"][CLASS]
    wide = TwoDiffError(a.grow, a.drop) - TwoDiffError(a.logits, a.top)
    _lost(a, [ITEM, CLASS], focus, TwoProdError(weight, a.score) + weight * wide)
    _pulls(a, [ITEM, CLASS], "paid", chance, focus)
    a.let("rate", [ITEM, CLASS], a.factor * a.paid)
    a.let("poly", [ITEM, CLASS], a.factor * a.gone, "polynomial term")
    a.partials("rate", {a.paid: a.pull})
    a.partials("poly", {a.paid: unless(focus.amount, a.lure)})
    _focal_cost(a, focus)
    drive = a.scale * a.pull + unless(focus.amount, focus.amount * (a.side * a.lure))
    inner = focus.weighing(sp.S.One, a["class_weight"][CLASS])
    heed = a.let("heed", [ITEM, CLASS], inner * a.wish * drive, "what a class asks")
    asked = _asked_elsewhere(a)
    a.partials("focal", {a.logits: asked * chance - heed * a.miss, a.wish: a.cost})


def _asked_elsewhere(a: Rows) -> sp.Expr:
    """Name and return ``asked``, in every class the sum of ``heed`` over all others.

    Without the class of the largest logit nothing cancels there, nor in any derivative. In another
    class what cancels is times p, and beside it stands the same times 1 − p, which is no smaller.
    """
    largest = a.let("largest", [ITEM], a["heed"][ITEM, a.first], "of the largest logit's class")
    a.let("minor", [ITEM, CLASS], at_class(a.first, sp.S.Zero, a.heed))
    minors = a.let("minors", [ITEM], sp.Sum(a.minor, CLASS), "sum over all other classes")
    more = (largest - a.heed) + minors
    return a.let("asked", [ITEM, CLASS], at_class(a.first, minors, more), "of all other classes")
