"""Programs as NumPy text: one named statement a line, importing numpy and math only."""

from __future__ import annotations

import re

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from refloss.symbolic import functions as fn
from refloss.symbolic.printers.expressions import ATOM, ExpressionText
from refloss.symbolic.program import Axis, Let, Program, is_scalar, size_of

HELPERS = {
    "ratio": '''\
def ratio(n, d, at0):
    """Return n/d, and at0 where d = 0."""
    zero = d == 0.0
    return np.where(zero, at0, n/np.where(zero, 1.0, d))
''',
    "weighted": '''\
def weighted(g, x):
    """Return g*x, and 0 where g = 0, whatever x."""
    return np.where(g == 0.0, 0.0, g*x)
''',
    "power": '''\
def power(x, g):
    """Return x**g for x >= 0; at 0 it is 1 where g = 0, and 0 for every other g."""
    zero = x == 0.0
    at0 = np.where(g == 0.0, 1.0, 0.0)
    base = np.where(zero, 1.0, x)
    return np.where(zero, at0, np.where(g == 2.0, base*base, np.power(base, g)))
''',
    "two_sum_error": '''\
def two_sum_error(a, b):
    """Return (a + b) - fl(a + b), exactly (Knuth)."""
    s = a + b
    t = s - a
    return (a - (s - t)) + (b - t)
''',
    "two_diff_error": '''\
def two_diff_error(a, b):
    """Return (a - b) - fl(a - b), exactly (Knuth)."""
    d = a - b
    t = d - a
    return (a - (d - t)) - (b + t)
''',
    "two_prod_error": '''\
def two_prod_error(a, b):
    """Return a*b - fl(a*b), exactly unless a product leaves the range (Dekker)."""
    p = a*b
    s = 134217729.0*a
    a_high = s - (s - a)
    a_low = a - a_high
    t = 134217729.0*b
    b_high = t - (t - b)
    b_low = b - b_high
    return ((a_high*b_high - p) + a_high*b_low + a_low*b_high) + a_low*b_low
''',
    "logsumexp": '''\
def logsumexp(x, axis):
    """Return log(sum(exp(x))) over an axis, shifted by the largest."""
    top = np.max(x, axis=axis, keepdims=True)
    shift = np.where(np.isinf(top), 0.0, top)
    return np.squeeze(shift, axis) + np.log(np.sum(np.exp(x - shift), axis=axis))
''',
    "scatter_add": '''\
def scatter_add(at, rows, size):
    """Return zeros of `size` rows with rows[i] added at row at[i]."""
    out = np.zeros((size, *np.shape(rows)[1:]))
    np.add.at(out, at, rows)
    return out
''',
}

_CALLS = {
    sp.exp: "np.exp({0})",
    sp.log: "np.log({0})",
    log1p: "np.log1p({0})",
    expm1: "np.expm1({0})",
    sp.sqrt: "np.sqrt({0})",
    sp.sin: "np.sin({0})",
    sp.cos: "np.cos({0})",
    sp.atan: "np.arctan({0})",
    sp.atan2: "np.arctan2({0}, {1})",
    sp.Abs: "np.abs({0})",
    sp.floor: "np.floor({0})",
    sp.Pow: "np.power({0}, {1})",
    fn.Step: "np.heaviside({0}, {1})",
    fn.Relu: "np.maximum({0}, 0.0)",
    fn.Ratio: "ratio({0}, {1}, {2})",
    fn.AspectAngle: "np.arctan2({0}, {1})",
    fn.TwoSumError: "two_sum_error({0}, {1})",
    fn.TwoDiffError: "two_diff_error({0}, {1})",
    fn.TwoProdError: "two_prod_error({0}, {1})",
    fn.Weighted: "weighted({0}, {1})",
    fn.Power: "power({0}, {1})",
    fn.MaxNumber: "np.fmax({0}, {1})",
}


_REDUCTIONS = {"norm": "np.linalg.norm", "logsumexp": "logsumexp"}


class NumpyExpression(ExpressionText):
    """Scalar expressions broadcast over the axes of a statement.

    Parameters
    ----------
    axes : tuple of Axis
        Axes of the statement, those of its target before the bound ones.
    """

    values = (fn.Stop, fn.Gate, fn.StraightThrough)

    def __init__(self, axes: tuple[Axis, ...]) -> None:
        self.axes = axes

    def number(self, value: sp.Rational) -> str:
        """Return a float literal; every literal is exact or divides exactly."""
        return repr(float(value))

    def infinity(self) -> str:
        """Return NumPy's name of infinity."""
        return "np.inf"

    def read(self, read: sp.Indexed) -> str:
        """Return the array, transposed and opened so that it broadcasts over the axes."""
        name, indices = str(read.base), read.indices
        if is_scalar(read):
            return name
        plain = all(isinstance(i, sp.Idx) for i in indices) and len(set(indices)) == len(indices)
        if not plain:
            return f"{name}[{', '.join(self.index(i) for i in indices)}]"
        order = sorted(indices, key=self.axes.index)
        if list(indices) != order:
            name = f"np.transpose({name}, {tuple(indices.index(o) for o in order)})"
        present = [a in indices for a in self.axes]
        while present and not present[0]:
            present = present[1:]
        if all(present):
            return name
        return f"{name}[{', '.join(':' if p else 'None' for p in present)}]"

    def index(self, index: sp.Expr) -> str:
        """Return an axis as an array of its positions, open over the axes behind it."""
        if not isinstance(index, sp.Idx):
            return str(int(index)) if index.is_Integer else self(index)
        behind = len(self.axes) - 1 - self.axes.index(index)
        text = f"np.arange({size_of(index)})"
        return f"{text}[:{', None' * behind}]" if behind else text

    def call(self, function: type, args: tuple[sp.Expr, ...]) -> str:
        """Return a ufunc or helper call."""
        return _CALLS[function].format(*(self(a) for a in args))

    def join(self, function: type, left: str, right: str) -> str:
        """Return np.maximum or np.minimum: both propagate NaN."""
        return f"np.{'maximum' if function is sp.Max else 'minimum'}({left}, {right})"

    def switched(self, switches: list[sp.Expr], product: sp.Expr) -> tuple[str, int]:
        """Return a selection: nothing behind a closed gate is multiplied by 0."""
        text = self(product)
        for switch in switches:
            text = f"np.where({switch.args[0]} == 0.0, 0.0, {text})"
        return text, ATOM

    def select(self, condition: sp.Basic, value: sp.Expr, other: str) -> str:
        """Return np.where."""
        return f"np.where({self(condition)}, {self(value)}, {other})"


def statement(let: Let) -> str:
    """Return the right-hand side of one statement."""
    axes = (*let.target.axes, *let.over)
    if let.reduce == "sum":
        for shape in (_scatter, _product):
            if (text := shape(let)) is not None:
                return text
    if not let.reduce:
        constant = not let.expr.has(sp.Indexed, sp.Idx)
        return NumpyExpression(axes)(let.expr) if constant else _filled(let.expr, axes)
    text = _filled(let.expr, axes)
    kept = len(let.target.axes)
    bound = tuple(range(kept, len(axes)))
    function = _REDUCTIONS.get(let.reduce, f"np.{let.reduce}")
    return f"{function}({text}, axis={bound[0] if len(bound) == 1 else bound})"


def _filled(expr: sp.Expr, axes: tuple[Axis, ...]) -> str:
    """Return the text of an expression as an array that has every axis, repeated if need be."""
    text = NumpyExpression(axes)(expr)
    if all(expr.has(axis) for axis in axes):
        return text
    sizes = ", ".join(str(size_of(axis)) for axis in axes)
    return f"np.broadcast_to({text}, ({sizes}{',' if len(axes) == 1 else ''}))"


def _product(let: Let) -> str | None:
    """Return a contraction of two matrices over one index as a BLAS product."""
    factors = sp.Mul.make_args(let.expr)
    if len(factors) != 2 or len(let.over) != 1 or len(let.target.axes) != 2:
        return None
    (row, column), (bound,) = let.target.axes, let.over
    for left, right in (factors, factors[::-1]):
        if not (isinstance(left, sp.Indexed) and isinstance(right, sp.Indexed)):
            return None
        if set(left.indices) == {row, bound} and set(right.indices) == {bound, column}:
            first = str(left.base) + ("" if left.indices[0] == row else ".T")
            second = str(right.base) + ("" if right.indices[0] == bound else ".T")
            return f"{first} @ {second}"
    return None


def _scatter(let: Let) -> str | None:
    """Return ``sum_b [k = y[b]] E[b, …]`` as rows of E added at the positions y."""
    if not let.target.axes or len(let.over) != 1:
        return None
    position, (bound,) = let.target.axes[0], let.over
    pieces = [f for f in sp.Mul.make_args(let.expr) if isinstance(f, sp.Piecewise)]
    if len(pieces) != 1 or len(pieces[0].args) != 2 or pieces[0].args[1][0] != 0:
        return None
    (value, condition), _ = pieces[0].args
    if not (isinstance(condition, sp.Eq) and position in condition.args):
        return None
    at = condition.rhs if condition.lhs == position else condition.lhs
    rows = sp.Mul(value, *(f for f in sp.Mul.make_args(let.expr) if f is not pieces[0]))
    if rows.has(position) or not at.has(bound):
        return None
    text = _filled(rows, (bound, *let.target.axes[1:]))
    return f"scatter_add({NumpyExpression((bound,))(at)}, {text}, {size_of(position)})"


def function(name: str, program: Program, doc: str = "", returns: str | None = None) -> str:
    """Return the text of one function that runs `program`.

    Arguments are the program's inputs, then its constants; `returns` replaces the tuple of
    outputs as the returned expression.
    """
    arguments = [t.name for t in program.inputs] + [str(c) for c in program.consts]
    lines = [f"def {name}({', '.join(arguments)}):"]
    lines += _docstring(doc)
    body = []
    for let in program.lets:
        note = f"  # {let.doc}" if let.doc else ""
        body.append(f"    {let.target.name} = {statement(let)}{note}")
    lines += _sizes(program, "\n".join(body)) + body
    lines.append(f"    return {returns or ', '.join(program.outputs)}")
    return "\n".join(lines) + "\n"


def _docstring(doc: str) -> list[str]:
    if not doc:
        return []
    first, *rest = doc.strip().splitlines()
    if not rest:
        return [f'    """{first}"""']
    return [f'    """{first}', *(f"    {line}".rstrip() for line in rest), '    """']


def _sizes(program: Program, body: str) -> list[str]:
    sizes: dict[str, str] = {}
    for tensor in program.inputs:
        for position, index in enumerate(tensor.axes):
            sizes.setdefault(str(size_of(index)), f"{tensor.name}.shape[{position}]")
    return [f"    {s} = {text}" for s, text in sizes.items() if re.search(rf"\b{s}\b", body)]


def module(doc: str, programs: list[Program], functions: list[str]) -> str:
    """Return a module: its docstring, constants, the helpers in use, then `functions`."""
    body = "\n\n".join(functions)
    numbers = {str(s): v for p in programs for s, v in p.numbers}
    constants = [
        f"{name.upper()} = {nearest(value)!r}  # {value}, correctly rounded"
        for name, value in numbers.items()
        if re.search(rf"\b{name}\b", body)
    ]
    for name in numbers:
        body = re.sub(rf"\b{name}\b", name.upper(), body)
    helpers = [text for name, text in HELPERS.items() if re.search(rf"(?<![\w.]){name}\(", body)]
    names = "".join(f'"{c}", ' for c in programs[0].consts).removesuffix(" ")
    head = [f'"""{doc.strip()}\n"""', "import numpy as np", *constants, f"CONSTANTS = ({names})"]
    return (
        "\n\n".join([*head[:2], "\n".join(head[2:])] if head[2:] else head)
        + "\n\n\n"
        + ("\n\n".join([*helpers, body]))
    )


def nearest(value: sp.Expr) -> float:
    """Return the float64 nearest to a real constant, from 60 digits."""
    if isinstance(value, fn.Rest):
        value = value.args[0] - sp.Rational(nearest(value.args[0]))
    return float(sp.N(value, 60))
