"""The cosine of a multiple of an angle, from its cosine alone, and the fan that goes on falling.

``cos(m theta)`` is the Chebyshev polynomial T of the cosine, and its slope m U. Both are products
of the cosine's distances to their zeros, which are cosines themselves: with each zero as two
floats, polynomial and slope keep their digits however near one they are.

``psi = (-1)^k cos(m theta) - 2 k`` from ``k pi/m`` to ``(k + 1) pi/m`` has the slope 0 on both
sides of each of those angles.
"""

from __future__ import annotations

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.angles import Pair
from refloss.symbolic.vocabulary.elements import Elements

__all__ = [
    "LARGEST",
    "RULES",
    "annealed",
    "bends",
    "fallen",
    "first",
    "second",
    "tilted",
    "turns",
    "zeros",
]

LARGEST = 5
"""The largest multiple."""


def zeros(times: int) -> list[sp.Expr]:
    """Return the zeros of ``cos(times theta)`` by the cosine, the largest first."""
    return [sp.cos((2 * k + 1) * sp.pi / (2 * times)) for k in range(times)]


def turns(times: int) -> list[sp.Expr]:
    """Return the cosines at which ``cos(times theta)`` turns, the largest first."""
    return [sp.cos(k * sp.pi / times) for k in range(1, times)]


def bends(times: int) -> list[sp.Expr]:
    """Return the cosines at which ``cos(times theta)`` is straight, the largest first."""
    x = sp.Symbol("x", real=True)
    found = sp.roots(sp.diff(sp.chebyshevt_poly(times, x), x, 2), x)
    return sorted(found, key=lambda root: -root.evalf())


def first(times: int, c: sp.Expr) -> sp.Expr:
    """Return the Chebyshev polynomial of the first kind, no power above the fourth."""
    odd = times % 2
    even = sp.expand(sp.chebyshevt_poly(times, c) / c**odd)
    return even * c if odd and times > 1 else sp.chebyshevt_poly(times, c)


def second(times: int, c: sp.Expr) -> sp.Expr:
    """Return the slope of ``cos(times theta)`` by the cosine."""
    return times * sp.chebyshevu_poly(times - 1, c)


@Vocabulary
def _fan(P: Build, a: Elements, times: int) -> None:
    """Name ``multiple``, the cosine of a multiple of the angle."""
    a.let("multiple", first(times, a.kept), f"cosine of {times} theta")


@_fan.when_stable
def _fan_stable(P: Build, a: Elements, times: int) -> None:
    whole = sp.Integer(2) ** (times - 1)
    away = [
        a.let(f"away{k}", Pair(*P.pair(f"zero{k}", zero)).below(a.kept))
        for k, zero in enumerate(zeros(times), 1)
    ]
    climb = a.let("climb", times * whole * sp.Mul(*_gaps(P, a, times)), "its slope")
    a.let("multiple", whole * sp.Mul(*away), f"cosine of {times} theta")
    bent = [Pair(*P.pair(f"bend{k}", x)).below(a.kept) for k, x in enumerate(bends(times), 1)]
    a.partials("multiple", {a.kept: climb})
    a.partials("climb", {a.kept: times * (times - 1) * whole * sp.Mul(*bent)})


def _gaps(P: Build, a: Elements, times: int) -> list[sp.Expr]:
    """Name the distances to the cosines at which the multiple turns, once."""
    return [
        a.names[f"gap{k}"].here
        if f"gap{k}" in a.names
        else a.let(f"gap{k}", Pair(*P.pair(f"turn{k}", turn)).below(a.kept))
        for k, turn in enumerate(turns(times), 1)
    ]


def fallen(P: Build, a: Elements, times: int, falls: sp.Expr) -> None:
    """Name ``fallen``, what ``cos(times theta)`` is if it goes on falling where it turns.

    Where `falls` is 0 it is ``cos(times theta)`` itself.
    """
    if times == 1:
        a.let("fallen", a.kept)
        return
    gaps = _gaps(P, a, times)
    _fan(P, a, times)
    signs = [(sp.S.NegativeOne**k, gap > 0) for k, gap in enumerate(gaps)]
    levels = [(sp.Integer(2 * k), gap > 0) for k, gap in enumerate(gaps)]
    last = times - 1
    a.let("side", sp.Piecewise(*signs, (sp.S.NegativeOne**last, True)), "1 where it falls")
    a.let("level", sp.Piecewise(*levels, (sp.Integer(2 * last), True)), "twice the turns before")
    lower = a.side * a.multiple - a.level
    a.let("fallen", sp.Piecewise((a.multiple, sp.Eq(falls, 0)), (lower, True)))


@Vocabulary
def _climb(P: Build, a: Elements, times: int) -> None:
    """Name ``climb``, the slope of ``cos(times theta)`` by the cosine."""
    a.let("climb", second(times, a.kept), "slope of the multiple")


@_climb.when_stable
def _(P: Build, a: Elements, times: int) -> None:
    """Leave it: the product by its zeros has been named already."""


def tilted(P: Build, a: Elements, times: int, falls: sp.Expr) -> sp.Expr:
    """Return the slope of ``fallen`` by the cosine."""
    if times == 1:
        return sp.S.One
    _climb(P, a, times)
    return a.let("tilt", sp.Piecewise((a.climb, sp.Eq(falls, 0)), (a.side * a.climb, True)))


def annealed(a: Elements, name: str, amount: sp.Expr) -> None:
    """Name ``blend``, the mean of a logit and of `amount` times the cosine."""
    a.let("blend", (amount * a.kept + a.names[name].here) / (1 + amount))


_x = sp.Symbol("x", positive=True)

RULES = tuple(
    rule
    for times in range(2, LARGEST + 1)
    for rule in (
        Rule(
            f"cosine of {times} theta by its zeros",
            sp.chebyshevt_poly(times, _x),
            sp.Integer(2) ** (times - 1) * sp.Mul(*(_x - zero for zero in zeros(times))),
            "the difference to a zero is exact",
        ),
        Rule(
            f"slope of the cosine of {times} theta by its zeros",
            sp.diff(sp.chebyshevt_poly(times, _x), _x),
            times * sp.Integer(2) ** (times - 1) * sp.Mul(*(_x - turn for turn in turns(times))),
            "the difference to a zero is exact",
        ),
        Rule(
            f"second slope of the cosine of {times} theta by its zeros",
            sp.diff(sp.chebyshevt_poly(times, _x), _x, 2),
            times
            * (times - 1)
            * sp.Integer(2) ** (times - 1)
            * sp.Mul(*(_x - bend for bend in bends(times))),
            "the difference to a zero is exact",
        ),
    )
)
