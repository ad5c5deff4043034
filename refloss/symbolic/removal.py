"""Weights that remove: derivatives are 0 where an item's weight is, whatever the item holds.

A product with a weight of 0 is NaN where the other factor is infinite or NaN. The value of a loss
says that it is 0 there by `functions.Weighted`; this says it of derivatives, which are products of
many factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from refloss.symbolic.calculus import DOT
from refloss.symbolic.program import Let, Program, Tensor

__all__ = ["WEIGHT", "masked"]

WEIGHT = "weight"
"""The input whose zeros remove items, where it has one number an item."""


def masked(program: Program, names: Sequence[str]) -> Program:
    """Return a program whose outputs in `names` are 0 where the weight of their item is.

    Parameters
    ----------
    program : Program
    names : sequence of str
        Outputs, one number an item each. What was named so is then ``<name>_unmasked``, or
        ``<name>_unmasked_dot`` where it is a tangent.

    Returns
    -------
    Program
        `program` itself, if it has no such weight.
    """
    weights = [t for t in program.inputs if t.name == WEIGHT]
    if not weights or any(program.tensor(n).axes != weights[0].axes for n in names):
        return program
    ends = [let for let in program.lets if let.target.name in names and let.expr != 0]
    lets = [let for let in program.lets if let not in ends]
    for end in ends:
        unmasked = Tensor(_unmasked(end.target.name), end.target.axes)
        weight = weights[0].here
        whole = sp.Piecewise((0, sp.Eq(weight, 0)), (unmasked.here, True))
        lets += [replace(end, target=unmasked), Let(end.target, whole)]
    return replace(program, lets=tuple(lets))


def _unmasked(name: str) -> str:
    stem = name.removesuffix(DOT)
    return stem + "_unmasked" + name[len(stem) :]
