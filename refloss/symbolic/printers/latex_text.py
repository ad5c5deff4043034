"""Programs as LaTeX: one aligned line a statement."""

from __future__ import annotations

import sympy as sp
from sympy.printing.latex import LatexPrinter

from refloss.symbolic import functions as fn
from refloss.symbolic.program import Let, Program, indexed

_REDUCE = {
    "sum": r"\sum",
    "max": r"\max",
    "argmax": r"\operatorname{argmax}",
    "logsumexp": r"\operatorname{logsumexp}",
    "norm": r"\operatorname{norm}",
}


class _Latex(LatexPrinter):
    """LaTeX of the primitives."""

    def _print_Stop(self, expr: fn.Stop) -> str:
        return rf"\operatorname{{stop}}\left({self._print(expr.args[0])}\right)"

    def _print_Gate(self, expr: fn.Gate) -> str:
        value, gate = map(self._print, expr.args)
        return rf"\operatorname{{gate}}_{{{gate}}}\left({value}\right)"

    def _print_StraightThrough(self, expr: fn.StraightThrough) -> str:
        value, other, gate = map(self._print, expr.args)
        return rf"\operatorname{{straight}}_{{{gate}}}\left({value};\, {other}\right)"

    def _print_Switch(self, expr: fn.Switch) -> str:
        return self._print(expr.args[0])

    def _print_Quotient(self, expr: fn.Quotient) -> str:
        return rf"\frac{{{self._print(expr.args[0])}}}{{{self._print(expr.args[1])}}}"

    def _print_Step(self, expr: fn.Step) -> str:
        return rf"\left[{self._print(expr.args[0])} > 0\right]_{{{self._print(expr.args[1])}}}"

    def _print_Relu(self, expr: fn.Relu) -> str:
        return rf"\left({self._print(expr.args[0])}\right)_+"

    def _print_Ratio(self, expr: fn.Ratio) -> str:
        return rf"\frac{{{self._print(expr.args[0])}}}{{{self._print(expr.args[1])}}}"

    def _print_AspectAngle(self, expr: fn.AspectAngle) -> str:
        return rf"\arctan\frac{{{self._print(expr.args[0])}}}{{{self._print(expr.args[1])}}}"

    def _print_TwoSumError(self, expr: fn.TwoSumError) -> str:
        return rf"\delta\left({self._print(expr.args[0])} + {self._print(expr.args[1])}\right)"

    def _print_TwoDiffError(self, expr: fn.TwoDiffError) -> str:
        return rf"\delta\left({self._print(expr.args[0])} - {self._print(expr.args[1])}\right)"

    def _print_TwoProdError(self, expr: fn.TwoProdError) -> str:
        return rf"\delta\left({self._print(expr.args[0])} \cdot {self._print(expr.args[1])}\right)"

    def _print_Rest(self, expr: fn.Rest) -> str:
        return rf"\delta\left({self._print(expr.args[0])}\right)"

    def _print_Weighted(self, expr: fn.Weighted) -> str:
        weight, value = map(self._print, expr.args)
        return rf"{weight} \left({value}\right)"

    def _print_Power(self, expr: fn.Power) -> str:
        base, exponent = map(self._print, expr.args)
        return rf"\left({base}\right)^{{{exponent}}}"

    def _print_MaxNumber(self, expr: fn.MaxNumber) -> str:
        return rf"\max\left({self._print(expr.args[0])}, {self._print(expr.args[1])}\right)"


def formula(expr: sp.Expr, numbers: dict[sp.Symbol, sp.Expr] | None = None) -> str:
    """Return the LaTeX of a scalar expression; the axes that all reads share are left out."""
    names = {r: sp.Symbol(str(r.base), real=True) for r in indexed(expr) if _canonical(r)}
    expr = expr.xreplace(names).xreplace(numbers or {})
    return _Latex({"order": "none", "fold_short_frac": False}).doprint(expr)


def _canonical(read: sp.Indexed) -> bool:
    return len(read.indices) == 1 and isinstance(read.indices[0], (sp.Idx, sp.Integer))


def statement(let: Let, numbers: dict[sp.Symbol, sp.Expr] | None = None) -> str:
    """Return ``name &= formula`` for one statement."""
    target = let.target
    left = formula(target.here) if len(target.axes) <= 1 else _Latex().doprint(target.here)
    right = formula(let.expr, numbers)
    if let.reduce:
        bound = ", ".join(str(a) for a in let.over)
        right = rf"{_REDUCE[let.reduce]}_{{{bound}}} {right}"
    return f"{left} &= {right}"


def aligned(program: Program) -> str:
    """Return derived constants and every statement of a program as one ``aligned`` block."""
    numbers = dict(program.numbers)
    lines = [
        f"{_Latex().doprint(nearest)} &= {_Latex().doprint(value)}"
        for nearest, _, value in program.derived
        if nearest != value and any(let.expr.has(nearest) for let in program.lets)
    ]
    lines += [statement(let, numbers) for let in program.lets]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"
