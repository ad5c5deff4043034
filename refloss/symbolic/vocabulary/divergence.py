"""Kullback-Leibler divergence, one term of its sum: t (log t - log p).

`RULES` proves the stable bodies and the derivative forms equal to the plain ones.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import Quotient, Ratio, Step, TwoDiffError, Weighted
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.elements import Elements

__all__ = ["RULES", "clipped", "of_logarithms", "of_probabilities"]

_t, _p = sp.symbols("t p", positive=True)
_y, _x = sp.symbols("log_t log_p", real=True)

RULES = (
    Rule(
        "divergence of two logarithms by the target's",
        sp.diff(sp.exp(_y) * (_y - _x), _y),
        sp.exp(_y) * ((1 + (_y - _x)) + TwoDiffError(_y, _x)),
        "where the difference nears -1 its rounding error is what is left",
    ),
    Rule(
        "exponential as a square",
        sp.exp(_y) * (_y - _x),
        sp.exp(_y / 2) * (sp.exp(_y / 2) * (_y - _x)),
        "what is small is not multiplied by what is large after it has underflowed",
    ),
    Rule(
        "logarithm of a quotient far from 1",
        -sp.log(_p / _t),
        sp.log(_t) - sp.log(_p),
        "the quotient may leave the range",
        ({},),
        "constant",
        {_t: 1, _p: 1},
    ),
    Rule(
        "logarithm of a quotient near 1",
        -sp.log(_p / _t),
        log1p((_t - _p) / _p),
        "the logarithms cancel, and t - p is exact from p/2 to 2p",
        ({},),
        "constant",
        {_t: 1, _p: 1},
    ),
    Rule(
        "divergence of probabilities by the target's",
        sp.diff(_t * (sp.log(_t) - sp.log(_p)), _t),
        (sp.log(_t) - sp.log(_p)) + 1,
        "what the value has already",
    ),
)


def of_probabilities(a: Elements) -> None:
    """Name ``term`` of a logarithm and the probability that it should be of: 0 log 0 is 0."""
    held = a.let("held", _held(a.target), "1 where the target is 0")
    a.let("surplus", sp.log(held) - a.log_probs, "of logarithms")
    a.partials("surplus", {a.target: Ratio(1, a.target, 0), a.log_probs: -sp.S.One})
    a.let("term", Weighted(a.target, a.surplus))
    a.partials("term", {a.target: a.surplus + Step(a.target, 0), a.log_probs: -a.target})


@Vocabulary
def of_logarithms(P: Build, a: Elements) -> None:
    """Name ``term`` of two logarithms."""
    a.let("surplus", a.target - a.log_probs, "of logarithms")
    a.let("term", sp.exp(a.target) * a.surplus)


@of_logarithms.when_stable
def _(P: Build, a: Elements) -> None:
    a.let("surplus", a.target - a.log_probs, "of logarithms")
    root = a.let("root", sp.exp(a.target / 2), "does not underflow where the term does not")
    felt = a.let("felt", root * a.surplus)
    a.let("term", root * felt)
    a.let("more_high", 1 + a.surplus)
    more = a.let("more", a.more_high + TwoDiffError(a.target, a.log_probs))
    a.partials("more", {a.target: sp.S.One, a.log_probs: -sp.S.One})
    risen = a.let("risen", root * more)
    a.partials("term", {a.target: root * risen, a.log_probs: -sp.exp(a.target)})


@Vocabulary
def clipped(P: Build, a: Elements, clip: sp.Expr) -> None:
    """Name ``term`` of two probabilities, both kept from `clip` to 1."""
    _kept(a, clip)
    held = a.let("held", _held(a.target_kept), "1 where the target is 0")
    quotient = a.let("quotient", Quotient(a.probs_kept, held))
    a.let("term", Weighted(a.target_kept, -sp.log(quotient)))


@clipped.when_stable
def _(P: Build, a: Elements, clip: sp.Expr) -> None:
    _kept(a, clip)
    t, p = a.target_kept, a.probs_kept
    held = a.let("held", _held(t), "1 where the target is 0")
    near = log1p(Ratio(held - p, p, 0))
    apart = sp.log(held) - sp.log(p)
    either = sp.Piecewise((apart, held > 2 * p), (near, p <= 2 * held), (apart, True))
    a.let("surplus", either, "of logarithms")
    a.let("term", Weighted(t, a.surplus))
    quotient = a.let("quotient", Ratio(t, p, 0))
    inverse = Ratio(1, p, 0)
    a.partials("quotient", {p: -quotient * inverse, t: inverse})
    a.partials("surplus", {p: -inverse, t: Ratio(1, t, 0)})
    a.partials("term", {p: -quotient, t: a.surplus + Step(t, 0)})


def _kept(a: Elements, clip: sp.Expr) -> None:
    """Name both probabilities as clipped; a clip of 0 is out of reach."""
    least = a.let("least", sp.Piecewise((-1, sp.Eq(clip, 0)), (clip, True)))
    for name in ("probs", "target"):
        a.let(f"{name}_kept", sp.Max(a.names[name].here, least))


def _held(target: sp.Expr) -> sp.Expr:
    """Return what the logarithm is taken of: the target, and 1 where that is 0."""
    return sp.Piecewise((target, target > 0), (1, True))
