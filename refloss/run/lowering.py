"""A committed kernel's text, read into an expression graph.

The text stays the authority on what is computed: this module only reads it. Helper functions of
the same module are inlined, run-time constants take their values, and identical subexpressions
meet in one node. A construct outside the kernels' vocabulary is an error that names its line.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence

import numpy as np

from refloss.run.graph import Graph

__all__ = ["KernelTextError", "Reader", "functions", "lower"]

_BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.BitAnd: "bitwise_and",
    ast.BitOr: "bitwise_or",
}
_COMPARE = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
_UNARY = {ast.USub: "negative", ast.Invert: "invert"}
_RENAMED = {
    "abs": "absolute",
    "logical_and": "bitwise_and",
    "logical_or": "bitwise_or",
    "logical_not": "invert",
}
_FILLED = {"zeros_like": 0.0, "ones_like": 1.0}


class KernelTextError(ValueError):
    """A kernel's text uses a construct that kernels do not have."""


def functions(source: str) -> dict[str, ast.FunctionDef]:
    """Return the module-level functions of a kernel's source by name."""
    body = ast.parse(source).body
    return {item.name: item for item in body if isinstance(item, ast.FunctionDef)}


def lower(
    source: str,
    namespace: Mapping[str, object],
    function: str,
    constants: Mapping[str, float],
    *,
    errors: bool = True,
) -> tuple[Graph, list[int]]:
    """Read one function of a kernel into a graph.

    Parameters
    ----------
    source : str
        The kernel module's text.
    namespace : mapping
        The imported module's names, for its module-level float constants.
    function : str
        ``"value"``, ``"grad"`` or ``"hvp"``.
    constants : mapping of str to float
        Values of those parameters that are fixed at run time; the others become inputs.
    errors : bool
        Whether error-free transforms are carried out. They correct float64 beyond its last digit,
        which results of a narrower format do not hold: there they are 0.

    Returns
    -------
    graph : Graph
    outputs : list of int
        One node per returned quantity, in the text's order.

    Raises
    ------
    KernelTextError
        If the text holds anything but straight-line arithmetic.
    """
    graph = Graph()
    reader = Reader(graph, functions(source), namespace, errors=errors)
    names = [a.arg for a in reader.functions[function].args.args]
    arguments = [graph.const(constants[n]) if n in constants else graph.input(n) for n in names]
    return graph, reader.call(function, arguments)


ROUNDING_ERRORS = frozenset({"two_sum_error", "two_diff_error", "two_prod_error"})


class Reader:
    """Evaluates expressions of the text to nodes of a graph."""

    def __init__(
        self,
        graph: Graph,
        known: dict[str, ast.FunctionDef],
        namespace: Mapping[str, object],
        *,
        errors: bool = True,
    ):
        self.graph = graph
        self.functions = known
        self.namespace = namespace
        self.errors = errors

    def call(self, function: str, arguments: Sequence[int]) -> list[int]:
        """Return the nodes of a function's results."""
        if function in ROUNDING_ERRORS and not self.errors:
            return [self.graph.const(-0.0)]  # x + -0.0 is x, whatever x
        if function == "two_prod_error" and any(map(self._scales, arguments)):
            return [self.graph.const(-0.0)]
        definition = self.functions[function]
        names = [a.arg for a in definition.args.args]
        if len(names) != len(arguments):
            raise self._error(definition, f"{function} takes {len(names)} arguments")
        local = dict(zip(names, arguments, strict=True))
        for statement in definition.body:
            match statement:
                case ast.Expr(value=ast.Constant(value=str())):
                    continue
                case ast.Assign(targets=[target], value=value):
                    self._bind(target, value, local)
                case ast.Return(value=ast.Tuple(elts=results)):
                    return [self._read(result, local) for result in results]
                case ast.Return(value=ast.expr() as result):
                    return self._results(result, local)
                case _:
                    raise self._error(statement, "a statement that is not an assignment")
        raise self._error(definition, f"{function} returns nothing")

    def _scales(self, index: int) -> bool:
        """Return whether a node is a power of two: products with it are exact."""
        value = self.graph.constant(index)
        return isinstance(value, float) and math.frexp(abs(value))[0] == 0.5

    def _bind(self, target: ast.expr, value: ast.expr, local: dict[str, int]) -> None:
        targets = target.elts if isinstance(target, ast.Tuple) else [target]
        values = self._results(value, local)
        if len(targets) != len(values):
            raise self._error(target, f"{len(values)} values for {len(targets)} names")
        for name, result in zip(targets, values, strict=True):
            if not isinstance(name, ast.Name):
                raise self._error(name, "an assignment to something that is not a name")
            local[name.id] = result

    def _results(self, value: ast.expr, local: dict[str, int]) -> list[int]:
        match value:
            case ast.Call(func=ast.Name(id=name), args=args) if name in self.functions:
                return self.call(name, [self._read(a, local) for a in args])
            case ast.Tuple(elts=elements):
                return [self._read(e, local) for e in elements]
        return [self._read(value, local)]

    def _read(self, expression: ast.expr, local: dict[str, int]) -> int:
        match expression:
            case ast.Constant(value=bool() | int() | float() as value):
                return self.graph.const(value)
            case ast.Name(id=name):
                return local[name] if name in local else self._global(expression, name)
            case ast.Attribute(value=ast.Name(id="np" | "math"), attr="pi" | "inf" | "nan" as name):
                return self.graph.const(getattr(np, name))
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return self.graph.make(_UNARY[type(op)], self._read(operand, local))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                args = (self._read(left, local), self._read(right, local))
                return self._apply(_BINARY[type(op)], args)
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=2)):
                base = self._read(left, local)
                return self.graph.make("multiply", base, base)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                args = (self._read(left, local), self._read(right, local))
                return self._apply(_COMPARE[type(op)], args)
            case ast.Call(func=ast.Name(id=name)) if name in self.functions:
                return self._results(expression, local)[0]
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np" | "math"), attr=name)):
                return self._numpy(expression, name, local)
        raise self._error(expression, f"the expression {ast.unparse(expression)!r}")

    def _global(self, expression: ast.expr, name: str) -> int:
        value = self.namespace.get(name)
        if not isinstance(value, int | float):
            raise self._error(expression, f"the name {name!r}, which is no number")
        return self.graph.const(value)

    def _numpy(self, call: ast.Call, name: str, local: dict[str, int]) -> int:
        if name in _FILLED:
            return self.graph.const(_FILLED[name])
        args = tuple(self._read(a, local) for a in call.args)
        if name == "full_like":
            return args[1]
        name = _RENAMED.get(name, name)
        if name != "where" and not isinstance(getattr(np, name, None), np.ufunc):
            raise self._error(call, f"np.{name}, which is no ufunc")
        return self._apply(name, args)

    def _apply(self, op: str, args: tuple[int, ...]) -> int:
        """Return ``op(*args)``, truth values made 1.0 and 0.0 where NumPy would cast them."""
        logical = op in {"bitwise_and", "bitwise_or", "invert"}
        first = 1 if op == "where" else 0
        if not logical and not all(self.graph.boolean(a) for a in args[first:]):
            args = args[:first] + tuple(self._number(a) for a in args[first:])
        return self.graph.make(op, *args)

    def _number(self, index: int) -> int:
        if not self.graph.boolean(index):
            return index
        return self.graph.make("where", index, self.graph.const(1.0), self.graph.const(0.0))

    @staticmethod
    def _error(node: ast.AST, found: str) -> KernelTextError:
        line = getattr(node, "lineno", "?")
        return KernelTextError(f"kernel text, line {line}: cannot lower {found}")
