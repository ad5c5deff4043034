"""Heads whose classes have several centres: a class is as near as the nearest of them.

The cosine with a class is the largest of those with its centres. Its derivative goes to the centre
that has it; where several have it, they share it evenly. The target's own class is computed apart
in the stable form, as in `refloss.symbolic.vocabulary.heads`.
"""

from __future__ import annotations

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import MaxOver, Quotient, Ratio, Step, kinks
from refloss.symbolic.program import Axis, axis
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.heads import CLASS, ITEM, PART, ZERO, Divisor, Heads, lengths

CENTER = axis("k", "K")
RIVAL = axis("r", "K")

__all__ = ["CENTER", "RULES", "products"]


_a, _b = sp.symbols("a b", real=True)
_t = sp.Symbol("t", positive=True)
_steps = [Step(each - sp.Max(_a, _b), sp.S.One) for each in (_a, _b)]

RULES = (
    Rule(
        "the largest cosine by one of them",
        kinks(sp.diff(sp.Max(_a, _b), _a)),
        _steps[0] / (_steps[0] + _steps[1]),
        "a comparison instead of a place: the nearest centres share evenly, wherever they stand",
        ({_a: _b + _t}, {_a: _b - _t}, {_a: _b}),
    ),
    Rule(
        "that none of the others is larger",
        sp.Piecewise((sp.S.One, sp.Eq(Step(_b - _a, ZERO), 0)), (ZERO, True)),
        _steps[0],
        "one comparison with the largest instead of one with each",
        ({_a: _b + _t}, {_a: _b - _t}, {_a: _b}),
    ),
)


@Vocabulary
def _chief(P: Build, a: Heads, name: str, axes: list[Axis], each: sp.Indexed) -> None:
    """Name ``<name>_chief``: 1 where a cosine is the largest of its class's, else 0."""
    rival = each.xreplace({CENTER: RIVAL})
    ahead = sp.Piecewise((ZERO, sp.Eq(RIVAL, CENTER)), (Step(rival - each, ZERO), True))
    led = a.let(f"{name}_led", [*axes, CENTER], sp.Sum(ahead, RIVAL), "how many are nearer")
    nearest = sp.Piecewise((sp.S.One, led <= 0), (ZERO, True))
    a.let(f"{name}_chief", [*axes, CENTER], nearest, "1: the nearest")


@_chief.when_stable
def _(P: Build, a: Heads, name: str, axes: list[Axis], each: sp.Indexed) -> None:
    nearest = Step(each - a[name].here, sp.S.One)
    a.let(f"{name}_chief", [*axes, CENTER], nearest, "1: the nearest")


def _nearest(P: Build, a: Heads, name: str, axes: list[Axis], each: sp.Indexed, doc: str) -> None:
    """Name the largest of the cosines with all centres; equal ones share its derivative evenly."""
    a.let(name, axes, MaxOver(each, CENTER), doc)
    _chief(P, a, name, axes, each)
    chief = a[f"{name}_chief"].here
    chiefs = a.let(f"{name}_chiefs", axes, sp.Sum(chief, CENTER), "how many are the nearest")
    share = a.let(f"{name}_share", axes, Quotient(sp.S.One, chiefs), "of each of them")
    a.partials(name, {each: chief * share})


def products(P: Build, a: Heads, of_x: Divisor, of_weight: Divisor) -> None:
    """Name ``product``, the cosines with all classes, and ``cosine``, that with the target's.

    Parameters
    ----------
    P, a
        The program and its quantities: ``x``, ``weight`` and ``target``.
    of_x, of_weight
        What divides an embedding and a centre: neither keeps its length.
    """
    lengths(P, a, of_x, of_weight, [CLASS, CENTER])
    _multiplied(P, a)


@Vocabulary
def _multiplied(P: Build, a: Heads) -> None:
    """Name ``product`` of every pair, and ``cosine``, that with the target's class."""
    way = Ratio(a.weight, a.weight_length, ZERO)
    way = a.let("way", [CLASS, CENTER, PART], way, "the centre, divided")
    angle = a.let("angle", [ITEM, CLASS, CENTER], sp.Sum(a.unit * way, PART), "with every centre")
    _nearest(P, a, "product", [ITEM, CLASS], angle, "cosine with the nearest centre")
    a.let("cosine", [ITEM], a["product"][ITEM, a.target], "of the angle to the target's class")


@_multiplied.when_stable
def _(P: Build, a: Heads) -> None:
    y = a.target
    dot = a.let("dot", [ITEM, CLASS, CENTER], sp.Sum(a.unit * a.weight, PART))
    angle = a.let("angle", [ITEM, CLASS, CENTER], Ratio(dot, a.weight_length, ZERO))
    _nearest(P, a, "product", [ITEM, CLASS], angle, "cosine with the nearest centre")
    touch = a.let("touch", [ITEM, CENTER], sp.Sum(a.unit * a["weight"][y, CENTER, PART], PART))
    facing = Ratio(touch, a["weight_length"][y, CENTER], ZERO)
    facing = a.let("facing", [ITEM, CENTER], facing, "with the centres of the target's class")
    _nearest(P, a, "cosine", [ITEM], facing, "of the angle to the target's class")
