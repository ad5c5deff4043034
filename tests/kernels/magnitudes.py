"""Σ|terms|: how large the parts are of which a kernel's last sum is made.

For a gradient component the parts are the terms of its printed final sum. For a component of a
Hessian-vector product, which is linear in the direction, they are the terms of the sum expanded
down to the direction's own entries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import sympy as sp

from derivations import boxes
from refloss.symbolic import emit
from refloss.symbolic.calculus import DOT
from refloss.symbolic.passes import live
from refloss.symbolic.printers import numpy_text
from refloss.symbolic.program import Let, Program, Tensor

PARTS = "_parts"
STABLE = {
    name: (definition, forms[1])
    for definition in boxes.DEFINITIONS
    for name, forms in definition.programs.items()
}


def gradient_parts(program: Program) -> Program:
    """Return the program whose outputs are Σ|terms| of every output of `program`."""
    sums = []
    for output in program.outputs:
        let = next(let for let in program.lets if let.target.name == output)
        sums.append(Let(Tensor(output + PARTS, let.target.axes), absolute_sum(let.expr)))
    outputs = tuple(let.target.name for let in sums)
    return live(replace(program, lets=(*program.lets, *sums), outputs=outputs))


def product_parts(program: Program) -> Program:
    """Return the program that carries Σ|terms| along every tangent of a Hessian-vector product."""
    lets: list[Let] = []
    parts: dict[sp.Basic, sp.Basic] = {}
    for let in program.lets:
        lets.append(let)
        if let.target.name.endswith(DOT):
            target = Tensor(let.target.name + PARTS, let.target.axes)
            lets.append(Let(target, absolute_sum(let.expr).xreplace(parts)))
            parts[let.target.here] = target.here
    outputs = tuple(name + PARTS for name in program.outputs)
    return live(replace(program, lets=tuple(lets), outputs=outputs))


def absolute_sum(expr: sp.Expr) -> sp.Expr:
    terms = sp.Add.make_args(sp.expand(expr))
    return sp.Add(*(sp.Abs(term, evaluate=False) for term in terms))


@cache
def compiled(name: str, part: str) -> Callable:
    """Return Σ|terms| of a program's "grad" or "hvp" as a function of its arguments."""
    definition, stable = STABLE[name]
    derived = emit.derive(stable, definition.output, definition.columns())
    program = gradient_parts(derived.grad) if part == "grad" else product_parts(derived.hvp)
    scope: dict = {}
    text = numpy_text.module("", [program], [numpy_text.function("parts", program)])
    exec(text, scope)
    return scope["parts"]
