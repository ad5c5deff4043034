"""The equalities behind the stable bodies and the derivative forms of focal losses of a logit.

Each is proved for either sign of the logit: ``x = r`` and ``x = -r`` with ``e = exp(-r)``. What the
forms call lacks and has are the target's shares of the other side and of the logit's own.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from refloss.symbolic.functions import TwoDiffError, TwoProdError, TwoSumError
from refloss.symbolic.rules import Rule

_x = sp.Symbol("x", real=True)
_t, _s, _g = sp.symbols("t smoothing gamma", positive=True)
_e, _r = sp.symbols("e r", positive=True)
_b = sp.Symbol("b", positive=True)

_p, _q = 1 / (1 + sp.exp(-_x)), 1 / (1 + sp.exp(_x))
_w = (1 - _s) * _t + _s / 2
_bce = _w * sp.log(1 + sp.exp(-_x)) + (1 - _w) * sp.log(1 + sp.exp(_x))
_miss = _p * (1 - _t) + _q * _t
_lacks = _b * (1 - _t) + (1 - _b) * _t
_logs = -_t * sp.log(_b) - (1 - _t) * sp.log(1 - _b)
_odds = sp.log(1 - _b) - sp.log(_b)
_SIDES = ({_x: -sp.log(_e)}, {_x: sp.log(_e)})
_BY_SIDE = tuple(
    (side, sign, lacks, 1 - lacks, (1 - _s) * lacks + _s / 2, (1 - _s) * (1 - lacks) + _s / 2)
    for side, sign, lacks in zip(_SIDES, (1, -1), (1 - _t, _t), strict=True)
)
_WORDS = ("x > 0", "x < 0")


def _sided(side: dict, sign: int, lacks: sp.Expr, has: sp.Expr, lean: sp.Expr) -> dict:
    """Return what the forms name, in terms of e and the target."""
    mass = lacks + has * _e
    bce = sp.expand_log(_bce.subs(side), force=True)
    return {
        "mass": mass,
        "major": 1 / (1 + _e),
        "odds": _e / mass,
        "tilt": lacks - has,
        "fall": 1 - _e,
        "bce": bce,
        "factor": (mass / (1 + _e)) ** _g,
        "lean": lean,
        "sign": sign,
    }


def _polynomial_rules(n: dict, sign: int, turn: sp.Expr, words: str) -> tuple[Rule, ...]:
    """Return the rules of (1 - p_t)^(gamma + 1), in what `_sided` names."""
    side = _SIDES[_WORDS.index(words)]
    poly = _miss ** (_g + 1)
    width = _e / (1 + _e) ** 2
    away = n["fall"] * n["major"]
    return (
        Rule(
            f"polynomial term by its logit, {words}",
            (sp.diff(poly, _x) / _miss**_g).subs(side),
            (1 + _g) * sign * n["tilt"] * width,
            "one term",
        ),
        Rule(
            f"polynomial term by its target, {words}",
            (sp.diff(poly, _t) / _miss**_g).subs(side),
            -(1 + _g) * sign * away,
            "one term",
        ),
        Rule(
            f"modulator times p (1 - p) by its logit, {words}",
            -sign * _e * sp.diff(n["factor"] * width, _e) / n["factor"],
            sign * n["major"] * (_g * n["tilt"] * n["odds"] - n["fall"]) * width,
            "products of quotients that stay in range",
        ),
        Rule(
            f"modulator times p (1 - p) by its target, {words}",
            sp.diff(n["factor"] * width, _t) / n["factor"],
            -_g * turn * n["odds"] * n["major"] ** 2,
            "b/mass nears 1 where mass nears 0",
        ),
        Rule(
            f"modulator times 1 - 2 p by its logit, {words}",
            -sign * _e * sp.diff(n["factor"] * away, _e) / n["factor"],
            sign
            * n["major"]
            * (_g * n["major"] * n["tilt"] * n["odds"] * n["fall"] + 2 * _e / (1 + _e)),
            "products of quotients that stay in range",
        ),
        Rule(
            f"modulator times 1 - 2 p by its target, {words}",
            sp.diff(n["factor"] * away, _t) / n["factor"],
            -_g * turn * away / n["mass"],
            "an exponential of its own for the power below gamma",
        ),
    )


def _rules_of(number: int) -> tuple[Rule, ...]:
    side, sign, lacks, has, lacks_soft, has_soft = _BY_SIDE[number]
    words = _WORDS[number]
    n = _sided(side, sign, lacks, has, lacks_soft - has_soft * _e)
    focal = _miss**_g * _bce
    gain = _g
    felt = n["odds"] * n["bce"]
    heft = _g * n["odds"] * n["factor"] * n["bce"]
    pull = n["factor"] * (gain * n["tilt"] * felt + n["lean"])
    keen = _g * n["factor"] * n["bce"] / n["mass"]
    lift, crest = _g * n["factor"] / n["mass"], keen / n["mass"]
    rise = sign * n["major"] * n["lean"]
    turn = sign * n["fall"]
    slope = sign * n["tilt"] * n["major"] * n["odds"]
    keep = 1 - _s
    logit = side[_x]
    return (
        Rule(
            f"cross-entropy of a logit, {words}",
            _bce.subs(side),
            lacks_soft * -sp.log(_e) + log1p(_e),
            "two terms >= 0, and no exponential of more than 0",
            ({_s: 0}, {}),
            "constant",
            {_e: 1, _t: sp.S.Half, _s: sp.S.Zero},
        ),
        Rule(
            f"1 - p_t from the shares, {words}",
            _miss.subs(side),
            n["mass"] / (1 + _e),
            "terms >= 0",
        ),
        Rule(
            f"2 focal tail/mass where gamma is 2, {words}",
            2 * (_miss.subs(side) ** 2 * n["bce"]) * n["odds"],
            2 * (n["bce"] * (n["mass"] * n["major"] * (_e * n["major"]))),
            "no quotient that is 0/0",
            ({_s: 0}, {}),
            "constant",
            {_e: 1, _t: sp.S.Half, _s: sp.S.Zero},
        ),
        Rule(
            f"cross-entropy by its logit, {words}",
            sp.diff(_bce, _x).subs(side),
            rise,
            "one term of a hard target",
        ),
        Rule(
            f"cross-entropy by its target, {words}",
            sp.diff(_bce, _t).subs(side),
            -keep * logit,
            "exact but for one rounding",
            ({},),
            "constant",
            {_e: 1, _s: sp.S.Zero, _t: sp.S.Half},
        ),
        Rule(
            f"modulator by its logit, {words}",
            sp.diff(_miss**_g, _x).subs(side) / (_miss**_g).subs(side),
            gain * slope,
            "one term; a multiple of the modulator, with no power below gamma",
        ),
        Rule(
            f"modulator by its target, {words}",
            sp.diff(_miss**_g, _t).subs(side) / (_miss**_g).subs(side),
            -gain * turn / n["mass"],
            "one term",
        ),
        Rule(
            f"focal loss by its logit, {words}",
            (sp.diff(focal, _x) / _miss**_g).subs(side),
            sign * n["major"] * (gain * n["tilt"] * felt + n["lean"]),
            "terms of one sign of a hard target, and never 0 times infinity",
        ),
        Rule(
            f"focal loss by its target, {words}",
            (sp.diff(focal, _t) / _miss**_g).subs(side),
            -gain * turn * n["bce"] / n["mass"] - keep * logit,
            "terms of one sign where the logit is wrong",
        ),
        *_polynomial_rules(n, sign, turn, words),
        Rule(
            f"loss times the odds by its logit, {words}",
            -sign * _e * sp.diff(heft, _e) / n["factor"],
            (_g * n["odds"] * sign * n["major"] * pull - sign * lacks / n["mass"] * heft)
            / n["factor"],
            "lacks/mass is at most 1",
        ),
        Rule(
            f"loss times the odds by its target, {words}",
            sp.diff(heft, _t) / n["factor"],
            (turn * n["odds"] * keen - _g * n["odds"] * (keep * logit * n["factor"] + turn * keen))
            / n["factor"],
            "quotients that stay in range: b/mass nears 1 where mass nears 0",
        ),
        Rule(
            f"modulator times the slope of the cross-entropy by its logit, {words}",
            -sign * _e * sp.diff(n["factor"] * n["lean"], _e) / n["factor"],
            gain * slope * n["lean"] + sign * has_soft * _e,
            "products",
        ),
        Rule(
            f"modulator times the slope of the cross-entropy by its target, {words}",
            sp.diff(n["factor"] * n["lean"], _t) / n["factor"],
            -sign * keep * (1 + _e)
            - turn * (lacks_soft * lift - _g * has_soft * n["factor"] * n["odds"]) / n["factor"],
            "a power below gamma never meets an exponential that is 0",
        ),
        Rule(
            f"loss over mass by its logit, {words}",
            -sign * _e * sp.diff(keen, _e) / n["factor"],
            (
                sign * has * n["odds"] * keen
                + sign * n["major"] * (lacks_soft * lift - _g * has_soft * n["factor"] * n["odds"])
                + _g * sign * n["major"] * n["tilt"] * n["odds"] * keen
            )
            / n["factor"],
            "products of quotients that stay in range",
        ),
        Rule(
            f"loss over mass by its target, {words}",
            sp.diff(keen, _t) / n["factor"],
            (turn * crest - keep * logit * lift - _g * turn * crest) / n["factor"],
            "products of quotients that stay in range",
        ),
        Rule(
            f"loss over mass by its target, gamma below 1, {words}",
            sp.diff(keen, _t) / n["factor"],
            lift * ((turn - _g * turn) * (n["bce"] / n["mass"]) - keep * logit) / n["factor"],
            "what may be infinite is one factor, and not two terms of two signs",
        ),
    )


_RULES = (
    *_rules_of(0),
    *_rules_of(1),
    Rule(
        "-log(1 - p_t), whose multiple is the exponent of the modulator",
        -sp.log((_t + (1 - _t) * _e) / (1 + _e)),
        (-sp.log(_t + (1 - _t) * _e) + log1p(_e)) + (TwoProdError(_g, _r) + TwoSumError(_r, _e)),
        "a power multiplies the error of its base; an exponent is carried with its rounding errors",
        ({},),
        "constant",
        {_e: 1, _t: sp.S.Half},
    ),
    Rule(
        "a power whose exponent is two floats",
        _b**_g,
        _b**_g * (1 + TwoDiffError(_g, 1) * sp.log(_b)),
        "what the float of an exponent lacks counts by the logarithm of the base",
    ),
    Rule(
        "power of 1 - e^-bce of a target that is met",
        (1 - sp.exp(-sp.log(1 + _e))) ** _g,
        sp.exp(-_g * (-sp.log(_e) + sp.log(1 + _e))),
        "in range where e is not",
    ),
    Rule(
        "a power of 1 - p_t below gamma",
        ((_b / (1 + _e)) ** _g) / _b**2,
        sp.exp((2 - _g) * -sp.log(_b) - _g * sp.log(1 + _e)),
        "in range where the power and the mass it is divided by are not",
    ),
    Rule(
        "width of the sigmoid by its logit",
        -_e * sp.diff(_e / (1 + _e) ** 2, _e),
        -_e / (1 + _e) ** 2 * ((1 - _e) / (1 + _e)),
        "1 - e has its digits from expm1",
    ),
    Rule(
        "-log mass of a target that is the logit's own side",
        -sp.log(sp.exp(-_r)),
        _r,
        "exact",
    ),
    Rule(
        "power of the smaller of p and 1 - p",
        (_e / (1 + _e)) ** _g,
        sp.exp(-_g * (-sp.log(_e) + sp.log(1 + _e))),
        "an exponent that is carried with its rounding errors",
    ),
    Rule(
        "power of the smaller of p and 1 - p by the logit on its other side",
        -_e * sp.diff((_e / (1 + _e)) ** _g, _e),
        -_g * (1 / (1 + _e)) * (_e / (1 + _e)) ** _g,
        "one term",
    ),
    Rule(
        "power of the larger of p and 1 - p by its logit",
        -_e * sp.diff((1 / (1 + _e)) ** _g, _e),
        _g * (_e / (1 + _e)) * (1 / (1 + _e)) ** _g,
        "one term",
    ),
    Rule(
        "1 - p_t of a probability",
        1 - (_b * _t + (1 - _b) * (1 - _t)),
        _b * (1 - _t) + (1 - _b) * _t,
        "terms >= 0; 1 - p_t has no digits where p_t nears 1",
    ),
    *(
        Rule(
            f"{what} of a probability by its {name}",
            sp.diff(loss, by),
            slope,
            "powers of 1 - p_t times a quotient that nears 1, or a slope of logarithms",
        )
        for name, by, turn in (("probability", _b, 1 - 2 * _t), ("target", _t, 1 - 2 * _b))
        for what, loss, slope in (
            (
                "focal loss",
                _lacks**_g * _logs,
                turn * (_g * _lacks**_g / _lacks * _logs) + _lacks**_g * sp.diff(_logs, by),
            ),
            (
                "focal loss over 1 - p_t",
                _g * _lacks**_g / _lacks * _logs,
                (_g - 1) * (_g * _lacks**_g / _lacks) * (_logs / _lacks) * turn
                + _g * _lacks**_g / _lacks * sp.diff(_logs, by),
            ),
            (
                "a power of 1 - p_t times the log odds",
                _lacks**_g * _odds,
                turn * (_g * _lacks**_g / _lacks * _odds) + _lacks**_g * sp.diff(_odds, by),
            ),
        )
    ),
    Rule(
        "1 - e^-b",
        1 - sp.exp(-_r),
        -expm1(-_r),
        "all digits where b is small",
    ),
    Rule(
        "distance of prediction and target",
        (_p - _t).subs(_SIDES[0]),
        ((1 - _t) - _t * _e) / (1 + _e),
        "one term of a hard target",
    ),
    Rule(
        "distance of prediction and target, x < 0",
        (_t - _p).subs(_SIDES[1]),
        (_t - (1 - _t) * _e) / (1 + _e),
        "one term of a hard target",
    ),
    Rule(
        "prediction by its logit",
        sp.diff(_p, _x).subs(_SIDES[0]),
        1 / (1 + _e) * (_e / (1 + _e)),
        "one term",
    ),
    Rule(
        "-log sigma of a level",
        sp.log(1 + sp.exp(-_x)).subs(_SIDES[0]),
        log1p(_e),
        "all digits of a small loss",
        ({},),
        "constant",
        {_e: 1},
    ),
    Rule(
        "-log sigma of a level below 0",
        sp.log(1 + sp.exp(-_x)).subs(_SIDES[1]),
        -sp.log(_e) + log1p(_e),
        "no overflow; two terms >= 0",
        ({},),
        "constant",
        {_e: 1},
    ),
    Rule(
        "-log sigma by its level",
        sp.diff(sp.log(1 + sp.exp(-_x)), _x).subs(_SIDES[0]),
        -_e / (1 + _e),
        "one term",
    ),
    Rule(
        "-log sigma by its level below 0",
        sp.diff(sp.log(1 + sp.exp(-_x)), _x).subs(_SIDES[1]),
        -1 / (1 + _e),
        "one term",
    ),
    Rule(
        "1 - sigma by its level",
        sp.diff(1 / (1 + sp.exp(_x)), _x).subs(_SIDES[0]),
        -_e / (1 + _e) * (1 / (1 + _e)),
        "one term",
    ),
)


_UNIT = {x: sp.Symbol(f"{x}_odds", positive=True) for x in (_t, _s, _b)}
_INSIDE = {x: odds / (1 + odds) for x, odds in _UNIT.items()}


def _between_0_and_1(rule: Rule) -> Rule:
    """Return a rule whose targets and probabilities are between 0 and 1, by their odds."""
    cases = tuple({_UNIT.get(x, x): value for x, value in case.items()} for case in rule.cases)
    anchor = {
        _UNIT.get(x, x): v / (1 - v) if x in _UNIT else v for x, v in (rule.anchor or {}).items()
    }
    lhs, rhs = (side.subs(_INSIDE, simultaneous=True) for side in (rule.lhs, rule.rhs))
    return replace(rule, lhs=lhs, rhs=rhs, cases=cases, anchor=anchor)


RULES = tuple(map(_between_0_and_1, _RULES))
