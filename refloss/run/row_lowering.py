"""A committed row kernel's text, read into an expression graph with axes.

Rows have two axes: items, ``b``, and classes, ``c``. A node has the axes of what it depends on, so
that an opened index (``x[:, None]``) says nothing new. Reductions over classes and gathers by label
are operations of their own; a gather is carried through arithmetic down to the inputs, where it
reads one number a row.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from refloss.run.graph import Graph
from refloss.run.lowering import Reader, functions

__all__ = ["RowGraph", "lower_rows"]

REDUCTIONS = frozenset({"sum", "max", "argmax"})
SCALAR, ROW, CLASS, FULL = "", "b", "c", "bc"


class RowGraph(Graph):
    """A graph whose nodes know their axes.

    Parameters
    ----------
    shapes : mapping of str to str
        Axes of every input by name: ``""``, ``"b"``, ``"c"`` or ``"bc"``.
    """

    def __init__(self, shapes: Mapping[str, str]):
        super().__init__()
        self.shapes = shapes
        self._axes: dict[int, str] = {}

    def axes(self, index: int) -> str:
        """Return the axes of a node."""
        if index not in self._axes:
            self._axes[index] = self._axes_of(index)
        return self._axes[index]

    def _axes_of(self, index: int) -> str:
        node = self[index]
        match node.op:
            case "input":
                return self.shapes[str(node.value)]
            case "const":
                return SCALAR
            case "classes":
                return CLASS
            case "pick" | "take":
                return ROW
            case "sum" | "max" | "argmax":
                return self.axes(node.args[0]).replace(CLASS, "")
        united = {axis for arg in node.args for axis in self.axes(arg)}
        return "".join(sorted(united))

    def local(self, index: int) -> bool:
        """Return whether a node's elements each depend on the operands' elements there alone."""
        return self[index].op not in REDUCTIONS

    def reduce(self, op: str, index: int) -> int:
        """Return a reduction over classes; what is the same in every class is one of C."""
        if CLASS in self.axes(index):
            return self.opaque(op, index)
        if op == "sum":
            return self.make("multiply", index, self.input("C"))
        return index if op == "max" else self.const(0.0)

    def gather(self, index: int, label: int) -> int:
        """Return a node read at one class a row: the arithmetic of gathered operands."""
        node = self[index]
        if CLASS not in self.axes(index):
            return index
        if node.op == "classes":
            return label
        if node.op == "input":
            return self.opaque("pick" if self.axes(index) == FULL else "take", index, label)
        return self.make(node.op, *(self.gather(arg, label) for arg in node.args))

    def pinned(self, condition: int) -> int | None:
        """Return the label of a condition ``class == label``, None for any other condition.

        The label is one a row.
        """
        node = self[condition]
        if node.op != "equal":
            return None
        for one, other in (node.args, node.args[::-1]):
            if self[one].op == "classes" and self.axes(other) == ROW:
                return other
        return None

    def pin(self, index: int) -> int | None:
        """Return the label of a node that differs from another in one class a row."""
        node = self[index]
        numbers = node.op == "where" and not self.boolean(index)
        return self.pinned(node.args[0]) if numbers else None

    def make(self, op: str, *args: int) -> int:
        """Return ``op(*args)``; what a pin selects is read at the pinned class alone."""
        numbers = op == "where" and not self.boolean(args[1])
        label = self.pinned(args[0]) if numbers else None
        if label is None:
            return super().make(op, *args)
        condition, there, elsewhere = args
        if there == elsewhere:
            return there
        # Not folded: the row's own array, one number of it replaced, is the cheapest form.
        return self.opaque("where", condition, self.gather(there, label), elsewhere)


def lower_rows(
    source: str,
    namespace: Mapping[str, object],
    function: str,
    constants: Mapping[str, float],
    shapes: Mapping[str, str],
    *,
    errors: bool,
) -> tuple[RowGraph, list[int]]:
    """Read one function of a row kernel into a graph.

    Parameters
    ----------
    source, namespace, function, constants, errors
        As for `refloss.run.lowering.lower`; an input may be among the constants too.
    shapes : mapping of str to str
        Axes of every input.

    Returns
    -------
    graph : RowGraph
    outputs : list of int
        One node per returned quantity.
    """
    graph = RowGraph({**shapes, "B": SCALAR, "C": SCALAR})
    reader = _RowReader(graph, functions(source), namespace, errors=errors)
    names = [a.arg for a in reader.functions[function].args.args]
    arguments = [graph.const(constants[n]) if n in constants else graph.input(n) for n in names]
    return graph, reader.call(function, arguments)


class _RowReader(Reader):
    """Evaluates expressions over items and classes to nodes of a graph."""

    graph: RowGraph

    def _read(self, expression: ast.expr, local: dict[str, int]) -> int:
        match expression:
            case ast.Subscript(
                value=ast.Attribute(value=ast.Name(id=name), attr="shape"),
                slice=ast.Constant(value=int() as position),
            ) if position < len(self.graph.shapes.get(name, "")):
                return self.graph.input(self.graph.shapes[name][position].upper())
            case ast.Subscript(
                value=value, slice=ast.Tuple(elts=[ast.Slice(), ast.Constant(value=None)])
            ):
                return self._read(value, local)
            case ast.Subscript(value=value, slice=ast.Tuple(elts=[items, label])) if (
                ast.unparse(items) == "np.arange(B)"
            ):
                return self._gather(expression, self._read(value, local), label, local)
            case ast.Subscript(value=value, slice=ast.Name() as label):
                found = self._read(value, local)
                if ROW not in self.graph.axes(found):  # else it is a choice of rows
                    return self._gather(expression, found, label, local)
        return super()._read(expression, local)

    def _gather(
        self, expression: ast.expr, value: int, label: ast.expr, local: dict[str, int]
    ) -> int:
        at = self._read(label, local)
        if self.graph.axes(at) != ROW:
            raise self._error(expression, f"a label that is not one a row, in {_text(expression)}")
        return self.graph.gather(value, at)

    def _numpy(self, call: ast.Call, name: str, local: dict[str, int]) -> int:
        if name == "arange" and ast.unparse(call) == "np.arange(C)":
            return self.graph.opaque("classes")
        if name == "broadcast_to":
            return self._read(call.args[0], local)
        if name in REDUCTIONS:
            return self._reduction(call, name, local)
        return super()._numpy(call, name, local)

    def _reduction(self, call: ast.Call, name: str, local: dict[str, int]) -> int:
        operand = self._read(call.args[0], local)
        axes = self.graph.axes(operand)
        match call.keywords:
            case [ast.keyword(arg="axis", value=ast.Constant(value=0))] if ROW not in axes:
                return self.graph.reduce(name, operand)
            case [ast.keyword(arg="axis", value=ast.Constant(value=1))] if axes != CLASS:
                return self.graph.reduce(name, operand)
        raise self._error(call, f"a reduction that is not over classes, {_text(call)}")


def _text(expression: ast.expr) -> str:
    return repr(ast.unparse(expression))
