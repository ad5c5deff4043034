"""The aspect term of two boxes: the difference of their aspect angles, and its weight."""

from __future__ import annotations

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    AspectAngle,
    Gate,
    Quotient,
    Ratio,
    Step,
    Stop,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
)
from refloss.symbolic.vocabulary.boxes import ZERO, Boxes, raised, union_error, vanishes


@Vocabulary
def aspect_term(
    P: Build,
    a: Boxes,
    eps_ratio: sp.Expr,
    unit: sp.Expr,
    sign: sp.Expr,
    scale: sp.Expr,
    attach: sp.Expr,
) -> None:
    """Name ``v``: `scale` times the squared difference of the aspect angles.

    `unit` replaces w² + h² by 1 in the derivative, `sign` multiplies it. Where `unit` or `attach`
    is not 0 the angle's own error reaches the gradient undamped, and is corrected for.
    """
    ph = a.let("ph_ratio", a.ph_kept + eps_ratio)
    th = a.let("th_ratio", a.th_kept + eps_ratio)
    target, pred = AspectAngle(a.tw, th, unit, sign), AspectAngle(a.pw, ph, unit, sign)
    a.let("turn", target - pred, "difference of the aspect angles")
    a.let("v", scale * a.turn**2, "aspect term")


@aspect_term.when_stable
def _(
    P: Build,
    a: Boxes,
    eps_ratio: sp.Expr,
    unit: sp.Expr,
    sign: sp.Expr,
    scale: sp.Expr,
    attach: sp.Expr,
) -> None:
    for box in ("p", "t"):
        w, h = getattr(a, f"{box}w"), getattr(a, f"{box}h_kept")
        x1, x2 = getattr(a, f"{box}x1"), getattr(a, f"{box}x2")
        ratio = a.let(f"{box}h_ratio", raised(h, eps_ratio))
        a.let(f"{box}w_error", TwoDiffError(x2, x1))
        error = getattr(a, f"{box}h_kept_error")
        both = error + TwoSumError(h, eps_ratio)
        a.let(f"{box}h_error", sp.Piecewise((error, sp.Eq(eps_ratio, 0)), (both, True)))
        square = a.let(f"{box}_square", w * w + ratio * ratio)
        a.let(f"{box}h_safe", ratio + vanishes(square), "a point has angle 0")
    m1, m2 = a.let("across", a.tw * a.ph_safe), a.let("along", a.pw * a.th_safe)
    high = a.let("det_high", m1 - m2)
    products = a.let("det_products", TwoProdError(a.tw, a.ph_safe) - TwoProdError(a.pw, a.th_safe))
    wide = a.let("det_t", a.tw * a.ph_error + a.tw_error * a.ph_safe)
    tall = a.let("det_p", a.pw * a.th_error + a.pw_error * a.th_safe)
    low = a.let("det_low", TwoDiffError(m1, m2) + products + (wide - tall))
    det = a.let("det", high + low, "tw*ph - pw*th, to relative accuracy")
    high = a.let("dot_high", a.ph_safe * a.th_safe + a.pw * a.tw)
    fine = a.let("dot_fine", high + _dot_error(a))
    damped = a.let("dot_damped", sp.Piecewise((high, sp.Eq(attach, 0)), (fine, True)))
    a.let("dot", sp.Piecewise((damped, sp.Eq(unit, 0)), (fine, True)))
    a.let("turn", sp.atan2(det, a.dot), "difference of the aspect angles")
    slopes = {}
    for box, direction in (("t", sign), ("p", -sign)):
        w, h = getattr(a, f"{box}w"), getattr(a, f"{box}h_ratio")
        chosen = sp.Piecewise((getattr(a, f"{box}_square"), sp.Eq(unit, 0)), (1, True))
        norm = a.let(f"{box}_norm", chosen, "w^2 + h^2, or 1")
        wide = a.let(f"{box}_wide", Ratio(w, norm, ZERO))
        tall = a.let(f"{box}_tall", Ratio(h, norm, ZERO))
        slopes[w] = direction * tall
        slopes[getattr(a, f"{box}h_kept")] = -direction * wide
    a.partials("turn", slopes)
    a.let("v", scale * a.turn**2, "aspect term")


def _dot_error(a: Boxes) -> sp.Expr:
    """Return what is missing from ph·th + pw·tw, to first order in the roundoff."""
    tall, wide = a.let("tall_both", a.ph_safe * a.th_safe), a.let("wide_both", a.pw * a.tw)
    products = TwoProdError(a.ph_safe, a.th_safe) + TwoProdError(a.pw, a.tw)
    sides = (a.tw * a.pw_error + a.tw_error * a.pw) + (
        a.th_safe * a.ph_error + a.th_error * a.ph_safe
    )
    return a.let("dot_error", TwoSumError(tall, wide) + products + sides)


@Vocabulary
def aspect_weight(
    P: Build,
    a: Boxes,
    eps_alpha: sp.Expr,
    threshold: sp.Expr,
    at_threshold: sp.Expr,
    attach: sp.Expr,
    eps_union: sp.Expr,
    eps_height: sp.Expr,
) -> sp.Expr:
    """Name ``alpha`` and return it as the weight of ``v``: gated, 0 below a threshold on IoU."""
    a.let("alpha_den", a.gap + a.v + eps_alpha)
    a.let("alpha_raw", Ratio(a.v, a.alpha_den, ZERO))
    a.let("alpha_kept", Step(a.iou - threshold, at_threshold))
    a.let("alpha", a.alpha_kept * a.alpha_raw, "weight of the aspect term")
    return Gate(a.alpha, attach)


@aspect_weight.when_stable
def _(
    P: Build,
    a: Boxes,
    eps_alpha: sp.Expr,
    threshold: sp.Expr,
    at_threshold: sp.Expr,
    attach: sp.Expr,
    eps_union: sp.Expr,
    eps_height: sp.Expr,
) -> sp.Expr:
    den = a.let("alpha_den", raised(a.gap + a.v, eps_alpha))
    den = a.let("alpha_safe", den + vanishes(den))
    a.let("alpha_raw", Quotient(a.v, den))
    kept = Step(_margin(a, threshold, eps_union, eps_height), at_threshold)
    a.let("alpha_kept", sp.Piecewise((1, threshold < 0), (kept, True)), "IoU is never negative")
    a.let("alpha", a.alpha_kept * a.alpha_raw, "weight of the aspect term")
    return Gate(a.alpha, attach)


def _margin(a: Boxes, threshold: sp.Expr, eps_union: sp.Expr, eps_height: sp.Expr) -> sp.Expr:
    """Name how far the intersection is above its share of the union: a rounded IoU may be wrong.

    The sign is that of IoU − threshold to first order in the roundoff; a union of 0 counts as 1,
    for IoU is 0 there.
    """
    share = a.let("threshold_share", threshold * a.union_safe)
    high = a.let("margin_high", a.inter - share)
    union = union_error(a, eps_height) + TwoSumError(a.union_area, eps_union)
    missing = a.inter_error - threshold * union - TwoProdError(threshold, a.union_safe)
    low = a.let("margin_low", TwoDiffError(a.inter, share) + missing)
    return a.let("margin", high + Stop(low))
