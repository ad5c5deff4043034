"""Programs over items and classes as text that visits the classes in parts.

A function of the text takes ``F``, which knows the array library, the format of matrices, how many
classes a part has and whether products are held from one visit to the next. What has an axis of
classes beside another is a matrix in that format; everything else is float64.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import sympy as sp

from refloss.symbolic import functions as fn
from refloss.symbolic.class_schedule import ClassSchedule, Visit, class_schedule, pin, pinned_factor
from refloss.symbolic.printers.expressions import ATOM
from refloss.symbolic.printers.numpy_text import NumpyExpression
from refloss.symbolic.program import (
    Axis,
    Let,
    Program,
    Tensor,
    indexed,
    name_of,
)

__all__ = ["function"]

PART = "_part"
_CALLS = {
    fn.Ratio: "F.ratio({0}, {1}, {2})",
    fn.Shared: "F.shared({0}, {1})",
    fn.Owned: "F.owned({0})",
}


def function(name: str, program: Program, classes: Axis, doc: str) -> str:
    """Return the text of one function that runs `program`, a part of `classes` at a time."""
    return _Writer(program, classes).text(name, doc)


class _Expression(NumpyExpression):
    """Scalar expressions over arrays, some of them parts of larger ones.

    Parameters
    ----------
    axes : tuple of Axis
        Axes of the statement in the order of all arrays.
    writer : _Writer
        Knows what is a part, and what is in which format.
    matrix : bool
        Whether the result is a matrix in the format of matrices.
    """

    def __init__(self, axes: tuple[Axis, ...], writer: _Writer, matrix: bool) -> None:
        super().__init__(axes)
        self.writer, self.matrix = writer, matrix

    def read(self, read: sp.Indexed) -> str:
        """Return the array or its part, opened so that it broadcasts."""
        text = super().read(read)
        name = str(read.base)
        local = self.writer.local(name, self.matrix)
        return local + text.removeprefix(name)

    def call(self, function: type, args: tuple[sp.Expr, ...]) -> str:
        """Return a ufunc or a method of F."""
        if function is fn.Scaled:
            vectors = [_Expression(self.axes, self.writer, False)(arg) for arg in args[1:]]
            return f"F.scaled({', '.join([self(args[0]), *vectors][: 2 + (args[2] != 1)])})"
        if function in _CALLS:
            return _CALLS[function].format(*(self(a) for a in args))
        return super().call(function, args)

    def select(self, condition: sp.Basic, value: sp.Expr, other: str) -> str:
        """Return a choice: of one class a row, by constants alone, or by elements."""
        label = pin(condition, self.writer.classes)
        if label is not None:
            there = _Expression(self._without_classes(), self.writer, False)(value)
            return f"F.pinned({_fresh(other)}, {self.writer.columns(label)}, {there})"
        if not condition.has(sp.Indexed, sp.Idx):
            return f"({self(value)} if {self(condition)} else {other})"
        return super().select(condition, value, other)

    def switched(self, switches: list[sp.Expr], product: sp.Expr) -> tuple[str, int]:
        """Return a selection: nothing behind a closed gate is multiplied by 0."""
        text = self(product)
        for switch in switches:
            text = f"(0.0 if {switch.args[0]} == 0.0 else {text})"
        return text, ATOM

    def _without_classes(self) -> tuple[Axis, ...]:
        return tuple(axis for axis in self.axes if axis != self.writer.classes)


def _fresh(text: str) -> str:
    """Return text whose array may be written to: a copy of what may be another name's."""
    scaled = re.match(r"F\.scaled\((\w+),", text)
    if scaled:
        return f"F.fresh({text}, {scaled[1]})"
    named = re.fullmatch(r"[-\w.]+", text) is not None or " if " in text
    return f"F.fresh({text})" if named else text


class _Writer:
    """Writes one function."""

    def __init__(self, program: Program, classes: Axis) -> None:
        self.program, self.classes = program, classes
        self.schedule: ClassSchedule = class_schedule(program, classes)
        self.tensors = {t.name: t for t in program.inputs}
        for let in self._statements():
            self.tensors[let.target.name] = let.target
        self.order = self._order()
        self.of_classes = self._of_classes()
        self.inside = False
        self.inlined: dict[str, tuple[str, str]] = {}
        self.alone: set[str] = set()
        self.ahead: dict[str, str] = {}

    def text(self, name: str, doc: str) -> str:
        """Return the text of the function."""
        arguments = ["F", *(t.name for t in self.program.inputs), *map(str, self.program.consts)]
        lines = [f"def {name}({', '.join(arguments)}):", f'    """{doc}"""', "    np = F.np"]
        lines += [
            f"    {t.name} = F.wide({t.name})" for t in self.program.inputs if self._is_wide(t)
        ]
        total = len(self.schedule.visits)
        for number, visit in enumerate(self.schedule.visits):
            lines += [f"    {self._row_statement(let)}" for let in visit.before]
            lines += self._loop(number, total, visit)
        lines += [f"    {self._row_statement(let)}" for let in self.schedule.after]
        return "\n".join([*lines, f"    return {', '.join(self.program.outputs)}"]) + "\n"

    def local(self, name: str, matrix: bool) -> str:
        """Return what an array is called where it is read."""
        tensor = self.tensors[name]
        if not self.inside:
            return name
        full = self.classes in tensor.axes
        if full and any(t.name == name for t in self.program.inputs):
            return name + PART
        if not matrix or tensor.label or self._is_matrix(tensor):
            return name
        return f"F.real({name})"

    def columns(self, label: sp.Expr) -> str:
        """Return the name of where a label lies in the part at hand."""
        return f"{name_of(label)}_column"

    # --- what there is -------------------------------------------------------------------

    def _statements(self) -> list[Let]:
        found = [
            let
            for visit in self.schedule.visits
            for let in (*visit.before, *visit.terms, *visit.reductions)
        ]
        return [*found, *self.schedule.after]

    def _order(self) -> dict[Axis, int]:
        """Return the places of all axes, in which every input has them in its own order."""
        axes = {a for t in self.tensors.values() for a in t.axes}
        left = sorted(axes | {a for let in self._statements() for a in let.over}, key=str)
        rows = [list(t.axes) for t in self.program.inputs]
        found: dict[Axis, int] = {}
        while left:
            later = {a for row in rows for a in [a for a in row if a not in found][1:]}
            first = next(a for a in left if a not in later)
            found[first] = len(found)
            left.remove(first)
        return found

    def _is_wide(self, tensor: Tensor) -> bool:
        return not tensor.label and self.classes not in tensor.axes and bool(tensor.axes)

    def _is_matrix(self, tensor: Tensor) -> bool:
        """Return whether an array has an axis beside those of classes."""
        return self.classes in tensor.axes and not set(tensor.axes) <= self.of_classes

    def _of_classes(self) -> set[Axis]:
        """Return the axis of classes, and what a class has several of that is no part of it."""
        shared = {a for t in self.program.inputs if self.classes not in t.axes for a in t.axes}
        return {a for a in self.order if a == self.classes or a not in shared}

    def _space(self, let: Let) -> tuple[Axis, ...]:
        return self._sorted({*let.target.axes, *let.over})

    # --- statements without classes ------------------------------------------------------

    def _row_statement(self, let: Let) -> str:
        self.inside = False
        note = f"  # {let.doc}" if let.doc else ""
        return f"{let.target.name} = {self._row_text(let)}{note}"

    def _row_text(self, let: Let) -> str:
        far = self._gathered(let)
        if far is not None:
            return far
        space = self._space(let)
        text = _Expression(space, self, False)(let.expr)
        if let.reduce == "norm":
            return f"F.norm({text})"
        if let.reduce:
            text = self._spread(text, let.expr, space)
            return f"F.{let.reduce}({text}, {self._positions(let, space)})"
        return self._spread(text, let.expr, space) if space else text

    def _gathered(self, let: Let) -> str | None:
        """Return the text of rows of an input at a label's classes."""
        if let.reduce or not isinstance(let.expr, sp.Indexed):
            return None
        tensor = self.tensors[name_of(let.expr)]
        if self.classes not in tensor.axes or tensor.axes[0] != self.classes:
            return None
        return f"F.at({tensor.name}, {name_of(let.expr.indices[0])})"

    def _spread(self, text: str, expr: sp.Expr, space: tuple[Axis, ...]) -> str:
        """Return an array that has every axis of the statement, repeated if need be."""
        if all(expr.has(axis) for axis in space):
            return text
        like = ", ".join(self._size(axis) for axis in space)
        return f"np.broadcast_to({text}, ({like},))"

    def _size(self, axis: Axis) -> str:
        for tensor in self.program.inputs:
            if axis in tensor.axes:
                part = PART if self.inside and self.classes in tensor.axes else ""
                return f"{tensor.name}{part}.shape[{tensor.axes.index(axis)}]"
        raise ValueError(f"no input of {self.program.name!r} has the axis {axis}")

    @staticmethod
    def _positions(let: Let, space: tuple[Axis, ...]) -> str:
        bound = tuple(space.index(axis) for axis in let.over)
        return str(bound[0]) if len(bound) == 1 else str(tuple(sorted(bound)))

    # --- a visit -------------------------------------------------------------------------

    def _loop(self, number: int, total: int, visit: Visit) -> list[str]:
        lines = [f"    # visit {number + 1} of {total} over the classes"]
        lines += [f"    {let.target.name} = {self._start(let)}" for let in visit.reductions]
        lines += [f"    {name} = F.like({self._stored_like(name)})" for name in visit.stores]
        self.inside = True
        body: list[str] = []
        self.ahead = {}
        self.inlined = self._inlined(visit)
        for let in visit.terms:
            if let.target.name not in self.inlined:
                body += self._part_statement(let, number, visit)
        body += [self._fed(let) for let in visit.reductions]
        body += [f"F.store({name}, here, {name}{PART})" for name in visit.stores]
        self.inside = False
        head = self._parts(visit, "\n".join(body))
        lines += [f"    {name} = {text}" for name, text in self.ahead.items()]
        lines += [f"    for here in F.parts({self._classes_of()}):"]
        lines += [f"        {line}" for line in [*head, *body]]
        lines += [f"    {let.target.name} = {self._end(let)}" for let in visit.reductions]
        return lines

    def _classes_of(self) -> str:
        return self._size(self.classes)

    def _parts(self, visit: Visit, body: str) -> list[str]:
        """Return the statements that take the part of every input that the body reads."""
        lines = []
        for tensor in self.program.inputs:
            if self.classes in tensor.axes and re.search(rf"\b{tensor.name}{PART}\b", body):
                lines.append(f"{tensor.name}{PART} = F.part({tensor.name}, here)")
            if tensor.label and re.search(rf"\b{tensor.name}_column\b", body):
                lines.append(f"{tensor.name}_column = F.columns({tensor.name}, here)")
        return lines

    def _stored_like(self, name: str) -> str:
        return name.removesuffix("_dot").removesuffix("_bar")

    def _part_statement(self, let: Let, number: int, visit: Visit) -> list[str]:
        note = f"  # {let.doc}" if let.doc else ""
        name = let.target.name
        stored = PART if name in visit.stores else ""
        text = self._part_text(let)
        if name not in self.schedule.held:
            return [f"{name}{stored} = {text}{note}"]
        if number == self._first(let):
            factors = self._factors(let)
            hold = "hold" if factors is None else "hold_product"
            return [f'{name} = F.{hold}("{name}", here, {", ".join(factors or (text,))}){note}']
        return [f'{name} = F.held("{name}", here, lambda: {text}){note}']

    def _first(self, let: Let) -> int:
        return next(k for k, visit in enumerate(self.schedule.visits) if let in visit.terms)

    def _part_text(self, let: Let) -> str:
        space = self._space(let)
        if let.reduce == "norm":
            return f"F.norm({_Expression(space, self, True)(let.expr)})"
        if let.reduce and set(let.over) <= self.of_classes:
            text = self._spread(_Expression(space, self, True)(let.expr), let.expr, space)
            return f"np.{let.reduce}({text}, axis={self._positions(let, space)})"
        if let.reduce == "sum":
            return self._scatter(let) or self._product(let) or self._sum(let)
        matrix = self._is_matrix(let.target)
        rest, scattered = self._apart(let)
        text = _Expression(space, self, matrix)(rest)
        if scattered and isinstance(rest, sp.Indexed) and name_of(rest) not in self.alone:
            text = f"F.fresh({text})"
        for other in scattered:
            columns, rows = self.inlined[other]
            text = f"F.scattered_onto({text}, {columns}, {rows})"
        return text

    def _inlined(self, visit: Visit) -> dict[str, tuple[str, str]]:
        """Return places and rows of scattered matrices that one sum alone reads, by name.

        They are added to that sum in place, and into a product that nothing else reads.
        """
        exprs = [let.expr for let in (*visit.terms, *visit.reductions)]
        counts = Counter(name_of(read) for expr in exprs for read in indexed(expr))
        self.alone = {n for n, count in counts.items() if count == 1} - self.schedule.held
        self.alone &= {let.target.name for let in visit.terms if let.reduce} - {*visit.stores}
        scattered: dict[str, tuple[str, str]] = {}
        for let in visit.terms:
            alone = let.reduce == "sum" and counts[let.target.name] == 1
            rows = self._scattered_rows(let) if alone and self._is_matrix(let.target) else None
            if rows is not None:
                scattered[let.target.name] = rows
        found: dict[str, tuple[str, str]] = {}
        for let in visit.terms:
            names = _names_of_terms(let)
            mine = [name for name in names if name in scattered]
            found |= {name: scattered[name] for name in mine[len(mine) == len(names) :]}
        return found

    def _apart(self, let: Let) -> tuple[sp.Expr, list[str]]:
        """Return a sum without the scattered matrices that it alone reads, and their names."""
        scattered = [name for name in _names_of_terms(let) if name in self.inlined]
        if not scattered:
            return let.expr, []
        terms = sp.Add.make_args(let.expr)
        kept = [t for t in terms if not (isinstance(t, sp.Indexed) and name_of(t) in scattered)]
        return sp.Add(*kept), scattered

    def _scatter(self, let: Let) -> str | None:
        """Return ``sum_b [k = y[b]] E[b, …]`` as rows of E added at the places of y."""
        found = self._scattered_rows(let)
        if found is None:
            return None
        wide = len(let.target.axes) > 1 and not self._is_matrix(let.target)
        return f"F.scattered({found[0]}, {found[1]}{', np.float64' if wide else ''})"

    def _scattered_rows(self, let: Let) -> tuple[str, str] | None:
        """Return the places of y and the rows of E of such a sum, None of any other."""
        factor = pinned_factor(let.expr, self.classes)
        if factor is None or let.target.axes[0] != self.classes:
            return None
        (value, condition), _ = factor.args
        rows = sp.Mul(value, *(f for f in sp.Mul.make_args(let.expr) if f is not factor))
        if rows.has(self.classes):
            return None
        space = tuple(axis for axis in self._space(let) if axis != self.classes)
        was, self.inside = self.inside, False
        text = self._spread(_Expression(space, self, False)(rows), rows, space)
        self.inside = was
        label = pin(condition, self.classes)
        return self.columns(label), self._ahead(f"{let.target.name}_rows", text)

    def _ahead(self, name: str, text: str) -> str:
        """Return the name of what is computed before the first part, as no part changes it."""
        if re.fullmatch(r"[\w.]+", text):
            return text
        self.ahead[name] = text
        return name

    def _product(self, let: Let) -> str | None:
        """Return a contraction of two arrays as one of BLAS."""
        sides = self._sides(let)
        if sides is None:
            return None
        factors = self._factors(let)
        if factors is not None:
            return " @ ".join(factors)
        shapes = [self._sorted(axes) for _, axes in sides]
        arrays = [
            _Expression(axes, self, True)(product)
            for (product, _), axes in zip(sides, shapes, strict=True)
        ]
        places = [tuple(axes.index(a) for a in self._sorted(let.over)) for axes in shapes]
        return f"np.tensordot({arrays[0]}, {arrays[1]}, ({places[0]}, {places[1]}))"

    def _factors(self, let: Let) -> tuple[str, str] | None:
        """Return the factors of a product of two matrices, None of anything else."""
        sides = self._sides(let)
        if sides is None or len(self._space(let)) != 3 or len(let.over) != 1:
            return None
        (row, column), (inner,) = let.target.axes, let.over
        (left, _), (right, _) = sides
        return self._matrix(left, row, inner), self._matrix(right, inner, column)

    def _sides(self, let: Let) -> tuple[tuple[sp.Expr, set[Axis]], ...] | None:
        """Return both arrays of a contraction with their axes, None of any other sum."""
        space, bound = self._space(let), set(let.over)
        left, right, scalars = [], [], []
        sides: list[set[Axis]] = [set(), set()]
        for factor in sp.Mul.make_args(let.expr):
            axes = factor.atoms(sp.Idx) & set(space)
            side = 0 if let.target.axes and let.target.axes[0] in axes else 1
            sides[side] |= axes
            (scalars if not axes else (left, right)[side]).append(factor)
        if let.reduce != "sum" or sides[0] & sides[1] != bound:
            return None
        if not left or not right or len(space) < 3:
            return None
        kept = tuple(a for axes in sides for a in self._sorted(axes) if a not in bound)
        if kept != let.target.axes:
            return None
        return (sp.Mul(*scalars, *left), sides[0]), (sp.Mul(*right), sides[1])

    def _sorted(self, axes: Iterable[Axis]) -> tuple[Axis, ...]:
        return tuple(sorted(axes, key=self.order.__getitem__))

    def _matrix(self, expr: sp.Expr, row: Axis, column: Axis) -> str:
        axes = tuple(sorted((row, column), key=self.order.__getitem__))
        text = _Expression(axes, self, True)(expr)
        simple = re.fullmatch(r"[\w.]+(\([\w.]+\))?", text) is not None
        text = text if simple else f"({text})"
        return text if axes == (row, column) else f"{text}.T"

    def _sum(self, let: Let) -> str:
        space = self._space(let)
        factors = sp.Mul.make_args(let.expr)
        if len(factors) == 2 and all(self._reads_all(f, space) for f in factors):
            first, second = (_Expression(space, self, True)(f) for f in factors)
            return f"F.dots({first}, {second}, {self._positions(let, space)})"
        text = self._spread(_Expression(space, self, True)(let.expr), let.expr, space)
        return f"F.sum({text}, {self._positions(let, space)})"

    @staticmethod
    def _reads_all(factor: sp.Expr, space: tuple[Axis, ...]) -> bool:
        return isinstance(factor, sp.Indexed) and set(factor.indices) == set(space)

    # --- reductions over classes ---------------------------------------------------------

    def _start(self, let: Let) -> str:
        return "F.logsumexp()" if let.reduce == "logsumexp" else "0.0"

    def _fed(self, let: Let) -> str:
        if let.reduce == "logsumexp":
            return f"{let.target.name}.add({_Expression(self._space(let), self, True)(let.expr)})"
        if let.reduce != "sum":
            raise ValueError(f"{let.target.name!r}: no {let.reduce} over parts of classes")
        return f"{let.target.name} += {self._product(let) or self._sum(let)}"

    def _end(self, let: Let) -> str:
        return (
            f"{let.target.name}.result()"
            if let.reduce == "logsumexp"
            else f"F.wide({let.target.name})"
        )


def _names_of_terms(let: Let) -> list[str]:
    """Return the names of what a sum of several terms adds up, empty for a term that is no read."""
    if let.reduce or not let.expr.is_Add:
        return []
    terms = sorted(let.expr.args, key=sp.default_sort_key)
    return [name_of(term) if isinstance(term, sp.Indexed) else "" for term in terms]
