"""Scalar expressions as text: the seam that every target language fills in.

`ExpressionText` walks an expression and fixes what must not depend on the target: the order of
terms (positive, negative, then what has no index, so that ``1 - iou + eps`` keeps its digits),
parentheses, and small powers as products. A target language says how numbers, reads, calls and
selections look.
"""

from __future__ import annotations

import sympy as sp

from refloss.symbolic import functions as fn

ADD, MUL, UNARY, ATOM = 1, 2, 3, 4
_RELATIONS = {
    sp.StrictGreaterThan: ">",
    sp.GreaterThan: ">=",
    sp.StrictLessThan: "<",
    sp.LessThan: "<=",
    sp.Equality: "==",
    sp.Unequality: "!=",
}


class ExpressionText:
    """Print scalar expressions; subclasses give `number`, `read`, `call`, `select`, `relation`."""

    values: tuple[type, ...] = ()
    """Functions that are the value of their first argument, where the language has no word."""

    def __call__(self, expr: sp.Expr) -> str:
        """Return the text of `expr`."""
        return self.show(expr, ADD)

    # what a target language defines -------------------------------------------------------

    def number(self, value: sp.Rational) -> str:
        """Return the text of a rational literal."""
        raise NotImplementedError

    def infinity(self) -> str:
        """Return the text of positive infinity."""
        raise NotImplementedError

    def read(self, read: sp.Indexed) -> str:
        """Return the text of an indexed read."""
        raise NotImplementedError

    def call(self, function: type, args: tuple[sp.Expr, ...]) -> str:
        """Return the text of a function of scalars."""
        raise NotImplementedError

    def select(self, condition: sp.Basic, value: sp.Expr, other: str) -> str:
        """Return the text of ``value where condition else other``."""
        raise NotImplementedError

    def switched(self, switches: list[sp.Expr], product: sp.Expr) -> tuple[str, int]:
        """Return the text of a product with constants in {0, 1}, and how tightly it binds."""
        factors = [self.show(f.args[0], UNARY) for f in switches]
        return "*".join([*factors, self.show(product, UNARY)]), MUL

    def relation(self, op: str, lhs: sp.Expr, rhs: sp.Expr) -> str:
        """Return the text of a comparison."""
        return f"({self(lhs)} {op} {self(rhs)})"

    def both(self, conditions: list[str]) -> str:
        """Return the text of a conjunction."""
        return "(" + " & ".join(conditions) + ")"

    # what is the same in all of them ------------------------------------------------------

    def show(self, expr: sp.Expr, level: int) -> str:
        """Return the text of `expr`, in parentheses where `level` binds more tightly."""
        text, own = self._text(expr)
        return f"({text})" if own < level else text

    def _text(self, expr: sp.Expr) -> tuple[str, int]:
        if isinstance(expr, sp.Indexed):
            return self.read(expr), ATOM
        if isinstance(expr, sp.Idx):
            return self.index(expr), ATOM
        if expr.is_Symbol:
            return str(expr), ATOM
        if expr.is_Rational:
            return self.number(expr), ATOM if expr >= 0 else UNARY
        if expr is sp.oo or expr is -sp.oo:
            return (self.infinity(), ATOM) if expr is sp.oo else (f"-{self.infinity()}", UNARY)
        if expr.is_Add:
            return self._sum(expr), ADD
        if expr.is_Mul:
            return self._product(expr)
        if expr.is_Pow:
            return self._power(expr)
        if isinstance(expr, sp.Piecewise):
            return self._pieces(expr), ATOM
        if isinstance(expr, tuple(_RELATIONS)):
            return self.relation(_RELATIONS[type(expr)], expr.lhs, expr.rhs), ATOM
        if isinstance(expr, sp.And):
            conditions = sorted(expr.args, key=sp.default_sort_key)
            return self.both([self(c) for c in conditions]), ATOM
        if isinstance(expr, (sp.Max, sp.Min)):
            return self._fold(expr), ATOM
        if isinstance(expr, (fn.Switch, *self.values)):
            return self._text(expr.args[0])
        if isinstance(expr, fn.Quotient):
            return f"{self.show(expr.args[0], MUL)}/{self.show(expr.args[1], UNARY)}", MUL
        return self.call(type(expr), expr.args), ATOM

    def index(self, index: sp.Idx) -> str:
        """Return the text of an axis that is used as a value."""
        return str(index)

    def _sum(self, expr: sp.Add) -> str:
        text = ""
        for term in sorted(expr.args, key=_term_order):
            negative = term.could_extract_minus_sign()
            body = self.show(-term if negative else term, MUL)
            if text:
                text += f" - {body}" if negative else f" + {body}"
            else:
                text = f"-{body}" if negative else body
        return text

    def _product(self, expr: sp.Mul) -> tuple[str, int]:
        switches = [f for f in expr.args if isinstance(f, fn.Switch)]
        if switches:
            return self.switched(switches, sp.Mul(*(f for f in expr.args if f not in switches)))
        if expr.could_extract_minus_sign():
            return "-" + self.show(-expr, UNARY), UNARY
        above, below = [], []
        for factor in expr.args:
            inverse = factor.is_Pow and factor.exp.is_Rational and factor.exp < 0
            (below if inverse else above).append(1 / factor if inverse else factor)
        if above and above[0].is_Rational and above[0].q > 1 and _is_small(above[0].q):
            quotient = above.pop(0)
            below.insert(0, sp.Integer(quotient.q))
            if quotient.p != 1:
                above.insert(0, sp.Integer(quotient.p))
        text = "*".join(self.show(f, UNARY) for f in above) or self.number(sp.S.One)
        for factor in below:
            text += "/" + self.show(factor, UNARY)
        return text, MUL

    def _power(self, expr: sp.Pow) -> tuple[str, int]:
        base, exponent = expr.args
        if exponent.is_Integer and 2 <= exponent <= 4:
            return "*".join([self.show(base, UNARY)] * int(exponent)), MUL
        if exponent.is_Integer and exponent < 0:
            return f"{self.number(sp.S.One)}/{self.show(1 / expr, UNARY)}", MUL
        if exponent == sp.S.Half:
            return self.call(sp.sqrt, (base,)), ATOM
        if exponent == -sp.S.Half:
            return f"{self.number(sp.S.One)}/{self.call(sp.sqrt, (base,))}", MUL
        if exponent == sp.Rational(3, 2):
            return f"{self.show(base, UNARY)}*{self.call(sp.sqrt, (base,))}", MUL
        return self.call(sp.Pow, (base, exponent)), ATOM

    def _fold(self, expr: sp.Max | sp.Min) -> str:
        first, *rest = sorted(expr.args, key=sp.default_sort_key)
        text = self(first)
        for other in rest:
            text = self.join(type(expr), text, self(other))
        return text

    def join(self, function: type, left: str, right: str) -> str:
        """Return the text of a binary max or min of two texts."""
        raise NotImplementedError

    def _pieces(self, expr: sp.Piecewise) -> str:
        text = self(expr.args[-1][0])
        for value, condition in reversed(expr.args[:-1]):
            text = self.select(condition, value, text)
        return text


def _is_small(denominator: int) -> bool:
    """Return whether dividing by it reads better than multiplying: 3, 10, but not 2 or 4."""
    return denominator & (denominator - 1) != 0


def _term_order(term: sp.Expr) -> tuple:
    free = not term.has(sp.Indexed, sp.Idx) and bool(term.free_symbols)
    negative = term.could_extract_minus_sign()
    return (free, negative, not term.is_Number, sp.default_sort_key(term))
