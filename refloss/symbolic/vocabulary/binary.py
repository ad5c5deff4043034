"""Losses of two classes: the target as two shares, and minus the logarithms of two probabilities.

Every loss here is r (-log(1 - p)) + P q (-log p), with q the target, smoothed, r = 1 - q, and P the
weight of the positive class. Both terms are >= 0. `RULES` proves the stable bodies and the
derivative forms equal to the plain ones.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import HALF, Ratio, Relu, Step, Stop, Weighted
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.elements import Elements

__all__ = ["RULES", "logarithms", "of_probabilities", "shares", "two_sided"]

_x, _y = sp.symbols("x", real=True), sp.symbols("y", positive=True)
_r, _q, _P = sp.symbols("r q P", nonnegative=True)
_t, _down, _up = sp.symbols("t lost raised", real=True)
_p, _u = sp.symbols("p u", positive=True)  # p = u/(1 + u) where it must be a probability
_a, _T = sp.symbols("added tail", nonnegative=True)
_e, _h = sp.exp(-sp.Abs(_x)), 1 / (1 + sp.exp(-sp.Abs(_x)))
_softplus = sp.log(1 + sp.exp(_x))
_sides = ({_x: _y}, {_x: -_y})
_tail = log1p(_e)
_moved = (1 - _t) * _up - _t * _down
_goal = _t + _moved
_k = sp.Symbol("kept", positive=True)
_numerator = (_p - _t) - _moved - (_P - 1) * _goal * (1 - _p) + _a * ((1 - _goal) - _P * _goal)
_mirrored = (_t - (1 - _k)) + _moved + (_P - 1) * _goal * _k + _a * (_P * _goal - (1 - _goal))
_rise = sp.Piecewise((_h, _x >= 0), (_e * _h, True))
_fall = sp.Piecewise((_e * _h, _x >= 0), (_h, True))
_loss = _r * _softplus + _P * _q * _softplus.subs(_x, -_x)

RULES = (
    Rule(
        "softplus",
        _softplus,
        sp.Max(_x, 0) + _tail,
        "two terms >= 0, no overflow, and all digits of a small exponential",
        _sides,
        "constant",
        {_y: 0},
    ),
    Rule(
        "binary cross-entropy by one softplus",
        _r * _x + (_r + _P * _q) * (sp.Max(-_x, 0) + _T),
        _r * (sp.Max(_x, 0) + _T) + _P * _q * (sp.Max(-_x, 0) + _T),
        "two terms >= 0: x and softplus(-x) may be large and close",
        _sides,
    ),
    Rule(
        "sigmoid from the exponential that does not overflow",
        sp.diff(_softplus, _x),
        _rise,
        "no 1 - p: sigmoid(-x) has a form of its own",
        _sides,
    ),
    Rule(
        "sigmoid of the other side",
        1 - sp.diff(_softplus, _x),
        _fall,
        "the exponential again, where 1 - p has no digits",
        _sides,
    ),
    Rule(
        "binary cross-entropy by its logit",
        sp.diff(_loss, _x),
        _r * _rise - _P * _q * _fall,
        "one term where the target is 0 or 1: no p - t, which has no digits where p nears 1",
        _sides,
    ),
    Rule(
        "derivative of the sigmoid",
        sp.diff(_softplus, _x, 2),
        _rise * _fall,
        "one product",
        _sides,
    ),
    Rule(
        "binary cross-entropy by its target",
        sp.diff((1 - _q) * (sp.Max(_x, 0) + _T) + _P * _q * (sp.Max(-_x, 0) + _T), _q),
        (_P - 1) * _T + sp.Piecewise((-_x, _x >= 0), (-_P * _x, True)),
        "without a weight -x itself: the softplus of both sides cancel near 0",
        _sides,
    ),
    Rule(
        "the share of class 0",
        1 - (_t * (1 - _down) + (1 - _t) * _up),
        _t * _down + (1 - _t) * (1 - _up),
        "terms >= 0: 1 - q has no digits where q nears 1",
    ),
    Rule(
        "-log(1 - p) from the distance of p to 1",
        -sp.log(1 - _u / (1 + _u) + _a),
        -log1p(_a - _u / (1 + _u)),
        "1 - p keeps the digits of a small p",
        ({},),
        "constant",
        {_u: 0, _a: 0},
    ),
    Rule(
        "difference of the two logarithms",
        sp.log(1 - _u / (1 + _u) + _a) - sp.log(_u / (1 + _u) + _a),
        log1p((1 - 2 * _u / (1 + _u)) / (_u / (1 + _u) + _a)),
        "the logarithms cancel near 1/2, where 1 - 2p is exact",
        ({},),
        "constant",
        {_u: 1, _a: 0},
    ),
    Rule(
        "binary cross-entropy by its probability",
        sp.diff(-_r * sp.log(1 - _p + _a) - _P * _q * sp.log(_p + _a), _p),
        _r / (1 + (_a - _p)) - _P * _q / (_p + _a),
        "two quotients, each of which is 0 where its share is",
    ),
    Rule(
        "both quotients at once, p up to 1/2",
        (1 - _goal) / (1 - _p + _a) - _P * _goal / (_p + _a),
        _numerator / (_p + _a) / (1 + (_a - _p)),
        "without smoothing and weights p - t, a difference of two inputs: all of its digits",
    ),
    Rule(
        "both quotients at once, p above 1/2",
        (1 - _goal) / (1 - _p + _a) - _P * _goal / (_p + _a),
        -_mirrored.subs(_k, 1 - _p) / (1 - _p + _a) / (1 + (_a - (1 - _p))),
        "the same, from the distance of p to 1, which is exact",
    ),
    Rule(
        "a share over a probability, by that",
        sp.diff(_q / (_p + _a), _p),
        -(_q / (_p + _a)) * (1 / (_p + _a)),
        "divided twice: the square may leave the range where the quotient is 0",
    ),
)


def shares(a: Elements, lost: sp.Expr, raised: sp.Expr) -> None:
    """Name ``goal`` and ``rest``, the target and 1 less it, smoothed, and how far that moves it.

    Parameters
    ----------
    a : Elements
        With ``target``.
    lost, raised : sympy.Expr
        What a target of 1 loses, and one of 0 gains.
    """
    a.let("goal_moved", (1 - a.target) * raised - a.target * lost, "by smoothing")
    a.let("goal", a.target * (1 - lost) + (1 - a.target) * raised, "asked of class 1")
    a.let("rest", a.target * lost + (1 - a.target) * (1 - raised), "asked of class 0")


@Vocabulary
def logarithms(P: Build, a: Elements) -> None:
    """Name ``hit``, minus the logarithm of the sigmoid of ``logits``; stable: its parts too."""
    top = a.let("top", Stop(sp.Max(a.logits, 0)))
    mass = a.let("mass", sp.exp(-top) + sp.exp(a.logits - top), "1 + e^x over e^top")
    a.let("hit", (top - a.logits) + sp.log(mass), "softplus(-x)")


@logarithms.when_stable
def _(P: Build, a: Elements) -> None:
    left = a.let("left", sp.exp(-sp.Abs(a.logits)), "at most 1")
    tail = a.let("tail", log1p(left), "of softplus, on both sides")
    a.let("missed", Relu(a.logits) + tail, "softplus(x)")
    a.let("hit", Relu(-a.logits) + tail, "softplus(-x)")
    share = a.let("share", 1 / (1 + left), "at least 1/2")
    a.let("rise", sp.Piecewise((share, a.logits >= 0), (left * share, True)), "sigmoid(x)")
    a.let("fall", sp.Piecewise((left * share, a.logits >= 0), (share, True)), "sigmoid(-x)")
    a.partials("rise", {a.logits: a.rise * a.fall})
    a.partials("fall", {a.logits: -a.rise * a.fall})
    a.partials("missed", {a.logits: a.rise})
    a.partials("hit", {a.logits: -a.fall})


@Vocabulary
def two_sided(P: Build, a: Elements, moved: sp.Expr) -> None:
    """Name ``bce``: ``rest`` times softplus(x) and ``pos_weight`` times ``goal`` times ``hit``.

    softplus(x) is x more than ``hit``: the textbooks have one softplus and a product with x.

    Parameters
    ----------
    P, a
        The program and its quantities.
    moved : sympy.Expr
        By how much the shares of targets 1 and 0 have come closer.
    """
    a.let("bce", a.rest * a.logits + (a.rest + a.pos_weight * a.goal) * a.hit)


@two_sided.when_stable
def _(P: Build, a: Elements, moved: sp.Expr) -> None:
    wanted = a.let("wanted", a.pos_weight * a.goal)
    a.let("bce", Weighted(a.rest, a.missed) + Weighted(wanted, a.hit))
    far = sp.Piecewise((-a.logits, a.logits >= 0), (-a.pos_weight * a.logits, True))
    a.let("lean", far + (a.pos_weight - 1) * a.tail, "pos_weight hit - missed")
    a.partials("lean", {a.logits: -(a.rise + a.pos_weight * a.fall)})
    by_logits = a.rest * a.rise - wanted * a.fall
    a.partials("bce", {a.logits: by_logits, a.target: (1 - moved) * a.lean})


@Vocabulary
def of_probabilities(
    P: Build, a: Elements, clip: sp.Expr, added: sp.Expr, most: sp.Expr, moved: sp.Expr
) -> None:
    """Name ``bce`` of ``probs``: ``rest`` times -log(1 - p), ``pos_weight`` ``goal`` times -log p.

    Parameters
    ----------
    P, a
        The program and its quantities.
    clip : sympy.Expr
        Probabilities are kept from it to 1 less it.
    added : sympy.Expr
        Added to both probabilities before their logarithms.
    most : sympy.Expr
        No minus logarithm is larger.
    moved : sympy.Expr
        By how much the shares of targets 1 and 0 have come closer.
    """
    floor = _floor(a, clip)
    kept = a.let("kept", sp.Min(sp.Max(a.probs, floor), 1 - floor))
    for name, probability in (("missed", 1 - kept + added), ("hit", kept + added)):
        full = a.let(f"{name}_all", -sp.log(probability))
        a.let(name, sp.Piecewise((most, full > most), (full, True)))
    a.let("bce", Weighted(a.rest, a.missed) + Weighted(a.pos_weight * a.goal, a.hit))


@of_probabilities.when_stable
def _(P: Build, a: Elements, clip: sp.Expr, added: sp.Expr, most: sp.Expr, moved: sp.Expr) -> None:
    floor, low = _floor(a, clip), a.probs <= HALF
    near = a.let("near", sp.Piecewise((a.probs, low), (1 - a.probs, True)), "to the nearer end")
    kept = a.let("kept", sp.Max(near, floor), "at most 1/2")
    steep = a.let("steep", -sp.log(kept + added), "of the nearer end")
    flat = a.let("flat", -log1p(added - kept), "of the farther end")
    wanted = a.let("wanted", a.pos_weight * a.goal)
    sides = {"near": (wanted, a.rest, steep), "far": (a.rest, wanted, flat)}
    for name, (below, above, full) in sides.items():
        a.let(f"{name}_share", sp.Piecewise((below, low), (above, True)))
        a.let(f"{name}_log", sp.Piecewise((most, full > most), (full, True)))
    a.let("bce", Weighted(a.near_share, a.near_log) + Weighted(a.far_share, a.far_log))
    inside = a.let("inside", Step(near - floor, HALF), "whether the clip lets pass")
    toward = a.let("toward", sp.Piecewise((inside, low), (-inside, True)), "of kept, by p")
    sharp = a.let("sharp", Ratio(1, kept + added, 0))
    blunt = a.let("blunt", 1 / (1 + (added - kept)))
    passed = (sp.Piecewise((0, full > most), (toward, True)) for full in (steep, flat))
    near_felt, far_felt = (a.let(f"{n}_felt", x) for n, x in zip(sides, passed, strict=True))
    a.let("near_pull", near_felt * Ratio(a.near_share, kept + added, 0))
    a.let("far_pull", far_felt * a.far_share * blunt)
    both = toward * Ratio(_excess(a, low, added), kept + added, a.far_share) * blunt
    apart = a.far_pull - a.near_pull
    either = sp.Piecewise((a.far_pull, steep > most), (apart, _uneven(a)), (both, True))
    slope = a.let("slope", either, "by p")
    by_shares = {a.near_share: -near_felt * sharp, a.far_share: far_felt * blunt}
    bend = near_felt * a.near_pull * sharp + far_felt * a.far_pull * blunt
    a.partials("slope", {**by_shares, a.probs: bend})
    near_heavy = near_felt * sp.Piecewise((a.pos_weight, low), (1, True)) * sharp
    far_heavy = far_felt * sp.Piecewise((1, low), (a.pos_weight, True)) * blunt
    a.let("lean", _lean(a, low, added, most), "by goal less by rest")
    down = sp.Piecewise((-1, low), (1, True))
    a.partials("lean", {a.probs: down * (near_heavy + far_heavy)})
    a.partials("bce", {a.probs: slope, a.target: (1 - moved) * a.lean})


def _excess(a: Elements, low: sp.Expr, added: sp.Expr) -> sp.Indexed:
    """Name ``excess``: the numerator of the slope by the distance to the nearer end."""
    a.let("held", sp.Piecewise((a.kept, low), (1 - a.kept, True)), "p, clipped")
    apart = sp.Piecewise((a.held - a.target, low), (a.target - a.held, True))
    heavy = (a.pos_weight - 1) * a.goal * sp.Piecewise((1 - a.kept, low), (a.kept, True))
    more = sp.Piecewise((-a.goal_moved - heavy, low), (a.goal_moved + heavy, True))
    return a.let("excess", apart + more + added * (a.far_share - a.near_share))


def _lean(a: Elements, low: sp.Expr, added: sp.Expr, most: sp.Expr) -> sp.Expr:
    """Return ``pos_weight`` times -log p less -log(1 - p)."""
    odds = a.let("odds", log1p((1 - 2 * a.kept) / (a.kept + added)), "log of both ends' ratio")
    between = sp.Piecewise(
        (a.near_log - a.far_log, a.steep > most),
        (odds, a.kept > sp.Rational(1, 4)),
        (a.steep - a.flat, True),
    )
    a.let("between", between, "-log of the nearer end less that of the farther")
    hit = a.let("hit", sp.Piecewise((a.near_log, low), (a.far_log, True)), "-log p")
    missed = a.let("missed", sp.Piecewise((a.far_log, low), (a.near_log, True)), "-log(1 - p)")
    even = sp.Piecewise((a.between, low), (-a.between, True)) + (a.pos_weight - 1) * hit
    return sp.Piecewise((Weighted(a.pos_weight, hit) - missed, _uneven(a)), (even, True))


def _uneven(a: Elements) -> sp.Expr:
    """Whether ``pos_weight`` is not from 1/2 to 2: what is written for 1 would cancel."""
    return sp.Abs(a.pos_weight - sp.Rational(5, 4)) > sp.Rational(3, 4)


def _floor(a: Elements, clip: sp.Expr) -> sp.Indexed:
    """Name what probabilities are kept above; out of reach where nothing is clipped."""
    return a.let("least", sp.Piecewise((-1, sp.Eq(clip, 0)), (clip, True)))
