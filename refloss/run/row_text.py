"""A row plan as one Python function that runs a block: straight-line calls on named registers.

Two flavours of one plan. *Whole* takes a block of complete rows. *Tiled* takes a single row and
loops over its classes; a reduction then joins what the tiles say.
"""

from __future__ import annotations

from collections.abc import Sequence

from refloss.run.row_lowering import CLASS, FULL, REDUCTIONS, ROW, SCALAR, RowGraph
from refloss.run.row_plan import Pass, RowPlan, Step

__all__ = ["block_text", "whole_text"]


def whole_text(plan: RowPlan) -> str:
    """Return a function that computes what depends on no row, by node."""
    writer = _Small(plan.graph, {})
    lines = [f"    v{node} = {writer.text(node)}" for node in plan.whole]
    known = ", ".join(f"{node}: v{node}" for node in plan.whole)
    return "\n".join(["def whole(s, sizes):", *lines, f"    return {{{known}}}", ""])


def block_text(plan: RowPlan, *, tiled: bool) -> str:
    """Return a function that computes the rows of one block, and its columns of one a row."""
    body = _Tiled(plan) if tiled else _Whole(plan)
    lines = [f"v{node} = w[{node}]" for node in plan.whole]
    for current in plan.passes:
        lines += [f"v{node} = {body.small.text(node)}" for node in current.rows]
        lines += body.run(current)
    lines += [f"v{node} = {body.small.text(node)}" for node in plan.tail]
    columns = [n for n in plan.outputs if plan.graph.axes(n) != FULL]
    lines.append(f"return [{', '.join(f'v{n}' for n in columns)}]")
    head = "def block(start, stop, s, o, w, R, K, index, cuts):"
    rows = ["n = stop - start", "rows = index[:n] + start"]
    return "\n".join([head, *("    " + line for line in [*rows, *lines]), ""])


class _Small:
    """Expressions over numbers of a row, of a class, or of the call."""

    def __init__(self, graph: RowGraph, literals: dict[int, str]):
        self.graph = graph

    def text(self, node: int) -> str:
        """Return the expression of a node that is no full array."""
        found = self.graph[node]
        args = [f"v{a}" for a in found.args]
        match found.op:
            case "const":
                return f"constant({found.value!r})" if isinstance(found.value, float) else "None"
            case "input":
                return self._input(str(found.value))
            case "classes":
                return "arange(int(sizes['C']))"
            case "pick":
                name = self.graph[found.args[0]].value
                return f"wide(s[{name!r}][rows, {args[1]}])"
            case "take":
                return f"{args[0]}[{args[1]}]"
            case op if op in REDUCTIONS:
                return f"overall({op!r}, {args[0]})"
        return f"{found.op}({', '.join(args)})"

    def _input(self, name: str) -> str:
        if name in ("B", "C"):
            return f"sizes[{name!r}]"
        cut = "[start:stop]" if self.graph.shapes[name] == ROW else ""
        return f"numbers(s[{name!r}]{cut})"


class _Whole:
    """Passes over a block of complete rows."""

    columns = ""

    def __init__(self, plan: RowPlan):
        self.graph, self.places = plan.graph, plan.places
        self.small = _Small(plan.graph, {})
        self.made: set[int] = set()

    def run(self, current: Pass) -> list[str]:
        """Return the lines of one pass."""
        self.made = set()
        lines = [line for step in current.steps for line in self.step(step)]
        for node in current.reductions:
            op, (argument,) = self.graph[node].op, self.graph[node].args
            lines.append(f"v{node} = {self.reduced(op, argument)}")
        return lines + self.stores(current.stores)

    def stores(self, stores: Sequence[tuple[int, int]]) -> list[str]:
        """Return the lines that round into outputs."""
        return [
            f"narrow(o[{position}]{self.window}, {self.full(node)})" for position, node in stores
        ]

    def step(self, step: Step) -> list[str]:
        """Return the lines of one step."""
        name = f"t{step.node}"
        args = [self.operand(a) for a in step.args] if "pin" not in step.op else []
        self.made.add(step.node)
        if step.place is None:
            return [f"{name} = {self.graph[step.node].op}({', '.join(args)})"]
        register = self.register(step)
        if step.op == "stage":
            source = f"s[{self.graph[step.node].value!r}]{self.window}"
            return [f"{name} = staged({register}, {source})"]
        lines = [f"{name} = {register}"]
        if "pin" in step.op:
            label, there, elsewhere = step.args
            if step.op == "pin":
                lines.append(f"copyto({name}, {self.operand(elsewhere)})")
            return [*lines, *self.pin(name, label, there)]
        if step.op == "where":
            return [*lines, f"copyto({name}, where({', '.join(args)}))"]
        return [*lines, f"{step.op}({', '.join(args)}, out={name})"]

    def operand(self, node: int) -> str:
        """Return a node as it broadcasts over a tile."""
        axes = self.graph.axes(node)
        if axes == FULL:
            return self.full(node)
        return {ROW: f"v{node}[:, None]", CLASS: f"v{node}{self.columns}", SCALAR: f"v{node}"}[axes]

    def full(self, node: int) -> str:
        """Return a full node: of this pass, an input, or kept by an earlier one."""
        if node in self.made:
            return f"t{node}"
        if self.graph[node].op == "input":
            return f"s[{self.graph[node].value!r}]{self.window}"
        return f"K[{self.places[node]}]{self.kept}"

    window, kept = "[start:stop]", "[:n]"

    def register(self, step: Step) -> str:
        """Return the register of a step."""
        return f"K[{step.place}][:n]" if step.kept else f"R[{step.place}][:n]"

    def pin(self, name: str, label: int, there: int) -> list[str]:
        """Return the lines that write one class a row."""
        return [f"{name}[index[:n], v{label}] = v{there}"]

    def reduced(self, op: str, argument: int) -> str:
        """Return a reduction over classes."""
        return f"reduced({op!r}, {self.full(argument)})"


class _Tiled(_Whole):
    """Passes over one wide row, tile by tile."""

    columns = "[left:right]"
    window, kept = "[start:stop, left:right]", "[:, left:right]"

    def run(self, current: Pass) -> list[str]:
        """Return the lines of one pass."""
        self.made = set()
        lines = [line for step in current.steps for line in self.step(step)]
        for node in current.reductions:
            op, (argument,) = self.graph[node].op, self.graph[node].args
            lines.append(f"p{node}.append(part({op!r}, {self.full(argument)}, left))")
        lines += self.stores(current.stores)
        before = [f"p{node} = []" for node in current.reductions]
        after = [f"v{n} = joined({self.graph[n].op!r}, p{n})" for n in current.reductions]
        loop = ["for left, right in cuts:", *("    " + line for line in lines)] if lines else []
        return [*before, *loop, *after]

    def register(self, step: Step) -> str:
        """Return the register of a step."""
        if step.kept:
            return f"K[{step.place}][:, left:right]"
        return f"R[{step.place}][:, :right - left]"

    def pin(self, name: str, label: int, there: int) -> list[str]:
        """Return the lines that write one class of the row, if the tile has it."""
        return [f"if left <= v{label}[0] < right:", f"    {name}[:, v{label}[0] - left] = v{there}"]
