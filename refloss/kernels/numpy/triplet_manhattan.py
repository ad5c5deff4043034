"""Triplet loss: value, gradient and Hessian-vector product in NumPy.

Generated from the definition by `refloss derive`; do not edit.

Definition
    loss = f(d_ap - d_an + margin),  f(x) = max(x, 0), or log(1 + exp(x))
    d_ap = |anchor - positive + eps|^2, or |anchor - positive + eps|, by the 2-norm or the 1-norm
    d_an likewise of anchor - negative, or the smaller one of that and d_pn, of positive - negative

Subgradients
    0 by a distance where two vectors coincide, and where the margin is just kept; half of
    either where the negative is as far from the positive as from the anchor, if they may be
    swapped.

Constants
    margin: by how much the negative is to be farther away (default 0.2)
    margin_lo: what margin lacks (default 0.0)
    eps_difference: added to every difference (default 0.0)
    eps_difference_lo: what eps_difference lacks (default 0.0)
    swap: 1: the negative's distance from the positive is taken where smaller (default 0.0)
    soft: 1: log(1 + exp(x)) in the place of max(x, 0) (default 0.0)

Source
    Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer,
    Leibe: In defense of the triplet loss, arXiv 1703.07737; Balntas, Riba, Ponsa,
    Mikolajczyk: Learning local feature descriptors with triplets, BMVC 2016.
"""

import numpy as np

CONSTANTS = ("margin", "margin_lo", "eps_difference", "eps_difference_lo", "swap", "soft",)


def two_sum_error(a, b):
    """Return (a + b) - fl(a + b), exactly (Knuth)."""
    s = a + b
    t = s - a
    return (a - (s - t)) + (b - t)


def two_diff_error(a, b):
    """Return (a - b) - fl(a - b), exactly (Knuth)."""
    d = a - b
    t = d - a
    return (a - (d - t)) - (b + t)


def value(anchor, positive, negative, margin, margin_lo, eps_difference, eps_difference_lo, swap, soft):
    """Return loss, one an item."""
    D = anchor.shape[1]
    ap_ahead = anchor - positive
    ap_near = ap_ahead + eps_difference
    ap_slip = two_diff_error(anchor, positive) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    ap_delta = ap_near + ap_slip  # differences
    an_ahead = anchor - negative
    an_near = an_ahead + eps_difference
    an_slip = two_diff_error(anchor, negative) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    an_delta = an_near + an_slip  # differences
    pn_ahead = positive - negative
    pn_near = pn_ahead + eps_difference
    pn_slip = two_diff_error(positive, negative) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    pn_delta = pn_near + pn_slip  # differences
    ap_side = 2.0*np.heaviside(ap_delta, 0.5) - 1.0  # 0 where both agree
    ap_lost = ap_side*two_sum_error(ap_near, ap_slip)  # that delta lacks
    ap_top = np.max(np.abs(ap_delta), axis=1)  # largest difference
    ap_tame = np.where(((ap_top > 0.0) & (ap_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: sums are exact
    ap_extent = np.abs(ap_delta)
    ap_spill = np.where((ap_tame[:, None] > 0.0), two_sum_error(2.0*D*ap_top[:, None], ap_extent), 0.0)
    ap_grain = ap_extent - ap_spill  # a multiple of one number
    ap_coarse = np.sum(ap_grain, axis=1)  # exact in any order
    ap_fine = np.sum(ap_lost + ap_spill, axis=1)  # of the sizes, what is left
    ap_length = ap_coarse + ap_fine
    ap_length_lo = np.where((ap_tame > 0.0), two_sum_error(ap_coarse, ap_fine), 0.0)
    an_side = 2.0*np.heaviside(an_delta, 0.5) - 1.0  # 0 where both agree
    an_lost = an_side*two_sum_error(an_near, an_slip)  # that delta lacks
    an_top = np.max(np.abs(an_delta), axis=1)  # largest difference
    an_tame = np.where(((an_top > 0.0) & (an_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: sums are exact
    an_extent = np.abs(an_delta)
    an_spill = np.where((an_tame[:, None] > 0.0), two_sum_error(2.0*D*an_top[:, None], an_extent), 0.0)
    an_grain = an_extent - an_spill  # a multiple of one number
    an_coarse = np.sum(an_grain, axis=1)  # exact in any order
    an_fine = np.sum(an_lost + an_spill, axis=1)  # of the sizes, what is left
    an_length = an_coarse + an_fine
    an_length_lo = np.where((an_tame > 0.0), two_sum_error(an_coarse, an_fine), 0.0)
    pn_side = 2.0*np.heaviside(pn_delta, 0.5) - 1.0  # 0 where both agree
    pn_lost = pn_side*two_sum_error(pn_near, pn_slip)  # that delta lacks
    pn_top = np.max(np.abs(pn_delta), axis=1)  # largest difference
    pn_tame = np.where(((pn_top > 0.0) & (pn_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: sums are exact
    pn_extent = np.abs(pn_delta)
    pn_spill = np.where((pn_tame[:, None] > 0.0), two_sum_error(2.0*D*pn_top[:, None], pn_extent), 0.0)
    pn_grain = pn_extent - pn_spill  # a multiple of one number
    pn_coarse = np.sum(pn_grain, axis=1)  # exact in any order
    pn_fine = np.sum(pn_lost + pn_spill, axis=1)  # of the sizes, what is left
    pn_length = pn_coarse + pn_fine
    pn_length_lo = np.where((pn_tame > 0.0), two_sum_error(pn_coarse, pn_fine), 0.0)
    sooner_hi = pn_length - an_length
    sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo
    sooner = sooner_hi + sooner_lo  # above 0: as given
    own = np.where((swap == 0.0), 1.0, np.heaviside(sooner, 0.5))  # share of the anchor's distance
    far_length = np.where((swap == 0.0), an_length, np.where((own > 0.0), an_length, pn_length))
    far_length_lo = np.where((swap == 0.0), an_length_lo, np.where((own > 0.0), an_length_lo, pn_length_lo))
    excess_ahead = ap_length - far_length
    excess_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo
    excess_hi = excess_ahead + margin
    excess_lo = two_sum_error(excess_ahead, margin) + excess_rest + margin_lo  # rounding errors
    excess = excess_hi + excess_lo  # above 0: the margin is missed
    excess_lost = two_sum_error(excess_hi, excess_lo)
    left = np.exp(-np.abs(excess))
    most = 1.0/(1.0 + left)  # at least 1/2
    rough_pull = np.where((excess >= 0.0), most, left*most)
    smooth = excess_lost*rough_pull + np.maximum(excess, 0.0) + np.log1p(left)  # log(1 + exp(excess))
    hinge = np.maximum(excess, 0.0)  # 0 where the margin is kept
    loss = np.where((soft == 0.0), hinge, smooth)
    return loss


def grad(anchor, positive, negative, loss_bar, margin, margin_lo, eps_difference, eps_difference_lo, swap, soft):
    """Return loss, then its derivative by every column times loss_bar."""
    D = anchor.shape[1]
    ap_ahead = anchor - positive
    ap_near = ap_ahead + eps_difference
    ap_slip = two_diff_error(anchor, positive) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    ap_delta = ap_near + ap_slip  # differences
    an_ahead = anchor - negative
    an_near = an_ahead + eps_difference
    an_slip = two_diff_error(anchor, negative) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    an_delta = an_near + an_slip  # differences
    pn_ahead = positive - negative
    pn_near = pn_ahead + eps_difference
    pn_slip = two_diff_error(positive, negative) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    pn_delta = pn_near + pn_slip  # differences
    ap_side = 2.0*np.heaviside(ap_delta, 0.5) - 1.0  # 0 where both agree
    ap_lost = ap_side*two_sum_error(ap_near, ap_slip)  # that delta lacks
    ap_top = np.max(np.abs(ap_delta), axis=1)  # largest difference
    ap_tame = np.where(((ap_top > 0.0) & (ap_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: sums are exact
    ap_extent = np.abs(ap_delta)
    ap_spill = np.where((ap_tame[:, None] > 0.0), two_sum_error(2.0*D*ap_top[:, None], ap_extent), 0.0)
    ap_grain = ap_extent - ap_spill  # a multiple of one number
    ap_coarse = np.sum(ap_grain, axis=1)  # exact in any order
    ap_fine = np.sum(ap_lost + ap_spill, axis=1)  # of the sizes, what is left
    ap_length = ap_coarse + ap_fine
    ap_length_lo = np.where((ap_tame > 0.0), two_sum_error(ap_coarse, ap_fine), 0.0)
    an_side = 2.0*np.heaviside(an_delta, 0.5) - 1.0  # 0 where both agree
    an_lost = an_side*two_sum_error(an_near, an_slip)  # that delta lacks
    an_top = np.max(np.abs(an_delta), axis=1)  # largest difference
    an_tame = np.where(((an_top > 0.0) & (an_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: sums are exact
    an_extent = np.abs(an_delta)
    an_spill = np.where((an_tame[:, None] > 0.0), two_sum_error(2.0*D*an_top[:, None], an_extent), 0.0)
    an_grain = an_extent - an_spill  # a multiple of one number
    an_coarse = np.sum(an_grain, axis=1)  # exact in any order
    an_fine = np.sum(an_lost + an_spill, axis=1)  # of the sizes, what is left
    an_length = an_coarse + an_fine
    an_length_lo = np.where((an_tame > 0.0), two_sum_error(an_coarse, an_fine), 0.0)
    pn_side = 2.0*np.heaviside(pn_delta, 0.5) - 1.0  # 0 where both agree
    pn_lost = pn_side*two_sum_error(pn_near, pn_slip)  # that delta lacks
    pn_top = np.max(np.abs(pn_delta), axis=1)  # largest difference
    pn_tame = np.where(((pn_top > 0.0) & (pn_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: sums are exact
    pn_extent = np.abs(pn_delta)
    pn_spill = np.where((pn_tame[:, None] > 0.0), two_sum_error(2.0*D*pn_top[:, None], pn_extent), 0.0)
    pn_grain = pn_extent - pn_spill  # a multiple of one number
    pn_coarse = np.sum(pn_grain, axis=1)  # exact in any order
    pn_fine = np.sum(pn_lost + pn_spill, axis=1)  # of the sizes, what is left
    pn_length = pn_coarse + pn_fine
    pn_length_lo = np.where((pn_tame > 0.0), two_sum_error(pn_coarse, pn_fine), 0.0)
    sooner_hi = pn_length - an_length
    sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo
    sooner = sooner_hi + sooner_lo  # above 0: as given
    own = np.where((swap == 0.0), 1.0, np.heaviside(sooner, 0.5))  # share of the anchor's distance
    far_length = np.where((swap == 0.0), an_length, np.where((own > 0.0), an_length, pn_length))
    far_length_lo = np.where((swap == 0.0), an_length_lo, np.where((own > 0.0), an_length_lo, pn_length_lo))
    excess_ahead = ap_length - far_length
    excess_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo
    excess_hi = excess_ahead + margin
    excess_lo = two_sum_error(excess_ahead, margin) + excess_rest + margin_lo  # rounding errors
    excess = excess_hi + excess_lo  # above 0: the margin is missed
    excess_lost = two_sum_error(excess_hi, excess_lo)
    left = np.exp(-np.abs(excess))
    most = 1.0/(1.0 + left)  # at least 1/2
    rough_pull = np.where((excess >= 0.0), most, left*most)
    rough_back = np.where((excess >= 0.0), left*most, most)
    smooth = excess_lost*rough_pull + np.maximum(excess, 0.0) + np.log1p(left)  # log(1 + exp(excess))
    bend = rough_back*rough_pull
    pull = bend*excess_lost + rough_pull  # its slope
    hinge = np.maximum(excess, 0.0)  # 0 where the margin is kept
    loss = np.where((soft == 0.0), hinge, smooth)
    hinge_bar = np.where((soft == 0.0), loss_bar, 0.0)
    smooth_bar = np.where((soft == 0.0), 0.0, loss_bar)
    excess_bar = hinge_bar*np.heaviside(excess, 0.0) + pull*smooth_bar
    far_distance_bar = -excess_bar
    pn_distance_bar = (1.0 - own)*far_distance_bar
    an_distance_bar = far_distance_bar*own
    pn_delta_bar = pn_distance_bar[:, None]*pn_side
    an_delta_bar = an_distance_bar[:, None]*an_side
    ap_delta_bar = excess_bar[:, None]*ap_side
    anchor_bar = an_delta_bar + ap_delta_bar
    positive_bar = pn_delta_bar - ap_delta_bar
    negative_bar = -an_delta_bar - pn_delta_bar
    return loss, anchor_bar, positive_bar, negative_bar


def hvp(anchor, positive, negative, loss_bar, anchor_dot, positive_dot, negative_dot, margin, margin_lo, eps_difference, eps_difference_lo, swap, soft):
    """Return the derivative of the gradient along the `_dot` columns."""
    D = anchor.shape[1]
    ap_ahead = anchor - positive
    ap_near = ap_ahead + eps_difference
    ap_slip = two_diff_error(anchor, positive) + two_sum_error(ap_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    ap_delta = ap_near + ap_slip  # differences
    an_ahead = anchor - negative
    an_near = an_ahead + eps_difference
    an_slip = two_diff_error(anchor, negative) + two_sum_error(an_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    an_delta = an_near + an_slip  # differences
    pn_ahead = positive - negative
    pn_near = pn_ahead + eps_difference
    pn_slip = two_diff_error(positive, negative) + two_sum_error(pn_ahead, eps_difference) + eps_difference_lo  # rounding errors of both
    pn_delta = pn_near + pn_slip  # differences
    ap_side = 2.0*np.heaviside(ap_delta, 0.5) - 1.0  # 0 where both agree
    ap_lost = ap_side*two_sum_error(ap_near, ap_slip)  # that delta lacks
    ap_top = np.max(np.abs(ap_delta), axis=1)  # largest difference
    ap_tame = np.where(((ap_top > 0.0) & (ap_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: sums are exact
    ap_extent = np.abs(ap_delta)
    ap_spill = np.where((ap_tame[:, None] > 0.0), two_sum_error(2.0*D*ap_top[:, None], ap_extent), 0.0)
    ap_grain = ap_extent - ap_spill  # a multiple of one number
    ap_coarse = np.sum(ap_grain, axis=1)  # exact in any order
    ap_fine = np.sum(ap_lost + ap_spill, axis=1)  # of the sizes, what is left
    ap_length = ap_coarse + ap_fine
    ap_length_lo = np.where((ap_tame > 0.0), two_sum_error(ap_coarse, ap_fine), 0.0)
    an_side = 2.0*np.heaviside(an_delta, 0.5) - 1.0  # 0 where both agree
    an_lost = an_side*two_sum_error(an_near, an_slip)  # that delta lacks
    an_top = np.max(np.abs(an_delta), axis=1)  # largest difference
    an_tame = np.where(((an_top > 0.0) & (an_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: sums are exact
    an_extent = np.abs(an_delta)
    an_spill = np.where((an_tame[:, None] > 0.0), two_sum_error(2.0*D*an_top[:, None], an_extent), 0.0)
    an_grain = an_extent - an_spill  # a multiple of one number
    an_coarse = np.sum(an_grain, axis=1)  # exact in any order
    an_fine = np.sum(an_lost + an_spill, axis=1)  # of the sizes, what is left
    an_length = an_coarse + an_fine
    an_length_lo = np.where((an_tame > 0.0), two_sum_error(an_coarse, an_fine), 0.0)
    pn_side = 2.0*np.heaviside(pn_delta, 0.5) - 1.0  # 0 where both agree
    pn_lost = pn_side*two_sum_error(pn_near, pn_slip)  # that delta lacks
    pn_top = np.max(np.abs(pn_delta), axis=1)  # largest difference
    pn_tame = np.where(((pn_top > 0.0) & (pn_top < 1.152921504606847e+18)), 1.0, 0.0)  # 1: sums are exact
    pn_extent = np.abs(pn_delta)
    pn_spill = np.where((pn_tame[:, None] > 0.0), two_sum_error(2.0*D*pn_top[:, None], pn_extent), 0.0)
    pn_grain = pn_extent - pn_spill  # a multiple of one number
    pn_coarse = np.sum(pn_grain, axis=1)  # exact in any order
    pn_fine = np.sum(pn_lost + pn_spill, axis=1)  # of the sizes, what is left
    pn_length = pn_coarse + pn_fine
    pn_length_lo = np.where((pn_tame > 0.0), two_sum_error(pn_coarse, pn_fine), 0.0)
    sooner_hi = pn_length - an_length
    sooner_lo = two_diff_error(pn_length, an_length) + pn_length_lo - an_length_lo
    sooner = sooner_hi + sooner_lo  # above 0: as given
    own = np.where((swap == 0.0), 1.0, np.heaviside(sooner, 0.5))  # share of the anchor's distance
    far_length = np.where((swap == 0.0), an_length, np.where((own > 0.0), an_length, pn_length))
    far_length_lo = np.where((swap == 0.0), an_length_lo, np.where((own > 0.0), an_length_lo, pn_length_lo))
    excess_ahead = ap_length - far_length
    excess_rest = two_diff_error(ap_length, far_length) + ap_length_lo - far_length_lo
    excess_hi = excess_ahead + margin
    excess_lo = two_sum_error(excess_ahead, margin) + excess_rest + margin_lo  # rounding errors
    excess = excess_hi + excess_lo  # above 0: the margin is missed
    excess_lost = two_sum_error(excess_hi, excess_lo)
    left = np.exp(-np.abs(excess))
    most = 1.0/(1.0 + left)  # at least 1/2
    rough_pull = np.where((excess >= 0.0), most, left*most)
    rough_back = np.where((excess >= 0.0), left*most, most)
    bend = rough_back*rough_pull
    pull = bend*excess_lost + rough_pull  # its slope
    back = rough_back - bend*excess_lost  # 1 less that
    smooth_bar = np.where((soft == 0.0), 0.0, loss_bar)
    ap_ahead_dot = anchor_dot - positive_dot
    ap_delta_dot = ap_ahead_dot
    an_ahead_dot = anchor_dot - negative_dot
    an_delta_dot = an_ahead_dot
    pn_ahead_dot = positive_dot - negative_dot
    pn_delta_dot = pn_ahead_dot
    ap_extent_dot = ap_delta_dot*ap_side
    ap_distance_dot0 = np.sum(ap_extent_dot, axis=1)
    an_extent_dot = an_delta_dot*an_side
    an_distance_dot0 = np.sum(an_extent_dot, axis=1)
    pn_extent_dot = pn_delta_dot*pn_side
    pn_distance_dot0 = np.sum(pn_extent_dot, axis=1)
    far_distance_dot = (1.0 - own)*pn_distance_dot0 + an_distance_dot0*own
    excess_dot = ap_distance_dot0 - far_distance_dot
    pull_dot = back*excess_dot*pull
    excess_bar_dot = pull_dot*smooth_bar
    far_distance_bar_dot = -excess_bar_dot
    pn_distance_bar_dot = (1.0 - own)*far_distance_bar_dot
    an_distance_bar_dot = far_distance_bar_dot*own
    pn_delta_bar_dot = pn_distance_bar_dot[:, None]*pn_side
    an_delta_bar_dot = an_distance_bar_dot[:, None]*an_side
    ap_delta_bar_dot = excess_bar_dot[:, None]*ap_side
    anchor_bar_dot = an_delta_bar_dot + ap_delta_bar_dot
    positive_bar_dot = pn_delta_bar_dot - ap_delta_bar_dot
    negative_bar_dot = -an_delta_bar_dot - pn_delta_bar_dot
    return anchor_bar_dot, positive_bar_dot, negative_bar_dot


def trace(anchor, positive, negative, loss_bar, margin, margin_lo, eps_difference, eps_difference_lo, swap, soft):
    """Return every quantity of the plain program and its adjoint, by name."""
    ap_delta = anchor - positive + eps_difference  # differences
    an_delta = anchor - negative + eps_difference  # differences
    pn_delta = positive - negative + eps_difference  # differences
    ap_side = 2.0*np.heaviside(ap_delta, 0.5) - 1.0  # 0 where both agree
    ap_distance = np.sum(np.abs(ap_delta), axis=1)
    an_side = 2.0*np.heaviside(an_delta, 0.5) - 1.0  # 0 where both agree
    an_distance = np.sum(np.abs(an_delta), axis=1)
    pn_side = 2.0*np.heaviside(pn_delta, 0.5) - 1.0  # 0 where both agree
    pn_distance = np.sum(np.abs(pn_delta), axis=1)
    far_distance = np.where((swap == 0.0), an_distance, np.minimum(an_distance, pn_distance))  # of the negative
    excess = ap_distance - far_distance + margin  # above 0: the margin is missed
    left = np.exp(-np.abs(excess))
    smooth = np.maximum(excess, 0.0) + np.log1p(left)  # log(1 + exp(excess))
    most = 1.0/(1.0 + left)  # at least 1/2
    pull = np.where((excess >= 0.0), most, left*most)  # its slope
    back = np.where((excess >= 0.0), left*most, most)  # 1 less that
    hinge = np.maximum(excess, 0.0)  # 0 where the margin is kept
    loss = np.where((soft == 0.0), hinge, smooth)
    hinge_bar = np.where((soft == 0.0), loss_bar, 0.0)
    smooth_bar = np.where((soft == 0.0), 0.0, loss_bar)
    excess_bar = hinge_bar*np.heaviside(excess, 0.0) + pull*smooth_bar
    far_distance_bar = -excess_bar
    pn_distance_bar = np.where((swap == 0.0), 0.0, far_distance_bar*np.heaviside(an_distance - pn_distance, 0.5))
    an_distance_bar = np.where((swap == 0.0), far_distance_bar, far_distance_bar*np.heaviside(pn_distance - an_distance, 0.5))
    ap_distance_bar = excess_bar
    pn_delta_bar = pn_distance_bar[:, None]*pn_side
    an_delta_bar = an_distance_bar[:, None]*an_side
    ap_delta_bar = ap_distance_bar[:, None]*ap_side
    anchor_bar = an_delta_bar + ap_delta_bar
    positive_bar = pn_delta_bar - ap_delta_bar
    negative_bar = -an_delta_bar - pn_delta_bar
    return {
        "ap_delta": ap_delta,
        "an_delta": an_delta,
        "pn_delta": pn_delta,
        "ap_side": ap_side,
        "ap_distance": ap_distance,
        "an_side": an_side,
        "an_distance": an_distance,
        "pn_side": pn_side,
        "pn_distance": pn_distance,
        "far_distance": far_distance,
        "excess": excess,
        "left": left,
        "smooth": smooth,
        "most": most,
        "pull": pull,
        "back": back,
        "hinge": hinge,
        "loss": loss,
        "hinge_bar": hinge_bar,
        "smooth_bar": smooth_bar,
        "excess_bar": excess_bar,
        "far_distance_bar": far_distance_bar,
        "pn_distance_bar": pn_distance_bar,
        "an_distance_bar": an_distance_bar,
        "ap_distance_bar": ap_distance_bar,
        "pn_delta_bar": pn_delta_bar,
        "an_delta_bar": an_delta_bar,
        "ap_delta_bar": ap_delta_bar,
        "anchor_bar": anchor_bar,
        "positive_bar": positive_bar,
        "negative_bar": negative_bar,
    }
