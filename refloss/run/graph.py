"""Expression graphs: hash-consed operations, folded only where the result keeps every bit.

A kernel's text names its quantities for a reader; a graph forgets the names and keeps one node per
distinct value, so that a subexpression that occurs in two statements is computed once. Operations
are named after the NumPy ufunc that carries them out.

A fold is admitted only if it is exact for every input: zeros keep their sign, a NaN stays a NaN
(its payload and sign, which IEEE 754 leaves open, may differ). ``x + 0.0`` is therefore folded
where ``x`` cannot be ``-0.0``, and ``0.0*x`` never, because ``0*inf`` is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Graph", "Node"]

_COMMUTATIVE = frozenset({"add", "multiply", "equal", "bitwise_and", "bitwise_or"})
_HALVES = frozenset({0.0, 0.5, 1.0})
_MIRRORED = {"greater": "less", "greater_equal": "less_equal"}
_BOOLEAN = frozenset(
    {"less", "less_equal", "equal", "isnan", "isfinite", "isinf", "signbit"}
    | {"bitwise_and", "bitwise_or", "invert"}
)


@dataclass(frozen=True, slots=True)
class Node:
    """One value: an operation on earlier nodes, an input, or a constant.

    Attributes
    ----------
    op : str
        A ufunc's name, ``"where"``, ``"input"`` or ``"const"``.
    args : tuple of int
        Positions of the operands in the graph.
    value : float, bool, str or None
        The constant, or the input's name.
    """

    op: str
    args: tuple[int, ...] = ()
    value: float | bool | str | None = None


@dataclass
class Graph:
    """Nodes in the order in which they were made, operands first."""

    nodes: list[Node] = field(default_factory=list)
    _known: dict[tuple, int] = field(default_factory=dict)

    def __getitem__(self, index: int) -> Node:
        return self.nodes[index]

    def input(self, name: str) -> int:
        """Return the node of the input ``name``."""
        return self._intern(("input", name), Node("input", value=name))

    def const(self, value: float | bool) -> int:
        """Return the node of a constant; ``-0.0`` and ``0.0`` are two constants."""
        if isinstance(value, bool | np.bool_):
            return self._intern(("const", bool(value)), Node("const", value=bool(value)))
        value = float(value)
        return self._intern(("const", value.hex()), Node("const", value=value))

    def make(self, op: str, *args: int) -> int:
        """Return the node of ``op(*args)``: folded, or shared with an equal one, or new."""
        if op in _MIRRORED:
            op, args = _MIRRORED[op], args[::-1]
        if op == "not_equal":
            return self.make("invert", self.make("equal", *args))
        if op in _COMMUTATIVE:
            args = tuple(sorted(args))
        folded = self._fold(op, args)
        if folded is not None:
            return folded
        return self._intern((op, args), Node(op, args))

    def opaque(self, op: str, *args: int) -> int:
        """Return the node of an operation that is shared with an equal one and never folded."""
        return self._intern((op, args), Node(op, args))

    def local(self, index: int) -> bool:
        """Return whether a node's elements each depend on the operands' elements there alone."""
        return True

    def boolean(self, index: int) -> bool:
        """Return whether a node holds truth values."""
        node = self[index]
        if node.op == "where":
            return self.boolean(node.args[1])
        return node.op in _BOOLEAN or isinstance(node.value, bool)

    def reachable(self, outputs: Iterable[int]) -> list[int]:
        """Return the nodes that ``outputs`` depend on, operands first."""
        seen: set[int] = set()
        stack = list(outputs)
        while stack:
            index = stack.pop()
            if index not in seen:
                seen.add(index)
                stack.extend(self[index].args)
        return sorted(seen)

    def constant(self, index: int) -> float | bool | None:
        """Return a constant node's value, None for any other node."""
        node = self[index]
        return node.value if node.op == "const" else None  # type: ignore[return-value]

    def is_const(self, index: int, value: float) -> bool:
        """Return whether a node is the float constant ``value``, sign of zero included."""
        known = self.constant(index)
        return isinstance(known, float) and known.hex() == float(value).hex()

    def never_minus_zero(self, index: int) -> bool:
        """Return True only if the node cannot be ``-0.0`` (rounding to nearest)."""
        node = self[index]
        match node.op:
            case "const":
                return not self.is_const(index, -0.0)
            case "absolute" | "exp" | "heaviside" | "sign":
                return True
            case "multiply":
                return node.args[0] == node.args[1]
            case "add":
                return any(self.never_minus_zero(a) for a in node.args)
            case "subtract":
                return self.never_minus_zero(node.args[0])
            case "where":
                return all(self.never_minus_zero(a) for a in node.args[1:])
            case "maximum" | "minimum":
                return all(self.never_minus_zero(a) for a in node.args)
        return False

    def _intern(self, key: tuple, node: Node) -> int:
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(node)
        return self._known[key]

    def _fold(self, op: str, args: tuple[int, ...]) -> int | None:
        known = [self.constant(a) for a in args]
        if all(value is not None for value in known):
            return self.const(_evaluate(op, known))
        rule = _RULES.get(op)
        return rule(self, *args) if rule else None


def _evaluate(op: str, values: list) -> float | bool:
    with np.errstate(all="ignore"):
        result = getattr(np, op)(*values)
    return bool(result) if np.asarray(result).dtype == bool else float(result)


def _inner(graph: Graph, op: str, index: int) -> int | None:
    """Return the operand of ``index`` if that node is the one-operand ``op``."""
    node = graph[index]
    return node.args[0] if node.op == op else None


def _add(graph: Graph, a: int, b: int) -> int | None:
    for x, y in ((a, b), (b, a)):
        if graph.is_const(y, -0.0) or (graph.is_const(y, 0.0) and graph.never_minus_zero(x)):
            return x
    for x, y in ((a, b), (b, a)):
        opposite = _inner(graph, "negative", y)
        if opposite is not None:
            return graph.make("subtract", x, opposite)
    return None


def _subtract(graph: Graph, a: int, b: int) -> int | None:
    if graph.is_const(b, 0.0):
        return a
    inner = graph[b]
    if graph.is_const(a, 1.0) and inner.op == "subtract" and graph.is_const(inner.args[0], 1.0):
        step = inner.args[1]
        if graph[step].op == "heaviside" and graph.constant(graph[step].args[1]) in _HALVES:
            return step  # 1 - (1 - h) is h for the four values that h takes
    opposite = _inner(graph, "negative", b)
    return None if opposite is None else graph.make("add", a, opposite)


def _multiply(graph: Graph, a: int, b: int) -> int | None:
    for x, y in ((a, b), (b, a)):
        if graph.is_const(y, 1.0):
            return x
        if graph.is_const(y, -1.0):
            return graph.make("negative", x)
    for x, y in ((a, b), (b, a)):
        opposite = _inner(graph, "negative", y)
        if opposite is not None:
            return graph.make("negative", graph.make("multiply", x, opposite))
    return None


def _divide(graph: Graph, a: int, b: int) -> int | None:
    for position in (0, 1):
        opposite = _inner(graph, "negative", (a, b)[position])
        if opposite is not None:
            args = (opposite, b) if position == 0 else (a, opposite)
            return graph.make("negative", graph.make("divide", *args))
    value = graph.constant(b)
    if not isinstance(value, float):
        return None
    if value == 1.0:
        return a
    if abs(math.frexp(value)[0]) == 0.5 and 2.0**-1000 < abs(value) < 2.0**1000:  # 1/b is exact
        return graph.make("multiply", a, graph.const(1.0 / value))
    return None


def _power(graph: Graph, a: int, b: int) -> int | None:
    if graph.constant(b) == 0.0:
        return graph.const(1.0)  # of every number, NaN included
    return a if graph.is_const(b, 1.0) else None


def _where(graph: Graph, condition: int, a: int, b: int) -> int | None:
    known = graph.constant(condition)
    if known is not None:
        return a if known else b
    opposite = _inner(graph, "invert", condition)
    if opposite is not None:
        return graph.make("where", opposite, b, a)
    taken = _taken(graph, condition, a, 1), _taken(graph, condition, b, 2)
    if taken != (a, b):
        return graph.make("where", condition, *taken)
    return a if a == b else None


def _taken(graph: Graph, condition: int, branch: int, position: int) -> int:
    """Return a branch as it is where it is taken: selections by the same condition are decided.

    A quotient guarded against a zero denominator, ``where(d == 0, 0, n/where(d == 0, 1, d))``,
    then divides by ``d`` itself, and the rows where that fails are those not taken.
    """

    def decided(index: int) -> int:
        node = graph[index]
        same = node.op == "where" and node.args[0] == condition
        return node.args[position] if same else index

    taken = decided(branch)
    args = tuple(map(decided, graph[taken].args))
    if args == graph[taken].args or not graph.local(taken):
        return taken
    return graph.make(graph[taken].op, *args)


def _heaviside(graph: Graph, x: int, at_zero: int) -> int | None:
    """Turn the step around: ``H(-x) = 1 - H(x)`` where H(0) is 0, 1/2 or 1."""
    opposite, value = _inner(graph, "negative", x), graph.constant(at_zero)
    if opposite is None or value not in _HALVES:
        return None
    step = graph.make("heaviside", opposite, graph.const(1.0 - float(value)))
    return graph.make("subtract", graph.const(1.0), step)


def _extremum(op: str, dual: str, neutral: float) -> Callable[[Graph, int, int], int | None]:
    """Return the rule of ``op``: drop a neutral bound, move a sign outwards past a bound."""

    def rule(graph: Graph, a: int, b: int) -> int | None:
        for x, y in ((a, b), (b, a)):
            if graph.is_const(y, neutral):
                return x
        opposite, bound = _inner(graph, "negative", a), graph.constant(b)
        if opposite is not None and isinstance(bound, float):
            turned = graph.make(dual, opposite, graph.const(-bound))
            return graph.make("negative", turned)
        return a if a == b else None

    return rule


def _same(graph: Graph, a: int, b: int) -> int | None:
    return a if a == b else None


def _both(graph: Graph, a: int, b: int) -> int | None:
    for x, y in ((a, b), (b, a)):
        if graph.constant(y) is not None:
            return x if graph.constant(y) else y
    return _same(graph, a, b)


def _either(graph: Graph, a: int, b: int) -> int | None:
    for x, y in ((a, b), (b, a)):
        if graph.constant(y) is not None:
            return y if graph.constant(y) else x
    return _same(graph, a, b)


def _involution(op: str) -> Callable[[Graph, int], int | None]:
    return lambda graph, a: _inner(graph, op, a)


def _absolute(graph: Graph, a: int) -> int | None:
    opposite = _inner(graph, "negative", a)
    if opposite is not None:
        return graph.make("absolute", opposite)
    return a if graph[a].op == "absolute" else None


_RULES: dict[str, Callable[..., int | None]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "negative": _involution("negative"),
    "invert": _involution("invert"),
    "absolute": _absolute,
    "where": _where,
    "heaviside": _heaviside,
    "maximum": _extremum("maximum", "minimum", -math.inf),
    "minimum": _extremum("minimum", "maximum", math.inf),
    "bitwise_and": _both,
    "bitwise_or": _either,
}
