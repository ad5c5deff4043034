"""Focal conventions of a whole batch: its modulators, what divides it, and the focal of its mean.

Two conventions of focal losses are functions of sums over the batch: the sum of the losses divided
by that of the modulators (1 - p_t)^γ, and the focal loss of the mean cross-entropy. The modulators
are programs of single elements, the functions of the sums programs of a single number; as in
`refloss.symbolic.vocabulary.focal`, every body has two forms, and `RULES` proves them equal.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import expm1

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    Gate,
    Power,
    Ratio,
    Unbounded,
    Weighted,
)
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.elements import Elements
from refloss.symbolic.vocabulary.focal import lowered_powers, power_of_chance, power_of_lack

__all__ = ["RULES", "chance_modulator", "modulator", "quotient"]


def quotient(a: Elements, least: sp.Expr, flows: sp.Expr) -> None:
    """Name ``loss``, ``total`` over ``modulators``, which count at least `least`.

    Parameters
    ----------
    a : Elements
        Where ``total`` and ``modulators``, both sums, are inputs.
    least : sympy.Expr
        The smallest number to divide by.
    flows : sympy.Expr
        1: the gradient flows through the divisor; 0: it is detached.
    """
    few = a.modulators < least
    a.let("divisor", sp.Piecewise((least, few), (a.modulators, True)), "at least a given amount")
    a.let("loss", Ratio(a.total, Gate(a.divisor, flows), sp.S.Zero))


@Vocabulary
def modulator(P: Build, a: Elements, power: sp.Expr) -> None:
    """Name ``factor``, (1 − p_t)^`power` of ``logits`` and ``target``, p_t = p t + (1 − p)(1 − t).

    What `refloss.symbolic.vocabulary.focal.binary` names must be there.
    """
    a.let("prob", 1 / (1 + sp.exp(-a.logits)), "sigmoid")
    a.let("chance", a.prob * a.target + (1 - a.prob) * (1 - a.target), "p_t")
    a.let("factor", Power(1 - a.chance, power), "modulator")


@modulator.when_stable
def _(P: Build, a: Elements, power: sp.Expr) -> None:
    a.let("factor", power_of_lack(a, power), "modulator")
    a.let("odds", Ratio(a.tail, a.mass, sp.S.One), "at most 1 of a hard target")
    a.let("tilt", a.lacks - a.has)
    a.let("turn", a.sign * a.fall)
    a.let("swing", power * (a.sign * a.major) * (a.tilt * a.odds), "derivative of log factor")
    a.let("grade", a.factor * a.swing, "derivative by the logit")
    lowered_powers(a, power)
    by_target = -a.turn * a.lift
    a.partials("factor", {a.logits: a.grade, a.target: Unbounded(by_target)})
    bent = power * a.tilt * a.odds * a.major * (a.minor - Ratio(a.lacks, a.mass, sp.S.Zero))
    across = -a.tail * a.lift - a.turn * a.lift * (a.swing + a.sign * a.has * a.odds)
    a.partials("grade", {a.logits: a.factor * (a.swing**2 + bent), a.target: Unbounded(across)})
    by_logit = a.lift * (a.swing + a.sign * a.has * a.odds)
    by_target = Unbounded((1 - power) * a.turn * a.peak)
    a.partials("lift", {a.logits: by_logit, a.target: by_target})


@Vocabulary
def chance_modulator(P: Build, a: Elements, power: sp.Expr) -> None:
    """Name ``factor``, (1 − e^−bce)^`power`, of what `focal.binary` names."""
    a.let("chance", sp.exp(-a.bce), "p_t of a hard target")
    a.let("factor", Power(1 - a.chance, power), "modulator")


@chance_modulator.when_stable
def _(P: Build, a: Elements, power: sp.Expr) -> None:
    a.let("chance", sp.exp(-a.bce), "p_t of a hard target")
    a.let("miss", -expm1(-a.bce), "1 - p_t")
    a.let("factor", power_of_chance(a, power), "modulator")
    a.let("rise", a.sign * a.major * a.lean, "derivative of the cross-entropy")
    a.let("drift", a.keep * a.logits, "and by the target, but for its sign")
    a.let("pitch", Ratio(a.rise, a.miss, sp.S.Zero), "at most 1 of a hard target")
    a.let("width", Ratio(a.major * a.minor, a.miss, sp.S.Zero))
    a.let("sharp", Power(a.miss, power - 1), "the power less 1")
    a.let("grade", power * (a.factor * (a.chance * a.pitch)), "derivative by the logit")
    a.let("lift", power * Weighted(a.chance, a.sharp), "derivative by the cross-entropy")
    a.partials("factor", {a.logits: a.grade, a.target: -a.drift * a.lift})
    less = (power - 1) * a.chance
    bent = a.width + a.pitch * (less * a.pitch - a.rise)
    by_logit = power * (a.factor * (a.chance * bent))
    across = a.drift * a.pitch * (a.factor - less * a.sharp) - a.keep * a.sharp
    across = power * Weighted(a.chance, across)
    a.partials("grade", {a.logits: by_logit, a.target: across})
    by_logit = a.lift * (less * a.pitch - a.rise)
    by_target = a.drift * a.lift * (1 - Ratio(less, a.miss, sp.S.Zero))
    a.partials("lift", {a.logits: by_logit, a.target: by_target})


_x = sp.Symbol("x", real=True)
_e, _odds, _g = sp.symbols("e t_odds gamma", positive=True)
_t = _odds / (1 + _odds)
_p = 1 / (1 + sp.exp(-_x))
_SIDES = (("x > 0", 1, 1 - _t, _t), ("x < 0", -1, _t, 1 - _t))


def _by_logit(expr: sp.Expr, sign: int) -> sp.Expr:
    """Return the derivative by x of what is written in e = exp(-|x|)."""
    return -sign * _e * sp.diff(expr, _e)


def _by_target(expr: sp.Expr) -> sp.Expr:
    """Return the derivative by t of what is written in the odds of t."""
    return sp.diff(expr, _odds) / sp.diff(_t, _odds)


def _of_side(words: str, sign: int, lacks: sp.Expr, has: sp.Expr) -> tuple[Rule, ...]:
    mass, major, minor = lacks + has * _e, 1 / (1 + _e), _e / (1 + _e)
    odds, turn = _e / mass, sign * (1 - _e)
    swing = _g * sign * major * (lacks - has) * odds
    factor = (mass * major) ** _g
    grade, lift, peak = factor * swing, _g * factor / mass, _g * factor / mass**2
    bent = _g * (lacks - has) * odds * major * (minor - lacks / mass)
    across = -_e * lift - turn * lift * (swing + sign * has * odds)
    return (
        Rule(
            f"1 - p_t of a modulator, {words}",
            (_p * (1 - _t) + (1 - _p) * _t).subs(_x, -sign * sp.log(_e)),
            mass * major,
            "terms >= 0",
        ),
        Rule(
            f"modulator alone by its logit, {words}",
            _by_logit(factor, sign) / factor,
            swing,
            "a multiple of the modulator, with no power below gamma",
        ),
        Rule(
            f"modulator alone by its target, {words}",
            _by_target(factor) / factor,
            -turn * lift / factor,
            "one term",
        ),
        Rule(
            f"modulator twice by its logit, {words}",
            _by_logit(grade, sign) / factor,
            swing**2 + bent,
            "quotients that stay in range, and no power below gamma",
        ),
        Rule(
            f"modulator by its logit and its target, {words}",
            _by_target(grade) / factor,
            across / factor,
            "no power below gamma less 1 meets an exponential that is 0",
        ),
        Rule(
            f"modulator over mass by its logit, {words}",
            _by_logit(lift, sign) / factor,
            lift * (swing + sign * has * odds) / factor,
            "products of quotients that stay in range",
        ),
        Rule(
            f"modulator over mass by its target, {words}",
            _by_target(lift) / factor,
            (1 - _g) * turn * peak / factor,
            "one term",
        ),
    )


_L, _width, _keep, _logit = sp.symbols("L width keep logit", positive=True)
_rise = sp.Symbol("rise", real=True)
_q = sp.Symbol("q", positive=True)
_less = (_g - 1) * (1 - _q)
_grade = _g * _q**_g * (1 - _q) * _rise / _q
_lift = _g * (1 - _q) * _q ** (_g - 1)


def _through(expr: sp.Expr, by_cost: sp.Expr, by_rise: sp.Expr) -> sp.Expr:
    """Return a derivative of what is written in q = 1 - exp(-BCE) and in the slope of the BCE."""
    return (1 - _q) * by_cost * sp.diff(expr, _q) + by_rise * sp.diff(expr, _rise)


_CHANCE = (
    Rule(
        "1 - p_t by the cross-entropy",
        sp.diff(1 - sp.exp(-_L), _L),
        1 - (1 - sp.exp(-_L)),
        "p_t itself: with it every derivative is one of q and p_t",
    ),
    Rule(
        "modulator of the cross-entropy by its logit",
        _through(_q**_g, _rise, _width),
        _grade,
        "a slope over 1 - p_t, which is at most 1, in the place of a power below gamma",
    ),
    Rule(
        "modulator of the cross-entropy twice by its logit",
        _through(_grade, _rise, _width) / _q**_g,
        _g * (1 - _q) * (_width / _q + _rise / _q * (_less * _rise / _q - _rise)),
        "the slope of the cross-entropy stands by a quotient that is in range",
    ),
    Rule(
        "modulator of the cross-entropy by its logit and its target",
        _through(_grade, -_keep * _logit, -_keep) / _q**_g,
        _g * (1 - _q) * (_keep * _logit * (_rise / _q) * (1 - _less / _q) - _keep / _q),
        "no power below gamma less 1",
    ),
    Rule(
        "slope of the modulator by its logit",
        _through(_lift, _rise, _width) / _q**_g,
        _lift * (_less * _rise / _q - _rise) / _q**_g,
        "the same quotient",
    ),
    Rule(
        "slope of the modulator by its target",
        _through(_lift, -_keep * _logit, -_keep) / _q**_g,
        _keep * _logit * _lift * (1 - _less / _q) / _q**_g,
        "one term for gamma 1, two of one sign below",
    ),
)

RULES = (*(rule for side in _SIDES for rule in _of_side(*side)), *_CHANCE)
