"""What the author of a loss writes with: declare inputs, then name intermediate quantities."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import sympy as sp

from refloss.symbolic.functions import ArgMaxOver, LogSumExpOver, MaxOver, NormOver, Rest
from refloss.symbolic.program import Axis, Let, Program, Tensor, indexed, name_of

Form = Literal["plain", "stable"]

_C_AND_CUDA = """
auto bool break case catch char class const constexpr continue decltype default delete do double
else enum explicit export extern false float for friend goto half if inline int long mutable
namespace new noexcept nullptr operator private protected public register reinterpret_cast
return short signed sizeof static struct switch template this thread_local throw true try
typedef typeid typename union unsigned using virtual void volatile wchar_t while abs atan atan2
ceil cos exp exp2 expm1 floor fma fmax fmin log log10 log1p log2 max min pow rint sin sqrt tan
blockDim blockIdx gridDim threadIdx warpSize
"""
_IN_TEXTS = """
np math F row scratch acc real size items lane leads constants stored bits load store add offer
place result missing filler widened narrow NUMBER KERNEL ARRAY CONSTANTS INFINITE NOT_A_NUMBER
INLINE MEMBER NARROW LENGTHY LANES GROUP BLOCK Sum First Largest Same Nowhere Column Quad Matrix
Labels Pair Place
"""
RESERVED = frozenset(
    [*keyword.kwlist, *keyword.softkwlist, *_IN_TEXTS.split(), *_C_AND_CUDA.split()]
)
"""Names that mean something in Python, C or CUDA, or in the printed text itself."""

_KINDS = {
    sp.Sum: "sum",
    MaxOver: "max",
    ArgMaxOver: "argmax",
    LogSumExpOver: "logsumexp",
    NormOver: "norm",
}


class DefinitionError(ValueError):
    """An author's mistake in a definition, found while the program is built."""


class Build:
    """A program under construction.

    Parameters
    ----------
    name : str
        Name of the program.
    form : {"plain", "stable"}
        Which body the vocabulary takes: the textbook formula, or the one that keeps its digits.
    doc : str
        What the program computes.
    """

    def __init__(self, name: str, form: Form = "plain", doc: str = "") -> None:
        if form not in ("plain", "stable"):
            raise DefinitionError(f"form: expected 'plain' or 'stable', got {form!r}")
        self.form: Form = form
        self.program = Program(name, doc=doc)

    def real(self, name: str, *axes: Axis) -> Tensor:
        """Declare a real input over `axes`."""
        return self._input(Tensor(self._claim(name), axes))

    def label(self, name: str, *axes: Axis) -> Tensor:
        """Declare an integer input over `axes`: an index, never differentiated."""
        return self._input(Tensor(self._claim(name), axes, label=True))

    def const(self, name: str, **assumptions: bool) -> sp.Symbol:
        """Declare a run-time constant."""
        symbol = sp.Symbol(self._claim(name), real=True, **assumptions)
        self.program = replace(self.program, consts=(*self.program.consts, symbol))
        return symbol

    def number(self, name: str, value: sp.Expr) -> sp.Symbol:
        """Name a mathematical constant; `value` is exact, such as ``4/pi**2``."""
        symbol = sp.Symbol(self._claim(name), real=True, positive=sp.sympify(value).is_positive)
        entry = (symbol, sp.sympify(value))
        self.program = replace(self.program, numbers=(*self.program.numbers, entry))
        return symbol

    def pair(self, name: str, value: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
        """Name a mathematical constant as a float, and what that one lacks; see `derived`.

        Parameters
        ----------
        name : str
            A new identifier.
        value : sympy.Expr
            Exact, of rational numbers and square roots.

        Returns
        -------
        nearest, rest : sympy.Expr
            A number that is a float is itself, and lacks nothing.
        """
        value = sp.sympify(value)
        if value.is_Rational and value.q & (value.q - 1) == 0:
            return value, sp.S.Zero
        nearest = self.number(name, value)
        plain = self.form == "plain"
        return nearest, sp.S.Zero if plain else self.number(f"{name}_lo", Rest(value))

    def derived(self, name: str, value: sp.Expr) -> tuple[sp.Symbol, sp.Expr]:
        """Name a function of run-time constants, such as ``cos(margin)``.

        It is never computed in a kernel: two constants ``name`` and ``name_lo`` hold the float
        nearest to it, and the float nearest to what that one lacks, so that ``(x - name) -
        name_lo`` keeps its digits however near `x` is.

        Parameters
        ----------
        name : str
            A new identifier.
        value : sympy.Expr
            Sums, products, quotients, sines, cosines and roots of constants of the program and pi.

        Returns
        -------
        nearest, rest : sympy.Symbol
            In the plain form `nearest` stands for the exact value, and `rest` is 0.
        """
        nearest, rest = self.const(name), self.const(f"{name}_lo")
        entry = (nearest, rest, sp.sympify(value))
        self.program = replace(self.program, derived=(*self.program.derived, entry))
        return nearest, rest if self.form == "stable" else sp.S.Zero

    def wide(self, name: str, **assumptions: bool) -> sp.Symbol:
        """Declare a run-time constant that keeps its digits where a kernel computes with fewer.

        It is as `const`, with another one ``name_lo`` beside it for what the float lacks; see
        `rest_of`.
        """
        symbol = self.const(name, **assumptions)
        entry = (symbol, self.const(f"{name}_lo"), symbol)
        self.program = replace(self.program, derived=(*self.program.derived, entry))
        return symbol

    def rest_of(self, constant: sp.Expr) -> sp.Expr:
        """Return what the float lacks that stands for a constant declared as `wide`.

        It is 0 in the format that the constant was given in: what it multiplies is best taken
        away, for ``x - 0`` is x, also of -0, and costs nothing. It is 0 for any other expression,
        and in the plain form.
        """
        rests = {nearest: rest for nearest, rest, value in self.program.derived if nearest == value}
        return rests.get(constant, sp.S.Zero) if self.form == "stable" else sp.S.Zero

    def let(
        self,
        name: str,
        axes: Sequence[Axis],
        expr: sp.Expr,
        doc: str = "",
    ) -> Tensor:
        """Name a quantity: ``name[axes] = expr``.

        A reduction (``Sum``, ``MaxOver``, ``ArgMaxOver``) inside `expr` becomes a statement of its
        own.

        Parameters
        ----------
        name : str
            A new identifier, valid in Python, C and CUDA.
        axes : sequence of Axis
            Axes of the target.
        expr : sympy.Expr
            What it is.
        doc : str
            What it means.

        Raises
        ------
        DefinitionError
            For a reserved or taken name, an axis that is neither of the target nor bound, a read
            of something not yet defined or with the wrong number of indices, or a reduction over
            an axis that the target keeps.
        """
        axes, expr = tuple(axes), sp.sympify(expr)
        kind, body, over = _parts(expr)
        for number, node in enumerate(_reductions(body)):
            inner = f"{name}_{_parts(node)[0]}{number or ''}"
            kept = [a for a in (*axes, *over) if node.has(a)]
            body = body.xreplace({node: self.let(inner, kept, node).here})
        return self._emit(name, axes, body, kind, over, doc)

    def partials(self, tensor: Tensor, partials: Mapping[sp.Indexed, sp.Expr]) -> Tensor:
        """Give a statement its accurate derivative forms, by read; see `Let.partials`.

        They may read quantities that were named after the statement: derivatives come last. A
        read with an axis that the target lacks, ``x[b, c]`` of ``loss[b]``, stands for every
        element along it, whatever reductions lie between.
        """
        let = next((o for o in self.program.lets if o.target == tensor), None)
        if let is None:
            raise DefinitionError(f"{tensor.name!r} is no statement of {self.program.name!r}")
        for read, slope in partials.items():
            axes = {*tensor.axes, *read.atoms(sp.Idx)}
            self._check(tensor.name, axes, read)
            self._check(tensor.name, axes, sp.sympify(slope))
        forms = tuple((read, sp.sympify(slope)) for read, slope in partials.items())
        lets = tuple(replace(o, partials=forms) if o is let else o for o in self.program.lets)
        self.program = replace(self.program, lets=lets)
        return tensor

    def finish(self, *outputs: str) -> Program:
        """Return the program with the named outputs."""
        known = {t.name for t in self.program.tensors()}
        for name in outputs:
            if name not in known:
                raise DefinitionError(f"output {name!r} is not defined in {self.program.name!r}")
        return self.program.with_outputs(*outputs)

    def _input(self, tensor: Tensor) -> Tensor:
        self.program = replace(self.program, inputs=(*self.program.inputs, tensor))
        return tensor

    def _claim(self, name: str) -> str:
        if not (name.isascii() and name.isidentifier()):
            raise DefinitionError(f"name {name!r} is not an identifier")
        if name in RESERVED:
            raise DefinitionError(f"name {name!r} is reserved in Python, C or CUDA")
        symbols = (*self.program.consts, *(s for s, _ in self.program.numbers))
        taken = {t.name for t in self.program.tensors()} | {str(s) for s in symbols}
        if name in taken:
            raise DefinitionError(f"name {name!r} is taken in {self.program.name!r}")
        return name

    def _emit(
        self,
        name: str,
        axes: tuple[Axis, ...],
        expr: sp.Expr,
        kind: str,
        over: tuple[Axis, ...],
        doc: str,
    ) -> Tensor:
        self._claim(name)
        if kept := [str(a) for a in over if a in axes]:
            raise DefinitionError(f"{name!r} reduces over {kept}, which its target keeps")
        self._check(name, {*axes, *over}, expr)
        let = Let(Tensor(name, axes, label=kind == "argmax"), expr, kind, over, doc)
        self.program = replace(self.program, lets=(*self.program.lets, let))
        return let.target

    def _check(self, name: str, axes: set[Axis], expr: sp.Expr) -> None:
        known = {t.name: t for t in self.program.tensors()}
        for read in indexed(expr):
            tensor = known.get(name_of(read))
            if tensor is None:
                raise DefinitionError(f"{name!r} reads {name_of(read)!r} before its statement")
            expected = len(tensor.axes) or 1
            if len(read.indices) != expected:
                raise DefinitionError(
                    f"{name!r} reads {read}: expected {expected} indices, got {len(read.indices)}"
                )
        if unknown := sorted(str(i) for i in expr.atoms(sp.Idx) - axes):
            raise DefinitionError(f"{name!r} uses unknown axis {', '.join(unknown)}")
        symbols = {s for s in expr.free_symbols if isinstance(s, sp.Symbol)}
        bases = {sp.Symbol(n) for n in known} | {r.base.label for r in indexed(expr)}
        sizes = {s for a in axes for s in a.upper.free_symbols}
        for tensor in known.values():
            sizes |= {s for a in tensor.axes for s in a.upper.free_symbols}
        named = {*self.program.consts, *(s for s, _ in self.program.numbers)}
        stray = symbols - bases - sizes - named
        if stray:
            names = ", ".join(sorted(map(str, stray)))
            raise DefinitionError(f"{name!r} uses {names}, which is neither declared nor defined")


def _reductions(expr: sp.Expr) -> list[sp.Expr]:
    """Return the outermost reductions of `expr`, each once, in a fixed order."""
    found = [n for n in sp.postorder_traversal(expr) if type(n) in _KINDS]
    outer = [n for n in found if not any(n is not m and m.has(n) for m in found)]
    return list(dict.fromkeys(outer))


def _parts(node: sp.Expr) -> tuple[str, sp.Expr, tuple[Axis, ...]]:
    """Return kind, body and bound axes of a reduction; a map is its own body."""
    if isinstance(node, sp.Sum):
        return "sum", node.function, tuple(limit[0] for limit in node.limits)
    if type(node) in _KINDS:
        return _KINDS[type(node)], node.args[0], (node.args[1],)
    return "", node, ()


class Vocabulary:
    """A function that names quantities, with a plain and a stable body.

    The body is chosen by the form of the `Build` that it writes into; both define the same
    outputs, and rules prove them equal.
    """

    def __init__(self, plain: Callable) -> None:
        self.plain = plain
        self.stable = plain
        self.__doc__ = plain.__doc__
        self.__name__ = plain.__name__

    def when_stable(self, body: Callable) -> Callable:
        """Register the stable body."""
        self.stable = body
        return body

    def __call__(self, P: Build, *args: object, **kwargs: object):
        """Write the body of the form of `P`."""
        body = self.stable if P.form == "stable" else self.plain
        return body(P, *args, **kwargs)
