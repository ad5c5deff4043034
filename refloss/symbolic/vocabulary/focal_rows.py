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
from refloss.symbolic.functions import Gate, Power, Quotient, Ratio, Switch, Weighted
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.rows import ITEM, Rows, at_class

__all__ = ["RULES", "balance", "focal_loss"]

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
    for name, side, doc in (
        ("first_factor", on_first, "of rows of class 0"),
        ("other_factor", on_others, "of rows of any other class"),
    ):
        taken = sp.Piecewise((1 - amount, sp.Eq(side, 0)), (amount, True))
        a.let(name, [], taken, doc)
    factor = sp.Piecewise((a.first_factor, sp.Eq(a.target, 0)), (a.other_factor, True))
    return a.let("balance", [ITEM], factor, "alpha or 1 - alpha")


@Vocabulary
def focal_loss(P: Build, a: Rows, power: sp.Expr, attached: sp.Expr) -> None:
    """Name ``focal``, (1 − p)^`power` times ``nll``; `attached` 0 detaches the power."""
    chance = a.let("chance", [ITEM], a["mass"][ITEM, a.target] / a.total, "softmax of the target")
    factor = a.let("factor", [ITEM], Power(1 - chance, power), "modulator")
    a.let("focal", [ITEM], Gate(factor, attached) * a.nll)


@focal_loss.when_stable
def _(P: Build, a: Rows, power: sp.Expr, attached: sp.Expr) -> None:
    own = a["mass"][ITEM, a.target]
    chance = a.let("chance", [ITEM], Quotient(own, a.total), "softmax of the target")
    factor = a.let("factor", [ITEM], Power(a.miss, power), "modulator")
    a.let("focal", [ITEM], factor * a.nll)
    steep = a.let("steep", [ITEM], Ratio(a.nll, a.miss, sp.S.One), "at least 1")
    felt = a.let("felt", [ITEM], Weighted(chance, steep), "at most 1")
    gain = Switch(attached) * power
    pull = a.let("pull", [ITEM], factor * (1 + gain * felt), "derivative by -log softmax")
    bend = Weighted(chance, 2 - a.nll + (power - 1) * felt)
    a.partials("pull", {a.nll: gain * factor * Ratio(sp.S.One, a.miss, sp.S.Zero) * bend})
    share = Quotient(sp.S.One, a.total)
    slope = at_class(a.target, -pull * a.miss, pull * (a.mass * share))
    a.partials("focal", {a.logits: slope})
