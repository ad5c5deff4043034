"""Matrices that are another one times vectors: as few runs over a matrix as can be.

A matrix whose every element is an element of another one times a *factor* with fewer axes, as the
product of a batch and all classes over the lengths of these, need not be written to be read: who
reads it reads the other one, and multiplies by its own factors and that one at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from refloss.symbolic.functions import Ratio, Scaled
from refloss.symbolic.program import Axis, Let, Program, Tensor, indexed, name_of

__all__ = ["gather_scalings"]


@dataclass(frozen=True)
class _Scaling:
    """An element of a matrix times a factor and over a divisor, which lack some of its axes."""

    matrix: sp.Indexed
    factor: sp.Expr = sp.S.One
    divisor: sp.Expr = sp.S.One

    @property
    def axes(self) -> set[Axis]:
        """Axes of factor and divisor."""
        return self.factor.atoms(sp.Idx) | self.divisor.atoms(sp.Idx)

    def times(self, other: _Scaling) -> _Scaling | None:
        """Return this one of what the other is one of, None where both have a divisor."""
        if 1 not in (self.divisor, other.divisor):
            return None
        factor, divisor = self.factor * other.factor, self.divisor * other.divisor
        return _Scaling(other.matrix, factor, divisor)


def gather_scalings(program: Program, classes: Axis) -> Program:
    """Return a program whose matrices over classes are scaled once, by the factors of several.

    Statements that only the replaced ones read are left out. A factor with an axis is a statement
    of its own, computed in the format of vectors.

    Parameters
    ----------
    program : Program
        Already split into statements of one contraction each.
    classes : Axis
        What matrices have beside another axis.
    """
    return _Gatherer(program, classes).program()


class _Gatherer:
    def __init__(self, program: Program, classes: Axis) -> None:
        self.given, self.classes = program, classes
        self.scalings: dict[str, _Scaling] = {}
        self.zero_at: dict[str, set[sp.Basic]] = {}
        self.lets: list[Let] = []

    def program(self) -> Program:
        """Return the program with its scalings gathered."""
        for let in self.given.lets:
            if let.reduce or not self._is_matrix(let.target):
                self.lets.append(let)
            else:
                self._put(let)
        return _without_unread(replace(self.given, lets=tuple(self.lets)))

    def _is_matrix(self, tensor: Tensor) -> bool:
        return self.classes in tensor.axes and len(tensor.axes) > 1

    def _put(self, let: Let) -> None:
        """Take a statement with its products over matrices gathered."""
        zeros = _zeros(let.expr, self.zero_at)
        expr = self._gathered(self._without_pins(let.expr), let.target)
        found = self._scaling(expr)
        if found is not None and found.matrix != let.target.here:
            self.scalings[let.target.name] = found
        self.zero_at[let.target.name] = zeros
        self.lets.append(replace(let, expr=expr))

    def _without_pins(self, expr: sp.Expr) -> sp.Expr:
        """Return an expression that puts no 0 where a factor of it has one already."""
        if not isinstance(expr, sp.Piecewise) or len(expr.args) != 2 or expr.args[0][0] != 0:
            return expr
        (_, condition), (value, _) = expr.args
        return value if condition in _zeros(value, self.zero_at) else expr

    def _gathered(self, expr: sp.Expr, target: Tensor) -> sp.Expr:
        """Return an expression with every product of a matrix and factors as one scaling."""
        axes = set(target.axes)
        found = self._scaling(expr)
        if found is not None and found.matrix.atoms(sp.Idx) == axes:
            return self._scaled(found, target) or expr
        if isinstance(expr, sp.Piecewise):
            arms = [(self._gathered(value, target), condition) for value, condition in expr.args]
            return sp.Piecewise(*arms)
        return expr

    def _scaled(self, own: _Scaling, target: Tensor) -> sp.Expr | None:
        """Return a scaling by one vector, which takes what the matrix itself is a scaling of.

        None where a vector may be a number that has to lie along an axis that is not the last.
        """
        before = self.scalings.get(name_of(own.matrix))
        if before is not None and len(own.axes | before.axes) <= 1:
            own = own.times(before) or own
        if own.divisor == 1 and len(own.axes) != 1:  # of two vectors, neither is worth a matrix
            return own.factor * own.matrix
        if not all(_lies_along(each, target) for each in (own.factor, own.divisor)):
            return None
        factor = self._vector(own.factor, f"{target.name}_factor")
        return Scaled(own.matrix, factor, self._vector(own.divisor, f"{target.name}_divisor"))

    def _vector(self, expr: sp.Expr, name: str) -> sp.Expr:
        """Return a vector as a statement of its own, and a number as it is."""
        axes = sorted(expr.atoms(sp.Idx), key=str)
        if isinstance(expr, sp.Indexed) or not axes:
            return expr
        vector = Tensor(name, tuple(axes))
        self.lets.append(Let(vector, expr))
        return vector.here

    def _scaling(self, expr: sp.Expr) -> _Scaling | None:
        """Return what an expression scales, None where it is no scaling of one matrix."""
        match expr:
            case sp.Indexed():
                return _Scaling(expr)
            case Scaled():
                return _Scaling(*expr.args)
            case Ratio() if expr.args[2] == 0:
                return self._of_quotient(*expr.args[:2])
            case sp.Mul():
                return self._of_product(expr)
            case sp.Piecewise():
                return self._of_choice(expr)
        return None

    def _of_quotient(self, n: sp.Expr, d: sp.Expr) -> _Scaling | None:
        inner = self._scaling(n)
        if inner is None or not d.atoms(sp.Idx) < inner.matrix.atoms(sp.Idx):
            return None
        return _Scaling(inner.matrix, divisor=d).times(inner)

    def _of_product(self, expr: sp.Mul) -> _Scaling | None:
        axes = expr.atoms(sp.Idx)
        wide = [f for f in expr.args if f.atoms(sp.Idx) == axes]
        if len(wide) != 1 or (inner := self._scaling(wide[0])) is None:
            return None
        rest = sp.Mul(*(f for f in expr.args if f is not wide[0]))
        return _Scaling(inner.matrix, rest).times(inner)

    def _of_choice(self, expr: sp.Piecewise) -> _Scaling | None:
        """Return a choice by constants among scalings of one matrix."""
        if any(condition.has(sp.Indexed, sp.Idx) for _, condition in expr.args):
            return None
        arms = [arm for arm in (self._scaling(value) for value, _ in expr.args) if arm is not None]
        if len(arms) != len(expr.args) or len({arm.matrix for arm in arms}) != 1:
            return None
        factor, divisor = (
            sp.Piecewise(
                *((getattr(arm, part), c) for arm, (_, c) in zip(arms, expr.args, strict=True))
            )
            for part in ("factor", "divisor")
        )
        return _Scaling(arms[0].matrix, factor, divisor)


def _lies_along(expr: sp.Expr, target: Tensor) -> bool:
    """Whether an expression has the shape of its axes where a matrix like `target` needs it."""
    axes = expr.atoms(sp.Idx)
    values = [value for value, _ in expr.args] if isinstance(expr, sp.Piecewise) else [expr]
    return axes <= {target.axes[-1]} or all(value.atoms(sp.Idx) == axes for value in values)


def _zeros(expr: sp.Expr, known: dict[str, set[sp.Basic]]) -> set[sp.Basic]:
    """Return the conditions ``class == label`` under which an expression is 0."""
    if isinstance(expr, sp.Indexed):
        return known.get(name_of(expr), set())
    if isinstance(expr, sp.Piecewise):
        value, condition = expr.args[0].args
        return {condition} if value == 0 else set()
    if isinstance(expr, sp.Mul | Scaled | Ratio):
        factors = expr.args if isinstance(expr, sp.Mul) else expr.args[:1]
        return set[sp.Basic]().union(*(_zeros(factor, known) for factor in factors))
    return set()


def _without_unread(program: Program) -> Program:
    """Return a program without the statements that no output needs."""
    lets = {let.target.name: let for let in program.lets}
    needed, pending = set(), list(program.outputs)
    while pending:
        name = pending.pop()
        if name in lets and name not in needed:
            needed.add(name)
            pending += _reads(lets[name])
    return replace(program, lets=tuple(let for name, let in lets.items() if name in needed))


def _reads(let: Let) -> Iterator[str]:
    return (name_of(read) for read in indexed(let.expr))
