"""Passes over programs and expressions: each a pure function that changes no value."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from refloss.symbolic.functions import Gate, Quotient, Ratio, Stop, Unbounded, Weighted
from refloss.symbolic.program import Let, Program, indexed, name_of


def clean(program: Program, *, differentiable: bool = False) -> Program:
    """Tidy a derived program: inline renamings, read named values, drop dead statements.

    A program that is to be differentiated again stays `differentiable`: it keeps what only the
    accurate partials of its statements read.
    """
    named = inline_names(program, differentiable=differentiable)
    return live(reuse(named), differentiable=differentiable)


def live(program: Program, *, differentiable: bool = False) -> Program:
    """Drop statements that no output needs.

    Inputs and constants stay: a program's signature does not depend on what it happens to read.

    Raises
    ------
    ValueError
        When something that is needed is neither an input nor a statement.
    """
    inputs = {tensor.name for tensor in program.inputs}
    lets = {let.target.name: let for let in program.lets}
    wanted: set[str] = set()
    pending = list(program.outputs)
    while pending:
        name = pending.pop()
        if name in wanted:
            continue
        wanted.add(name)
        if name in lets:
            pending += (name_of(read) for read in _needs(lets[name], differentiable))
        elif name not in inputs:
            raise ValueError(f"program {program.name!r} needs {name!r}, which nothing defines")
    kept = tuple(let for let in program.lets if let.target.name in wanted)
    return replace(program, lets=kept)


def idle(program: Program) -> dict[str, tuple[sp.Symbol, ...]]:
    """Return the statements that no output needs where a constant is 0, with those constants.

    What stands behind a closed switch, ``Piecewise((0, Eq(k, 0)), (x, True))``, need not run.
    """
    found: dict[str, tuple[sp.Symbol, ...]] = {}
    for constant in program.consts:
        zero = {constant: sp.S.Zero}
        lets = tuple(replace(let, expr=let.expr.subs(zero)) for let in program.lets)
        kept = {let.target.name for let in live(replace(program, lets=lets)).lets}
        for let in program.lets:
            if let.target.name not in kept:
                found[let.target.name] = (*found.get(let.target.name, ()), constant)
    return found


def _needs(let: Let, differentiable: bool) -> list[sp.Indexed]:
    """Return what a statement reads, and what it is differentiated by if it is to be again."""
    forms = let.partials if differentiable else ()
    exprs = (let.expr, *(expr for form in forms for expr in form))
    return [read for expr in exprs for read in indexed(expr)]


def inline_names(program: Program, *, differentiable: bool = False) -> Program:
    """Read through statements that only rename: ``gap_bar = loss_bar``.

    In a program that is to be differentiated again, one that has a derivative of its own is no
    other's name.
    """
    names: dict[sp.Basic, sp.Basic] = {}
    lets: list[Let] = []
    for let in program.lets:
        let = _rewrite(let, names)
        own = differentiable and let.partials
        renames = isinstance(let.expr, sp.Indexed) and not let.reduce and not own
        same_axes = renames and let.expr.indices == let.target.here.indices
        if same_axes and let.target.name not in program.outputs:
            names[let.target.here] = let.expr
        lets.append(let)
    return replace(program, lets=tuple(lets))


def reuse(program: Program) -> Program:
    """Read a named quantity instead of computing it again.

    The derivative of ``r = sqrt(u)`` prints as ``1/(2 r)``, that of ``q = Ratio(n, d)`` by d as
    ``−Ratio(q, d)``. Statements that are equal to an earlier one become a read of it.
    """
    known: dict[sp.Basic, sp.Basic] = {}
    lets: list[Let] = []
    for let in program.lets:
        let = replace(let, expr=let.expr.xreplace(known))
        lets.append(let)
        if let.reduce or not _worth_naming(let.expr):
            continue
        known.setdefault(let.expr, let.target.here)
        if let.expr.is_Pow and let.expr.exp == sp.S.Half:
            known.setdefault(1 / let.expr, 1 / let.target.here)
    return replace(program, lets=tuple(lets))


def _worth_naming(expr: sp.Expr) -> bool:
    trivial = expr.is_Atom or isinstance(expr, (sp.Indexed, Stop, Gate))
    return not trivial and not (expr.is_Mul and len(expr.args) == 2 and expr.args[0] == -1)


def _rewrite(let: Let, names: dict[sp.Basic, sp.Basic]) -> Let:
    partials = tuple((r.xreplace(names), p.xreplace(names)) for r, p in let.partials)
    return replace(let, expr=let.expr.xreplace(names), partials=partials)


def absorb(slope: sp.Expr, carrier: sp.Expr) -> sp.Expr:
    """Return ``carrier · slope`` with ``carrier · Ratio(1, d)`` written as ``Ratio(carrier, d)``.

    The adjoint or tangent that a slope multiplies is divided first: it has the scale that brings
    1/d back into range, and what remains is a product of plain quantities. Derivatives at d = 0
    are 0, as the primitive says. Of an `Unbounded` slope the product is `Weighted`.
    """
    if isinstance(slope, Unbounded):
        return Weighted(carrier, slope.args[0])
    if not slope.has(Ratio, Quotient):
        return carrier * slope
    if isinstance(slope, sp.Piecewise):
        arms = ((absorb(v, carrier) if v != 0 else v, c) for v, c in slope.args)
        return sp.Piecewise(*arms)
    return sp.Add(*(_absorbed(term, carrier) for term in sp.Add.make_args(slope)))


def _absorbed(term: sp.Expr, carrier: sp.Expr) -> sp.Expr:
    rest = []
    for factor in sp.Mul.make_args(term):
        power, base = 1, factor
        if factor.is_Pow and factor.exp.is_Integer and factor.exp > 0:
            base, power = factor.base, int(factor.exp)
        if isinstance(base, Ratio | Quotient) and base.args[0] == 1:
            for _ in range(power):
                carrier = base.func(carrier, *base.args[1:])
        else:
            rest.append(factor)
    return sp.Mul(carrier, *rest)


def fold_pieces(expr: sp.Expr) -> sp.Expr:
    """Write ``a · Piecewise((p, c), (q, True))`` as ``Piecewise((a p, c), (a q, True))``.

    A branch that is not taken then multiplies nothing: no 0·∞, and no untyped constants.
    """

    def into(product: sp.Expr) -> sp.Expr:
        pieces = [f for f in product.args if isinstance(f, sp.Piecewise)]
        if len(pieces) != 1:
            return product
        rest = sp.Mul(*(f for f in product.args if f is not pieces[0]))
        arms = [(fold_pieces(rest * v) if v != 0 else v, c) for v, c in pieces[0].args]
        return sp.Piecewise(*arms)

    terms = [into(t) if t.is_Mul else t for t in sp.Add.make_args(expr)]
    return sp.Add(*terms)


def operations(program: Program) -> int:
    """Count the scalar operations of a program: every arithmetic node or call of a primitive."""
    return sum(_count(let.expr) for let in program.lets)


def _count(expr: sp.Expr) -> int:
    if expr.is_Atom or isinstance(expr, sp.Indexed):
        return 0
    own = (
        len(expr.args) - 1 if expr.is_Add or expr.is_Mul or isinstance(expr, sp.Max | sp.Min) else 1
    )
    if expr.is_Pow and expr.exp.is_Integer:
        own = max(abs(int(expr.exp)) - 1, 1)
    return own + sum(_count(arg) for arg in expr.args)
