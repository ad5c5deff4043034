"""Tapes: an expression graph as a straight line of ufunc calls over few registers.

Selections become bit operations, which NumPy runs at the speed of an addition where ``np.where``
allocates and ``np.heaviside`` branches: ``where(c, a, b)`` is ``b ^ (m & (a ^ b))`` with ``m`` all
ones where ``c`` holds, one AND if a branch is ``0.0``. It selects, as ``np.where`` does: a NaN in
the branch not taken leaves no trace. Truth values are widened to such masks once for all uses.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from refloss.run.graph import Graph

__all__ = ["Tape", "assemble"]

_KEYWORD_OUT = frozenset({"maximum", "minimum"})
_COPY = frozenset({"widen", "cast", "copy"})


class _Value(NamedTuple):
    """A quantity of the tape: the result of an instruction, an input or a constant."""

    kind: str
    index: int


class _Step(NamedTuple):
    """One call: an operation on viewed operands into a viewed result.

    Views name the array through which a register is seen: ``r`` float64, ``i`` the same bytes as
    int64, ``b`` bool, ``j`` the same bytes as int8.
    """

    op: str
    args: tuple[tuple[str, _Value], ...]
    view: str
    out: _Value


@dataclass(frozen=True)
class Tape:
    """A compiled straight line.

    Attributes
    ----------
    inputs : tuple of str
        Input ``k`` is expected in float register ``k``; it may be overwritten.
    uniform : tuple of str
        Inputs that are one number for all rows, passed as 0-d arrays.
    outputs : tuple of int
        The float registers that hold the results.
    floats, flags : int
        How many float64 and how many one-byte registers a block needs.
    fills : tuple of float
        Constants that are wanted as whole registers, which follow the float registers.
    steps : tuple of str
        The calls, one a line.
    constants : dict of str to array
        0-d arrays that the calls name.
    """

    inputs: tuple[str, ...]
    uniform: tuple[str, ...]
    outputs: tuple[int, ...]
    floats: int
    flags: int
    fills: tuple[float, ...]
    steps: tuple[str, ...]
    constants: dict[str, np.ndarray]

    @property
    def text(self) -> str:
        """The tape as Python: unpacked registers, then one call a line."""
        total = self.floats + len(self.fills)
        head = "def block(floats, bits, flags, bytes_, uniform):"
        unpack = [
            _unpack("r", total, "floats"),
            _unpack("i", total, "bits"),
            _unpack("b", self.flags, "flags"),
            _unpack("j", self.flags, "bytes_"),
            _unpack("u", len(self.uniform), "uniform"),
        ]
        return "\n    ".join([head, *filter(None, unpack), *self.steps, "return"]) + "\n"

    @cached_property
    def run(self) -> Callable[..., None]:
        """The compiled line, called with lists of registers (see `text`)."""
        calls = {step.split("(")[0] for step in self.steps}
        namespace: dict = {name: getattr(np, name) for name in calls} | self.constants
        exec(compile(self.text, "<tape>", "exec"), namespace)
        return namespace["block"]


def _unpack(letter: str, count: int, name: str) -> str:
    return "".join(f"{letter}{k}, " for k in range(count)) + f"= {name}" if count else ""


def assemble(graph: Graph, outputs: Sequence[int], uniform: Collection[str] = ()) -> Tape:
    """Turn a graph into a tape.

    Parameters
    ----------
    graph : Graph
    outputs : sequence of int
        Nodes whose values are wanted; what they do not need is left out.
    uniform : collection of str
        Inputs that are one number for all rows.
    """
    return _allocate(_Expansion(graph, outputs, uniform))


class _Expansion:
    """Replaces graph nodes by the cheapest exact ufunc calls."""

    def __init__(self, graph: Graph, outputs: Sequence[int], uniform: Collection[str]):
        self.graph = graph
        self.steps: list[_Step] = []
        self.constants: dict[str, np.ndarray] = {}
        self.fills: list[float] = []
        self._made: dict[tuple, _Value] = {}
        used = graph.reachable(outputs)
        names = [str(node.value) for node in graph.nodes if node.op == "input"]
        self.inputs = [n for n in names if n not in uniform]
        self.uniform = [n for n in names if n in uniform]
        self._values: dict[int, _Value] = {}
        for index in used:
            node = graph[index]
            if node.op not in {"const", "input"} and not graph.boolean(index):
                self._value(index)  # in the text's order; truth values where they are asked for
        self.outputs = [self._register(self._value(o)) for o in outputs]

    def _value(self, index: int) -> _Value:
        """Return the quantity that holds a node's value."""
        if index not in self._values:
            self._values[index] = self._expand(index)
        return self._values[index]

    def _expand(self, index: int) -> _Value:
        node = self.graph[index]
        match node.op:
            case "const":
                return self._scalar(np.float64(node.value))
            case "input" if node.value in self.uniform:
                return _Value("u", self.uniform.index(str(node.value)))
            case "input":
                return _Value("float", self.inputs.index(str(node.value)))
            case "where" if self.graph.boolean(index):
                return self._choose(*node.args)
            case "where":
                return self._select(*node.args)
            case "heaviside":
                return self._step_function(*node.args)
            case "maximum" | "minimum":
                args = [("r", self._whole(a)) for a in node.args]
                return self._emit(node.op, args, "r")
        view = "b" if node.op in {"bitwise_and", "bitwise_or", "invert"} else "r"
        args = [(view, self._value(a)) for a in node.args]
        return self._emit(node.op, args, "b" if self.graph.boolean(index) else "r")

    def _choose(self, condition: int, a: int, b: int) -> _Value:
        """Select between truth values."""
        yes, no = self._flag(condition, True), self._flag(condition, False)
        taken = self._emit("bitwise_and", [("b", yes), ("b", self._value(a))], "b")
        other = self._emit("bitwise_and", [("b", no), ("b", self._value(b))], "b")
        return self._emit("bitwise_or", [("b", taken), ("b", other)], "b")

    def _select(self, condition: int, a: int, b: int) -> _Value:
        graph = self.graph
        if graph.is_const(a, 1.0) and self._is_zero_test(condition, b):
            one = self._emit("cast", [("b", self._flag(condition, True))], "r")
            return self._emit("add", [("r", self._value(b)), ("r", one)], "r")
        for x, y, sense in ((a, b, True), (b, a, False)):
            if not graph.is_const(y, 0.0):
                continue
            if graph.is_const(x, 1.0):
                return self._emit("cast", [("b", self._flag(condition, sense))], "r")
            return self._bits("bitwise_and", self._mask(condition, sense), self._operand(x))
        mask = self._mask(condition, True)
        one, other = self._operand(a), self._operand(b)
        if graph.constant(a) is not None and graph.constant(b) is not None:
            differs = self._scalar(self._pattern(a) ^ self._pattern(b))
        else:
            differs = self._bits("bitwise_xor", one, other)
        return self._bits("bitwise_xor", other, self._bits("bitwise_and", mask, differs))

    def _is_zero_test(self, condition: int, b: int) -> bool:
        """Return whether ``where(condition, 1, b)`` is ``b + condition``: 1 where b is 0."""
        node, zero = self.graph[condition], self.graph.const(0.0)
        return node.op == "equal" and set(node.args) == {b, zero}

    def _step_function(self, x: int, at_zero: int) -> _Value:
        if self.graph.is_const(at_zero, 0.0):
            kept = [("r", self._value(x)), ("r", self._filled(0.0))]
            return self._emit("sign", [("r", self._emit("maximum", kept, "r"))], "r")
        sign = ("r", self._emit("sign", [("r", self._value(x))], "r"))
        above = ("r", self._emit("add", [sign, ("r", self._scalar(np.float64(1.0)))], "r"))
        if self.graph.is_const(at_zero, 1.0):
            return self._emit("minimum", [above, ("r", self._filled(1.0))], "r")
        if self.graph.is_const(at_zero, 0.5):
            return self._emit("multiply", [above, ("r", self._scalar(np.float64(0.5)))], "r")
        args = [("r", self._value(x)), ("r", self._value(at_zero))]
        return self._emit("heaviside", args, "r")

    def _flag(self, condition: int, sense: bool) -> _Value:
        value = self._value(condition)
        return value if sense else self._emit("invert", [("b", value)], "b")

    def _mask(self, condition: int, sense: bool) -> _Value:
        flag = self._flag(condition, sense)
        signed = self._emit("negative", [("j", flag)], "j")
        return self._emit("widen", [("j", signed)], "i")

    def _operand(self, index: int) -> _Value:
        """Return a node's value as an operand of bit operations."""
        if self.graph.constant(index) is not None:
            return self._scalar(self._pattern(index))
        value = self._value(index)
        return value if value.kind == "float" else self._emit("copy", [("r", value)], "r")

    def _pattern(self, index: int) -> np.int64:
        return np.float64(self.graph.constant(index)).view(np.int64)

    def _bits(self, op: str, a: _Value, b: _Value) -> _Value:
        return self._emit(op, [("i", a), ("i", b)], "i")

    def _whole(self, index: int) -> _Value:
        """Return an operand that is a whole register: NumPy's maximum is slow on a 0-d one."""
        value = self.graph.constant(index)
        return self._value(index) if value is None else self._filled(float(value))

    def _filled(self, value: float) -> _Value:
        known = [v.hex() for v in self.fills]
        if value.hex() not in known:
            self.fills.append(value)
            return _Value("fill", len(self.fills) - 1)
        return _Value("fill", known.index(value.hex()))

    def _scalar(self, value: np.generic) -> _Value:
        key = ("c" if value.dtype.kind == "f" else "k", value.tobytes())
        if key not in self._made:
            self._made[key] = _Value(key[0], len(self.constants))
            self.constants[f"{key[0]}{len(self.constants)}"] = np.array(value)
        return self._made[key]

    def _emit(self, op: str, args: list[tuple[str, _Value]], view: str) -> _Value:
        key = (op, tuple(args), view)
        if key not in self._made:
            kind = "float" if view in "ri" else "flag"
            out = self._made[key] = _Value(kind, len(self.inputs) + len(self.steps))
            self.steps.append(_Step(op, tuple(args), view, out))
        return self._made[key]

    def _register(self, value: _Value) -> _Value:
        """Return a result as a float register: what is none is copied into one."""
        if value.kind == "float":
            return value
        return self._emit("copy", [("b" if value.kind == "flag" else "r", value)], "r")


def _allocate(program: _Expansion) -> Tape:
    """Assign registers by linear scan, an operand's register being free for the result."""
    steps = _live(program)
    last: dict[_Value, int] = {}
    for position, step in enumerate(steps):
        last.update({value: position for _, value in step.args})
    last.update({value: len(steps) for value in program.outputs})

    place = {_Value("float", k): k for k in range(len(program.inputs))}
    free: dict[str, list[int]] = {"float": [v.index for v in place if v not in last], "flag": []}
    count = {"float": len(program.inputs), "flag": 0}
    placed: list[tuple[_Step, tuple, int]] = []
    for position, step in enumerate(steps):
        operands = tuple(place.get(value, value.index) for _, value in step.args)
        for value in dict.fromkeys(value for _, value in step.args):
            if value.kind in free and last[value] == position:
                free[value.kind].append(place[value])
        kind = step.out.kind
        if not free[kind]:
            free[kind].append(count[kind])
            count[kind] += 1
        place[step.out] = free[kind].pop()
        placed.append((step, operands, place[step.out]))

    return Tape(
        inputs=tuple(program.inputs),
        uniform=tuple(program.uniform),
        outputs=tuple(place[value] for value in program.outputs),
        floats=count["float"],
        flags=count["flag"],
        fills=tuple(program.fills),
        steps=tuple(_call(*item, floats=count["float"]) for item in placed),
        constants=program.constants,
    )


def _live(program: _Expansion) -> list[_Step]:
    """Return the steps that an output depends on, in their order."""
    wanted, steps = set(program.outputs), []
    for step in reversed(program.steps):
        if step.out in wanted:
            wanted.update(value for _, value in step.args)
            steps.append(step)
    return steps[::-1]


def _call(step: _Step, operands: tuple, register: int, floats: int) -> str:
    """Print one call on its registers."""
    named = [
        _operand(view, value, where, floats)
        for (view, value), where in zip(step.args, operands, strict=True)
    ]
    out = f"{step.view}{register}"
    if step.op in _COPY:
        return f"copyto({out}, {named[0]})"
    if step.op in _KEYWORD_OUT:
        out = f"out={out}"
    return f"{step.op}({', '.join([*named, out])})"


def _operand(view: str, value: _Value, register: int, floats: int) -> str:
    match value.kind:
        case "float" | "flag":
            return f"{view}{register}"
        case "fill":
            return f"{view}{floats + register}"
    return f"{value.kind}{register}"
