"""Σ|terms| of Hessian-vector products of single numbers, read off the derived programs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from derivations import combined_margins, hinge, sigmoid_focal
from refloss.symbolic import emit
from refloss.symbolic.printers import numpy_text

from .magnitudes import product_parts

__all__ = ["parts_of"]

_DEFINITIONS = (
    *sigmoid_focal.DEFINITIONS,
    *hinge.DEFINITIONS,
    *combined_margins.DEFINITIONS,
)


@cache
def parts_of(program: str) -> Callable:
    """Return Σ|terms| of a program's product as a function of that product's arguments."""
    (definition,) = [d for d in _DEFINITIONS if program in d.programs]
    wrt = definition.differentiable(program)
    derived = emit.derive(definition.programs[program][1], definition.output, wrt)
    parts = product_parts(derived.hvp)
    scope: dict = {}
    exec(numpy_text.module("", [parts], [numpy_text.function("parts", parts)]), scope)
    return scope["parts"]
