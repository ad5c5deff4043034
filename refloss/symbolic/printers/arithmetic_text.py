"""Programs as text over an arithmetic ``F``: ball arithmetic, jets, float64 balls.

The text names no number type. Its elements support ``+ - * /``; all else is a method of ``F``, so
that one text serves every arithmetic that an oracle brings.
"""

from __future__ import annotations

import re

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic import functions as fn
from refloss.symbolic.printers.expressions import ExpressionText
from refloss.symbolic.program import Let, Program

_CALLS = {
    sp.exp: "exp",
    sp.log: "log",
    log1p: "log1p",
    sp.sqrt: "sqrt",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.atan: "atan",
    sp.atan2: "atan2",
    sp.Abs: "abs",
    fn.Stop: "stop",
    fn.Gate: "gate",
    fn.Step: "step",
    fn.Relu: "relu",
    fn.Ratio: "ratio",
    fn.AspectAngle: "aspect",
    fn.TwoSumError: "two_sum_error",
    fn.TwoDiffError: "two_diff_error",
    fn.TwoProdError: "two_prod_error",
}
_RELATIONS = {">": "gt", ">=": "ge", "<": "lt", "<=": "le", "==": "eq"}


class ArithmeticExpression(ExpressionText):
    """Scalar expressions over elements of an arithmetic ``F``."""

    def number(self, value: sp.Rational) -> str:
        """Return an integer, or an exact quotient."""
        return str(value.p) if value.q == 1 else f"F.rational({value.p}, {value.q})"

    def read(self, read: sp.Indexed) -> str:
        """Return the element's name; the statement runs once an item."""
        return str(read.base)

    def call(self, function: type, args: tuple[sp.Expr, ...]) -> str:
        """Return a method call of F."""
        return f"F.{_CALLS[function]}({', '.join(self(a) for a in args)})"

    def join(self, function: type, left: str, right: str) -> str:
        """Return F.max or F.min."""
        return f"F.{'max' if function is sp.Max else 'min'}({left}, {right})"

    def select(self, condition: sp.Basic, value: sp.Expr, other: str) -> str:
        """Return F.select."""
        return f"F.select({self(condition)}, {self(value)}, {other})"

    def relation(self, op: str, lhs: sp.Expr, rhs: sp.Expr) -> str:
        """Return a certain comparison."""
        return f"F.{_RELATIONS[op]}({self(lhs)}, {self(rhs)})"


def exact(value: sp.Expr) -> str:
    """Return a mathematical constant as arithmetic over F."""
    if value.is_Rational:
        return f"F.rational({value.p}, {value.q})"
    if value is sp.pi:
        return "F.pi()"
    if value.is_Mul:
        return "*".join(exact(f) for f in value.args)
    if value.is_Pow and value.exp.is_Integer:
        power = "*".join([exact(value.base)] * abs(int(value.exp)))
        return f"({power})" if value.exp > 0 else f"(F.rational(1, 1)/({power}))"
    raise TypeError(f"no exact text for the constant {value}")


def function(name: str, program: Program, doc: str) -> str:
    """Return the text of one function that runs an elementwise `program` over F.

    Raises
    ------
    ValueError
        When the program reduces over an axis: rows have texts of their own.
    """
    arguments = ["F", *(t.name for t in program.inputs), *(str(c) for c in program.consts)]
    lines = [f"def {name}({', '.join(arguments)}):", f'    """{doc}"""']
    body = [f"    {let.target.name} = {_statement(let)}" for let in program.lets]
    text = "\n".join(body)
    for symbol, value in program.numbers:
        if re.search(rf"\b{symbol}\b", text):
            lines.append(f"    {symbol} = {exact(value)}")
    return "\n".join([*lines, *body, f"    return {', '.join(program.outputs)}"]) + "\n"


def _statement(let: Let) -> str:
    if let.reduce:
        raise ValueError(f"{let.target.name!r} is a reduction; an elementwise text has none")
    return ArithmeticExpression()(let.expr)


def module(doc: str, functions: list[str]) -> str:
    """Return a module of `functions`; it imports nothing."""
    return f'"""{doc.strip()}\n"""\n\n\n' + "\n\n".join(functions)
