"""Functions of kernel texts without what the wanted results do not need.

A text computes every derivative. Where some are not asked for, the statements that only they need
are left out before it runs: a product of matrices that nobody reads is the dearest of them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

__all__ = ["pruned"]


def pruned(
    source: str, namespace: Mapping[str, Any], function: str, wanted: Collection[str]
) -> Callable[..., dict[str, Any]]:
    """Return a function of a text that computes some of its results.

    Parameters
    ----------
    source : str
        The text: assignments, accumulations and loops over parts, every name of one meaning.
    namespace : mapping
        What the text's functions see.
    function : str
        Its name.
    wanted : collection of str
        Names of results.

    Returns
    -------
    callable
        Takes what the function takes, and returns the results by name.
    """
    tree = ast.parse(source)
    found = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function)
    *body, _ = found.body
    needed = _needed(body, set(wanted))
    kept = list(_kept(body, needed))
    names = sorted(wanted)
    pairs = ast.Dict([ast.Constant(n) for n in names], [ast.Name(n, ast.Load()) for n in names])
    found.body = [*kept, ast.Return(pairs)]
    module = ast.fix_missing_locations(ast.Module([found], []))
    scope = dict(namespace)
    exec(compile(module, "<pruned kernel>", "exec"), scope)
    return scope[function]


def _needed(body: list[ast.stmt], names: set[str]) -> set[str]:
    """Return the names that some names need, themselves included."""
    statements = list(_flat(body))
    while True:
        more = {n for s in statements if _target(s) in names for n in _reads(s)} - names
        if not more:
            return names
        names |= more


def _flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.For):
            yield from _flat(statement.body)
        else:
            yield statement


def _kept(body: list[ast.stmt], needed: set[str]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.For):
            inside = list(_kept(statement.body, needed))
            if inside:
                statement.body = inside
                yield statement
        elif _target(statement) in needed:
            yield statement


def _target(statement: ast.stmt) -> str:
    """Return what a statement makes, or adds to: ``total.add(…)``, ``F.store(room, …)``."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)):
            return name
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id="F")), args=[ast.Name(id=name), *_])
        ):
            return name
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name
    return ""


def _reads(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            yield node.id
