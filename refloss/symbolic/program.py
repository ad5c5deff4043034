"""Programs in index notation: named tensors, named statements, nothing else.

A program is straight-line code over named tensors. A statement is a *map*,
``T[b, c] = f(reads)``, or a *reduction*, ``T[b] = sum_c f(reads)``, where ``f`` is a scalar
SymPy expression over indexed reads. Everything here is immutable data; building, deriving and
printing live in their own modules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import sympy as sp

Axis: TypeAlias = sp.Idx
"""A named axis: an index together with the symbol of its size."""

REDUCTIONS = ("sum", "max", "argmax", "logsumexp", "norm")


def axis(name: str, size: str) -> Axis:
    """Return the axis `name` that runs over ``0 … size − 1``.

    Parameters
    ----------
    name : str
        Name of the index, as it appears in printed text.
    size : str
        Name of the size; two axes may share one.
    """
    return sp.Idx(name, sp.Symbol(size, integer=True, positive=True))


def size_of(index: Axis) -> sp.Symbol:
    """Return the symbol of an axis' size."""
    return index.upper + 1


@dataclass(frozen=True)
class Tensor:
    """A named array over named axes.

    Attributes
    ----------
    name : str
        An identifier in Python, C and CUDA at once.
    axes : tuple of Axis
        Its axes; also the canonical index names of the statement that defines it.
    label : bool
        Integer valued, used as an index or in a comparison, never differentiated.
    """

    name: str
    axes: tuple[Axis, ...]
    label: bool = False

    @property
    def base(self) -> sp.IndexedBase:
        """The SymPy array behind the reads."""
        shape = tuple(size_of(a) for a in self.axes) or (sp.S.One,)
        kind = {"integer": True} if self.label else {"real": True}
        return sp.IndexedBase(self.name, shape=shape, **kind)

    def __getitem__(self, index: object) -> sp.Indexed:
        index = index if isinstance(index, tuple) else (index,)
        return sp.Indexed(self.base, *index)

    @property
    def here(self) -> sp.Indexed:
        """The read at the canonical index; a scalar reads as ``name[0]``."""
        return self[self.axes or (sp.S.Zero,)]


@dataclass(frozen=True)
class Let:
    """One named statement ``target = expr`` or ``target = reduce over `over` of expr``.

    Attributes
    ----------
    target : Tensor
        What is defined.
    expr : sympy.Expr
        Scalar expression over reads, axes and constants.
    reduce : str
        ``""`` for a map, else one of `REDUCTIONS`.
    over : tuple of Axis
        Bound axes of the reduction.
    doc : str
        What the quantity is, printed beside the statement.
    partials : tuple of (sympy.Indexed, sympy.Expr)
        Accurate derivative forms. Empty: the partials are SymPy's. Otherwise they *are* the
        local derivatives; a `refloss.symbolic.rules.Rule` proves them equal to SymPy's. A read may
        have axes that the target lacks: the form is then the derivative by each element there.
    """

    target: Tensor
    expr: sp.Expr
    reduce: str = ""
    over: tuple[Axis, ...] = ()
    doc: str = ""
    partials: tuple[tuple[sp.Indexed, sp.Expr], ...] = ()


@dataclass(frozen=True)
class Program:
    """A named sequence of statements with inputs, run-time constants and outputs.

    `numbers` are mathematical constants by name (``4/pi**2``): printers evaluate them, correctly
    rounded or as a ball; they are never typed as decimals.

    `derived` are functions of run-time constants (``cos(margin)``), each as two of `consts`: the
    float nearest to it, and the float nearest to what that one lacks. Whoever calls a kernel gives
    them; arithmetics that know the exact value take it instead. A constant that is the function of
    itself lacks something only in a format narrower than its own.
    """

    name: str
    inputs: tuple[Tensor, ...] = ()
    consts: tuple[sp.Symbol, ...] = ()
    lets: tuple[Let, ...] = ()
    outputs: tuple[str, ...] = ()
    numbers: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()
    doc: str = ""
    derived: tuple[tuple[sp.Symbol, sp.Symbol, sp.Expr], ...] = ()

    def tensor(self, name: str) -> Tensor:
        """Return the tensor called `name`.

        Raises
        ------
        KeyError
            When neither an input nor a statement has that name.
        """
        for tensor in self.tensors():
            if tensor.name == name:
                return tensor
        raise KeyError(f"program {self.name!r} has no tensor {name!r}")

    def tensors(self) -> Iterator[Tensor]:
        """Iterate over inputs, then statement targets, in order."""
        yield from self.inputs
        for let in self.lets:
            yield let.target

    def with_outputs(self, *names: str) -> Program:
        """Return the program with other outputs."""
        return replace(self, outputs=names)


def elementwise(program: Program) -> bool:
    """Return whether all tensors of a program have the same one axis."""
    return len({t.axes for t in program.tensors()}) == 1


def indexed(expr: sp.Expr) -> list[sp.Indexed]:
    """Return every indexed read of `expr`, labels included, in a fixed order."""
    return sorted(expr.atoms(sp.Indexed), key=sp.default_sort_key)


def is_scalar(read: sp.Indexed) -> bool:
    """Return whether `read` reads a tensor without axes, which is written ``name[0]``."""
    return read.base.shape == (sp.S.One,)


def name_of(read: sp.Indexed) -> str:
    """Return the name of the tensor that `read` reads."""
    return str(read.base)


def reads(expr: sp.Expr, program: Program) -> list[sp.Indexed]:
    """Return the real-valued reads of `expr` that a derivative passes through, in a fixed order.

    Labels are left out, and so is what stands inside an index: ``q[b, y[b]]`` is one read of ``q``.
    """
    labels = {t.name for t in program.tensors() if t.label}
    inside = {r for read in indexed(expr) for index in read.indices for r in indexed(index)}
    return [r for r in indexed(expr) if name_of(r) not in labels and r not in inside]


def local_partials(let: Let, program: Program) -> Iterable[tuple[sp.Indexed, sp.Expr | None]]:
    """Iterate over the reads that `let` is differentiated by.

    Yields
    ------
    read, partial
        `partial` is the given accurate form, or None where SymPy is to derive it.
    """
    if let.partials:
        return let.partials
    return tuple((read, None) for read in reads(let.expr, program))
