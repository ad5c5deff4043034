"""Programs as CUDA C++ text: one named statement a line, for devices and for the host alike.

The text names no number type: ``real`` is float or double, chosen where it is compiled. What it
calls (``max_``, ``over_items``, ``Sum``, ...) is the prelude, which has a body for devices and one
for the host; a constant of the program is a macro, a number or an argument.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from refloss.symbolic import functions as fn
from refloss.symbolic.passes import idle
from refloss.symbolic.printers.expressions import ATOM, UNARY, ExpressionText
from refloss.symbolic.printers.numpy_text import nearest
from refloss.symbolic.program import Let, Program, Tensor, elementwise, is_scalar, size_of
from refloss.symbolic.row_schedule import row_schedule

_CALLS = {
    sp.exp: "exp_({0})",
    sp.log: "log_({0})",
    log1p: "log1p_({0})",
    expm1: "expm1_({0})",
    sp.sqrt: "sqrt_({0})",
    sp.sin: "sin_({0})",
    sp.cos: "cos_({0})",
    sp.atan: "atan_({0})",
    sp.atan2: "atan2_({0}, {1})",
    sp.Abs: "abs_({0})",
    fn.Step: "step_({0}, {1})",
    fn.Relu: "above_({0}, real(0))",
    fn.Ratio: "ratio_({0}, {1}, {2})",
    fn.AspectAngle: "atan2_({0}, {1})",
    fn.TwoSumError: "two_sum_error({0}, {1})",
    fn.TwoDiffError: "two_diff_error({0}, {1})",
    fn.TwoProdError: "two_prod_error({0}, {1})",
    fn.Weighted: "weighted_({0}, {1})",
    fn.Power: "power_({0}, {1})",
    fn.MaxNumber: "max_number_({0}, {1})",
}


def module(doc: str, programs: Mapping[str, Program], groups: Mapping[str, Sequence[str]]) -> str:
    """Return the text of one file: what it is, constants, one kernel a program.

    Parameters
    ----------
    doc : str
        What stands above.
    programs : mapping of str to Program
        By the kernel's name.
    groups : mapping of str to sequence of str
        Arrays and their columns.
    """
    kernels = [
        _elementwise(name, program, groups)
        if elementwise(program)
        else _RowText(program).kernel(name)
        for name, program in programs.items()
    ]
    body = "\n".join(kernels)
    head = [comment(doc), numbers(list(programs.values()), body)]
    return "\n".join([*(part for part in head if part), body])


def _kernel_of(name: str, program: Program, groups: Mapping[str, Sequence[str]]) -> str:
    if elementwise(program):
        return _elementwise(name, program, groups)
    return _RowText(program).kernel(name)


def signature(
    program: Program, groups: Mapping[str, Sequence[str]]
) -> dict[str, list[tuple[str, str]]]:
    """Return the arrays of a kernel in the order of its parameters, and what each holds.

    Returns
    -------
    dict
        ``"inputs"`` and ``"outputs"``: names, each with its axes (``"bc"``), with how many columns
        it has (``"4"``), or with ``"label"``.
    """
    if elementwise(program):
        inputs = arrays([t.name for t in program.inputs], groups)
        outputs = arrays(program.outputs, groups)
        return {
            "inputs": [(name, str(len(columns))) for name, columns in inputs.items()],
            "outputs": [(name, str(len(columns))) for name, columns in outputs.items()],
        }
    results = [program.tensor(name) for name in program.outputs]
    letters = _letters(program)
    return {
        "inputs": [(t.name, "label" if t.label else _axes(t, letters)) for t in program.inputs],
        "outputs": [(t.name, _axes(t, letters)) for t in results],
    }


def _letters(program: Program) -> dict[str, str]:
    """Return what an axis is called among kinds of arrays: that behind the items is ``c``."""
    found = {str(a) for tensor in program.inputs for a in tensor.axes}
    return {"d": "c"} if found == {"b", "d"} else {}


def _axes(tensor: Tensor, letters: Mapping[str, str]) -> str:
    return "".join(letters.get(str(a), str(a)) for a in tensor.axes)


class CudaExpression(ExpressionText):
    """Scalar expressions over one item, or over one item and class.

    Parameters
    ----------
    inputs : collection of str
        Tensors that lie in memory: they are read at their indices, others by name.
    """

    values = (fn.Stop, fn.Gate, fn.StraightThrough)

    def __init__(self, inputs: Sequence[str] = ()) -> None:
        self.inputs = frozenset(inputs)

    def number(self, value: sp.Rational) -> str:
        """Return a literal of type ``real``: an integer of 64 bits, or exact in binary."""
        if value.is_Integer and abs(value.p) < 1 << 63:
            return f"real({value.p})"
        if value.q & (value.q - 1):
            return f"(real({value.p})/real({value.q}))"
        return f"real({float(value)!r})"

    def infinity(self) -> str:
        """Return the prelude's name of infinity."""
        return "INFINITE"

    def read(self, read: sp.Indexed) -> str:
        """Return the name of a value, or the element of what lies in memory."""
        name = str(read.base)
        if name not in self.inputs or is_scalar(read):
            return name
        return f"{given(name)}({', '.join(self(i) for i in read.indices)})"

    def call(self, function: type, args: tuple[sp.Expr, ...]) -> str:
        """Return a call of the prelude or of an elementary function."""
        return _CALLS[function].format(*(self(a) for a in args))

    def _fold(self, expr: sp.Max | sp.Min) -> str:
        """Return a fold of values, then of bounds: numbers and constants, which are never NaN."""
        bounds = [a for a in expr.args if a.is_number or a.is_Symbol]
        values = [a for a in expr.args if a not in bounds]
        if not bounds or not values:
            return super()._fold(expr)
        text = super()._fold(expr.func(*values)) if len(values) > 1 else self(values[0])
        bounded = "above_" if isinstance(expr, sp.Max) else "below_"
        for bound in sorted(bounds, key=sp.default_sort_key):
            text = f"{bounded}({text}, {self(bound)})"
        return text

    def join(self, function: type, left: str, right: str) -> str:
        """Return the larger or smaller of two; NaN if either is."""
        return f"{'max_' if function is sp.Max else 'min_'}({left}, {right})"

    def select(self, condition: sp.Basic, value: sp.Expr, other: str) -> str:
        """Return a choice."""
        return f"({self(condition)} ? {self(value)} : {other})"

    def both(self, conditions: list[str]) -> str:
        """Return a conjunction."""
        return "(" + " && ".join(conditions) + ")"

    def relation(self, op: str, lhs: sp.Expr, rhs: sp.Expr) -> str:
        """Return a comparison."""
        return f"({self.show(lhs, UNARY)} {op} {self.show(rhs, UNARY)})"

    def switched(self, switches: list[sp.Expr], product: sp.Expr) -> tuple[str, int]:
        """Return a selection: nothing behind a closed gate is multiplied by 0."""
        closed = " || ".join(f"{s.args[0]} == real(0)" for s in switches)
        return f"({closed} ? real(0) : {self(product)})", ATOM

    def _text(self, expr: sp.Expr) -> tuple[str, int]:
        if expr.is_Symbol and not isinstance(expr, sp.Idx) and expr.is_integer:
            return f"real({expr})", ATOM  # a size: never divide integers
        return super()._text(expr)


def comment(text: str) -> str:
    """Return `text` as line comments."""
    return "\n".join(f"// {line}".rstrip() for line in text.strip().splitlines()) + "\n"


def numbers(programs: Sequence[Program], body: str) -> str:
    """Return the mathematical constants that `body` names, correctly rounded to either format."""
    values = {str(s): v for p in programs for s, v in p.numbers}
    return "".join(
        f"NUMBER({name}, {nearest(value).hex()}, {single(value)})  // {value}\n"
        for name, value in values.items()
        if re.search(rf"\b{name}\b", body)
    )


def single(value: sp.Expr) -> str:
    """Return the float32 nearest to a real constant as a literal, from 60 digits."""
    return f"{_single(value).hex()}f"


def _single(value: sp.Expr) -> float:
    if isinstance(value, fn.Rest):
        value = value.args[0] - sp.Rational(_single(value.args[0]))
    exponent = int(sp.floor(sp.log(sp.Abs(value), 2))) + 1
    whole = sp.floor(sp.N(value, 60) * sp.Integer(2) ** (24 - exponent) + sp.S.Half)
    return float(whole * sp.Integer(2) ** (exponent - 24))


def _elementwise(name: str, program: Program, groups: Mapping[str, Sequence[str]]) -> str:
    """Return the kernel of an elementwise program: each input read once, each output written once.

    Its parameters are the number of items, arrays of inputs, then of outputs, constants.
    """
    write = CudaExpression()
    inputs = arrays([t.name for t in program.inputs], groups)
    outputs = arrays(program.outputs, groups)
    body = [
        f"        const real {let.target.name} = {write(let.expr)};{_note(let)}"
        for let in program.lets
    ]
    loads, stores = [], []
    for array, columns in inputs.items():
        declared = ", ".join(columns)
        loads += [f"        real {declared};", f"        {given(array)}.load(i, {declared});"]
    for array, columns in outputs.items():
        stores.append(f"        {taken(array)}.store(i, {', '.join(columns)});")
    body = ["    over_items(items, [&](size i) {", *loads, *body, *stores, "    });"]
    return _kernel(name, program, ["items"], list(inputs), list(outputs), body)


def _kernel(
    name: str,
    program: Program,
    sizes: Sequence[str],
    inputs: Sequence[str],
    outputs: Sequence[str],
    body: Sequence[str],
) -> str:
    """Return a kernel's text: its signature, 100 columns wide, and body."""
    parameters = {given(array): array for array in inputs}
    parameters |= {taken(array): array for array in outputs}
    _unambiguous(program, parameters)
    listed = [
        *(f"size {size}" for size in sizes),
        *(f"ARRAY({array}) {parameter}" for parameter, array in parameters.items()),
        "CONSTANTS",
    ]
    head = textwrap.wrap(", ".join(listed), 96, initial_indent="    ", subsequent_indent="    ")
    return "\n".join([f"KERNEL {name}(", *head[:-1], head[-1] + ") {", *body, "}"]) + "\n"


class _RowText:
    """The kernel of a program over items and classes, a group of threads a row.

    Its parameters are the numbers of items and classes, arrays of inputs, then of outputs,
    constants. A row whose label is to be ignored is cleared; one whose class does not exist is NaN.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.plan = row_schedule(program)
        self.idle = idle(program)
        item = self.plan.item
        self.row_inputs = [t for t in program.inputs if t.axes == (item,)]
        rest = [t.name for t in program.inputs if t not in self.row_inputs]
        self.write = CudaExpression(rest)
        self.item, self.inner = str(item), str(self.plan.inner)
        self.sizes = [str(size_of(a)) for a in (item, self.plan.inner)]

    def kernel(self, name: str) -> str:
        """Return the text."""
        body = [line for let, terms in self.plan.whole for line in self._whole(let, terms)]
        body += [f"    over_rows({self.sizes[0]}, [&](size {self.item}) {{"]
        body += [f"        {line}" for line in self._row()]
        inputs = [t.name for t in self.program.inputs]
        outputs = list(self.program.outputs)
        return _kernel(name, self.program, self.sizes, inputs, outputs, [*body, "    });"])

    def _whole(self, let: Let, terms: Sequence[Let]) -> list[str]:
        if not let.reduce:
            return [f"    {self._statement(let)}"]
        return [f"    {line}" for line in self._run(terms, [let], ())]

    def _row(self) -> Iterator[str]:
        yield from self._without_class()
        for tensor in self.row_inputs:
            kind = "int" if tensor.label else "real"
            yield f"const {kind} {tensor.name} = {given(tensor.name)}({self.item});"
        known: set[str] = set()
        for one in self.plan.passes:
            yield from map(self._statement, one.before)
            yield from self._run(one.terms, one.reductions, one.stores, known)
            known |= {let.target.name for let in one.terms}
        yield from map(self._statement, self.plan.after)
        for output in self._outputs(full=False):
            yield f"if (leads()) {taken(output)}.store({self.item}, {output});"

    def _outputs(self, *, full: bool) -> list[str]:
        tensors = [self.program.tensor(name) for name in self.program.outputs]
        return [t.name for t in tensors if (self.plan.inner in t.axes) == full]

    def _without_class(self) -> Iterator[str]:
        for label in (t for t in self.row_inputs if t.label):
            held, item = given(label.name), self.item
            yield f"if ({held}.missing({item}, {self.sizes[1]})) {{"
            for output in self._outputs(full=False):
                yield f"    if (leads()) {taken(output)}.store({item}, {held}.filler({item}));"
            for output in self._outputs(full=True):
                store = f"{taken(output)}.store({item}, {self.inner}, {held}.filler({item}));"
                yield f"    {self._loop()} {store} }});"
            yield "    return;"
            yield "}"

    def _loop(self) -> str:
        return f"over_classes({self.sizes[1]}, [&](int {self.inner}, int lane) {{"

    def _run(
        self,
        terms: Sequence[Let],
        reductions: Sequence[Let],
        stores: Sequence[str],
        known: Collection[str] = (),
    ) -> Iterator[str]:
        for let in reductions:
            yield f"{_FOLDS[let.reduce][0]} {_fold(let)};"
        if reductions or stores:
            yield self._loop()
            yield from (f"    {self._term(let, let.target.name in known)}" for let in terms)
            for let in reductions:
                yield f"    {self._guard(let)}{_fold(let)}.{self._fed(let)};"
            for output in stores:
                yield f"    {taken(output)}.store({self.item}, {self.inner}, {output});"
            yield "});"
        for let in reductions:
            kind, result = ("int", "place") if let.target.label else ("real", "result")
            yield f"const {kind} {let.target.name} = {_fold(let)}.{result}();{_note(let)}"

    def _guard(self, let: Let) -> str:
        """Return the condition under which anything reads a reduction."""
        switches = self.idle.get(let.target.name, ())
        open_ = " && ".join(f"{switch} != real(0)" for switch in switches)
        return f"if ({open_}) " if switches else ""

    def _fed(self, let: Let) -> str:
        verb = _FOLDS[let.reduce][1]
        more = f", {self.inner}" if let.reduce == "argmax" else ""
        return f"{verb}(lane, {self.write(let.expr)}{more})"

    def _term(self, let: Let, known: bool) -> str:
        """Return a statement over classes, which may wait in an output's row for later passes."""
        output = self.plan.held.get(let.target.name)
        if output is None:
            return self._statement(let)
        place = f"{taken(output)}.{'held' if known else 'hold'}({self.item}, {self.inner}"
        return f"const real {let.target.name} = {place}, {self.write(let.expr)});{_note(let)}"

    def _statement(self, let: Let) -> str:
        kind = "int" if let.target.label else "real"
        return f"const {kind} {let.target.name} = {self.write(let.expr)};{_note(let)}"


_FOLDS = {"sum": ("Sum", "add"), "max": ("Largest", "offer"), "argmax": ("First", "offer")}


def _fold(let: Let) -> str:
    return f"{let.target.name}_fold"


def arrays(names: Sequence[str], groups: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the arrays that hold the columns `names`: a group, its adjoint, or one column."""
    found: dict[str, tuple[str, ...]] = {}
    owner = {column: group for group, columns in groups.items() for column in columns}
    for name in names:
        stem = next((s for s in _SUFFIXES if name.endswith(s)), "")
        column = name.removesuffix(stem)
        array = owner[column] + stem if column in owner else name
        found[array] = (*found.get(array, ()), name)
    return found


_SUFFIXES = ("_bar_dot", "_bar", "_dot")


def _unambiguous(program: Program, arrays: Iterable[str]) -> None:
    """Require that no quantity has the name that an array gets in the text."""
    taken_names = {t.name for t in program.tensors()} & set(arrays)
    if taken_names:
        raise ValueError(
            f"program {program.name!r}: {', '.join(sorted(taken_names))} names an array in "
            "its CUDA text; expected another name"
        )


def given(array: str) -> str:
    """Return the name of an input array, which must differ from that of the value in it."""
    return f"{array}_in"


def taken(array: str) -> str:
    """Return the name of an output array, which must differ from that of the value in it."""
    return f"{array}_out"


def _note(let: Let) -> str:
    return f"  // {let.doc}" if let.doc else ""
