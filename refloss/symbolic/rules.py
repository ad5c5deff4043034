"""Stabilising rewrites as data: ``lhs = rhs`` on a domain, with the proof that is run as a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from refloss.symbolic.functions import to_exact

Method = Literal["identity", "constant"]


@dataclass(frozen=True)
class Rule:
    """An equality that a stable body or an accurate derivative form relies on.

    Attributes
    ----------
    name : str
        What the rule is called in text and test ids.
    lhs, rhs : sympy.Expr
        The textbook form and the form that keeps its digits.
    why : str
        What the right-hand side gains.
    cases : tuple of mappings
        Substitutions that cover the domain, one a branch; symbols left free are positive or real
        as declared. Empty: one case, no substitution.
    method : {"identity", "constant"}
        ``identity`` simplifies ``lhs − rhs`` to 0 in every case. ``constant`` proves that all
        derivatives of ``lhs − rhs`` vanish, and that it is 0 at `anchor`; the domain of each case
        must be connected.
    anchor : mapping
        The point of the ``constant`` method.
    """

    name: str
    lhs: sp.Expr
    rhs: sp.Expr
    why: str
    cases: tuple[Mapping[sp.Expr, sp.Expr], ...] = ({},)
    method: Method = "identity"
    anchor: Mapping[sp.Expr, sp.Expr] | None = None


def prove(rule: Rule) -> None:
    """Prove `rule` symbolically, case by case.

    Raises
    ------
    AssertionError
        Names the rule, the case and what is left of the difference.
    """
    for number, case in enumerate(rule.cases):
        difference = (to_exact(rule.lhs) - to_exact(rule.rhs)).subs(dict(case)).doit()
        for left in _obligations(rule, difference):
            if left != 0:
                raise AssertionError(f"rule {rule.name!r}, case {number} {dict(case)}: {left} ≠ 0")


def _obligations(rule: Rule, difference: sp.Expr) -> list[sp.Expr]:
    if rule.method == "identity":
        return [_simplest(difference)]
    slopes = [_simplest(sp.diff(difference, s)) for s in _symbols(difference)]
    return [*slopes, _simplest(difference.subs(dict(rule.anchor or {})))]


def _simplest(expr: sp.Expr) -> sp.Expr:
    """Return 0 where `expr` is found to vanish, the cheapest way first; else what is left."""
    expr = sp.piecewise_fold(expr) if expr.has(sp.Piecewise) else expr
    for attempt in (sp.together, sp.expand, sp.simplify):
        expr = attempt(expr)
        if sp.expand(sp.numer(sp.together(expr))) == 0:
            return sp.S.Zero
    return expr


def _symbols(expr: sp.Expr) -> list[sp.Symbol]:
    return sorted(expr.free_symbols, key=sp.default_sort_key)
