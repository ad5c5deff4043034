"""Focal losses over rows of logits: a power of 1 - p before what a row costs.

As in `refloss.symbolic.vocabulary.rows`, every function writes the same quantities in two forms,
and `RULES` proves them equal. With L = -log p, p = e^-L and q = 1 - p, the loss q^γ L and both its
derivatives are functions of L alone:

    C  = d(q^γ L)/dL = q^γ (1 + γ p L/q)
    C' = dC/dL       = q^γ (γ p/q) (2 - L + (γ - 1) p L/q)

None of them is 0·∞ anywhere: L/q nears 1 as p does.
"""

from __future__ import annotations

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import ArgMaxOver, Gate, Power, Quotient, Ratio, Switch, Weighted
from refloss.symbolic.program import Axis
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.rows import CLASS, ITEM, Rows, at_class

__all__ = ["RULES", "balance", "class_balance", "focal_loss", "soft_focal_loss"]

_L, _g, _q = sp.symbols("L gamma q", positive=True)
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
)


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
    """Name ``scale``, the factor of a class's term: its weight, and α or 1 − α, as `balance`."""
    _factors(a, amount, on_first, on_others)
    factor = sp.Piecewise((a.first_factor, sp.Eq(CLASS, 0)), (a.other_factor, True))
    return a.let("scale", [CLASS], a["class_weight"][CLASS] * factor, "weight of a class")


def _factors(a: Rows, amount: sp.Expr, on_first: sp.Expr, on_others: sp.Expr) -> None:
    for name, side, doc in (
        ("first_factor", on_first, "of class 0"),
        ("other_factor", on_others, "of any other class"),
    ):
        a.let(name, [], sp.Piecewise((1 - amount, sp.Eq(side, 0)), (amount, True)), doc)


@Vocabulary
def focal_loss(P: Build, a: Rows, power: sp.Expr, attached: sp.Expr) -> None:
    """Name ``focal``, (1 − p)^`power` times ``nll``; `attached` 0 detaches the power."""
    others = a.let("others", [ITEM], sp.Sum(at_class(a.target, sp.S.Zero, a.mass), CLASS))
    gone = a.let("gone", [ITEM], others / a.total, "1 - p of the target")
    factor = a.let("factor", [ITEM], Power(gone, power), "modulator")
    a.let("focal", [ITEM], Gate(factor, attached) * a.nll)


@focal_loss.when_stable
def _(P: Build, a: Rows, power: sp.Expr, attached: sp.Expr) -> None:
    own = a["mass"][ITEM, a.target]
    chance = a.let("chance", [ITEM], Quotient(own, a.total), "softmax of the target")
    _pull(a, [ITEM], "nll", chance, power, attached)
    a.let("focal", [ITEM], a.factor * a.nll)
    share = Quotient(sp.S.One, a.total)
    slope = at_class(a.target, -a.pull * a.miss, a.pull * (a.mass * share))
    a.partials("focal", {a.logits: slope})


def _pull(
    a: Rows, axes: list[Axis], cost: str, chance: sp.Expr, power: sp.Expr, attached: sp.Expr
) -> None:
    """Name ``factor``, and ``pull``, the derivative of focal loss by `cost`, which is -log p."""
    factor = a.let("factor", axes, Power(a.miss, power), "modulator")
    paid = a[cost].here
    steep = a.let("steep", axes, Ratio(paid, a.miss, sp.S.One), "at least 1")
    felt = a.let("felt", axes, Weighted(chance, steep), "at most 1")
    gain = Switch(attached) * power
    a.let("pull", axes, factor * (1 + gain * felt), "derivative by -log softmax")
    bend = Weighted(chance, 2 - paid + (power - 1) * felt)
    a.partials("pull", {paid: gain * factor * Ratio(sp.S.One, a.miss, sp.S.Zero) * bend})


@Vocabulary
def soft_focal_loss(P: Build, a: Rows, power: sp.Expr, attached: sp.Expr) -> None:
    """Name ``focal``, Σ ``scale`` ``wish`` (1 − p)^`power` (−log p) over all classes.

    A class of weight 0 is none: its ``cost`` is 0, also where its log-softmax is infinite.
    """
    a.let("score", [ITEM, CLASS], a.lse - a.logits, "-log softmax")
    first = a.let("first", [ITEM], ArgMaxOver(a.logits, CLASS), "class of the largest logit")
    rest = a.let("rest", [ITEM], sp.Sum(at_class(first, sp.S.Zero, a.mass), CLASS))
    others = a.let("others", [ITEM, CLASS], at_class(first, rest, a.total - a.mass))
    gone = a.let("gone", [ITEM, CLASS], others / a.total, "1 - p")
    factor = a.let("factor", [ITEM, CLASS], Power(gone, power), "modulator")
    a.let("rate", [ITEM, CLASS], Gate(factor, attached) * a.score)
    _focal_cost(a)


def _focal_cost(a: Rows) -> None:
    """Name ``cost``, what a class would have to pay, and ``focal``, what is paid."""
    a.let("cost", [ITEM, CLASS], Weighted(a["scale"][CLASS], a.rate), "weighted")
    a.let("focal", [ITEM], sp.Sum(Weighted(a.wish, a.cost), CLASS))


@soft_focal_loss.when_stable
def _(P: Build, a: Rows, power: sp.Expr, attached: sp.Expr) -> None:
    share = Quotient(sp.S.One, a.total)
    a.let("score", [ITEM, CLASS], a.grow - a.drop, "-log softmax, at least 0")
    rival = a.let("rival", [ITEM, CLASS], at_class(a.first, a.rest, (1 - a.tail) + a.rest))
    a.let("miss", [ITEM, CLASS], Quotient(rival, a.total), "softmax of all but the class")
    a.partials("miss", {a.mass: -share, a.total: a.mass * share**2})
    chance = a.let("chance", [ITEM, CLASS], a.mass * share, "softmax")
    _pull(a, [ITEM, CLASS], "score", chance, power, attached)
    a.let("rate", [ITEM, CLASS], a.factor * a.score)
    a.partials("rate", {a.score: a.pull})
    _focal_cost(a)
    heed = a.let("heed", [ITEM, CLASS], a["scale"][CLASS] * a.wish * a.pull, "what a class asks")
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
