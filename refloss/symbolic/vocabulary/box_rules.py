"""The equalities behind the stable bodies and the accurate derivative forms of boxes.

Two kinds of symbols. `EXTENT` are the ends of two intervals in any of six orders. The others are
the parts of two boxes: intersection, what lies outside it, and the gaps between disjoint boxes;
those may also be 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic.functions import (
    Relu,
    Step,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
    kinks,
)
from refloss.symbolic.rules import Rule

HALF = sp.S.Half
EXTENT = sp.symbols("p1 p2 t1 t2", real=True)


def _orders() -> list[dict[sp.Symbol, sp.Expr]]:
    """Return a substitution for each order of two intervals' four ends."""
    start = sp.Symbol("o", real=True)
    a, b, c = sp.symbols("a b c", positive=True)
    points = (start, start + a, start + a + b, start + a + b + c)
    p1, p2, t1, t2 = EXTENT
    orders = [
        (p1, p2, t1, t2),
        (p1, t1, p2, t2),
        (p1, t1, t2, p2),
        (t1, t2, p1, p2),
        (t1, p1, t2, p2),
        (t1, p1, p2, t2),
    ]
    return [dict(zip(order, points, strict=True)) for order in orders]


def _ties() -> list[dict[sp.Symbol, sp.Expr]]:
    """Return a substitution for each way in which ends of two intervals coincide."""
    start = sp.Symbol("o", real=True)
    a, b, c = sp.symbols("a b c", positive=True)
    ends = [
        (0, a, 0, a),
        (0, a, 0, a + b),
        (0, a + b, 0, a),
        (a, a + b, 0, a + b),
        (0, a + b, a, a + b),
        (0, a, a, a + c),
        (a, a + c, 0, a),
    ]
    return [{end: start + at for end, at in zip(EXTENT, values, strict=True)} for values in ends]


_p1, _p2, _t1, _t2 = EXTENT
_signed = sp.Min(_p2, _t2) - sp.Max(_p1, _t1)
_overlap, _apart = Relu(_signed), Relu(-_signed)
_side = sp.Max(_p2, _t2) - sp.Min(_p1, _t1)
_p_out = sp.Min(_p2 - _p1, Relu(_t1 - _p1) + Relu(_p2 - _t2))
_t_out = sp.Min(_t2 - _t1, Relu(_p1 - _t1) + Relu(_t2 - _p2))
RATES = _vp1, _vp2, _vt1, _vt2 = sp.symbols("v_p1 v_p2 v_t1 v_t2", real=True)
_in1, _in2 = Step(_p1 - _t1, HALF), Step(-(_p2 - _t2), HALF)
_beyond1, _beyond2 = 1 - _in1, 1 - _in2
_inner = _vp2 * _in2 + _vt2 * _beyond2 - _vp1 * _in1 - _vt1 * _beyond1
_outer = _vp2 * _beyond2 + _vt2 * _in2 - _vp1 * _beyond1 - _vt1 * _in1
_meets = Step(_signed, sp.S.Zero)
_i, _j = sp.symbols("iw ih", positive=True)
_a, _b, _c, _d, _gx, _gy = sp.symbols("pw_out tw_out ph_out th_out x_gap y_gap", nonnegative=True)
_e, _s, _k = sp.symbols("eps slack kept", nonnegative=True)
_pw, _ph, _tw, _th = _i + _a, _j + _c, _i + _b, _j + _d
_I = _i * _j
_r, _f = sp.Symbol("ph_lift", nonnegative=True), sp.Symbol("follows", real=True)
_pt, _po = _ph + _r + _e, _c + _r + _e
_A, _B = _pw * _pt, _tw * (_th + _e)
_D = _A + _B - _I + _s
_q = sp.Symbol("q", positive=True)
_w, _h, _W, _H = sp.symbols("w h W H", positive=True)
_g, _x = sp.Symbol("gap", positive=True), sp.Symbol("x", real=True)
_F, _m, _n = sp.Symbol("least", positive=True), *sp.symbols("m n", nonnegative=True)
_C, _U = sp.symbols("C U", nonnegative=True)
_HEIGHTS = ({_p2: _p1 + _F + _q}, {_p2: _p1 + _m, _F: _m + _q})
_ew, _eh, _eW, _eH = sp.symbols("e_w e_h e_W e_H", real=True)
_FLOORS = (
    {_U: _F + _m, _C: _F + _m + _n},
    {_F: _U + _m, _C: _U + _m + _n},
    {_C: _U + _m, _F: _U + _m + _n},
)


def _slope(value: sp.Expr, changes: Mapping[sp.Symbol, sp.Expr | int]) -> sp.Expr:
    """Return the derivative of `value` along an edge that changes its symbols at these rates.

    The height of pred moves with its edges at the rate `follows`, 0 where its floor holds it: what
    the floor adds to it, `ph_lift`, moves the other way at the rate 1 − `follows`.
    """
    return sp.Add(*(sp.diff(value, symbol) * rate for symbol, rate in changes.items()))


def _along(value: sp.Expr) -> sp.Expr:
    """Return the derivative of `value` as the four ends move at the rates `RATES`, ties even."""
    return kinks(sp.Add(*(sp.diff(value, end) * r for end, r in zip(EXTENT, RATES, strict=True))))


_gap = 1 - _I / _D
_hull_area = (_i + _a + _b + _gx) * (_j + _c + _d + _gy)
_hull = (_hull_area - (_A + _B - _I)) / (_hull_area + _k)
_DH = _hull_area + _k
_ch, _cw = _j + _c + _d + _gy, _i + _a + _b + _gx

RULES = (
    Rule(
        "the other box's edge at a tie and off it",
        Step(_t1 - _p1, HALF),
        _beyond1,
        "one comparison an edge; the two weights sum to 1",
        (*_orders(), *_ties()),
    ),
    Rule(
        "signed overlap along the edges",
        _along(_signed),
        _inner,
        "weights named once; ties split evenly",
        (*_orders(), *_ties()),
    ),
    Rule(
        "hull side along the edges",
        _along(_side),
        _outer,
        "the complementary weights",
        (*_orders(), *_ties()),
    ),
    Rule(
        "part of a side outside along the edges",
        _along(_p2 - _p1 - _overlap),
        _vp2 - _vp1 - _meets * _inner,
        "the derivative of the side minus the intersection's, not of its clamped sum",
        (*_orders(), *_ties()),
    ),
    Rule(
        "part of a side outside the other box",
        _p2 - _p1 - _overlap,
        _p_out,
        "sums of differences >= 0 instead of a difference of sides",
        tuple(_orders()),
    ),
    Rule(
        "part of the target's side outside",
        _t2 - _t1 - _overlap,
        _t_out,
        "the same for the target",
        tuple(_orders()),
    ),
    Rule(
        "hull side from its parts",
        _side,
        _overlap + _p_out + _t_out + _apart,
        "splits a hull's side into parts >= 0",
        tuple(_orders()),
    ),
    Rule(
        "pred outside the intersection",
        _A - _I,
        _a * _pt + _i * _po,
        "no cancellation near full overlap",
    ),
    Rule(
        "1 - IoU",
        _gap,
        ((_a * _pt + _i * _po) + (_b * (_th + _e) + _i * (_d + _e)) + _s) / _D,
        "no cancellation near full overlap",
    ),
    Rule(
        "hull minus union",
        _hull_area - (_pw * _ph + _tw * _th - _I),
        _a * _d + _b * _c + _gx * _ch + _gy * (_i + _a + _b),
        "only terms >= 0; 0 exactly where the hull is covered",
    ),
    Rule(
        "gap by an edge of pred inside target, x",
        _slope(_gap, {_i: -1, _b: 1}),
        _j * (_a * _pt + _B + _s) / _D / _D,
        "one sign; the quotient rule's terms cancel",
    ),
    Rule(
        "gap by an edge of pred inside target, y",
        _slope(_gap, {_j: -1, _d: 1, _r: 1 - _f}),
        _i * ((_po + (1 - _f) * _j) * _pw + _B + _s) / _D / _D,
        "one sign; the quotient rule's terms cancel",
    ),
    Rule(
        "gap by an edge of pred beyond target, x",
        _slope(_gap, {_a: 1}),
        _I / _D * (_pt / _D),
        "one term",
    ),
    Rule(
        "gap by an edge of pred beyond target, y",
        _slope(_gap, {_c: 1, _r: _f - 1}),
        _I / _D * (_f * _pw / _D),
        "one term",
    ),
    Rule(
        "gap by an inner edge where the union is floored",
        _slope(1 - _I / _q, {_i: -1}),
        _j * _q / _q / _q,
        "the union does not follow the edge",
    ),
    Rule(
        "hull term by an edge of pred inside target, x",
        _slope(_hull, {_i: -1, _b: 1}),
        _po / _DH,
        "one sign; the hull does not move",
        ({_gx: 0, _gy: 0},),
    ),
    Rule(
        "hull term by an edge of pred inside target, y",
        _slope(_hull, {_j: -1, _d: 1, _r: 1 - _f}),
        (_f * _a - (1 - _f) * _i) / _DH,
        "one term where the height follows its edge, one where it does not",
        ({_gx: 0, _gy: 0},),
    ),
    Rule(
        "hull term by an edge of pred beyond target, x",
        _slope(_hull, {_a: 1}),
        (_d + _gy - _e - _r) / _DH - _hull * (_ch / _DH),
        "two terms that are small where the hull is nearly covered, or eps outweighs it",
    ),
    Rule(
        "hull term by an edge of pred beyond target, y",
        _slope(_hull, {_c: 1, _r: _f - 1}),
        (_b + _gx + (1 - _f) * _pw) / _DH - _hull * (_cw / _DH),
        "two terms that are small where the hull is nearly covered, or eps outweighs it",
    ),
    Rule(
        "hull term by an edge of pred that faces a gap, x",
        _slope(_hull, {_a: -1, _gx: 1}),
        (_po + _j) / _DH,
        "one sign; nothing is covered on that side",
        ({_i: 0},),
    ),
    Rule(
        "hull term by an edge of pred that faces a gap, y",
        _slope(_hull, {_c: -1, _gy: 1, _r: 1 - _f}),
        _f * (_a + _i) / _DH,
        "one sign; nothing is covered on that side",
        ({_j: 0},),
    ),
    Rule(
        "difference of aspect angles",
        sp.atan2(_W, _H) - sp.atan2(_w, _h),
        sp.atan2(_W * _h - _w * _H, _H * _h + _W * _w),
        "one angle: relative accuracy where the ratios are close",
        method="constant",
        anchor={_W: _w, _H: _h},
    ),
    Rule(
        "aspect angle by width",
        sp.diff(sp.atan2(_w, _h), _w),
        _h / (_w * _w + _h * _h),
        "the derivative form whose denominator published code replaces by 1",
    ),
    Rule(
        "aspect angle by height",
        sp.diff(sp.atan2(_w, _h), _h),
        -_w / (_w * _w + _h * _h),
        "the derivative form whose denominator published code replaces by 1",
    ),
    Rule("1 - IoU^2", 1 - (1 - _g) ** 2, _g * (1 + (1 - _g)), "no cancellation near full overlap"),
    Rule("1 - IoU^2 by gap", sp.diff(1 - (1 - _g) ** 2, _g), 2 * (1 - _g), "one term"),
    Rule(
        "-ln IoU by an edge of pred inside target, x",
        _slope(-sp.log(_I / _D), {_i: -1, _b: 1}),
        (_a * _pt + _B + _s) / _D / _i,
        "no quotient by a small IoU, and no difference in its derivative",
    ),
    Rule(
        "-ln IoU by an edge of pred inside target, y",
        _slope(-sp.log(_I / _D), {_j: -1, _d: 1, _r: 1 - _f}),
        ((_po + (1 - _f) * _j) * _pw + _B + _s) / _D / _j,
        "no quotient by a small IoU, and no difference in its derivative",
    ),
    Rule(
        "-ln IoU by an edge of pred beyond target, x",
        _slope(-sp.log(_I / _D), {_a: 1}),
        _pt / _D,
        "one term",
    ),
    Rule(
        "-ln IoU by an edge of pred beyond target, y",
        _slope(-sp.log(_I / _D), {_c: 1, _r: _f - 1}),
        _f * _pw / _D,
        "one term",
    ),
    Rule(
        "union from the symmetric difference",
        _A + _B - _I,
        _I + ((_a * _pt + _i * _po) + (_b * (_th + _e) + _i * (_d + _e))),
        "only terms >= 0",
    ),
    Rule(
        "floored union by its slack",
        sp.Max(_U, _F) - Relu(_F - _U),
        _U,
        "1 - IoU of a floored union has one more term >= 0",
        _FLOORS,
    ),
    Rule(
        "hull minus union, with eps in the heights and one of them floored",
        _hull_area - (_A + _B - _I),
        (_a * _d + _b * _c + _gx * _ch + _gy * (_i + _a + _b)) - _e * (_pw + _tw) - _pw * _r,
        "what eps and the floor add to the areas is taken away once",
    ),
    Rule(
        "floored height by what the floor adds",
        sp.Max(_p2 - _p1, _F) - Relu((_F - (_p2 - _p1)) - TwoDiffError(_p2, _p1)),
        _p2 - _p1,
        "the parts of a floored height stay a sum of terms >= 0",
        _HEIGHTS,
    ),
    Rule(
        "floored height along its edges",
        kinks(sp.diff(sp.Max(_p2 - _p1, _F), _p2)),
        Step(-((_F - (_p2 - _p1)) - TwoDiffError(_p2, _p1)), HALF),
        "decided by the exact height",
        (*_HEIGHTS, {_p2: _p1 + _F}),
    ),
    Rule(
        "height of the hull beside a floored one",
        (_d + _gy - _e) - _r,
        _ch - _F - _e,
        "one difference, with what rounding loses of the hull's side",
        ({_F: _ph + _r},),
    ),
    Rule(
        "what an inner edge leaves of a floored height, along the edges of pred",
        _slope(_po + (1 - _f) * _j, {_c: _vp1, _j: _vp2, _r: (_f - 1) * (_vp1 + _vp2)}),
        _f * _slope(_c, {_c: _vp1, _j: _vp2}),
        "the part of the height outside, where the height follows; nothing, where it does not",
    ),
    Rule(
        "what an edge of pred uncovers in y, by the intersection's width",
        sp.diff(_f * (_a + (1 - _m) * _i) - (1 - _f) * _m * _i, _i),
        _f - _m,
        "one difference of weights",
    ),
    Rule(
        "hull term by an edge of pred beyond target where its denominator is floored",
        _slope((_hull_area - (_A + _B - _I)) / _q, {_a: 1}),
        (_d + _gy - _e - _r) / _q,
        "the denominator does not follow the edge",
    ),
    Rule(
        "1 - IoU, floored",
        1 - sp.Max(1 - _g, _x),
        sp.Min(_g, 1 - _x),
        "no difference where the floor is not reached",
        ({_x: 1 - _g - _q}, {_x: 1 - _g + _q}, {_x: 1 - _g}),
    ),
    Rule(
        "1 - IoU^2, floored",
        1 - sp.Max(1 - _g, _x) ** 2,
        sp.Min(_g, 1 - _x) * (1 + sp.Max(1 - _g, _x)),
        "no cancellation near full overlap",
        ({_x: 1 - _g - _q}, {_x: 1 - _g + _q}, {_x: 1 - _g}),
    ),
    Rule(
        "hull minus union, both floored",
        sp.Max(_C, _F) - sp.Max(_U, _F),
        (_C - _U) + Relu(_F - _C) - Relu(_F - _U),
        "the empty part stays a sum",
        _FLOORS,
    ),
    Rule(
        "hull term by an edge of pred beyond target where the union is floored",
        _slope((_hull_area - _q) / (_hull_area + _k), {_a: 1}),
        _ch / (_hull_area + _k) - (_hull_area - _q) / (_hull_area + _k) * (_ch / (_hull_area + _k)),
        "the union does not follow the edge",
    ),
    Rule(
        "IoU by gap",
        sp.diff(1 - _g, _g),
        -sp.S.One,
        "the derivative of IoU is that of gap, which does not cancel",
    ),
    Rule(
        "-ln IoU near 1",
        -sp.log(1 - _g),
        -log1p(-_g),
        "all digits of a small gap",
        ({_g: _q / (1 + _q)},),
        "constant",
        {_q: sp.S.Zero},
    ),
    Rule(
        "twice the distance of the centres",
        _p1 + _p2 - _t1 - _t2,
        (_p1 - _t1)
        + (_p2 - _t2)
        + (TwoDiffError(_p1, _t1) + TwoDiffError(_p2, _t2))
        + TwoSumError(_p1 - _t1, _p2 - _t2),
        "differences of edges, with what their rounding loses",
    ),
    Rule(
        "determinant of two boxes' sides, to first order",
        (_W + _eW) * (_h + _eh) - (_w + _ew) * (_H + _eH) - (_eW * _eh - _ew * _eH),
        (_W * _h - _w * _H)
        + (TwoDiffError(_W * _h, _w * _H) + (TwoProdError(_W, _h) - TwoProdError(_w, _H)))
        + ((_W * _eh + _eW * _h) - (_w * _eH + _ew * _H)),
        "sides with their rounding errors; the large products are subtracted exactly",
    ),
    Rule(
        "dot product of two boxes' sides, to first order",
        (_H + _eH) * (_h + _eh) + (_W + _eW) * (_w + _ew) - (_eH * _eh + _eW * _ew),
        (_h * _H + _w * _W)
        + (TwoSumError(_h * _H, _w * _W) + (TwoProdError(_h, _H) + TwoProdError(_w, _W)))
        + ((_W * _ew + _eW * _w) + (_H * _eh + _eH * _h)),
        "what is left out is of second order in the roundoff",
    ),
    Rule(
        "squared side with its rounding error, to first order",
        (_w + _ew) ** 2 - _ew**2,
        _w**2 + 2 * (_w * _ew),
        "what is left out is of second order in the roundoff",
    ),
    Rule(
        "the other arm of relu",
        Relu(-_x),
        Relu(_x) - _x,
        "one comparison an edge; one of the terms is 0, so nothing is rounded",
        ({_x: _q}, {_x: -_q}, {_x: sp.S.Zero}),
    ),
    Rule(
        "floor below 0",
        sp.Max(_U, _x) + Relu(_x - _U) + Step(_U - _x, HALF),
        _U + 1,
        "an area is never negative: such a floor costs nothing",
        ({_x: -_q},),
    ),
    Rule(
        "area of sides with rounding errors, to first order",
        (_w + _ew) * (_h + _eh) - _ew * _eh,
        _w * _h + (TwoProdError(_w, _h) + (_w * _eh + _ew * _h)),
        "what is left out is of second order in the roundoff",
    ),
)
