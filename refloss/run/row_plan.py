"""When what is computed: a row graph cut into passes over a block of rows.

A reduction needs the whole row before anything may read it. Nodes therefore have levels: the number
of reductions that must be complete. Pass ``p`` runs over the classes, computes what is needed at
level ``p`` and feeds the reductions and outputs there. A quantity that a later pass reads again is
kept; everything else lives in registers as wide as a tile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from refloss.run.row_lowering import FULL, REDUCTIONS, ROW, RowGraph

__all__ = ["Pass", "RowPlan", "Step", "plan"]


@dataclass(frozen=True)
class Step:
    """One operation over a tile.

    Attributes
    ----------
    node : int
        What it computes.
    op : str
        ``"stage"``, ``"pin"``, ``"where"``, ``"test"`` (truth values) or a ufunc's name; a
        ``"pin in place"`` finds its register filled with the values elsewhere.
    args : tuple of int
        Operands; for ``"pin"`` the label, the value there, and the values elsewhere.
    place : int or None
        The register that takes the result; None for truth values, which are new arrays.
    kept : bool
        Whether that register is as wide as the row.
    """

    node: int
    op: str
    args: tuple[int, ...]
    place: int | None
    kept: bool = False


@dataclass(frozen=True)
class Pass:
    """One run over the classes of a block.

    Attributes
    ----------
    rows : tuple of int
        Nodes of one number a row, computed before it.
    steps : tuple of Step
    reductions : tuple of int
        Nodes of one number a row that it completes.
    stores : tuple of (int, int)
        Positions of outputs, and the nodes that they are.
    """

    rows: tuple[int, ...]
    steps: tuple[Step, ...]
    reductions: tuple[int, ...]
    stores: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class RowPlan:
    """What to compute for a call, and in what order.

    Attributes
    ----------
    graph : RowGraph
    outputs : tuple of int
    whole : tuple of int
        Nodes without rows, computed once a call.
    passes : tuple of Pass
    tail : tuple of int
        Nodes of one number a row that only the last reductions complete.
    registers, kept : int
        How many registers there are, as wide as a tile and as a row.
    """

    graph: RowGraph
    outputs: tuple[int, ...]
    whole: tuple[int, ...]
    passes: tuple[Pass, ...]
    tail: tuple[int, ...]
    registers: int
    kept: int

    @property
    def places(self) -> dict[int, int]:
        """Registers as wide as the row, by the node that they take."""
        steps = (step for one in self.passes for step in one.steps)
        return {step.node: step.place for step in steps if step.kept and step.place is not None}


def plan(graph: RowGraph, outputs: Sequence[int]) -> RowPlan:
    """Cut what `outputs` need into passes and assign registers."""
    return _Planner(graph, tuple(outputs)).plan()


@dataclass
class _Pool:
    """Registers of one width, reused as soon as nothing reads them any more."""

    free: list[int] = field(default_factory=list)
    size: int = 0

    def take(self) -> int:
        if not self.free:
            self.free.append(self.size)
            self.size += 1
        return self.free.pop()


class _Planner:
    def __init__(self, graph: RowGraph, outputs: tuple[int, ...]):
        self.graph = graph
        self.outputs = outputs
        self.nodes = self._reachable()
        self.levels: dict[int, int] = {}
        for node in self.nodes:
            self.levels[node] = self._level(node)
        self.depth = max((self.levels[n] for n in self._full()), default=-1) + 1
        self.schedule: list[list[int]] = []
        self.made: list[list[int]] = []
        for p in range(self.depth):
            earlier = {n for made in self.made for n in made if self._outlasts(n)}
            self.schedule.append(self._needed(p, earlier))
            self.made.append([n for n in self.schedule[p] if n not in earlier])

    def plan(self) -> RowPlan:
        """Return the plan."""
        rows = [n for n in self.nodes if self.graph.axes(n) == ROW and not self._reduced(n)]
        whole = [n for n in self.nodes if ROW not in self.graph.axes(n)]
        tiles, wide = _Pool(), _Pool()
        places: dict[int, tuple[_Pool, int]] = {}
        passes = []
        for p, needed in enumerate(self.schedule):
            steps = tuple(self._steps(p, needed, places, tiles, wide))
            before = tuple(n for n in rows if self.levels[n] == p)
            passes.append(Pass(before, steps, self._reductions(p), self._stores(p)))
        late = tuple(n for n in rows if self.levels[n] >= self.depth)
        return RowPlan(
            self.graph, self.outputs, tuple(whole), tuple(passes), late, tiles.size, wide.size
        )

    def _reachable(self) -> list[int]:
        """Return the nodes that the outputs need, operands first: of a pin no condition."""
        seen: set[int] = set()
        stack = list(self.outputs)
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                stack.extend(self._operands(node))
        return sorted(seen)

    def _outlasts(self, node: int) -> bool:
        """Return whether a later pass finds a full node; others are made again in every pass."""
        return self.graph[node].op != "input" and not self.graph.boolean(node)

    def _level(self, node: int) -> int:
        args = self._operands(node)
        return max((self.levels[a] for a in args), default=0) + self._reduced(node)

    def _reduced(self, node: int) -> bool:
        return self.graph[node].op in REDUCTIONS and self.graph.axes(node) == ROW

    def _full(self) -> list[int]:
        return [n for n in self.nodes if self.graph.axes(n) == FULL]

    def _operands(self, node: int) -> tuple[int, ...]:
        """Return what a step reads: of a pin its label instead of the condition."""
        label, args = self.graph.pin(node), self.graph[node].args
        return args if label is None else (label, *args[1:])

    def _reductions(self, p: int) -> tuple[int, ...]:
        levels = self.levels
        return tuple(
            n for n in self.nodes if self._reduced(n) and levels[self.graph[n].args[0]] == p
        )

    def _stores(self, p: int) -> tuple[tuple[int, int], ...]:
        full = [(k, n) for k, n in enumerate(self.outputs) if self.graph.axes(n) == FULL]
        return tuple((k, n) for k, n in full if self.levels[n] == p)

    def _read_raw(self, reduction: int) -> bool:
        """Return whether a reduction takes an input as it lies in memory: none that adds up."""
        found = self.graph[reduction]
        return found.op != "sum" and self.graph[found.args[0]].op == "input"

    def _needed(self, p: int, earlier: set[int]) -> list[int]:
        """Return the full nodes that pass `p` computes or reads, operands first."""
        pending = [self.graph[n].args[0] for n in self._reductions(p) if not self._read_raw(n)]
        pending += self._outgoing(p)
        seen: set[int] = set()
        while pending:
            node = pending.pop()
            if node in seen or self.graph.axes(node) != FULL:
                continue
            seen.add(node)
            if node not in earlier:
                pending += self._operands(node)
        return sorted(seen)

    def _steps(
        self,
        p: int,
        needed: list[int],
        places: dict[int, tuple[_Pool, int]],
        tiles: _Pool,
        wide: _Pool,
    ) -> Iterator[Step]:
        """Yield the steps of a pass; `places` holds what earlier passes have kept."""
        later = {n for following in self.schedule[p + 1 :] for n in following}
        last: dict[int, int] = {}
        for at, node in enumerate(needed):
            last.update(dict.fromkeys(self._operands(node), at))
        for n in (*(self.graph[r].args[0] for r in self._reductions(p)), *self._outgoing(p)):
            last[n] = len(needed)
        for at, node in enumerate(needed):
            if node not in places:
                yield self._step(at, node, places, last, later, tiles, wide)
        for node in [n for n in places if n not in later or self.graph[n].op == "input"]:
            pool, place = places.pop(node)
            if place not in pool.free:
                pool.free.append(place)

    def _outgoing(self, p: int) -> list[int]:
        return [n for _, n in self._stores(p)]

    def _step(
        self,
        at: int,
        node: int,
        places: dict[int, tuple[_Pool, int]],
        last: dict[int, int],
        later: set[int],
        tiles: _Pool,
        wide: _Pool,
    ) -> Step:
        found, operands = self.graph[node], self._operands(node)
        dying = [
            a
            for a in dict.fromkeys(operands)
            if a in places and last.get(a) == at and a not in later
        ]
        if self.graph.boolean(node):
            self._free(dying, places)
            return Step(node, "test", found.args, None)
        kept = node in later and found.op != "input"
        op = "stage" if found.op == "input" else found.op
        if self.graph.pin(node) is not None:
            op = "pin"
        reusable = [a for a in dying if not kept or places[a][0] is wide]
        if op == "pin":
            # An input may lie in its own array instead of its register.
            reusable = [a for a in reusable if a == operands[2] and self._outlasts(a)]
        pool = wide if kept else tiles
        if op == "pin" and reusable:
            op = "pin in place"
        pool, place = places.pop(reusable[0]) if reusable else (pool, pool.take())
        self._free([a for a in dying if a in places], places)
        places[node] = (pool, place)
        return Step(node, op, operands, place, pool is wide)

    @staticmethod
    def _free(nodes: list[int], places: dict[int, tuple[_Pool, int]]) -> None:
        for node in nodes:
            pool, place = places.pop(node)
            pool.free.append(place)
