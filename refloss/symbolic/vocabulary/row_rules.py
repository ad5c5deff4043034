"""The equalities behind the stable bodies and the accurate derivative forms of rows.

Each is proved on a row of three logits: the largest, any other, and one that stands for the rest,
whose exponentials enter every formula as a sum.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic.functions import MaxNumber, TwoDiffError
from refloss.symbolic.rules import Rule

_z = _top, _z1, _z2 = sp.symbols("z_top z_1 z_2", real=True)
_m1, _m2 = sp.symbols("m_1 m_2", positive=True)
_rest = _m1 + _m2
_total = 1 + _rest
_w = _w0, _w1, _w2 = sp.symbols("w_0 w_1 w_2", nonnegative=True)
_q = sp.symbols("q_0 q_1 q_2", nonnegative=True)
_e, _k, _g, _t = sp.symbols("eps K grow total", positive=True)

_lse = sp.log(sp.exp(_top) + sp.exp(_z1) + sp.exp(_z2))
_row = {_z1: _top + sp.log(_m1), _z2: _top + sp.log(_m2)}
_nll_top, _nll_1 = _lse - _top, _lse - _z1
_each = sum(w * (_lse - z) for w, z in zip(_w, _z, strict=True))
_soft = sum(q * (_lse - z) for q, z in zip(_q, _z, strict=True))
_goals = sum(_q)

RULES = (
    Rule(
        "log-sum-exp from the largest logit",
        _lse,
        _top + log1p(sp.exp(_z1 - _top) + sp.exp(_z2 - _top)),
        "no overflow, and all digits of a small sum: the largest exponential, 1, is in log1p",
        ({},),
        "constant",
        {_top: 0, _z1: 0, _z2: 0},
    ),
    Rule(
        "exponential of a difference with its rounding error",
        sp.exp(_z1 - _top),
        sp.exp(_z1 - _top) * (1 + MaxNumber(TwoDiffError(_z1, _top), -1)),
        "to first order in the roundoff; the error of an argument of -700 is 350 ulp of exp",
    ),
    Rule(
        "-log softmax of the target",
        _nll_1,
        (_top - _z1) + log1p(sp.exp(_z1 - _top) + sp.exp(_z2 - _top)),
        "two terms >= 0; the log-sum-exp and the logit may be large and close",
        ({},),
        "constant",
        {_top: 0, _z1: 0, _z2: 0},
    ),
    Rule(
        "weight of all classes but the target, target below the top",
        _total - _m1,
        _rest + (1 - _m1),
        "two terms >= 0, for the top's own 1 is among the others",
    ),
    Rule(
        "weight of all classes but the target, target on top",
        _total - 1,
        _rest + (1 - sp.S.One),
        "the sum itself: no p - 1",
    ),
    Rule(
        "softmax of all classes but the target, by the target's mass",
        sp.diff((_t - _m1) / _t, _m1),
        -1 / _t,
        "with the next: not from the masses of the others, which cancel where the target's is tiny",
    ),
    Rule(
        "softmax of all classes but the target, by the sum of the masses",
        sp.diff((_t - _m1) / _t, _t),
        _m1 / _t**2,
        "one term, of the size of the target's mass",
    ),
    Rule(
        "log-sum-exp by a logit",
        sp.diff(_lse, _z1),
        _m1 / _total,
        "the softmax from the exponentials that the value has summed",
        (_row,),
    ),
    Rule(
        "log-sum-exp by the largest logit",
        sp.diff(_lse, _top),
        1 / _total,
        "its exponential is 1",
        (_row,),
    ),
    Rule(
        "-log softmax by the target's logit",
        sp.diff(_nll_1, _z1),
        -(_rest + (1 - _m1)) / _total,
        "minus the weight of the others: never p - 1, which loses every digit as p nears 1",
        (_row,),
    ),
    Rule(
        "-log softmax by the target's logit, target on top",
        sp.diff(_nll_top, _top),
        -_rest / _total,
        "minus the weight of the others",
        (_row,),
    ),
    Rule(
        "-log softmax by another logit",
        sp.diff(_nll_1, _z2),
        _m2 / _total,
        "one term",
        (_row,),
    ),
    Rule(
        "smoothing of every class",
        sum(w * (_top + _g - z) for w, z in zip(_w, _z, strict=True)),
        -(_w1 * (_z1 - _top) + _w2 * (_z2 - _top)) + (_w0 + _w1 + _w2) * _g,
        "terms >= 0: differences to the largest logit, and log-sum-exp less that logit",
    ),
    Rule(
        "smoothing by a logit",
        sp.diff(_each, _z1),
        _m1 * ((_w0 + _w1 + _w2) / _total) - _w1,
        "the softmax once, times the sum of the weights",
        (_row,),
    ),
    Rule(
        "z-loss by a logit",
        sp.diff(_lse**2, _z1),
        2 * _lse * (_m1 / _total),
        "the softmax once",
        (_row,),
    ),
    Rule(
        "soft target by a logit below the top",
        sp.diff(_soft, _z1),
        (_goals - _q[1]) * (_m1 / _total) - _q[1] * (((1 - _m1) + _rest) / _total),
        "what the other classes ask, less what this one does: p - q loses its digits where q is 1",
        (_row,),
    ),
    Rule(
        "soft target by the largest logit",
        sp.diff(_soft, _top),
        (_goals - _q[0]) / _total - _q[0] * (_rest / _total),
        "what the other classes ask, less what this one does",
        (_row,),
    ),
    Rule(
        "what the other classes ask",
        _goals - _q[1],
        (_q[0] - _q[1]) + (_q[1] + _q[2]),
        "for q_0 the largest: terms >= 0; the sum less nearly all of it loses every digit",
    ),
    Rule(
        "soft target by its probability",
        sp.diff(_soft, _q[1]).subs(_row),
        log1p(_rest) - sp.log(_m1),
        "two terms >= 0",
        ({},),
        "constant",
        {_m1: sp.S.One, _m2: sp.S.One},
    ),
    Rule(
        "smoothing: the factor of the target",
        1 - _e * (_k / (_k - 1)),
        ((_k - 1) - _e * _k) / (_k - 1),
        "the difference comes first, of numbers without error but that of one product",
    ),
    Rule(
        "smoothing over K, as hit and off",
        (1 - _e) * _q[0] + _e / _k,
        (1 - _e * (_k / _k)) * _q[0] + _e * (_k / _k) / _k,
        "one pair of numbers for every convention",
    ),
    Rule(
        "smoothing over K - 1: the target keeps 1 - eps",
        1 - _e,
        (1 - _e * (_k / (_k - 1))) + _e * (_k / (_k - 1)) / _k,
        "one pair of numbers for every convention",
    ),
    Rule(
        "smoothing over K - 1: another class",
        _e / (_k - 1),
        _e * (_k / (_k - 1)) / _k,
        "one pair of numbers for every convention",
    ),
    Rule(
        "smoothing as ClassyVision has it",
        (_q[0] + _e / _k) / (1 + _e),
        (1 - _e / (1 + _e) * (_k / _k)) * _q[0] + _e / (1 + _e) * (_k / _k) / _k,
        "one pair of numbers for every convention",
    ),
)
