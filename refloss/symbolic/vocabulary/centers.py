"""Vectors and the centre of their class: squared distances with a factor, and what clips them.

`RULES` proves the derivative form equal to the derived one.
"""

from __future__ import annotations

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.program import Tensor
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.pairs import ITEM, PART

__all__ = ["ITEM", "PART", "RULES", "clipped", "spread"]

_f, _x = sp.symbols("factor x", real=True)

RULES = (
    Rule(
        "a factor goes into a square",
        _f * _x**2,
        (_f * _x) * _x,
        "a square may leave the range where half of it does not",
    ),
    Rule(
        "derivative of a square with a factor",
        sp.diff(_f * _x**2, _x),
        2 * (_f * _x),
        "one product, which the value has already",
    ),
)


@Vocabulary
def spread(P: Build, first: sp.Indexed, second: sp.Indexed, factor: sp.Expr) -> Tensor:
    """Name and return ``cost``, `factor` times the squared distance of two vectors."""
    delta = P.let("delta", [ITEM, PART], first - second, "differences").here
    return P.let("cost", [ITEM], sp.Sum(factor * delta**2, PART), "squared distance")


@spread.when_stable
def _(P: Build, first: sp.Indexed, second: sp.Indexed, factor: sp.Expr) -> Tensor:
    delta = P.let("delta", [ITEM, PART], first - second, "differences").here
    part = P.let("part", [ITEM, PART], factor * delta).here
    cost = P.let("cost", [ITEM], sp.Sum(part * delta, PART), "squared distance")
    return P.partials(cost, {delta: 2 * part})


def clipped(P: Build, cost: Tensor, clip: sp.Expr, low: sp.Expr, high: sp.Expr) -> Tensor:
    """Name and return ``held``, the cost from `low` to `high` where `clip` is 1."""
    within = sp.Min(sp.Max(cost.here, low), high)
    each = sp.Piecewise((cost.here, sp.Eq(clip, 0)), (within, True))
    return P.let("held", [ITEM], each, "clipped where that is the convention")
