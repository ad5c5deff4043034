"""Heads: rows of embeddings against a matrix of classes, by the cosine of the angle between them.

Every function writes the same quantities in two forms. *Plain* normalises both matrices and takes
the log-sum-exp of a row's logits. *Stable* never normalises the matrix of classes, whose norms
divide the products instead, and measures the target's logit against the log-sum-exp of all others:
loss and derivatives are then functions of one gap, and no 1 - p is ever formed. `RULES` proves the
two equal.

Names: ``x_size`` and ``weight_size`` are norms, ``x_length`` and ``weight_length`` what is divided
by; ``own`` is the product with the target's class, ``cosine`` that of the angle between the two;
``others`` is the log-sum-exp of the others, ``gap`` its lead over the target's ``goal``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    LogSumExpOver,
    MaxOver,
    NormOver,
    Ratio,
    Relu,
    Shared,
    Stop,
    StraightThrough,
    Switch,
)
from refloss.symbolic.program import Axis, Tensor, axis
from refloss.symbolic.rules import Rule

ITEM = axis("b", "B")
CLASS = axis("c", "C")
PART = axis("d", "D")
ZERO = sp.S.Zero

__all__ = [
    "CLASS",
    "ITEM",
    "PART",
    "RULES",
    "Divisor",
    "Heads",
    "lengths",
    "logits",
    "loss",
    "products",
]

_z, _x = sp.symbols("z x", real=True)
_others, _squares = sp.symbols("others squares", positive=True)
_g, _k = sp.symbols("goal k", real=True)
_left = sp.exp(-sp.Abs(_x))
_y = sp.Symbol("y", positive=True)

RULES = (
    Rule(
        "derivative of the log-sum-exp",
        sp.diff(sp.log(sp.exp(_z) + _others), _z),
        sp.exp(_z - sp.log(sp.exp(_z) + _others)),
        "one exponential of a number that is at most 0",
    ),
    Rule(
        "derivative of a norm",
        sp.diff(sp.sqrt(_x**2 + _squares), _x),
        _x / sp.sqrt(_x**2 + _squares),
        "a component of the unit vector",
    ),
    Rule(
        "cross-entropy by the lead of the others",
        sp.log(_others + sp.exp(_g)) - _g,
        sp.log(1 + sp.exp(sp.log(_others) - _g)),
        "a function of one gap: the log-sum-exp of all cancels against the target's logit",
        ({}, {_g: -_y}),
        "constant",
        {_others: 1, _g: 0, _y: 0},
    ),
    Rule(
        "softplus of the gap",
        sp.log(1 + sp.exp(_x)),
        sp.Max(_x, 0) + sp.log(1 + _left),
        "two terms >= 0, and no overflow",
        ({_x: _y}, {_x: -_y}),
        "constant",
        {_y: 0},
    ),
    Rule(
        "derivative of the softplus",
        sp.diff(sp.log(1 + sp.exp(_x)), _x),
        sp.Piecewise((1 / (1 + _left), _x >= 0), (_left / (1 + _left), True)),
        "an exponential that does not overflow, and no 1 - p",
        ({_x: _y}, {_x: -_y}),
    ),
    Rule(
        "a quotient by two lengths",
        (_x / _others) * (_z / _squares),
        (_x * _z / _others) / _squares,
        "the product is divided, not the matrix of classes",
    ),
)


@dataclass
class Heads:
    """Everything named so far about a head; an attribute is its read in place."""

    P: Build
    names: dict[str, Tensor] = field(default_factory=dict)

    def __getattr__(self, name: str) -> sp.Indexed:
        return self[name].here

    def __getitem__(self, name: str) -> Tensor:
        try:
            return self.names[name]
        except KeyError as error:
            raise AttributeError(f"no quantity of a head is named {name!r} yet") from error

    def real(self, name: str, *axes: Axis) -> None:
        """Declare a real input."""
        self.names[name] = self.P.real(name, *axes)

    def label(self, name: str, *axes: Axis) -> None:
        """Declare a label."""
        self.names[name] = self.P.label(name, *axes)

    def let(self, name: str, axes: list[Axis], expr: sp.Expr, doc: str = "") -> sp.Indexed:
        """Name a quantity."""
        self.names[name] = self.P.let(name, axes, expr, doc)
        return self.names[name].here

    def partials(self, name: str, forms: dict[sp.Indexed, sp.Expr]) -> None:
        """Give a quantity its accurate derivative forms."""
        self.P.partials(self[name], forms)


@dataclass(frozen=True)
class Divisor:
    """What a norm becomes before it divides.

    Attributes
    ----------
    kept : sympy.Expr
        1 where vectors keep their length and nothing is divided.
    least, inside, added : sympy.Expr
        The least length, what is added to the squares, and what is added to the root.
    projected : sympy.Expr
        0 where vectors are replaced by the divided ones before every call: the derivative by a
        vector is then that by the divided one.
    """

    kept: sp.Expr
    least: sp.Expr
    inside: sp.Expr
    added: sp.Expr
    projected: sp.Expr = sp.S.One

    def root(self, size: sp.Expr) -> sp.Expr:
        """Return the root of the squares and what is added to them, by the norm."""
        return sp.Piecewise((size, sp.Eq(self.inside, 0)), (sp.sqrt(size**2 + self.inside), True))

    def length(self, root: sp.Expr) -> sp.Expr:
        """Return the length that divides, by that root."""
        return sp.Max(root, self.least) + self.added

    def unless_kept(self, free: sp.Expr, divided: sp.Expr) -> sp.Expr:
        """Return `free` where vectors keep their length, and `divided` elsewhere."""
        return sp.Piecewise((divided, sp.Eq(self.kept, 0)), (free, True))


@Vocabulary
def size(
    P: Build, a: Heads, name: str, axes: list[Axis], doc: str, projected: sp.Expr = sp.S.One
) -> None:
    """Name ``<name>_size``, the norms of vectors, one for every element of `axes`."""
    a.let(f"{name}_size", axes, sp.sqrt(sp.Sum(a[name].here ** 2, PART)), doc)


@size.when_stable
def _(
    P: Build, a: Heads, name: str, axes: list[Axis], doc: str, projected: sp.Expr = sp.S.One
) -> None:
    part = a[name].here
    found = a.let(f"{name}_size", axes, NormOver(part, PART), doc)
    a.partials(f"{name}_size", {part: Switch(projected) * Ratio(part, found, ZERO)})


def lengths(P: Build, a: Heads, of_x: Divisor, of_weight: Divisor, classes: list[Axis]) -> None:
    """Name ``x_length`` and ``weight_length``, what divides, and ``unit``, embeddings divided.

    Parameters
    ----------
    P, a
        The program and its quantities: ``x`` and ``weight``.
    of_x, of_weight
        What divides an embedding and a class.
    classes
        Axes of the vectors of classes.
    """
    size(P, a, "x", [ITEM], "norm of an embedding")
    size(P, a, "weight", classes, "norm of a class", of_weight.projected)
    a.let("x_root", [ITEM], of_x.root(a.x_size))
    a.let("x_length", [ITEM], of_x.length(a.x_root), "what divides an embedding")
    a.let("weight_root", classes, of_weight.root(a.weight_size))
    a.let("weight_length", classes, of_weight.length(a.weight_root), "what divides a class")
    unit = of_x.unless_kept(a.x, Ratio(a.x, a.x_length, ZERO))
    a.let("unit", [ITEM, PART], unit, "the embedding, divided")


def products(P: Build, a: Heads, of_x: Divisor, of_weight: Divisor) -> None:
    """Name ``product``, the logits before the scale, ``own`` of the target, and ``cosine``.

    Parameters
    ----------
    P, a
        The program and its quantities: ``x``, ``weight`` and ``target``.
    of_x, of_weight
        What divides an embedding and a class.
    """
    lengths(P, a, of_x, of_weight, [CLASS])
    _multiplied(P, a, of_weight)
    by_x = of_x.unless_kept(Ratio(a.own, a.x_length, ZERO), a.own)
    a.let("angular", [ITEM], by_x, "the target's product, by the embedding's length")
    length = a["weight_length"][a.target]
    by_both = of_weight.unless_kept(Ratio(a.angular, length, ZERO), a.angular)
    a.let("cosine", [ITEM], by_both, "of the angle to the target's class")
    long_x = of_x.unless_kept(a.x_length, sp.S.One)
    a.let("reach", [ITEM], long_x * of_weight.unless_kept(length, sp.S.One), "lengths kept")


@Vocabulary
def _multiplied(P: Build, a: Heads, of_weight: Divisor) -> None:
    """Name ``product`` of every pair, and ``own``, that with the target's class."""
    divided = Ratio(a.weight, a.weight_length, ZERO)
    divided = StraightThrough(divided, a.weight, of_weight.projected)
    way = of_weight.unless_kept(a.weight, divided)
    way = a.let("way", [CLASS, PART], way, "the class, divided")
    a.let("product", [ITEM, CLASS], sp.Sum(a.unit * way, PART))
    a.let("own", [ITEM], a["product"][ITEM, a.target], "that with the target's class")


@_multiplied.when_stable
def _(P: Build, a: Heads, of_weight: Divisor) -> None:
    y = a.target
    way = a.let("way", [CLASS, PART], a.weight, "the class, to be divided")
    whole = sp.Piecewise((a.weight_length, sp.Eq(of_weight.projected, 0)), (sp.S.One, True))
    a.partials("way", {a.weight: whole})
    dot = a.let("dot", [ITEM, CLASS], sp.Sum(a.unit * way, PART))
    divided = of_weight.unless_kept(dot, Ratio(dot, a.weight_length, ZERO))
    a.let("product", [ITEM, CLASS], divided)
    own = a.let("touch", [ITEM], sp.Sum(a.unit * a["way"][y, PART], PART))
    divided = of_weight.unless_kept(own, Ratio(own, a["weight_length"][y], ZERO))
    a.let("own", [ITEM], divided, "that with the target's class")


@Vocabulary
def logits(P: Build, a: Heads, goal: sp.Expr, scores: sp.Expr) -> None:
    """Name ``gap``: the log-sum-exp of the others' logits less the target's.

    Parameters
    ----------
    P, a
        The program and its quantities.
    goal : sympy.Expr
        The target's logit, one a row.
    scores : sympy.Expr
        The logits of all classes, of which the target's is not used.
    """
    a.let("goal", [ITEM], goal, "the target's logit")
    a.let("score", [ITEM, CLASS], sp.Piecewise((a.goal, sp.Eq(CLASS, a.target)), (scores, True)))
    top = a.let("top", [ITEM], MaxOver(a.score, CLASS), "largest logit")
    a.let("mass", [ITEM, CLASS], sp.exp(a.score - Stop(top)))
    a.let("lse", [ITEM], Stop(top) + sp.log(sp.Sum(a.mass, CLASS)), "log-sum-exp")


@logits.when_stable
def _(P: Build, a: Heads, goal: sp.Expr, scores: sp.Expr) -> None:
    own = a.let("own_goal", [ITEM], goal, "the target's logit, where its class is at hand")
    a.let("goal", [ITEM], Shared(own, a.target), "on every shard of the classes")
    here = sp.Eq(CLASS, a.target)
    a.let("score", [ITEM, CLASS], sp.Piecewise((-sp.oo, here), (scores, True)), "of the others")
    a.let("others", [ITEM], LogSumExpOver(a.score, CLASS), "log-sum-exp of the others")
    portion = sp.Piecewise((ZERO, here), (sp.exp(a.score - a.others), True))
    a.let("portion", [ITEM, CLASS], portion, "softmax among the others")
    a.partials("portion", {a.score: a.portion, a.others: -a.portion})
    a.partials("others", {a.score: a.portion})
    a.let("gap", [ITEM], a.others - a.goal, "lead of the others over the target")


@Vocabulary
def loss(P: Build, a: Heads) -> None:
    """Name ``loss``, minus the logarithm of the target's softmax."""
    a.let("loss", [ITEM], a.lse - a.goal)


@loss.when_stable
def _(P: Build, a: Heads) -> None:
    left = a.let("left", [ITEM], sp.exp(-sp.Abs(a.gap)))
    a.let("loss", [ITEM], Relu(a.gap) + log1p(left))
    near = a.let("near", [ITEM], 1 / (1 + left), "at least 1/2")
    far = left * near
    a.let("miss", [ITEM], sp.Piecewise((near, a.gap >= 0), (far, True)), "softmax of the others")
    hit = a.let("hit", [ITEM], sp.Piecewise((far, a.gap >= 0), (near, True)), "of the target")
    a.partials("miss", {a.gap: a.miss * hit})
    a.partials("hit", {a.gap: -a.miss * hit})
    a.partials("loss", {a.gap: a.miss})
