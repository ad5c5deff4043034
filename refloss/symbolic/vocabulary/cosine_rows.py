"""Rows of cosines of which the target's is replaced: a head whose cosines are given.

What stands in the place of the target's cosine is a function of that one alone, written into
`Elements`, whose vocabulary is that of logits of single cosines. The softmax is that of the rows,
see `refloss.symbolic.vocabulary.rows`, of the differences between cosines times the scale.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from refloss.symbolic.build import Build
from refloss.symbolic.functions import MaxNumber, TwoDiffError, TwoProdError, Weighted
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary import angles
from refloss.symbolic.vocabulary import rows as row
from refloss.symbolic.vocabulary.angles import Pair
from refloss.symbolic.vocabulary.elements import Elements
from refloss.symbolic.vocabulary.rows import CLASS, ITEM, Rows, at_class

__all__ = ["RULES", "Psi", "scores", "softmax_loss"]

NONE = sp.Integer(2)
"""A limit that cuts no cosine."""

Psi = Callable[[Build, Elements, Pair], sp.Expr]
"""Names what becomes of the cosine ``kept``, and returns the logit."""


def scores(P: Build, a: Rows, psi: Psi, everywhere: sp.Expr) -> None:
    """Name ``logits``: the cosines, and for the target `psi` of its own.

    Parameters
    ----------
    P, a
        The program and its quantities: ``cosine`` and ``target``.
    psi : callable
        See `Psi`; its cosine is cut where it exceeds the constant ``limit``.
    everywhere : sympy.Expr
        1: the cosines of all classes are cut there; 0: the target's alone.
    """
    a.let("own", [ITEM], a["cosine"][ITEM, a.target], "cosine of the target")
    e = Elements(P, ITEM, {"cosine": a["own"]})
    limit = P.const("limit")
    most = Pair.of(P, "most", limit)
    angles.cut(e, "cosine", most)
    goal = e.let("goal", psi(P, e, most), "logit of the target, before the scale")
    _cut(a, Pair.of(P, "roof", NONE + everywhere * (limit - NONE)))
    a.let("logits", [ITEM, CLASS], at_class(a.target, goal, a.rival), "before the scale")


def _cut(a: Rows, roof: Pair) -> None:
    """Name ``rival``, the cosine of a class that is not the target; what is cut has no slope."""
    high = a.let("high", [ITEM, CLASS], roof.below(a.cosine))
    low = a.let("low", [ITEM, CLASS], roof.below(-a.cosine))
    under = a.let("roofed", [ITEM, CLASS], sp.Piecewise((roof.nearest, high > 0), (a.cosine, True)))
    inside = sp.Piecewise((-roof.nearest, low > 0), (under, True))
    a.let("rival", [ITEM, CLASS], inside, "cosine of another class, cut")


def softmax_loss(P: Build, a: Rows, scale: sp.Expr) -> None:
    """Name ``loss``: minus the logarithm of the target's softmax, times its class's weight."""
    row.amplify(a, scale)
    row.log_sum_exp(P, a)
    row.target_loss(P, a)
    a.let("loss", [ITEM], Weighted(a["class_weight"][a.target], a.nll))


_s = sp.Symbol("scale", positive=True)
_c, _top = sp.symbols("c c_top", real=True)
_apart = _c - _top

RULES = (
    Rule(
        "exponential of a scaled difference with its rounding errors",
        sp.exp(_s * _c - _s * _top),
        sp.exp(_s * _apart)
        * (1 + MaxNumber(_s * TwoDiffError(_c, _top) + TwoProdError(_s, _apart), -1)),
        "to first order in the roundoff; a scale of 64 makes 64 ulp of one of a cosine",
    ),
)
