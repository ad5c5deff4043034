"""When a program over items and classes computes what, if classes come a part at a time.

A head has as many classes as its matrix has rows, and a batch times all of them may be too much to
hold. Classes are therefore visited in parts. A reduction over classes needs every part before
anything may read it: a statement's *level* is the number of such reductions that must be complete
before it, and visit ``p`` runs over the parts, feeds the reductions whose terms have level ``p``
and stores the outputs of that level. What has no axis of classes is computed between visits, what
has one in every visit that needs it, except for what is held from one visit to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from refloss.symbolic.functions import Ratio
from refloss.symbolic.passes import fold_pieces
from refloss.symbolic.program import Axis, Let, Program, Tensor, indexed, name_of
from refloss.symbolic.scalings import gather_scalings

__all__ = ["ClassSchedule", "Visit", "class_schedule", "pin", "pinned_factor"]


@dataclass(frozen=True)
class Visit:
    """One run over the parts of the classes.

    Attributes
    ----------
    before : tuple of Let
        Statements without classes, computed before it.
    terms : tuple of Let
        Statements over classes that a part needs, in order.
    reductions : tuple of Let
        What it completes.
    stores : tuple of str
        Outputs over classes that it stores, a part at a time.
    """

    before: tuple[Let, ...]
    terms: tuple[Let, ...]
    reductions: tuple[Let, ...]
    stores: tuple[str, ...]


@dataclass(frozen=True)
class ClassSchedule:
    """A program in the order in which it is computed.

    Attributes
    ----------
    classes : Axis
        The axis that is visited in parts.
    visits : tuple of Visit
    after : tuple of Let
        Statements without classes that only the last visit completes.
    held : frozenset of str
        Statements over classes that several visits need and a contraction makes: worth holding.
    """

    classes: Axis
    visits: tuple[Visit, ...]
    after: tuple[Let, ...]
    held: frozenset[str]


def class_schedule(program: Program, classes: Axis) -> ClassSchedule:
    """Cut a program into visits over an axis.

    Raises
    ------
    ValueError
        If something is read at the class of a label and depends on other items there.
    """
    prepared = gather_scalings(_split(_Gathers(program, classes).program()), classes)
    return _Scheduler(prepared, classes).schedule()


def pin(condition: sp.Basic, classes: Axis) -> sp.Expr | None:
    """Return the label of a condition ``class == label``, None for any other condition."""
    if not isinstance(condition, sp.Eq) or classes not in condition.args:
        return None
    return condition.rhs if condition.lhs == classes else condition.lhs


def pinned_factor(term: sp.Expr, classes: Axis) -> sp.Piecewise | None:
    """Return the factor of a term that is 0 in all classes but that of a label."""
    for factor in sp.Mul.make_args(term):
        if isinstance(factor, sp.Piecewise) and len(factor.args) == 2:
            (_, condition), (other, _) = factor.args
            if other == 0 and pin(condition, classes) is not None:
                return factor
    return None


class _Gathers:
    """Reads at the class of a label become statements of the item."""

    def __init__(self, program: Program, classes: Axis) -> None:
        self.given, self.classes = program, classes
        self.full = {t.name: t for t in program.tensors() if classes in t.axes}
        self.by_name = {let.target.name: let for let in program.lets}
        self.lets: list[Let] = []
        self.made: dict[tuple[str, sp.Expr], Tensor] = {}

    def program(self) -> Program:
        """Return the program without such reads."""
        for let in self.given.lets:
            self.lets.append(replace(let, expr=self._direct(let.expr), partials=()))
        return replace(self.given, lets=tuple(self.lets))

    def _direct(self, expr: sp.Expr) -> sp.Expr:
        pieces = {p: self._at_pins(p) for p in expr.atoms(sp.Piecewise)}
        expr = expr.xreplace({old: new for old, new in pieces.items() if old != new})
        return expr.xreplace({read: self._at(read) for read in indexed(expr) if self._is_far(read)})

    def _at_pins(self, piecewise: sp.Piecewise) -> sp.Expr:
        """Return a choice whose value at a label's class is read at that label."""
        arms = []
        for value, condition in piecewise.args:
            label = pin(condition, self.classes)
            arms.append((value if label is None else value.subs(self.classes, label), condition))
        return sp.Piecewise(*arms)

    def _is_far(self, read: sp.Indexed) -> bool:
        tensor = self.full.get(name_of(read))
        return tensor is not None and isinstance(self._label(read, tensor), sp.Indexed)

    def _label(self, read: sp.Indexed, tensor: Tensor) -> sp.Expr:
        return read.indices[tensor.axes.index(self.classes)]

    def _at(self, read: sp.Indexed) -> sp.Indexed:
        tensor = self.full[name_of(read)]
        label = self._label(read, tensor)
        (item,) = label.indices
        key = (tensor.name, label)
        if key not in self.made:
            self.made[key] = self._emit(tensor, label, item)
        kept = [
            i
            for i, axis in zip(read.indices, tensor.axes, strict=True)
            if axis not in (self.classes, item)
        ]
        return self.made[key][(item, *kept)]

    def _emit(self, tensor: Tensor, label: sp.Indexed, item: Axis) -> Tensor:
        rest = [axis for axis in tensor.axes if axis not in (self.classes, item)]
        target = Tensor(f"{tensor.name}_at_{name_of(label)}", (item, *rest))
        let = self.by_name.get(tensor.name)
        if let is None:
            self.lets.append(Let(target, tensor.here.xreplace({self.classes: label})))
            return target
        if item in let.over:
            raise ValueError(f"{tensor.name!r} sums over items: it has no value at one's label")
        expr = self._direct(let.expr.xreplace({self.classes: label}))
        self.lets.append(replace(let, target=target, expr=expr, partials=()))
        return target


def _split(program: Program) -> Program:
    """Return the program with every term of a sum over items or parts a statement of its own.

    Each can then be a contraction or a scatter, which a sum of several cannot. What does not vary
    along the sum stays outside it.
    """
    lets: list[Let] = []
    for let in program.lets:
        space = {*let.target.axes, *let.over}
        if let.reduce != "sum" or len(space) < 2:
            lets.append(replace(let, expr=_vectors_first(let.expr)))
            continue
        terms = sp.Add.make_args(fold_pieces(sp.expand_mul(let.expr)))
        parts = [_Term.of(term, let.over) for term in sorted(terms, key=sp.default_sort_key)]
        if len(parts) == 1 and parts[0].whole:
            lets.append(replace(let, expr=parts[0].inner))
            continue
        sums = []
        for number, part in enumerate(parts):
            name = f"{let.target.name}_{'sum' if len(parts) == 1 else f'term{number}'}"
            target = replace(let.target, name=name)
            lets.append(Let(target, part.inner, "sum", let.over))
            sums.append(part.outer(target.here))
        lets.append(replace(let, expr=sp.Add(*sums), reduce="", over=()))
    return replace(program, lets=tuple(lets))


@dataclass(frozen=True)
class _Term:
    """A term of a sum: what varies along it, and what is made of its sum.

    Attributes
    ----------
    inner : sympy.Expr
    factor : sympy.Expr
        What multiplies the sum.
    divisors : tuple of sympy.Expr
        What divides it: where one is 0, the result is 0.
    condition : sympy.Basic
        On constants; where it does not hold, the result is 0.
    """

    inner: sp.Expr
    factor: sp.Expr = sp.S.One
    divisors: tuple[sp.Expr, ...] = ()
    condition: sp.Basic = sp.true

    @classmethod
    def of(cls, term: sp.Expr, over: Sequence[Axis]) -> _Term:
        """Take a term apart."""
        if isinstance(term, sp.Piecewise) and len(term.args) == 2 and term.args[1][0] == 0:
            (value, condition), _ = term.args
            if not condition.has(sp.Indexed, sp.Idx):
                return replace(cls.of(value, over), condition=condition)
        factor, inner = term.as_independent(*over, as_Add=False)
        divisors, left = [], []
        for part in sp.Mul.make_args(inner):
            while isinstance(part, Ratio) and part.args[2] == 0 and not part.args[1].has(*over):
                divisors.append(part.args[1])
                part = part.args[0]
            left.append(part)
        return cls(sp.Mul(*left), factor, tuple(divisors))

    @property
    def whole(self) -> bool:
        """Whether nothing stays outside."""
        return self.factor == 1 and not self.divisors and self.condition == sp.true

    def outer(self, total: sp.Expr) -> sp.Expr:
        """Return the term's share of the result, by its sum."""
        for divisor in self.divisors:
            total = Ratio(total, divisor, sp.S.Zero)
        whole = self.factor * total
        return (
            whole if self.condition == sp.true else sp.Piecewise((whole, self.condition), (0, True))
        )


def _vectors_first(expr: sp.Expr) -> sp.Expr:
    """Write products of a quotient of a matrix and a vector with the quotient of two vectors."""

    def first(product: sp.Expr) -> sp.Expr:
        axes = product.atoms(sp.Idx)
        factors = list(product.args)
        for place, ratio in enumerate(factors):
            if not (isinstance(ratio, Ratio) and ratio.args[2] == 0):
                continue
            n, d, _ = ratio.args
            narrow = d.atoms(sp.Idx)
            if n.atoms(sp.Idx) != axes or not narrow or narrow == axes:
                continue
            others = [f for k, f in enumerate(factors) if k != place]
            beside = [f for f in others if f.atoms(sp.Idx) <= narrow]
            if any(f.atoms(sp.Idx) for f in beside):
                rest = [f for f in others if f not in beside]
                return sp.Mul(Ratio(sp.Mul(*beside), d, sp.S.Zero), n, *rest)
        return product

    products = sorted(expr.atoms(sp.Mul), key=sp.default_sort_key)
    return expr.xreplace({p: q for p in products if (q := first(p)) != p})


class _Scheduler:
    def __init__(self, program: Program, classes: Axis) -> None:
        self.classes = classes
        self.lets = {let.target.name: let for let in program.lets}
        self.outputs = program.outputs
        self.levels: dict[str, int] = {}
        for name, let in self.lets.items():
            self.levels[name] = self._level(let)

    def schedule(self) -> ClassSchedule:
        """Return the schedule."""
        rows = [let for let in self.lets.values() if not self._visited(let)]
        depth = 1 + max((self._depth(let) for let in self.lets.values()), default=-1)
        visits = []
        for level in range(depth):
            before = tuple(let for let in rows if self.levels[let.target.name] == level)
            visits.append(replace(self._visit(level), before=before))
        after = tuple(let for let in rows if self.levels[let.target.name] >= depth)
        return ClassSchedule(self.classes, tuple(visits), after, frozenset(self._held(visits)))

    def _full(self, let: Let) -> bool:
        return self.classes in let.target.axes

    def _visited(self, let: Let) -> bool:
        return self._full(let) or self.classes in let.over

    def _level(self, let: Let) -> int:
        reads = (name_of(read) for read in indexed(let.expr))
        deepest = max((self.levels[n] for n in reads if n in self.levels), default=0)
        return deepest + (self.classes in let.over)

    def _depth(self, let: Let) -> int:
        """Return the visit that a statement needs, −1 if it needs none."""
        level = self.levels[let.target.name]
        if self.classes in let.over:
            return level - 1
        return level if let.target.name in self.outputs and self._full(let) else -1

    def _visit(self, level: int) -> Visit:
        mine = [let for let in self.lets.values() if self._depth(let) == level]
        reductions = tuple(let for let in mine if self.classes in let.over)
        stores = tuple(
            n
            for n in self.outputs
            if n in self.lets and self.lets[n] in mine and self._full(self.lets[n])
        )
        needed = [r.expr for r in reductions] + [self.lets[s].target.here for s in stores]
        return Visit((), self._terms(needed), reductions, stores)

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
                if name in self.lets and self._full(self.lets[name]):
                    yield name

    def _held(self, visits: Sequence[Visit]) -> Iterator[str]:
        """Yield contractions that several visits need."""
        for name, let in self.lets.items():
            made = let.reduce and self._full(let)
            if made and sum(let in visit.terms for visit in visits) > 1:
                yield name
