"""Derivatives of programs: `grad` is reverse mode, `jvp` forward mode, `hvp` their composition.

SymPy derives the scalar partial of one statement by one read; everything here composes such
partials along the statements. The language is closed: each result is again a program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import sympy as sp

from refloss.symbolic.functions import kinks
from refloss.symbolic.passes import absorb, clean, fold_pieces
from refloss.symbolic.program import (
    Axis,
    Let,
    Program,
    Tensor,
    local_partials,
    name_of,
    reads,
    size_of,
)

BAR = "_bar"
DOT = "_dot"


@cache
def partial(expr: sp.Expr, read: sp.Indexed) -> sp.Expr:
    """Return the derivative of `expr` by `read`, every other read held constant."""
    x = sp.Dummy(real=True)
    return kinks(sp.diff(expr.xreplace({read: x}), x)).xreplace({x: read})


def grad(program: Program, output: str, wrt: Sequence[str]) -> Program:
    """Append the statements of reverse mode.

    Parameters
    ----------
    program : Program
        Statements up to and including `output`.
    output : str
        What is differentiated; the program gains an input ``<output>_bar`` of its shape.
    wrt : sequence of str
        Inputs by which to differentiate.

    Returns
    -------
    Program
        With outputs `program.outputs` and ``<name>_bar`` for every name of `wrt`, where
        ``x_bar = sum_i output_bar[i] · ∂output[i]/∂x``.

    Raises
    ------
    ValueError
        When the derivative would pass through a max or argmax reduction: read its value through
        `Stop`, gather at the maximiser, or give the maximum's derivative by `Build.partials`.
    """
    return clean(_reverse(program, output, wrt))


def _reverse(program: Program, output: str, wrt: Sequence[str]) -> Program:
    seed = Tensor(output + BAR, program.tensor(output).axes)
    sweep = _Sweep(program, {output: seed}, _dependents(program, wrt) | set(wrt))
    for let in reversed(program.lets):
        sweep.visit(let)
    for name in wrt:
        sweep.finish(program.tensor(name), always=True)
    return Program(
        f"{program.name}_grad",
        (*program.inputs, seed),
        program.consts,
        (*program.lets, *sweep.lets),
        (*program.outputs, *(name + BAR for name in wrt)),
        program.numbers,
        program.doc,
        program.derived,
    )


def jvp(program: Program, wrt: Sequence[str], outputs: Sequence[str] | None = None) -> Program:
    """Append the statements of forward mode.

    Parameters
    ----------
    program : Program
        The program to push tangents through.
    wrt : sequence of str
        Inputs that move; each gains a tangent input ``<name>_dot``.
    outputs : sequence of str, optional
        Which outputs' tangents to return; by default all that depend on `wrt`.

    Raises
    ------
    ValueError
        When a tangent would pass through a max reduction that is not detached.
    """
    dots = {name: Tensor(name + DOT, program.tensor(name).axes) for name in wrt}
    seeds = tuple(dots.values())
    stuck: set[str] = set()
    lets = list(program.lets)  # a tangent may read any primal value: they come first
    for let in program.lets:
        if let.target.label:
            continue
        tangent, apart = _tangent(let, program, dots, stuck)
        if tangent == 0 and not apart:
            continue
        if _is_stuck(let):
            stuck.add(let.target.name)
            continue
        target = Tensor(let.target.name + DOT, let.target.axes)
        dots[let.target.name] = target
        if let.reduce not in ("", "sum") and not apart:
            lets += _summed(target, tangent, let.over)
            continue
        if not apart:
            lets.append(Let(target, tangent, let.reduce, let.over))
            continue
        if let.reduce and tangent != 0:
            tangent, apart = sp.S.Zero, [*apart, (tangent, let.over)]
        for number, (term, over) in enumerate(apart):
            part = Tensor(f"{target.name}{number}", target.axes)
            lets.append(Let(part, term, "sum" if over else "", over))
            tangent += part.here
        lets.append(Let(target, tangent))
    wanted = program.outputs if outputs is None else outputs
    return clean(
        Program(
            f"{program.name}_jvp",
            (*program.inputs, *seeds),
            program.consts,
            tuple(lets),
            tuple(name + DOT for name in wanted if name in dots),
            program.numbers,
            program.doc,
            program.derived,
        )
    )


def _is_stuck(let: Let) -> bool:
    """Return whether no derivative passes a statement: a reduction that says nothing of its own."""
    return let.reduce not in ("", "sum") and not let.partials


def _summed(target: Tensor, expr: sp.Expr, over: tuple[Axis, ...]) -> tuple[Let, Let]:
    """Return the sum of `expr` as a statement; factors that it does not touch stay outside it."""
    factor, inner = expr.as_independent(*over, as_Add=False)
    part = Tensor(f"{target.name}_acc", target.axes)
    return Let(part, inner, "sum", over), Let(target, factor * part.here)


def _tangent(
    let: Let, program: Program, dots: dict[str, Tensor], stuck: set[str]
) -> tuple[sp.Expr, list[tuple[sp.Expr, tuple[Axis, ...]]]]:
    """Return the tangent of one statement, and the terms to be summed over other axes than its own.

    The maxima in `stuck` may be read only detached.
    """
    terms, apart = [], []
    for read, given in local_partials(let, program):
        name = name_of(read)
        if name not in dots and name not in stuck:
            continue
        slope = partial(let.expr, read) if given is None else given
        if slope != 0 and name in stuck:
            raise ValueError(f"cannot push a tangent through max in {name!r}")
        if slope == 0:
            continue
        term = absorb(slope, dots[name][read.indices])
        over = let.over if given is None else _spanned(read, let)
        if set(over) == set(let.over):
            terms.append(term)
        else:
            apart.append((fold_pieces(term), over))
    return sp.Add(*terms), apart


def _spanned(read: sp.Indexed, let: Let) -> tuple[Axis, ...]:
    """Return the axes that a read of a given form has beyond those of the target.

    The form is the derivative of the target, whatever the statement reduces over: a change along
    these axes adds up, and along no others.
    """
    return tuple(i for i in read.indices if isinstance(i, sp.Idx) and i not in let.target.axes)


def hvp(program: Program, output: str, wrt: Sequence[str]) -> Program:
    """Return the Hessian-vector product: forward mode over reverse mode.

    Outputs are ``<name>_bar_dot``: the derivative of the gradient along ``<name>_dot``. What is
    detached stays detached at every order, as ``detach`` in PyTorch and ``stop_gradient`` in JAX.
    """
    swept = _reverse(program.with_outputs(output), output, wrt)
    gradient = clean(swept, differentiable=True)
    wanted = [name + BAR for name in wrt]
    return complete(jvp(gradient, wrt, wanted), [name + DOT for name in wanted])


def trace(program: Program, output: str, wrt: Sequence[str]) -> Program:
    """Return reverse mode as written, with every quantity and every adjoint as an output."""
    swept = _reverse(program, output, wrt)
    return swept.with_outputs(*(let.target.name for let in swept.lets))


def complete(program: Program, outputs: Sequence[str]) -> Program:
    """Define as 0 every output that nothing reaches, so that all of `outputs` exist."""
    known = {t.name for t in program.tensors()}
    missing = []
    for name in outputs:
        if name not in known:
            source = program.tensor(name.removesuffix(BAR + DOT).removesuffix(BAR))
            missing.append(Let(Tensor(name, source.axes), sp.S.Zero))
    return replace(program, lets=(*program.lets, *missing), outputs=tuple(outputs))


@dataclass(frozen=True)
class _Term:
    """One consumer's contribution to an adjoint, on the adjoint's own axes."""

    expr: sp.Expr
    over: tuple[Axis, ...]


class _Sweep:
    """The reverse sweep: contributions are gathered per tensor and emitted when complete."""

    def __init__(self, program: Program, bars: dict[str, Tensor], need: set[str]) -> None:
        self.program = program
        self.bars = bars
        self.need = need
        self.terms: dict[str, list[_Term]] = {}
        self.lets: list[Let] = []

    def visit(self, let: Let) -> None:
        """Pass the adjoint of one statement on to what it reads."""
        target = let.target
        if target.label or target.name not in self.need:
            return
        self.finish(target)
        bar = self.bars.get(target.name)
        if bar is None:
            return
        if _is_stuck(let):
            raise ValueError(f"cannot differentiate through {let.reduce} in {target.name!r}")
        for read, given in local_partials(let, self.program):
            if name_of(read) not in self.need:
                continue
            slope = partial(let.expr, read) if given is None else given
            if slope == 0:
                continue
            source = self.program.tensor(name_of(read))
            passed = fold_pieces(absorb(slope, bar.here))
            over = let.over if given is None else _spanned(read, let)
            term = retarget(passed, (*target.axes, *over), read, source)
            self.terms.setdefault(source.name, []).append(term)

    def finish(self, tensor: Tensor, *, always: bool = False) -> None:
        """Emit the adjoint of `tensor`: every statement that reads it has been visited."""
        terms = self.terms.pop(tensor.name, [])
        if not terms and not always:
            return
        name = tensor.name + BAR
        summed = [t for t in terms if t.over]
        switched = [t.expr for t in terms if not t.over and _switched_off(t.expr)]
        total = sp.Add(*(t.expr for t in terms if not t.over and not _switched_off(t.expr)))
        if len(summed) == 1 and total == 0 and not switched:
            target = self._emit(name, tensor.axes, summed[0])
        else:
            for number, term in enumerate(summed):
                total += self._emit(f"{name}{number}", tensor.axes, term).here
            for number, piece in enumerate(switched, len(summed)):
                if total == 0:
                    total = piece
                    continue
                before = self._emit(f"{name}{number}", tensor.axes, _Term(total, ())).here
                (_, off), (more, _) = piece.args
                total = sp.Piecewise((before, off), (before + more, True))
            target = self._emit(name, tensor.axes, _Term(total, ()))
        self.bars[tensor.name] = target

    def _emit(self, name: str, axes: tuple[Axis, ...], term: _Term) -> Tensor:
        """Append a statement; factors that the reduction does not touch stay outside it."""
        factor, expr = sp.S.One, term.expr
        if term.over and expr.is_Mul:
            factor, expr = expr.as_independent(*term.over, as_Add=False)
        target = Tensor(name, axes)
        inside = tuple(a for a in axes if expr.has(a)) if term.over else axes
        if factor == 1 and inside == axes:
            self.lets.append(Let(target, expr, "sum" if term.over else "", term.over))
            return target
        inner = Tensor(f"{name}_acc", inside)
        self.lets.append(Let(inner, expr, "sum", term.over))
        self.lets.append(Let(target, factor * inner.here))
        return target


def _switched_off(expr: sp.Expr) -> bool:
    """Return whether `expr` is 0 where a condition on constants holds: it then costs nothing."""
    if not isinstance(expr, sp.Piecewise) or len(expr.args) != 2:
        return False
    (value, condition), _ = expr.args
    return value == 0 and not condition.has(sp.Indexed, sp.Idx)


def retarget(expr: sp.Expr, space: tuple[Axis, ...], read: sp.Indexed, source: Tensor) -> _Term:
    """Re-express a contribution indexed by `space` on the axes of `source`.

    An index of `read` that is a plain axis is renamed to the canonical one; any other (a label, a
    repeated axis, a number) pins the canonical axis by a Kronecker condition: that is the scatter
    which is the adjoint of a gather.
    """
    renamed: dict[sp.Basic, sp.Basic] = {}
    pins: list[tuple[Axis, sp.Expr]] = []
    for canonical, index in zip(source.axes, read.indices, strict=False):
        if isinstance(index, sp.Idx) and index not in renamed:
            renamed[index] = canonical
        else:
            pins.append((canonical, index))
    used = set(renamed)
    for index in space:
        if index not in renamed and index in source.axes:
            renamed[index] = sp.Idx(f"{index.name}_", size_of(index))
    over = tuple(renamed.get(index, index) for index in space if index not in used)
    expr = expr.xreplace(renamed)
    for canonical, index in pins:
        here = sp.Eq(canonical, index.xreplace(renamed), evaluate=False)
        expr = sp.Piecewise((expr, here), (0, True))
    return contract(expr, over)


def contract(expr: sp.Expr, over: tuple[Axis, ...]) -> _Term:
    """Drop every sum whose index a Kronecker condition pins to another: Σ_j [j = k] e_j = e_k."""
    for index in over:
        for piecewise in sorted(expr.atoms(sp.Piecewise), key=sp.default_sort_key):
            (value, condition), *rest = piecewise.args
            if not (isinstance(condition, sp.Eq) and index in condition.args):
                continue
            if expr.xreplace({piecewise: rest[0][0]}) != 0:
                continue
            other = condition.rhs if condition.lhs == index else condition.lhs
            expr = expr.xreplace({piecewise: value}).subs(index, other)
            over = tuple(o for o in over if o != index)
            break
    return _Term(expr, over)


def _dependents(program: Program, wrt: Sequence[str]) -> set[str]:
    need = set(wrt)
    for let in program.lets:
        if any(name_of(read) in need for read, _ in local_partials(let, program)):
            need.add(let.target.name)
    return need - {t.name for t in program.tensors() if t.label}


__all__ = [
    "BAR",
    "DOT",
    "complete",
    "contract",
    "grad",
    "hvp",
    "jvp",
    "partial",
    "reads",
    "retarget",
]
