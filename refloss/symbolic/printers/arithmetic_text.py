"""Programs as text over an arithmetic ``F``: ball arithmetic, jets, float64 balls.

The text names no number type. Its elements support ``+ - * /``; all else is a method of ``F``, so
that one text serves every arithmetic that an oracle brings.
"""

from __future__ import annotations

import re

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from refloss.symbolic import functions as fn
from refloss.symbolic.printers.expressions import ATOM, ExpressionText
from refloss.symbolic.program import Axis, Let, Program, axis, elementwise, is_scalar, size_of

_CALLS = {
    sp.exp: "exp",
    sp.log: "log",
    log1p: "log1p",
    expm1: "expm1",
    sp.sqrt: "sqrt",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.atan: "atan",
    sp.atan2: "atan2",
    sp.Abs: "abs",
    fn.Stop: "stop",
    fn.Gate: "gate",
    fn.StraightThrough: "straight_through",
    fn.Step: "step",
    fn.Relu: "relu",
    fn.Ratio: "ratio",
    fn.AspectAngle: "aspect",
    fn.TwoSumError: "two_sum_error",
    fn.TwoDiffError: "two_diff_error",
    fn.TwoProdError: "two_prod_error",
    fn.Weighted: "weighted",
    fn.Power: "raised",
    fn.MaxNumber: "max",
}
_REDUCTIONS = {"sum": "F.sum", "max": "F.largest", "argmax": "F.first_largest"}
_GREATEST = "F.greatest"
"""A maximum that has a derivative: ties of it are ties of the loss."""
_RELATIONS = {">": "gt", ">=": "ge", "<": "lt", "<=": "le", "==": "eq"}


class ArithmeticExpression(ExpressionText):
    """Scalar expressions over elements of an arithmetic ``F``.

    Parameters
    ----------
    item : Axis, optional
        The axis of items, one of which the text evaluates: it is left out of every read. Other
        axes index lists; labels are integers.
    """

    def __init__(self, item: Axis | None = None) -> None:
        self.item = item

    def number(self, value: sp.Rational) -> str:
        """Return an integer, or an exact quotient."""
        return str(value.p) if value.q == 1 else f"F.rational({value.p}, {value.q})"

    def _text(self, expr: sp.Expr) -> tuple[str, int]:
        return ("F.pi()", ATOM) if expr is sp.pi else super()._text(expr)

    def infinity(self) -> str:
        """Return infinity, an exact number."""
        return 'F.constant(float("inf"))'

    def read(self, read: sp.Indexed) -> str:
        """Return the element, one of a list where the read has an axis beside that of items."""
        if self.item is None or is_scalar(read):
            return str(read.base)
        inner = [i for i in read.indices if i != self.item]
        return str(read.base) + "".join(f"[{self(i)}]" for i in inner)

    def call(self, function: type, args: tuple[sp.Expr, ...]) -> str:
        """Return a method call of F."""
        return f"F.{_CALLS[function]}({', '.join(self(a) for a in args)})"

    def join(self, function: type, left: str, right: str) -> str:
        """Return F.max or F.min."""
        return f"F.{'max' if function is sp.Max else 'min'}({left}, {right})"

    def select(self, condition: sp.Basic, value: sp.Expr, other: str) -> str:
        """Return F.select, or Python's own choice where a class is compared with a label."""
        if isinstance(condition, sp.Eq) and condition.has(sp.Idx) and not _real(condition):
            lhs, rhs = (self(side) for side in condition.args)
            return f"({self(value)} if {lhs} == {rhs} else {other})"
        return f"F.select({self(condition)}, {self(value)}, {other})"

    def relation(self, op: str, lhs: sp.Expr, rhs: sp.Expr) -> str:
        """Return a certain comparison."""
        return f"F.{_RELATIONS[op]}({self(lhs)}, {self(rhs)})"


def _real(condition: sp.Basic) -> bool:
    """Return whether a comparison involves a real-valued read."""
    return any(not read.is_integer for read in condition.atoms(sp.Indexed))


def exact(value: sp.Expr) -> str:
    """Return a mathematical constant as arithmetic over F."""
    if value.is_Rational:
        return f"F.rational({value.p}, {value.q})"
    if value is sp.pi:
        return "F.pi()"
    if isinstance(value, sp.log):
        return f"F.log({exact(value.args[0])})"
    if isinstance(value, fn.Rest):
        return "F.rational(0, 1)"
    if value.is_Mul:
        return "*".join(exact(f) for f in value.args)
    if value.is_Add:
        return f"({' + '.join(exact(term) for term in value.args)})"
    if value.is_Pow and value.exp == sp.S.Half:
        return f"F.sqrt({exact(value.base)})"
    if value.is_Pow and value.exp.is_Integer:
        power = "*".join([exact(value.base)] * abs(int(value.exp)))
        return f"({power})" if value.exp > 0 else f"(F.rational(1, 1)/({power}))"
    raise TypeError(f"no exact text for the constant {value}")


def function(name: str, program: Program, doc: str, *, whole: bool = False) -> str:
    """Return the text of one function that runs `program` over F for one item, or for all.

    An elementwise program takes and returns elements. In any other, what has axes beside that of
    the output is a list (of lists), and a label is an integer. A `whole` program has the axis of
    items like any other: its losses are a list, and it may reduce over them.

    Raises
    ------
    ValueError
        When a statement reduces over items: the text sees one of them.
    """
    arguments = ["F", *(t.name for t in program.inputs), *(str(c) for c in program.consts)]
    lines = [f"def {name}({', '.join(arguments)}):", f'    """{doc}"""']
    item = _NONE if whole else None if elementwise(program) else _item(program)
    body = [f"    {let.target.name} = {_statement(let, item)}" for let in program.lets]
    text = "\n".join(body)
    for symbol, value in program.numbers:
        if re.search(rf"\b{symbol}\b", text):
            lines.append(f"    {symbol} = {exact(value)}")
    lines += _derived(program, text)
    for size, source in _sizes(program, item).items():
        if re.search(rf"\b{size}\b", text):
            lines.append(f"    {size} = len({source})")
    return "\n".join([*lines, *body, f"    return {', '.join(program.outputs)}"]) + "\n"


def _derived(program: Program, text: str) -> list[str]:
    """Return the exact values of derived constants that a text reads, whatever floats came."""
    lines = []
    for nearest, rest, value in program.derived:
        if nearest != value and re.search(rf"\b{nearest}\b", text):
            lines.append(f"    {nearest} = {ArithmeticExpression()(value)}  # exactly")
        if re.search(rf"\b{rest}\b", text):
            lines.append(f"    {rest} = F.rational(0, 1)")
    return lines


_NONE = axis("none", "none")
"""No axis of any program: where it stands for that of items, every axis is a list's."""


def _item(program: Program) -> Axis:
    """Return the axis of items: the first that an input has."""
    return program.inputs[0].axes[0]


def _sizes(program: Program, item: Axis | None) -> dict[str, str]:
    """Return, by name of a size, a list of an input whose length it is."""
    if item is None:
        return {}
    sizes: dict[str, str] = {}
    for tensor in program.inputs:
        inner = [a for a in tensor.axes if a != item]
        for depth, a in enumerate(inner):
            sizes.setdefault(str(size_of(a)), tensor.name + "[0]" * depth)
    return sizes


def _statement(let: Let, item: Axis | None) -> str:
    if (item is None and let.reduce) or item in let.over:
        raise ValueError(f"{let.target.name!r} reduces over items; the text sees one of them")
    text = ArithmeticExpression(item)(let.expr)
    if let.reduce:
        loops = " ".join(f"for {a} in range({size_of(a)})" for a in let.over)
        function = _GREATEST if let.reduce == "max" and let.partials else _REDUCTIONS[let.reduce]
        text = f"{function}([{text} {loops}])"
    for a in reversed([a for a in let.target.axes if a != item and item is not None]):
        text = f"[{text} for {a} in range({size_of(a)})]"
    return text


def module(doc: str, functions: list[str]) -> str:
    """Return a module of `functions`; it imports nothing."""
    return f'"""{doc.strip()}\n"""\n\n\n' + "\n\n".join(functions)
