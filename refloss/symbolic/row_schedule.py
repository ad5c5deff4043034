"""When a row program computes what: passes over the classes of a row, one reduction level each.

A reduction over classes needs the whole row before anything may read it. A statement's *level* is
the number of such reductions that must be complete before it; pass ``p`` runs over the classes,
feeds the reductions whose terms have level ``p`` and stores the outputs of that level. What is one
number a row or less is computed between passes. A quantity that two passes need is computed in
both: it costs arithmetic, never memory. One that costs a transcendental function may wait in the
row of an output which is written later: where arithmetic is dearer than memory, as on the host, it
is read again from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from refloss.symbolic import functions as fn
from refloss.symbolic.program import Axis, Let, Program, Tensor, indexed, name_of

__all__ = ["Pass", "RowSchedule", "row_schedule"]

_TRANSCENDENTAL = (
    sp.exp,
    expm1,
    sp.log,
    log1p,
    sp.sin,
    sp.cos,
    sp.atan,
    sp.atan2,
    fn.AspectAngle,
    fn.Power,
)


@dataclass(frozen=True)
class Pass:
    """One run over the classes of a row.

    Attributes
    ----------
    before : tuple of Let
        Statements of one number a row, computed before it.
    terms : tuple of Let
        Statements of one number a row and class that the run needs, in order.
    reductions : tuple of Let
        What it completes.
    stores : tuple of str
        Outputs of one number a row and class that it stores.
    """

    before: tuple[Let, ...]
    terms: tuple[Let, ...]
    reductions: tuple[Let, ...]
    stores: tuple[str, ...]


@dataclass(frozen=True)
class RowSchedule:
    """A row program in the order in which one row is computed.

    Attributes
    ----------
    item, inner : Axis
        The axis of rows and that of classes.
    whole : tuple of (Let, tuple of Let)
        What depends on no row, computed once: statements of one number, in order, reductions with
        the statements over classes that they need.
    passes : tuple of Pass
    after : tuple of Let
        Statements of one number a row that only the last reductions complete.
    held : mapping of str to str
        Statements over classes that cost a transcendental function in more than one pass, each
        with the output in whose row it may wait: no pass up to the last that reads it has written
        there before it is read.
    """

    item: Axis
    inner: Axis
    whole: tuple[tuple[Let, tuple[Let, ...]], ...]
    passes: tuple[Pass, ...]
    after: tuple[Let, ...]
    held: Mapping[str, str]


def row_schedule(program: Program) -> RowSchedule:
    """Cut a program over items and classes into passes.

    Raises
    ------
    ValueError
        If it has other axes than these two, or reduces over items.
    """
    item, inner = _axes(program)
    gathered = _Gathers(program, item, inner).program()
    return _Scheduler(gathered, item, inner).schedule()


def _axes(program: Program) -> tuple[Axis, Axis]:
    """Return the axis of items, which the value keeps, and that of classes.

    A derivative may have lost every reduction: items are then what the first input begins with.
    """
    found = {a for tensor in program.tensors() for a in tensor.axes}
    found |= {a for let in program.lets for a in let.over}
    summed = {a for let in program.lets for a in let.over} or found - {program.inputs[0].axes[0]}
    items = sorted(found - summed, key=str)
    if len(items) != 1 or len(summed) != 1:
        raise ValueError(
            f"program {program.name!r}: expected one axis of items and one of classes, "
            f"got {sorted(map(str, found))}"
        )
    return items[0], next(iter(summed))


class _Gathers:
    """Reads of a statement at one class a row become statements of the row."""

    def __init__(self, program: Program, item: Axis, inner: Axis) -> None:
        self.given = program
        self.item, self.inner = item, inner
        self.full = {t.target.name: t for t in program.lets if inner in t.target.axes}
        self.lets: list[Let] = []
        self.made: dict[tuple[str, sp.Expr], sp.Indexed] = {}

    def program(self) -> Program:
        """Return the program without such reads."""
        for let in self.given.lets:
            self.lets.append(replace(let, expr=self._direct(let.expr)))
        return replace(self.given, lets=tuple(self.lets))

    def _direct(self, expr: sp.Expr) -> sp.Expr:
        return expr.xreplace({read: self._at(read) for read in indexed(expr) if self._is_far(read)})

    def _is_far(self, read: sp.Indexed) -> bool:
        return name_of(read) in self.full and self.inner not in read.indices

    def _at(self, read: sp.Indexed) -> sp.Indexed:
        let = self.full[name_of(read)]
        label = read.indices[let.target.axes.index(self.inner)]
        key = (let.target.name, label)
        if key not in self.made:
            name = f"{let.target.name}_at_{name_of(label)}"
            expr = self._direct(let.expr.xreplace({self.inner: label}))
            target = Tensor(name, (self.item,))
            self.lets.append(Let(target, expr, doc=let.doc))
            self.made[key] = target.here
        return self.made[key]


class _Scheduler:
    def __init__(self, program: Program, item: Axis, inner: Axis) -> None:
        self.item, self.inner = item, inner
        self.lets = {let.target.name: let for let in program.lets}
        self.outputs = program.outputs
        self.rowless = self._rowless(program)
        self.levels: dict[str, int] = {}
        for name, let in self.lets.items():
            self.levels[name] = self._level(let)

    def schedule(self) -> RowSchedule:
        """Return the schedule."""
        bound = [let for name, let in self.lets.items() if name not in self.rowless]
        rows = [let for let in bound if not self._is_full(let) and not let.reduce]
        depth = 1 + max((self._depth(let) for let in self.lets.values()), default=-1)
        passes = []
        for level in range(depth):
            before = tuple(let for let in rows if self.levels[let.target.name] == level)
            passes.append(replace(self._pass(level), before=before))
        after = tuple(let for let in rows if self.levels[let.target.name] >= depth)
        held = dict(self._held(passes))
        return RowSchedule(self.item, self.inner, self._whole(), tuple(passes), after, held)

    def _rowless(self, program: Program) -> set[str]:
        """Return the tensors of which no part depends on a row."""
        found = {t.name for t in program.inputs if self.item not in t.axes}
        for name, let in self.lets.items():
            if self.item not in let.target.axes and all(
                name_of(read) in found for read in indexed(let.expr)
            ):
                found.add(name)
        return found

    def _level(self, let: Let) -> int:
        reads = (name_of(read) for read in indexed(let.expr))
        deepest = max((self.levels[n] for n in reads if n in self.levels), default=0)
        return deepest + (bool(let.reduce) and let.target.name not in self.rowless)

    def _depth(self, let: Let) -> int:
        """Return the pass that a statement needs, −1 if it needs none."""
        level = self.levels[let.target.name]
        if let.target.name in self.rowless:
            return -1
        if let.reduce:
            return level - 1
        return level if let.target.name in self.outputs and self._is_full(let) else -1

    def _is_full(self, let: Let) -> bool:
        return self.inner in let.target.axes

    def _pass(self, level: int) -> Pass:
        mine = [let for let in self.lets.values() if self._depth(let) == level]
        reductions = tuple(let for let in mine if let.reduce)
        stores = tuple(n for n in self.outputs if self.lets[n] in mine and not self.lets[n].reduce)
        needed = [r.expr for r in reductions] + [self.lets[s].target.here for s in stores]
        return Pass((), self._terms(needed), reductions, stores)

    def _held(self, passes: Sequence[Pass]) -> Iterator[tuple[str, str]]:
        """Yield what is worth holding between passes, and the output whose row has room for it."""
        written = {name: at for at, one in enumerate(passes) for name in one.stores}
        room = sorted(written, key=written.__getitem__)
        for name, let in self.lets.items():
            read = [at for at, one in enumerate(passes) if let in one.terms]
            if len(read) < 2 or name in self.rowless or not let.expr.has(*_TRANSCENDENTAL):
                continue
            free = next((output for output in room if written[output] >= read[-1]), None)
            if free is not None:
                room.remove(free)
                yield name, free

    def _whole(self) -> tuple[tuple[Let, tuple[Let, ...]], ...]:
        mine = [let for name, let in self.lets.items() if name in self.rowless]
        return tuple((let, self._terms([let.expr])) for let in mine if not self._is_full(let))

    def _terms(self, wanted: Sequence[sp.Expr]) -> tuple[Let, ...]:
        """Return the statements over classes that `wanted` reads, in program order."""
        seen: set[str] = set()
        pending = list(self._full_reads(wanted))
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending += self._full_reads([self.lets[name].expr])
        return tuple(let for name, let in self.lets.items() if name in seen)

    def _full_reads(self, exprs: Iterable[sp.Expr]) -> Iterator[str]:
        for expr in exprs:
            for read in indexed(expr):
                name = name_of(read)
                if name in self.lets and self._is_full(self.lets[name]):
                    yield name
