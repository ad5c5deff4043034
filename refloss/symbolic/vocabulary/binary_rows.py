"""Images as rows of pixels with two classes: what each class counts, and what each pixel costs.

`refloss.symbolic.vocabulary.binary` has the rules of a pixel; `RULES` those of the counts.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import Gate, Ratio, Relu, Stop, Switch, Weighted
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.rows import CLASS, ITEM, Rows

__all__ = ["RULES", "balance", "balanced_loss", "pixel_losses"]

_n, _m, _w = sp.symbols("n m w", positive=True)
_h, _s = sp.symbols("hits misses", nonnegative=True)
_l = sp.Symbol("factor", positive=True)

RULES = (
    Rule(
        "share of the negatives by a pixel's target",
        sp.diff((_m - _w) / ((_n + _w) + (_m - _w)), _w),
        -1 / (_n + _m),
        "the number of pixels does not depend on what they are",
    ),
    Rule(
        "balanced loss by a pixel's target, through the counts",
        sp.diff(
            ((_m - _w) * _h + _l * (_n + _w) * _s) / (_n + _m),
            _w,
        ),
        (_l * _s - _h) / (_n + _m),
        "two sums that the value has already",
    ),
)


def balance(P: Build, a: Rows, factor: sp.Expr, attached: sp.Expr) -> None:
    """Name ``ahead`` and ``behind``, the weights of positives and negatives of an image.

    Parameters
    ----------
    P, a
        The program and its rows, with ``target`` and ``class_weight``, a weight for every pixel.
    factor : sympy.Expr
        What the weight of negatives is multiplied by.
    attached : sympy.Expr
        Whether the counts are differentiated.
    """
    w = a["class_weight"][CLASS]
    a.let("positives", [ITEM], sp.Sum(Weighted(w, a.target), CLASS))
    a.let("negatives", [ITEM], sp.Sum(Weighted(w, 1 - a.target), CLASS))
    whole = a.let("whole", [], sp.Sum(w, CLASS), "of the weights")
    a.let("beta", [ITEM], Ratio(a.negatives, whole, 0), "share of the negatives")
    a.let("alpha", [ITEM], Ratio(a.positives, whole, 0), "share of the positives")
    a.let("ahead", [ITEM], Gate(a.beta, attached), "weight of positives")
    a.let("behind", [ITEM], factor * Gate(a.alpha, attached), "weight of negatives")


@Vocabulary
def pixel_losses(P: Build, a: Rows) -> None:
    """Name ``hit`` and ``missed``: minus log p and minus log(1 - p) of every pixel."""
    top = a.let("top", [ITEM, CLASS], Stop(sp.Max(a.logits, 0)))
    mass = a.let("mass", [ITEM, CLASS], sp.exp(-top) + sp.exp(a.logits - top))
    a.let("missed", [ITEM, CLASS], top + sp.log(mass), "softplus(x)")
    a.let("hit", [ITEM, CLASS], (top - a.logits) + sp.log(mass), "softplus(-x)")


@pixel_losses.when_stable
def _(P: Build, a: Rows) -> None:
    each = [ITEM, CLASS]
    left = a.let("left", each, sp.exp(-sp.Abs(a.logits)), "at most 1")
    tail = a.let("tail", each, log1p(left), "of softplus, on both sides")
    a.let("missed", each, Relu(a.logits) + tail, "softplus(x)")
    a.let("hit", each, Relu(-a.logits) + tail, "softplus(-x)")
    share = a.let("share", each, 1 / (1 + left), "at least 1/2")
    a.let("rise", each, sp.Piecewise((share, a.logits >= 0), (left * share, True)), "sigmoid(x)")
    a.let("fall", each, sp.Piecewise((left * share, a.logits >= 0), (share, True)), "sigmoid(-x)")
    a.partials("rise", {a.logits: a.rise * a.fall})
    a.partials("fall", {a.logits: -a.rise * a.fall})
    a.partials("missed", {a.logits: a.rise})
    a.partials("hit", {a.logits: -a.fall})


@Vocabulary
def balanced_loss(P: Build, a: Rows, factor: sp.Expr, attached: sp.Expr) -> None:
    """Name ``loss``: both classes' sums over an image, each with its weight."""
    w = a["class_weight"][CLASS]
    a.let("hits", [ITEM], sp.Sum(Weighted(w, Weighted(a.target, a.hit)), CLASS))
    a.let("misses", [ITEM], sp.Sum(Weighted(w, Weighted(1 - a.target, a.missed)), CLASS))
    a.let("loss", [ITEM], Weighted(a.ahead, a.hits) + Weighted(a.behind, a.misses))


@balanced_loss.when_stable
def _(P: Build, a: Rows, factor: sp.Expr, attached: sp.Expr) -> None:
    balanced_loss.plain(P, a, factor, attached)
    w = a["class_weight"][CLASS]
    by_logits = w * (a.behind * (1 - a.target) * a.rise - a.ahead * a.target * a.fall)
    counted = a.let("counted", [ITEM], factor * a.misses - a.hits, "through the counts")
    own = w * (a.ahead * a.hit - a.behind * a.missed)
    through = Switch(attached) * w * Ratio(counted, a.whole, 0)
    a.partials("loss", {a.logits: by_logits, a.target: own + through})
