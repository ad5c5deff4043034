"""Backward passes of published layers that are not the derivative of their forward pass.

A layer's own backward pass is a linear function of its inputs, whose coefficients are held
constant: its derivative is the published one, and its value is never asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import Ratio, Stop
from refloss.symbolic.vocabulary.heads import ITEM, PART, ZERO, Divisor, Heads

__all__ = ["Slope", "normalised"]


@dataclass(frozen=True)
class Slope:
    """A target's logit beside its cosine, one a row.

    Attributes
    ----------
    cosine, value, slope : sympy.Expr
        The cosine, the logit, and the logit's derivative by the cosine.
    amount : sympy.Expr
        How many times the cosine counts beside the logit.
    """

    cosine: sp.Expr
    value: sp.Expr
    slope: sp.Expr
    amount: sp.Expr


@Vocabulary
def _apart(P: Build, a: Heads, of_weight: Divisor) -> None:
    """Name ``own_way``, the target's class divided, and ``meeting``, its product with ``unit``.

    The derivative of the product is by the class alone.
    """
    a.let("own_way", [ITEM, PART], a["way"][a.target, PART], "the target's class, divided")
    a.let("meeting", [ITEM], sp.Sum(Stop(a.unit) * a.own_way, PART), "of both")


@_apart.when_stable
def _(P: Build, a: Heads, of_weight: Divisor) -> None:
    way, length = a["way"][a.target, PART], a["weight_length"][a.target]
    divided = of_weight.unless_kept(way, Ratio(way, length, ZERO))
    a.let("own_way", [ITEM, PART], divided, "the target's class, divided")
    met = a.let("met", [ITEM], sp.Sum(Stop(a.unit) * way, PART))
    a.let("meeting", [ITEM], of_weight.unless_kept(met, Ratio(met, length, ZERO)), "of both")


def normalised(P: Build, a: Heads, of_weight: Divisor, logit: Slope) -> sp.Expr:
    """Return what has the derivatives that the layer of SphereFace for Caffe computes.

    Of ``|x| psi(c)`` the derivative by the embedding is ``a W/|W| + b x`` with ``a = psi'`` and
    ``b = (psi - c psi')/|x|``. The layer divides it by ``sqrt(a^2 + b^2)``, but for the share of
    the cosine; and by the class it returns the embedding.
    """
    part = 1 / (1 + logit.amount)
    along = a.let("along_class", [ITEM], logit.slope, "coefficient of the class")
    rest = Ratio(logit.value - logit.cosine * logit.slope, a.reach, ZERO)
    rest = a.let("along_x", [ITEM], rest, "coefficient of the embedding")
    norm = a.let("coefficients", [ITEM], sp.sqrt(along**2 + rest**2), "their norm")
    along = a.let("to_class", [ITEM], part * (logit.amount + Ratio(along, norm, ZERO)))
    rest = a.let("to_x", [ITEM], part * Ratio(rest, norm, ZERO))
    _apart(P, a, of_weight)
    a.let("backward", [ITEM, PART], along * a.own_way + rest * a.unit, "by the embedding")
    pulled = sp.Sum(a.unit * Stop(a.backward), PART)
    return a.let("pulled", [ITEM], pulled + a.meeting, "has the layer's derivatives")
