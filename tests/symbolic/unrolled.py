"""Witnesses of the calculus that share nothing with it.

`evaluate` runs a program statement by statement in high precision; `unroll` writes a program's
loss as one SymPy expression of its input entries, for SymPy's own ``diff``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from refloss.symbolic import functions as fn
from refloss.symbolic.program import Program, Tensor, size_of

DIGITS = 50
Index = tuple[int, ...]
Values = dict[str, dict[Index, mp.mpf]]


def box(axes, sizes: Mapping[str, int]):
    return itertools.product(*(range(sizes[str(size_of(a))]) for a in axes))


def entry(tensor: Tensor, index: Index) -> sp.Symbol:
    return sp.Symbol("_".join(map(str, (tensor.name, *index))), real=True)


def _step(x, at0):
    return mp.mpf(1) if x > 0 else (mp.mpf(0) if x < 0 else at0)


def _aspect(w, h, *_):
    return mp.atan2(w, h) if (w, h) != (0, 0) else mp.mpf(0)


def _power(x, g):
    return x**g if x else mp.mpf(g == 0)


FUNCTIONS: dict[type, Callable] = {
    sp.exp: mp.exp,
    sp.log: mp.log,
    log1p: mp.log1p,
    expm1: mp.expm1,
    sp.sin: mp.sin,
    sp.cos: mp.cos,
    sp.atan2: mp.atan2,
    sp.Max: max,
    sp.Min: min,
    sp.Abs: abs,
    sp.Pow: lambda b, e: b**e,
    sp.Add: lambda *terms: mp.fsum(terms),
    sp.Mul: lambda *factors: mp.fprod(factors),
    fn.Stop: lambda x: x,
    fn.Gate: lambda x, _: x,
    fn.Step: _step,
    fn.Relu: lambda x: max(x, mp.mpf(0)),
    fn.Ratio: lambda n, d, at0: n / d if d else at0,
    fn.Quotient: lambda n, d: n / d,
    fn.Switch: lambda g: g,
    fn.AspectAngle: _aspect,
    fn.TwoSumError: lambda *_: mp.mpf(0),
    fn.TwoDiffError: lambda *_: mp.mpf(0),
    fn.TwoProdError: lambda *_: mp.mpf(0),
    fn.Weighted: lambda g, x: g * x if g else mp.mpf(0),
    fn.Power: _power,
    fn.MaxNumber: max,
    fn.StraightThrough: lambda x, *_: x,
    fn.Shared: lambda x, _: x,
    fn.Owned: lambda _: mp.mpf(1),
    sp.StrictLessThan: lambda a, b: a < b,
    sp.LessThan: lambda a, b: a <= b,
    sp.StrictGreaterThan: lambda a, b: a > b,
    sp.GreaterThan: lambda a, b: a >= b,
    sp.Equality: lambda a, b: a == b,
    sp.And: lambda *held: all(held),
}
REDUCE: dict[str, Callable] = {
    "": lambda terms: terms[0],
    "sum": mp.fsum,
    "max": max,
    "argmax": lambda terms: terms.index(max(terms)),
    "logsumexp": lambda terms: mp.log(mp.fsum(mp.exp(t) for t in terms)),
    "norm": lambda terms: mp.sqrt(mp.fsum(t * t for t in terms)),
}
SYMBOLIC: dict[str, Callable] = {
    "": lambda term: term,
    "sum": sp.Add,
    "max": sp.Max,
    "logsumexp": lambda *terms: sp.log(sp.Add(*(sp.exp(t) for t in terms))),
    "norm": lambda *terms: sp.sqrt(sp.Add(*(t**2 for t in terms))),
}


def told(program: Program, constants: Mapping[str, Any]) -> dict[sp.Symbol, Any]:
    """Return a program's constants; one that is exact lacks nothing, see `Build.wide`."""
    nothing = {str(rest): 0 for _, rest, _ in program.derived}
    return {s: (nothing | dict(constants))[str(s)] for s in program.consts}


def evaluate(
    program: Program, inputs: Values, constants: Mapping[str, float], sizes: Mapping[str, int]
) -> Values:
    """Return every tensor of a program at a point, in `DIGITS` digits."""
    env: Values = dict(inputs)
    symbols = {s: mp.mpmathify(value) for s, value in told(program, constants).items()}
    symbols |= {s: mp.mpmathify(sp.N(fn.to_exact(v), DIGITS)) for s, v in program.numbers}
    symbols |= {size_of(a): sizes[str(size_of(a))] for t in program.tensors() for a in t.axes}
    for let in program.lets:
        target = {}
        for index in box(let.target.axes, sizes):
            at = dict(zip(let.target.axes, index, strict=True))
            terms = [
                _number(let.expr, at | dict(zip(let.over, bound, strict=True)), env, symbols)
                for bound in box(let.over, sizes)
            ]
            target[index] = REDUCE[let.reduce](terms)
        env[let.target.name] = target
    return env


def _number(expr, at, env, symbols):
    if isinstance(expr, sp.Idx):
        return at[expr]
    if isinstance(expr, sp.Indexed):
        index = tuple(int(_number(i, at, env, symbols)) for i in expr.indices)
        tensor = env[str(expr.base)]
        return tensor[index] if index in tensor else tensor[()]
    if expr.is_Symbol:
        return symbols[expr]
    if expr.is_infinite:
        return mp.inf if expr > 0 else -mp.inf
    if expr.is_number:
        return mp.mpmathify(sp.N(expr, DIGITS))
    if expr == sp.true:
        return True
    if isinstance(expr, sp.Piecewise):
        arms = ((v, _number(c, at, env, symbols)) for v, c in expr.args)
        return _number(next(v for v, holds in arms if holds), at, env, symbols)
    return FUNCTIONS[expr.func](*(_number(a, at, env, symbols) for a in expr.args))


def unroll(program: Program, sizes: Mapping[str, int], values: Values) -> dict[Index, sp.Expr]:
    """Return the last statement as expressions of the input entries.

    `values` are those of `evaluate` at the point of interest: they decide argmax, and stand for
    what is detached.
    """
    env: dict[str, dict[Index, sp.Expr]] = {}
    for tensor in program.inputs:
        env[tensor.name] = {
            index: sp.Integer(int(values[tensor.name][index]))
            if tensor.label
            else entry(tensor, index)
            for index in box(tensor.axes, sizes)
        }
    for let in program.lets:
        target = {}
        for index in box(let.target.axes, sizes):
            at = dict(zip(let.target.axes, index, strict=True))
            terms = [
                _scalar(let.expr, at | dict(zip(let.over, bound, strict=True)), env, values)
                for bound in box(let.over, sizes)
            ]
            if let.reduce == "argmax":
                target[index] = sp.Integer(int(values[let.target.name][index]))
            else:
                target[index] = SYMBOLIC[let.reduce](*terms)
        env[let.target.name] = target
    return env[program.lets[-1].target.name]


def _scalar(expr, at, env, values):
    if isinstance(expr, sp.Idx):
        return sp.Integer(at[expr])
    if isinstance(expr, sp.Indexed):
        index = tuple(int(_scalar(i, at, env, values)) for i in expr.indices)
        tensor = env[str(expr.base)]
        return tensor[index] if index in tensor else tensor[()]
    if isinstance(expr, fn.Stop):
        return sp.Float(_scalar(expr.args[0], at, values, values), DIGITS)
    if isinstance(expr, fn.Gate):
        held = _scalar(expr.args[0], at, values, values)
        gate = expr.args[1]
        return gate * _scalar(expr.args[0], at, env, values) + (1 - gate) * held
    if not expr.args:
        return expr
    if isinstance(expr, sp.Piecewise):
        arms = ((_scalar(v, at, env, values), _scalar(c, at, env, values)) for v, c in expr.args)
        return sp.Piecewise(*arms)
    return expr.func(*(_scalar(a, at, env, values) for a in expr.args))


def derivatives(
    total: sp.Expr, symbols: list[sp.Symbol], point: Mapping[sp.Symbol, object]
) -> list[mp.mpf]:
    """Return SymPy's derivatives of `total` at `point`; a Heaviside is one half at 0."""
    exact = fn.to_exact(total)
    slopes = [
        sp.diff(exact, s).replace(sp.Heaviside, lambda x, *_: fn.Step(x, fn.HALF)) for s in symbols
    ]
    known = sorted(point, key=str)
    run = sp.lambdify(known, [fn.to_exact(s) for s in slopes], modules="mpmath", cse=True)
    return run(*(point[s] for s in known))
